"""Proving the token, learning what it may do and what the number is worth, and having its news sent to us.

`checked` may run as often as one likes: each time it sets right what Meta has undone meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from heed.channels.base import AccountRecord, Checked, Permission, Refusal
from heed.channels.meta import subscribed, webhook
from heed.channels.meta.graph import rows
from heed.channels.meta.shapes import record
from heed.channels.meta.token import Token, let_pass, named, told
from heed.channels.whatsapp import business, calls, reading
from heed.lib.http import Steps

WHOLE = "subscribed_apps"
"""What an app gets of a business: all its news or none."""
CERTAIN = ("messages", "smb_message_echoes", "user_id_update")
"""What the webhook is asked to be told of in any case."""
SUBSCRIBED = (*CERTAIN, "user_preferences", "standby", *business.FIELDS)
"""What it is asked for too, where Meta knows it: one unknown name refuses them all."""
PERMISSIONS = (
    Permission("whatsapp_business_messaging", _("To read and answer messages.")),
    Permission(
        "whatsapp_business_management", _("To have Meta send the number's news to Heed, and for templates.")
    ),
)
_UNKNOWN_NAME = "100"
_OF_THE_NUMBER = "id,verified_name,display_phone_number,quality_rating,throughput"


def checked(account: AccountRecord) -> Steps[Checked]:
    """Raises `Refusal`; for a missing permission it names which."""
    number_id = account.credentials.get("phone_number_id", "")
    token = Token()
    try:
        path = quote(number_id, safe="")
        number, quotas = yield from calls.measured(account, path, fields=_OF_THE_NUMBER)
        if account.external_id not in ("", number_id):
            said = f"This account is the number {account.external_id}."
            raise Refusal("not_configured", detail=said, field="external_id")
        app_id = yield from _app_id(account)
        token = yield from _token(account, app_id)
        yield from _point_webhook_here(account, app_id)
        before = yield from _subscribe(account, app_id)
    except Refusal as refusal:
        if refusal.reason in ("gone", "bad_request"):  # an id that is not one, or not this token's
            raise Refusal(
                "not_configured", code=refusal.code, detail=refusal.detail, field="phone_number_id"
            ) from refusal
        raise named(refusal, token.missing(PERMISSIONS)) from refusal
    return Checked(
        str(number.get("id") or number_id),
        str(number.get("verified_name", "")),
        str(number.get("display_phone_number", "")),
        missing=token.missing(PERMISSIONS),
        expires_at=token.expires_at,
        quotas=quotas,
        facts={**_worth(number), subscribed.KEPT: [WHOLE] if before or account.hook_url else []},
        lost=subscribed.lost(account, [WHOLE] if before else []),
    )


def _subscribe(account: AccountRecord, app_id: str) -> Steps[bool]:
    """Have Meta send the business's news to the app, unless we merely look. Gives back whether it did."""
    path = f"{quote(account.credentials.get('business_account_id', ''), safe='')}/subscribed_apps"
    apps = rows((yield from calls.get(account, path)))
    ids = [str(record(app.get("whatsapp_business_api_data")).get("id", "")) for app in apps]
    if app_id in ids:
        return True
    if account.hook_url:
        yield from calls.post(account, path, {})
    return not app_id and bool(ids)


def _worth(number: dict[str, Any]) -> dict[str, Any]:
    """How well customers take the number's messages, and how fast it may send."""
    facts = {
        "quality": number.get("quality_rating"),
        "throughput": record(number.get("throughput")).get("level"),
    }
    return {name: str(given) for name, given in facts.items() if given}


def _app_id(account: AccountRecord) -> Steps[str]:
    """The app the token is of; empty where Meta does not say."""
    try:
        app = yield from calls.get(account, "app", fields="id")
    except Refusal as refusal:
        let_pass(refusal)
        return ""
    return str(app.get("id") or "")


def _token(account: AccountRecord, app_id: str) -> Steps[Token]:
    if not app_id:
        return Token()
    try:
        asked = {"input_token": account.credentials.get("access_token", "")}
        answer = yield from calls.get(_as_app(account, app_id), "debug_token", **asked)
    except Refusal as refusal:
        let_pass(refusal)
        return Token()
    return told(answer)


def _point_webhook_here(account: AccountRecord, app_id: str) -> Steps[None]:
    """Have the app deliver to us. Where Meta does not let us, the address is pasted by hand."""
    if not app_id or not account.hook_url:
        return
    wanted = {
        "object": reading.OBJECT,
        "callback_url": account.hook_url,
        "verify_token": account.credentials.get("verify_token", ""),
        "include_values": True,
    }
    app, path = _as_app(account, app_id), f"{app_id}/subscriptions"
    for fields in (SUBSCRIBED, CERTAIN):
        try:
            listed = (yield from calls.get(app, path)) if account.siblings else {}
            if subscribed.reaches_us(listed, reading.OBJECT, account):
                return
            yield from calls.post(app, path, {**wanted, "fields": ",".join(fields)})
        except Refusal as refusal:
            let_pass(refusal)
            if refusal.code != _UNKNOWN_NAME:
                return
        else:
            return


def _as_app(account: AccountRecord, app_id: str) -> AccountRecord:
    token = f"{app_id}|{webhook.secrets(account)[0]}"
    return replace(account, credentials={**account.credentials, "access_token": token})

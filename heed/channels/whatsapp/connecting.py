"""Proving the token, learning what it may do and what the number is worth, and having its news sent to us.

`checked` may run as often as one likes: each time it sets right what Meta has undone meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from heed.channels.base import AccountRecord, Checked, Permission, Refusal
from heed.channels.whatsapp import graph, reading
from heed.lib import clock
from heed.lib.http import Steps

SUBSCRIBED = ("messages", "smb_message_echoes", "user_id_update")
PERMISSIONS = (
    Permission("whatsapp_business_messaging", _("To read and answer messages.")),
    Permission(
        "whatsapp_business_management", _("To have Meta send the number's news to Heed, and for templates.")
    ),
)
_OF_THE_NUMBER = "id,verified_name,display_phone_number,quality_rating,throughput"


@dataclass(frozen=True, slots=True)
class Token:
    """What Meta says of a token. `scopes` is None where it does not say."""

    scopes: frozenset[str] | None = None
    expires_at: datetime | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        if self.scopes is None:
            return ()
        return tuple(each.name for each in PERMISSIONS if each.name not in self.scopes)


def checked(account: AccountRecord) -> Steps[Checked]:
    """Raises `Refusal`; for a missing permission it names which."""
    number_id = account.credentials.get("phone_number_id", "")
    token = Token()
    try:
        number = yield from graph.get(account, quote(number_id, safe=""), fields=_OF_THE_NUMBER)
        if account.external_id not in ("", number_id):
            raise Refusal("not_configured", detail=f"This account is the number {account.external_id}.")
        app_id = yield from _app_id(account)
        token = yield from _token(account, app_id)
        yield from _point_webhook_here(account, app_id)
        business = quote(account.credentials.get("business_account_id", ""), safe="")
        yield from graph.post(account, f"{business}/subscribed_apps", {})
    except Refusal as refusal:
        if refusal.reason in ("gone", "bad_request"):  # an id that is not one, or not this token's
            raise Refusal("not_configured", code=refusal.code, detail=refusal.detail) from refusal
        if refusal.reason == "not_allowed" and token.missing:
            detail = f"Not granted: {', '.join(token.missing)}. {refusal.detail}"
            raise Refusal("not_allowed", code=refusal.code, detail=detail) from refusal
        raise
    return Checked(
        str(number.get("id") or number_id),
        str(number.get("verified_name", "")),
        str(number.get("display_phone_number", "")),
        missing=token.missing,
        expires_at=token.expires_at,
        facts=_worth(number),
    )


def _worth(number: dict[str, Any]) -> dict[str, Any]:
    """How well customers take the number's messages, and how fast it may send."""
    throughput = number.get("throughput")
    level = throughput.get("level") if isinstance(throughput, dict) else None
    facts = {"quality": number.get("quality_rating"), "throughput": level}
    return {name: str(given) for name, given in facts.items() if given}


def _app_id(account: AccountRecord) -> Steps[str]:
    """The app the token is of; empty where Meta does not say."""
    try:
        app = yield from graph.get(account, "app", fields="id")
    except Refusal as refusal:
        _let_pass(refusal)
        return ""
    return str(app.get("id") or "")


def _token(account: AccountRecord, app_id: str) -> Steps[Token]:
    if not app_id:
        return Token()
    try:
        asked = {"input_token": account.credentials.get("access_token", "")}
        answer = yield from graph.get(_as_app(account, app_id), "debug_token", **asked)
    except Refusal as refusal:
        _let_pass(refusal)
        return Token()
    given = answer.get("data")
    data = given if isinstance(given, dict) else {}
    scopes, ends = data.get("scopes"), data.get("expires_at")
    return Token(
        frozenset(map(str, scopes)) if isinstance(scopes, list) else None,
        clock.from_unix(ends) if isinstance(ends, int) and ends > 0 else None,
    )


def _point_webhook_here(account: AccountRecord, app_id: str) -> Steps[None]:
    """Have the app deliver to us. Where Meta does not let us, the address is pasted by hand."""
    if not app_id or not account.hook_url:
        return
    wanted = {
        "object": reading.OBJECT,
        "callback_url": account.hook_url,
        "verify_token": account.credentials.get("verify_token", ""),
        "fields": ",".join(SUBSCRIBED),
        "include_values": True,
    }
    try:
        yield from graph.post(_as_app(account, app_id), f"{app_id}/subscriptions", wanted)
    except Refusal as refusal:
        _let_pass(refusal)


def _as_app(account: AccountRecord, app_id: str) -> AccountRecord:
    token = f"{app_id}|{graph.secrets(account)[0]}"
    return replace(account, credentials={**account.credentials, "access_token": token})


def _let_pass(refusal: Refusal) -> None:
    """What Meta does not let every app do is no reason to stop; a dead token or a busy network is."""
    if refusal.retry or refusal.reason == "sign_in_again":
        raise refusal

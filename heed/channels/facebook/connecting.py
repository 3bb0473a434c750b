"""Proving the token, learning what it may do, and having the Page's news sent to us.

`checked` may run as often as one likes: each time it sets right what Meta has undone meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from heed.channels.base import AccountRecord, Checked, Permission, Refusal, is_yes
from heed.channels.facebook import calls
from heed.channels.meta import subscribed, webhook
from heed.channels.meta.token import Token, let_pass, named, told
from heed.lib.http import Steps

SUBSCRIBED = (
    "feed",
    "mention",
    "ratings",
    "messages",
    "message_echoes",
    "message_edits",
    "message_deliveries",
    "message_reads",
    "message_reactions",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_handovers",
    "messaging_policy_enforcement",
    "standby",
)
PERMISSIONS = (
    Permission("pages_show_list", _("To find the Page among those you manage.")),
    Permission("pages_manage_metadata", _("To have Meta send the Page's news to Heed.")),
    Permission("pages_read_engagement", _("To read the Page's posts.")),
    Permission("pages_read_user_content", _("To read comments, reviews and visitors' posts.")),
    Permission("pages_manage_engagement", _("To answer, like, hide and delete comments.")),
    Permission("pages_messaging", _("To read and answer Messenger, and to answer comments privately.")),
)
HUMAN_AGENT = "human_agent"
"""Meta's feature for answering within seven days; in `facts` whether the app has it."""
APP = "app_id"
"""In `facts`: our own app, to tell its messages from those of other programs."""


def checked(account: AccountRecord) -> Steps[Checked]:
    """Raises `Refusal`; for a missing permission it names which."""
    page, quotas = yield from calls.measured(account, "me", fields="id,name")
    page_id, name = str(page.get("id", "")), str(page.get("name", ""))
    if not page_id or (account.external_id and page_id != account.external_id):
        said = f"The token belongs to {name} ({page_id}), not to this Page."
        raise Refusal("not_configured", detail=said, field="page_token")
    app_id = yield from _app_id(account)
    token = yield from _token(account, app_id)
    yield from _point_webhook_here(account, app_id)
    missing = token.missing(PERMISSIONS)
    try:
        before, after = yield from _subscribe(account, f"{page_id}/subscribed_apps", app_id)
    except Refusal as refusal:
        raise named(refusal, missing) from refusal
    facts = {
        APP: app_id,
        HUMAN_AGENT: _is_human_agent(account, token),
        subscribed.KEPT: sorted(after),
    }
    lost = subscribed.lost(account, before)
    return Checked(
        page_id,
        name,
        missing=missing,
        expires_at=token.expires_at,
        quotas=quotas,
        facts=facts,
        lost=lost,
    )


def _subscribe(
    account: AccountRecord, path: str, app_id: str
) -> Steps[tuple[frozenset[str], frozenset[str]]]:
    """Have Meta send us all of the Page's news. Gives back what it sent before and what it sends now."""
    before = subscribed.fields_of((yield from calls.get(account, path)), app_id)
    if before >= set(SUBSCRIBED) or not account.hook_url:
        return before, before
    wanted = (*SUBSCRIBED, *sorted(before - set(SUBSCRIBED)))
    yield from calls.post(account, path, {"subscribed_fields": ",".join(wanted)})
    return before, subscribed.fields_of((yield from calls.get(account, path)), app_id)


def _app_id(account: AccountRecord) -> Steps[str]:
    """The app the token is of; empty where Meta does not say."""
    try:
        app = yield from calls.get(account, "app", fields="id")
    except Refusal as refusal:
        let_pass(refusal)
        return account.credentials.get(APP, "")
    return str(app.get("id", ""))


def _token(account: AccountRecord, app_id: str) -> Steps[Token]:
    if not app_id:
        return Token()
    try:
        asked = {"input_token": account.credentials.get("page_token", "")}
        answer = yield from calls.get(_as_app(account, app_id), "debug_token", **asked)
    except Refusal as refusal:
        let_pass(refusal)
        return Token()
    return told(answer)


def _is_human_agent(account: AccountRecord, token: Token) -> bool:
    """Whether Meta lets us answer late: it lists the feature with the permissions, or the admin says so."""
    return is_yes(account.credentials.get(HUMAN_AGENT, "")) or HUMAN_AGENT in (token.scopes or ())


def _point_webhook_here(account: AccountRecord, app_id: str) -> Steps[None]:
    """Have the app deliver to us. Where Meta does not let us, the address is pasted by hand."""
    if not app_id or not account.hook_url:
        return
    wanted: Mapping[str, Any] = {
        "object": "page",
        "callback_url": account.hook_url,
        "verify_token": account.credentials.get("verify_token", ""),
        "fields": ",".join(SUBSCRIBED),
        "include_values": True,
    }
    app, path = _as_app(account, app_id), f"{app_id}/subscriptions"
    try:
        if account.siblings and subscribed.reaches_us((yield from calls.get(app, path)), "page", account):
            return
        yield from calls.post(app, path, wanted)
    except Refusal as refusal:
        let_pass(refusal)


def _as_app(account: AccountRecord, app_id: str) -> AccountRecord:
    token = f"{app_id}|{webhook.secrets(account)[0]}"
    return replace(account, credentials={**account.credentials, "page_token": token})

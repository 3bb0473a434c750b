"""Proving the credentials, and having the network's news sent to us."""

from __future__ import annotations

from typing import Any

from heed.channels.base import AccountRecord, Checked, Refusal
from heed.channels.instagram import graph
from heed.lib.http import Steps

CERTAIN = (
    "comments",
    "messages",
    "message_reactions",
    "messaging_seen",
    "messaging_postbacks",
    "message_edit",
    "live_comments",
)
"""What an account is subscribed to in any case."""
ALSO = ("message_echoes", "messaging_referral")
"""What is asked for too, where the network knows it: its pages disagree on these names."""
OF_THE_APP = (*CERTAIN, "mentions", "messaging_referral", "standby")
"""The fields of an app with Facebook Login."""
NEEDED = frozenset({"comments", "messages"})
OF_THE_PAGE = frozenset({"feed", "messages"})
"""A Page that is subscribed to these passes on the news of its Instagram account."""


def checked(account: AccountRecord) -> Steps[Checked]:
    """Who the token belongs to. Raises `Refusal`."""
    if graph.by_facebook(account):
        return (yield from _through_the_page(account))
    return (yield from _by_itself(account))


# ------------------------------------------------------------------------- Instagram Login


def _by_itself(account: AccountRecord) -> Steps[Checked]:
    me = _first((yield from graph.get(account, "me", fields="id,user_id,username,name,profile_picture_url")))
    ids = [str(me[key]) for key in ("user_id", "id") if me.get(key)]
    _demand_the_same(account, ids, str(me.get("username", "")))
    yield from _point_webhook_here(account, (*CERTAIN, *ALSO))
    yield from _subscribe(account, f"{ids[0]}/subscribed_apps")
    return _as_checked(ids[0], me)


def _first(record: dict[str, Any]) -> dict[str, Any]:
    """The record itself, or the first of a list it is wrapped in."""
    rows = _rows(record)
    return rows[0] if rows else record


def _subscribe(account: AccountRecord, path: str) -> Steps[None]:
    try:
        yield from graph.post(account, path, subscribed_fields=",".join((*CERTAIN, *ALSO)))
    except Refusal as refusal:
        if refusal.reason != "bad_request":
            raise
        yield from graph.post(account, path, subscribed_fields=",".join(CERTAIN))
    rows = _rows((yield from graph.get(account, path)))
    fields = {str(name) for row in rows for name in row.get("subscribed_fields") or ()}
    if fields and not fields >= NEEDED:
        raise Refusal("not_configured", detail="Instagram did not subscribe to comments and messages.")


# -------------------------------------------------------------------------- Facebook Login


def _through_the_page(account: AccountRecord) -> Steps[Checked]:
    page = yield from graph.get(
        account, graph.sender(account), fields="id,name,instagram_business_account{id,username,name}"
    )
    own = page.get("instagram_business_account")
    if not isinstance(own, dict) or not own.get("id"):
        raise Refusal("not_configured", detail="No Instagram account is linked to this Page.")
    _demand_the_same(account, [str(own["id"])], str(own.get("username", "")))
    yield from _point_webhook_here(account, OF_THE_APP)
    yield from _subscribe_page(account, f"{page.get('id') or graph.sender(account)}/subscribed_apps")
    return _as_checked(str(own["id"]), own)


def _subscribe_page(account: AccountRecord, path: str) -> Steps[None]:
    """Add to what the Page is subscribed to: setting the list would end what others rely on."""
    rows = _rows((yield from graph.get(account, path)))
    app_id = account.credentials.get("app_id", "")
    mine = [row for row in rows if str(row.get("id", "")) == app_id] or (rows if len(rows) == 1 else [])
    before = {str(name) for row in mine for name in row.get("subscribed_fields") or ()}
    if not before >= OF_THE_PAGE:
        yield from graph.post(account, path, subscribed_fields=",".join(sorted(before | OF_THE_PAGE)))


# ----------------------------------------------------------------------------------- both


def _demand_the_same(account: AccountRecord, ids: list[str], username: str) -> None:
    if not ids or (account.external_id and account.external_id not in ids):
        who = f"@{username} ({', '.join(ids)})"
        raise Refusal("not_configured", detail=f"The token belongs to {who}, not to this account.")


def _point_webhook_here(account: AccountRecord, fields: tuple[str, ...]) -> Steps[None]:
    """Have the app deliver to us. Where Meta does not let us, the address is pasted by hand."""
    app_id = account.credentials.get("app_id", "")
    if not app_id or not account.hook_url:
        return
    for secret in graph.secrets(account):
        try:
            yield from graph.as_app(
                account,
                f"{app_id}/subscriptions",
                f"{app_id}|{secret}",
                object="instagram",
                callback_url=account.hook_url,
                verify_token=account.credentials.get("verify_token", ""),
                fields=",".join(fields),
                include_values="true",
            )
        except Refusal as refusal:
            if refusal.retry:
                raise
        else:
            return


def _as_checked(external_id: str, record: dict[str, Any]) -> Checked:
    username = str(record.get("username") or "")
    return Checked(external_id, str(record.get("name") or username), username)


def _rows(record: dict[str, Any]) -> list[dict[str, Any]]:
    rows = record.get("data")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

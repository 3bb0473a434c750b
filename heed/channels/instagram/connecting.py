"""Proving the credentials, and having the network's news sent to us."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from heed.channels.base import AccountRecord, Checked, Permission, Refusal, is_yes
from heed.channels.instagram import calls
from heed.channels.instagram.writing import HUMAN_AGENT
from heed.channels.meta import subscribed, webhook
from heed.channels.meta.graph import rows
from heed.channels.meta.token import Token, named, told
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


BY_INSTAGRAM_LOGIN = (
    Permission("instagram_business_basic", _("Instagram Login: to know the account and its posts.")),
    Permission(
        "instagram_business_manage_comments",
        _("Instagram Login: to read, answer, hide and delete comments."),
    ),
    Permission("instagram_business_manage_messages", _("Instagram Login: to read and answer messages.")),
)
_TRIES = {
    "instagram_business_manage_comments": ("media", {"fields": "id,comments.limit(1){id}", "limit": "1"}),
    "instagram_business_manage_messages": ("conversations", {"platform": "instagram", "limit": "1"}),
}
BY_FACEBOOK_LOGIN = (
    Permission("instagram_basic", _("Facebook Login: to know the account and its posts.")),
    Permission("instagram_manage_comments", _("Facebook Login: to read, answer, hide and delete comments.")),
    Permission("instagram_manage_messages", _("Facebook Login: to read and answer messages.")),
    Permission("pages_show_list", _("Facebook Login: to find the Page of the account.")),
    Permission("pages_read_engagement", _("Facebook Login: to read posts.")),
    Permission("pages_manage_metadata", _("Facebook Login: to have Meta send the news to Heed.")),
    Permission("pages_messaging", _("Facebook Login: to answer comments privately.")),
)


def checked(account: AccountRecord) -> Steps[Checked]:
    """Who the token belongs to. Raises `Refusal`."""
    if calls.by_facebook(account):
        return (yield from _through_the_page(account))
    return (yield from _by_itself(account))


# ------------------------------------------------------------------------- Instagram Login


def _by_itself(account: AccountRecord) -> Steps[Checked]:
    fields = "id,user_id,username,name,profile_picture_url"
    answer, quotas = yield from calls.measured(account, "me", fields=fields)
    me = _first(answer)
    ids = [str(me[key]) for key in ("user_id", "id") if me.get(key)]
    _demand_the_same(account, ids, str(me.get("username", "")))
    yield from _point_webhook_here(account, (*CERTAIN, *ALSO))
    missing = yield from _missing(account)
    path = f"{ids[0]}/subscribed_apps"
    try:
        before = yield from _fields(account, path)
        is_enough = before >= {*CERTAIN, *ALSO} or not account.hook_url
        after = before if is_enough else (yield from _subscribe(account, path))
    except Refusal as refusal:
        raise named(refusal, missing) from refusal
    facts = {HUMAN_AGENT: _is_human_agent(account, Token()), subscribed.KEPT: sorted(after)}
    found = replace(_as_checked(ids[0], me), expires_at=calls.expires_at(account), facts=facts)
    return replace(found, missing=missing, quotas=quotas, lost=subscribed.lost(account, before))


def _missing(account: AccountRecord) -> Steps[tuple[str, ...]]:
    """The permissions that were not granted. Nobody lists those of a token of Instagram's, so what each is
    for is tried."""
    missing: list[str] = []
    for name, (path, asked) in _TRIES.items():
        try:
            yield from calls.get(account, f"me/{path}", **asked)
        except Refusal as refusal:
            if refusal.retry or refusal.reason == "sign_in_again":
                raise
            if refusal.reason == "not_allowed":
                missing.append(name)
    return tuple(missing)


def _first(record: dict[str, Any]) -> dict[str, Any]:
    """The record itself, or the first of a list it is wrapped in."""
    found = rows(record)
    return found[0] if found else record


def _fields(account: AccountRecord, path: str) -> Steps[frozenset[str]]:
    """What Instagram sends us now; the token knows of our app alone."""
    return subscribed.fields_of((yield from calls.get(account, path)), "")


def _subscribe(account: AccountRecord, path: str) -> Steps[frozenset[str]]:
    """Ask for all there is, and see what came of it."""
    try:
        yield from calls.post(account, path, subscribed_fields=",".join((*CERTAIN, *ALSO)))
    except Refusal as refusal:
        if refusal.reason != "bad_request":
            raise
        yield from calls.post(account, path, subscribed_fields=",".join(CERTAIN))
    fields = yield from _fields(account, path)
    if fields and not fields >= NEEDED:
        raise Refusal("not_configured", detail="Instagram did not subscribe to comments and messages.")
    return fields


# -------------------------------------------------------------------------- Facebook Login


def _through_the_page(account: AccountRecord) -> Steps[Checked]:
    page, quotas = yield from calls.measured(
        account, calls.sender(account), fields="id,name,instagram_business_account{id,username,name}"
    )
    own = page.get("instagram_business_account")
    if not isinstance(own, dict) or not own.get("id"):
        said = "No Instagram account is linked to this Page."
        raise Refusal("not_configured", detail=said, field="page_id")
    _demand_the_same(account, [str(own["id"])], str(own.get("username", "")))
    token = yield from _token(account)
    missing = token.missing(BY_FACEBOOK_LOGIN)
    yield from _point_webhook_here(account, OF_THE_APP)
    try:
        path = f"{page.get('id') or calls.sender(account)}/subscribed_apps"
        before, after = yield from _subscribe_page(account, path)
    except Refusal as refusal:
        raise named(refusal, missing) from refusal
    facts = {HUMAN_AGENT: _is_human_agent(account, token), subscribed.KEPT: sorted(OF_THE_PAGE & after)}
    found = replace(_as_checked(str(own["id"]), own), missing=missing, expires_at=token.expires_at)
    return replace(found, quotas=quotas, facts=facts, lost=subscribed.lost(account, before))


def _token(account: AccountRecord) -> Steps[Token]:
    """What the token may do. Meta says it to the app alone, so the app's ID is needed."""
    app_id = account.credentials.get("app_id", "")
    for secret in webhook.secrets(account) if app_id else ():
        try:
            return told((yield from calls.about_token(account, f"{app_id}|{secret}")))
        except Refusal as refusal:
            if refusal.retry:
                raise
    return Token()


def _subscribe_page(account: AccountRecord, path: str) -> Steps[tuple[frozenset[str], frozenset[str]]]:
    """Add to what the Page is subscribed to: setting the list would end what others rely on. Gives back
    what it was subscribed to before and what it is now."""
    listed = yield from calls.get(account, path)
    app_id = account.credentials.get("app_id", "")
    before = subscribed.fields_of(listed, app_id) or subscribed.fields_of(listed, "")
    if before >= OF_THE_PAGE or not account.hook_url:
        return before, before
    yield from calls.post(account, path, subscribed_fields=",".join(sorted(before | OF_THE_PAGE)))
    return before, before | OF_THE_PAGE


# ----------------------------------------------------------------------------------- both


def _is_human_agent(account: AccountRecord, token: Token) -> bool:
    """Whether Meta lets us answer late: it lists the feature with the permissions, or the admin says so."""
    return is_yes(account.credentials.get(HUMAN_AGENT, "")) or HUMAN_AGENT in (token.scopes or ())


def _demand_the_same(account: AccountRecord, ids: list[str], username: str) -> None:
    if not ids or (account.external_id and account.external_id not in ids):
        who = f"@{username} ({', '.join(ids)})"
        said = f"The token belongs to {who}, not to this account."
        raise Refusal("not_configured", detail=said, field="access_token")


def _point_webhook_here(account: AccountRecord, fields: tuple[str, ...]) -> Steps[None]:
    """Have the app deliver to us. Where Meta does not let us, the address is pasted by hand."""
    app_id = account.credentials.get("app_id", "")
    if not app_id or not account.hook_url:
        return
    for secret in webhook.secrets(account):
        path, token = f"{app_id}/subscriptions", f"{app_id}|{secret}"
        try:
            listed = (yield from calls.read_as_app(account, path, token)) if account.siblings else {}
            if subscribed.reaches_us(listed, "instagram", account):
                return
            yield from calls.as_app(
                account,
                path,
                token,
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

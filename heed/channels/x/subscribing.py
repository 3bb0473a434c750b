"""Connecting: who the account is, the webhook kept valid, the events subscribed. Run every few hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from django.utils.translation import gettext_noop

from heed.channels.base import AccountRecord, Checked, Quota, Refusal
from heed.channels.x import calls, signin
from heed.lib import clock
from heed.lib.http import Steps

REVOKED = "oauth.revoke"
"""Of the whole app: X may name no account it is about, and tells nothing that could be missed."""

PUBLIC = ("post.create", "post.delete", REVOKED)
"""What the account does where everybody sees it: the app itself may ask to be told."""

PRIVATE = (
    "post.mention.create",
    "post.reply.create",
    "post.quote.create",
    "like.create",
    "dm.received",
    "dm.sent",
    "dm.read",
    "chat.received",
)
"""What others do to the account, and what they write in private: only the account may ask."""

NEEDED = frozenset({"post.mention.create", "post.reply.create", "post.quote.create"})
"""Without these the webhook does not tell what customers write: we ask for it instead."""

_BREAKS = ("sign_in_again", "account_blocked")
_PAGES = 20


def check(account: AccountRecord) -> Steps[Checked]:
    """Prove the sign-in, and point the app's webhook and the account's subscriptions at us.

    An app that may have no webhook, or a Heed that X cannot reach, still works: it is polled then.
    """
    me = yield from _me(account)
    user_id = str(me["id"])
    if account.external_id not in ("", user_id):
        said = f"This sign-in is of another account, @{me.get('username')}."
        raise Refusal("not_configured", detail=said, field="external_id")
    bearer = yield from calls.app_bearer(account)
    webhook, problem, stood = yield from _webhook(account, bearer)
    heard, before = frozenset[str](), frozenset[str]()
    if webhook:
        heard, before = yield from _subscribed(account, bearer, user_id, webhook)
    granted = account.session.get("scope", "").split()
    missing = [each for each in signin.scopes(account) if granted and each not in granted]
    may_message = "dm.write" not in missing
    kept_from_us = webhook and not calls.is_oauth1(account) and "dm.received" not in heard
    if kept_from_us and "dm.read" not in missing:
        missing.append("dm.read")
    facts = {
        "level": signin.level(account),
        "webhooks": heard >= NEEDED,
        "hears": sorted(heard),
        "webhook_problem": problem,
        "messages": may_message,
    }
    quotas = yield from _quotas(account, bearer)
    return Checked(
        external_id=user_id,
        name=str(me.get("name") or ""),
        handle=str(me.get("username") or ""),
        missing=tuple(missing),
        quotas=quotas,
        facts=facts,
        lost=_lost(account, before if stood else frozenset()),
    )


def _lost(account: AccountRecord, before: frozenset[str]) -> tuple[str, ...]:
    """The kinds of events that came to a webhook at the last check and came to none before this one."""
    if account.facts.get("webhooks") is not True or not account.hook_url:
        return ()
    return tuple(sorted(set(account.facts.get("hears") or ()) - before - {REVOKED}))


def _me(account: AccountRecord) -> Steps[dict[str, Any]]:
    answer = yield from calls.call(account, "GET", "/2/users/me", params={"user.fields": "name,username"})
    me = calls.data(answer)
    if not me.get("id"):
        raise Refusal("network_down", retry=True, detail="X did not say whose sign-in this is")
    return me


# -------------------------------------------------------------------------------- the webhook


def _webhook(account: AccountRecord, bearer: str) -> Steps[tuple[str, str, bool]]:
    """The id of a valid webhook that leads here, or none and what X has against it; and whether it was
    there and valid all along."""
    if not account.hook_url:
        return "", "NoAddress", False
    try:
        listed = calls.rows((yield from calls.call(account, "GET", "/2/webhooks", bearer=bearer)))
        ours = next((each for each in listed if each.get("url") == account.hook_url), None)
        if ours is None:
            ours = yield from _made_webhook(account, bearer, listed)
        webhook = str(ours.get("id") or "")
        if ours.get("valid") is not True and webhook:
            path = f"/2/webhooks/{quote(webhook)}"
            proven = yield from calls.call(account, "PUT", path, bearer=bearer)
            if calls.data(proven).get("valid") is not True:
                return "", "CrcValidationFailed", False
    except Refusal as refusal:
        if refusal.retry or refusal.reason in _BREAKS:
            raise
        return "", f"{refusal.code} {refusal.detail}".strip()[:200], False
    return webhook, "", ours in listed and ours.get("valid") is True


def _made_webhook(account: AccountRecord, bearer: str, listed: list[dict[str, Any]]) -> Steps[dict[str, Any]]:
    """A new webhook; where the app may have no more, that of another account here: the news of all
    accounts of an app finds its way from any of their addresses. An address here at which nobody listens
    any more makes room."""
    try:
        return (yield from _add(account, bearer))
    except Refusal as refusal:
        if "WebhookLimitExceeded" not in f"{refusal.code} {refusal.detail}":
            raise
        sibling = next((each for each in listed if each.get("url") in account.siblings), None)
        dead = next((each for each in listed if _is_of_this_heed(account, each)), None)
        if sibling is None and dead is None:
            raise
    if sibling is not None:
        return sibling
    assert dead is not None
    path = f"/2/webhooks/{quote(str(dead.get('id') or ''), safe='')}"
    yield from calls.call(account, "DELETE", path, bearer=bearer)
    return (yield from _add(account, bearer))


def _add(account: AccountRecord, bearer: str) -> Steps[dict[str, Any]]:
    body = {"url": account.hook_url}
    return calls.data((yield from calls.call(account, "POST", "/2/webhooks", body=body, bearer=bearer)))


def _is_of_this_heed(account: AccountRecord, webhook: Mapping[str, Any]) -> bool:
    here, there = urlsplit(account.hook_url), urlsplit(str(webhook.get("url") or ""))
    folder = here.path.rpartition("/")[0]
    return (there.scheme, there.netloc, there.path.rpartition("/")[0]) == (here.scheme, here.netloc, folder)


# -------------------------------------------------------------------------- the subscriptions


def _subscribed(
    account: AccountRecord, bearer: str, user_id: str, webhook: str
) -> Steps[tuple[frozenset[str], frozenset[str]]]:
    """Subscribe to what is missing; gives back the kinds of events that come to this webhook, and those
    that did before. Where X does not say which webhook one leads to, it counts as this one and is pointed
    here again, at each check: its list is all one can ask, and what was set last time may have been changed
    since by another holder of the app's keys."""
    rows = yield from _subscriptions(account, bearer)
    known = {str(each.get("event_type")): each for each in rows if _is_of(each, user_id)}
    before = frozenset(kind for kind, each in known.items() if each.get("webhook_id") in (None, "", webhook))
    heard: set[str] = set()
    for kind in (*PUBLIC, *PRIVATE):
        try:
            yield from _subscribe(account, bearer, kind, user_id, webhook, known.get(kind))
        except Refusal as refusal:
            if refusal.retry or refusal.reason in _BREAKS:
                raise
        else:
            heard.add(kind)
    return frozenset(heard), before


def _subscriptions(account: AccountRecord, bearer: str) -> Steps[list[dict[str, Any]]]:
    """Those of all accounts of the app, page by page."""
    found: list[dict[str, Any]] = []
    asked: dict[str, str] = {}
    for _ in range(_PAGES):
        path = "/2/activity/subscriptions"
        page = yield from calls.call(account, "GET", path, params=asked, bearer=bearer)
        found += calls.rows(page)
        meta = page.get("meta")
        token = str(meta.get("next_token") or "") if isinstance(meta, dict) else ""
        if not token:
            break
        asked = {"pagination_token": token}
    return found


def _subscribe(
    account: AccountRecord,
    bearer: str,
    kind: str,
    user_id: str,
    webhook: str,
    known: Mapping[str, Any] | None,
) -> Steps[None]:
    """Private events are given only to whoever signs in as the user."""
    if known is None:
        wanted = {"event_type": kind, "filter": {"user_id": user_id}, "tag": "heed", "webhook_id": webhook}
        token = "" if kind in PRIVATE else bearer
        yield from calls.call(account, "POST", "/2/activity/subscriptions", body=wanted, bearer=token)
    elif str(known.get("webhook_id") or "") != webhook:
        path = f"/2/activity/subscriptions/{quote(str(known.get('subscription_id') or ''), safe='')}"
        yield from calls.call(account, "PUT", path, body={"webhook_id": webhook}, bearer=bearer)


def _is_of(subscription: Mapping[str, Any], user_id: str) -> bool:
    narrowed = subscription.get("filter")
    whose = str(narrowed.get("user_id") or "") if isinstance(narrowed, dict) else ""
    return whose == user_id or (not whose and subscription.get("event_type") == REVOKED)


# --------------------------------------------------------------------------------- the quotas


def _quotas(account: AccountRecord, bearer: str) -> Steps[tuple[Quota, ...]]:
    """What the project may still read this month; nothing where X does not say."""
    try:
        used = calls.data((yield from calls.call(account, "GET", "/2/usage/tweets", bearer=bearer)))
    except Refusal as refusal:
        if refusal.reason in _BREAKS:
            raise
        return ()
    cap, usage = _number(used.get("project_cap")), _number(used.get("project_usage"))
    if cap is None or usage is None:
        return ()
    return (
        Quota(
            gettext_noop("posts read a month"),
            max(0, cap - usage),
            cap,
            _reset(_number(used.get("cap_reset_day"))),
        ),
    )


def _reset(day: int | None) -> datetime | None:
    """The start of the next such day of a month."""
    if day is None or not 1 <= day <= 28:
        return None
    moment = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while moment.day != day:
        moment += timedelta(days=1)
    return moment


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).isdigit() else None

"""Asking for news: notifications, what we wrote elsewhere, and chat."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import orjson

from heed.channels.base import AccountRecord, Collected, Refusal
from heed.channels.bluesky import marks, tid, xrpc
from heed.channels.bluesky.records import split
from heed.lib import clock
from heed.lib.http import Steps, TooLarge, Unreachable

_WORDS = ["mention", "reply", "quote"]
REASONS = [*_WORDS, "like", "repost"]
BACKLOG = timedelta(hours=24)
"""How far the very first poll looks back."""

OVERLAP = timedelta(minutes=10)
"""Notifications are listed by the time their author claims, so a late one appears beneath newer
ones: each poll reads this much, and at least a whole page, again."""

SETTLED = timedelta(seconds=60)
"""Our own posts are taken for written elsewhere only when older: by then an answer of Heed's own
knows its address."""

_WATCHED = 100
"""So many of the newest mentions and replies are watched: one no longer listed may have been removed."""

_PAGES = 10
_PAGE = 100
_CHECKED_AT_ONCE = 20
_LOOK_REST = timedelta(minutes=1)
_REMEMBERED = 1000
_CHAT_REST = timedelta(hours=1)
BREAKS = ("sign_in_again", "account_blocked")
"""Reasons for which nothing at all works."""

T = TypeVar("T")


def collect(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    """The news after `cursor`. Only notifications may fail the poll; the rest waits for the next. Where the
    network asks for patience, nothing further is asked."""
    state = dict(cursor)
    bodies, walk = yield from _notifications(account, state)
    if walk is None:
        return Collected(bodies=tuple(bodies), cursor=state, more=True)
    more = False
    for part in (_own_posts, _own_marks, _chat):
        try:
            found, more = yield from part(account, state)
            bodies += found
        except (Unreachable, TooLarge):
            continue
        except Refusal as refusal:
            if refusal.reason in BREAKS:
                raise
            if refusal.reason == "slow_down":
                _look_later(state, refusal.after)
                break
    bodies += yield from _removed(account, state, walk)
    return Collected(bodies=tuple(bodies), cursor=state, more=more)


# -------------------------------------------------------------------------------- notifications


@dataclass
class _Walk:
    """A way back through the list, newest first, possibly over several polls."""

    until: str
    """Pages are read down to this time."""
    newest: str = ""
    page: str = ""
    listed: int = 0
    cut: str = ""
    """In a flood: the time down to which the next poll can know all it sees again."""
    keys: list[str] = field(default_factory=list)
    written: list[Any] = field(default_factory=list)
    """The newest mentions and replies listed: time, address, and whether it stands on its own."""
    down_to: str = ""
    """The list was read down to this time; an empty text when it was read to its end."""


def _notifications(account: AccountRecord, state: dict[str, Any]) -> Steps[tuple[list[bytes], _Walk | None]]:
    """The news among them, and the way back through the list; None where it goes on in the next poll."""
    first = "floor" not in state
    if first:
        state["floor"] = _iso(clock.now() - BACKLOG)
    walk = _Walk(**state["walk"]) if state.get("walk") else _Walk(until=state.get("until", state["floor"]))
    seen = set(state.get("seen", ())) | set(walk.keys)
    bodies: list[bytes] = []
    ended = False
    for _ in range(_PAGES):
        params: dict[str, str | list[str]] = {"limit": str(_PAGE), "reasons": REASONS, "priority": "false"}
        if walk.page:
            params["cursor"] = walk.page
        page = yield from xrpc.query(
            account, "app.bsky.notification.listNotifications", params, needs=("notifications",)
        )
        listed = _listed(page["notifications"])
        fresh = [each for each in listed if each.key not in seen]
        walk.keys += [each.key for each in fresh]
        seen.update(walk.keys)
        walk.listed += len(listed)
        if listed and not walk.cut and walk.listed >= _REMEMBERED // 2:
            walk.cut = listed[-1].at
        walk.newest = max([walk.newest, *(each.at for each in listed)])
        walk.written = [*walk.written, *_written(listed)][:_WATCHED]
        opened = first and _has_been_opened(page)
        news = [each.item for each in fresh if _is_news(each, state["floor"], unread_only=opened)]
        if news:
            bodies.append(_body("notifications", notifications=news[::-1]))
        walk.page = str(page.get("cursor") or "")
        walk.down_to = listed[-1].at if listed and walk.page else ""
        ended = not walk.page or any(each.at < walk.until for each in listed)
        if ended:
            break
    if not ended:
        state["walk"] = asdict(walk)
        return bodies, None
    state.pop("walk", None)
    overlap = _iso(clock.from_iso(walk.newest) - OVERLAP) if walk.newest else ""
    state["until"] = max(walk.until, walk.cut, overlap)
    state["seen"] = [*walk.keys, *state.get("seen", ())][:_REMEMBERED]
    return bodies, walk


def _removed(account: AccountRecord, state: dict[str, Any], walk: _Walk) -> Steps[list[bytes]]:
    """What is there no more, of what is watched: address, and whether it stood on its own.

    The network does not tell of removals, but drops what it had told of a removed post. It also
    drops what somebody muted: so each post that is missed is asked for itself.
    """
    down_to = walk.written[-1][0] if len(walk.written) == _WATCHED else walk.down_to
    listed = {uri for _, uri, _ in walk.written}
    watched = [each for each in state.get("watched", ()) if each[1] not in listed]
    missed = [each for each in watched if each[0] > down_to][:_CHECKED_AT_ONCE]
    if _iso(clock.now()) < state.get("look_from", ""):
        missed = []
    gone, untold = yield from _looked_for(account, state, missed)
    left = [each for each in watched if each not in missed or each in untold]
    state["watched"] = sorted([*walk.written, *left], key=lambda each: each[0], reverse=True)[:_WATCHED]
    return [_body("removed", at=_iso(clock.now()), posts=gone)] if gone else []


def _looked_for(
    account: AccountRecord, state: dict[str, Any], missed: list[list[Any]]
) -> Steps[tuple[list[Any], list[Any]]]:
    """Of these posts, what is there no more, and what the network could not tell just now. A post it will
    not tell of at all counts as there. Where it asks for patience or is away, the others wait as well."""
    gone: list[Any] = []
    untold: list[Any] = []
    for at, each in enumerate(missed):
        _, uri, alone = each
        try:
            if not (yield from _is_there(account, uri)):
                gone.append([uri, alone])
        except TooLarge:
            untold.append(each)
        except Unreachable:
            _look_later(state)
            return gone, untold + missed[at:]
        except Refusal as refusal:
            if refusal.reason in BREAKS:
                raise
            if refusal.reason == "slow_down":
                _look_later(state, refusal.after)
                return gone, untold + missed[at:]
            if refusal.retry:
                untold.append(each)
    if untold:
        _look_later(state)
    return gone, untold


def _look_later(state: dict[str, Any], after: float | None = None) -> None:
    rest = max(_LOOK_REST, timedelta(seconds=after or 0))
    state["look_from"] = _iso(clock.now() + rest)


def _is_there(account: AccountRecord, uri: str) -> Steps[bool]:
    return (yield from xrpc.record(account, *split(uri))) is not None


@dataclass(frozen=True, slots=True)
class _Listed:
    key: str
    at: str
    item: Any


def _listed(items: Any) -> list[_Listed]:
    """The items with a short key and their time; one without a time comes through as news."""
    found: list[_Listed] = []
    for item in items if isinstance(items, list) else []:
        known = item if isinstance(item, dict) else {}
        key = hashlib.sha256(f"{known.get('reason')} {known.get('uri')}".encode()).hexdigest()[:12]
        found.append(_Listed(key, _comparable(known.get("indexedAt")), item))
    return found


def _written(listed: Iterable[_Listed]) -> list[list[Any]]:
    """What people wrote, of a page of the list: time, address, and whether it stands on its own."""
    found: list[list[Any]] = []
    for each in listed:
        item = each.item if isinstance(each.item, dict) else {}
        record, uri = item.get("record"), str(item.get("uri"))
        if item.get("reason") in _WORDS and "/app.bsky.feed.post/" in uri and isinstance(record, dict):
            found.append([each.at, uri, not record.get("reply")])
    return found


def _is_news(listed: _Listed, floor: str, *, unread_only: bool) -> bool:
    """What came since we look; of the backlog, what nobody has opened yet."""
    read_elsewhere = unread_only and isinstance(listed.item, dict) and listed.item.get("isRead") is True
    return listed.at >= floor and not read_elsewhere


def _has_been_opened(page: Mapping[str, Any]) -> bool:
    """Whether somebody ever opened the notifications. Where nobody did, the server takes the newest
    one's time for the time of opening, and calls all others read."""
    newest = page["notifications"][0] if page["notifications"] else {}
    return page.get("seenAt") not in (None, newest.get("indexedAt") if isinstance(newest, dict) else None)


def _comparable(value: Any) -> str:
    """A time in one form, so that texts compare as times do. What is no time counts as now."""
    try:
        return _iso(clock.from_iso(value))
    except (ValueError, TypeError):
        return _iso(clock.now())


# ------------------------------------------------------------------------------------ own posts


def _own_posts(account: AccountRecord, state: dict[str, Any]) -> Steps[tuple[list[bytes], bool]]:
    """What the account posted, by Heed or elsewhere: the intake knows its own by their address."""
    did = xrpc.session_of(account).did
    known = state.get("own")
    settled = tid.record_key(clock.now() - SETTLED, "")
    found: list[Any] = []
    page_cursor = ""
    for _ in range(_PAGES):
        params: dict[str, str | list[str]] = {"repo": did, "collection": "app.bsky.feed.post", "limit": "50"}
        if page_cursor:
            params["cursor"] = page_cursor
        page = yield from xrpc.query(account, "com.atproto.repo.listRecords", params, needs=("records",))
        keyed = [(split(str(record["uri"]))[2], record) for record in page["records"]]
        found += [(key, record) for key, record in keyed if (known or "") < key <= settled]
        page_cursor = str(page.get("cursor") or "")
        if known is None or not page_cursor or any(key <= known for key, _ in keyed):
            break
    state["own"] = max([known or "", *(key for key, _ in found)])
    if known is None or not found:
        return [], False
    records = [record for _, record in sorted(found, key=lambda each: each[0])]
    return [_body("own", records=records)], False


def _own_marks(account: AccountRecord, state: dict[str, Any]) -> Steps[tuple[list[bytes], bool]]:
    """What we liked and reposted, or took back, by Heed or elsewhere."""
    now = clock.now()
    if _iso(now) < state.get("marks_from", ""):
        return [], False
    state["marks_from"] = _iso(now + marks.RHYTHM)
    changed, state["marks"] = yield from marks.changes(account, state.get("marks", {}))
    did = xrpc.session_of(account).did
    return [_body("marks", did=did, at=_iso(now), marks=changed)] if changed else [], False


# ----------------------------------------------------------------------------------------- chat


def _chat(account: AccountRecord, state: dict[str, Any]) -> Steps[tuple[list[bytes], bool]]:
    proxy = chat_proxy(account)
    if not proxy or _resting(state):
        return [], False
    try:
        found = yield from _chat_log(account, state, proxy)
    except Refusal as refusal:
        if refusal.retry:
            raise
        # No right to chat, or no such service: notifications go on, and we ask again in a while.
        told = state.get("chat_off", {}).get("why") == str(refusal) or _is_known(account, refusal)
        state["chat_off"] = {"why": str(refusal), "until": _iso(clock.now() + _CHAT_REST)}
        return [] if told else [_body("chat_off", detail=str(refusal))], False
    state.pop("chat_off", None)
    return found


def _is_known(account: AccountRecord, refusal: Refusal) -> bool:
    """Whether the check told the admin so already, in better words."""
    return refusal.reason == "not_allowed" and account.facts.get("messages") is False


def _chat_log(account: AccountRecord, state: dict[str, Any], proxy: str) -> Steps[tuple[list[bytes], bool]]:
    did = xrpc.session_of(account).did
    first = "chat" not in state
    at = str(state.get("chat") or "")
    bodies: list[bytes] = []
    more = True
    for _ in range(_PAGES):
        page = yield from xrpc.query(
            account,
            "chat.bsky.convo.getLog",
            {"cursor": at} if at else {},
            needs=("logs",),
            proxy=proxy,
        )
        logs = page["logs"]
        before, at = at, str(page.get("cursor") or at)
        if first:
            logs = [log for log in logs if _sent_at(log) >= state["floor"]]
        if logs:
            known = yield from _convos(account, logs, proxy)
            bodies.append(_body("chat", did=did, logs=logs, **known))
        more = bool(page["logs"]) and at != before
        if not more:
            break
    state["chat"] = at  # only now: a page that fails takes the earlier ones with it
    return bodies, more


def _convos(account: AccountRecord, logs: Iterable[Any], proxy: str) -> Steps[dict[str, Any]]:
    """Who takes part in the conversations of these log entries."""
    profiles: dict[str, Any] = {}
    convos: dict[str, Any] = {}
    asked = {str(log.get("convoId") or "") for log in logs if isinstance(log, dict) and log.get("message")}
    for convo_id in sorted(asked - {""}):
        answer = yield from _unless_refused(
            xrpc.query(
                account, "chat.bsky.convo.getConvo", {"convoId": convo_id}, needs=("convo",), proxy=proxy
            )
        )
        convo = answer["convo"] if answer else {}
        members = convo.get("members") or []
        profiles.update({str(member["did"]): member for member in members})
        convos[convo_id] = {
            "members": [str(member["did"]) for member in members],
            "status": str(convo.get("status") or ""),
            "group": str((convo.get("kind") or {}).get("$type") or "").endswith("#groupConvo"),
        }
    return {"profiles": profiles, "convos": convos}


def chat_proxy(account: AccountRecord) -> str:
    """The chat service as the server is told to reach it; empty where chat is switched off."""
    return str(account.settings.get("chat_proxy", xrpc.CHAT))


def _resting(state: Mapping[str, Any]) -> bool:
    off = state.get("chat_off")
    return off is not None and _iso(clock.now()) < str(off["until"])


def _sent_at(log: Any) -> str:
    message = log.get("message") if isinstance(log, dict) else None
    return _comparable(message.get("sentAt")) if isinstance(message, dict) else ""


# -------------------------------------------------------------------------------------- shared


def _unless_refused(steps: Steps[T]) -> Steps[T | None]:
    """What the steps give, or None when the network says no for good."""
    try:
        return (yield from steps)
    except Refusal as refusal:
        if refusal.retry:
            raise
        return None


def _body(kind: str, **content: Any) -> bytes:
    return orjson.dumps({"kind": kind, **content})


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

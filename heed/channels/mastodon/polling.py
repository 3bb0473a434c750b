"""Asking for news: notifications, what we wrote elsewhere, and what became of what was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import orjson

from heed.channels.base import AccountRecord, Collected, Refusal
from heed.channels.mastodon.calls import account_path, record, rows, status_path
from heed.channels.mastodon.reading import OF_NO_CONCERN, PUBLIC, visibility_of
from heed.lib import clock
from heed.lib.http import Response, Steps, TooLarge, Unreachable

BACKLOG = timedelta(hours=24)
"""How far the very first poll looks back."""

SETTLED = timedelta(seconds=60)
"""Our own statuses are taken for written elsewhere only when older: by then an answer of Heed's own
knows its id."""

WATCHED_FOR = timedelta(hours=24)
"""Nobody tells of edits and deletions: what was written is read again this long, ever less often."""

BEFORE_ALL = "0"
"""An account that was never told anything begins here: a burst before the next poll is read from its
first notification on, not from its newest."""

KEPT_BACK = 60
"""Of the requests a server allows, so many are left for answers: below it polling rests."""

LONGEST_REST = timedelta(minutes=5)

_OWN_EVERY = 20.0
_REVIEW_EVERY = 15.0
_PAGE = 40
_PAGES = 5
_WATCHED = 100
_BATCH = 20
_ONE_BY_ONE = 5
_ROOTS = 300

T = TypeVar("T")


def collect(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    """The news after `cursor`. Only notifications may fail the poll; the rest waits for the next."""
    state = dict(cursor)
    if clock.now().timestamp() < float(state.get("rest_until", 0)):
        return Collected((), state)
    state.pop("rest_until", None)
    watched = list(state.get("watch", {}))
    bodies, more = yield from _notifications(account, state)
    if not more:
        bodies += (yield from _unless_down(_own(account, state))) or []
        bodies += (yield from _unless_down(_reviewed(account, state, watched))) or []
    return Collected(bodies=tuple(bodies), cursor=state, more=more)


# -------------------------------------------------------------------------------- notifications


def _notifications(account: AccountRecord, state: dict[str, Any]) -> Steps[tuple[list[bytes], bool]]:
    floor = str(state.setdefault("floor", (clock.now() - BACKLOG).isoformat()))
    bodies: list[bytes] = []
    for _ in range(_PAGES):
        at = str(state.get("min_id", ""))
        # Without this, what strangers write may be held back, and most customers are strangers.
        params: dict[str, str | list[str]] = {"limit": str(_PAGE), "include_filtered": "true"}
        if at:
            params["min_id"] = at
        listed, response = yield from rows(account, "/api/v1/notifications", params)
        _spare_requests(response, state)
        if not at:
            listed = [*listed, *(yield from _before(account, listed, floor))]
        fresh = sorted((each for each in listed if _key(each) > _place(at)), key=lambda each: _key(each))
        if not fresh:
            state.setdefault("min_id", BEFORE_ALL)
            return bodies, False
        news = [each for each in fresh if _is_news(each, "" if at else floor)]
        for start in range(0, len(news), _PAGE):
            some = news[start : start + _PAGE]
            written = [each["status"] for each in some if _is_written(each)]
            roots = yield from _roots(account, state, written)
            bodies.append(_body("notifications", notifications=some, roots=roots))
            _watch(state, account, written)
        state["min_id"] = str(fresh[-1]["id"])
        if not at:
            return bodies, False  # what was there is read: from here on we go upwards
    return bodies, True


def _before(account: AccountRecord, newest: list[Any], floor: str) -> Steps[list[Any]]:
    """What lies before the newest page, as far back as the very first poll looks."""
    found: list[Any] = []
    page = newest
    for _ in range(_PAGES):
        told = [each for each in page if _key(each) > _place("")]
        if len(told) < _PAGE or not all(_is_since(each, floor) for each in told):
            break
        oldest = min(told, key=_key)["id"]
        params: dict[str, str | list[str]] = {
            "limit": str(_PAGE),
            "include_filtered": "true",
            "max_id": str(oldest),
        }
        page, _answer = yield from rows(account, "/api/v1/notifications", params)
        found += page
    return found


def _is_news(item: Any, floor: str) -> bool:
    return item.get("type") not in OF_NO_CONCERN and (not floor or _is_since(item, floor))


def _is_since(item: Any, floor: str) -> bool:
    try:
        return clock.from_iso(item["created_at"]) >= clock.from_iso(floor)
    except (KeyError, TypeError, ValueError):
        return True


def _is_written(item: Any) -> bool:
    return item.get("type") in ("mention", "quote") and isinstance(item.get("status"), dict)


def _key(item: Any) -> tuple[int, str]:
    return _place(str(item.get("id") or "")) if isinstance(item, dict) else (0, "")


def _place(an_id: str) -> tuple[int, str]:
    """Ids are texts; of two the longer is the later one."""
    return len(an_id), an_id


def _spare_requests(response: Response, state: dict[str, Any]) -> None:
    """Rest until the bucket is full again when few requests are left."""
    try:
        left = int(response.headers.get("x-ratelimit-remaining", ""))
        reset = clock.from_iso(response.headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return
    if left < KEPT_BACK:
        state["rest_until"] = min(reset, clock.now() + LONGEST_REST).timestamp()


def _roots(account: AccountRecord, state: dict[str, Any], statuses: list[Any]) -> Steps[dict[str, Any]]:
    """The heads of the threads in which these statuses stand. Each is asked for once; whoever answers
    in a known thread needs no question."""
    known: dict[str, str] = dict(state.get("roots", {}))
    found: dict[str, Any] = {}
    for status in statuses:
        mine, parent = str(status.get("id") or ""), str(status.get("in_reply_to_id") or "")
        if not mine or visibility_of(status.get("visibility"), account) not in PUBLIC:
            continue
        if not parent:
            known[mine] = mine
        elif parent in known:
            found[mine] = {"id": known[parent]}
        else:
            found[mine] = yield from _head(account, mine, parent)
        if mine in found:
            known[mine] = found[mine]["id"]
            known.setdefault(parent, found[mine]["id"])
    state["roots"] = dict(list(known.items())[-_ROOTS:])
    return found


def _head(account: AccountRecord, status_id: str, parent: str) -> Steps[dict[str, Any]]:
    try:
        context = yield from record(account, status_path(status_id, "context"))
    except Refusal as refusal:
        if refusal.reason in ("sign_in_again", "slow_down"):
            raise
        return {"id": parent}
    above = context.get("ancestors")
    first = above[0] if isinstance(above, list) and above and isinstance(above[0], dict) else {}
    return {"id": str(first["id"]), "status": first} if first.get("id") else {"id": parent}


# ---------------------------------------------------------------------------------- own statuses


def _own(account: AccountRecord, state: dict[str, Any]) -> Steps[list[bytes]]:
    """What the account wrote, by Heed or elsewhere: the intake knows its own by their id."""
    now = clock.now()
    if now.timestamp() < float(state.get("own_at", 0)) + _OWN_EVERY:
        return []
    first = "own" not in state
    params: dict[str, str | list[str]] = {"limit": "1" if first else str(_PAGE), "exclude_reblogs": "true"}
    if state.get("own"):
        params["min_id"] = str(state["own"])
    listed, _ = yield from rows(account, account_path(account.external_id, "statuses"), params)
    after = _place(str(state.get("own", "")))
    fresh = sorted((each for each in listed if _key(each) > after), key=lambda each: _key(each))
    if not first:
        fresh = [each for each in fresh if _is_settled(each)]
    roots = {} if first else (yield from _roots(account, state, fresh))
    state["own_at"] = now.timestamp()
    state["own"] = str(fresh[-1]["id"]) if fresh else str(state.get("own", ""))
    if first or not fresh:
        return []
    _watch(state, account, fresh)
    return [_body("own", statuses=fresh, roots=roots)]


def _is_settled(item: Any) -> bool:
    try:
        return clock.from_iso(item["created_at"]) <= clock.now() - SETTLED
    except (KeyError, TypeError, ValueError):
        return True


# ------------------------------------------------------------------------------ edits, deletions


def _watch(state: dict[str, Any], account: AccountRecord, statuses: Iterable[Any]) -> None:
    """Remember what was written: since when we know it, its last edit, when we looked last (0: not
    yet), and whether it is ours."""
    watch: dict[str, Any] = dict(state.get("watch", {}))
    now = clock.now().timestamp()
    for status in statuses:
        status_id = str(status.get("id") or "")
        if not status_id or status_id in watch:
            continue
        author = status.get("account")
        ours = isinstance(author, dict) and str(author.get("id")) == account.external_id
        watch[status_id] = [now, str(status.get("edited_at") or ""), 0, ours]
    state["watch"] = dict(list(watch.items())[-_WATCHED:])


def _reviewed(account: AccountRecord, state: dict[str, Any], known: list[str]) -> Steps[list[bytes]]:
    """Read again what is due. The first look comes with the next poll, for people correct themselves at
    once; then each time a quarter later than it is old."""
    now = clock.now().timestamp()
    watch: dict[str, Any] = {
        each: kept
        for each, kept in state.get("watch", {}).items()
        if now - kept[0] < WATCHED_FOR.total_seconds()
    }
    waiting = [each for each in known if each in watch and _is_due(watch[each], now)]
    due = _in_turn(waiting, watch)[:_BATCH]
    if not due or now < float(state.get("reviewed", 0)) + _REVIEW_EVERY:
        return []
    found = yield from _as_they_are(account, state, due)
    changes: list[dict[str, Any]] = []
    for each, status in found.items():
        seen, before, _, ours = watch[each]
        if status is None:
            del watch[each]
            changes.append({"removed": each})
            continue
        edited, status = (
            str(status.get("edited_at") or ""),
            {**status, "id": each},
        )  # snac's changes with an edit
        if edited and edited != before and ours:
            typed = yield from _typed(account, each)
            changes.append({"status": status, "typed": typed, "at": clock.now().isoformat()})
        elif edited and edited != before:
            history = yield from _history(account, each)
            changes.append({"status": status, "since": before, "history": history})
        watch[each] = [seen, edited, now, ours]
    state["watch"], state["reviewed"] = watch, now
    return [_body("changed", changes=changes)] if changes else []


def _in_turn(waiting: list[str], watch: dict[str, Any]) -> list[str]:
    """The three youngest, then who was not looked at for longest: where few can be asked for at once,
    neither waits for all of the other."""
    youngest = sorted(waiting, key=lambda each: -float(watch[each][0]))[:3]
    return list(dict.fromkeys([*youngest, *sorted(waiting, key=lambda each: float(watch[each][2]))]))


def _is_due(kept: Any, now: float) -> bool:
    seen, _, looked, _ = kept
    return not looked or now - looked >= max(_REVIEW_EVERY, (now - seen) / 4)


def _as_they_are(
    account: AccountRecord, state: dict[str, Any], wanted: list[str]
) -> Steps[dict[str, dict[str, Any] | None]]:
    """The statuses as they stand, None for what is gone. Older servers give only one at a time."""
    found: dict[str, dict[str, Any] | None] = {}
    if not state.get("one_by_one"):
        try:
            listed, _ = yield from rows(account, "/api/v1/statuses", {"id[]": wanted})
        except Refusal as refusal:
            if refusal.retry or refusal.reason == "sign_in_again":
                raise
            state["one_by_one"] = True
        else:
            found = {str(each["id"]): each for each in listed if isinstance(each, dict) and each.get("id")}
            found = {each: status for each, status in found.items() if each in wanted}
    missing = [each for each in wanted if each not in found]
    for each in missing[:_ONE_BY_ONE]:
        try:
            found[each] = yield from record(account, status_path(each))
        except Refusal as refusal:
            if refusal.reason != "gone":
                raise
            found[each] = None
    return found


def _history(account: AccountRecord, status_id: str) -> Steps[list[Any]]:
    try:
        versions, _ = yield from rows(account, status_path(status_id, "history"))
    except Refusal as refusal:
        if refusal.retry or refusal.reason == "sign_in_again":
            raise
        return []
    return versions


def _typed(account: AccountRecord, status_id: str) -> Steps[str | None]:
    """The words as we typed them: so an edit that was made in Heed says nothing new. None where the
    server does not show them."""
    try:
        source = yield from record(account, status_path(status_id, "source"))
    except Refusal as refusal:
        if refusal.retry or refusal.reason == "sign_in_again":
            raise
        return None
    return str(source.get("text") or "")


# --------------------------------------------------------------------------------------- shared


def _unless_down(steps: Steps[T]) -> Steps[T | None]:
    """What the steps give, or None when that part of the server does not answer just now."""
    try:
        return (yield from steps)
    except (Unreachable, TooLarge):
        return None
    except Refusal as refusal:
        if refusal.reason in ("sign_in_again", "account_blocked"):
            raise
        return None


def _body(kind: str, **content: Any) -> bytes:
    return orjson.dumps({"kind": kind, **content})

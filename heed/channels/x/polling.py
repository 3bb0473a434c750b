"""Asking for news: where there is no webhook, for words to listen for, and after an outage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from heed.channels.base import AccountRecord, Collected, Refusal
from heed.channels.x import calls, marks, replaying, signin
from heed.lib import clock
from heed.lib.http import Steps

BACKLOG = timedelta(hours=24)
"""How far the very first poll looks back: own posts too, so what was answered is known."""

SETTLED = timedelta(seconds=60)
"""Our own posts and messages count as written elsewhere only when older: by then an answer of Heed's own
knows its id."""

AFTER_A_NO = timedelta(hours=1)
SEARCH_REACHES = timedelta(days=7) - timedelta(minutes=5)
MESSAGES_REACH = timedelta(days=30)
SHOWN_LATE = timedelta(minutes=5)

POST_FIELDS = {
    "tweet.fields": "created_at,author_id,conversation_id,in_reply_to_user_id,referenced_tweets,entities,"
    "attachments,public_metrics,note_tweet,edit_history_tweet_ids,display_text_range",
    "expansions": "author_id,referenced_tweets.id,referenced_tweets.id.author_id,attachments.media_keys,"
    "in_reply_to_user_id",
    "user.fields": "name,username,profile_image_url",
    "media.fields": "url,preview_image_url,type,alt_text,variants",
}
MESSAGE_FIELDS = {
    "dm_event.fields": "id,text,event_type,created_at,sender_id,dm_conversation_id,attachments,entities",
    "event_types": "MessageCreate",
    "expansions": "attachments.media_keys,sender_id",
    "user.fields": "name,username,profile_image_url",
    "media.fields": "url,preview_image_url,type",
}
_PAGES = 8
_PAGE = "100"
_BREAKS = ("sign_in_again", "account_blocked")

Kept = dict[str, Any]
Found = tuple[list[bytes], Kept]


@dataclass(frozen=True, slots=True)
class Source:
    """A list to ask for, how often, and whether this account needs it asked."""

    name: str
    rhythm: timedelta
    read: Callable[[AccountRecord, Kept], Steps[Found]]
    wanted: Callable[[AccountRecord], bool]


def collect(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    """The news after `cursor`, from each list whose turn it is. A list that says no rests for a while;
    the others go on."""
    state = dict(cursor)
    bodies: list[bytes] = []
    for source in (*SOURCES, *MARKS):
        kept = dict(state.get(source.name) or {})
        if not source.wanted(account) or kept.get("next", "") > iso(clock.now()):
            continue
        try:
            found, kept = yield from source.read(account, kept)
            rest = source.rhythm
        except Refusal as refusal:
            if refusal.reason in _BREAKS:
                raise
            found, rest = [], _rest_after(refusal, source)
        bodies += found
        state[source.name] = {**kept, "next": iso(clock.now() + rest)}
    return Collected(bodies=tuple(bodies), cursor=state)


def backfill(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    """What was missed since `since`, as far back as each list goes; then what no list shows."""
    if "replay_from" in cursor:
        return (yield from replaying.replay(account, cursor))
    since = clock.from_iso(str(cursor["since"]))
    bodies: list[bytes] = []
    for source in SOURCES:
        if source.read is _search and not _is_listening(account) and not account.handle:
            continue
        try:
            found, _ = yield from source.read(account, {"from": iso(since)})
        except Refusal as refusal:
            if refusal.retry or refusal.reason in _BREAKS:
                raise
        else:
            bodies += found
    replay = replaying.wanted(account, since)
    return Collected(tuple(bodies), {**cursor, "since": iso(clock.now()), **replay}, more=bool(replay))


def _rest_after(refusal: Refusal, source: Source) -> timedelta:
    if refusal.reason == "slow_down":
        return max(source.rhythm, timedelta(seconds=refusal.after or 900))
    return source.rhythm if refusal.retry else AFTER_A_NO


# --------------------------------------------------------------------------------- the lists


def _mentions(account: AccountRecord, kept: Kept) -> Steps[Found]:
    """Everything that names us: mentions, and replies to us, whose names X adds by itself."""
    path = f"/2/users/{account.external_id}/mentions"
    return (yield from _posts(account, kept, "mentions", path, "pagination_token", {}))


def _own(account: AccountRecord, kept: Kept) -> Steps[Found]:
    """What we wrote, here or on X itself."""
    path = f"/2/users/{account.external_id}/tweets"
    until = {"end_time": iso(clock.now() - SETTLED)}
    return (yield from _posts(account, kept, "own", path, "pagination_token", until))


def _search(account: AccountRecord, kept: Kept) -> Steps[Found]:
    """Quotes of our posts, which need not name us, and the words to listen for."""
    words = {"query": query(account)}
    oldest = iso(clock.now() - SEARCH_REACHES)
    if not kept.get("since") or _last_post(kept) < oldest:
        kept = {"from": max(_last_asked(kept), oldest)}
    return (yield from _posts(account, kept, "search", "/2/tweets/search/recent", "next_token", words))


def query(account: AccountRecord) -> str:
    """What to search for. OR binds less than a space, so each side stands in parentheses."""
    quotes = f'url:"x.com/{account.handle}/status"' if account.handle else ""
    wanted = [f"({each})" for each in (quotes, account.credentials.get("listen_for", "").strip()) if each]
    return f"({' OR '.join(wanted)}) -is:retweet" + (f" -from:{account.handle}" if account.handle else "")


def _last_post(kept: Kept) -> str:
    """When the post was written from which to go on. X refuses one that its search no longer holds."""
    return str(kept.get("newest_at") or kept.get("at") or "")


def _last_asked(kept: Kept) -> str:
    """Until when everything was found, with a margin for what a search shows late."""
    if kept.get("from"):
        return str(kept["from"])
    asked = clock.from_iso(kept["at"]) - SHOWN_LATE if kept.get("at") else clock.now() - BACKLOG
    return iso(asked)


def _posts(
    account: AccountRecord, kept: Kept, name: str, path: str, page_as: str, more: Mapping[str, str]
) -> Steps[Found]:
    """All pages since the newest post we know. Nothing is kept until the last one was read."""
    start = str(kept.get("from") or iso(clock.now() - BACKLOG))
    asked = {**POST_FIELDS, **more, "max_results": _PAGE}
    asked |= {"since_id": str(kept["since"])} if kept.get("since") else {"start_time": start}
    bodies: list[bytes] = []
    newest, newest_at = str(kept.get("since") or ""), _last_post(kept)
    for _ in range(_PAGES):
        page = yield from calls.call(account, "GET", path, params=asked)
        meta = page.get("meta")
        meta = meta if isinstance(meta, dict) else {}
        newest = _newer(newest, str(meta.get("newest_id") or ""))
        if calls.rows(page):
            bodies.append(body(name, account, page))
            newest_at = max(newest_at, *(at_of(each) for each in calls.rows(page)))
        token = str(meta.get("next_token") or "")
        if not token:
            break
        asked = {**asked, page_as: token}
    if not newest:
        return bodies[::-1], {"from": start}
    return bodies[::-1], {"since": newest, "newest_at": newest_at, "at": iso(clock.now())}


def _messages(account: AccountRecord, kept: Kept) -> Steps[Found]:
    """Direct messages, back to the newest we know: this list takes no starting point."""
    known = str(kept.get("since") or "")
    start = kept.get("from") or iso(max(clock.now() - BACKLOG, clock.now() - MESSAGES_REACH))
    settled = iso(clock.now() - SETTLED)
    asked = {**MESSAGE_FIELDS, "max_results": _PAGE}
    bodies: list[bytes] = []
    newest, waiting = known, ""
    for _ in range(_PAGES):
        page = yield from calls.call(account, "GET", "/2/dm_events", params=asked)
        listed = calls.rows(page)
        fresh = [each for each in listed if _is_fresh(each, known, start)]
        ready = [each for each in fresh if _sender(each) != account.external_id or at_of(each) <= settled]
        waiting = _older([waiting, *(_id(each) for each in fresh if each not in ready)])
        newest = _newer(newest, *(_id(each) for each in ready))
        if ready:
            bodies.append(body("dms", account, {**page, "data": ready}))
        meta = page.get("meta")
        token = str(meta.get("next_token") or "") if isinstance(meta, dict) else ""
        if not token or len(fresh) < len(listed):
            break
        asked = {**asked, "pagination_token": token}
    # Our own that is still too young is asked for again, and what came after it with it.
    reached = _before(waiting) if waiting else newest
    return bodies[::-1], {"since": reached} if reached else {"from": start}


def _liked(account: AccountRecord, kept: Kept) -> Steps[Found]:
    return (yield from _marks(account, marks.liked(account), kept))


def _reposted(account: AccountRecord, kept: Kept) -> Steps[Found]:
    return (yield from _marks(account, marks.reposted(account), kept))


def _marks(account: AccountRecord, listed: marks.List, kept: Kept) -> Steps[Found]:
    changed, kept = yield from marks.changes(account, listed, kept)
    at = iso(clock.now())
    rows = [{**each, "at": at} for each in changed]
    return ([body("marks", account, {"data": rows})] if rows else []), kept


def _is_fresh(message: Mapping[str, Any], known: str, start: str) -> bool:
    return _newer(known, _id(message)) != known if known else at_of(message) >= start


def _id(message: Mapping[str, Any]) -> str:
    return str(message.get("id") or "")


def _sender(message: Mapping[str, Any]) -> str:
    return str(message.get("sender_id") or "")


def at_of(message: Mapping[str, Any]) -> str:
    """The time of a post or message in one form, so that texts compare as times do; now without one."""
    try:
        return iso(clock.from_iso(str(message.get("created_at"))))
    except ValueError:
        return iso(clock.now())


def _newer(*ids: str) -> str:
    """The newest of ids that are numbers; they grow with time."""
    return max((each for each in ids if each.isdigit()), key=int, default="")


def _older(ids: list[str]) -> str:
    return min((each for each in ids if each.isdigit()), key=int, default="")


def _before(external_id: str) -> str:
    return str(int(external_id) - 1)


def _has_no_webhook(account: AccountRecord) -> bool:
    return account.facts.get("webhooks") is not True


def _hears_no_messages(account: AccountRecord) -> bool:
    heard = account.facts.get("hears") or ()
    may = account.facts.get("messages") is not False
    return may and (_has_no_webhook(account) or "dm.received" not in heard)


def _is_listening(account: AccountRecord) -> bool:
    listens = bool(account.credentials.get("listen_for", "").strip())
    return listens or (bool(account.handle) and _has_no_webhook(account))


def _may_like(account: AccountRecord) -> bool:
    return account.facts.get("level") == signin.ENTERPRISE


def _was_checked(account: AccountRecord) -> bool:
    return "level" in account.facts


SOURCES = (
    Source("mentions", timedelta(seconds=60), _mentions, _has_no_webhook),
    Source("search", timedelta(seconds=120), _search, _is_listening),
    Source("own", timedelta(seconds=120), _own, _has_no_webhook),
    Source("dms", timedelta(seconds=90), _messages, _hears_no_messages),
)
"""Direct messages may be read fifteen times in fifteen minutes."""


MARKS = (
    Source("liked", timedelta(hours=1), _liked, _may_like),
    Source("reposted", timedelta(hours=1), _reposted, _was_checked),
)
"""What we did ourselves: nothing that could be missed."""


def body(name: str, account: AccountRecord, page: Mapping[str, Any]) -> bytes:
    told = {"polled": name, "us": account.external_id}
    return orjson.dumps({**told, "data": page.get("data"), "includes": page.get("includes") or {}})


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

"""Asking for news: where there is no webhook, for words to listen for, and after an outage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from heed.channels.base import AccountRecord, Collected, Refusal
from heed.channels.x import calls, marks, replaying, signin, walking
from heed.channels.x.walking import Bounds, Walk, newer, older
from heed.lib import clock
from heed.lib.http import Steps, TooLarge, Unreachable

BACKLOG = timedelta(hours=24)
"""How far the very first poll looks back: own posts too, so what was answered is known."""

SETTLED = timedelta(seconds=60)
"""Our own posts and messages count as written elsewhere only when older: by then an answer of Heed's own
knows its id."""

AFTER_A_NO = timedelta(hours=1)
SEARCH_REACHES = timedelta(days=7) - timedelta(minutes=5)
MESSAGES_REACH = timedelta(days=30)
SHOWN_LATE = timedelta(minutes=5)
LIST_HOLDS = 700
"""X lists the last 800 mentions, less what was removed: of so many there may have been older ones."""

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
_PAGE = "100"
_BREAKS = ("sign_in_again", "account_blocked")
_READ = {"read": True}
"""In a backfill: the list was read to its end."""

Kept = dict[str, Any]
Found = tuple[list[bytes], Kept]
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Source:
    """A list to ask for, how often, and whether this account needs it asked."""

    name: str
    rhythm: timedelta
    read: Callable[[AccountRecord, Kept], Steps[Found]]
    wanted: Callable[[AccountRecord], bool]


def collect(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    """The news after `cursor`, from each list whose turn it is. A list that says no rests for a while;
    the others go on. One that is long is gone on with at once."""
    state = dict(cursor)
    bodies: list[bytes] = []
    lost: list[Span] = []
    more = False
    for source in (*SOURCES, *MARKS):
        kept = dict(state.get(source.name) or {})
        if not source.wanted(account) or kept.get("next", "") > iso(clock.now()):
            continue
        try:
            found, kept = yield from source.read(account, kept)
            goes_on = "walk" in kept
            rest = timedelta(0) if goes_on else source.rhythm
        except Refusal as refusal:
            if refusal.reason in _BREAKS:
                raise
            found, goes_on, rest = [], False, _rest_after(refusal, source)
        bodies += found
        lost += _holes(kept)
        more = more or goes_on
        state[source.name] = {**kept, "next": iso(clock.now() + rest)}
    return Collected(bodies=tuple(bodies), cursor=state, more=more, lost=tuple(lost))


def backfill(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    """What was missed since `since`, as far back as each list goes, over several calls where one is long;
    then what no list shows."""
    if "replay_from" in cursor:
        return (yield from replaying.replay(account, cursor))
    since = clock.from_iso(str(cursor["since"]))
    lists = dict(cursor.get("lists") or {})
    bodies: list[bytes] = []
    lost: list[Span] = []
    for source in SOURCES:
        if source.read is _search and not _is_listening(account) and not account.handle:
            continue
        kept = lists.get(source.name, {"from": iso(since)})
        if kept == _READ:
            continue
        try:
            found, kept = yield from source.read(account, kept)
        except Refusal as refusal:
            if refusal.retry or refusal.reason in _BREAKS:
                if bodies or lost:  # they are kept first; the next call meets it again
                    return Collected(tuple(bodies), {**cursor, "lists": lists}, more=True, lost=tuple(lost))
                raise
            kept = {}
        else:
            bodies += found
            lost += _holes(kept)
        lists[source.name] = kept if "walk" in kept else _READ
        if "walk" in kept:
            return Collected(tuple(bodies), {**cursor, "lists": lists}, more=True, lost=tuple(lost))
    done = {name: value for name, value in cursor.items() if name != "lists"}
    replay = replaying.wanted(account, since)
    cursor = {**done, "since": iso(clock.now()), **replay}
    return Collected(tuple(bodies), cursor, more=bool(replay), lost=tuple(lost))


def _rest_after(refusal: Refusal, source: Source) -> timedelta:
    if refusal.reason == "slow_down":
        return max(source.rhythm, timedelta(seconds=refusal.after or 900))
    return source.rhythm if refusal.retry else AFTER_A_NO


# --------------------------------------------------------------------------------- the lists


def _mentions(account: AccountRecord, kept: Kept) -> Steps[Found]:
    """Everything that names us: mentions, and replies to us, whose names X adds by itself."""
    if "then" in kept:
        return (yield from _older_mentions(account, kept))
    path = f"/2/users/{account.external_id}/mentions"
    bodies, after, walk = yield from _posts(account, kept, "mentions", path, "pagination_token", {}, "")
    was_cut = walk.rows >= LIST_HOLDS or walk.again > walking.AGAIN
    if "walk" in after or not was_cut:
        return bodies, after
    since, began = str(kept.get("since") or ""), _last_post(kept)
    began = began if since else str(kept.get("from") or iso(clock.now() - BACKLOG))
    reach = iso(clock.now() - SEARCH_REACHES)
    known = {"since": since, "newest_at": began} if since and began >= reach else {"from": max(began, reach)}
    goes_on = replace(walk, token="", again=0)
    return bodies, {**known, "walk": asdict(goes_on), "then": {**after, "began": began}}


def _older_mentions(account: AccountRecord, kept: Kept) -> Steps[Found]:
    """What the list of mentions no longer holds, by the search, which reaches back a week; what neither has
    is a hole. After that it goes on from `then`."""
    then, began = dict(kept["then"]), kept["then"]["began"]
    named = {"query": f"@{account.handle} -is:retweet -from:{account.handle}"}
    missing_to = str(kept.get("from") or "")
    bodies: list[bytes] = []
    try:
        if not account.handle:
            raise Refusal("bad_request", detail="no name to search for")
        path = "/2/tweets/search/recent"
        bodies, after, _ = yield from _posts(account, kept, "mentions", path, "next_token", named, "")
        if "walk" in after:
            return bodies, {**after, "then": then}
    except Refusal as refusal:
        if refusal.retry or refusal.reason in _BREAKS:
            raise
        missing_to = kept["walk"]["down_to_at"]
    del then["began"]
    return bodies, {**then, "hole": [began, missing_to]} if began < missing_to and began else then


def _holes(kept: Kept) -> list[Span]:
    """From when to when nothing could be read, said once."""
    hole = kept.pop("hole", None)
    return [(clock.from_iso(hole[0]), clock.from_iso(hole[1]))] if hole else []


def _own(account: AccountRecord, kept: Kept) -> Steps[Found]:
    """What we wrote, here or on X itself."""
    path = f"/2/users/{account.external_id}/tweets"
    until = iso(clock.now() - SETTLED)
    bodies, after, _ = yield from _posts(account, kept, "own", path, "pagination_token", {}, until)
    return bodies, after


def _search(account: AccountRecord, kept: Kept) -> Steps[Found]:
    """Quotes of our posts, which need not name us, and the words to listen for."""
    words = {"query": query(account)}
    oldest = iso(clock.now() - SEARCH_REACHES)
    if not kept.get("since") or _last_post(kept) < oldest:
        walk = {"walk": kept["walk"]} if kept.get("walk") else {}
        kept = {"from": max(_last_asked(kept), oldest), **walk}
    path = "/2/tweets/search/recent"
    bodies, after, _ = yield from _posts(account, kept, "search", path, "next_token", words, "")
    return bodies, after


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
    account: AccountRecord,
    kept: Kept,
    name: str,
    path: str,
    page_as: str,
    asked: Mapping[str, str],
    until: str,
) -> Steps[tuple[list[bytes], Kept, Walk]]:
    """The pages since the newest post we know, and before `until` where one is named. Until the last one is
    read, that post is kept, and how far we are, which is given back as well."""
    start = str(kept.get("from") or iso(clock.now() - BACKLOG))
    since = str(kept.get("since") or "")
    walk = _walk(kept, since, _last_post(kept))
    ends = {"end_time": until} if until else {}
    whole = {"since_id": since, **ends} if since else {"start_time": start, **ends}
    asked = {**POST_FIELDS, **asked, "max_results": _PAGE}
    listed = walking.List(path, asked, page_as, whole, _left(walk, since, start))
    bodies: list[bytes] = []
    for page in (yield from walking.read(account, listed, walk)):
        meta = page.get("meta")
        walk.newest = newer(walk.newest, str(meta.get("newest_id") or "") if isinstance(meta, dict) else "")
        if rows := calls.rows(page):
            bodies.append(body(name, account, page))
            walk.newest_at = max(walk.newest_at, *(at_of(each) for each in rows))
            walk.passed(map(_id, rows), min(at_of(each) for each in rows))
    if walk.token and not _is_over(walk, since, start):
        known = {"since": since, "newest_at": _last_post(kept), "at": kept.get("at")}
        return bodies[::-1], {**(known if since else {"from": start}), "walk": asdict(walk)}, walk
    if not walk.newest:
        return bodies[::-1], {"from": start}, walk
    return bodies[::-1], {"since": walk.newest, "newest_at": walk.newest_at, "at": walk.began}, walk


def _left(walk: Walk, since: str, start: str) -> Bounds | None:
    """What is still to be read of posts. X takes ids or times, not both at once."""
    if not walk.down_to:
        return None
    if since:
        return {"since_id": since, "until_id": walk.down_to}
    return {"start_time": start, "end_time": iso(clock.from_iso(walk.down_to_at) + timedelta(seconds=1))}


def _is_over(walk: Walk, since: str, start: str) -> bool:
    """Whether all that is left is older than what is asked for: the search's reach moves on meanwhile."""
    return not since and bool(walk.down_to_at) and walk.down_to_at < start


def _walk(kept: Kept, newest: str, newest_at: str) -> Walk:
    begun = kept.get("walk")
    return Walk(**begun) if begun else Walk(began=iso(clock.now()), newest=newest, newest_at=newest_at)


def _messages(account: AccountRecord, kept: Kept) -> Steps[Found]:
    """Direct messages, back to the newest we know: this list takes no starting point."""
    known = str(kept.get("since") or "")
    start = str(kept.get("from") or iso(clock.now() - BACKLOG))
    settled = iso(clock.now() - SETTLED)
    walk = _walk(kept, known, "")

    def is_known(page: Mapping[str, Any]) -> bool:
        return not all(_is_fresh(each, known, start) for each in calls.rows(page))

    asked = {**MESSAGE_FIELDS, "max_results": _PAGE}
    listed = walking.List("/2/dm_events", asked, "pagination_token", {}, None, is_known)
    bodies: list[bytes] = []
    for page in (yield from walking.read(account, listed, walk)):
        fresh = [each for each in calls.rows(page) if _is_fresh(each, known, start)]
        ready = [each for each in fresh if _sender(each) != account.external_id or at_of(each) <= settled]
        walk.waiting = older([walk.waiting, *(_id(each) for each in fresh if each not in ready)])
        walk.newest = newer(walk.newest, *(_id(each) for each in ready))
        walk.passed(map(_id, fresh), "")
        if ready:
            bodies.append(body("dms", account, {**page, "data": ready}))
    if walk.token:
        return bodies[::-1], {**({"since": known} if known else {"from": start}), "walk": asdict(walk)}
    # Our own that is still too young is asked for again, and what came after it with it.
    reached = _before(walk.waiting) if walk.waiting else walk.newest
    return bodies[::-1], {"since": reached} if reached else {"from": start}


def _liked(account: AccountRecord, kept: Kept) -> Steps[Found]:
    return (yield from _marks(account, marks.liked(account), kept))


def _reposted(account: AccountRecord, kept: Kept) -> Steps[Found]:
    return (yield from _marks(account, marks.reposted(account), kept))


def _marks(account: AccountRecord, listed: marks.List, kept: Kept) -> Steps[Found]:
    """A list that cannot be had waits for its next turn, whatever the reason: news is worth more."""
    try:
        changed, kept = yield from marks.changes(account, listed, kept)
    except (Refusal, Unreachable, TooLarge):
        return [], kept
    at = iso(clock.now())
    rows = [{**each, "at": at} for each in changed]
    return ([body("marks", account, {"data": rows})] if rows else []), kept


def _is_fresh(message: Mapping[str, Any], known: str, start: str) -> bool:
    return newer(known, _id(message)) != known if known else at_of(message) >= start


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

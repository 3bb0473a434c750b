"""Posts, many at a time: made bare for the comments under them, and filled with what networks say of them.

A batch costs a fixed number of statements, however many posts it speaks of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import orjson

from heed.channels.base import PostSeen, PostStale
from heed.channels.models import Account
from heed.inbox import events
from heed.inbox.models import Event
from heed.inbox.statements import cleaned, columns, run
from heed.lib import clock, live
from heed.lib.text import clean

Key = tuple[int, str]
"""An account and an external id."""


def known_or_bare(keys: Iterable[Key]) -> dict[Key, int]:
    """The post of every key, made bare where it is new."""
    wanted = sorted(keys)
    found = _known(wanted)
    missing = [key for key in wanted if key not in found]
    if missing:
        run(_INSERT, *columns(missing))
        found.update(_known(missing))
    return found


def _known(keys: list[Key]) -> dict[Key, int]:
    return {(row[0], row[1]): row[2] for row in run(_KNOWN, *columns(keys))} if keys else {}


_KNOWN = """
SELECT account_id, external_id, p.id FROM inbox_post p
JOIN unnest(%s::bigint[], %s::text[]) AS new (account, id) ON account_id = account AND external_id = new.id
"""

_INSERT = """
INSERT INTO inbox_post (account_id, external_id, author_name, author_external_id, text, picture_url, picture,
    permalink, removed, refs)
SELECT *, '', '', '', '', '', '', false, '{}' FROM unnest(%s::bigint[], %s::text[])
ON CONFLICT DO NOTHING
"""


def count_comments(commented: Iterable[int]) -> None:
    """Let the counts of these posts, each named once per comment, keep up between two looks at the
    network, which then has the last word."""
    rows = sorted(Counter(commented).items())
    if rows:
        run(_COUNT_COMMENTS, *columns(rows))


_COUNT_COMMENTS = """
UPDATE inbox_post SET comments = comments + new.count
FROM unnest(%s::bigint[], %s::int[]) AS new (post, count) WHERE id = post AND comments IS NOT NULL
"""

# -------------------------------------------------------------------- what is said of them


class Said(NamedTuple):
    """What a network says of a post; what it does not say is None, and what was known stays."""

    author_name: str | None
    author: str | None
    text: str | None
    picture_url: str | None
    permalink: str | None
    at: datetime | None
    likes: int | None
    comments: int | None
    shares: int | None
    removed: bool | None
    refs: str | None
    as_of: datetime


def take_over(seen: Iterable[tuple[Account, PostSeen]]) -> None:
    """Take over what is said of posts, by the time when it was said: what was said before what is known no
    longer counts. Call it in a transaction."""
    said: dict[Key, Said] = {}
    for account, news in sorted(seen, key=lambda each: _as_of(each[1])):
        key = account.pk, news.external_id
        said[key] = _with(said.get(key), _said(news))
    if not said:
        return
    posts = known_or_bare(said)
    # In one order everywhere, so that two who write the same posts wait for each other.
    rows = sorted((posts[key], *words) for key, words in said.items())
    before = dict(run(_LOCK, [row[0] for row in rows]))
    bare_of_picture = {
        pk for pk, picture, as_of in run(_TAKE_OVER, *columns(rows)) if not picture and before[pk] != as_of
    }
    _fetch_pictures({posts[key]: key[0] for key, words in said.items() if words.picture_url}, bare_of_picture)
    live.tell(events.topics_of(pk for (pk,) in run(_TICKETS, [row[0] for row in rows])))


def _as_of(news: PostSeen) -> datetime:
    return news.as_of or clock.now()


def _said(news: PostSeen) -> Said:
    return Said(
        clean(news.author.name or news.author.handle)[:255] if news.author else None,
        clean(news.author.external_id)[:255] if news.author else None,
        clean(news.text) if news.text is not None else None,
        clean(news.picture_url) if news.picture_url is not None else None,
        clean(news.permalink) if news.permalink is not None else None,
        news.at,
        news.likes,
        news.comments,
        news.shares,
        news.removed,
        orjson.dumps(cleaned(dict(news.refs))).decode() if news.refs else None,
        _as_of(news),
    )


def _with(before: Said | None, now: Said) -> Said:
    """Both, where the later word counts."""
    if before is None:
        return now
    return before._replace(**{name: word for name, word in now._asdict().items() if word is not None})


def _fetch_pictures(accounts: Mapping[int, int], bare: set[int]) -> None:
    """Have the pictures of these posts fetched that have none yet; accounts by post."""
    wanted = [
        Event(kind="post_pictured", account_id=accounts[post], data={"post": post})
        for post in sorted(accounts.keys() & bare)
    ]
    events.hand_to_reactions((event.kind, event.pk) for event in Event.objects.bulk_create(wanted))


def look_again(stale: Iterable[tuple[Account, PostStale]]) -> None:
    """Have posts of which something changed read from the network, once for each change. Call it in a
    transaction."""
    newest: dict[Key, datetime] = {}
    for account, news in stale:
        key, at = (account.pk, news.external_id), news.at or clock.now()
        newest[key] = max(newest.get(key, at), at)
    if not newest:
        return
    found = run(_STALE, *columns((*key, at) for key, at in newest.items()))
    made = [
        Event(kind="post_stale", account_id=account, data={"post": post}) for account, post in sorted(found)
    ]
    events.hand_to_reactions((each.kind, each.pk) for each in Event.objects.bulk_create(made))


_STALE = """
WITH news AS (
    SELECT p.id, new.at FROM inbox_post p
    JOIN unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS new (account, external_id, at)
        ON p.account_id = new.account AND p.external_id = new.external_id
    WHERE p.stale_at IS NULL OR p.stale_at < new.at
    ORDER BY p.id FOR UPDATE OF p
)
UPDATE inbox_post AS p SET stale_at = news.at FROM news WHERE p.id = news.id
RETURNING p.account_id, p.external_id
"""

_LOCK = "SELECT id, as_of FROM inbox_post WHERE id = ANY(%s) ORDER BY id FOR UPDATE"

_TAKE_OVER = """
UPDATE inbox_post AS p SET
    as_of = new.as_of,
    looked_up_at = new.as_of,
    author_name = coalesce(new.author_name, p.author_name),
    author_external_id = coalesce(new.author, p.author_external_id),
    text = coalesce(new.text, p.text),
    picture_url = coalesce(new.picture_url, p.picture_url),
    permalink = coalesce(new.permalink, p.permalink),
    at = coalesce(new.at, p.at),
    likes = coalesce(new.likes, p.likes),
    comments = coalesce(new.comments, p.comments),
    shares = coalesce(new.shares, p.shares),
    removed = coalesce(new.removed, p.removed),
    refs = coalesce(new.refs, p.refs)
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
    %s::int[], %s::int[], %s::int[], %s::bool[], %s::jsonb[], %s::timestamptz[])
    AS new (post, author_name, author, text, picture_url, permalink, at, likes, comments, shares, removed,
        refs, as_of)
WHERE p.id = new.post AND (p.as_of IS NULL OR p.as_of <= new.as_of)
RETURNING p.id, p.picture, p.as_of
"""

# Of a post of thousands, only the pages that may be open are told.
_TICKETS = """
SELECT t.id FROM unnest(%s::bigint[]) AS told (post)
CROSS JOIN LATERAL (SELECT id FROM inbox_ticket WHERE post_id = told.post LIMIT 200) AS t
"""

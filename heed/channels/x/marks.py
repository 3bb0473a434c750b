"""Our own likes and reposts, as X lists them: of one taken back on X itself it tells nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from heed.channels.base import AccountRecord
from heed.channels.x import calls
from heed.lib import clock
from heed.lib.http import Steps

REACHES = timedelta(days=7)
"""So old a repost may be to be looked for: each post that X shows costs something."""

Mark = tuple[str, str]
"""The post it is on, and when it was made where X says so."""


@dataclass(frozen=True, slots=True)
class List:
    """A list of X, newest first; one page of it is read."""

    reaction: str
    path: str
    asked: Mapping[str, str]
    mark: Callable[[Mapping[str, Any]], Mark | None]


def liked(account: AccountRecord) -> List:
    return List("like", f"/2/users/{account.external_id}/liked_tweets", {}, _like)


def reposted(account: AccountRecord) -> List:
    """What we posted of late, without the answers: what is reposted stands between it."""
    asked = {"exclude": "replies", "start_time": _start(), "tweet.fields": "created_at,referenced_tweets"}
    return List("repost", f"/2/users/{account.external_id}/tweets", asked, _repost)


def changes(
    account: AccountRecord, listed: List, kept: Mapping[str, Any]
) -> Steps[tuple[list[dict[str, Any]], dict[str, Any]]]:
    """What was marked and what was taken back since the last look, with what to keep for the next one. The
    first look only learns; one of which X leaves something out proves nothing."""
    page = yield from calls.call(account, "GET", listed.path, params={**listed.asked, "max_results": "100"})
    if page.get("errors"):
        return [], dict(kept)
    now = [each for row in calls.rows(page) if (each := listed.mark(row))]
    if "marked" not in kept:
        return [], {"marked": now}
    meta = page.get("meta")
    more = isinstance(meta, dict) and bool(meta.get("next_token"))
    known = [(str(post), str(at)) for post, at in kept["marked"]]
    before = [post for post, at in known if not at or at >= _start()]
    there = [post for post, _ in now]
    gone = [each for each in _as_far_as(there, before, more) if each not in there]
    came = [each for each in there if each not in before]
    return [
        *({"post": each, "reaction": listed.reaction, "on": False} for each in gone),
        *({"post": each, "reaction": listed.reaction, "on": True} for each in came),
    ], {"marked": now}


def _as_far_as(there: list[str], before: list[str], more: bool) -> list[str]:
    """Those of before that the page would show. Where the list goes on after it, newer ones push the oldest
    out: it reaches down to the last that it still shows."""
    if not more:
        return before
    shown = [place for place, each in enumerate(before) if each in there]
    return before[: shown[-1]] if shown else []


def _like(row: Mapping[str, Any]) -> Mark | None:
    """An edited post is known by its first id."""
    versions = row.get("edit_history_tweet_ids") or row.get("edit_history_post_ids") or [row.get("id")]
    return (str(versions[0]), "") if versions[0] else None


def _repost(row: Mapping[str, Any]) -> Mark | None:
    references = row.get("referenced_tweets") or row.get("referenced_posts") or []
    of = next((str(each.get("id") or "") for each in references if each.get("type") == "retweeted"), "")
    return (of, str(row.get("created_at") or "")) if of else None


def _start() -> str:
    return (clock.now() - REACHES).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Where a message belongs: the running ticket of its person, opened where there is none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from heed.channels.base import MessageReceived
from heed.channels.models import Account
from heed.inbox.arrivals.lines import line_of, window_of
from heed.inbox.arrivals.people import Author, author_key
from heed.inbox.arrivals.shapes import Arrival, Here, key_of, post_key
from heed.inbox.models import Ticket
from heed.inbox.posts import Key
from heed.inbox.statements import columns, run
from heed.lib.text import clean, first_words

Place = tuple[str, int, int]
"""Where a message belongs: kind, identity, post (0 for none)."""


def place_of(arrival: Arrival, people: Mapping[Key, Author], under: Mapping[Key, int]) -> Place:
    identity = people[author_key(arrival)].pk
    if arrival.news.visibility == "private":
        return "private", identity, 0
    return "public", identity, under.get(post_key(arrival), 0)


def homes_of(
    new: Mapping[Key, Arrival], people: Mapping[Key, Author], under: Mapping[Key, int]
) -> tuple[dict[Key, int], set[int]]:
    """The running ticket of every message, opened where there is none. Also which were opened."""
    places = {key: place_of(arrival, people, under) for key, arrival in new.items()}
    running = _running({place[1] for place in places.values()})
    _close_solved(new, places, running)
    opened = _open(new, places, running, {row.pk: row.customer for row in people.values()})
    return {key: running[place] for key, place in places.items()}, opened


def _running(identities: Iterable[int]) -> dict[Place, int]:
    """The running tickets of these people. A public matter that was taken private also takes
    the person's private messages, when they have no private ticket."""
    rows = run(_RUNNING, sorted(identities))
    found = {("private", identity, 0): pk for pk, _, identity, _, took_private in rows if took_private}
    found.update({(kind, identity, post): pk for pk, kind, identity, post, _ in rows})
    return found


_RUNNING = """
SELECT id, kind, identity_id, coalesce(post_id, 0), took_private FROM inbox_ticket
WHERE identity_id = ANY(%s) AND running ORDER BY id
"""


def _close_solved(new: Mapping[Key, Arrival], places: Mapping[Key, Place], running: dict[Place, int]) -> None:
    """Where the account wants a new ticket after a solved one, the solved one stops running."""
    newest: dict[Place, datetime] = {}
    for key, place in places.items():
        news = new[key].news
        if news.automatic or news.elsewhere:
            continue
        if place in running and new[key].account.after_solved == Account.AfterSolved.NEW:
            newest[place] = max(newest.get(place, new[key].news.at), new[key].news.at)
    if not newest:
        return
    ends = where_they_go({running[place] for place in newest})
    solved = (
        Ticket.objects.select_for_update()
        .filter(pk__in=set(ends.values()), status=Ticket.Status.SOLVED, spam=False)
        .order_by("id")
    )
    closed = {row.pk: row.solved_at for row in solved}
    for place, at in newest.items():
        end = ends[running[place]]
        since = closed.get(end)
        if end in closed and (since is None or at > since):
            Ticket.objects.filter(pk__in=(running[place], end)).update(running=False)
            del running[place]


def merged(homes: Mapping[Key, int]) -> dict[Key, int]:
    """What comes for a merged ticket goes where that one went on."""
    ends = where_they_go(set(homes.values()))
    return {key: ends[home] for key, home in homes.items()}


def where_they_go(tickets: Iterable[int]) -> dict[int, int]:
    """For each ticket the one in which it goes on, itself where it was not merged."""
    ends = {pk: pk for pk in tickets}
    while moved := dict(run(_MERGED_INTO, sorted(set(ends.values())))):
        ends = {pk: moved.get(end, end) for pk, end in ends.items()}
    return ends


_MERGED_INTO = "SELECT id, merged_into_id FROM inbox_ticket WHERE id = ANY(%s) AND merged_into_id IS NOT NULL"


def remember_homes(here: list[Here], homes: Mapping[Key, int]) -> None:
    rows = [(each.pk, homes[key_of(each.arrival)], each.ticket) for each in here]
    away = [(pk, home) for pk, home, ticket in rows if home != ticket]
    if away:
        run(_SET_HOMES, *columns(away))


_SET_HOMES = """
UPDATE inbox_message AS m SET home_id = new.home
FROM unnest(%s::bigint[], %s::bigint[]) AS new (message, home) WHERE m.id = new.message RETURNING m.id
"""


def _open(
    new: Mapping[Key, Arrival],
    places: Mapping[Key, Place],
    running: dict[Place, int],
    customers: Mapping[int, int],
) -> set[int]:
    by_place: dict[Place, list[MessageReceived]] = defaultdict(list)
    accounts: dict[Place, Account] = {}
    for key, place in places.items():
        if place not in running:
            by_place[place].append(new[key].news)
            accounts[place] = new[key].account
    if not by_place:
        return set()
    windows = {account.pk: window_of(account) for account in accounts.values()}
    rows = [
        (*place, accounts[place].pk, customers[place[1]], windows[accounts[place].pk], *_opening(news))
        for place, news in sorted(by_place.items(), key=lambda each: each[0])
    ]
    opened = {(kind, identity, post): pk for pk, kind, identity, post in run(_OPEN_TICKETS, *columns(rows))}
    if len(opened) < len(by_place):
        found = _running({place[1] for place in by_place})
        running.update({place: found[place] for place in by_place})
    running.update(opened)
    return set(opened.values())


def _opening(news: list[MessageReceived]) -> tuple[Any, ...]:
    """The subject, and what `line_of` says of the messages a ticket opens with."""
    first = min(news, key=lambda each: each.at)
    last_at, words, opened_at, window_from, *_ = line_of(news)
    waiting = [each.at for each in news if not each.elsewhere]
    waits_from = min(waiting) if waiting else None
    return (
        first_words(clean(first.text), 80) or words[:80],
        last_at,
        words,
        opened_at,
        window_from,
        waits_from,
    )


_OPEN_TICKETS = """
INSERT INTO inbox_ticket (kind, identity_id, post_id, account_id, customer_id, subject, last_at, last_text,
    opened_at, waiting_since, last_private_in, window_closes_at, status, running, unanswered,
    last_direction, last_author, took_private, spam, solved_at)
SELECT kind, identity, nullif(post, 0), account, new.customer, subject, last_at, words,
    opened_at, CASE WHEN who.blocked THEN NULL ELSE waits_from END, window_from,
    window_from + "window" * interval '1 second', CASE WHEN who.blocked THEN 'solved' ELSE 'new' END, true,
    waits_from IS NOT NULL AND NOT who.blocked, 'in', '', false, who.blocked,
    CASE WHEN who.blocked THEN last_at END
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::text[],
    %s::timestamptz[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
    AS new (kind, identity, post, account, customer, "window", subject, last_at, words, opened_at,
        window_from, waits_from)
JOIN inbox_identity AS who ON who.id = new.identity
ON CONFLICT DO NOTHING
RETURNING id, kind, identity_id, coalesce(post_id, 0)
"""

"""Where a message belongs: the running ticket of its person, opened where there is none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from heed.channels.base import MessageReceived
from heed.channels.models import Account
from heed.inbox.arrivals.lines import line_of, window_of
from heed.inbox.arrivals.people import Author
from heed.inbox.arrivals.shapes import Arrival, Here, Overtaken, key_of, post_key
from heed.inbox.models import Ticket
from heed.inbox.posts import Key
from heed.inbox.statements import columns, run
from heed.lib.text import clean, first_words

Place = tuple[str, int, int, str]
"""Where a message belongs: kind, identity, post (0 for none), and which of the matters that the person begins
now (empty for the one that runs)."""


def place_of(arrival: Arrival, writer: Author, under: Mapping[Key, int]) -> Place:
    if arrival.news.visibility == "private":
        return "private", writer.pk, 0, ""
    return "public", writer.pk, under.get(post_key(arrival), 0), ""


def homes_of(
    new: Mapping[Key, Arrival], places: Mapping[Key, Place], customers: Mapping[int, int]
) -> tuple[dict[Key, int], set[int]]:
    """The ticket of each place: the running one, opened where there is none. Also which were opened.
    `customers` are those of the identities. Raises `Overtaken`."""
    running = _running({place[1] for place in places.values()})
    _close_solved(new, places, running)
    places = _apart(new, places, running)
    opened = _open(new, places, running, customers)
    return {key: running[place] for key, place in places.items()}, opened


def _running(identities: Iterable[int]) -> dict[Place, int]:
    """The running tickets of these people. A public matter that was taken private also takes
    the person's private messages, when they have no private ticket."""
    rows = run(_RUNNING, sorted(identities))
    found = {("private", identity, 0, ""): pk for pk, _, identity, _, took_private in rows if took_private}
    found.update({(kind, identity, post, ""): pk for pk, kind, identity, post, _ in rows})
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


def _apart(
    new: Mapping[Key, Arrival], places: Mapping[Key, Place], running: Mapping[Place, int]
) -> Mapping[Key, Place]:
    """Before somebody begins a matter apart, the one that runs stops doing so. Where none does, what they
    write without saying what about goes into the last that they begin."""
    begun = _begun(new, places)
    if not begun:
        return places
    stopped = [running[place] for who in begun if (place := ("private", who, 0, "")) in running]
    if stopped:
        run(_STOP, sorted(stopped))
    bare = {("private", who, 0, ""): matters[-1] for who, matters in begun.items()}
    return {key: place if place in running else bare.get(place, place) for key, place in places.items()}


def _begun(new: Mapping[Key, Arrival], places: Mapping[Key, Place]) -> dict[int, list[Place]]:
    """The matters that each person begins, in the order of time."""
    begun: dict[int, dict[Place, None]] = defaultdict(dict)
    apart = [key for key, place in places.items() if place[3]]
    for key in sorted(apart, key=lambda key: (new[key].news.at, key)):
        begun[places[key][1]][places[key]] = None
    return {who: list(matters) for who, matters in begun.items()}


_STOP = """
UPDATE inbox_ticket SET running = false
WHERE id IN (SELECT id FROM inbox_ticket WHERE id = ANY(%s) ORDER BY id FOR UPDATE)
"""


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
    runs = {matters[-1] for matters in _begun(new, places).values()}
    ordered = sorted(by_place)
    rows = [
        (
            *place[:3],
            accounts[place].pk,
            customers[place[1]],
            windows[accounts[place].pk],
            not place[3] or place in runs,
            *_opening(by_place[place]),
        )
        for place in ordered
    ]
    opened = {ordered[number - 1]: pk for number, pk in run(_OPEN_TICKETS, *columns(rows))}
    missing = by_place.keys() - opened.keys()
    if any(place[3] for place in missing):
        raise Overtaken  # somebody else wrote down for the same person what may be about the same
    if missing:
        found = _running({place[1] for place in missing})
        running.update({place: found[place] for place in missing})
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
WITH new AS MATERIALIZED (
    SELECT nextval('inbox_ticket_id_seq') AS id, each.*
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::bool[],
        %s::text[], %s::timestamptz[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
        WITH ORDINALITY
        AS each (kind, identity, post, account, customer, "window", runs, subject, last_at, words, opened_at,
            window_from, waits_from, number)
),
made AS (
    INSERT INTO inbox_ticket (id, kind, identity_id, post_id, account_id, customer_id, subject, last_at,
        last_text, opened_at, waiting_since, last_private_in, window_closes_at, status, running, unanswered,
        last_direction, last_author, took_private, spam, solved_at)
    SELECT new.id, kind, identity, nullif(post, 0), account, new.customer, subject, last_at, words,
        opened_at, CASE WHEN who.blocked THEN NULL ELSE waits_from END, window_from,
        window_from + "window" * interval '1 second', CASE WHEN who.blocked THEN 'solved' ELSE 'new' END,
        runs, waits_from IS NOT NULL AND NOT who.blocked, 'in', '', false, who.blocked,
        CASE WHEN who.blocked THEN last_at END
    FROM new JOIN inbox_identity AS who ON who.id = new.identity
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT number, made.id FROM made JOIN new USING (id)
"""

"""Which matter a mail is about: the one of what it answers, else its sender's own of that subject, else a
new one.

Only messages that name what they answer, or what they are about, come here; a network without such names
pays nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from heed.channels.base import MATTER, MessageReceived
from heed.channels.models import Account
from heed.inbox.arrivals.homes import Place, where_they_go
from heed.inbox.arrivals.people import Author
from heed.inbox.arrivals.shapes import Arrival
from heed.inbox.models import FormerNumber
from heed.inbox.posts import Key
from heed.inbox.statements import columns, run
from heed.inbox.way_back import ticket_of


class Standing(NamedTuple):
    """A ticket, as far as it matters whether somebody's message belongs to it."""

    pk: int
    account: int
    solved: bool
    solved_at: datetime | None
    writer: Author
    """Whose ticket it is."""


class Lead(NamedTuple):
    """Where what a message answers stands: `home` is the ticket it belongs to, `end` the one in which that
    goes on, `account` whose that is, and `writer` whose the first is: in a merged ticket several wrote."""

    home: int
    end: Standing
    account: Account
    writer: Author


def goes_on(news: MessageReceived, solved: bool, solved_at: datetime | None, account: Account) -> bool:
    """Whether a message about it goes into this ticket: after a solved one the account may want a new one."""
    if not solved or account.after_solved == Account.AfterSolved.REOPEN:
        return True
    return news.automatic or news.elsewhere or (solved_at is not None and news.at <= solved_at)


# ------------------------------------------------------------------------- what is answered


def leads_of(new: Mapping[Key, Arrival]) -> dict[Key, Lead]:
    """Of each message that answers something known, where that stands."""
    words = {key: number for key, each in new.items() if (number := _number(each)) is not None}
    answering = {key: each for key, each in new.items() if each.news.answers}
    if not words and not answering:
        return {}
    known = _known(answering)
    numbers = _of_today(words.values())
    ends = where_they_go([*numbers.values(), *(pk for places in known.values() for pk in places)])
    standing = _standing({*ends, *ends.values()})
    accounts = {each.account.pk: each.account for each in new.values()}
    others = {each.account for each in standing.values()} - set(accounts)
    accounts |= Account.objects.in_bulk(others) if others else {}
    leads: dict[Key, Lead] = {}
    for key, each in new.items():
        for home in _homes(key, each, words, numbers, known, ends):
            end = standing.get(ends[home])
            if end is not None:
                leads[key] = Lead(home, end, accounts[end.account], standing.get(home, end).writer)
                break
    return leads


def _number(arrival: Arrival) -> int | None:
    word = arrival.news.way_back
    return ticket_of(word, arrival.account.pk) if word else None


def _of_today(numbers: Iterable[int]) -> dict[int, int]:
    """Tickets by the numbers that words name. One that was poured into another has that one's today."""
    wanted = set(numbers)
    here = {pk for (pk,) in run(_THERE, sorted(wanted))} if wanted else set()
    found = {number: number for number in here}
    if wanted - here:
        former = FormerNumber.objects.filter(number__in=wanted - here)
        found |= dict(former.values_list("number", "ticket_id"))
    return found


_THERE = "SELECT id FROM inbox_ticket WHERE id = ANY(%s)"


def _known(answering: Mapping[Key, Arrival]) -> dict[Key, tuple[int, int]]:
    """Of the messages that are answered and known: the ticket each is in, and the one it belongs to."""
    ids = sorted({(key[0], id) for key, each in answering.items() for id in each.news.answers})
    if not ids:
        return {}
    return {(account, id): (ticket, home) for account, id, ticket, home in run(_WHERE_KNOWN, *columns(ids))}


_WHERE_KNOWN = """
SELECT account_id, external_id, ticket_id, coalesce(home_id, ticket_id) FROM inbox_message
JOIN unnest(%s::bigint[], %s::text[]) AS new (account, id) ON account_id = account AND external_id = new.id
WHERE external_id <> ''
"""


def _homes(
    key: Key,
    arrival: Arrival,
    words: Mapping[Key, int],
    numbers: Mapping[int, int],
    known: Mapping[Key, tuple[int, int]],
    ends: Mapping[int, int],
) -> Iterator[int]:
    """The tickets that a message may belong to, by what says so best."""
    if key in words and words[key] in numbers:
        yield numbers[words[key]]
    for id in arrival.news.answers:
        if (key[0], id) in known:
            ticket, home = known[key[0], id]
            yield home if ends[home] == ticket else ticket  # what was split off does not go home


def _standing(tickets: set[int]) -> dict[int, Standing]:
    """These tickets, without spam."""
    rows = run(_STANDING, sorted(tickets)) if tickets else []
    return {pk: Standing(pk, account, solved, at, Author(*who)) for pk, account, solved, at, *who in rows}


_STANDING = """
SELECT t.id, t.account_id, t.status = 'solved', t.solved_at,
    i.id, t.customer_id, i.reachable, i.name, i.handle, i.avatar_url, i.language, i.also_id
FROM inbox_ticket t JOIN inbox_identity i ON i.id = t.identity_id
WHERE t.id = ANY(%s) AND NOT t.spam AND t.kind = 'private'
"""


def writers_elsewhere(new: Mapping[Key, Arrival], leads: Mapping[Key, Lead]) -> dict[Key, Author]:
    """Who answers from here what they were sent out of a talk somewhere else, and is known there by the very
    address they write from."""
    return {
        key: lead.writer
        for key, lead in leads.items()
        if lead.account.pk != key[0]
        and (author := new[key].news.author) is not None
        and lead.writer.handle.lower() == author.external_id
    }


def without_blocked(leads: Mapping[Key, Lead], writers: Mapping[Key, Author]) -> dict[Key, Lead]:
    """Whoever is blocked stays where that holds, whatever they answer."""
    others = {
        writers[key].pk
        for key, lead in leads.items()
        if writers[key].pk not in (lead.writer.pk, lead.end.writer.pk)
    }
    blocked = {pk for (pk,) in run(_BLOCKED, sorted(others))} if others else set()
    return {key: lead for key, lead in leads.items() if writers[key].pk not in blocked}


_BLOCKED = "SELECT id FROM inbox_identity WHERE id = ANY(%s) AND blocked"


# ------------------------------------------------------------------------ what it is about


def part(
    new: Mapping[Key, Arrival],
    places: dict[Key, Place],
    writers: Mapping[Key, Author],
    homes: dict[Key, int],
) -> None:
    """Give each message that begins a matter a place of its own in `places`, and in `homes` the ticket to
    those that go on with one of their sender's."""
    about = {key: matter for key, each in new.items() if key not in homes and (matter := _matter(each))}
    if not about:
        return
    theirs = _their_tickets({writers[key].pk for key in about})
    begun: dict[tuple[int, str], Place] = {}
    for key in _answered_first(new):
        answered = _in_batch(key, new)
        if key in homes:
            continue
        if answered in homes:
            homes[key] = homes[answered]
        elif answered is not None and places[answered][3]:
            places[key] = places[answered]
        elif key in about:
            what, news = (writers[key].pk, about[key]), new[key].news
            found = theirs.get(what)
            if found is not None and _is_seen_in(news, found[1], found[2], new[key].account):
                homes[key] = found[0]
            else:
                places[key] = begun.setdefault(what, ("private", what[0], 0, news.external_id))


def _matter(arrival: Arrival) -> str:
    news = arrival.news
    return "" if news.visibility != "private" else str(news.refs.get(MATTER, ""))


def _is_seen_in(news: MessageReceived, solved: bool, solved_at: datetime | None, account: Account) -> bool:
    """Whether it goes on in this ticket. A machine's never wakes one: in a solved one nobody would see it."""
    late = solved_at is not None and news.at <= solved_at
    return not solved or late if news.automatic else goes_on(news, solved, solved_at, account)


def _their_tickets(identities: set[int]) -> dict[tuple[int, str], tuple[int, bool, datetime | None]]:
    """Of these people the tickets that go on, by whose they are and what was last written about in them; of
    two the newer one."""
    rows = run(_THEIR_TICKETS, sorted(identities), MATTER, MATTER)
    return {(who, matter): (pk, solved, at) for who, matter, pk, solved, at in rows}


# The newest of each by `-id`, so that nobody walks all tickets backwards in search of them.
_THEIR_TICKETS = """
SELECT who.id, newest.matter, t.id, t.status = 'solved', t.solved_at
FROM unnest(%s::bigint[]) AS who (id)
CROSS JOIN LATERAL (
    SELECT id, status, solved_at FROM inbox_ticket
    WHERE identity_id = who.id AND kind = 'private' AND (running OR status <> 'solved')
        AND merged_into_id IS NULL
    ORDER BY -id LIMIT 20
) AS t
CROSS JOIN LATERAL (
    SELECT refs ->> %s AS matter FROM inbox_message
    WHERE ticket_id = t.id AND refs ? %s ORDER BY at DESC, external_id DESC, id DESC LIMIT 1
) AS newest
ORDER BY t.id
"""


def _answered_first(new: Mapping[Key, Arrival]) -> list[Key]:
    """In the order of time, but what is answered before what answers it: clocks tell seconds only."""
    order: list[Key] = []
    seen: set[Key] = set()
    for start in sorted(new, key=lambda key: (new[key].news.at, key)):
        chain: list[Key] = []
        key: Key | None = start
        while key is not None and key not in seen:
            seen.add(key)
            chain.append(key)
            key = _in_batch(key, new)
        order += reversed(chain)
    return order


def _in_batch(key: Key, new: Mapping[Key, Arrival]) -> Key | None:
    """The message that this one answers, if that comes at the same time."""
    return next(((key[0], id) for id in new[key].news.answers if (key[0], id) in new), None)

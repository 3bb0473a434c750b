"""Customers' messages, stored many at a time.

A batch costs a fixed number of statements, however many messages it holds; that is why they are
written in SQL. Every insert rests on a unique key and *on conflict do nothing*: what is already
there stays as it is, so a delivery can be read any number of times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db import transaction

from heed.channels.base import IdentitySeen, MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import early, posts
from heed.inbox.models import Attachment, Customer, Identity, Ticket
from heed.inbox.posts import Key
from heed.inbox.statements import cleaned, columns, run
from heed.lib import clock
from heed.lib.text import clean, first_words

PAPER_CLIP = "📎"
"""What the list shows for a message without words."""


class Arrival(NamedTuple):
    """A message and the account it belongs to."""

    account: Account
    news: MessageReceived


@dataclass
class Stored:
    """What a batch changed: the events written and the tickets touched."""

    events: list[tuple[str, int]]
    tickets: set[int]


class Here(NamedTuple):
    """A message that was stored just now."""

    pk: int
    ticket: int
    arrival: Arrival


Place = tuple[str, int, int]
"""Where a message belongs: kind, identity, post (0 for none)."""


class _Overtaken(Exception):
    """Another process stored some of these messages while we were at it."""


def store(arrivals: list[Arrival]) -> Stored:
    """Store a batch of customers' messages; duplicates change nothing. Call it in a transaction."""
    while True:
        try:
            with transaction.atomic():
                return _store(arrivals)
        except _Overtaken:
            continue  # now we see them


def _store(arrivals: list[Arrival]) -> Stored:
    new = _not_yet_here(arrivals)
    if not new:
        return Stored([], set())
    people = _people(new)
    under = posts.known_or_bare({_post_key(arrival) for arrival in new.values() if arrival.news.post})
    homes, opened = _tickets(new, people, under)
    tickets = _merged(homes)
    here = _messages(new, people, tickets)
    if len(here) < len(new) and opened:
        raise _Overtaken  # what we opened a ticket with may stand elsewhere
    if not here:
        return Stored([], set())
    _remember_homes(here, homes)
    _reach_again(here, people)
    _attachments(here)
    posts.count_comments(under[_post_key(each.arrival)] for each in here if each.arrival.news.post)
    reopened = _refresh_tickets(each for each in here if each.ticket not in opened)
    events = _events(here, opened, reopened)
    early.apply_to({_key(each.arrival): each.pk for each in here})
    return Stored(events, {each.ticket for each in here})


def _key(arrival: Arrival) -> Key:
    return arrival.account.pk, arrival.news.external_id


def _post_key(arrival: Arrival) -> Key:
    return arrival.account.pk, arrival.news.post


def _not_yet_here(arrivals: list[Arrival]) -> dict[Key, Arrival]:
    """The arrivals by account and id, without those stored before, in a fixed order.

    The order is the same in every process, so two that work on the same people wait for each
    other instead of locking each other out.
    """
    wanted = {_key(arrival): arrival for arrival in reversed(arrivals)}
    if wanted:
        for key in run(_KNOWN_MESSAGES, *columns(wanted)):
            wanted.pop((key[0], key[1]), None)
    return _without_our_own(dict(sorted(wanted.items())))


def _without_our_own(new: dict[Key, Arrival]) -> dict[Key, Arrival]:
    """Without what another account of ours wrote, where accounts can answer for each other: that account
    hears of it, too, and nobody waits for an answer to it."""
    authors = {
        (arrival.account.network, author.external_id)
        for arrival in new.values()
        if (author := arrival.news.author) is not None and arrival.account.able.public_from != "own"
    }
    if not authors:
        return new
    ids = {external_id for _, external_id in authors}
    known = Account.objects.filter(network__in={each for each, _ in authors}, external_id__in=ids)
    ours = set(known.values_list("network", "external_id"))
    return {
        key: arrival
        for key, arrival in new.items()
        if not ours
        or arrival.news.author is None
        or (arrival.account.network, arrival.news.author.external_id) not in ours
        or arrival.account.external_id == arrival.news.author.external_id
    }


_KNOWN_MESSAGES = """
SELECT account_id, external_id FROM inbox_message
JOIN unnest(%s::bigint[], %s::text[]) AS new (account, id) ON account_id = account AND external_id = new.id
WHERE external_id <> ''
"""

# --------------------------------------------------------------------------------- people


class Author(NamedTuple):
    """An identity's row, as far as a batch needs it."""

    pk: int
    customer: int
    reachable: bool
    name: str
    handle: str
    avatar_url: str
    language: str
    also_id: str


def _author(arrival: Arrival) -> Person:
    """Who wrote; a stand-in of its own for a message whose author the network did not name."""
    return arrival.news.author or Person("?" + arrival.news.external_id)


def _author_key(arrival: Arrival) -> Key:
    return arrival.account.pk, _author(arrival).external_id


def _people(new: Mapping[Key, Arrival]) -> dict[Key, Author]:
    """The identity of every author, made where it is new."""
    persons: dict[Key, Person] = {}
    for arrival in new.values():
        key, person = _author_key(arrival), _author(arrival)
        if key not in persons or person.also or not persons[key].also:
            persons[key] = person
    found = _known_people(persons)
    found.update(_known_by_other_id(persons, found))
    missing = sorted(key for key in persons if key not in found)
    if missing:
        seconds = {(key[0], persons[key].also) for key in missing}
        rows = [(*key, *_facts(persons[key])) for key in missing if key not in seconds]
        run(_INSERT_PEOPLE, *columns(rows), clock.now())
        found.update(_known_people(missing))
    _note_news_of_people(persons, found)
    return found


def _known_by_other_id(persons: Mapping[Key, Person], found: Mapping[Key, Author]) -> dict[Key, Author]:
    """Those we know only by the second id that came along."""
    others = {key: (key[0], person.also) for key, person in persons.items() if person.also}
    others = {key: other for key, other in others.items() if key not in found}
    if not others:
        return {}
    known = _known_people(others.values())
    return {key: known[other] for key, other in others.items() if other in known}


def _known_people(keys: Iterable[Key]) -> dict[Key, Author]:
    """By external id; where that is nobody's, by an id learned from a private reply."""
    found = run(_KNOWN_PEOPLE, *columns(keys) * 3)
    return {(row[0], row[1]): Author(*row[2:]) for row in found}


_KNOWN_PEOPLE = """
SELECT account_id, private_id, i.id, customer_id, reachable, name, handle, avatar_url, language, also_id
FROM inbox_identity i
JOIN unnest(%s::bigint[], %s::text[]) AS new (account, id) ON account_id = account AND private_id = new.id
WHERE private_id <> ''
UNION ALL
SELECT account_id, also_id, i.id, customer_id, reachable, name, handle, avatar_url, language, also_id
FROM inbox_identity i
JOIN unnest(%s::bigint[], %s::text[]) AS new (account, id) ON account_id = account AND also_id = new.id
WHERE also_id <> ''
UNION ALL
SELECT account_id, external_id, i.id, customer_id, reachable, name, handle, avatar_url, language, also_id
FROM inbox_identity i
JOIN unnest(%s::bigint[], %s::text[]) AS new (account, id) ON account_id = account AND external_id = new.id
"""

_INSERT_PEOPLE = """
WITH made AS (
    INSERT INTO inbox_identity (account_id, external_id, name, handle, avatar_url, language, also_id,
        customer_id, reachable, private_id)
    SELECT *, nextval('inbox_customer_id_seq'), true, ''
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    ON CONFLICT DO NOTHING
    RETURNING customer_id, name, handle
)
INSERT INTO inbox_customer (id, name, created_at)
SELECT customer_id, CASE WHEN name = '' THEN handle ELSE name END, %s FROM made
"""


def _facts(person: Person) -> tuple[str, str, str, str, str]:
    return (
        clean(person.name)[:255],
        clean(person.handle)[:255],
        clean(person.avatar_url),
        person.language[:20],
        clean(person.also)[:255],
    )


def _is_news(person: Person, known: Author) -> bool:
    return any(new and new != old for new, old in zip(_facts(person), known[3:], strict=True))


def already_known(seen: Iterable[tuple[Account, IdentitySeen]]) -> set[Key]:
    """The people of whom nothing that is said here is new: some networks say with every message who
    wrote it."""
    told: dict[Key, list[IdentitySeen]] = defaultdict(list)
    for account, news in seen:
        told[account.pk, news.person.external_id].append(news)
    known = _known_people(told) if told else {}
    return {
        key
        for key, author in known.items()
        if not any(_is_news(each.person, author) for each in told[key])
        and all(each.reachable in (None, author.reachable) for each in told[key])
    }


def _note_news_of_people(persons: Mapping[Key, Person], found: Mapping[Key, Author]) -> None:
    changed = sorted(found[key].pk for key, person in persons.items() if _is_news(person, found[key]))
    if not changed:
        return
    news = {found[key].pk: person for key, person in persons.items()}
    for row in Identity.objects.select_for_update().filter(pk__in=changed).order_by("pk"):
        if refresh_identity(row, news[row.pk]):
            row.save(update_fields=[*_FACTS])
            Customer.objects.filter(pk=row.customer_id, name="").update(name=str(row))


def _reach_again(here: list[Here], people: Mapping[Key, Author]) -> None:
    """Whoever writes to us privately can be written to, whatever was known before."""
    writers = {
        people[_author_key(each.arrival)].pk
        for each in here
        if each.arrival.news.visibility == "private" and each.arrival.news.opens_window
    }
    if writers:
        run(
            "UPDATE inbox_identity SET reachable = true WHERE id = ANY(%s) AND NOT reachable", sorted(writers)
        )


_FACTS = ("name", "handle", "avatar_url", "language", "also_id")


def refresh_identity(row: Identity, person: Person) -> bool:
    """Take over what is new about a person; True when something was. Nothing known is emptied."""
    changed = False
    for field, value in zip(_FACTS, _facts(person), strict=True):
        if field == "also_id" and value == row.external_id:
            value = person.external_id  # known by what is the second id now: the first becomes it
        if value and getattr(row, field) != value:
            setattr(row, field, value)
            changed = True
    return changed


# -------------------------------------------------------------------------------- tickets


def _place(arrival: Arrival, people: Mapping[Key, Author], under: Mapping[Key, int]) -> Place:
    identity = people[_author_key(arrival)].pk
    if arrival.news.visibility == "private":
        return "private", identity, 0
    return "public", identity, under.get(_post_key(arrival), 0)


def _tickets(
    new: Mapping[Key, Arrival], people: Mapping[Key, Author], under: Mapping[Key, int]
) -> tuple[dict[Key, int], set[int]]:
    """The running ticket of every message, opened where there is none. Also which were opened."""
    places = {key: _place(arrival, people, under) for key, arrival in new.items()}
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


def _merged(homes: Mapping[Key, int]) -> dict[Key, int]:
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


def _remember_homes(here: list[Here], homes: Mapping[Key, int]) -> None:
    rows = [(each.pk, homes[_key(each.arrival)], each.ticket) for each in here]
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
    """The subject, and what `_line` says of the messages a ticket opens with."""
    first = min(news, key=lambda each: each.at)
    last_at, words, opened_at, window_from, *_ = _line(news)
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

# ------------------------------------------------------------------------------- messages


def _messages(
    new: Mapping[Key, Arrival], people: Mapping[Key, Author], tickets: Mapping[Key, int]
) -> list[Here]:
    """Insert the messages; only those that were really new come back."""
    rows = [_row(arrival, tickets[key], people[_author_key(arrival)].pk) for key, arrival in new.items()]
    inserted = run(_INSERT_MESSAGES, clock.now(), *columns(rows))
    return [Here(pk, ticket, new[(account, external_id)]) for pk, account, external_id, ticket in inserted]


def _row(arrival: Arrival, ticket: int, identity: int) -> tuple[Any, ...]:
    news = arrival.news
    return (
        arrival.account.pk,
        ticket,
        identity,
        news.external_id,
        news.visibility,
        news.kind[:20],
        clean(news.text),
        news.at,
        news.parent[:255],
        clean(news.permalink),
        orjson.dumps(cleaned(dict(news.refs))).decode() if news.refs else "{}",
        news.automatic,
    )


_INSERT_MESSAGES = """
INSERT INTO inbox_message (created_at, account_id, ticket_id, identity_id, external_id, visibility, kind,
    text, at, parent, permalink, refs, automatic, direction, state, hidden, liked, reposted, attempts,
    reason, detail)
SELECT %s, new.*, 'in', 'received', false, false, false, 0, '', ''
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::timestamptz[], %s::text[], %s::text[], %s::jsonb[], %s::bool[]) AS new
ON CONFLICT DO NOTHING
RETURNING id, account_id, external_id, ticket_id
"""


def _attachments(here: Iterable[Here]) -> None:
    rows = [
        attachment_row(each.pk, position, attachment)
        for each in here
        for position, attachment in enumerate(each.arrival.news.attachments)
    ]
    if rows:
        Attachment.objects.bulk_create(rows, ignore_conflicts=True)


def attachment_row(message: int, position: int, each: Any) -> Attachment:
    """A file as the network announced it: to be fetched, or only a link or text."""
    fetchable = each.url.startswith(("http://", "https://", "media:")) and each.kind not in (
        "link",
        "location",
        "contact",
    )
    return Attachment(
        message_id=message,
        position=position,
        kind=each.kind,
        url=clean(each.url),
        name=clean(each.name)[:255],
        mime=each.mime[:120],
        size=each.size,
        text=clean(each.text),
        state=Attachment.State.WAITING if fetchable else Attachment.State.LINK,
    )


# ---------------------------------------------------------------------- the ticket's row


def _refresh_tickets(here: Iterable[Here]) -> dict[int, str]:
    """Bring the rows of the list up to date; gives back the tickets that this reopened or woke, with the
    kind of event that says so.

    Every value is a maximum or minimum over the network's times, so the order in which
    deliveries are read makes no difference.
    """
    by_ticket: dict[int, list[MessageReceived]] = defaultdict(list)
    accounts: dict[int, Account] = {}
    for each in here:
        by_ticket[each.ticket].append(each.arrival.news)
        accounts[each.ticket] = each.arrival.account
    if not by_ticket:
        return {}
    windows = {account.pk: window_of(account) for account in accounts.values()}
    lines = [
        (ticket, *_line(by_ticket[ticket]), windows[accounts[ticket].pk]) for ticket in sorted(by_ticket)
    ]
    locked = run(_LOCK_TICKETS, [line[0] for line in lines])
    if any(merged for *_, merged in locked):
        raise _Overtaken  # somebody merged one meanwhile
    solved = {pk for pk, status, *_ in locked if status == Ticket.Status.SOLVED}
    asleep = {pk for pk, _, snoozed, _ in locked if snoozed}
    now = run(_REFRESH_TICKETS, *columns(lines))
    overtaken = [pk for pk, _, _, partly_answered in now if partly_answered]
    if overtaken:
        run(_WAITING_SINCE, overtaken)
    told = {pk: "woke" for pk, _, awake, _ in now if pk in asleep and awake}
    told |= {
        pk: "ticket_reopened" for pk, status, *_ in now if pk in solved and status != Ticket.Status.SOLVED
    }
    return told


def window_of(account: Account) -> int | None:
    """For how many seconds a customer's private message lets us write freely; None: always."""
    private = account.able.private
    return private.window if private else None


class Line(NamedTuple):
    """What messages that come together change in a ticket's row."""

    last_at: datetime
    words: str
    first_at: datetime
    window_from: datetime | None
    """The last that lets us answer privately."""
    waits_from: datetime | None
    """The first and the last that a person wrote, and that therefore wait for an answer."""
    waits_at: datetime | None


def _line(news: list[MessageReceived]) -> Line:
    last = max(news, key=lambda each: (each.at, each.external_id))
    windows = [each.at for each in news if each.visibility == "private" and each.opens_window]
    waiting = [each.at for each in news if not (each.automatic or each.elsewhere)]
    return Line(
        last.at,
        first_words(clean(last.text), 180) or PAPER_CLIP,
        min(each.at for each in news),
        max(windows) if windows else None,
        min(waiting) if waiting else None,
        max(waiting) if waiting else None,
    )


_LOCK_TICKETS = """
SELECT id, status, snoozed_until IS NOT NULL, merged_into_id IS NOT NULL FROM inbox_ticket
WHERE id = ANY(%s) ORDER BY id FOR UPDATE
"""

_REFRESH_TICKETS = """
UPDATE inbox_ticket AS t SET
    last_text = CASE WHEN n.at >= t.last_at THEN n.words ELSE t.last_text END,
    last_direction = CASE WHEN n.at >= t.last_at THEN 'in' ELSE t.last_direction END,
    last_author = CASE WHEN n.at >= t.last_at THEN '' ELSE t.last_author END,
    last_at = greatest(t.last_at, n.at),
    opened_at = least(t.opened_at, n.first),
    subject = CASE WHEN t.subject = '' THEN left(n.words, 80) ELSE t.subject END,
    last_private_in = greatest(t.last_private_in, n.window_from),
    window_closes_at = greatest(t.last_private_in, n.window_from) + n."window" * interval '1 second',
    unanswered = t.unanswered OR n.waits,
    waiting_since = CASE WHEN n.waits AND NOT n.partly_answered THEN least(t.waiting_since, n.waits_from)
        ELSE t.waiting_since END,
    status = CASE WHEN n.waits AND (t.status = 'solved' OR t.snoozed_until IS NOT NULL) THEN 'open'
        ELSE t.status END,
    snoozed_until = CASE WHEN n.waits THEN NULL ELSE t.snoozed_until END,
    solved_at = CASE WHEN n.waits THEN NULL ELSE t.solved_at END
FROM (
    SELECT new.*,
        coalesce(now.outside_until IS NULL AND waits_at IS NOT NULL OR waits_at > now.outside_until, false)
            AND NOT (now.spam OR who.blocked) AS waits,
        coalesce(waits_from <= now.outside_until AND waits_at > now.outside_until, false)
            AND NOT (now.spam OR who.blocked) AS partly_answered
    FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::timestamptz[], %s::timestamptz[],
        %s::timestamptz[], %s::timestamptz[], %s::int[])
        AS new (ticket, at, words, first, window_from, waits_from, waits_at, "window")
    JOIN inbox_ticket AS now ON now.id = new.ticket
    JOIN inbox_identity AS who ON who.id = now.identity_id
) AS n
WHERE t.id = n.ticket
RETURNING t.id, t.status, t.snoozed_until IS NULL, n.partly_answered
"""

# Of what came together, an answer outside Heed has answered the older part only.
_WAITING_SINCE = """
UPDATE inbox_ticket AS t SET waiting_since = (
    SELECT min(m.at) FROM inbox_message m
    WHERE m.ticket_id = t.id AND m.direction = 'in' AND NOT m.automatic AND m.at > t.outside_until
)
WHERE t.id = ANY(%s)
"""

# --------------------------------------------------------------------------------- events


def _events(here: list[Here], opened: set[int], reopened: Mapping[int, str]) -> list[tuple[str, int]]:
    """One event per message, and one per ticket opened, reopened or woken: kinds and ids."""
    first: dict[int, Here] = {}
    for each in here:
        if each.ticket not in first or each.arrival.news.at < first[each.ticket].arrival.news.at:
            first[each.ticket] = each
    rows = [_event("message_received", each) for each in here]
    rows += [_event("ticket_opened", first[ticket]) for ticket in sorted(opened & set(first))]
    rows += [_event(kind, first[ticket]) for ticket, kind in sorted(reopened.items()) if ticket in first]
    return [(kind, pk) for kind, pk in run(_INSERT_EVENTS, *columns(rows))]


def _event(kind: str, each: Here) -> tuple[str, int, int, int, datetime]:
    return kind, each.arrival.account.pk, each.ticket, each.pk, each.arrival.news.at


_INSERT_EVENTS = """
INSERT INTO inbox_event (kind, account_id, ticket_id, message_id, at, data)
SELECT *, '{}' FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[])
RETURNING kind, id
"""

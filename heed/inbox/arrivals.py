"""Customers' messages, stored many at a time.

A batch costs a fixed number of statements, however many messages it holds. Every insert rests on
a unique key and *on conflict do nothing*: what is already there stays as it is, so a delivery can
be read any number of times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from django.db import connection
from django.db.models import Q

from heed.channels.base import MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import early
from heed.inbox.models import Attachment, Customer, Event, Identity, Message, Post, Ticket
from heed.lib import clock
from heed.lib.text import clean, first_words


class Arrival(NamedTuple):
    """A message and the account it belongs to."""

    account: Account
    news: MessageReceived


@dataclass
class Stored:
    """What a batch changed: the events written and the tickets touched."""

    events: list[int]
    tickets: set[int]


def store(arrivals: list[Arrival]) -> Stored:
    """Store a batch of customers' messages; duplicates change nothing. Call it in a transaction."""
    new = _not_yet_here(arrivals)
    if not new:
        return Stored([], set())
    people = _people(new)
    posts = _posts(new)
    tickets, opened = _tickets(new, people, posts)
    messages = _messages(new, people, posts, tickets)
    _attachments(new, messages)
    reopened = _refresh_tickets(messages.values())
    events = _events(messages.values(), opened, reopened)
    early.apply_to(list(messages.values()))
    return Stored(events, {message.ticket_id for message in messages.values()})


Key = tuple[int, str]


def _key(arrival: Arrival) -> Key:
    return arrival.account.pk, arrival.news.external_id


def _not_yet_here(arrivals: list[Arrival]) -> dict[Key, Arrival]:
    """The arrivals by account and id, without those stored before, in a fixed order.

    The order is the same in every process, so two that work on the same people wait for each
    other instead of locking each other out.
    """
    wanted = {_key(arrival): arrival for arrival in reversed(arrivals)}
    by_account: dict[int, list[str]] = defaultdict(list)
    for account, external_id in wanted:
        by_account[account].append(external_id)
    for account, ids in by_account.items():
        here = Message.objects.filter(account_id=account, external_id__in=ids).values_list(
            "external_id", flat=True
        )
        for external_id in here:
            wanted.pop((account, external_id), None)
    return dict(sorted(wanted.items()))


# --------------------------------------------------------------------------------- people


def _author(arrival: Arrival) -> Person:
    """Who wrote; a stand-in of its own for a message whose author the network did not name."""
    return arrival.news.author or Person("?" + arrival.news.external_id)


def _people(new: dict[Key, Arrival]) -> dict[Key, Identity]:
    """The identity of every author, made where it is new, by account and external id."""
    persons = {
        (arrival.account.pk, _author(arrival).external_id): _author(arrival) for arrival in new.values()
    }
    found = _identities(persons)
    missing = sorted(key for key in persons if key not in found)
    if missing:
        customers = Customer.objects.bulk_create(Customer(name=_name(persons[key])) for key in missing)
        Identity.objects.bulk_create(
            (
                _identity(key, persons[key], customer)
                for key, customer in zip(missing, customers, strict=True)
            ),
            ignore_conflicts=True,
        )
        found.update(_identities({key: persons[key] for key in missing}))
        used = {found[key].customer_id for key in missing}
        Customer.objects.filter(pk__in=[each.pk for each in customers if each.pk not in used]).delete()
    _note_news_of_people(persons, found)
    return found


def _identities(persons: dict[Key, Person]) -> dict[Key, Identity]:
    by_account: dict[int, list[str]] = defaultdict(list)
    for account, external_id in persons:
        by_account[account].append(external_id)
    found: dict[Key, Identity] = {}
    for account, ids in by_account.items():
        rows = Identity.objects.filter(Q(external_id__in=ids) | Q(private_id__in=ids), account_id=account)
        for row in rows:
            if row.private_id:
                found.setdefault((account, row.private_id), row)
        for row in rows:
            found[(account, row.external_id)] = row
    return {key: row for key, row in found.items() if key in persons}


def _identity(key: Key, person: Person, customer: Customer) -> Identity:
    return Identity(
        account_id=key[0],
        customer=customer,
        external_id=key[1],
        name=clean(person.name)[:255],
        handle=clean(person.handle)[:255],
        avatar_url=person.avatar_url,
        language=person.language[:20],
    )


def _name(person: Person) -> str:
    return clean(person.name or person.handle)[:255]


def _note_news_of_people(persons: dict[Key, Person], found: dict[Key, Identity]) -> None:
    changed = [row for key, row in found.items() if refresh_identity(row, persons[key])]
    if changed:
        changed.sort(key=lambda row: row.pk)
        Identity.objects.bulk_update(changed, ["name", "handle", "avatar_url", "language"])
        unnamed = {row.customer_id: str(row) for row in changed}
        for customer in Customer.objects.filter(pk__in=unnamed, name=""):
            Customer.objects.filter(pk=customer.pk).update(name=unnamed[customer.pk])


def refresh_identity(row: Identity, person: Person) -> bool:
    """Take over what is new about a person; True when something was. Nothing known is emptied."""
    changed = False
    for field, value in (
        ("name", clean(person.name)[:255]),
        ("handle", clean(person.handle)[:255]),
        ("avatar_url", person.avatar_url),
        ("language", person.language[:20]),
    ):
        if value and getattr(row, field) != value:
            setattr(row, field, value)
            changed = True
    return changed


# ---------------------------------------------------------------------------------- posts


def _posts(new: dict[Key, Arrival]) -> dict[Key, Post]:
    """The post of every public message, made bare where it is new."""
    keys = sorted({(arrival.account.pk, arrival.news.post) for arrival in new.values() if arrival.news.post})
    found = _known_posts(keys)
    missing = [key for key in keys if key not in found]
    if missing:
        Post.objects.bulk_create(
            (Post(account_id=account, external_id=external_id) for account, external_id in missing),
            ignore_conflicts=True,
        )
        found.update(_known_posts(missing))
    return found


def _known_posts(keys: Iterable[Key]) -> dict[Key, Post]:
    by_account: dict[int, list[str]] = defaultdict(list)
    for account, external_id in keys:
        by_account[account].append(external_id)
    return {
        (account, row.external_id): row
        for account, ids in by_account.items()
        for row in Post.objects.filter(account_id=account, external_id__in=ids)
    }


# -------------------------------------------------------------------------------- tickets

Place = tuple[str, int, int]
"""Where a message belongs: kind, identity, post (0 for none)."""


def _place(arrival: Arrival, people: dict[Key, Identity], posts: dict[Key, Post]) -> Place:
    identity = people[(arrival.account.pk, _author(arrival).external_id)]
    if arrival.news.visibility == "private":
        return "private", identity.pk, 0
    post = posts.get((arrival.account.pk, arrival.news.post))
    return "public", identity.pk, post.pk if post else 0


def _tickets(
    new: dict[Key, Arrival], people: dict[Key, Identity], posts: dict[Key, Post]
) -> tuple[dict[Key, int], set[int]]:
    """The running ticket of every message, opened where there is none. Also which were opened."""
    by_identity = {row.pk: row for row in people.values()}
    places = {key: _place(arrival, people, posts) for key, arrival in new.items()}
    running = _running(by_identity)
    _close_solved(new, places, running)
    opened = _open(new, places, running, by_identity)
    return {key: running[place] for key, place in places.items()}, opened


def _running(identities: Iterable[int]) -> dict[Place, int]:
    """The running tickets of these people. A public matter that was taken private also takes
    the person's private messages, when they have no private ticket."""
    found: dict[Place, int] = {}
    rows = Ticket.objects.filter(identity_id__in=list(identities), running=True).order_by("id")
    for row in rows.only("pk", "identity_id", "post_id", "kind", "took_private"):
        found[(row.kind, row.identity_id, row.post_id or 0)] = row.pk
    for row in rows:
        if row.took_private:
            found.setdefault(("private", row.identity_id, 0), row.pk)
    return found


def _close_solved(new: dict[Key, Arrival], places: dict[Key, Place], running: dict[Place, int]) -> None:
    """Where the account wants a new ticket after a solved one, the solved one stops running."""
    wanted: dict[int, list[Place]] = defaultdict(list)
    for key, place in places.items():
        if place in running and new[key].account.after_solved == Account.AfterSolved.NEW:
            wanted[running[place]].append(place)
    if not wanted:
        return
    newest: dict[Place, Any] = {}
    for key, place in places.items():
        newest[place] = max(newest.get(place, new[key].news.at), new[key].news.at)
    solved = (
        Ticket.objects.select_for_update().filter(pk__in=wanted, status=Ticket.Status.SOLVED).order_by("id")
    )
    for row in solved:
        for place in set(wanted[row.pk]):
            if row.solved_at is None or newest[place] > row.solved_at:
                Ticket.objects.filter(pk=row.pk).update(running=False)
                running.pop(place, None)


def _open(
    new: dict[Key, Arrival],
    places: dict[Key, Place],
    running: dict[Place, int],
    by_identity: dict[int, Identity],
) -> set[int]:
    first: dict[Place, Arrival] = {}
    for key, place in places.items():
        if place not in running and (place not in first or new[key].news.at < first[place].news.at):
            first[place] = new[key]
    if not first:
        return set()
    wanted = sorted(first)
    before = _highest_ticket()
    Ticket.objects.bulk_create(
        (_ticket(place, first[place], by_identity[place[1]]) for place in wanted), ignore_conflicts=True
    )
    found = _running({place[1] for place in wanted})
    running.update({place: found[place] for place in wanted})
    return {running[place] for place in wanted if running[place] > before}


def _highest_ticket() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value, is_called FROM inbox_ticket_id_seq")
        row = cursor.fetchone()
        return int(row[0]) if row and row[1] else 0


def _ticket(place: Place, arrival: Arrival, identity: Identity) -> Ticket:
    kind, _identity_id, post = place
    return Ticket(
        account=arrival.account,
        identity=identity,
        customer_id=identity.customer_id,
        post_id=post or None,
        kind=kind,
        subject=first_words(clean(arrival.news.text), 80),
        opened_at=arrival.news.at,
        last_at=arrival.news.at,
        unanswered=False,
    )


# ------------------------------------------------------------------------------- messages


def _messages(
    new: dict[Key, Arrival], people: dict[Key, Identity], posts: dict[Key, Post], tickets: dict[Key, int]
) -> dict[Key, Message]:
    """Insert the messages; only those that were really new come back."""
    rows = [_message(arrival, people, tickets[key]) for key, arrival in new.items()]
    now = clock.now()
    columns: list[list[Any]] = [
        [row.account_id for row in rows],
        [row.ticket_id for row in rows],
        [row.identity_id for row in rows],
        [row.external_id for row in rows],
        [row.visibility for row in rows],
        [row.kind for row in rows],
        [row.text for row in rows],
        [row.at for row in rows],
        [now for _ in rows],
        [row.parent for row in rows],
        [row.permalink for row in rows],
        [_json(row.refs) for row in rows],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_MESSAGES, columns)
        inserted = {(account, external_id): pk for pk, account, external_id in cursor.fetchall()}
    found: dict[Key, Message] = {}
    for row in rows:
        key = (row.account_id, row.external_id)
        if key in inserted:
            row.pk = inserted[key]
            found[key] = row
    return found


_INSERT_MESSAGES = """
INSERT INTO inbox_message (account_id, ticket_id, identity_id, external_id, visibility, kind, text, at,
    created_at, parent, permalink, refs, direction, state, hidden, liked, reposted, attempts, reason, detail)
SELECT *, 'in', 'received', false, false, false, 0, '', ''
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[], %s::jsonb[])
ON CONFLICT DO NOTHING
RETURNING id, account_id, external_id
"""


def _json(refs: dict[str, Any]) -> str:
    return orjson.dumps(refs).decode().replace("\\u0000", "\ufffd")


def _message(arrival: Arrival, people: dict[Key, Identity], ticket: int) -> Message:
    news = arrival.news
    return Message(
        account_id=arrival.account.pk,
        ticket_id=ticket,
        identity=people[(arrival.account.pk, _author(arrival).external_id)],
        external_id=news.external_id,
        direction="in",
        visibility=news.visibility,
        kind=news.kind[:20],
        text=clean(news.text),
        at=news.at,
        parent=news.parent[:255],
        permalink=clean(news.permalink),
        refs=dict(news.refs),
    )


def _attachments(new: dict[Key, Arrival], messages: dict[Key, Message]) -> None:
    rows = [
        attachment_row(message, position, each)
        for key, message in messages.items()
        for position, each in enumerate(new[key].news.attachments)
    ]
    Attachment.objects.bulk_create(rows, ignore_conflicts=True)


def attachment_row(message: Message, position: int, each: Any) -> Attachment:
    """A file as the network announced it: to be fetched, or only a link or text."""
    fetchable = each.url.startswith(("http://", "https://")) and each.kind not in (
        "link",
        "location",
        "contact",
    )
    return Attachment(
        message=message,
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


def _refresh_tickets(messages: Iterable[Message]) -> set[int]:
    """Bring the rows of the list up to date; gives back the tickets that were solved before.

    Every value is a maximum or minimum over the network's times, so the order in which
    deliveries are read makes no difference.
    """
    by_ticket: dict[int, list[Message]] = defaultdict(list)
    for message in messages:
        by_ticket[message.ticket_id].append(message)
    if not by_ticket:
        return set()
    lines = [_line(ticket, by_ticket[ticket]) for ticket in sorted(by_ticket)]
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_TICKETS, [[line[0] for line in lines]])
        solved = {row[0] for row in cursor.fetchall() if row[1] == Ticket.Status.SOLVED}
        cursor.execute(_REFRESH_TICKETS, [list(column) for column in zip(*lines, strict=True)])
    return solved


def _line(ticket: int, messages: list[Message]) -> tuple[Any, ...]:
    last = max(messages, key=lambda each: (each.at, each.external_id))
    private = [each.at for each in messages if each.visibility == "private"]
    return (
        ticket,
        last.at,
        first_words(last.text, 180) or PAPER_CLIP,
        min(each.at for each in messages),
        max(private) if private else None,
        last.at,
    )


PAPER_CLIP = "📎"
"""What the list shows for a message without words."""

_LOCK_TICKETS = "SELECT id, status FROM inbox_ticket WHERE id = ANY(%s) ORDER BY id FOR UPDATE"

_REFRESH_TICKETS = """
UPDATE inbox_ticket AS t SET
    last_text = CASE WHEN n.at >= t.last_at THEN n.words ELSE t.last_text END,
    last_direction = CASE WHEN n.at >= t.last_at THEN 'in' ELSE t.last_direction END,
    last_author = CASE WHEN n.at >= t.last_at THEN '' ELSE t.last_author END,
    last_at = greatest(t.last_at, n.at),
    opened_at = least(t.opened_at, n.first),
    subject = CASE WHEN t.subject = '' THEN left(n.words, 80) ELSE t.subject END,
    last_private_in = greatest(t.last_private_in, n.private),
    unanswered = t.unanswered OR t.outside_until IS NULL OR n.newest > t.outside_until,
    waiting_since = CASE WHEN t.outside_until IS NULL OR n.newest > t.outside_until
        THEN least(coalesce(t.waiting_since, n.first), n.first) ELSE t.waiting_since END,
    status = CASE WHEN t.status = 'solved' AND (t.outside_until IS NULL OR n.newest > t.outside_until)
        THEN 'open' ELSE t.status END,
    solved_at = CASE WHEN t.status = 'solved' AND (t.outside_until IS NULL OR n.newest > t.outside_until)
        THEN NULL ELSE t.solved_at END
FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::timestamptz[], %s::timestamptz[],
    %s::timestamptz[]) AS n (ticket, at, words, first, private, newest)
WHERE t.id = n.ticket
"""


# --------------------------------------------------------------------------------- events


def _events(messages: Iterable[Message], opened: set[int], reopened: set[int]) -> list[int]:
    """One event per message, and one per ticket opened or reopened."""
    rows: list[Event] = []
    first_of: dict[int, Message] = {}
    for message in messages:
        if message.ticket_id not in first_of or message.at < first_of[message.ticket_id].at:
            first_of[message.ticket_id] = message
        rows.append(_event("message_received", message))
    for ticket in opened & set(first_of):
        rows.append(_event("ticket_opened", first_of[ticket]))
    for ticket in (reopened - opened) & set(first_of):
        rows.append(_event("ticket_reopened", first_of[ticket]))
    return [row.pk for row in Event.objects.bulk_create(rows)]


def _event(kind: str, message: Message) -> Event:
    return Event(
        kind=kind, account_id=message.account_id, ticket_id=message.ticket_id, message=message, at=message.at
    )

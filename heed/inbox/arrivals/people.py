"""Who wrote: the identities of a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from heed.channels.base import IdentitySeen, Person
from heed.channels.models import Account
from heed.inbox.arrivals.shapes import Arrival, Here, key_of
from heed.inbox.models import Customer, Identity
from heed.inbox.posts import Key
from heed.inbox.statements import columns, run
from heed.lib import clock
from heed.lib.text import clean


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


def author_of(arrival: Arrival) -> Person:
    """Who wrote; a stand-in of its own for a message whose author the network did not name."""
    return arrival.news.author or Person("?" + arrival.news.external_id)


def author_key(arrival: Arrival) -> Key:
    return arrival.account.pk, author_of(arrival).external_id


def people_of(new: Mapping[Key, Arrival]) -> dict[Key, Author]:
    """The identity of every author, made where it is new."""
    persons: dict[Key, Person] = {}
    said: dict[Key, datetime] = {}
    for arrival in new.values():
        key, person = author_key(arrival), author_of(arrival)
        if key not in persons or person.also or not persons[key].also:
            persons[key] = person
        said[key] = max(said.get(key, arrival.news.at), arrival.news.at)
    found = _known_people(persons)
    found.update(_known_by_other_id(persons, found))
    missing = sorted(key for key in persons if key not in found)
    if missing:
        now = clock.now()
        seconds = {(key[0], persons[key].also) for key in missing}
        rows = [(*key, *_facts(persons[key]), min(said[key], now)) for key in missing if key not in seconds]
        run(_INSERT_PEOPLE, *columns(rows), now)
        found.update(_known_people(missing))
    _note_news_of_people(persons, said, found)
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
        described_at, customer_id, reachable, private_id)
    SELECT *, nextval('inbox_customer_id_seq'), true, ''
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::timestamptz[])
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


def still_reached(seen: Iterable[tuple[Account, IdentitySeen]]) -> None:
    """That the people we know can still be reached is no news, but says that what comes late of an earlier
    time is none either."""
    newest: dict[Key, datetime] = {}
    for account, news in seen:
        if news.reachable and news.at is not None:
            key = account.pk, news.person.external_id
            newest[key] = max(newest.get(key, news.at), news.at)
    if newest:
        run(_STILL_REACHED, *columns((*key, at) for key, at in sorted(newest.items())))


_STILL_REACHED = """
WITH news AS (
    SELECT i.id, new.at FROM inbox_identity i
    JOIN unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS new (account, external_id, at)
        ON i.account_id = new.account AND i.external_id = new.external_id
    WHERE i.reachable AND (i.reachable_at IS NULL OR i.reachable_at < new.at)
    ORDER BY i.id FOR NO KEY UPDATE OF i
)
UPDATE inbox_identity AS i SET reachable_at = news.at FROM news WHERE i.id = news.id
"""


def _note_news_of_people(
    persons: Mapping[Key, Person], said: Mapping[Key, datetime], found: Mapping[Key, Author]
) -> None:
    changed = sorted(found[key].pk for key, person in persons.items() if _is_news(person, found[key]))
    if not changed:
        return
    news = {found[key].pk: (person, said[key]) for key, person in persons.items()}
    for row in Identity.objects.select_for_update().filter(pk__in=changed).order_by("pk"):
        person, at = news[row.pk]
        if describe(row, person, at):
            row.save(update_fields=[*_FACTS, "described_at"])
            Customer.objects.filter(pk=row.customer_id, name="").update(name=row.name or row.handle)


def reach_again(here: list[Here], wrote: Mapping[Key, Author]) -> None:
    """Whoever writes to us privately can be written to, whatever was known until then."""
    writers: dict[int, datetime] = {}
    for each in here:
        news = each.arrival.news
        if news.visibility == "private" and news.opens_window:
            pk = wrote[key_of(each.arrival)].pk
            writers[pk] = max(writers.get(pk, news.at), news.at)
    if writers:
        run(_REACH_AGAIN, *columns(sorted(writers.items())))


_REACH_AGAIN = """
WITH news AS (
    SELECT i.id, new.at FROM inbox_identity i
    JOIN unnest(%s::bigint[], %s::timestamptz[]) AS new (id, at) ON i.id = new.id
    WHERE NOT i.reachable AND (i.reachable_at IS NULL OR i.reachable_at < new.at)
    ORDER BY i.id FOR NO KEY UPDATE OF i
)
UPDATE inbox_identity AS i SET reachable = true, reachable_at = news.at FROM news WHERE i.id = news.id
"""


_FACTS = ("name", "handle", "avatar_url", "language", "also_id")


def describe(row: Identity, person: Person, at: datetime) -> bool:
    """Take over what was said of a person then. Where what is known was said later, or at the same time,
    it only fills what is bare. True when that changed anything."""
    if row.described_at is not None and row.described_at >= at:
        known = {
            field: "" for field in ("name", "handle", "avatar_url", "language", "also") if _known(row, field)
        }
        person = replace(person, **known)
    if not refresh_identity(row, person):
        return False
    said = min(at, clock.now())  # a mail may be dated into the next century
    row.described_at = max(row.described_at or said, said)
    return True


def _known(row: Identity, field: str) -> bool:
    return bool(getattr(row, "also_id" if field == "also" else field))


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

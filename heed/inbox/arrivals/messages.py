"""The messages of a batch, their files, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

from heed.inbox.arrivals.people import Author
from heed.inbox.arrivals.shapes import Arrival, Here
from heed.inbox.models import Attachment
from heed.inbox.posts import Key
from heed.inbox.statements import cleaned, columns, run
from heed.lib import clock
from heed.lib.text import clean


def insert(
    new: Mapping[Key, Arrival], writers: Mapping[Key, Author], tickets: Mapping[Key, int]
) -> list[Here]:
    """Insert the messages; only those that were really new come back."""
    rows = [_row(arrival, tickets[key], writers[key].pk) for key, arrival in new.items()]
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


def keep_attachments(here: Iterable[Here]) -> None:
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


def record(here: list[Here], opened: set[int], reopened: Mapping[int, str]) -> list[tuple[str, int]]:
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

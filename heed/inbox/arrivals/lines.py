"""The ticket's own row, which is its line in the lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from heed.channels.base import MessageReceived
from heed.channels.models import Account
from heed.inbox import wordless
from heed.inbox.arrivals.shapes import Here, Overtaken
from heed.inbox.models import Ticket
from heed.inbox.statements import columns, run
from heed.lib.text import first_words

WAITS = Q(direction="in", automatic=False) & ~Q(kind="standby")
"""The messages that wait for an answer: no machine's, and none that another app answers."""


def refresh(here: Iterable[Here]) -> dict[int, str]:
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
        (ticket, *line_of(by_ticket[ticket]), windows[accounts[ticket].pk]) for ticket in sorted(by_ticket)
    ]
    locked = run(_LOCK_TICKETS, [line[0] for line in lines])
    if any(merged for *_, merged in locked):
        raise Overtaken  # somebody merged one meanwhile
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


def show_last(ticket: Ticket) -> None:
    """The list shows the last that was said, notes left out."""
    said = ticket.messages.filter(removed_at=None).exclude(visibility="note")
    last = said.select_related("author").order_by("-at", "-external_id", "-id").first()
    if last is None:
        return
    ticket.last_at, ticket.last_direction = last.at, last.direction
    ticket.last_text = first_words(last.text, 180) or wordless.BY_KIND.get(last.kind) or ticket.last_text
    ticket.last_author = str(last.author or "") if last.direction == "out" else ""
    ticket.save(update_fields=["last_at", "last_text", "last_direction", "last_author"])


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


def line_of(news: list[MessageReceived]) -> Line:
    last = max(news, key=lambda each: (each.at, each.external_id))
    windows = [each.at for each in news if each.visibility == "private" and each.opens_window]
    waiting = [each.at for each in news if not (each.automatic or each.elsewhere)]
    return Line(
        last.at,
        wordless.line_of(last.text, last.kind),
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
    WHERE m.ticket_id = t.id AND m.direction = 'in' AND NOT m.automatic AND m.kind <> 'standby'
        AND m.at > t.outside_until
)
WHERE t.id = ANY(%s)
"""

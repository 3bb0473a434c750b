"""The mark that goes out with an answer: it holds only while the answer has left and may be believed in.

What is sent and marked answered ends the waiting at once. When it then fails, or nobody knows whether it
arrived, the ticket waits again as it did; when it arrived after all, the mark holds again.
"""

from __future__ import annotations

from typing import Any

from heed.accounts.models import User
from heed.inbox import events
from heed.inbox.models import Event, Message, Ticket
from heed.lib import clock

_DECIDES = ("answered_marked", "unanswered_marked", "answered_outside", "marked_spam")
"""What somebody decided about the waiting of a ticket: after one of these an earlier mark is left alone."""


def take_back(ticket: Ticket, answer: Message, *, actor: User | None = None, **why: Any) -> None:
    """Undo the mark that came with this answer, unless somebody has decided otherwise since. The ticket is
    locked, and as it is now; `why` goes into the event."""
    mark = answer.event_set.filter(kind="answered_marked").order_by("-id").first()
    if mark is None or _decided(ticket, after=mark.pk).exists():
        return
    told = mark.facts.get("waiting_since")
    since = clock.from_iso(told) if told else answer.created_at
    if ticket.unanswered and ticket.waiting_since is not None and ticket.waiting_since <= since:
        return
    Ticket.objects.filter(pk=ticket.pk).update(unanswered=True, waiting_since=since)
    ticket.unanswered, ticket.waiting_since = True, since
    told = since.isoformat()
    events.record("unanswered_marked", ticket=ticket, actor=actor, mark=mark.pk, waiting_since=told, **why)


def give_again(ticket: Ticket, answer: Message) -> None:
    """It arrived after all: the mark that was taken back holds again, unless somebody has decided otherwise
    or the customer has written since. The ticket is locked."""
    last = _decided(ticket).order_by("-id").first()
    mark = last.facts.get("mark") if last is not None and last.kind == "unanswered_marked" else None
    if mark is None or not answer.event_set.filter(pk=mark).exists():
        return
    wrote = Event.objects.filter(ticket=ticket, kind="message_received", pk__gt=mark)
    if wrote.filter(message__automatic=False).exists():
        return
    since = ticket.waiting_since.isoformat() if ticket.waiting_since else ""
    Ticket.objects.filter(pk=ticket.pk).update(unanswered=False, waiting_since=None)
    events.record("answered_marked", ticket=ticket, message=answer, actor=answer.author, waiting_since=since)


def _decided(ticket: Ticket, after: int = 0) -> Any:
    return Event.objects.filter(ticket=ticket, kind__in=_DECIDES, pk__gt=after)

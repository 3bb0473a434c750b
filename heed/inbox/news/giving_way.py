"""One identity gives way to another: all that hangs on it goes along."""

from __future__ import annotations

from heed.inbox import events
from heed.inbox.models import Attachment, Draft, Event, FormerNumber, Identity, Message, Ticket
from heed.lib import live


def give_way(old: Identity, known: Identity) -> None:
    """All that hangs on a stand-in, or on an id that is no more, goes to the person it really is."""
    touched: set[int] = set()
    _lock(old)
    for ticket in old.tickets.order_by("id"):
        touched |= _hand_over(ticket, known)
    Message.objects.filter(identity=old).update(identity=known)
    customer = old.customer
    old.delete()
    if not customer.identities.exists():
        Ticket.objects.filter(customer=customer).update(customer_id=known.customer_id)
        customer.delete()
    live.tell(events.topics_of(sorted(touched)))


def _lock(old: Identity) -> None:
    """Wait for whoever is storing something of this person; whoever comes later finds them gone. Tickets
    first, as those who store take them."""
    list(old.tickets.select_for_update().order_by("id").values_list("pk"))
    list(Identity.objects.select_for_update().filter(pk=old.pk).values_list("pk"))


def _hand_over(ticket: Ticket, known: Identity) -> set[int]:
    """Give a ticket to another identity, or pour it into their running one; which pages it touches."""
    same = Ticket.objects.filter(identity=known, post=ticket.post, kind=ticket.kind, running=True)
    theirs = same.first() if ticket.running else None
    if theirs is None:
        Ticket.objects.filter(pk=ticket.pk).update(identity=known, customer_id=known.customer_id)
        return {ticket.pk}
    _pour(ticket.pk, theirs.pk)
    return {ticket.pk, theirs.pk}


def _pour(source: int, target: int) -> None:
    """Everything of one ticket goes into another, which then waits as long as the older of both. Who had
    taken it keeps it, where nobody has the other."""
    locked = {
        row.pk: row
        for row in Ticket.objects.select_for_update().filter(pk__in=(source, target)).order_by("id")
    }
    old, kept = locked[source], locked[target]
    for model in (Message, Event, Attachment):
        model.objects.filter(ticket=old).update(ticket=kept)
    for draft in Draft.objects.filter(ticket=old):
        mine = Draft.objects.filter(user=draft.user, ticket=kept, visibility=draft.visibility).first()
        if mine is None:
            Draft.objects.filter(pk=draft.pk).update(ticket=kept)
        else:
            Draft.objects.filter(pk=mine.pk).update(text=f"{mine.text}\n\n{draft.text}")
    kept.assignee_id = kept.assignee_id or old.assignee_id
    kept.took_private = kept.took_private or old.took_private
    for field in ("last_private_in", "window_closes_at", "outside_until"):
        times = [each for each in (getattr(old, field), getattr(kept, field)) if each is not None]
        setattr(kept, field, max(times) if times else None)
    waits = [each for each in (old.waiting_since, kept.waiting_since) if each is not None]
    kept.unanswered = old.unanswered or kept.unanswered
    kept.waiting_since = min(waits) if waits else None
    if old.unanswered and kept.solved:
        kept.status, kept.solved_at = Ticket.Status.OPEN, None
    if old.last_at > kept.last_at:
        kept.last_at, kept.last_text = old.last_at, old.last_text
        kept.last_direction, kept.last_author = old.last_direction, old.last_author
    kept.opened_at = min(old.opened_at, kept.opened_at)
    kept.save()
    FormerNumber.objects.filter(ticket=old).update(ticket=kept)
    old.delete()
    FormerNumber.objects.create(number=source, ticket=kept)

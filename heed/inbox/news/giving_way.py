"""One identity gives way to another: all that hangs on it goes along."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model

from heed.inbox import events
from heed.inbox.arrivals import where_they_go
from heed.inbox.models import (
    Customer,
    Draft,
    Event,
    FormerNumber,
    Identity,
    Joining,
    Merge,
    Message,
    Split,
    Ticket,
)
from heed.inbox.news.finding import held_with_its_end
from heed.inbox.reopening import stands, tell_reopened
from heed.lib import live


def give_way(old: Identity, known: Identity) -> None:
    """All that hangs on a stand-in, or on an id that is no more, goes to the person it really is."""
    touched: set[int] = set()
    _lock(old)
    for ticket in old.tickets.order_by("id"):
        touched |= _hand_over(ticket, known)
    _move_all(old, known)
    _take_over(old, known)
    customer = old.customer
    tells = bool(customer.group) if customer.pk != known.customer_id else not _always_alike(old, known)
    old.delete()
    if not customer.identities.exists():
        _let_go(customer, known.customer)
    if tells:
        _tell_group(known, touched)
    live.tell(events.topics_of(sorted(touched)))


def _lock(old: Identity) -> None:
    """Wait for whoever is storing something of this person; whoever comes later finds them gone. Tickets
    first, as those who store take them."""
    list(old.tickets.select_for_update().order_by("id").values_list("pk"))
    list(Identity.objects.select_for_update().filter(pk=old.pk).values_list("pk"))


def _take_over(old: Identity, known: Identity) -> None:
    """What was known of them under the old id: whoever is blocked stays blocked under another."""
    known.blocked = known.blocked or old.blocked
    known.private_id = known.private_id or old.private_id
    for name in ("delivered_until", "seen_until"):
        setattr(known, name, _of(max, old, known, name))
    known.save(update_fields=["blocked", "private_id", "delivered_until", "seen_until"])


def _let_go(customer: Customer, known: Customer) -> None:
    """Nobody is this customer any more. While others are joined with them, the row stays for taking that
    back."""
    Ticket.objects.filter(customer=customer).update(customer=known)
    _keep_group(customer, known)
    joined = Joining.objects.filter(undone_at=None)
    if not (joined.filter(kept=customer) | joined.filter(gone=customer)).exists():
        customer.delete()


def _keep_group(customer: Customer, known: Customer) -> None:
    """Who was in no group is in that of the one who is no more."""
    if customer.group:
        Customer.objects.filter(pk=known.pk, group="").update(group=customer.group)


def _always_alike(old: Identity, known: Identity) -> bool:
    """Whether two identities of one customer were in the same group all the time, as far as is told: what is
    told of the old one names one that is no more, and what is told of the other was not true of both."""
    regrouped = Event.objects.filter(
        kind__in=("field_changed", "joined", "parted"),
        ticket__customer=known.customer_id,
        data__has_key="group_before",
    )
    groups = {each.pk: known.customer.group for each in (old, known)}
    for event in regrouped.order_by("-at", "-pk"):
        groups |= {each: event.facts["group_before"] for each in groups if each in event.facts["identities"]}
        if groups[old.pk] != groups[known.pk]:
            return False
    return True


def _tell_group(known: Identity, touched: set[int]) -> None:
    """Tell what group they are all in by now. Which it had been is left unsaid: the tickets of the two were
    not in the same, and what was told of the old identity names one that is no more."""
    customer = Customer.objects.get(pk=known.customer_id)
    newest = customer.tickets.order_by("-last_at")
    ticket = newest.filter(pk__in=touched).first() or newest.first()
    if ticket is not None:
        events.record("field_changed", ticket=ticket, field="", title="", group=customer.group)


def _hand_over(ticket: Ticket, known: Identity) -> set[int]:
    """Give a ticket to another identity, or pour it into their running one; which pages it touches."""
    same = Ticket.objects.filter(identity=known, post=ticket.post, kind=ticket.kind, running=True)
    theirs = same.first() if ticket.running else None
    if theirs is not None and ticket.merged_into_id is None and not _goes_on_in(theirs, ticket):
        return _pour(ticket, theirs)
    # One that was merged stays for taking that back; what is new comes by theirs.
    running = ticket.running and theirs is None
    Ticket.objects.filter(pk=ticket.pk).update(identity=known, customer_id=known.customer_id, running=running)
    return {ticket.pk}


def _goes_on_in(one: Ticket, other: Ticket) -> bool:
    return where_they_go([one.pk])[one.pk] == other.pk


def _pour(ticket: Ticket, theirs: Ticket) -> set[int]:
    """Everything of one ticket goes into another, or to where that one went on, and tells of it. Gives back
    the pages it touches."""
    place, kept = held_with_its_end(theirs)
    old = Ticket.objects.select_for_update().get(pk=ticket.pk)
    waits = {} if old.took_in.filter(undone_at=None).exists() else _wait_of(old)
    came = _what_came(old, kept)
    for record in old.took_in.filter(undone_at=None):
        _unite_columns(record, kept)
    home = None if kept == place else place
    Message.objects.filter(ticket=old, home=None).update(ticket=kept, home=home)
    _join_drafts(old, kept)
    _move_all(old, place, only=(Merge, Split, Ticket))
    Message.objects.filter(home=old).update(home=home)
    _move_all(old, kept)
    before = kept.status
    _unite(old, kept)
    if kept != place:
        _leave_with(old, place, kept)
    number = old.pk
    old.delete()
    FormerNumber.objects.create(number=number, ticket=kept)
    events.record("merged", ticket=kept, number=number, poured=True, **came, **waits, **stands(kept))
    tell_reopened(kept, before, number, None)
    return {number, kept.pk}


def _what_came(old: Ticket, kept: Ticket) -> dict[str, Any]:
    """What was said and done in the other ticket, for whoever counts who waited there: it stood alone until
    now. Nothing where it was over before this one began: then the one came after the other."""
    if not old.unanswered and old.last_at < kept.opened_at:
        return {}
    return {
        "messages": list(old.messages.filter(home=None).order_by("pk").values_list("pk", flat=True)),
        "events": list(old.events.order_by("pk").values_list("pk", flat=True)),
        "team": old.team_id,
    }


def _wait_of(old: Ticket) -> dict[str, Any]:
    """What the other ticket has from it: who takes a merge into that one apart counts it in."""
    since = old.waiting_since.isoformat() if old.waiting_since else None
    return {"unanswered": old.unanswered, "waiting_since": since}


def _unite_columns(record: Merge, kept: Ticket) -> None:
    """What a merge keeps of the ticket it went into holds for what that one is now part of."""
    for columns in (record.before, record.after):
        waits = [each for each in (columns.get("waiting_since"), _iso(kept.waiting_since)) if each]
        columns["unanswered"] = bool(columns.get("unanswered")) or kept.unanswered
        columns["waiting_since"] = min(waits, default=None)
        columns["tags"] = sorted({*columns.get("tags", []), *kept.tags})
    record.save(update_fields=["before", "after"])


def _leave_with(old: Ticket, place: Ticket, kept: Ticket) -> None:
    """They went on elsewhere: what they are when that is taken back has what was poured in, too."""
    record = Merge.objects.filter(ticket=place, undone_at=None).first()
    if record is not None and old.unanswered:
        since = [each for each in (record.kept.get("waiting_since"), _iso(old.waiting_since)) if each]
        record.kept |= {"unanswered": True, "waiting_since": min(since, default=None)}
        record.save(update_fields=["kept"])


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _join_drafts(old: Ticket, kept: Ticket) -> None:
    for draft in Draft.objects.filter(ticket=old):
        mine = Draft.objects.filter(user=draft.user, ticket=kept, visibility=draft.visibility).first()
        if mine is not None:
            both = {"text": f"{mine.text}\n\n{draft.text}", "choices": mine.choices or draft.choices}
            Draft.objects.filter(pk=mine.pk).update(**both)


def _unite(old: Ticket, kept: Ticket) -> None:
    """One ticket has what both had: the longest wait, all tags and answers to the company's questions, the
    higher priority. Who had taken it keeps it, where nobody has the other."""
    kept.assignee_id = kept.assignee_id or old.assignee_id
    kept.team_id = kept.team_id or old.team_id
    kept.language = kept.language or old.language
    kept.priority = max(kept.priority, old.priority)
    kept.tags = sorted({*kept.tags, *old.tags})
    kept.fields = {**old.fields, **{key: each for key, each in kept.fields.items() if each not in (None, "")}}
    kept.took_private = kept.took_private or old.took_private
    asleep = (old.solved or old.snoozed_until) and kept.snoozed_until
    kept.snoozed_until = _of(max, old, kept, "snoozed_until") if asleep else None
    for name in ("last_private_in", "window_closes_at", "outside_until"):
        setattr(kept, name, _of(max, old, kept, name))
    for name in ("follow_up_at", "waiting_since"):
        setattr(kept, name, _of(min, old, kept, name))
    kept.unanswered = old.unanswered or kept.unanswered
    if old.unanswered and kept.solved:
        kept.status, kept.solved_at = Ticket.Status.OPEN, None
    if old.last_at > kept.last_at:
        kept.last_at, kept.last_text = old.last_at, old.last_text
        kept.last_direction, kept.last_author = old.last_direction, old.last_author
    kept.opened_at = min(old.opened_at, kept.opened_at)
    kept.save()


def _of(which: Any, one: Model, other: Model, name: str) -> datetime | None:
    """The earlier or later of two moments, as far as there are any."""
    moments = [each for each in (getattr(one, name), getattr(other, name)) if each is not None]
    found: datetime | None = which(moments, default=None)
    return found


def _move_all(old: Model, new: Model, only: Collection[type[Model]] = ()) -> None:
    """Whatever of this house names the one row names the other, whoever's room it is in: promises, notices,
    rule runs, automatic messages. What the other has already of its own is let go with the row; so are words
    and presences, which are written anew."""
    for relation in old._meta.get_fields(include_hidden=True):
        field: Any = getattr(relation, "field", None) if relation.auto_created else None
        if not hasattr(field, "db_constraint") or not field.db_constraint:
            continue
        if only and field.model not in only:
            continue
        rows = field.model._base_manager.filter(**{field.name: old.pk})
        if not _moved(rows, field.name, new):
            for pk in list(rows.values_list("pk", flat=True)):
                _moved(rows.filter(pk=pk), field.name, new)


def _moved(rows: Any, name: str, new: Model) -> bool:
    """Whether these rows could name the other; not where that one has the like already."""
    try:
        with transaction.atomic():
            rows.update(**{name: new.pk})
    except IntegrityError:
        return False
    return True

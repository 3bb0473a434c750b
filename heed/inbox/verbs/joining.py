"""Two customers who are one person, and taking that back."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User
from heed.inbox import events
from heed.inbox.models import Customer, Event, Identity, Joining, Ticket
from heed.inbox.reach.seeing import sight
from heed.inbox.verbs.refusals import CannotTend
from heed.lib import clock


@transaction.atomic
def join(gone: Customer, kept: Customer, user: User) -> Joining:
    """Two customers are one person: the identities and tickets of the first become the second's. Raises
    `CannotTend`, as all here do, where this person may not work on one of the tickets that move."""
    rows = {row.pk: row for row in _locked(gone.pk, kept.pk)}
    if gone.pk == kept.pk:
        raise CannotTend(_("This is the same customer."))
    if any(row.joined_into_id for row in rows.values()):
        raise CannotTend(_("One of them was joined with somebody already."))
    moved = list(Identity.objects.filter(customer=gone).order_by("id").values_list("pk", flat=True))
    _demand_all(user, moved)
    _give(moved, kept)
    Customer.objects.filter(pk=gone.pk).update(joined_into=kept)
    record = Joining.objects.create(kept=kept, gone=gone, identities=moved, by=user)
    _tell("joined", moved, user, rows[kept.pk], rows[gone.pk])
    return record


@transaction.atomic
def part(record: Joining, user: User) -> None:
    """They were two after all: the identities go back, and with them their tickets, new ones included, also
    where the other was joined with a third since. Raises `CannotTend` while tickets of the two are merged."""
    way = _way(record.kept_id)
    _locked(record.gone_id, *way)
    record.refresh_from_db()
    if record.undone_at is not None:
        raise CannotTend(_("This was taken back already."))
    if way != _way(record.kept_id):
        raise CannotTend(_("One of them was joined with somebody already."))
    still = Identity.objects.filter(pk__in=record.identities, customer=way[-1])
    moved = list(still.order_by("id").values_list("pk", flat=True))
    _demand_all(user, moved)
    _refuse_one_matter(moved)
    Joining.objects.filter(pk=record.pk).update(undone_at=clock.now())
    Customer.objects.filter(pk=record.gone_id).update(joined_into=None)
    _came_along_no_more(moved, Joining.objects.filter(gone__in=way))
    _give(moved, record.gone)
    _tell("parted", moved, user, Customer.objects.get(pk=way[-1]), record.gone)


@transaction.atomic
def part_identity(identity: Identity, user: User) -> Customer:
    """One identity is somebody else: they become a customer of their own."""
    (customer,) = _locked(identity.customer_id)
    if not customer.identities.exclude(pk=identity.pk).exists():
        raise CannotTend(_("This is the only identity of this customer."))
    _demand_all(user, [identity.pk])
    _refuse_one_matter([identity.pk])
    _came_along_no_more([identity.pk], Joining.objects.all())
    alone = Customer.objects.create(name=identity.name or identity.handle)
    _give([identity.pk], alone)
    _tell("parted", [identity.pk], user, customer, alone)
    return alone


def why_not_parted(identity: Identity, user: User) -> Promise | str:
    """Why this person cannot say that an identity is somebody else; empty where they can."""
    try:
        _demand_all(user, [identity.pk])
        _refuse_one_matter([identity.pk])
    except CannotTend as cannot:
        return cannot.sentence
    return ""


def _demand_all(user: User, identities: list[int]) -> None:
    """Whoever moves tickets from one customer to another works on all of them."""
    theirs = Ticket.objects.filter(identity__in=identities)
    mine = Ticket.objects.filter(sight(user, "tend").q(), identity__in=identities)
    if theirs.exclude(pk__in=mine.values("pk")).exists():
        raise CannotTend(_("Some of their tickets are not yours to work on. Ask somebody who sees them all."))


def _refuse_one_matter(identities: list[int]) -> None:
    """What these write would go on coming to the other person's ticket."""
    leaves, stays = Q(identity__in=identities), Q(merged_into__identity__in=identities)
    merged = Ticket.objects.exclude(merged_into=None)
    across = merged.filter(leaves & ~stays | ~leaves & stays).order_by("pk").first()
    if across is not None:
        raise CannotTend(
            _("Take #%(number)d apart first: it was merged with a ticket of the other person.")
            % {"number": across.number}
        )


def _way(customer: int) -> list[int]:
    """The customer, the one they were joined with, and so on."""
    way = [customer]
    while (to := Customer.objects.values_list("joined_into", flat=True).get(pk=way[-1])) is not None:
        way.append(to)
    return way


def _came_along_no_more(identities: list[int], records: QuerySet[Joining]) -> None:
    """Parting others later does not concern them."""
    for identity in identities:
        for record in records.filter(undone_at=None, identities__contains=[identity]):
            record.identities.remove(identity)
            record.save(update_fields=["identities"])


def _locked(*customers: int) -> list[Customer]:
    return list(Customer.objects.select_for_update().filter(pk__in=customers).order_by("id"))


def _give(identities: list[int], customer: Customer) -> None:
    """A ticket's customer is always its identity's."""
    Identity.objects.filter(pk__in=identities).update(customer=customer)
    Ticket.objects.filter(identity__in=identities).update(customer=customer)


_LATEST = 20


def _tell(kind: events.Kind, identities: list[int], user: User, kept: Customer, gone: Customer) -> None:
    """Tell of it in all tickets of both that are not done, whose promises may be others now, and in the
    latest ones, in each by the other's name. The identities are those of whom came or went; told is, too,
    which group they were in until then."""
    sides = (
        (gone, Ticket.objects.filter(identity__in=identities)),
        (kept, Ticket.objects.filter(customer=kept).exclude(identity__in=identities)),
    )
    left = gone if kind == "joined" else kept
    went = Identity.objects.filter(pk__in=identities)
    stayed = Identity.objects.filter(customer=kept).exclude(pk__in=identities)
    called = {gone.pk: _called(gone, went), kept.pk: _called(kept, stayed)}
    facts = {"kept": kept.pk, "gone": gone.pk, "group_before": left.group, "identities": identities}
    now = clock.now()
    rows = Event.objects.bulk_create(
        Event(
            kind=kind,
            account_id=account,
            ticket_id=ticket,
            actor=user,
            at=now,
            data={**facts, "name": called[kept.pk if whose is gone else gone.pk]},
        )
        for whose, theirs in sides
        for ticket, account in _told_of(theirs)
    )
    events.hand_to_reactions((each.kind, each.pk) for each in rows)
    events.tell_pages(each.ticket_id for each in rows if each.ticket_id is not None)


def _called(customer: Customer, own: QuerySet[Identity]) -> str:
    """What is told of somebody: their name; without one, what one of their own identities is called."""
    first = None if customer.name else own.order_by("id").first()
    return first.called if first else customer.name


def _told_of(theirs: QuerySet[Ticket]) -> Iterable[tuple[int, int]]:
    """Those of the tickets that tell of it, with their accounts."""
    latest = theirs.order_by("-last_at").values("pk")[:_LATEST]
    told = theirs.filter(~Q(status=Ticket.Status.SOLVED) | Q(pk__in=latest)).order_by("pk")
    return told.values_list("pk", "account_id")

"""Two tickets that are one matter, one that is two, and taking either back.

A merged ticket's row stays. Its messages go to the other one and remember where they belong
(`Message.home`), and so does what comes for it later. What people have begun to write stays theirs where it
is; the other one shows it (`reach.begun`). Taking it back gives each ticket its own messages, and
each column what it had, or where somebody has worked on it since, what it would have now had they never been
merged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User
from heed.inbox import events
from heed.inbox.arrivals import WAITS, show_last
from heed.inbox.jobs import send_answers
from heed.inbox.models import Event, Merge, Message, Split, Ticket
from heed.inbox.models.merging import gone_on_in, homes_in, way_of, ways_of
from heed.inbox.ratings import show_ratings
from heed.inbox.reach.seeing import sight
from heed.inbox.reopening import stands, tell_reopened
from heed.inbox.verbs import together
from heed.inbox.verbs.apart import COURSE, DECIDED, TAKES, WAIT, Stand, Telling, plain, steps_of, waits
from heed.inbox.verbs.copies import tell_again, tell_back, worked_on_apart
from heed.inbox.verbs.refusals import CannotTend, NotTheirs
from heed.inbox.verbs.tending import locked, lost_by, refuse_merged, write
from heed.lib import clock
from heed.lib.text import first_words

_OWN = (*COURSE, "follow_up_at", "due_at", "due_for")
"""What a merged ticket gives up, so that it stands in no list and no clock runs for it."""

_LAST = ("last_at", "last_text", "last_direction", "last_author")


@transaction.atomic
def merge(ticket: Ticket, into: Ticket, user: User) -> Merge:
    """Let a ticket go on in another of the same person on the same account. Raises `CannotTend`."""
    gone, kept = _both(ticket, into)
    _check(gone, kept)
    record = Merge(ticket=gone, into=kept, by=user, kept=_columns(gone, _OWN), before=_columns(kept, TAKES))
    before = kept.status
    _take_in(gone, kept)
    record.after = _columns(kept, TAKES)
    gone.messages.filter(home=None).update(home=gone)
    Message.objects.filter(ticket=gone).update(ticket=kept)
    write(gone, merged_into=kept, **_STILL)
    show_ratings([kept.pk])
    record.save()
    events.record("merged", ticket=kept, actor=user, number=gone.number, **stands(kept))
    tell_reopened(kept, before, gone.number, user)
    events.record("merged", ticket=gone, actor=user, into=kept.number)
    send_answers.defer(ticket=kept.pk)
    return record


_STILL: dict[str, Any] = {
    "status": Ticket.Status.SOLVED,
    "unanswered": False,
    "waiting_since": None,
    "snoozed_until": None,
    "follow_up_at": None,
    "due_at": None,
    "due_for": "",
}


@transaction.atomic
def unmerge(record: Merge, user: User) -> None:
    """Take a merge back, also one into a ticket that went on in another since: each gets its own messages,
    and what it would have had they never been merged. Raises `CannotTend` when it was taken back already,
    `NotTheirs` where this person may not work on both."""
    way = way_of(record.into_id)
    rows = _held(record.ticket_id, *way)
    record = Merge.objects.select_for_update().get(pk=record.pk)
    if record.undone_at is not None:
        raise CannotTend(_("This was taken back already."))
    if way != way_of(record.into_id):
        raise CannotTend(_("One of them was merged already."))
    gone, end = rows[record.ticket_id], rows[way[-1]]
    _demand(user, gone, end)
    Merge.objects.filter(pk=record.pk).update(undone_at=clock.now())
    steps = steps_of(gone.pk)
    _take_home(gone, end)
    write(gone, merged_into=None)
    telling = Telling(record, end)
    telling.leave(gone, steps)
    for number in way:
        telling.stay(rows[number])
    telling.share(gone)
    _show(gone, end)
    events.record("unmerged", ticket=end, actor=user, number=gone.number, **stands(end))
    events.record("unmerged", ticket=gone, actor=user, into=end.number)
    if gone.status != Ticket.Status.SOLVED and (why := lost_by(gone.assignee)):
        together.assign([gone.pk], None, **why)  # who had it until it was merged
    send_answers.defer(ticket=gone.pk)


@transaction.atomic
def split(ticket: Ticket, messages: Sequence[int], user: User) -> Ticket:
    """Make a ticket of its own of some messages. What the customer writes from now on still comes to the
    old one. Raises `CannotTend` where nothing or everything would go, or one is still being sent."""
    source = locked(ticket)
    refuse_merged(source)
    chosen = list(source.messages.filter(pk__in=messages).order_by("at", "external_id", "id"))
    if not chosen or len(chosen) != len(set(messages)):
        raise CannotTend(_("Choose the messages that are a matter of their own."))
    if not source.messages.exclude(pk__in=messages).exclude(visibility="note").exists():
        raise CannotTend(_("Leave at least one message in the old ticket."))
    if any(each.state in Message.IN_FLIGHT for each in chosen):
        raise CannotTend(_("One of these answers is still being sent. Try again in a moment."))
    before, alone = _columns(source, TAKES), _alone(source)
    new = _new_ticket(source, chosen)
    Message.objects.filter(pk__in=[each.pk for each in chosen]).update(ticket=new)
    waiting = _waiting(chosen, source, alone)
    write(new, unanswered=bool(waiting), waiting_since=min(waiting, default=None))
    rest = _waiting(source.messages.filter(WAITS), source, alone)
    if source.waiting_since in (*waiting, *rest):  # else somebody said so, and that stays
        write(source, unanswered=source.unanswered and bool(rest), waiting_since=min(rest, default=None))
    _show(source, new)
    after, now = _columns(source, TAKES), clock.now()
    Split.objects.create(ticket=new, source=source, by=user, at=now, before=before, after=after)
    events.record(
        "split", ticket=source, actor=user, number=new.number, messages=[each.pk for each in chosen]
    )
    tell_again(source, new, chosen)
    events.record("ticket_opened", ticket=new, actor=user, at=new.opened_at, number=source.number)
    return new


@transaction.atomic
def unsplit(record: Split, user: User) -> None:
    """Put a split-off matter back where it was, or where that goes on, with all that was said in it since.
    Where one was worked on meanwhile, its clocks go on as those of a merged one do; else it never was. Where
    it was merged since, that is taken back first. Raises `CannotTend` when this was done already,
    `NotTheirs` where this person may not work on every ticket that gives or gets messages."""
    if Split.objects.exclude(undone_at=None).filter(pk=record.pk).exists():
        raise CannotTend(_("This was taken back already."))
    ways = _around(record)
    _held(*ways)
    if ways != _around(record):
        raise CannotTend(_("One of them was merged already."))
    _take_out(record.ticket, user)
    if record.ticket_id in way_of(record.source_id):  # the old one was merged into what was split off from it
        _take_out(record.source, user)
    way = way_of(record.source_id)
    rows = _held(record.ticket_id, *way)
    new, source, end = rows[record.ticket_id], rows[way[0]], rows[way[-1]]
    place = _place_of(new, source)
    if place != source:
        Message.objects.filter(ticket=new, home=None).update(home=place)
    homes = _belonging(new, end)
    _demand(user, new, source, end, *homes)
    if not Split.objects.filter(pk=record.pk, undone_at=None).update(undone_at=clock.now()):
        raise CannotTend(_("This was taken back already."))
    if new.merged_into_id is not None:
        raise CannotTend(_("One of them was merged already."))
    apart = worked_on_apart(record)
    came = list(Message.objects.filter(ticket=new).values_list("pk", flat=True))
    if place == source:
        for home in homes:
            tell_back(new, home, record.at)
    _send_home(new, homes, user)
    if place == source:
        tell_back(new, end, record.at)
    back = _bring_back(new, source, end)
    before, stand = end.status, Stand.of(end)
    stand.take_wait(new.unanswered, new.waiting_since)
    stand.tags = sorted({*end.tags, *new.tags})
    write(end, **stand.columns)
    facts = {**plain({name: getattr(new, name) for name in WAIT}), **stands(end)}
    write(new, merged_into=place, **_STILL)
    _show(end)
    events.record("unsplit", ticket=end, actor=user, number=new.number, messages=back, **facts)
    tell_reopened(end, before, new.number, user)
    stood = (back if place == source else came) if apart else []
    events.record("merged", ticket=new, actor=user, into=place.number, messages=stood)


# --------------------------------------------------------------------------------- inside


def _demand(user: User, *tickets: Ticket) -> None:
    """Whoever takes tickets apart or puts them back works on each that gives or gets messages, as for merging
    them. `reach.taken_back_by` asks the same for what is offered."""
    works = sight(user, "tend")
    if not all(works.takes_in(each) for each in tickets):
        raise NotTheirs(
            _("A ticket that belongs to this is not yours to work on. Ask somebody who sees them all.")
        )


def _take_out(ticket: Ticket, user: User) -> None:
    """Take back the first merge on the way of a ticket, if it went on anywhere."""
    way = way_of(ticket.pk)
    records = {each.ticket_id: each for each in Merge.objects.filter(ticket__in=way, undone_at=None)}
    record = next((records[number] for number in way if number in records), None)
    if record is not None:
        unmerge(record, user)


def _show(*tickets: Ticket) -> None:
    """What one sees of their messages: the last that was said, and the last rating."""
    for each in tickets:
        show_last(each)
    show_ratings(each.pk for each in tickets)


def _both(one: Ticket, other: Ticket) -> tuple[Ticket, Ticket]:
    rows = _held(one.pk, other.pk)
    return rows[one.pk], rows[other.pk]


def _held(*numbers: int) -> dict[int, Ticket]:
    """The tickets, locked in the order of their numbers, so that two people never wait for each other."""
    return {pk: locked(Ticket(pk=pk)) for pk in sorted(set(numbers))}


def _check(gone: Ticket, kept: Ticket) -> None:
    if gone.pk == kept.pk:
        raise CannotTend(_("A ticket cannot be merged with itself."))
    if gone.merged_into_id or kept.merged_into_id:
        raise CannotTend(_("One of them was merged already."))
    if gone.account_id != kept.account_id:
        raise CannotTend(_("They are on different accounts, and an answer goes out on one."))
    if gone.customer_id != kept.customer_id:
        raise CannotTend(_("They are of different people. Join the two first if they are one."))
    if gone.spam or kept.spam:
        raise CannotTend(_("One of them is marked as spam."))


def _take_in(gone: Ticket, kept: Ticket) -> None:
    stand = Stand.of(kept)
    stand.take_in(Stand.of(gone))
    newer = gone.last_at > kept.last_at
    write(kept, **stand.columns, **({name: getattr(gone, name) for name in _LAST} if newer else {}))


def _take_home(gone: Ticket, end: Ticket) -> None:
    """Its messages and those of all that went on in it go back, with what is told of them. Decisions about
    the waiting were decisions about the whole."""
    went = gone_on_in(gone.pk)
    own = Q(home__in=went) | Q(pk__in=_split_off_into(went))
    numbers = list(Message.objects.filter(own, ticket=end).values_list("pk", flat=True))
    theirs = Message.objects.filter(pk__in=numbers)
    Event.objects.filter(ticket=end, message__in=numbers).exclude(kind__in=DECIDED).update(ticket=gone)
    for event in Event.objects.filter(ticket=end, kind="unsplit"):
        if event.facts.get("messages") and {*event.facts["messages"]} <= {*numbers}:
            event.ticket, event.data = gone, {**event.facts, "stands": {}}
            event.save(update_fields=["ticket", "data"])
    theirs.update(ticket=gone)
    Message.objects.filter(ticket=gone, home=gone).update(home=None)


def _split_off_into(tickets: Collection[int]) -> set[int]:
    """The messages that were split off into one of these and not out of them again: one that was merged where
    it was split off belongs to another, as its home says, and stands with these all the same."""
    came = Split.objects.filter(ticket__in=tickets, undone_at=None)
    left = Split.objects.filter(source__in=tickets, undone_at=None).exclude(ticket__in=tickets)
    return _messages_of(came) - _messages_of(left)


def _messages_of(splits: QuerySet[Split]) -> set[int]:
    ends = [(each.source_id, each.ticket_id) for each in splits]
    told = Event.objects.filter(kind="split", ticket__in={source for source, _new in ends})
    chosen = [each.facts["messages"] for each in told if (each.ticket_id, each.facts["number"]) in ends]
    return {number for numbers in chosen for number in numbers}


def _around(record: Split) -> set[int]:
    """All that may give or get messages when this is put back: the two tickets, those to which the messages
    belong that were merged there when they were split off, and where each of them goes on."""
    way = way_of(record.ticket_id)
    homes = homes_in(way)
    starts = {record.ticket_id, record.source_id, *(home for each in way for home in homes[each])}
    return {step for steps in ways_of(starts).values() for step in steps}


def _place_of(new: Ticket, source: Ticket) -> Ticket:
    """The ticket in which a split-off matter goes on: where all that the customer wrote in it had come into
    the old one with another, that other one, and all that was said since belongs there; else the old one."""
    homes = {*Message.objects.filter(ticket=new, direction="in").values_list("home", flat=True)}
    home = homes.pop() if len(homes) == 1 else None
    if home is None or new.pk in way_of(home):
        return source
    return locked(Ticket(pk=home))


def _belonging(new: Ticket, end: Ticket) -> dict[Ticket, list[Message]]:
    """The messages of a split-off matter that belong to a ticket that was merged there then, and has been
    parted since; by where that one's are."""
    ways = ways_of(homes_in([new.pk])[new.pk])
    to = {home: way[-1] for home, way in ways.items() if way[-1] not in (new.pk, end.pk)}
    rows = _held(*to.values())
    found: dict[Ticket, list[Message]] = {rows[each]: [] for each in sorted(set(to.values()))}
    for message in Message.objects.filter(ticket=new, home__in=to).order_by("at", "external_id", "id"):
        if message.home_id is not None:
            found[rows[to[message.home_id]]].append(message)
    return found


def _send_home(new: Ticket, homes: dict[Ticket, list[Message]], user: User) -> None:
    """Give each ticket its own messages, and the wait of those. What somebody decided about the waiting of
    all holds for each; the split-off matter keeps the wait of the rest."""
    if not homes:
        return
    own = {each.pk for messages in homes.values() for each in messages}
    rest = Message.objects.filter(ticket=new).exclude(pk__in=own)
    waiting = _waiting(Message.objects.filter(WAITS, ticket=new), new)
    said = new.unanswered and new.waiting_since not in waiting
    for home, messages in homes.items():
        waits = _wait(_waiting(messages, new), new, said=said)
        _hand_home(home, messages, waits, new.number, user)
    waits = _wait(_waiting(rest.filter(WAITS), new), new, said=said and rest.exists())
    write(new, **waits)


def _wait(waiting: Sequence[datetime], new: Ticket, *, said: bool) -> dict[str, Any]:
    """The wait of some messages of a split-off matter; where somebody `said` that it waits, since then."""
    since = min(waiting, default=new.waiting_since if said else None)
    return {"unanswered": since is not None, "waiting_since": since}


def _hand_home(home: Ticket, messages: list[Message], waits: dict[str, Any], number: int, user: User) -> None:
    numbers = [each.pk for each in messages]
    theirs = Message.objects.filter(pk__in=numbers)
    theirs.update(ticket=home)
    theirs.filter(home=home).update(home=None)
    before, stand = home.status, Stand.of(home)
    stand.take_wait(**waits)
    write(home, **stand.columns)
    _show(home)
    facts = {**plain(waits), **stands(home)}
    events.record("unsplit", ticket=home, actor=user, number=number, messages=numbers, **facts)
    tell_reopened(home, before, number, user)


def _bring_back(new: Ticket, source: Ticket, end: Ticket) -> list[int]:
    """Messages go back to the ticket they were split off, or where that goes on. Gives back which came."""
    rest = Message.objects.filter(ticket=new)
    numbers = list(rest.values_list("pk", flat=True))
    if end != source:
        rest.filter(home=None).update(home=source)
    rest.update(ticket=end)
    Message.objects.filter(ticket=end, home=end).update(home=None)
    return numbers


def _new_ticket(source: Ticket, chosen: list[Message]) -> Ticket:
    first = chosen[0]
    return Ticket.objects.create(
        account_id=source.account_id,
        identity_id=source.identity_id,
        customer_id=source.customer_id,
        post_id=source.post_id,
        kind=source.kind,
        status=Ticket.Status.OPEN,
        running=False,
        unanswered=False,
        assignee_id=source.assignee_id,
        team_id=source.team_id,
        priority=source.priority,
        language=source.language,
        subject=first_words(first.text, 80),
        opened_at=first.at,
        last_at=chosen[-1].at,
        last_private_in=source.last_private_in,
        window_closes_at=source.window_closes_at,
        took_private=source.took_private,
        split_from=source,
    )


def _alone(ticket: Ticket) -> dict[int, Stand]:
    """How each of those that are one in a ticket would stand alone, by its number; empty where it is one."""
    record = Merge.objects.filter(into=ticket, undone_at=None).order_by("pk").first()
    return Telling(record, ticket).each() if record is not None else {}


def _waiting(
    messages: Iterable[Message], ticket: Ticket, alone: Mapping[int, Stand] | None = None
) -> list[datetime]:
    """When the messages came that wait for an answer: not what had its answer before it was merged in."""
    since = ticket.waiting_since
    if since is None or not ticket.unanswered:
        return []
    found = [each for each in messages if waits(each) and each.at >= since]
    stands = [(each.at, (alone or {}).get(each.home_id or ticket.pk)) for each in found]
    return [at for at, stand in stands if stand is None or stand.waits_since(at)]


def _columns(ticket: Ticket, names: Sequence[str]) -> dict[str, Any]:
    """Columns as JSON, and when they were so."""
    found = plain({name: getattr(ticket, name) for name in names})
    return {"at": clock.now().isoformat(), **found}

"""What each of some tickets would be, had one never been merged.

A ticket that took others in is told again from what it had before: its log from then on, with those that
stay in it, without the one that leaves. What is told of a message counts only for the ticket whose message
it is; what somebody decided about the waiting while they were one counts for each of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

from django.db.models import Max, Q

from heed.inbox.arrivals import WAITS, window_of
from heed.inbox.models import Event, Merge, Message, Ticket
from heed.inbox.models.merging import gone_on_in, way_of
from heed.inbox.verbs.tending import write
from heed.lib import clock

WAIT = ("unanswered", "waiting_since")
COURSE = (*WAIT, "status", "solved_at", "snoozed_until", "outside_until")
TAKES = (*COURSE, "tags", "opened_at", "last_private_in", "window_closes_at", "took_private")
"""What taking another ticket in can change, but for the last that was said."""

_MOMENTS = frozenset(
    {"solved_at", "waiting_since", "snoozed_until", "outside_until", "follow_up_at", "due_at", "opened_at",
     "last_at", "last_private_in", "window_closes_at"}
)  # fmt: skip
DECIDED = ("answered_marked", "unanswered_marked")
_READ = (
    *("message_received", "answered_outside", "answer_queued", "answer_sent", "merged", "split", "unsplit"),
    *(*DECIDED, "status_changed", "snoozed", "woke", "tags_changed"),
)
_OPEN, _SOLVED = Ticket.Status.OPEN.value, Ticket.Status.SOLVED.value


@dataclass
class Stand:
    """How a ticket stands, as far as merging and what happens meanwhile can change it."""

    kind: str
    unanswered: bool
    waiting_since: datetime | None
    status: str
    solved_at: datetime | None
    snoozed_until: datetime | None
    outside_until: datetime | None
    tags: Sequence[str]
    opened_at: datetime
    last_private_in: datetime | None
    window_closes_at: datetime | None
    took_private: bool
    marks: dict[str, Stand] = field(default_factory=dict)
    """How it stood before the last mark and the last change of status, for when that is undone."""
    away: set[int] = field(default_factory=set)
    """The messages that are split off."""

    @classmethod
    def of(cls, ticket: Ticket, kept: Mapping[str, Any] | None = None) -> Stand:
        """A ticket as it is, or with these columns as they were kept."""
        now = {name: getattr(ticket, name) for name in TAKES}
        then = {name: value for name, value in values(kept or {}).items() if name in now}
        return cls(kind=ticket.kind, **{**now, **then})

    @property
    def columns(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in TAKES}

    def waits_since(self, at: datetime) -> bool:
        """Whether what came then waits for an answer."""
        return self.unanswered and self.waiting_since is not None and at >= self.waiting_since

    def wait_since(self, *moments: datetime | None) -> None:
        """Somebody waits since then."""
        found = [each for each in (self.waiting_since, *moments) if each is not None]
        self.unanswered, self.waiting_since = True, min(found, default=None)

    def awake(self) -> None:
        if self.status == _SOLVED or self.snoozed_until is not None:
            self.status = _OPEN
        self.snoozed_until = self.solved_at = None

    def take_in(self, other: Stand) -> None:
        """The earliest arrival, the longest wait, all tags."""
        self.take_wait(other.unanswered, other.waiting_since)
        self.tags = sorted({*self.tags, *other.tags})
        self.opened_at = min(self.opened_at, other.opened_at)
        self.last_private_in = latest(self.last_private_in, other.last_private_in)
        self.window_closes_at = latest(self.window_closes_at, other.window_closes_at)
        self.took_private = self.took_private or other.took_private or other.kind == Ticket.Kind.PRIVATE

    def take_wait(self, unanswered: bool, waiting_since: datetime | None) -> None:
        if unanswered:
            self.wait_since(waiting_since)
            if self.status == _SOLVED:
                self.status, self.solved_at = _OPEN, None

    # ------------------------------------------------------------------------- what happened

    def wrote(self, message: Message, waits: bool, window: int | None) -> None:
        """The customer wrote."""
        self.opened_at = min(self.opened_at, message.at)
        if message.visibility == "private" and not message.automatic:
            self.last_private_in = latest(self.last_private_in, message.at)
            if window is not None and self.last_private_in is not None:
                self.window_closes_at = self.last_private_in + timedelta(seconds=window)
        if waits and (self.outside_until is None or message.at > self.outside_until):
            self.wait_since(message.at)
            self.awake()

    def answered_outside(self, at: datetime, asked: Iterable[datetime]) -> None:
        self.outside_until = latest(self.outside_until, at)
        assert self.outside_until is not None
        until = self.outside_until
        self.still_wait(each for each in asked if each > until)

    def still_wait(self, asked: Iterable[datetime]) -> None:
        """Of what waited, only these do."""
        found = list(asked) if self.unanswered else []
        self.unanswered, self.waiting_since = bool(found), min(found, default=None)

    def marked(self, event: Event) -> bool:
        """Somebody marked it answered or unanswered, or took that back; whether it changed anything."""
        before = copy(self)
        facts = event.facts
        if event.kind == "answered_marked":
            self.marks["answered"] = before
            self.unanswered, self.waiting_since = False, None
        elif "mark" in facts or "undone" in facts or "taken_back" in facts:
            was = self.marks.get("answered", before)
            if was.unanswered:
                self.wait_since(was.waiting_since)
        elif not self.unanswered:
            self.wait_since(event.at)
        return self.unanswered != before.unanswered

    def went_on(self, event: Event) -> None:
        """What somebody did to the ticket itself."""
        facts = event.facts
        match event.kind:
            case "status_changed" if facts.get("undone") and "status" in self.marks:
                was = self.marks["status"]
                self.status, self.solved_at = was.status, was.solved_at
                self.snoozed_until = was.snoozed_until
            case "status_changed":
                self.marks["status"] = copy(self)
                self.turned(str(facts["status"]), event.at)
            case "snoozed":
                self.snoozed_until = clock.from_iso(facts["until"])
            case "woke" if event.message_id is None:
                self.snoozed_until = None
                self.status = self.status if facts.get("undone") else _OPEN
            case "tags_changed":
                tags = {*self.tags, *facts.get("added", ())} - {*facts.get("removed", ())}
                self.tags = sorted(tags)

    def turned(self, status: str, at: datetime) -> None:
        """It was given a status. The one it already had, which may have been another's, changes nothing."""
        if status != self.status:
            self.status = status
            self.solved_at = at if status == _SOLVED else None
            self.snoozed_until = None if status == _SOLVED else self.snoozed_until


class Own:
    """The messages that are a ticket's own, in the ticket where they stand now."""

    def __init__(self, stands_in: int, homes: Sequence[int], *, blocked: bool) -> None:
        self.stands_in, self.homes, self.blocked = stands_in, homes, blocked

    def has(self, message: Message) -> bool:
        home = message.home_id or message.ticket_id
        return message.ticket_id == self.stands_in and (not self.homes or home in self.homes)

    def waits(self, message: Message) -> bool:
        return waits(message) and not self.blocked

    def asked(self, until: int, away: Collection[int], off: Collection[int] = ()) -> list[datetime]:
        """When those came that wait for an answer, as far as they had come by this event; also those that
        are its own of `off`, which stand elsewhere since they were split off."""
        rows = [*self._asked, *(self._waits(self._split_off(off)) if off else ())]
        return [at for pk, at, came in rows if came < until and pk not in away]

    def some(self, numbers: Collection[int]) -> bool:
        return Message.objects.filter(self._where, pk__in=numbers).exists()

    @cached_property
    def _asked(self) -> list[tuple[int, datetime, int]]:
        return self._waits(self._where)

    def _waits(self, which: Q) -> list[tuple[int, datetime, int]]:
        if self.blocked:
            return []
        came = Max("event__pk", filter=Q(event__kind="message_received"), default=0)
        rows = Message.objects.filter(WAITS, which).annotate(came=came)
        return list(rows.values_list("pk", "at", "came"))

    def _split_off(self, numbers: Collection[int]) -> Q:
        """Those that were its own when they were split off; one that had been merged there keeps its home."""
        own = Q(home__in=self.homes or gone_on_in(self.stands_in))
        if self.stands_in in self.homes:
            own |= Q(home=None) | Q(home__split_from=self.stands_in)
        return Q(pk__in=numbers) & own

    @property
    def _where(self) -> Q:
        stand = Q(ticket=self.stands_in)
        if not self.homes:
            return stand
        own = Q(home__in=self.homes)
        return stand & (own | Q(home=None) if self.stands_in in self.homes else own)


class Telling:
    """Tells tickets again without one merge."""

    def __init__(self, record: Merge, end: Ticket) -> None:
        self.record, self.end = record, end
        self.window = window_of(end.account)
        self.decided: list[Event] = []
        """What was decided meanwhile that changed something for the one that leaves,"""
        self.idle: set[int] = set()
        """and what changed nothing for those that stay."""
        self.woken: dict[tuple[int, int], Event] = {}
        """What woke a ticket that was awake already as a part of the whole; by ticket and message."""

    # ------------------------------------------------------------------- the one that leaves

    def leave(self, gone: Ticket, path: Sequence[tuple[int, int]]) -> None:
        """Give the ticket that leaves what it would have by now; `path` names the tickets it went on in, each
        with the event since which it did."""
        stand = Stand.of(gone, self.record.kept)
        self._alone(gone, stand, path, Own(gone.pk, [], blocked=gone.identity.blocked))
        rest = {name: value for name, value in values(self.record.kept).items() if name not in COURSE}
        write(gone, **{**rest, **stand.columns, "tags": gone.tags})

    def _alone(self, ticket: Ticket, stand: Stand, path: Sequence[tuple[int, int]], own: Own) -> None:
        """Let happen to a ticket what was told of it and of those it went on in, as far as it was its own."""
        left = began(ticket.pk)
        for event in _log([*path, (ticket.pk, left.pk if left else 0)]):
            if event.kind in DECIDED:
                if stand.marked(event) and event.ticket_id != ticket.pk:
                    self.decided.append(event)
            else:
                self._said(ticket, stand, event, own)

    def each(self) -> dict[int, Stand]:
        """How each of those that are one would stand by now had none been merged, by its number."""
        found: dict[int, Stand] = {}
        records = Merge.objects.filter(ticket__in=gone_on_in(self.end.pk), undone_at=None)
        for record in records.select_related("ticket__account", "ticket__identity"):
            gone, stand = record.ticket, Stand.of(record.ticket, record.kept)
            own = Own(self.end.pk, [gone.pk], blocked=gone.identity.blocked)
            self._alone(gone, stand, steps_of(gone.pk), own)
            found[gone.pk] = stand
        steps = {step.pk: each for each in self._records(self.end) if (step := began(each.ticket_id))}
        if steps:
            stand = Stand.of(self.end, steps[min(steps)].before)
            own = Own(self.end.pk, [self.end.pk], blocked=self.end.identity.blocked)
            self._alone(self.end, stand, [(self.end.pk, min(steps))], own)
            found[self.end.pk] = stand
        return found

    def share(self, gone: Ticket) -> None:
        """Tell in its log, too, what was decided for it, and in each log what woke that ticket; figures and
        clocks are counted from there."""
        away = [each.pk for each in self.decided if each.pk in self.idle]
        Event.objects.filter(pk__in=away).update(ticket=gone)
        both = [again(each, gone) for each in self.decided if each.pk not in self.idle]
        Event.objects.bulk_create([*both, *self._woke()])

    def _woke(self) -> list[Event]:
        """What woke a ticket, as far as its log does not tell so already."""
        tickets, messages = {each for each, _ in self.woken}, {each for _, each in self.woken}
        told = Event.objects.filter(kind="woke", ticket__in=tickets, message__in=messages)
        known = {*told.values_list("ticket", "message")}
        return [each for which, each in self.woken.items() if which not in known]

    # ----------------------------------------------------------------- those that stay as one

    def stay(self, ticket: Ticket) -> None:
        """Give a ticket that others stay in what it would have; what merges keep of it follows."""
        if not any(began(each.ticket_id) for each in self._records(ticket)):
            return
        stand = self.told(ticket)
        brought = set(self.told(ticket, whole=True).tags) - set(stand.tags)
        tags = [each for each in ticket.tags if each not in brought]
        gone_on = Merge.objects.filter(ticket=ticket, undone_at=None).first()
        if gone_on is None:
            course = () if ticket.spam else COURSE
            found = {
                name: each for name, each in stand.columns.items() if name in course or name not in COURSE
            }
            write(ticket, **{**found, "tags": tags})
            return
        now = plain(stand.columns)
        gone_on.kept |= {name: now[name] for name in gone_on.kept if name in now}
        gone_on.save(update_fields=["kept"])
        rest = {name: each for name, each in stand.columns.items() if name not in COURSE}
        write(ticket, **{**rest, "tags": tags})

    def told(self, ticket: Ticket, *, whole: bool = False) -> Stand:
        """How it stands, told from before the first that stays in it; `whole` with the one that leaves."""
        steps = {step: each for each in self._records(ticket) if (step := began(each.ticket_id))}
        records = {step.pk: each for step, each in steps.items()}
        first = min(records)
        stand = Stand.of(ticket, records[first].before)
        own = Own(self.end.pk, gone_on_in(ticket.pk), blocked=ticket.identity.blocked)
        for event in sorted([*_log([(ticket.pk, first)]), *steps], key=_in_order):
            record = records.get(event.pk)
            if event.kind in DECIDED:
                if not stand.marked(event) and not whole:
                    self.idle.add(event.pk)
            elif record is None:
                self._said(ticket, stand, event, own)
                stand.went_on(event)
            elif whole:
                stand.take_in(self._child(record, whole=True))
            elif record.pk != self.record.pk:
                record.before |= plain(stand.columns)
                stand.take_in(self._child(record))
                record.after |= plain(stand.columns)
                record.save(update_fields=["before", "after"])
        return stand

    def _child(self, record: Merge, *, whole: bool = False) -> Stand:
        """One of those that are one, as it was when it was merged."""
        if any(began(each.ticket_id) for each in self._records(record.ticket)):
            return self.told(record.ticket, whole=whole)
        return Stand.of(record.ticket, record.kept)

    def _records(self, ticket: Ticket) -> list[Merge]:
        found = Merge.objects.filter(into=ticket, undone_at=None) | Merge.objects.filter(
            into=ticket, pk=self.record.pk
        )
        return list(found.select_related("ticket__account", "ticket__identity").order_by("pk"))

    def _said(self, ticket: Ticket, stand: Stand, event: Event, own: Own) -> None:
        message, facts = event.message, event.facts
        numbers = {*facts.get("messages", ())}
        match event.kind:
            case "message_received" if message is not None and own.has(message):
                asleep = stand.snoozed_until
                stand.wrote(message, own.waits(message), self.window)
                if asleep is not None and stand.snoozed_until is None:
                    self.woken[ticket.pk, message.pk] = again(event, ticket, "woke")
            case "answered_outside" if message is not None and own.has(message):
                stand.answered_outside(message.at, own.asked(key(event), stand.away))
            case "answer_queued" if message is not None and own.has(message) and message.author_id:
                stand.status = _OPEN if stand.status == Ticket.Status.NEW else stand.status
            case "answer_sent" if message is not None and own.has(message):
                private = message.visibility == "private" and stand.kind == Ticket.Kind.PUBLIC
                stand.took_private = stand.took_private or private
            case "split":
                asked = own.asked(key(event), stand.away, numbers)
                stand.away |= numbers
                since = stand.waiting_since
                if since is not None and since in asked:
                    rest = own.asked(key(event), stand.away)
                    stand.still_wait(each for each in rest if each >= since)
            case "unsplit" | "merged" if "unanswered" in facts and (not numbers or own.some(numbers)):
                stand.away -= numbers
                stand.take_wait(**values({name: facts.get(name) for name in WAIT}))


def began(number: int) -> Event | None:
    """What its own log says of going on in another; None where that is not told."""
    told = Event.objects.filter(ticket=number, kind="merged", data__has_key="into")
    return told.order_by("-id").first()


def steps_of(number: int) -> list[tuple[int, int]]:
    """The tickets it went on in, each with the event since which it did."""
    return [(to, step.pk) for each, to in pairwise(way_of(number)) if (step := began(each))]


def key(event: Event) -> int:
    """Its place in the order in which things happened; that of a copy is what it is a copy of."""
    return int(event.facts.get("of", event.pk))


def _log(tickets: Iterable[tuple[int, int]]) -> list[Event]:
    """What is told of these tickets, of each since an event, in the order in which it happened."""
    since = dict(tickets)
    rows = Event.objects.filter(ticket__in=since, kind__in=_READ, pk__gt=min(since.values()))
    found = [each for each in rows.select_related("message") if key(each) > since[each.ticket_id or 0]]
    return sorted(found, key=_in_order)


def _in_order(event: Event) -> tuple[int, int]:
    return key(event), event.pk


def again(event: Event, ticket: Ticket, kind: str = "") -> Event:
    """The same, told of another ticket, too, at the time when it was."""
    return Event(
        kind=kind or event.kind,
        at=event.at,
        account_id=ticket.account_id,
        ticket=ticket,
        message_id=event.message_id if kind == "woke" else None,
        actor_id=event.actor_id,
        data={**event.facts, "of": key(event)},
    )


def waits(message: Message) -> bool:
    """Whether it waits for an answer; `WAITS` says the same to the database."""
    return message.direction == "in" and not message.automatic and message.kind != "standby"


def latest(*moments: datetime | None) -> datetime | None:
    return max((each for each in moments if each is not None), default=None)


def plain(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns as JSON."""
    return {name: each.isoformat() if isinstance(each, datetime) else each for name, each in columns.items()}


def values(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The same, read back."""
    return {
        name: clock.from_iso(value) if name in _MOMENTS and value else value
        for name, value in columns.items()
        if name != "at"
    }

"""The running promises of tickets, and from them the due time the lists show.

`keep` brings them to what ticket and thread say now. It reads what is, not what happened, so it may run
twice, late, or for several events at once. Only pauses and changes of place need the time at which they
happened: that comes from the log, from where the promise was last counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, QuerySet

from heed.accounts import audit
from heed.accounts.models import User
from heed.accounts.rights import need
from heed.inbox import events
from heed.inbox.events import Happened
from heed.inbox.models import Event, Ticket
from heed.inbox.statements import among, columns, run
from heed.lib import clock, live
from heed.routing import desk_hours, targets
from heed.routing.desk_hours import ROUND_THE_CLOCK, DeskHours, Place, Version
from heed.routing.models import Policy, Promise
from heed.routing.moving import promises_may_have_moved
from heed.routing.targets import Course

End = Promise.End
REPLIES = (Promise.Target.FIRST_REPLY, Promise.Target.NEXT_REPLY)


def keep_promises(batch: Sequence[Event]) -> None:
    """The reaction: something happened that may begin, end, pause or move a promise."""
    at: dict[int, datetime] = {}
    for event in batch:
        if event.ticket_id is not None:
            at[event.ticket_id] = max(event.at, at.get(event.ticket_id, event.at))
    regrouped = {event.ticket_id: event.at for event in batch if "group" in event.data}
    others = Ticket.objects.filter(customer__tickets__in=among(regrouped))
    others = others.exclude(status=Ticket.Status.SOLVED)
    now = max(regrouped.values(), default=clock.now())
    at = {**dict.fromkeys(others.values_list("pk", flat=True)[:AT_ONCE], now), **at}
    poured = Ticket.objects.filter(merged_into__in=among(at)).values_list("pk", "merged_into_id")
    at.update({pk: at[into] for pk, into in poured if into is not None})
    keep(at)


@transaction.atomic
def keep(at: Mapping[int, datetime]) -> None:
    """Bring the promises of these tickets up to date, each as of a time."""
    found = targets.policies()
    if not found and not Promise.objects.filter(ticket__in=among(at), ended_at=None).exists():
        return
    run(_LOCK, list(at))
    tickets = [Matter(*row) for row in run(_MATTERS, list(at))]
    numbers = [ticket.pk for ticket in tickets]
    running: dict[int, dict[str, Promise]] = defaultdict(dict)
    rows = Promise.objects.filter(ticket__in=among(numbers), ended_at=None).select_related("policy", "hours")
    for row in rows:
        running[row.ticket_id][row.target] = row
    desk = desk_hours.read()
    facts = _facts(numbers, running)
    work = _Work(found, desk, _over(facts))
    for ticket in tickets:
        work.bring_up_to_date(ticket, running[ticket.pk], facts[ticket.pk], at[ticket.pk])
    work.write()


class Matter(NamedTuple):
    """A ticket, as far as promises ask."""

    pk: int
    account_id: int
    priority: int
    status: str
    solved_at: datetime | None
    spam: bool
    merged_into_id: int | None
    snoozed_until: datetime | None
    due_at: datetime | None
    due_for: str
    group: str
    team: int
    brand: int

    @property
    def place(self) -> Place:
        return Place(self.team, self.account_id, self.brand)

    @property
    def solved(self) -> bool:
        return self.status == Ticket.Status.SOLVED

    @property
    def asleep(self) -> bool:
        return self.snoozed_until is not None


_LOCK = "SELECT id FROM inbox_ticket WHERE id = ANY(%s) ORDER BY id FOR UPDATE"

_MATTERS = """
SELECT t.id, t.account_id, t.priority, t.status, t.solved_at, t.spam, t.merged_into_id, t.snoozed_until,
    t.due_at, t.due_for, c."group", coalesce(t.team_id, 0), coalesce(a.brand_id, 0)
FROM inbox_ticket t JOIN inbox_customer c ON c.id = t.customer_id
JOIN channels_account a ON a.id = t.account_id WHERE t.id = ANY(%s) ORDER BY t.id
"""

Key = tuple[int, str, datetime]
"""Ticket, target, and since when."""


def _over(facts: Mapping[int, Facts]) -> dict[Key, Promise]:
    """What was promised to these tickets for a wait or cycle that is now and has ended."""
    rows = Promise.objects.filter(ticket__in=among(facts), ended_at__isnull=False)
    return {
        (row.ticket_id, row.target, row.since): row
        for row in rows.select_related("policy", "hours")
        if row.since in (facts[row.ticket_id].began, facts[row.ticket_id].waits_since)
    }


# ------------------------------------------------------------------ what a ticket's thread says


@dataclass(frozen=True, slots=True)
class Answered:
    message: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """Something in the log after which a clock may stand, run, or run by other hours."""

    at: datetime
    kind: str
    status: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the thread and the log say of a ticket."""

    waits_since: datetime | None
    """The oldest customer message nobody has answered."""
    answers: Mapping[str, Answered]
    """By target: the first answer after a running promise began."""
    solved: datetime | None
    """When it was solved first after the running promise began."""
    last_solved: datetime | None
    answered_in_cycle: bool
    began: datetime
    """The beginning of the running cycle."""
    moves: Sequence[Move] = ()
    """Since the running promises were counted last, in order."""


_ANSWER = """{row}.direction = 'out' AND {row}.visibility <> 'note' AND NOT {row}.automatic
    AND {row}.origin = '' AND {row}.state IN ('sent', 'delivered', 'seen')"""

_OURS = f"({_ANSWER.format(row='m')} AND m.home_id IS NULL)"
"""An answer in this ticket: what was answered in one that was merged in answered nothing here."""

_NOT_ANSWERED_THERE = f"""NOT EXISTS (
    SELECT FROM inbox_message a WHERE a.ticket_id = t.id AND a.at > m.at AND {_ANSWER.format(row="a")}
        AND (a.home_id = m.home_id OR a.created_at > (
            SELECT max(e.at) FROM inbox_event e WHERE e.ticket_id = t.id AND e.kind = 'merged'
        ))
)"""  # noqa: S608 - no value from outside is part of it
"""Of a message that was merged in: neither there before, nor here since."""

_FACTS = f"""
SELECT t.id, wait.at, solved.at, coalesce(answer.at > coalesce(solved.at, '-infinity'), false),
    coalesce(again.at, t.opened_at), t.waiting_since, t.unanswered, answer.at
FROM inbox_ticket t
LEFT JOIN LATERAL (
    SELECT m.at FROM inbox_message m WHERE m.ticket_id = t.id AND {_OURS}
    ORDER BY m.at DESC, m.external_id DESC, m.id DESC LIMIT 1
) answer ON true
LEFT JOIN LATERAL (
    SELECT m.at FROM inbox_message m
    WHERE m.ticket_id = t.id AND t.unanswered AND m.direction = 'in' AND NOT m.automatic
        AND m.kind <> 'standby' AND m.at >= t.waiting_since
        AND CASE WHEN m.home_id IS NULL THEN m.at > coalesce(answer.at, '-infinity')
            ELSE {_NOT_ANSWERED_THERE} END
    ORDER BY m.at, m.external_id, m.id LIMIT 1
) wait ON true
LEFT JOIN LATERAL (
    SELECT max(e.at) AS at FROM inbox_event e
    WHERE e.ticket_id = t.id AND e.kind = 'status_changed' AND e.data->>'status' = 'solved'
) solved ON true
LEFT JOIN LATERAL (
    SELECT min(e.at) AS at FROM inbox_event e
    WHERE e.ticket_id = t.id AND solved.at IS NOT NULL AND e.at > solved.at
        AND e.kind IN ('ticket_reopened', 'status_changed')
) again ON true
WHERE t.id = ANY(%s)
"""  # noqa: S608 - no value from outside is part of it

_ANSWERS = f"""
SELECT p.ticket_id, p.target, m.id, m.at FROM routing_promise p
JOIN LATERAL (
    SELECT m.id, m.at FROM inbox_message m WHERE m.ticket_id = p.ticket_id AND m.at > p.since AND {_OURS}
    ORDER BY m.at, m.external_id, m.id LIMIT 1
) m ON true
WHERE p.ticket_id = ANY(%s) AND p.ended_at IS NULL AND p.target <> 'resolution'
"""  # noqa: S608

_SOLVED = """
SELECT p.ticket_id, min(e.at) FROM routing_promise p
JOIN inbox_event e ON e.ticket_id = p.ticket_id AND e.at > p.since
    AND e.kind = 'status_changed' AND e.data->>'status' = 'solved'
WHERE p.ticket_id = ANY(%s) AND p.ended_at IS NULL AND p.target = 'resolution'
GROUP BY p.ticket_id
"""

NOTHING = Facts(None, {}, None, None, answered_in_cycle=False, began=datetime.min)
"""Nothing is known, and nothing has moved."""

_MOVES = """
SELECT e.ticket_id, e.at, e.kind, coalesce(e.data->>'status', '') FROM inbox_event e
JOIN (
    SELECT ticket_id, min(counted_at) AS at FROM routing_promise
    WHERE ticket_id = ANY(%s) AND ended_at IS NULL GROUP BY ticket_id
) counted ON counted.ticket_id = e.ticket_id AND e.at > counted.at
WHERE e.kind IN ('status_changed', 'ticket_reopened', 'snoozed', 'woke', 'priority_changed', 'team_changed')
ORDER BY e.at, e.id
"""


def _facts(tickets: list[int], running: Mapping[int, Mapping[str, Promise]]) -> dict[int, Facts]:
    kept = [pk for pk in tickets if running.get(pk)]
    answers: dict[int, dict[str, Answered]] = defaultdict(dict)
    for pk, target, message, at in run(_ANSWERS, kept):
        answers[pk][target] = Answered(message, at)
    solved: dict[int, datetime] = dict(run(_SOLVED, kept))
    moves: dict[int, list[Move]] = defaultdict(list)
    for pk, *move in run(_MOVES, kept):
        moves[pk].append(Move(*move))
    found: dict[int, Facts] = {}
    for pk, waits, last_solved, answered, began, waiting_since, unanswered, last_answer in run(
        _FACTS, tickets
    ):
        marked = unanswered and waiting_since is not None and (not last_answer or waiting_since > last_answer)
        since = waits or (waiting_since if marked else None)
        found[pk] = Facts(since, answers[pk], solved.get(pk), last_solved, answered, began, moves[pk])
    return found


# ----------------------------------------------------------------------------------- the work


class _Work:
    """What changes for a batch of tickets, written at once."""

    def __init__(self, found: Sequence[Policy], desk: DeskHours, over: Mapping[Key, Promise]) -> None:
        self.policies, self.desk = found, desk
        self._matching: dict[tuple[Any, ...], Policy | None] = {}
        self.over = over
        """What was promised for such a wait and has ended. It begins again only where it had been dropped."""
        self.changed: list[Promise] = []
        self.new: list[Promise] = []
        self.told: list[Happened] = []
        self.due: list[tuple[int, datetime | None, str]] = []
        """Tickets whose nearest due time is another now, with what is due then."""

    def bring_up_to_date(
        self, ticket: Matter, running: dict[str, Promise], facts: Facts, at: datetime
    ) -> None:
        wanted = self._wanted(ticket, facts)
        for target, promise in list(running.items()):
            if self._ends(ticket, promise, facts, wanted, at):
                del running[target]
        begun = next((target for target in REPLIES if target in running), None)
        if begun is not None:  # a wait that runs goes on under the name it has
            rest = {target: since for target, since in wanted.items() if target not in REPLIES}
            wanted = {**rest, begun: facts.waits_since or running[begun].since}
        policy = self._policy(ticket.priority, ticket.group, ticket.place)
        for promise in list(running.values()):
            self._move(ticket, promise, policy, wanted.get(promise.target), facts, at)
            if promise.ended_at is not None:
                del running[promise.target]
        for target, since in wanted.items():
            if target not in running:
                new = self._begin(ticket, target, since, policy, at)
                if new is not None:
                    running[target] = new
        self._show(ticket, running.values())

    def _policy(self, *asked: Any) -> Policy | None:
        """The first policy for such a ticket. Tickets that come together are mostly alike."""
        if asked not in self._matching:
            self._matching[asked] = targets.first_match(self.policies, targets.Matter(*asked))
        return self._matching[asked]

    def _wanted(self, ticket: Matter, facts: Facts) -> dict[str, datetime]:
        """What should be running, and since when."""
        if ticket.spam or ticket.merged_into_id is not None or ticket.solved:
            return {}
        found: dict[str, datetime] = {}
        if facts.waits_since is not None:
            first = not facts.answered_in_cycle
            found["first_reply" if first else "next_reply"] = facts.waits_since
            found["resolution"] = (
                min(facts.began, facts.waits_since) if not facts.last_solved else facts.began
            )
        return found

    def _ends(
        self,
        ticket: Matter,
        promise: Promise,
        facts: Facts,
        wanted: Mapping[str, datetime],
        at: datetime,
    ) -> bool:
        """End a promise that is fulfilled, or of which nothing is left to fulfil."""
        if ticket.spam or ticket.merged_into_id is not None:
            self._end(ticket, promise, max(at, promise.since), End.DROPPED)
        elif promise.target == "resolution":
            solved = facts.solved or (ticket.solved_at if ticket.solved else None)
            if solved is None:
                return False
            self._end(ticket, promise, max(solved, promise.since), None)
        elif facts.waits_since is not None and facts.waits_since <= promise.since:
            return False
        elif (answer := facts.answers.get(promise.target)) is not None:
            self._end(ticket, promise, answer.at, None, by=answer.message)
        else:
            self._end(ticket, promise, max(at, promise.since), End.DROPPED)  # no reply was needed
        return True

    def _end(
        self, ticket: Matter, promise: Promise, at: datetime, end: str | None, by: int | None = None
    ) -> None:
        if end is None:
            late = promise.missed_at is not None or (promise.due is not None and promise.due < at)
            end = End.LATE if late else End.KEPT
            if late and promise.missed_at is None and promise.due is not None:
                self.told.append(missed(ticket, promise))
                promise.missed_at = promise.due
        promise.ended_at, promise.end, promise.by_id = at, end, by
        self.changed.append(promise)

    def _move(
        self,
        ticket: Matter,
        promise: Promise,
        policy: Policy | None,
        since: datetime | None,
        facts: Facts,
        at: datetime,
    ) -> None:
        """Another policy, other hours, a pause, an earlier message: what has run counts, the rest moves."""
        seconds = targets.promised(policy, promise.target) if policy else None
        if policy is None or seconds is None:
            self._end(ticket, promise, max(at, promise.since), End.DROPPED)
            return
        moves = [each for each in facts.moves if each.at > promise.counted_at]
        at = moves[-1].at if moves else max(at, promise.counted_at)
        paused = targets.stands(policy, ticket.status, asleep=ticket.asleep)
        version = self._version(policy, ticket, at)
        earlier = since is not None and since < promise.since
        now = (policy.pk, seconds, version.pk or None, paused)
        same = now == (promise.policy_id, promise.seconds, promise.hours_id, promise.paused)
        if same and not moves and not earlier:
            return
        if not moves and not same and version.since and promise.counted_at < version.since < at:
            at = version.since  # other hours hold since then
        before = promise.due
        if since is not None and earlier:
            course = course_of(promise)
            promise.used += course.hours.business_seconds(since, promise.since)
            promise.since = since
        promise.used, promise.counted_at = _counted(promise, moves, at), at
        promise.policy, promise.seconds = policy, seconds
        promise.hours_id, promise.paused = version.pk or None, paused
        self._time(promise, version)
        self.changed.append(promise)
        if promise.due != before:
            if promise.missed_at is None:
                promise.warned_at = None
            self.told.append(set_to(ticket, promise, at))

    def _begin(
        self, ticket: Matter, target: str, since: datetime, policy: Policy | None, at: datetime
    ) -> Promise | None:
        seconds = targets.promised(policy, target) if policy else None
        if policy is None or seconds is None:
            return None
        ended = self.over.get((ticket.pk, target, since))
        if ended is not None:
            return self._take_up(ticket, ended, policy, at)
        version = self._version(policy, ticket, since)
        promise = Promise(
            ticket_id=ticket.pk,
            target=target,
            policy=policy,
            hours_id=version.pk or None,
            seconds=seconds,
            since=since,
            counted_at=since,
            paused=False,
        )
        self._time(promise, version)
        if targets.stands(policy, ticket.status, asleep=ticket.asleep):
            course = Course(version.hours, seconds, 0, since)
            promise.used, promise.counted_at = course.run_until(max(at, since)), max(at, since)
            promise.paused = True
            self._time(promise, version)
        self.new.append(promise)
        self.told.append(set_to(ticket, promise, since))
        return promise

    def _take_up(self, ticket: Matter, promise: Promise, policy: Policy, at: datetime) -> Promise | None:
        """Go on with what was dropped: it was no spam after all."""
        if promise.end != End.DROPPED:
            return None
        promise.ended_at, promise.end, promise.paused = None, "", False
        self.changed.append(promise)
        self._move(ticket, promise, policy, None, NOTHING, at)
        return promise if promise.ended_at is None else None

    def _version(self, policy: Policy, ticket: Matter, at: datetime) -> Version:
        if policy.time == Policy.Clock.ELAPSED:
            return ROUND_THE_CLOCK
        return self.desk.version(ticket.place, at)

    def _time(self, promise: Promise, version: Version) -> None:
        course = Course(version.hours, promise.seconds, promise.used, promise.counted_at, promise.paused)
        promise.due = course.due
        warn = timedelta(seconds=promise.policy.warn_before)
        promise.warn_at = max(promise.since, promise.due - warn) if promise.due and warn else None

    def _show(self, ticket: Matter, running: Iterable[Promise]) -> None:
        """The nearest due time, on the ticket itself."""
        dues = [(each.due, each.target) for each in running if each.due is not None]
        due_at, due_for = min(dues) if dues else (None, "")
        if (ticket.due_at, ticket.due_for) != (due_at, due_for):
            self.due.append((ticket.pk, due_at, due_for))

    def write(self) -> None:
        if self.changed:
            run(_CHANGE, *columns(_row(each) for each in self.changed))
        if self.new:
            run(_BEGIN, *columns((each.ticket_id, each.target, *_row(each)[1:]) for each in self.new))
        if self.due:
            run(_SHOW_DUE, *columns(self.due))
        events.write(self.told)
        if self.due:
            live.tell(events.topics_of([number for number, *_due in self.due]))


_CHANGING = {
    "policy_id": "bigint",
    "hours_id": "bigint",
    "seconds": "int",
    "since": "timestamptz",
    "used": "float8",
    "counted_at": "timestamptz",
    "paused": "bool",
    "due": "timestamptz",
    "warn_at": "timestamptz",
    "warned_at": "timestamptz",
    "missed_at": "timestamptz",
    "ended_at": "timestamptz",
    "end": "text",
    "by_id": "bigint",
}
"""The columns of a promise that change, and their types."""

_CHANGE = f"""
UPDATE routing_promise AS p SET {", ".join(f'"{name}" = new."{name}"' for name in _CHANGING)}
FROM unnest(%s::bigint[], {", ".join(f"%s::{type}[]" for type in _CHANGING.values())})
    AS new (id, {", ".join(f'"{name}"' for name in _CHANGING)}) WHERE p.id = new.id
"""  # noqa: S608

_BEGIN = f"""
INSERT INTO routing_promise (ticket_id, target, {", ".join(f'"{name}"' for name in _CHANGING)})
SELECT * FROM unnest(%s::bigint[], %s::text[], {", ".join(f"%s::{type}[]" for type in _CHANGING.values())})
ON CONFLICT DO NOTHING
"""  # noqa: S608

_SHOW_DUE = """
UPDATE inbox_ticket AS t SET due_at = new.due_at, due_for = new.due_for
FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS new (id, due_at, due_for) WHERE t.id = new.id
"""


def _row(promise: Promise) -> tuple[Any, ...]:
    return (promise.pk, *(getattr(promise, name) for name in _CHANGING))


def _counted(promise: Promise, moves: Sequence[Move], at: datetime) -> float:
    """The seconds that had run by then, without the pauses on the way."""
    used, since, paused = promise.used, promise.counted_at, promise.paused
    hours, policy = _clock_of(promise), promise.policy
    for move in moves:
        if not paused:
            used += hours.business_seconds(since, move.at)
        since, paused = move.at, _stands_after(policy, move, paused)
    return used if paused else used + hours.business_seconds(since, at)


def _stands_after(policy: Policy, move: Move, paused: bool) -> bool:
    """Whether the clock stands after something happened, as far as that alone can tell."""
    match move.kind:
        case "status_changed":
            return targets.stands(policy, move.status, asleep=False)
        case "snoozed":
            return paused or policy.pause_snoozed
        case "woke" | "ticket_reopened":
            return False
    return paused


def course_of(promise: Promise) -> Course:
    """How far a promise has come."""
    return Course(_clock_of(promise), promise.seconds, promise.used, promise.counted_at, promise.paused)


def _clock_of(promise: Promise) -> Any:
    hours = promise.hours
    return desk_hours.opening_hours(hours) if hours is not None else ROUND_THE_CLOCK.hours


# ------------------------------------------------------------------------------------- telling


def set_to(ticket: Matter, promise: Promise, at: datetime) -> Happened:
    """That something is due then, or that its clock stands (due is empty)."""
    return _event("target_set", ticket, promise, at)


def missed(ticket: Matter | Ticket, promise: Promise) -> Happened:
    """That it was due and did not happen. The event's time is the due time, whenever that was noticed."""
    return _event("due_missed", ticket, promise, promise.due or clock.now())


def _event(kind: events.Kind, ticket: Matter | Ticket, promise: Promise, at: datetime) -> Happened:
    return Happened(
        kind,
        ticket.account_id,
        ticket.pk,
        at,
        {
            "target": promise.target,
            "since": promise.since.isoformat(),
            "due": promise.due.isoformat() if promise.due else None,
            "policy": promise.policy_id,
        },
    )


AT_ONCE = 500


@transaction.atomic
def say_what_is_due(now: datetime) -> int:
    """Tell of promises that are near their due time, and of those past it; how many. Each is told once.
    Promises change only under their ticket's lock: what somebody works on now comes the next time."""
    past, near = _past(now), _near(now)
    found = {*past.values_list("ticket_id", flat=True)[:AT_ONCE]}
    found |= {*near.values_list("ticket_id", flat=True)[:AT_ONCE]}
    locked = Ticket.objects.select_for_update(skip_locked=True).filter(pk__in=found).order_by("id")
    tickets = {ticket.pk: ticket for ticket in locked}
    late = list(past.filter(ticket__in=list(tickets)))
    soon = list(near.filter(ticket__in=list(tickets)))
    Promise.objects.filter(pk__in=[each.pk for each in late]).update(missed_at=F("due"))
    Promise.objects.filter(pk__in=[each.pk for each in soon]).update(warned_at=now)
    told = [missed(tickets[each.ticket_id], each) for each in late]
    told += [_event("due_soon", tickets[each.ticket_id], each, now) for each in soon]
    events.write(told)
    if told:
        live.tell(events.topics_of(sorted({each.ticket_id for each in (*late, *soon)})))
    return len(late) + len(soon)


def _past(now: datetime) -> QuerySet[Promise]:
    return Promise.objects.filter(ended_at=None, missed_at=None, due__lte=now).order_by("due")


def _near(now: datetime) -> QuerySet[Promise]:
    running = Promise.objects.filter(ended_at=None, missed_at=None, warned_at=None)
    return running.filter(warn_at__lte=now, due__gt=now).order_by("warn_at")


def open_tickets(after: int) -> list[int]:
    """The next tickets whose promises may have changed because policies or hours did."""
    rows = Ticket.objects.filter(pk__gt=after).exclude(status=Ticket.Status.SOLVED)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


def keep_all(tickets: Collection[int]) -> None:
    """Bring the promises of tickets up to date as of now."""
    now = clock.now()
    keep(dict.fromkeys(tickets, now))


# ------------------------------------------------------------------------------------ policies


@transaction.atomic
def keep_policy(policy: Policy, user: User) -> Policy:
    """Make a policy, or change one: what is running moves with it. Raises `NotAllowed`."""
    need(user, "routing")
    new = policy.pk is None
    if new:
        last = Policy.objects.order_by("-position").values_list("position", flat=True).first()
        policy.position = (last or 0) + 1
    policy.save()
    audit.record(user, "made" if new else "changed", policy, name=policy.name)
    promises_may_have_moved()
    return policy


@transaction.atomic
def put_policy_away(policy: Policy, user: User) -> None:
    """A policy promises nothing any more. It stays for what was promised under it. Raises `NotAllowed`."""
    need(user, "routing")
    Policy.objects.filter(pk=policy.pk).update(archived=True)
    audit.record(user, "removed", policy, name=policy.name)
    promises_may_have_moved()


@transaction.atomic
def move_policy(policy: Policy, user: User, up: bool) -> None:
    """Ask this policy before the one above it, or after the one below. Raises `NotAllowed`."""
    need(user, "routing")
    rows = list(Policy.objects.select_for_update().filter(archived=False).order_by("position", "id"))
    here = next((index for index, row in enumerate(rows) if row.pk == policy.pk), None)
    there = None if here is None else here + (-1 if up else 1)
    if here is None or there is None or not 0 <= there < len(rows):
        return
    rows[here], rows[there] = rows[there], rows[here]
    for position, row in enumerate(rows):
        row.position = position
    Policy.objects.bulk_update(rows, ["position"])
    audit.record(user, "changed", policy, position=there)
    promises_may_have_moved()

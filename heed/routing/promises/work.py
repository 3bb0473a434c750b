"""What follows for a ticket from what its thread and the log say: promises begin, end, stand and move."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import Any

from django.db.models import Q

from heed.inbox import events
from heed.inbox.events import Happened
from heed.inbox.models import Message
from heed.inbox.statements import columns, run
from heed.routing import targets
from heed.routing.desk_hours import ROUND_THE_CLOCK, DeskHours, Version
from heed.routing.models import Policy, Promise
from heed.routing.promises import clocks
from heed.routing.promises.clocks import Clock, Key
from heed.routing.promises.course import Step, courses, stretches
from heed.routing.promises.matters import Matter
from heed.routing.promises.telling import missed, set_to
from heed.routing.promises.thread import NOTHING, Facts, Move, moved_since

End = Promise.End
REPLIES = (Promise.Target.FIRST_REPLY, Promise.Target.NEXT_REPLY)


class Work:
    """What changes for a batch of tickets, written at once."""

    def __init__(
        self,
        found: Sequence[Policy],
        desk: DeskHours,
        over: Mapping[Key, Clock],
        brought: Mapping[Key, Clock],
        parted: Collection[int],
    ) -> None:
        self.policies, self.desk = found, desk
        self._matching: dict[tuple[Any, ...], Policy | None] = {}
        self.over = over
        """What was promised for such a wait and has ended. It begins again only where it had been dropped."""
        self.brought = brought
        """What ran for such a wait in a ticket that was merged into the one of the key."""
        self.parted = parted
        """Tickets out of which another was taken."""
        self.changed: list[Clock] = []
        self.new: list[Clock] = []
        self.told: list[Happened] = []
        self.due: list[tuple[int, datetime | None, str]] = []
        """Tickets whose nearest due time is another now, with what is due then."""

    def bring_up_to_date(self, ticket: Matter, running: dict[str, Clock], facts: Facts, at: datetime) -> None:
        for target, promise in list(running.items()):
            if self._ends(ticket, promise, facts, at):
                del running[target]
        wanted = self._wanted(ticket, facts, running)
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
                new = self._begin(ticket, target, since, policy, facts, at)
                if new is not None:
                    running[target] = new
        self._show(ticket, running.values())

    def _policy(self, *asked: Any) -> Policy | None:
        """The first policy for such a ticket. Tickets that come together are mostly alike."""
        if asked not in self._matching:
            self._matching[asked] = targets.first_match(self.policies, targets.Matter(*asked))
        return self._matching[asked]

    def _wanted(self, ticket: Matter, facts: Facts, running: Mapping[str, Clock]) -> dict[str, datetime]:
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
        elif "resolution" in running or self._is_not_over(ticket, facts):
            found["resolution"] = facts.began
        return found

    def _is_not_over(self, ticket: Matter, facts: Facts) -> bool:
        """Whether a resolution of this cycle was promised, and ended by what was taken back."""
        key = ticket.pk, "resolution", facts.began
        ended = self.over.get(key) or self.brought.get(key)
        return ended is not None and (ended.end == End.DROPPED or _unsolved(ended, facts))

    def _ends(
        self,
        ticket: Matter,
        promise: Clock,
        facts: Facts,
        at: datetime,
    ) -> bool:
        """End a promise that is fulfilled, or of which nothing is left to fulfil."""
        if ticket.spam or ticket.merged_into_id is not None:
            self._end(ticket, promise, max(at, promise.since), End.DROPPED)
        elif promise.target == "resolution":
            solved = facts.solved or (ticket.solved_at if ticket.solved else None)
            if facts.solved is None and _has_left(promise, facts, solved):
                self._end(ticket, promise, max(at, promise.since), End.DROPPED)
            elif solved is None:
                return False
            else:
                self._end(ticket, promise, max(solved, promise.since), None)
        elif not ticket.solved and facts.waits_since is not None and facts.waits_since <= promise.since:
            return False
        elif (answer := facts.answers.get(promise.target)) is not None:
            self._end(ticket, promise, answer.at, None, by=answer.message)
        else:
            self._end(ticket, promise, max(at, promise.since), End.DROPPED)  # no reply was needed
        return True

    def _end(
        self, ticket: Matter, promise: Clock, at: datetime, end: str | None, by: int | None = None
    ) -> None:
        if end is None:
            late = promise.missed_at is not None or (promise.due is not None and promise.due < at)
            end = End.LATE if late else End.KEPT
            if late and promise.missed_at is None and promise.due is not None:
                self.told.append(missed(ticket, promise, promise.due))
                promise.missed_at = promise.due
        promise.ended_at, promise.end, promise.by = at, end, by
        self.changed.append(promise)

    def _move(
        self,
        ticket: Matter,
        promise: Clock,
        policy: Policy | None,
        since: datetime | None,
        facts: Facts,
        at: datetime,
    ) -> None:
        """Another policy, other hours, a pause, an earlier message: what has run counts, the rest moves. What
        runs since another time because of a merge is another promise, so that either can be taken up."""
        seconds = targets.promised(policy, promise.target) if policy else None
        earlier = since is not None and since < promise.since
        if policy is None or seconds is None or self._is_another(promise, since, facts):
            self._end(ticket, promise, max(at, promise.since), End.DROPPED)
            return
        moves = [each for each in facts.moves if each.at > promise.counted_at]
        at = moves[-1].at if moves else max(at, promise.counted_at)
        paused = targets.stands(policy, ticket.status, asleep=ticket.asleep)
        version = self._version(policy, ticket, at)
        now = (policy.pk, seconds, version.pk, paused)
        same = now == (promise.policy.pk, promise.seconds, promise.version.pk, promise.paused)
        anew = self._is_to_be_counted_anew(ticket, promise, facts)
        if same and not moves and not earlier and not anew:
            return
        changed = version.since if version.schedule == promise.version.schedule else None
        if not moves and not same and changed and promise.counted_at < changed < at:
            at = changed  # the schedule has other hours since then
        before = promise.due
        if since is not None and earlier:
            promise.used += promise.version.hours.business_seconds(since, promise.since)
            promise.since = since
        used = self._counted_anew(ticket, promise, policy, at) if anew else _counted(promise, moves, at)
        promise.used, promise.counted_at = used, at
        promise.policy, promise.seconds = policy, seconds
        promise.version, promise.paused = version, paused
        promise.set_due()
        self.changed.append(promise)
        if promise.due != before:
            if promise.missed_at is None:
                promise.warned_at = None
            self.told.append(set_to(ticket, promise, at))

    def _counted_anew(self, ticket: Matter, promise: Clock, policy: Policy, at: datetime) -> float:
        """The seconds that had run by then, had those never been in it that have left."""
        used = 0.0
        for since, until, team in stretches(policy, self._courses.get(ticket.pk, ()), promise.since, at):
            then = ticket if team is None else ticket._replace(team=team)
            changes = (each for each in self.desk.changes(then.place, since) if each < until)
            for start, end in pairwise([since, *changes, until]):
                used += self._version(policy, then, start).hours.business_seconds(start, end)
        return used

    @cached_property
    def _courses(self) -> Mapping[int, Sequence[Step]]:
        return courses(self.parted)

    def _is_to_be_counted_anew(self, ticket: Matter, promise: Clock, facts: Facts) -> bool:
        """Whether it was counted while another was in it that has left since. What came in with one that
        stays ran there first."""
        if facts.parted is None or not promise.since < promise.counted_at <= facts.parted:
            return False
        return self._there(ticket.pk, promise.target, promise.since) is None

    def _is_another(self, promise: Clock, since: datetime | None, facts: Facts) -> bool:
        """Whether what should run since then is not this promise, with a message that came late."""
        if since is None or since == promise.since:
            return False
        return (
            since > promise.since
            or facts.holds_others
            or (promise.ticket, promise.target, since) in self.over
        )

    def _begin(
        self, ticket: Matter, target: str, since: datetime, policy: Policy | None, facts: Facts, at: datetime
    ) -> Clock | None:
        seconds = targets.promised(policy, target) if policy else None
        if policy is None or seconds is None:
            return None
        ended = self.over.get((ticket.pk, target, since))
        if ended is not None and not self._ran_there_since(ended):
            return self._take_up(ticket, ended, policy, facts, at)
        used, counted_at = self._ran_before(ticket, target, since, at)
        begun = since if target in REPLIES else counted_at
        version = self._version(policy, ticket, counted_at)
        promise = Clock(ticket.pk, target, policy, version, seconds, since, used, counted_at)
        self._take_later_hours(ticket, promise)
        if targets.stands(policy, ticket.status, asleep=ticket.asleep):
            now = max(at, counted_at)
            promise.used, promise.counted_at, promise.paused = promise.course.run_until(now), now, True
        promise.set_due()
        if ended is None:
            self.new.append(promise)
        else:
            promise.pk = ended.pk
            if promise.due == ended.due:  # which was told already
                promise.warned_at, promise.missed_at = ended.warned_at, ended.missed_at
            self.changed.append(promise)
        self.told.append(set_to(ticket, promise, begun))
        return promise

    def _take_later_hours(self, ticket: Matter, promise: Clock) -> None:
        """What comes to be known late may have waited while the hours changed: it goes on by the new
        ones, unless it had run out before."""
        for changed in self.desk.changes(ticket.place, promise.counted_at):
            used = promise.course.run_until(changed)
            if used >= promise.seconds:
                return
            promise.used, promise.counted_at = used, changed
            promise.version = self._version(promise.policy, ticket, changed)

    def _ran_before(
        self, ticket: Matter, target: str, since: datetime, at: datetime
    ) -> tuple[float, datetime]:
        """What has run of a wait that was merged in, by the hours and with the pauses there, and until
        when."""
        there = self._there(ticket.pk, target, since)
        if there is None:
            return 0.0, since
        until = max(there.ended_at or at, there.counted_at)
        moves = [each for each in self._moves_since_counted(there) if each.at <= until]
        return _counted(there, moves, until), until

    def _there(self, ticket: int, target: str, since: datetime) -> Clock | None:
        """What ran for such a wait where it was before; it may have had another name there."""
        names = REPLIES if target in REPLIES else (target,)
        ran = [self.brought.get((ticket, name, since)) for name in names]
        return next((each for each in ran if each is not None), None)

    def _ran_there_since(self, ended: Clock) -> bool:
        """Whether what ended here ran on where it came from, and came in again."""
        there = self._there(ended.ticket, ended.target, ended.since)
        if there is None or ended.ended_at is None:
            return False
        return there.ended_at is None or there.ended_at > ended.ended_at

    def _moves_since_counted(self, promise: Clock) -> list[Move]:
        return [each for each in self._moved[promise.ticket] if each.at > promise.counted_at]

    @cached_property
    def _moved(self) -> Mapping[int, Sequence[Move]]:
        """What the log says of the tickets whose promises may be taken up."""
        asked = [*self.over.values(), *self.brought.values()]
        return moved_since({each.ticket for each in asked}, min(each.counted_at for each in asked))

    def _take_up(
        self, ticket: Matter, promise: Clock, policy: Policy, facts: Facts, at: datetime
    ) -> Clock | None:
        """Go on with what was dropped, for it was no spam after all, what an answer had kept that then
        failed or left, or what was kept by solving it with many others, which was taken back."""
        taken_back = _failed(promise) or _unsolved(promise, facts)
        if promise.end != End.DROPPED and not taken_back:
            return None
        promise.ended_at, promise.end, promise.by = None, "", None
        self.changed.append(promise)
        moves, told = self._moves_since_counted(promise), len(self.told)
        self._move(ticket, promise, policy, None, replace(NOTHING, moves=moves, parted=facts.parted), at)
        if promise.ended_at is not None:
            return None
        if len(self.told) == told:  # something else may have been told meanwhile
            self.told.append(set_to(ticket, promise, at))
        return promise

    def _version(self, policy: Policy, ticket: Matter, at: datetime) -> Version:
        if policy.time == Policy.Clock.ELAPSED:
            return ROUND_THE_CLOCK
        return self.desk.version(ticket.place, at)

    def _show(self, ticket: Matter, running: Iterable[Clock]) -> None:
        """The nearest due time, on the ticket itself."""
        dues = [(each.due, each.target) for each in running if each.due is not None]
        due_at, due_for = min(dues) if dues else (None, "")
        if (ticket.due_at, ticket.due_for) != (due_at, due_for):
            self.due.append((ticket.pk, due_at, due_for))

    def write(self) -> None:
        clocks.write(self.changed, self.new)
        if self.due:
            run(_SHOW_DUE, *columns(self.due))
        with events.told_together():
            events.write(self.told)
            events.tell_pages(number for number, *_due in self.due)


def _failed(promise: Clock) -> bool:
    """Whether the answer that ended it did not arrive, or has left with the other ticket to which it was."""
    answer = Message.objects.filter(pk=promise.by or 0)
    away = ~Q(ticket=promise.ticket)
    return promise.by is not None and answer.filter(away | Q(state=Message.State.FAILED)).exists()


def _has_left(promise: Clock, facts: Facts, solved: datetime | None) -> bool:
    """Whether what was promised is no longer in the ticket, which was solved then, maybe, before it came."""
    if solved is None or facts.left:
        return facts.left
    return solved <= facts.came_in if facts.came_in else solved < promise.since != facts.began


def _unsolved(promise: Clock, facts: Facts) -> bool:
    """Whether it ended by a solving that the log no longer tells of."""
    solved = facts.last_solved
    ended = promise.ended_at
    return promise.target == "resolution" and ended is not None and (solved is None or solved < ended)


_SHOW_DUE = """
UPDATE inbox_ticket AS t SET due_at = new.due_at, due_for = new.due_for
FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS new (id, due_at, due_for) WHERE t.id = new.id
"""


def _counted(promise: Clock, moves: Sequence[Move], at: datetime) -> float:
    """The seconds that had run by then, without the pauses on the way."""
    used, since, paused = promise.used, promise.counted_at, promise.paused
    hours, policy = promise.version.hours, promise.policy
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

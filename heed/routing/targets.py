"""What a policy promises, as plain facts: which one counts, when its clock stands, when it is due."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from heed.inbox.models import Ticket
from heed.routing.desk_hours import Place
from heed.routing.hours import ALWAYS, OpeningHours
from heed.routing.models import Policy

TARGETS = ("first_reply", "next_reply", "resolution")


class Matter(NamedTuple):
    """What policies ask of a ticket."""

    priority: int
    group: str
    place: Place


def policies() -> list[Policy]:
    """Those that count, in order."""
    return list(Policy.objects.filter(on=True, archived=False).order_by("position", "id"))


def first_match(found: Iterable[Policy], matter: Matter) -> Policy | None:
    """The first policy that is for such a ticket."""
    return next((each for each in found if matches(each, matter)), None)


def matches(policy: Policy, matter: Matter) -> bool:
    """Whether a policy is for such a ticket. Where it names nothing, it is for all."""
    place = matter.place
    return all(
        not wanted or has in wanted
        for wanted, has in (
            (policy.priorities, matter.priority),
            (policy.groups, matter.group),
            (policy.teams, place.team),
            (policy.accounts, place.account),
            (policy.brands, place.brand),
        )
    )


def promised(policy: Policy, target: str) -> int | None:
    """Within how many seconds; None when the policy promises nothing of the kind."""
    found: int | None = getattr(policy, target)
    return found


def stands(policy: Policy, status: str, *, asleep: bool) -> bool:
    """Whether the policy's clock stands for a ticket like this."""
    return (
        (policy.pause_pending and status == Ticket.Status.PENDING)
        or (policy.pause_hold and status == Ticket.Status.HOLD)
        or (policy.pause_snoozed and asleep)
    )


@dataclass(frozen=True, slots=True)
class Course:
    """How far a promise has come: so many of its seconds had run at that time, by these hours."""

    hours: OpeningHours
    seconds: float
    used: float
    counted_at: datetime
    paused: bool = False

    def run_until(self, at: datetime) -> float:
        """The seconds that will have run by then."""
        if self.paused or at <= self.counted_at:
            return self.used
        return self.used + self.hours.business_seconds(self.counted_at, at)

    @property
    def due(self) -> datetime | None:
        """When it will have run out; None while it is paused, and by hours that never come."""
        return None if self.paused else due_after(self.hours, self.counted_at, self.seconds - self.used)


def due_after(hours: OpeningHours, at: datetime, seconds: float) -> datetime | None:
    """When so much time will have passed. What has run out already was due at that time: seconds below
    nothing lead back by the clock on the wall."""
    return hours.add_business(at, seconds) if seconds >= 0 else at + timedelta(seconds=seconds)


def clock_of(policy: Policy, hours: OpeningHours) -> OpeningHours:
    """The hours a policy's clock runs by."""
    return hours if policy.time == Policy.Clock.BUSINESS else ALWAYS

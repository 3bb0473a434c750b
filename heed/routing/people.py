"""Who is here, speaks the language, has the skills and room for more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q

from heed.accounts.models import Team, User
from heed.accounts.rights import rights_of
from heed.inbox import reach
from heed.inbox.models import OPEN, Ticket
from heed.inbox.reach import NotAllowed
from heed.lib import clock
from heed.routing.models import Profile

WORK = OPEN & Q(status__in=(Ticket.Status.NEW, Ticket.Status.OPEN))
"""What fills somebody's hands: open tickets that neither wait for the customer nor are on hold."""


@dataclass(frozen=True, slots=True)
class Able:
    """What one colleague can take now."""

    user: User
    languages: frozenset[str]
    skills: frozenset[int]
    capacity: int
    load: int
    here: bool

    @property
    def has_room(self) -> bool:
        return not self.capacity or self.load < self.capacity

    def suits(self, language: str, skills: frozenset[int]) -> bool:
        speaks = not language or not self.languages or language in self.languages
        return speaks and skills <= self.skills


def able(user: User) -> Able:
    return able_people([user])[0]


def able_of_team(team: Team) -> list[Able]:
    """Everybody of a team who may answer at all."""
    members = User.objects.filter(memberships__team=team, is_active=True).order_by("pk")
    everybody = list(members.prefetch_related("grants__own"))
    for each in everybody:
        each.rights = rights_of(each.grants.all())  # read for all of them at once
    return able_people([each for each in everybody if each.rights.may("answer")])


def able_people(people: Iterable[User]) -> list[Able]:
    users = list(people)
    now = clock.now()
    profiles = Profile.objects.filter(user__in=users).prefetch_related("skills")
    by_user = {each.user_id: each for each in profiles}
    loads = dict(
        Ticket.objects.filter(WORK, assignee__in=users)
        .values_list("assignee")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return [
        _able(user, by_user.get(user.pk) or Profile(user=user), loads.get(user.pk, 0), now) for user in users
    ]


def _able(user: User, profile: Profile, load: int, now: datetime) -> Able:
    skills = frozenset(each.pk for each in profile.skills.all()) if profile.pk else frozenset()
    languages = frozenset(profile.languages)
    return Able(user, languages, skills, profile.capacity, load, is_here(profile, now))


def may_take(user: User, ticket: Ticket) -> bool:
    """Whether somebody may answer this ticket by what they were granted, be it theirs or not."""
    try:
        seen = reach.sight(user, "answer")
    except NotAllowed:
        return False
    return seen.takes_in(ticket)


# ----------------------------------------------------------------------------- here or away


def is_away(profile: Profile, now: datetime) -> bool:
    return profile.away_since is not None and (profile.away_until is None or now < profile.away_until)


def is_here(profile: Profile, now: datetime) -> bool:
    return not is_away(profile, now) and on_shift(profile, now)


def on_shift(profile: Profile, now: datetime) -> bool:
    """Whether it is inside their shift; always for somebody without one."""
    return not any(profile.shifts.values()) or any(
        start <= now < end for start, end in shifts_around(profile, now)
    )


def shift_ended(profile: Profile, now: datetime) -> datetime | None:
    """When the last shift ended, unless one runs or none ended within the last day."""
    if on_shift(profile, now):
        return None
    ended = [end for _start, end in shifts_around(profile, now) if now - timedelta(days=1) < end <= now]
    return max(ended, default=None)


def next_shift(profile: Profile, now: datetime) -> datetime | None:
    """When they work again; None for somebody without shifts."""
    coming = (start for start, _end in shifts_around(profile, now, days=8) if start > now)
    return min(coming, default=None)


def shifts_around(profile: Profile, now: datetime, days: int = 2) -> Iterator[tuple[datetime, datetime]]:
    """The shifts that begin from two days ago until so many days from now.

    Hours are those of the wall clock in the person's zone: a shift over the change of time is an hour
    shorter or longer, as it is for whoever works it.
    """
    zone = ZoneInfo(profile.zone)
    today = now.astimezone(zone).date()
    for offset in range(-2, days):
        day = today + timedelta(days=offset)
        for opens, closes in profile.shifts.get(str(day.weekday()), []):
            first, last = time.fromisoformat(opens), time.fromisoformat(closes)
            end_day = day if last > first else day + timedelta(days=1)
            start = datetime.combine(day, first, zone)
            yield start.astimezone(UTC), datetime.combine(end_day, last, zone).astimezone(UTC)

"""Teams, people and rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from heed.api.shapes.given import Given, Text
from heed.api.shapes.shape import Shape
from heed.routing import actions, rules
from heed.routing.dry import DryRun
from heed.routing.models import Profile, Rule, RuleRun, Skill
from heed.routing.people import is_here
from heed.routing.reach import TeamNow

Way = Literal["hand", "pull", "turns", "least"]
Short = Annotated[Text, Field(max_length=80)]


class TeamOut(Shape):
    id: int
    name: str
    archived: bool
    way: str
    same_language: bool
    same_skill: bool
    prefer_last: bool
    takes_back: bool
    members: list[int]
    accounts: list[str]
    here: int
    waiting: int


class Teams(Shape):
    items: list[TeamOut]


class TeamGiven(Given):
    name: Short


class TeamChange(Given):
    """All of it: what is left out is empty or off."""

    name: Short
    members: list[int] = []
    accounts: list[int] = []
    way: Way = "pull"
    same_language: bool = True
    same_skill: bool = True
    prefer_last: bool = True
    takes_back: bool = True


class SkillOut(Shape):
    id: int
    name: str
    tags: list[str]


class Skills(Shape):
    items: list[SkillOut]


class SkillGiven(Given):
    name: Short
    tags: list[Short]


class ProfileOut(Shape):
    person: int
    languages: list[str]
    skills: list[int]
    capacity: int
    zone: str
    shifts: dict[str, list[list[str]]]
    gives_back: bool
    here: bool
    away_until: datetime | None


class ProfileGiven(Given):
    """All of it: what is left out is empty. A capacity of 0 is no limit."""

    languages: list[Annotated[str, Field(max_length=8)]] = []
    skills: list[int] = []
    capacity: int = 0
    zone: Annotated[str, Field(max_length=60)] = "UTC"
    shifts: dict[str, list[tuple[str, str]]] = {}
    gives_back: bool = True


class AvailabilityGiven(Given):
    away: bool
    until: datetime | None = None
    give_back: bool = True


class AvailabilityOut(Shape):
    away: bool
    until: datetime | None
    given_back: int = 0


class RuleOut(Shape):
    id: int
    name: str
    position: int
    on: bool
    when: list[str]
    condition: str
    actions: list[dict[str, Any]]
    stop: bool
    problem: Annotated[str, Field(description="Why it cannot run as it stands; empty where it can.")]
    not_done: Annotated[
        list[str],
        Field(description="Its actions that name somebody or something gone, and why each is not done."),
    ]


class Rules(Shape):
    items: list[RuleOut]


class RuleGiven(Given):
    name: Short = ""
    when: list[str]
    condition: Annotated[Text, Field(max_length=2000)] = ""
    actions: list[dict[str, Any]]
    stop: bool = False


class RuleMove(Given):
    on: bool | None = None
    to: Literal["up", "down"] | None = None


class TouchOut(Shape):
    ticket: int
    at: datetime
    times: int
    deeds: list[str]


class DryRunOut(Shape):
    since: datetime
    count: int
    looked_at: int
    cut: bool
    now: int
    groups_of_today: Annotated[
        bool,
        Field(description="Of some customers only today's group is known, so that one was taken."),
    ]
    items: list[TouchOut]


class RunOut(Shape):
    id: int
    ticket: int
    at: datetime
    when: str
    failed: bool
    outcome: list[dict[str, Any]]


class Runs(Shape):
    items: list[RunOut]


def of_team(each: TeamNow) -> TeamOut:
    routing = each.routing
    return TeamOut(
        id=each.team.pk,
        name=each.team.name,
        archived=each.team.archived,
        way=routing.way,
        same_language=routing.same_language,
        same_skill=routing.same_skill,
        prefer_last=routing.prefer_last,
        takes_back=routing.takes_back,
        members=[one.user.pk for one in each.people],
        accounts=[account.name for account in each.accounts],
        here=each.here,
        waiting=each.waiting,
    )


def of_skill(each: Skill) -> SkillOut:
    return SkillOut(id=each.pk, name=each.name, tags=each.tags)


def of_profile(profile: Profile, now: datetime) -> ProfileOut:
    return ProfileOut(
        person=profile.user_id,
        languages=profile.languages,
        skills=[each.pk for each in profile.skills.all()] if profile.pk else [],
        capacity=profile.capacity,
        zone=profile.zone,
        shifts={day: [_as_given(span) for span in spans] for day, spans in profile.shifts.items()},
        gives_back=profile.gives_back,
        here=is_here(profile, now),
        away_until=profile.away_until,
    )


def _as_given(span: Sequence[str]) -> list[str]:
    """A day ends at 24:00."""
    opens, closes = span
    return [opens, "24:00" if closes == "00:00" else closes]


def of_rule(rule: Rule) -> RuleOut:
    return RuleOut(
        id=rule.pk,
        name=rule.name,
        position=rule.position,
        on=rule.on,
        when=rule.when,
        condition=rule.condition,
        actions=rule.actions,
        stop=rule.stop,
        problem=rules.problem_of(rule),
        not_done=rules.not_done_any_more(rule),
    )


def of_dry_run(found: DryRun, seen: set[int]) -> DryRunOut:
    """What a rule would have done; of the tickets only those that the asker may see."""
    touches = [
        TouchOut(ticket=each.ticket.pk, at=each.at, times=each.times, deeds=list(each.deeds))
        for each in found.touches
        if each.ticket.pk in seen
    ]
    return DryRunOut(
        since=found.since,
        count=found.count,
        looked_at=found.looked_at,
        cut=found.cut,
        now=found.now,
        groups_of_today=found.groups_of_today,
        items=touches,
    )


def of_run(run: RuleRun) -> RunOut:
    return RunOut(
        id=run.pk,
        ticket=run.ticket_id,
        at=run.at,
        when=run.event.kind if run.event else Rule.TIME,
        failed=run.failed,
        outcome=[actions.noted(each) for each in run.outcome],
    )

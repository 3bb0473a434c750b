"""Teams, people and rules, for those who set them up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q

from heed.accounts.models import Team, User
from heed.accounts.rights import need
from heed.inbox.models import Ticket
from heed.lib import clock
from heed.routing.assignment import WAITING, routing_of
from heed.routing.models import AccountTeam, Profile, Rule, RuleRun, Skill, TeamRouting
from heed.routing.people import Able, able_people

WEEK = timedelta(days=7)


class NoSuchTeam(LookupError):
    pass


class NoSuchSkill(LookupError):
    pass


class NoSuchRule(LookupError):
    pass


@dataclass(frozen=True, slots=True)
class TeamNow:
    """A team as it stands: who is in it, who is here, what waits."""

    team: Team
    routing: TeamRouting
    people: tuple[Able, ...]
    waiting: int
    accounts: tuple[str, ...]

    @property
    def here(self) -> int:
        return sum(each.here for each in self.people)


def teams(user: User, *, archived: bool = False) -> list[TeamNow]:
    """All teams by name, as they stand now."""
    need(user, "routing")
    found = list(Team.objects.filter(archived=archived).select_related("routing").order_by("name"))
    waiting = dict(
        Ticket.objects.filter(WAITING, team__in=found).values_list("team").annotate(n=Count("pk")).order_by()
    )
    people = list(User.objects.filter(teams__in=found, is_active=True).distinct().order_by("name", "pk"))
    able = {each.user.pk: each for each in able_people(people)}
    members: dict[int, list[Able]] = {team.pk: [] for team in found}
    for person in people:
        for team in person.memberships.values_list("team", flat=True):
            if team in members:
                members[team].append(able[person.pk])
    goes = AccountTeam.objects.filter(team__in=found).order_by("account__name")
    accounts: dict[int, list[str]] = {}
    for team, name in goes.values_list("team", "account__name"):
        accounts.setdefault(team, []).append(name)
    return [
        TeamNow(
            each,
            routing_of(each),
            tuple(members[each.pk]),
            waiting.get(each.pk, 0),
            tuple(accounts.get(each.pk, ())),
        )
        for each in found
    ]


def team(user: User, number: int) -> Team:
    need(user, "routing")
    found = Team.objects.filter(pk=number).select_related("routing").first()
    if found is None:
        raise NoSuchTeam(number)
    return found


def skills(user: User) -> list[Skill]:
    need(user, "routing")
    return list(Skill.objects.order_by("name"))


def skill(user: User, number: int) -> Skill:
    need(user, "routing")
    found = Skill.objects.filter(pk=number).first()
    if found is None:
        raise NoSuchSkill(number)
    return found


def profile(someone: User) -> Profile:
    """What somebody can take; an unsaved one where nobody has said."""
    return Profile.objects.filter(user=someone).first() or Profile(user=someone)


def open_teams() -> list[Team]:
    """The teams a ticket can be given to, by name."""
    return list(Team.objects.filter(archived=False).order_by("name"))


@dataclass(frozen=True, slots=True)
class RuleNow:
    """A rule and how often it ran, and failed, in the last days."""

    rule: Rule
    runs: int
    failed: int


def rules(user: User) -> list[RuleNow]:
    """The rules in their order."""
    need(user, "routing")
    since = Q(runs__at__gt=clock.now() - WEEK)
    rows = Rule.objects.annotate(
        n=Count("runs", filter=since), bad=Count("runs", filter=since & Q(runs__failed=True))
    )
    return [RuleNow(each, each.n, each.bad) for each in rows.order_by("position", "id")]


def rule(user: User, number: int) -> Rule:
    need(user, "routing")
    found = Rule.objects.filter(pk=number).first()
    if found is None:
        raise NoSuchRule(number)
    return found


def runs(user: User, rule: Rule, limit: int = 20) -> list[RuleRun]:
    """What a rule did last, newest first."""
    need(user, "routing")
    rows = RuleRun.objects.filter(rule=rule).select_related("ticket__identity", "event")
    return list(rows.order_by("-at", "-id")[:limit])

"""Teams, people and rules, for those who set them up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import Count

from heed.accounts.models import Membership, Team, User
from heed.accounts.refusals import NotHere
from heed.accounts.rights import need
from heed.channels.models import Account
from heed.inbox.models import Ticket
from heed.lib import clock
from heed.lib.rows import Joined
from heed.routing.assignment import WAITING, routing_of
from heed.routing.models import AccountTeam, Profile, Rule, RuleRun, Skill, TeamRouting
from heed.routing.people import Able, able_people

WEEK = timedelta(days=7)
MOST_RUNS = 1000


class NoSuchTeam(NotHere):
    pass


class NoSuchSkill(NotHere):
    pass


class NoSuchRule(NotHere):
    pass


@dataclass(frozen=True, slots=True)
class TeamNow:
    """A team as it stands: who is in it, who is here, what waits."""

    team: Team
    routing: TeamRouting
    people: tuple[Able, ...]
    waiting: int
    accounts: tuple[Account, ...]

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
    belongs: dict[int, list[int]] = {}
    for team, person in Membership.objects.filter(team__in=found).values_list("team", "user"):
        belongs.setdefault(person, []).append(team)
    for each in people:
        for team in belongs.get(each.pk, ()):
            members[team].append(able[each.pk])
    goes = AccountTeam.objects.filter(team__in=found).order_by("account__name")
    accounts: dict[int, list[Account]] = {}
    for row in goes.select_related("account"):
        accounts.setdefault(row.team_id, []).append(row.account)
    return [
        TeamNow(
            row,
            routing_of(row),
            tuple(members[row.pk]),
            waiting.get(row.pk, 0),
            tuple(accounts.get(row.pk, ())),
        )
        for row in found
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
    return _PROFILES.first("WHERE user_id = %s", [someone.pk]) or Profile(user=someone)


_PROFILES = Joined(Profile)


def open_teams() -> list[Team]:
    """The teams a ticket can be given to, by name."""
    return list(Team.objects.filter(archived=False).order_by("name"))


@dataclass(frozen=True, slots=True)
class RuleNow:
    """A rule and how often it ran in the last days, counted up to one more than `MOST_RUNS`, and how often
    one of these failed."""

    rule: Rule
    runs: int
    failed: int


def rules(user: User) -> list[RuleNow]:
    """The rules in their order."""
    need(user, "routing")
    found = list(Rule.objects.order_by("position", "id"))
    ran = _lately([each.pk for each in found])
    return [RuleNow(each, *ran.get(each.pk, (0, 0))) for each in found]


def _lately(rules: list[int]) -> dict[int, tuple[int, int]]:
    """For each of these rules its runs in the last days and those that failed, among the newest thousand."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT rule, count(*), count(*) FILTER (WHERE failed)
               FROM unnest(%s::bigint[]) AS rule, LATERAL (
                   SELECT failed FROM routing_rulerun WHERE rule_id = rule AND at > %s
                   ORDER BY at DESC, id DESC LIMIT %s) AS ran
               GROUP BY rule""",
            [rules, clock.now() - WEEK, MOST_RUNS + 1],
        )
        return {rule: (runs, failed) for rule, runs, failed in cursor.fetchall()}


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

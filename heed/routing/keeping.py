"""Setting up teams and rules: every change is written into the audit."""

from __future__ import annotations

from calendar import day_abbr
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _

from heed.accounts import audit, renaming
from heed.accounts.models import Membership, Team, User
from heed.accounts.refusals import CannotChange
from heed.channels.models import Account
from heed.inbox.verbs import CannotTend
from heed.inbox.verbs.sorting import tag_name
from heed.lib import clock, live
from heed.lib.order import moved
from heed.routing import actions, rules
from heed.routing.automatic import refuse_unknown_blanks
from heed.routing.desk_hours import refuse_unknown_zone
from heed.routing.holding import understood
from heed.routing.hours_text import spans_from
from heed.routing.models import AccountTeam, Profile, Rule, Skill, TeamRouting

LONGEST_NAME = 80
MOST_ACTIONS = 10
MOST_RULES = 200


# ----------------------------------------------------------------------------- teams


@transaction.atomic
def make_team(user: User, name: str) -> Team:
    """A new team. Raises `CannotChange` for a name that is empty or taken."""
    name = _name(name)
    try:
        with transaction.atomic():
            team = Team.objects.create(name=name)
    except IntegrityError as taken:
        raise CannotChange(_("There is a team of this name already."), "name") from taken
    TeamRouting.objects.create(team=team)
    audit.record(user, "made", team)
    return team


@transaction.atomic
def change_team(
    user: User,
    team: Team,
    *,
    name: str,
    members: Iterable[int],
    accounts: Iterable[int],
    way: str,
    same_language: bool,
    same_skill: bool,
    prefer_last: bool,
    takes_back: bool,
) -> None:
    """Keep how a team is set up. Raises `CannotChange`."""
    name, before = _name(name), _team_told(team)
    if way not in TeamRouting.Way.values:
        raise CannotChange(_("Choose how the team gets its tickets."), "way")
    try:
        with transaction.atomic():
            Team.objects.filter(pk=team.pk).update(name=name)
            renaming.tell("team", team.pk, team.name, name)
    except IntegrityError as taken:
        raise CannotChange(_("There is a team of this name already."), "name") from taken
    team.name = name
    routing, _made = TeamRouting.objects.select_for_update().get_or_create(team=team)
    routing.way, routing.prefer_last, routing.takes_back = way, prefer_last, takes_back
    routing.same_language, routing.same_skill = same_language, same_skill
    routing.save()
    _set_members(team, set(members))
    _set_accounts(user, team, set(accounts))
    audit.kept(user, team, before, _team_told(team))
    live.tell(["people", "queue"])


_TOLD_OF_ROUTING = ("way", "same_language", "same_skill", "prefer_last", "takes_back")


def _team_told(team: Team) -> dict[str, Any]:
    """What the audit tells of a team, as the database has it."""
    return {
        "name": Team.objects.get(pk=team.pk).name,
        **audit.stood(TeamRouting(team=team), *_TOLD_OF_ROUTING),
        "people": sorted(str(each) for each in team.members.all()),
        "accounts": sorted(AccountTeam.objects.filter(team=team).values_list("account__name", flat=True)),
    }


def _set_members(team: Team, wanted: set[int]) -> None:
    people = set(User.objects.filter(pk__in=wanted, is_active=True).values_list("pk", flat=True))
    team.memberships.exclude(user__in=people).delete()
    Membership.objects.bulk_create(
        [Membership(team=team, user_id=each) for each in sorted(people)], ignore_conflicts=True
    )


def _set_accounts(user: User, team: Team, wanted: set[int]) -> None:
    """Whoever sees the tickets of some teams only does not bring them those of more accounts."""
    if wanted != set(AccountTeam.objects.filter(team=team).values_list("account", flat=True)):
        _demand_sight(user, "accounts")
    AccountTeam.objects.filter(team=team).exclude(account__in=wanted).delete()
    for account in Account.objects.filter(pk__in=wanted):
        AccountTeam.objects.update_or_create(account=account, defaults={"team": team})


def _demand_sight(user: User, field: str) -> None:
    if not user.rights.where("see").everywhere:
        raise CannotChange(_("Only somebody who sees all tickets can choose this."), field)


@transaction.atomic
def archive_team(user: User, team: Team) -> None:
    """The team takes no more tickets; what it has stays until somebody moves it."""
    Team.objects.filter(pk=team.pk).update(archived=True)
    AccountTeam.objects.filter(team=team).delete()
    audit.record(user, "removed", team)


@transaction.atomic
def open_team_again(user: User, team: Team) -> None:
    Team.objects.filter(pk=team.pk).update(archived=False)
    audit.record(user, "changed", team, archived=False)


# ----------------------------------------------------------------------------- skills and people


@transaction.atomic
def keep_skill(user: User, skill: Skill | None, name: str, tags: str) -> Skill:
    """Make or change a skill; `tags` by commas. Raises `CannotChange`."""
    row = skill or Skill()
    before = audit.stood(row, "name", "tags")
    row.name = _name(name, 60)
    try:
        row.tags = sorted({tag_name(each) for each in tags.split(",") if each.strip()})
        with transaction.atomic():
            row.save()
    except CannotTend as bad:
        raise CannotChange(bad.sentence, "tags") from bad
    except IntegrityError as taken:
        raise CannotChange(_("There is a skill of this name already."), "name") from taken
    audit.kept(user, row, before, audit.stands(row, "name", "tags"))
    return row


@transaction.atomic
def drop_skill(user: User, skill: Skill) -> None:
    audit.record(user, "removed", skill)
    skill.delete()


@transaction.atomic
def keep_profile(
    user: User,
    someone: User,
    *,
    languages: Sequence[str],
    skills: Iterable[int],
    capacity: int,
    zone: str,
    shifts: Mapping[str, str],
    gives_back: bool,
) -> Profile:
    """Keep what somebody can take and when they work: by the number of the day, 0 for Monday, as people write
    hours. Raises `CannotChange`."""
    refuse_unknown_zone(zone)
    if not 0 <= capacity <= 1000:
        raise CannotChange(_("Enter a number up to 1000; 0 means no limit."), "capacity")
    profile, _made = Profile.objects.select_for_update().get_or_create(user=someone)
    before = _profile_told(profile)
    profile.languages = sorted({code.strip().lower()[:2] for code in languages if code.strip()})
    profile.capacity, profile.zone, profile.gives_back = capacity, zone, gives_back
    profile.shifts = {day: _hours(text) for day in "0123456" if (text := shifts.get(day, "").strip())}
    profile.save()
    profile.skills.set(Skill.objects.filter(pk__in=list(skills)))
    audit.kept(user, someone, before, _profile_told(profile))
    return profile


def _profile_told(profile: Profile) -> dict[str, Any]:
    """What the audit tells of what somebody can take, and when they work."""
    hours = {day: ", ".join("–".join(each) for each in spans) for day, spans in profile.shifts.items()}
    return {
        **audit.stands(profile, "languages", "capacity", "zone", "gives_back"),
        "shifts": [f"{day_abbr[int(day)]} {text}" for day, text in sorted(hours.items())],
        "skills": sorted(each.name for each in profile.skills.all()),
    }


def _hours(text: str) -> list[list[str]]:
    spans = spans_from(text, "shifts")
    return [[f"{each // 60 % 24:02}:{each % 60:02}" for each in span] for span in spans]


# ----------------------------------------------------------------------------- rules

_SHOWING = ("assign_person", "assign_team", "webhook")
"""What shows tickets to whom the rule names. What else a rule does shows nobody more than they see: a notice
appears only to who sees its ticket, notes and answers say the rule's own words."""


def checked_rule(rule: Rule, facts: Mapping[str, Any], user: User | None = None) -> Rule:
    """Put what was entered into a rule, without saving it. Raises `CannotChange`, `BadCondition`."""
    when = [each for each in rules.TRIGGERS if each in facts.get("when", ())]
    if not when:
        raise CannotChange(_("Choose when the rule looks."), "when")
    condition, _test = understood(str(facts.get("condition", "")), clock.now())
    condition.check(user)
    rule.when, rule.condition = when, str(facts.get("condition", "")).strip()
    given = list(facts.get("actions", ()))
    if not given:
        raise CannotChange(_("Choose what the rule does."), "actions")
    if len(given) > MOST_ACTIONS:
        raise CannotChange(_("A rule does at most %(most)d things.") % {"most": MOST_ACTIONS}, "actions")
    try:
        rule.actions = [actions.checked(each) for each in given]
    except actions.BadAction as bad:
        raise CannotChange(bad.sentence, "actions") from bad
    for action in rule.actions:
        if action["do"] in ("answer", "note"):
            refuse_unknown_blanks(action["text"], "actions")
        if user is not None and action["do"] in _SHOWING:
            _demand_sight(user, "actions")
    rule.stop = bool(facts.get("stop"))
    return rule


@transaction.atomic
def keep_rule(user: User, rule: Rule, facts: Mapping[str, Any]) -> Rule:
    """Make or change a rule. Raises `CannotChange`, `BadCondition`."""
    was = Rule.objects.filter(pk=rule.pk).first()
    before = _rule_told(was) if was else {}
    checked_rule(rule, facts, user)
    rule.name = _name(str(facts.get("name", "")))
    new = rule.pk is None
    if new:
        if Rule.objects.count() >= MOST_RULES:
            raise CannotChange(
                _("There are %(most)d rules; more cannot be kept.") % {"most": MOST_RULES}, "name"
            )
        rule.made_by = user
        rule.position = (Rule.objects.aggregate(n=Max("position"))["n"] or 0) + 1
    rule.changed_at, rule.problem, rule.cursor = clock.now(), "", 0
    rule.save()
    audit.kept(user, rule, before, _rule_told(rule))
    return rule


def _rule_told(rule: Rule) -> dict[str, Any]:
    does = [_in_words(each) for each in rule.actions]
    return {**audit.stands(rule, "name", "when", "condition", "stop"), "does": does}


def _in_words(action: Mapping[str, Any]) -> str:
    """What an action does, as the audit keeps it: the first words of texts, of an address only the host."""
    with translation.override("en"):
        told = actions.tell(action)
    return f"{action['do']}: {told}"


@transaction.atomic
def switch_rule(user: User, rule: Rule, *, on: bool) -> None:
    Rule.objects.filter(pk=rule.pk).update(on=on)
    rule.on = on
    audit.record(user, "switched_on" if on else "switched_off", rule)


@transaction.atomic
def remove_rule(user: User, rule: Rule) -> None:
    audit.record(user, "removed", rule)
    rule.delete()


@transaction.atomic
def move_rule(user: User, rule: Rule, *, up: bool) -> None:
    """Let a rule run one place earlier or later."""
    place = moved(Rule.objects.all(), rule.pk, -1 if up else 1)
    if place is not None:
        audit.record(user, "changed", rule, position=place)


def _name(name: str, longest: int = LONGEST_NAME) -> str:
    name = " ".join(name.split())
    if not name:
        raise CannotChange(_("Enter a name."), "name")
    if len(name) > longest:
        raise CannotChange(_("The name is too long."), "name")
    return name

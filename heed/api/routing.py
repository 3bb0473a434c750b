"""Teams, who can take what, taking tickets, rules."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from ninja import Router, Status

from heed.accounts import reach as people
from heed.accounts.models import User
from heed.accounts.rights import need
from heed.api.bearer import Asking
from heed.api.problems import Problem
from heed.api.shapes.routing import (
    AvailabilityGiven,
    AvailabilityOut,
    DryRunOut,
    ProfileGiven,
    ProfileOut,
    RuleGiven,
    RuleMove,
    RuleOut,
    Rules,
    Runs,
    SkillGiven,
    SkillOut,
    Skills,
    TeamChange,
    TeamGiven,
    TeamOut,
    Teams,
    of_dry_run,
    of_profile,
    of_rule,
    of_run,
    of_skill,
    of_team,
)
from heed.api.shapes.tickets import TicketOut, of_ticket
from heed.inbox import reach as inbox
from heed.lib import clock
from heed.routing import assignment, keeping, reach
from heed.routing.dry import dry_run
from heed.routing.models import Rule
from heed.routing.people import is_away

router = Router(tags=["routing"])


# ----------------------------------------------------------------------------- taking


@router.post("/me/next-ticket", response=TicketOut, summary="Take the ticket that most needs an answer")
def take_next(request: Asking) -> Any:
    """404 `nothing-waits` says why there is none: nothing waits, hands are full, or one is away."""
    return of_ticket(inbox.ticket(request.auth, assignment.next_ticket(request.auth).pk))


@router.post("/tickets/{number}/claim", response=TicketOut, summary="Take a ticket that nobody has")
def claim(request: Asking, number: int) -> Any:
    """409 `already-taken` names the colleague who was faster."""
    assignment.claim(inbox.ticket(request.auth, number, "answer"), request.auth)
    return of_ticket(inbox.ticket(request.auth, number))


@router.get("/me/availability", response=AvailabilityOut, summary="Whether one is away")
def availability(request: Asking) -> Any:
    profile = reach.profile(request.auth)
    away = is_away(profile, clock.now())
    return AvailabilityOut(away=away, until=profile.away_until if away else None)


@router.put("/me/availability", response=AvailabilityOut, summary="Go away, or come back")
def set_availability(request: Asking, given: AvailabilityGiven) -> Any:
    if not given.away:
        assignment.come_back(request.auth)
        return AvailabilityOut(away=False, until=None)
    if given.until is not None and (given.until.tzinfo is None or given.until <= clock.now()):
        raise Problem(422, "in-the-past", _("Say a time to come, with its zone."))
    back = assignment.go_away(request.auth, given.until, give_back=given.give_back)
    return AvailabilityOut(away=True, until=given.until, given_back=back)


# ----------------------------------------------------------------------------- teams


@router.get("/teams", response=Teams, summary="The teams as they stand now")
def list_teams(request: Asking) -> Any:
    return {"items": [of_team(each) for each in reach.teams(request.auth)]}


@router.post("/teams", response={201: TeamOut}, summary="Make a team")
def make_team(request: Asking, given: TeamGiven) -> Any:
    need(request.auth, "routing")
    return Status(201, _team(request.auth, keeping.make_team(request.auth, given.name).pk))


@router.put("/teams/{team}", response=TeamOut, summary="Change a team: all of it")
def change_team(request: Asking, team: int, given: TeamChange) -> Any:
    found = reach.team(request.auth, team)
    keeping.change_team(request.auth, found, **given.model_dump())
    return _team(request.auth, team)


@router.delete("/teams/{team}", response={204: None}, summary="Put a team away")
def archive_team(request: Asking, team: int) -> Any:
    """It takes no more tickets; those it has stay."""
    keeping.archive_team(request.auth, reach.team(request.auth, team))
    return Status(204, None)


def _team(user: User, number: int) -> TeamOut:
    for archived in (False, True):
        for each in reach.teams(user, archived=archived):
            if each.team.pk == number:
                return of_team(each)
    raise reach.NoSuchTeam(number)


@router.get("/skills", response=Skills, summary="The skills")
def list_skills(request: Asking) -> Any:
    return {"items": [of_skill(each) for each in reach.skills(request.auth)]}


@router.post("/skills", response={201: SkillOut}, summary="Make a skill")
def make_skill(request: Asking, given: SkillGiven) -> Any:
    need(request.auth, "routing")
    made = keeping.keep_skill(request.auth, None, given.name, ",".join(given.tags))
    return Status(201, of_skill(made))


@router.delete("/skills/{skill}", response={204: None}, summary="Take a skill away")
def drop_skill(request: Asking, skill: int) -> Any:
    keeping.drop_skill(request.auth, reach.skill(request.auth, skill))
    return Status(204, None)


@router.get("/people/{someone}/abilities", response=ProfileOut, summary="What somebody can take")
def abilities(request: Asking, someone: int) -> Any:
    need(request.auth, "routing")
    return of_profile(reach.profile(people.someone(someone)), clock.now())


@router.put("/people/{someone}/abilities", response=ProfileOut, summary="Change what somebody can take")
def set_abilities(request: Asking, someone: int, given: ProfileGiven) -> Any:
    need(request.auth, "routing")
    shifts = {day: ", ".join(map("–".join, spans)) for day, spans in given.shifts.items()}
    facts = given.model_dump() | {"shifts": shifts}
    kept = keeping.keep_profile(request.auth, people.someone(someone), **facts)
    return of_profile(kept, clock.now())


# ----------------------------------------------------------------------------- rules


@router.get("/rules", response=Rules, summary="The rules in their order")
def list_rules(request: Asking) -> Any:
    return {"items": [of_rule(each.rule) for each in reach.rules(request.auth)]}


@router.post("/rules", response={201: RuleOut}, summary="Make a rule; it is off")
def make_rule(request: Asking, given: RuleGiven) -> Any:
    need(request.auth, "routing")
    return Status(201, of_rule(keeping.keep_rule(request.auth, Rule(), given.model_dump())))


@router.post("/rules/try", response=DryRunOut, summary="What a rule would have done in the last 7 days")
def try_rule(request: Asking, given: RuleGiven) -> Any:
    """Nothing is written. `cut` says that only the newest tickets were looked at, `now` how many a rule by
    time would act on right away, `groups_of_today` that for some customers today's group was taken, as nobody
    wrote down which they were in then."""
    need(request.auth, "routing")
    found = dry_run(keeping.checked_rule(Rule(), given.model_dump(), request.auth))
    sight = inbox.sight(request.auth)
    return of_dry_run(found, {each.ticket.pk for each in found.touches if sight.takes_in(each.ticket)})


@router.get("/rules/{rule}", response=RuleOut, summary="One rule")
def one_rule(request: Asking, rule: int) -> Any:
    return of_rule(reach.rule(request.auth, rule))


@router.put("/rules/{rule}", response=RuleOut, summary="Change a rule: all of it")
def change_rule(request: Asking, rule: int, given: RuleGiven) -> Any:
    return of_rule(keeping.keep_rule(request.auth, reach.rule(request.auth, rule), given.model_dump()))


@router.patch("/rules/{rule}", response=RuleOut, summary="Switch a rule on or off, or move it")
def move_rule(request: Asking, rule: int, given: RuleMove) -> Any:
    found = reach.rule(request.auth, rule)
    with transaction.atomic():
        if given.on is not None:
            keeping.switch_rule(request.auth, found, on=given.on)
        if given.to is not None:
            keeping.move_rule(request.auth, found, up=given.to == "up")
    return of_rule(reach.rule(request.auth, rule))


@router.delete("/rules/{rule}", response={204: None}, summary="Remove a rule")
def remove_rule(request: Asking, rule: int) -> Any:
    keeping.remove_rule(request.auth, reach.rule(request.auth, rule))
    return Status(204, None)


@router.get("/rules/{rule}/runs", response=Runs, summary="What a rule did last")
def list_runs(request: Asking, rule: int) -> Any:
    return {"items": [of_run(each) for each in reach.runs(request.auth, reach.rule(request.auth, rule), 100)]}

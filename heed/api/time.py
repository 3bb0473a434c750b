"""Hours, targets, automatic messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from django.utils.translation import gettext as _
from ninja import Router, Status

from heed.accounts import reach as people
from heed.accounts.models import User
from heed.accounts.rights import need
from heed.api.bearer import Asking
from heed.api.problems import Problem
from heed.api.shapes.tickets import PRIORITIES
from heed.api.shapes.time import (
    AutomaticGiven,
    AutomaticMessages,
    AutomaticOut,
    HolidayGiven,
    Kind,
    PlaceGiven,
    Promises,
    ScheduleGiven,
    ScheduleOut,
    Schedules,
    TargetGiven,
    TargetMove,
    TargetOut,
    Targets,
    of_automatic,
    of_policy,
    of_promise,
    of_schedule,
)
from heed.channels import reach as channels
from heed.channels.models import Account
from heed.inbox import reach as inbox
from heed.lib import clock
from heed.routing import automatic, desk_hours, promises, targets
from heed.routing.desk_hours import Place
from heed.routing.hours_text import CannotRead, spans_from
from heed.routing.models import AutomaticMessage, Policy, Schedule

router = Router(tags=["time"])

MOST = 200
_NUMBERS = {word: number for number, word in PRIORITIES.items()}


def _cannot(sentence: str) -> Problem:
    return Problem(422, "cannot-keep", sentence)


def _not_there() -> Problem:
    return Problem(404, "not-there", _("There is nothing with this id."))


# ----------------------------------------------------------------------------- hours


@router.get("/schedules", response=Schedules, summary="The business hours, and where they hold")
def list_schedules(request: Asking) -> Any:
    need(request.auth, "routing")
    now = clock.now()
    return {"items": [of_schedule(*each, now) for each in desk_hours.schedules()[:MOST]]}


@router.post("/schedules", response={201: ScheduleOut}, summary="Make business hours")
def make_schedule(request: Asking, given: ScheduleGiven) -> Any:
    """A place that other hours held for goes over to these."""
    need(request.auth, "routing")
    return Status(201, _keep_schedule(request.auth, None, given))


@router.get("/schedules/{schedule}", response=ScheduleOut, summary="One schedule")
def one_schedule(request: Asking, schedule: int) -> Any:
    return _shown(_schedule(request.auth, schedule))


@router.put("/schedules/{schedule}", response=ScheduleOut, summary="Change business hours from now on")
def change_schedule(request: Asking, schedule: int, given: ScheduleGiven) -> Any:
    """What was measured by the earlier ones stays as it is; what is due moves."""
    return _keep_schedule(request.auth, _schedule(request.auth, schedule), given)


@router.delete("/schedules/{schedule}", response={204: None}, summary="Put business hours away")
def drop_schedule(request: Asking, schedule: int) -> Any:
    """They hold nowhere any more."""
    desk_hours.put_away(_schedule(request.auth, schedule), request.auth)
    return Status(204, None)


def _schedule(user: User, number: int) -> Schedule:
    need(user, "routing")
    found = Schedule.objects.filter(pk=number, archived=False).first()
    if found is None:
        raise _not_there()
    return found


def _shown(schedule: Schedule) -> ScheduleOut:
    held = schedule.versions.order_by("since", "id").last()
    if held is None:
        raise _not_there()
    return of_schedule(schedule, desk_hours.places_of(schedule), held, clock.now())


def _keep_schedule(user: User, schedule: Schedule | None, given: ScheduleGiven) -> ScheduleOut:
    others = Schedule.objects.exclude(pk=schedule.pk) if schedule else Schedule.objects.all()
    if others.filter(name__iexact=given.name).exists():
        raise _cannot(_("There are hours of this name already."))
    if given.zone not in available_timezones():
        raise _cannot(_("This is no time zone. Write one like Europe/Ljubljana."))
    kept = desk_hours.keep(
        schedule,
        user,
        name=given.name,
        zone=given.zone,
        week=[_spans(day) for day in given.week],
        holidays=sorted((_holiday(each) for each in given.holidays), key=lambda each: str(each["day"])),
        places=_places(given.places),
    )
    kept.name = given.name
    return _shown(kept)


def _spans(times: Iterable[tuple[str, str]]) -> list[list[int]]:
    try:
        return spans_from(", ".join(f"{opens}–{closes}" for opens, closes in times))
    except CannotRead as cannot:
        raise _cannot(cannot.sentence) from cannot


def _holiday(given: HolidayGiven) -> dict[str, Any]:
    """2024 stands for every year: it has a 29th of February."""
    yearly = len(given.day) == 5
    try:
        day = date.fromisoformat(f"2024-{given.day}" if yearly else given.day)
    except ValueError as bad:
        raise _cannot(_("Write days like 2026-12-25, or 12-25 for every year.")) from bad
    written = f"{day:%m-%d}" if yearly else day.isoformat()
    return {"name": given.name.strip() or _("Day off"), "day": written, "spans": _spans(given.times)}


def _places(given: Iterable[PlaceGiven]) -> list[Place]:
    """Where hours hold; each place is one thing, and there."""
    found = [Place(each.team or 0, each.account or 0, each.brand or 0) for each in given]
    if any(sum(map(bool, each)) > 1 for each in found):
        raise _cannot(_("A place is a team, an account or a brand, not several of them."))
    _are_there(
        teams=[each.team for each in found if each.team],
        accounts=[each.account for each in found if each.account],
        brands=[each.brand for each in found if each.brand],
    )
    return found


def _are_there(*, teams: Iterable[int], accounts: Iterable[int], brands: Iterable[int]) -> None:
    known: tuple[tuple[Iterable[int], set[int]], ...] = (
        (teams, {each.pk for each in people.teams()}),
        (accounts, {each.pk for each in channels.accounts()}),
        (brands, {each.pk for each in people.brands()}),
    )
    if any(set(wanted) - there for wanted, there in known):
        raise _cannot(_("One of these teams, accounts or brands is not there."))


# ----------------------------------------------------------------------------- targets


@router.get("/targets", response=Targets, summary="The targets in their order")
def list_targets(request: Asking) -> Any:
    """Of those that are for a ticket, the first counts."""
    need(request.auth, "routing")
    rows = Policy.objects.filter(archived=False).order_by("position", "id")[:MOST]
    return {"items": [of_policy(each) for each in rows]}


@router.post("/targets", response={201: TargetOut}, summary="Make a target")
def make_target(request: Asking, given: TargetGiven) -> Any:
    need(request.auth, "routing")
    return Status(201, _keep_policy(request.auth, Policy(), given))


@router.get("/targets/{policy}", response=TargetOut, summary="One target")
def one_target(request: Asking, policy: int) -> Any:
    return of_policy(_policy(request.auth, policy))


@router.put("/targets/{policy}", response=TargetOut, summary="Change a target: all of it")
def change_target(request: Asking, policy: int, given: TargetGiven) -> Any:
    """Open tickets move with it."""
    return _keep_policy(request.auth, _policy(request.auth, policy), given)


@router.patch("/targets/{policy}", response=TargetOut, summary="Ask a target earlier or later")
def move_target(request: Asking, policy: int, given: TargetMove) -> Any:
    promises.move_policy(_policy(request.auth, policy), request.auth, given.to == "up")
    return of_policy(_policy(request.auth, policy))


@router.delete("/targets/{policy}", response={204: None}, summary="Put a target away")
def drop_target(request: Asking, policy: int) -> Any:
    """It promises nothing any more."""
    promises.put_policy_away(_policy(request.auth, policy), request.auth)
    return Status(204, None)


@router.get("/tickets/{number}/promises", response=Promises, summary="What is promised for a ticket")
def list_promises(request: Asking, number: int) -> Any:
    """The newest first: what runs, and how the earlier ones ended."""
    ticket = inbox.ticket(request.auth, number, "see")
    rows = ticket.promises.select_related("policy").order_by("-since", "-id")[:MOST]
    return {"items": [of_promise(each) for each in rows]}


def _policy(user: User, number: int) -> Policy:
    need(user, "routing")
    found = Policy.objects.filter(pk=number, archived=False).first()
    if found is None:
        raise _not_there()
    return found


def _keep_policy(user: User, policy: Policy, given: TargetGiven) -> TargetOut:
    facts = given.model_dump()
    if not any(facts[target] for target in targets.TARGETS):
        raise _cannot(_("Promise at least one thing."))
    _are_there(teams=given.teams, accounts=given.accounts, brands=given.brands)
    for name, value in facts.items():
        setattr(policy, name, value)
    policy.priorities = [_NUMBERS[each] for each in given.priorities]
    return of_policy(promises.keep_policy(policy, user))


# ----------------------------------------------------------------------------- automatic messages


@router.get("/automatic-messages", response=AutomaticMessages, summary="What is said by itself")
def list_automatic(request: Asking) -> Any:
    need(request.auth, "routing")
    rows = AutomaticMessage.objects.order_by("kind", "account_id")[: 3 * MOST]
    return {"items": [of_automatic(each) for each in rows]}


@router.put("/automatic-messages/{kind}", response=AutomaticOut, summary="What all accounts say")
def keep_automatic(request: Asking, kind: Kind, given: AutomaticGiven) -> Any:
    need(request.auth, "routing")
    return _keep_automatic(request.auth, kind, None, given)


@router.put(
    "/accounts/{account_id}/automatic-messages/{kind}",
    response=AutomaticOut,
    summary="What one account says by itself",
)
def keep_automatic_of(request: Asking, account_id: int, kind: Kind, given: AutomaticGiven) -> Any:
    """It goes before what all accounts say."""
    need(request.auth, "routing")
    return _keep_automatic(request.auth, kind, channels.account(account_id), given)


@router.delete(
    "/accounts/{account_id}/automatic-messages/{kind}",
    response={204: None},
    summary="An account says again what all say",
)
def drop_automatic(request: Asking, account_id: int, kind: Kind) -> Any:
    need(request.auth, "routing")
    row = AutomaticMessage.objects.filter(kind=kind, account=channels.account(account_id)).first()
    if row is None:
        raise _not_there()
    automatic.remove_message(row, request.auth)
    return Status(204, None)


def _keep_automatic(user: User, kind: Kind, account: Account | None, given: AutomaticGiven) -> AutomaticOut:
    texts: dict[str, str] = {code: text.strip() for code, text in given.texts.items() if text.strip()}
    for text in texts.values():
        unknown = automatic.unknown_blanks(text)
        if unknown:
            names = ", ".join(f"{{{each}}}" for each in sorted(unknown))
            raise _cannot(_("Nothing is known for %(names)s.") % {"names": names})
        if kind == "away" and "next_opening" not in automatic.blanks_of(text):
            raise _cannot(_("Say when somebody will be there: {next_opening}") + ".")
    if given.on and given.language not in texts:
        raise _cannot(_("Write the words of this language: they are for everybody else."))
    found = AutomaticMessage.objects.filter(kind=kind, account=account).first()
    row = found or AutomaticMessage(kind=kind, account=account)
    row.on, row.texts, row.language = given.on, texts, given.language
    row.publicly, row.again_after = given.publicly, given.again_after_hours * 3600
    return of_automatic(automatic.keep_message(row, user))

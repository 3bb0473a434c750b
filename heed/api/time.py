"""Hours, targets, automatic messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ninja import Router, Status

from heed.accounts.models import User
from heed.accounts.refusals import NotHere
from heed.accounts.rights import need
from heed.api.bearer import Asking
from heed.api.shapes.tickets import PRIORITIES
from heed.api.shapes.time import (
    AutomaticGiven,
    AutomaticMessages,
    AutomaticOut,
    Kind,
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
from heed.routing import automatic, desk_hours, promises
from heed.routing.desk_hours import Place
from heed.routing.hours_text import spans_from
from heed.routing.models import AutomaticMessage, Policy, Schedule

router = Router(tags=["time"])

MOST = 200
_NUMBERS = {word: number for number, word in PRIORITIES.items()}


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
        raise NotHere
    return found


def _shown(schedule: Schedule) -> ScheduleOut:
    held = schedule.versions.order_by("since", "id").last()
    if held is None:
        raise NotHere
    return of_schedule(schedule, desk_hours.places_of(schedule), held, clock.now())


def _keep_schedule(user: User, schedule: Schedule | None, given: ScheduleGiven) -> ScheduleOut:
    kept = desk_hours.keep(
        schedule,
        user,
        name=given.name,
        zone=given.zone,
        week=[_spans(day, "week") for day in given.week],
        holidays=[
            {"name": each.name, "day": each.day, "spans": _spans(each.times, "holidays")}
            for each in given.holidays
        ],
        places=[Place(each.team or 0, each.account or 0, each.brand or 0) for each in given.places],
    )
    return _shown(kept)


def _spans(times: Iterable[tuple[str, str]], field: str) -> list[list[int]]:
    return spans_from(", ".join(f"{opens}–{closes}" for opens, closes in times), field)


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
        raise NotHere
    return found


def _keep_policy(user: User, policy: Policy, given: TargetGiven) -> TargetOut:
    for name, value in given.model_dump().items():
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
        raise NotHere
    automatic.remove_message(row, request.auth)
    return Status(204, None)


def _keep_automatic(user: User, kind: Kind, account: Account | None, given: AutomaticGiven) -> AutomaticOut:
    found = AutomaticMessage.objects.filter(kind=kind, account=account).first()
    row = found or AutomaticMessage(kind=kind, account=account)
    row.on, row.texts, row.language = given.on, given.texts, given.language
    row.publicly, row.again_after = given.publicly, given.again_after_hours * 3600
    return of_automatic(automatic.keep_message(row, user))

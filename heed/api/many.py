"""One deed on many tickets, and taking it back."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status

from heed.api.bearer import Asking
from heed.api.shapes.sorting import SweepGiven, SweepOut, of_sweep
from heed.inbox import reach, verbs
from heed.inbox.conditions import parse

router = Router(tags=["many tickets"])


@router.post("/sweeps", response={202: SweepOut}, summary="Do something to many tickets")
def sweep(request: Asking, given: SweepGiven) -> Any:
    """To those of `numbers`, or to all of a `view` that fit a `condition`; at most 10,000. Few are done at
    once, more in the background: ask for the sweep again to see how far it has come."""
    numbers = given.numbers
    if given.view is not None or given.condition:
        fits = parse(given.condition) if given.condition else None
        view = given.view or "all"
        numbers = reach.numbers(request.auth, view, account=given.account, condition=fits)
    return Status(202, of_sweep(verbs.sweep(request.auth, given.deed, given.value, numbers)))


@router.get("/sweeps/{number}", response=SweepOut, summary="How far it has come")
def read_sweep(request: Asking, number: int) -> Any:
    return of_sweep(reach.sweep(request.auth, number))


@router.post("/sweeps/{number}/undo", response={202: SweepOut}, summary="Take it back")
def undo(request: Asking, number: int) -> Any:
    """Every ticket gets back what it had, unless somebody changed it since: those are counted as `kept`."""
    return Status(202, of_sweep(verbs.undo(reach.sweep(request.auth, number), request.auth)))

"""Search, and the views people keep of it."""

from __future__ import annotations

from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from heed.accounts.models import Team
from heed.api.bearer import Asking
from heed.api.problems import Problem
from heed.api.shapes.search import (
    Completions,
    FoundOrder,
    FoundOut,
    ViewGiven,
    ViewOut,
    Views,
    ViewsOrder,
    of_hits,
    of_view,
)
from heed.api.shapes.tickets import Tickets, of_tickets
from heed.inbox import reach
from heed.inbox.conditions import complete, parse
from heed.inbox.reach import saved
from heed.inbox.search import finding
from heed.inbox.verbs import saving

router = Router(tags=["search"])

Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/search", response=FoundOut, summary="Find tickets")
def search(
    request: Asking,
    q: Annotated[str, Query(max_length=2000)],
    order: FoundOrder = "newest",
    after: str = "",
    limit: Limit = 50,
) -> Any:
    """Everything you may see that fits a condition, such as `is:unanswered team:returns "broken zip"`.
    A mistake is answered with 422: `position` and `word` say where it stands, `suggestion` what may be
    meant."""
    found = finding.find(
        request.auth, q.replace("\x00", ""), order=order, after=after, limit=limit, unfinished=False
    )
    return {"items": of_tickets(found.page.items), "hits": of_hits(found.hits), "next": found.page.next}


@router.get("/search/complete", response=Completions, summary="What could go on in a condition")
def complete_search(request: Asking, q: Annotated[str, Query(max_length=2000)], position: int = -1) -> Any:
    """Without a position: at the end."""
    found = complete(q, position if position >= 0 else len(q), request.auth)
    items = [{"text": each.text, "start": each.start, "end": each.end, "hint": each.hint} for each in found]
    return {"items": items}


@router.get("/views", response=Views, summary="The kept views you see")
def list_views(request: Asking) -> Any:
    found = saved.saved_views(request.auth)
    return {"items": [of_view(view, request.auth) for view in found]}


@router.post("/views", response={201: ViewOut}, summary="Keep a condition as a view")
def keep_view(request: Asking, given: ViewGiven) -> Any:
    """Sharing it with a team or with everybody needs the permission to share views."""
    return Status(201, of_view(saving.keep_view(request.auth, **_given(given)), request.auth))


@router.put("/views/order", response=Views, summary="Put your views in order")
def arrange_views(request: Asking, order: ViewsOrder) -> Any:
    saving.arrange_views(request.auth, order.views)
    return list_views(request)


@router.put("/views/{view}", response=ViewOut, summary="Change a kept view")
def change_view(request: Asking, view: int, given: ViewGiven) -> Any:
    kept = saved.saved_view(request.auth, view)
    return of_view(saving.change_view(kept, request.auth, **_given(given)), request.auth)


@router.delete("/views/{view}", response={204: None}, summary="Remove a kept view")
def drop_view(request: Asking, view: int) -> Any:
    saving.drop_view(saved.saved_view(request.auth, view), request.auth)
    return Status(204, None)


@router.get("/views/{view}/tickets", response=Tickets, summary="The tickets of a kept view")
def tickets_of_view(request: Asking, view: int, after: str = "", limit: Limit = 50) -> Any:
    kept = saved.saved_view(request.auth, view)
    page = reach.tickets(
        request.auth, "all", condition=parse(kept.condition), order=kept.order, after=after, limit=limit
    )
    return {"items": of_tickets(page.items), "next": page.next}


def _given(given: ViewGiven) -> dict[str, Any]:
    team = None if given.team is None else Team.objects.filter(pk=given.team).first()
    if given.team is not None and team is None:
        raise Problem(422, "no-such-team", _("There is no team with this id."))
    return {**given.dict(), "team": team}

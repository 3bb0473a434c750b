"""What one is told: mentions, hand-overs, reminders."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Query, Router, Status

from heed.api.bearer import Asking
from heed.api.shapes.sorting import Notices, SeenGiven, of_notice
from heed.inbox import notices

router = Router(tags=["notices"])


@router.get("/notices", response=Notices, summary="One's notices, newest first")
def list_notices(request: Asking, after: str = "", limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Any:
    page, unseen = notices.latest(request.auth, after=after, limit=limit), notices.unseen(request.auth)
    return {
        "items": [of_notice(each) for each in page.items],
        "next": page.next,
        "unseen": unseen.all,
        "unseen_mentions": unseen.mentions,
    }


@router.post("/notices/seen", response={204: None}, summary="Mark one's notices as seen")
def mark_seen(request: Asking, given: SeenGiven) -> Any:
    notices.mark_seen(request.auth, ticket=given.ticket)
    return Status(204, None)

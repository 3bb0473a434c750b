"""The ledger of what the networks sent. For owners and admins."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Query, Router

from heed.api.bearer import Asking
from heed.api.shapes.deliveries import Deliveries, DeliveryOut, of_delivery
from heed.api.shapes.given import DeliveryState
from heed.inbox import reach, verbs
from heed.inbox.looking import looked_through

router = Router(tags=["deliveries"])


@router.get("/deliveries", response=Deliveries, summary="Deliveries in a state, newest first")
def list_deliveries(
    request: Asking,
    state: DeliveryState = "set_aside",
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Any:
    page = reach.deliveries(request.auth, state, after=after, limit=limit)
    looked_through(request.auth)
    return {"items": [of_delivery(delivery) for delivery in page.items], "next": page.next}


@router.get("/deliveries/{delivery_id}", response=DeliveryOut, summary="One delivery, whole")
def read_delivery(request: Asking, delivery_id: int) -> Any:
    found = reach.delivery(request.auth, delivery_id)
    looked_through(request.auth, found)
    return of_delivery(found, whole=True)


@router.post("/deliveries/{delivery_id}/replay", response=DeliveryOut, summary="Read a delivery again")
def replay(request: Asking, delivery_id: int) -> Any:
    """Any number of times changes nothing that was already taken in."""
    found = reach.delivery(request.auth, delivery_id)
    looked_through(request.auth, found)
    verbs.replay(found, request.auth)
    return of_delivery(reach.delivery(request.auth, delivery_id), whole=True)

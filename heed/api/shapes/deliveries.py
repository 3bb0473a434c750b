"""The ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from heed.api.shapes.accounts import AccountShort, of_account_in_short
from heed.api.shapes.given import DeliveryState
from heed.api.shapes.shape import Shape
from heed.inbox.faults import sentence_for
from heed.inbox.models import Delivery

_BODY_IN_LISTS = 10_000


class DeliveryProblem(Shape):
    what: str
    sentence: str = Field(
        description="What is wrong: which field does not fit, what was expected and what came, if known."
    )
    error: str = Field(description="The details, as the programs said them; often in English.")


class DeliveryOut(Shape):
    id: int
    account: AccountShort
    at: datetime
    state: DeliveryState
    problems: list[DeliveryProblem]
    tries: int
    done_at: datetime | None
    headers: dict[str, str]
    body: str = Field(description="As text. A list shows the first 10,000 characters.")
    size: int = Field(description="Bytes of the whole body; 0 where it is withheld.")
    withheld: bool = Field(
        description="Body and headers are empty: whoever asks does not see all tickets of the account."
    )


class Deliveries(Shape):
    items: list[DeliveryOut]
    next: str


def of_delivery(delivery: Delivery, *, whole: bool = False) -> dict[str, Any]:
    return {
        "id": delivery.pk,
        "account": of_account_in_short(delivery.account),
        "at": delivery.at,
        "state": delivery.state,
        "problems": [
            {
                "what": str(problem.get("what", "")),
                "sentence": sentence_for(problem),
                "error": str(problem.get("error", "")),
            }
            for problem in delivery.problems
        ],
        "tries": delivery.tries,
        "done_at": delivery.done_at,
        "headers": {str(name): str(value) for name, value in delivery.headers.items()},
        "body": delivery.text if whole else delivery.text[:_BODY_IN_LISTS],
        "size": len(bytes(delivery.body)),
        "withheld": delivery.withheld,
    }

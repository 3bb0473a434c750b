"""Pages of a list, and the cursors between them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from heed.inbox.reach.refusals import BadCursor
from heed.lib import clock

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page of a list; `next` is the cursor of the following page, empty at the end."""

    items: list[T]
    next: str


def cursor_at(at: datetime, number: int) -> str:
    return sealed(at.isoformat(), number)


def place_in(cursor: str) -> tuple[datetime, int]:
    try:
        at, number = unsealed(cursor)
        return clock.from_iso(at), int(number)
    except (ValueError, TypeError) as error:
        raise BadCursor(cursor) from error


def sealed(*place: str | int) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def unsealed(cursor: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))

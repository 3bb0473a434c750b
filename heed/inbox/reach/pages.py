"""Pages of a list, and the cursors between them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from heed.inbox.reach.refusals import BadCursor

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page of a list; `next` is the cursor of the following page, empty at the end."""

    items: list[T]
    next: str


def sealed(*place: str | int) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def opened(cursor: str, *readers: Callable[[Any], Any]) -> tuple[Any, ...]:
    """What was sealed, each part of it read by its reader. Raises `BadCursor`."""
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(read(part) for read, part in zip(readers, place, strict=True))
    except (ValueError, TypeError) as error:
        raise BadCursor(cursor) from error

"""The base of payload models, and values as Meta writes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from heed.lib import clock


def moment(value: Any) -> datetime | None:
    """Seconds or milliseconds, as a number or its text; 0 and "" mean that no time is given."""
    return clock.from_unix(value) if value else None


def sent_at(entry: dict[str, Any]) -> datetime | None:
    """When Meta sent the entry: stands in where an item has no time of its own."""
    try:
        return moment(entry.get("time"))
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def first_of(*moments: datetime | None) -> datetime:
    """The first that is given. Raises `ValueError` without any."""
    for each in moments:
        if each is not None:
            return each
    raise ValueError("no time given")


def web_address(value: Any) -> str:
    """A web address, or nothing: Meta also sends `/reel/123/` and names of files here."""
    if not isinstance(value, str):
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme in ("http", "https") and parts.netloc else ""


def record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def word(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) else ""


Moment = Annotated[datetime | None, BeforeValidator(moment)]
Address = Annotated[str, BeforeValidator(web_address)]
Record = Annotated[dict[str, Any], BeforeValidator(record)]


class Payload(BaseModel):
    """Unknown keys are ignored, null counts as absent."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, given: Any) -> Any:
        if isinstance(given, dict) and None in given.values():
            return {key: value for key, value in given.items() if value is not None}
        return given

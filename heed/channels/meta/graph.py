"""What answers of the Graph API hold, whoever asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson
from django.utils.translation import gettext_noop

from heed.channels.base import Quota, Reason, Refusal, refuse_unanswered
from heed.channels.meta.shapes import record
from heed.lib import clock
from heed.lib.http import AnswerLost, Response

VERSION = "v25.0"
_COUNTED = ("call_count", "total_time", "total_cputime")


def versioned(home: str, path: str) -> str:
    """The address of a call; `home` may name the version itself."""
    home = home.rstrip("/")
    return f"{home}/{path}" if re.search(r"/v\d+\.\d+$", home) else f"{home}/{VERSION}/{path}"


def accepted(
    response: Response, refusal: Callable[[dict[str, Any], Response], Refusal], *, decisive: bool = False
) -> dict[str, Any]:
    """The answer's record. `refusal` puts an error in our words. Raises it, or `AnswerLost` when nobody
    knows what happened."""
    found = response.record
    error = found.get("error")
    if isinstance(error, dict):
        raise refusal(error, response)
    parsed = response.json()
    if 200 <= response.status < 300 and (isinstance(parsed, dict) or parsed is True):
        return found
    refuse_unanswered(response)
    if decisive and (response.status >= 500 or response.status < 300):
        raise AnswerLost(f"status {response.status} without a readable answer")
    raise Refusal("network_down", retry=True, code=str(response.status), detail="no readable answer")


def made_id(made: Mapping[str, Any], name: str) -> str:
    """The id of what was made. Without one nobody knows whether it was made: `AnswerLost`."""
    value = made.get(name)
    if not value:
        raise AnswerLost(f"accepted without {name}")
    return str(value)


def rows(edge: Any) -> list[dict[str, Any]]:
    """The records of a list."""
    found = record(edge).get("data")
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def next_cursor(listed: Any) -> str:
    """Where the next page of a list begins; empty on the last one."""
    paging = record(record(listed).get("paging"))
    return str(record(paging.get("cursors")).get("after") or "") if paging.get("next") else ""


def time(given: Mapping[str, Any], name: str) -> datetime | None:
    value = given.get(name)
    try:
        return clock.from_iso(value) if isinstance(value, str) else None
    except ValueError:
        return None


def number(value: Any, otherwise: int = 0) -> int:
    """A code or a count."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return otherwise


def meaning_of_status(status: int) -> tuple[Reason, bool]:
    """By HTTP alone: the reason, and whether trying again by itself makes sense."""
    if status >= 500:
        return ("network_down", True)
    by_status: dict[int, tuple[Reason, bool]] = {
        401: ("sign_in_again", False),
        403: ("not_allowed", False),
        404: ("gone", False),
        429: ("slow_down", True),
    }
    return by_status.get(status, ("bad_request", False))


def quotas(response: Response, owners: tuple[str, ...]) -> tuple[Quota, ...]:
    """What is left of the calls, as each answer says: Meta counts in percent, of the app's hour and of what
    each business may do, and slows down at a hundred. `owners` are as for `wait`."""
    cases = [*_cases(response, owners), record(_parsed(response.headers.get("x-app-usage", "")))]
    used = [number(case.get(name)) for case in cases for name in _COUNTED if name in case]
    if not used:
        return ()
    return (Quota(gettext_noop("requests to Meta"), max(0, 100 - max(used)), 100, percent=True),)


def wait(response: Response, owners: tuple[str, ...]) -> float | None:
    """Seconds Meta asks us to wait: by its own usage header (in minutes) or by `Retry-After`. `owners`
    are those whose usage counts for us; when the header names none of them, all do."""
    asked = response.retry_after(clock.now())
    waits = [case.get("estimated_time_to_regain_access") for case in _cases(response, owners)]
    minutes = max((wait for wait in waits if isinstance(wait, int | float)), default=0)
    return float(max(minutes * 60, asked or 0)) or None


def _cases(response: Response, owners: tuple[str, ...]) -> list[dict[str, Any]]:
    """What Meta counts of ours: each case with its figures."""
    usage = record(_parsed(response.headers.get("x-business-use-case-usage", "")))
    ours = [usage[owner] for owner in owners if owner in usage] or list(usage.values())
    return [case for cases in ours if isinstance(cases, list) for case in cases if isinstance(case, dict)]


def _parsed(header: str) -> Any:
    try:
        return orjson.loads(header)
    except orjson.JSONDecodeError:
        return None

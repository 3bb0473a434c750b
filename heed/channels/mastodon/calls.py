"""Calls to a server, and what its refusals mean.

The words of an error are in the account's language, so only the status counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from heed.channels.base import AccountRecord, Reason, Refusal
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps, Upload

_REASONS: dict[int, Reason] = {
    401: "sign_in_again",
    403: "not_allowed",
    404: "gone",
    410: "gone",
    413: "file_refused",
    451: "gone",
}


def call(
    account: AccountRecord,
    method: Literal["GET", "POST", "DELETE", "PUT"],
    path: str,
    *,
    params: Mapping[str, str | list[str]] | None = None,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    upload: Upload | None = None,
    headers: Mapping[str, str] | None = None,
    wait: float = 0.0,
    decisive: bool = False,
) -> Steps[Response]:
    """Call the server as the account; gives back an answer of success.

    Raises `Refusal`; `AnswerLost` when the answer to a decisive call does not say what happened.
    """
    response = yield Request(
        method,
        f"{account.base_url}{path}",
        params=params or {},
        json=json,
        form=form,
        upload=upload,
        headers={"authorization": f"Bearer {account.credentials.get('access_token', '')}", **(headers or {})},
        wait=wait,
        decisive=decisive,
    )
    if decisive and response.status >= 500 and response.status != 503:
        raise AnswerLost(f"{path} answered {response.status}")
    return checked(response)


def record(
    account: AccountRecord, path: str, params: Mapping[str, str | list[str]] | None = None
) -> Steps[dict[str, Any]]:
    """Read one thing. Raises `Refusal`, also when the answer is none."""
    response = yield from call(account, "GET", path, params=params)
    found = response.json()
    if not isinstance(found, dict):
        raise _no_sense(response)
    return found


def rows(
    account: AccountRecord, path: str, params: Mapping[str, str | list[str]] | None = None
) -> Steps[tuple[list[Any], Response]]:
    """Read a list, and the answer it came in. Raises as `record`."""
    response = yield from call(account, "GET", path, params=params)
    found = response.json()
    if not isinstance(found, list):
        raise _no_sense(response)
    return found, response


def status_path(status_id: str, what: str = "") -> str:
    return f"/api/v1/statuses/{quote(status_id, safe='')}" + (f"/{what}" if what else "")


def account_path(account_id: str, what: str = "") -> str:
    return f"/api/v1/accounts/{quote(account_id, safe='')}" + (f"/{what}" if what else "")


def checked(response: Response) -> Response:
    """The answer when it is one of success; else raises `Refusal`."""
    if 200 <= response.status < 300:
        return response
    raise refusal_of(response)


def refusal_of(response: Response) -> Refusal:
    status = response.status
    reason = _REASONS.get(status, "bad_request")
    if status == 429:
        reason = "slow_down"
    elif status >= 500 or status < 400:
        reason = "network_down"
    retry = reason in ("slow_down", "network_down")
    return Refusal(
        reason,
        retry=retry,
        after=seconds_to_wait(response) if retry else None,
        code=str(status),
        detail=str(response.record.get("error") or "")[:300],
        whole_account=status == 429,
    )


def seconds_to_wait(response: Response) -> float | None:
    """The wait a server asks for: by `Retry-After`, else until its bucket is full again. That time is
    an ISO time, not a number of seconds."""
    now = clock.now()
    asked = response.retry_after(now)
    if asked is not None or response.status != 429:
        return asked
    try:
        reset = clock.from_iso(response.headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return None
    return max(1.0, (reset - now).total_seconds())


def _no_sense(response: Response) -> Refusal:
    return Refusal("network_down", retry=True, code=str(response.status), detail="the answer is not one")

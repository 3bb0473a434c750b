"""Calls to Viber. It answers HTTP 200 even when it refuses: what counts is `status` in the body."""

from __future__ import annotations

from typing import Any

from heed.channels.base import AccountRecord, Passing, Reason, Refusal, asked, refuse_unanswered
from heed.lib.http import AnswerLost, Request, Response, Steps

_AN_HOUR = 3600.0

# The statuses of the vendor's list. What is not named here is a general error: worth one more try.
_REASONS: dict[int, Reason] = {
    1: "not_configured",  # the webhook's address was not accepted
    2: "sign_in_again",
    3: "bad_request",
    4: "bad_request",
    5: "unreachable",  # not registered
    6: "unreachable",  # not subscribed
    7: "account_blocked",
    8: "account_blocked",  # account not found
    9: "account_blocked",  # suspended
    10: "not_configured",  # no webhook
    11: "unreachable",  # no suitable device
    13: "unreachable",  # their app is too old
    14: "bad_request",
    15: "account_blocked",  # not authorized
    16: "bad_request",
    17: "bad_request",
    18: "not_configured",
    19: "not_allowed",
    20: "not_allowed",
    21: "unreachable",  # their country
    22: "bad_request",
    23: "account_blocked",  # free messages outside a session used up
    24: "account_blocked",  # no balance
}
NO_WEBHOOK = "10"
_TOO_MANY = 12


def call(
    account: AccountRecord, method: str, fields: dict[str, Any], *, decisive: bool = False
) -> Steps[dict[str, Any]]:
    """Call `/pa/<method>` and give back its answer.

    Raises `Refusal` for a status other than 0; `AnswerLost` when the answer to a decisive call
    cannot be understood.
    """
    request = Request(
        "POST",
        f"{account.base_url}/pa/{method}",
        headers={"X-Viber-Auth-Token": account.credentials.get("auth_token", "")},
        json=fields,
        decisive=decisive,
    )
    return (yield from asked(request, lambda response: _understood(response, decisive)))


def _understood(response: Response, decisive: bool) -> dict[str, Any]:
    refuse_unanswered(response)
    answer = response.record
    status = answer.get("status")
    if not isinstance(status, int):
        raise _not_understood(response, decisive)
    if status != 0:
        raise refusal(status, str(answer.get("status_message", "")))
    return answer


def refusal(status: int, detail: str) -> Refusal:
    """A status of Viber's in our words."""
    if status == _TOO_MANY:  # so many an hour, until the customer writes
        return Refusal("used_up", retry=True, after=_AN_HOUR, code=str(status), detail=detail)
    if status not in _REASONS:
        return Passing("network_down", code=str(status), detail=detail)
    return Refusal(_REASONS[status], code=str(status), detail=detail)


def _not_understood(response: Response, decisive: bool) -> Exception:
    """No status came. After a decisive call nobody knows what happened, unless it was turned
    away before Viber looked at it (a 4xx)."""
    if 400 <= response.status < 500:
        return Refusal("bad_request", code=str(response.status))
    if decisive:
        return AnswerLost(f"Viber answered {response.status} without a status")
    return Refusal("network_down", retry=True, code=str(response.status))

"""Calls to the Graph API: address, token and proof, and what its errors mean for WhatsApp."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heed.channels.base import AccountRecord, OutgoingFile, Passing, Quota, Reason, Refusal, asked
from heed.channels.meta import graph, webhook
from heed.lib.http import Request, Response, Steps, Upload

NO_CODE = -1
"""Where Meta names none: 0 is a code of its own."""


def bearer(account: AccountRecord) -> dict[str, str]:
    return {"authorization": f"Bearer {account.credentials.get('access_token', '')}"}


def get(account: AccountRecord, path: str, **params: str) -> Steps[dict[str, Any]]:
    return (yield from measured(account, path, **params))[0]


def measured(
    account: AccountRecord, path: str, **params: str
) -> Steps[tuple[dict[str, Any], tuple[Quota, ...]]]:
    """The same, with what is left of the calls that are allowed."""
    response = yield Request(
        "GET",
        graph.versioned(account.base_url, path),
        params=params | _proof(account),
        headers=bearer(account),
    )
    return accepted(response, account), graph.quotas(response, _owners(account))


def post(
    account: AccountRecord, path: str, body: Mapping[str, Any], *, decisive: bool = False
) -> Steps[dict[str, Any]]:
    """Post JSON. `decisive` calls say something to a person."""
    request = Request(
        "POST",
        graph.versioned(account.base_url, path),
        params=_proof(account),
        headers=bearer(account),
        json=dict(body),
        decisive=decisive,
    )
    return (yield from asked(request, lambda response: accepted(response, account, decisive=decisive)))


def upload(account: AccountRecord, path: str, file: OutgoingFile) -> Steps[dict[str, Any]]:
    """Hand over a file before a message names it; nobody sees it yet."""
    request = Request(
        "POST",
        graph.versioned(account.base_url, path),
        params=_proof(account),
        headers=bearer(account),
        form={"messaging_product": "whatsapp", "type": file.mime},
        upload=Upload("file", file.name, file.mime, file.content),
    )
    return (yield from asked(request, lambda response: accepted(response, account)))


def _proof(account: AccountRecord) -> dict[str, str]:
    """Shows Meta that whoever uses the token also has the app's secret."""
    secret, token = webhook.secrets(account)[0], account.credentials.get("access_token", "")
    return {"appsecret_proof": webhook.proof(secret, token)} if secret else {}


def _owners(account: AccountRecord) -> tuple[str, ...]:
    return (account.credentials.get("business_account_id", ""),)


# ------------------------------------------------------------------------------- answers


def accepted(response: Response, account: AccountRecord, *, decisive: bool = False) -> dict[str, Any]:
    """The answer's record. Raises `Refusal`, or `AnswerLost` when nobody knows what happened."""
    return graph.accepted(
        response, lambda error, response: _refusal(error, response, account), decisive=decisive
    )


_MEANING: dict[int, tuple[Reason, bool]] = {
    0: ("sign_in_again", False),
    1: ("network_down", True),
    2: ("network_down", True),
    3: ("not_allowed", False),
    4: ("slow_down", True),
    10: ("not_allowed", False),
    17: ("slow_down", True),
    32: ("slow_down", True),
    100: ("bad_request", False),
    190: ("sign_in_again", False),
    341: ("slow_down", True),
    368: ("account_blocked", False),
    613: ("slow_down", True),
    80007: ("slow_down", True),
    80008: ("slow_down", True),
    130429: ("slow_down", True),
    130472: ("unreachable", False),
    130497: ("not_allowed", False),
    131000: ("network_down", True),
    131005: ("not_allowed", False),
    131008: ("bad_request", False),
    131009: ("bad_request", False),
    131016: ("network_down", True),
    131021: ("unreachable", False),
    131026: ("unreachable", False),
    131030: ("unreachable", False),
    131031: ("account_blocked", False),
    131037: ("not_configured", False),
    131042: ("not_configured", False),
    131045: ("not_configured", False),
    131047: ("outside_window", False),
    131048: ("slow_down", True),
    131049: ("unreachable", False),
    131050: ("unreachable", False),
    131051: ("bad_request", False),
    131052: ("file_refused", False),
    131053: ("file_refused", False),
    131056: ("slow_down", True),
    131057: ("network_down", True),
    131062: ("unreachable", False),
    131064: ("slow_down", True),
    133016: ("slow_down", True),
    135000: ("network_down", True),
    137000: ("unreachable", False),
}
"""By code: the reason, and whether trying again by itself makes sense."""

_PASSING = frozenset({131052, 131053})
"""A file that Meta could not take in: so it may go at the second try."""

_OF_ONE_MESSAGE = frozenset({131056, 131064})
"""Asked to slow down towards this customer, or with this kind of template; all else may go on."""


def reason_of(code: str) -> Reason:
    """What a code means that comes later, by webhook."""
    return _MEANING[int(code)][0] if code.isdigit() and int(code) in _MEANING else "bad_request"


def _refusal(error: dict[str, Any], response: Response, account: AccountRecord) -> Refusal:
    code, subcode = (
        graph.number(error.get("code"), NO_CODE),
        graph.number(error.get("error_subcode"), NO_CODE),
    )
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else ""
    message = str(error.get("message", ""))
    reason, retry = _meaning(code, subcode, message, response.status)
    if error.get("is_transient") is True and reason in ("bad_request", "network_down"):
        reason, retry = "network_down", True
    kind = Passing if code in _PASSING else Refusal
    return kind(
        reason,
        retry=retry,
        after=graph.wait(response, _owners(account)) if retry else None,
        code=f"{code}/{subcode}" if subcode > 0 else str(code if code >= 0 else response.status),
        detail=str(details or error.get("error_user_msg") or message)[:300],
        whole_account=reason == "slow_down" and code not in _OF_ONE_MESSAGE,
    )


def _meaning(code: int, subcode: int, message: str, status: int) -> tuple[Reason, bool]:
    if code == 100 and subcode == 33:
        return "gone", False
    if code == 100 and "appsecret_proof" in message:
        return "not_configured", False
    known = _MEANING.get(code)
    if known is None and 132000 <= code <= 132999:
        known = ("bad_request", False)  # something is wrong with the template
    if known is None and 200 <= code <= 299:
        known = ("not_allowed", False)
    return known or graph.meaning_of_status(status)

"""What errors mean where people write to each other and comment, by the Graph API's codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heed.channels.base import Passing, Reason, Refusal
from heed.channels.meta.graph import meaning_of_status, number, wait
from heed.lib.http import Response

_THREAD_IS_ELSEWHERE = frozenset({"100/2534037", "2018300", "2018321"})

_MEANING: dict[tuple[int, int], tuple[Reason, bool]] = {
    (10, 2018278): ("outside_window", False),
    (10, 2534022): ("outside_window", False),
    (10, 2018065): ("outside_window", False),
    (10, 2018108): ("unreachable", False),
    (10, 1893063): ("account_blocked", False),
    (10, 2534077): ("sign_in_again", False),
    (100, 33): ("gone", False),
    (100, 2018001): ("unreachable", False),
    (100, 2534014): ("unreachable", False),
    (100, 2018008): ("file_refused", False),
    (100, 2018047): ("file_refused", False),
    (100, 2018074): ("file_refused", False),
    (100, 2018109): ("file_refused", False),
    (100, 2018294): ("file_refused", False),
    (100, 2534013): ("not_configured", False),
    (100, 2534025): ("not_privately", False),
    (100, 2534029): ("unreachable", False),
    (100, 2534037): ("not_allowed", False),
    (200, 1545041): ("unreachable", False),
    (200, 2534041): ("not_allowed", False),
    (613, 2018338): ("slow_down", False),
}
"""By code and subcode: the reason, and whether trying again by itself makes sense."""

_PASSING = frozenset({(100, 2018008), (100, 2018294)})
"""A file that Meta could not fetch, or work on, in time: so it may go at the second try."""

_MEANING_OF_CODE: dict[int, tuple[Reason, bool]] = {
    1: ("network_down", True),
    2: ("network_down", True),
    4: ("slow_down", True),
    10: ("not_allowed", False),
    17: ("slow_down", True),
    32: ("slow_down", True),
    100: ("bad_request", False),
    190: ("sign_in_again", False),
    230: ("not_allowed", False),
    341: ("slow_down", True),
    368: ("account_blocked", False),
    506: ("duplicate", False),
    551: ("unreachable", False),
    613: ("slow_down", True),
    803: ("gone", False),
    9010: ("unreachable", False),
    36103: ("not_allowed", False),
    80001: ("slow_down", True),
    80002: ("slow_down", True),
    80006: ("slow_down", True),
    1609005: ("gone", False),
    2018171: ("not_allowed", False),
    2018218: ("not_allowed", False),
    2018247: ("not_allowed", False),
    2018300: ("not_allowed", False),
    2018321: ("not_allowed", False),
    2534068: ("not_allowed", False),
    9000001: ("gone", False),
}


def refusal(error: Mapping[str, Any], response: Response, owners: tuple[str, ...]) -> Refusal:
    """An error in our words; `owners` are those whose usage counts for us."""
    code, subcode = number(error.get("code")), number(error.get("error_subcode"))
    message = str(error.get("message", ""))
    reason, retry = _meaning(code, subcode, message, response.status)
    if error.get("is_transient") is True and reason in ("bad_request", "network_down", "slow_down"):
        reason, retry = ("slow_down" if reason == "slow_down" else "network_down"), True
    kind = Passing if (code, subcode) in _PASSING else Refusal
    return kind(
        reason,
        retry=retry,
        after=wait(response, owners) if retry else None,
        code=f"{code}/{subcode}" if subcode else str(code),
        detail=str(error.get("error_user_msg") or message)[:300],
        whole_account=retry and reason == "slow_down",  # each further call lengthens the wait
    )


def thread_is_elsewhere(refused: Refusal) -> bool:
    """Whether another app, or an automatic flow, has the thread: it can be taken."""
    return bool({refused.code, refused.code.partition("/")[0]} & _THREAD_IS_ELSEWHERE)


def _meaning(code: int, subcode: int, message: str, status: int) -> tuple[Reason, bool]:
    known = _MEANING.get((code, subcode))
    if known is None and code == 100:
        if "appsecret_proof" in message:
            known = ("not_configured", False)
        elif "Length of param" in message:
            known = ("too_long", False)
    known = known or _MEANING_OF_CODE.get(code)
    if known is None and 200 <= code <= 299:
        known = ("not_allowed", False)
    return known or meaning_of_status(status)

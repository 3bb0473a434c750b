"""Calls to the Graph API by either login: address, token, proof, and what its errors mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson

from heed.channels import base
from heed.channels.base import AccountRecord, Reason, Refusal, SessionExpired
from heed.lib import clock
from heed.lib.crypto import hmac_sha256_hex
from heed.lib.http import AnswerLost, Request, Response, Steps

VERSION = "v25.0"
BY_INSTAGRAM = "https://graph.instagram.com"
BY_FACEBOOK = "https://graph.facebook.com"
DAY = timedelta(days=1)
LEFT_AT_RENEWAL = 10 * DAY
"""How long before its end a token is exchanged for a fresh one."""
TOO_YOUNG = timedelta(hours=25)
"""Instagram exchanges a token only when it is a day old."""


def by_facebook(account: AccountRecord) -> bool:
    """Facebook Login (a Page's token) when a Page's id is given or the base address is Facebook's own;
    else Instagram Login (a token of the Instagram account)."""
    return bool(account.credentials.get("page_id")) or _host(account) == _host_of(BY_FACEBOOK)


def sender(account: AccountRecord) -> str:
    """Whose `messages` and `conversations` these are: the Page's or the account's own."""
    if by_facebook(account):
        return account.credentials.get("page_id") or "me"
    return account.external_id or "me"


def secrets(account: AccountRecord) -> list[str]:
    """The app secrets that may sign: Instagram's and Meta's, or an old and a new one."""
    return re.split(r"[\s,]+", account.credentials.get("app_secret", "").strip(" \t\r\n,"))


def proof(secret: str, token: str) -> str:
    """Shows Meta that whoever uses the token also has the app's secret."""
    return hmac_sha256_hex(secret, token.encode())


def home(account: AccountRecord) -> str:
    """The base address; Facebook's where the usual one is Instagram's but a Page's token is used."""
    if by_facebook(account) and _host(account) == _host_of(BY_INSTAGRAM):
        return BY_FACEBOOK
    return account.base_url.rstrip("/")


def app_home(account: AccountRecord) -> str:
    """Where the app itself is set up: always at Facebook."""
    return BY_FACEBOOK if _host(account) == _host_of(BY_INSTAGRAM) else account.base_url.rstrip("/")


def versioned(home: str, path: str) -> str:
    return f"{home}/{path}" if re.search(r"/v\d+\.\d+$", home) else f"{home}/{VERSION}/{path}"


def _host(account: AccountRecord) -> str:
    return _host_of(account.base_url)


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


# --------------------------------------------------------------------------------- tokens


def token(account: AccountRecord) -> str:
    """The token to use now. Raises `SessionExpired` when it is time for a fresh one.

    A Page's token does not end by itself; one of Instagram Login lives sixty days.
    """
    if by_facebook(account):
        return account.credentials.get("access_token", "")
    kept = account.session.get("token", "")
    renew_at = account.session.get("renew_at", "")
    if not kept or not renew_at or clock.now() >= clock.from_iso(renew_at):
        raise SessionExpired
    return kept


def renewed(account: AccountRecord) -> Steps[dict[str, str]]:
    """A session with a token that lives sixty days from now; the one we have, when it is too young
    to be exchanged. Raises `Refusal`."""
    kept = account.session.get("token", "")
    used = kept or account.credentials.get("access_token", "")
    try:
        response = yield Request(
            "GET",
            f"{home(account)}/refresh_access_token",
            params={"grant_type": "ig_refresh_token", "access_token": used},
        )
        fresh = accepted(response, account)
    except Refusal as refusal:
        if refusal.retry or (kept and refusal.reason == "sign_in_again"):
            raise
        return _session(used, TOO_YOUNG)  # whether it is good the next call will tell
    lives = timedelta(seconds=_number(fresh.get("expires_in")))
    return _session(str(fresh.get("access_token") or used), max(lives - LEFT_AT_RENEWAL, DAY))


def _session(token: str, renew_in: timedelta) -> dict[str, str]:
    return {"token": token, "renew_at": (clock.now() + renew_in).isoformat()}


# ---------------------------------------------------------------------------------- calls


def get(account: AccountRecord, path: str, **params: str) -> Steps[dict[str, Any]]:
    return (yield from _call(account, "GET", path, params))


def delete(account: AccountRecord, path: str) -> Steps[dict[str, Any]]:
    return (yield from _call(account, "DELETE", path, {}))


def post(
    account: AccountRecord,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    decisive: bool = False,
    **params: str,
) -> Steps[dict[str, Any]]:
    """Post JSON, or only parameters: Instagram takes those of comments in the address alone.
    `decisive` calls say something in public or to a person."""
    return (yield from _call(account, "POST", path, params, body, decisive))


def as_app(account: AccountRecord, path: str, app_token: str, **params: str) -> Steps[dict[str, Any]]:
    """Post in the name of the app."""
    response = yield Request(
        "POST",
        versioned(app_home(account), path),
        params=params,
        headers={"authorization": f"Bearer {app_token}"},
    )
    return accepted(response, account)


def _call(
    account: AccountRecord,
    method: Literal["GET", "POST", "DELETE"],
    path: str,
    params: Mapping[str, str],
    body: Mapping[str, Any] | None = None,
    decisive: bool = False,
) -> Steps[dict[str, Any]]:
    key = token(account)
    response = yield Request(
        method,
        versioned(home(account), path),
        params={**params, **_proof(account, key)},
        headers={"authorization": f"Bearer {key}"},
        json=None if body is None else dict(body),
        decisive=decisive,
    )
    return accepted(response, account, decisive=decisive)


def _proof(account: AccountRecord, key: str) -> dict[str, str]:
    """Only Facebook's API is known to take it."""
    secret = secrets(account)[0]
    return {"appsecret_proof": proof(secret, key)} if secret and by_facebook(account) else {}


# -------------------------------------------------------------------------------- answers


def accepted(response: Response, account: AccountRecord, *, decisive: bool = False) -> dict[str, Any]:
    """The answer's record. Raises `Refusal`, or `AnswerLost` when nobody knows what happened."""
    record = response.record
    error = record.get("error")
    if isinstance(error, dict):
        raise _refusal(error, response, account)
    parsed = response.json()
    if 200 <= response.status < 300 and (isinstance(parsed, dict) or parsed is True):
        return record
    base.refuse_unanswered(response)
    if decisive and (response.status >= 500 or response.status < 300):
        raise AnswerLost(f"status {response.status} without a readable answer")
    raise Refusal("network_down", retry=True, code=str(response.status), detail="no readable answer")


def made_id(record: Mapping[str, Any], name: str) -> str:
    """The id of what was made. Without one nobody knows whether it was made: `AnswerLost`."""
    value = record.get(name)
    if not value:
        raise AnswerLost(f"accepted without {name}")
    return str(value)


_MEANING: dict[tuple[int, int], tuple[Reason, bool]] = {
    (10, 2534022): ("outside_window", False),
    (10, 2018278): ("outside_window", False),
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
    (100, 2534025): ("already_done", False),
    (100, 2534029): ("unreachable", False),
    (100, 2534037): ("not_allowed", False),
    (200, 1545041): ("unreachable", False),
    (200, 2534041): ("not_allowed", False),
    (613, 2018338): ("slow_down", False),
}
"""By code and subcode: the reason, and whether trying again by itself makes sense."""

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


def _refusal(error: Mapping[str, Any], response: Response, account: AccountRecord) -> Refusal:
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    message = str(error.get("message", ""))
    reason, retry = _meaning(code, subcode, message, response.status)
    if error.get("is_transient") is True and reason in ("bad_request", "network_down", "slow_down"):
        reason, retry = ("slow_down" if reason == "slow_down" else "network_down"), True
    return Refusal(
        reason,
        retry=retry,
        after=_wait(response, account) if retry else None,
        code=f"{code}/{subcode}" if subcode else str(code),
        detail=str(error.get("error_user_msg") or message)[:300],
    )


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
    return known or _meaning_of_status(status)


def _meaning_of_status(status: int) -> tuple[Reason, bool]:
    if status >= 500:
        return ("network_down", True)
    by_status: dict[int, tuple[Reason, bool]] = {
        401: ("sign_in_again", False),
        403: ("not_allowed", False),
        404: ("gone", False),
        429: ("slow_down", True),
    }
    return by_status.get(status, ("bad_request", False))


def _wait(response: Response, account: AccountRecord) -> float | None:
    """Seconds Meta asks us to wait: by its own usage header (in minutes) or by `Retry-After`."""
    asked = response.retry_after(clock.now())
    owners = (account.external_id, account.credentials.get("page_id", ""))
    minutes = _minutes(response.headers.get("x-business-use-case-usage", ""), owners)
    return max(minutes * 60, asked or 0) or None


def _minutes(header: str, owners: tuple[str, ...]) -> float:
    """The longest wait of our own account or Page; of all, when neither is named."""
    try:
        usage = orjson.loads(header)
    except orjson.JSONDecodeError:
        return 0.0
    if not isinstance(usage, dict):
        return 0.0
    ours = [usage[owner] for owner in owners if owner in usage] or list(usage.values())
    cases = [case for cases in ours if isinstance(cases, list) for case in cases if isinstance(case, dict)]
    waits = [case.get("estimated_time_to_regain_access") for case in cases]
    return float(max((wait for wait in waits if isinstance(wait, int | float)), default=0))


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0

"""Calls to the Graph API: address, token and proof, and what its errors mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from heed.channels import base
from heed.channels.base import AccountRecord, Reason, Refusal
from heed.lib import clock
from heed.lib.crypto import hmac_sha256_hex
from heed.lib.http import AnswerLost, Request, Response, Steps, Upload

VERSION = "v25.0"


def secrets(account: AccountRecord) -> list[str]:
    """The app secrets that may sign: several while one is being exchanged; the first is current."""
    return re.split(r"[\s,]+", account.credentials.get("app_secret", "").strip(" \t\r\n,"))


def proof(secret: str, token: str) -> str:
    """Shows Meta that whoever uses the token also has the app's secret."""
    return hmac_sha256_hex(secret, token.encode())


def address(account: AccountRecord, path: str) -> str:
    base_url = account.base_url.rstrip("/")
    if not re.search(r"/v\d+\.\d+$", base_url):
        base_url = f"{base_url}/{VERSION}"
    return f"{base_url}/{path}"


def get(account: AccountRecord, path: str, **params: str) -> Steps[dict[str, Any]]:
    response = yield Request(
        "GET", address(account, path), params=params | _proof(account), headers=_bearer(account)
    )
    return accepted(response, account)


def ask(account: AccountRecord, path: str, **params: str) -> Steps[dict[str, Any]]:
    """A call before there is a token: what proves us stands in `params`."""
    response = yield Request("GET", address(account, path), params=params)
    return accepted(response, account)


def delete(account: AccountRecord, path: str) -> Steps[dict[str, Any]]:
    response = yield Request(
        "DELETE", address(account, path), params=_proof(account), headers=_bearer(account)
    )
    return accepted(response, account)


def post(
    account: AccountRecord, path: str, body: Mapping[str, Any], *, decisive: bool = False
) -> Steps[dict[str, Any]]:
    """Post JSON. `decisive` calls say something in public or to a person."""
    response = yield Request(
        "POST",
        address(account, path),
        params=_proof(account),
        headers=_bearer(account),
        json=dict(body),
        decisive=decisive,
    )
    return accepted(response, account, decisive=decisive)


def upload(
    account: AccountRecord,
    path: str,
    form: Mapping[str, Any],
    file: base.OutgoingFile,
    *,
    field: str,
    decisive: bool = False,
) -> Steps[dict[str, Any]]:
    """Post a file as multipart; records inside the form travel as JSON text."""
    response = yield Request(
        "POST",
        address(account, path),
        params=_proof(account),
        headers=_bearer(account),
        form={k: v if isinstance(v, str) else orjson.dumps(v).decode() for k, v in form.items()},
        upload=Upload(field, file.name, file.mime, file.content),
        decisive=decisive,
    )
    return accepted(response, account, decisive=decisive)


def _bearer(account: AccountRecord) -> dict[str, str]:
    return {"authorization": f"Bearer {account.credentials.get('page_token', '')}"}


def _proof(account: AccountRecord) -> dict[str, str]:
    secret = secrets(account)[0]
    if not secret:
        return {}
    return {"appsecret_proof": proof(secret, account.credentials.get("page_token", ""))}


# ------------------------------------------------------------------------------- answers


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


def made_id(record: dict[str, Any], name: str) -> str:
    """The id of what was made. Without one nobody knows whether it was made: `AnswerLost`."""
    value = record.get(name)
    if not value:
        raise AnswerLost(f"accepted without {name}")
    return str(value)


# ------------------------------------------------------------------- what answers hold


def record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def rows(edge: Any) -> list[dict[str, Any]]:
    """The records of a list."""
    found = record(edge).get("data")
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def next_cursor(listed: Any) -> str:
    """Where the next page of a list begins; empty on the last one."""
    paging = record(record(listed).get("paging"))
    return str(record(paging.get("cursors")).get("after") or "") if paging.get("next") else ""


def time(given: Mapping[str, Any], name: str = "created_time") -> datetime | None:
    value = given.get(name)
    try:
        return clock.from_iso(value) if isinstance(value, str) else None
    except ValueError:
        return None


def web_address(value: Any) -> str:
    """A web address, or nothing: Meta also sends `/reel/123/` and names of files here."""
    if not isinstance(value, str):
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme in ("http", "https") and parts.netloc else ""


def picture_of(attachment: Mapping[str, Any]) -> str:
    """Where the file of a comment lies: the video itself, else the picture, else what is linked."""
    media = record(attachment.get("media"))
    found = (media.get("source"), record(media.get("image")).get("src"), attachment.get("url"))
    return next((address for address in map(web_address, found) if address), "")


# ------------------------------------------------------------------- what errors mean

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
    (100, 2534025): ("already_done", False),
    (100, 2534029): ("unreachable", False),
    (100, 2534037): ("not_allowed", False),
    (200, 1545041): ("unreachable", False),
    (200, 2534041): ("unreachable", False),
    (613, 2018338): ("slow_down", False),
}
"""By code and subcode: the reason, and whether trying again by itself makes sense."""

THREAD_IS_ELSEWHERE = ("2018300", "2018321")
"""Another app, or an automatic flow, has the thread: it can be taken."""

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


def _refusal(error: dict[str, Any], response: Response, account: AccountRecord) -> Refusal:
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
    minutes = _minutes(response.headers.get("x-business-use-case-usage", ""), account.external_id)
    return max(minutes * 60, asked or 0) or None


def _minutes(header: str, page: str) -> float:
    try:
        usage = orjson.loads(header)
    except orjson.JSONDecodeError:
        return 0.0
    if not isinstance(usage, dict):
        return 0.0
    pages = [usage[page]] if page in usage else usage.values()
    cases = [case for cases in pages if isinstance(cases, list) for case in cases if isinstance(case, dict)]
    waits = [case.get("estimated_time_to_regain_access") for case in cases]
    return float(max((wait for wait in waits if isinstance(wait, int | float)), default=0))


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0

"""Calls to the Graph API: address, token and proof, and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from heed.channels.base import AccountRecord, OutgoingFile, Reason, Refusal
from heed.channels.meta import graph, webhook
from heed.channels.meta.shapes import record, web_address
from heed.lib.http import Request, Response, Steps, Upload


def address(account: AccountRecord, path: str) -> str:
    return graph.versioned(account.base_url, path)


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
    file: OutgoingFile,
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
    secret = webhook.secrets(account)[0]
    if not secret:
        return {}
    return {"appsecret_proof": webhook.proof(secret, account.credentials.get("page_token", ""))}


# ------------------------------------------------------------------------------- answers


def accepted(response: Response, account: AccountRecord, *, decisive: bool = False) -> dict[str, Any]:
    """The answer's record. Raises `Refusal`, or `AnswerLost` when nobody knows what happened."""
    return graph.accepted(
        response, lambda error, response: _refusal(error, response, account), decisive=decisive
    )


def picture_of(attachment: Mapping[str, Any]) -> str:
    """Where the file of a comment lies: the video itself, else the picture, else what is linked."""
    media = record(attachment.get("media"))
    found = (media.get("source"), record(media.get("image")).get("src"), attachment.get("url"))
    return next((address for address in map(web_address, found) if address), "")


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
    code, subcode = graph.number(error.get("code")), graph.number(error.get("error_subcode"))
    message = str(error.get("message", ""))
    reason, retry = _meaning(code, subcode, message, response.status)
    if error.get("is_transient") is True and reason in ("bad_request", "network_down", "slow_down"):
        reason, retry = ("slow_down" if reason == "slow_down" else "network_down"), True
    return Refusal(
        reason,
        retry=retry,
        after=graph.wait(response, (account.external_id,)) if retry else None,
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
    return known or graph.meaning_of_status(status)

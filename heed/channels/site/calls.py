"""Calls to the callback address of one's own app."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson

from heed.channels.base import AccountRecord, Reason, Refusal, refuse_unanswered
from heed.channels.site.signing import HEADER, signature
from heed.lib.http import AnswerLost, Request, Steps

_REASONS: dict[int, Reason] = {
    401: "sign_in_again",
    403: "sign_in_again",
    404: "unreachable",  # nobody of this id in the app
    410: "unreachable",
    413: "too_long",
    415: "file_refused",
}


def callback_of(account: AccountRecord) -> str:
    """Where the account's app wants to be called; empty when it has none."""
    return account.credentials.get("callback_url", "")


def call(account: AccountRecord, event: dict[str, Any], *, decisive: bool = False) -> Steps[dict[str, Any]]:
    """Post a signed event to the app and give back what it says.

    Raises `Refusal` for a 4xx, 429 and 503; `AnswerLost` when a decisive call got another answer.
    """
    url = callback_of(account)
    if urlsplit(url).scheme not in ("https", "http"):
        raise Refusal("not_configured", detail="the callback address must begin with https://")
    body = orjson.dumps(event)
    response = yield Request(
        "POST",
        url,
        headers={
            "Content-Type": "application/json",
            HEADER: signature(account.credentials.get("secret", ""), body),
        },
        content=body,
        decisive=decisive,
    )
    refuse_unanswered(response)
    if 200 <= response.status < 300:
        return response.record
    code, detail = str(response.status), str(response.record.get("error", ""))[:300]
    if 400 <= response.status < 500:
        raise Refusal(_REASONS.get(response.status, "bad_request"), code=code, detail=detail)
    if decisive:
        raise AnswerLost(f"the app answered {code}")
    raise Refusal("network_down", retry=True, code=code, detail=detail)

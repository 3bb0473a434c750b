"""Steps driven with scripted answers of the Graph API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from heed.channels.base import Refusal
from heed.channels.tests.script import Script as Script
from heed.lib.http import Response, Steps

Scripted = Response | Exception | Mapping[str, Any]
"""A plain record is an answer of 200."""
PROOF = "a6024693394a23e652049c7c3571712892f80c08425a659c3fdb161563eefa4f"
"""Of the sample's secret, for the token `EAAB-test-token`."""


def ok(record: Any) -> Response:
    return Response(200, {}, json.dumps(record).encode())


def no(
    code: int, sub: int = 0, *, status: int = 400, message: str = "", headers: Mapping[str, str] = {}
) -> Response:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A"}
    if sub:
        error["error_subcode"] = sub
    return Response(status, headers, json.dumps({"error": error}).encode())


def refused(steps: Steps[Any], *answers: Scripted) -> Refusal:
    with pytest.raises(Refusal) as caught:
        Script(*answers).run(steps)
    return caught.value


DONE = ok({"success": True})

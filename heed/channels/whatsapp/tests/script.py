"""Answers of the Cloud API, and what is sent with them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from heed.channels.base import Answer, OutgoingFile, Refusal, Target
from heed.channels.meta.tests.script import Script
from heed.channels.whatsapp.adapter import network
from heed.channels.whatsapp.tests.sample import ACCOUNT
from heed.lib.http import Request, Response

BUSINESS = "102290129340398"
API = "https://graph.facebook.com/v25.0"
LEA = "SI.13491208655302741918"
TO = Target("wamid.in", "private", "message", "", {})
PICTURE = OutgoingFile("boot.jpg", "image/jpeg", b"j" * 10, "")
SOUND = OutgoingFile("hi.ogg", "audio/ogg", b"s" * 10, "")
PAPER = OutgoingFile("račun.pdf", "application/pdf", b"p" * 10, "")


def ok(id: str = "wamid.1", user_id: str = LEA) -> dict[str, Any]:
    contact = {"input": LEA, "wa_id": "38640111222", "user_id": user_id}
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": id}]}


def error(code: int, status: int = 400, headers: dict[str, str] | None = None, **more: Any) -> Response:
    return Response(
        status, headers or {}, orjson.dumps({"error": {"code": code, "message": f"(#{code}) no", **more}})
    )


def answer(text: str = "Na poti je.", *files: OutgoingFile, **changes: Any) -> Answer:
    fields: dict[str, Any] = {"key": "k-1", "visibility": "private", "person": LEA, "to": None}
    return Answer(text=text, files=files, **{**fields, **changes})


def sent(*replies: Any, of: Answer | None = None) -> tuple[Any, list[Request]]:
    script = Script(*replies)
    return script.run(network.send(ACCOUNT, of or answer())), script.requests


def refused(*replies: Any, of: Answer | None = None) -> tuple[Refusal, list[Request]]:
    script = Script(*replies)
    with pytest.raises(Refusal) as caught:
        script.run(network.send(ACCOUNT, of or answer()))
    return caught.value, script.requests

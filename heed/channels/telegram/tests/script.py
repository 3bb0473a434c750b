"""Answers of Telegram one after the other, and what is sent with them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from heed.channels.base import Answer, OutgoingFile, Target
from heed.channels.telegram.tests.sample import TOKEN
from heed.lib import clock
from heed.lib.http import Request, Response

API = f"https://api.telegram.org/bot{TOKEN}"
LEA = 5527065001
AT = datetime(2026, 1, 1, 10, 0, tzinfo=UTC)


def shown(number: int = 50, chat: int = LEA) -> dict[str, Any]:
    return {"message_id": number, "date": 1767261600, "chat": {"id": chat, "type": "private"}}


def ok(result: Any = True) -> dict[str, Any]:
    return {"ok": True, "result": result}


def no(code: int, description: str = "", **parameters: int) -> Response:
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    return Response(code, {}, orjson.dumps({**body, **({"parameters": parameters} if parameters else {})}))


def answer(text: str = "Pozdravljeni!", *files: OutgoingFile, **changes: Any) -> Answer:
    fields: dict[str, Any] = {"key": "k-1", "visibility": "private", "person": str(LEA), "to": None}
    return Answer(text=text, files=files, **{**fields, **changes})


def target(external_id: str = f"{LEA}:41", **refs: Any) -> Target:
    return Target(external_id, "private", "message", "", refs, at=clock.now())


OURS = replace(target(), ours=True)
IN_BUSINESS = replace(target(f"conn-1:{LEA}:41"), ours=True)


def file(mime: str = "image/jpeg", name: str = "boot.jpg", content: bytes = b"jjj") -> OutgoingFile:
    return OutgoingFile(name, mime, content, "")


PICTURE = file()
VIDEO = file("video/mp4", "zip.mp4", b"vvv")
SONG = file("audio/mpeg", "song.mp3", b"aaa")
PAPER = file("application/pdf", "račun.pdf", b"ppp")


def parts(request: Request) -> dict[str, tuple[str, bytes]]:
    """The parts of a multipart body: header and content by name."""
    kind, _, boundary = request.headers["Content-Type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    assert request.content is not None
    *pieces, end = request.content.split(b"--" + boundary.encode())
    assert end == b"--\r\n"
    found = {}
    for piece in pieces[1:]:
        head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(r' name="([^"]*)"', head.decode())
        assert name is not None
        found[name[1]] = (head.decode(), content.removesuffix(b"\r\n"))
    return found

"""What LINE answers, and what is sent with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from heed.channels.base import Answer, OutgoingFile, Target
from heed.lib import clock
from heed.lib.http import Response

API = "https://api.line.me"
LEA = "U206d25c2ea6bd87c17655609a1c37cb8"
KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"


def sent(*ids: str) -> dict[str, Any]:
    return {"sentMessages": [{"id": each, "quoteToken": f"q-{each}"} for each in ids]}


def no(status: int, message: str = "", headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    return Response(status, headers or {}, orjson.dumps({"message": message, **more}))


def wrong(name: str, why: str = "") -> Response:
    return no(400, "The request body has 1 error(s)", details=[{"property": name, "message": why}])


def answer(text: str = "Na poti je.", *files: OutgoingFile, **changes: Any) -> Answer:
    fields: dict[str, Any] = {"key": KEY, "visibility": "private", "person": LEA, "to": None}
    return Answer(text=text, files=files, **{**fields, "started": clock.now(), **changes})


def target(**refs: Any) -> Target:
    return Target("444573844083572737", "private", "message", "", refs)


FILM = OutgoingFile(
    "zip.mp4",
    "video/mp4",
    b"v" * 10,
    "https://desk.example.org/f/2",
    preview="https://desk.example.org/media/film.png",
)
SOUND = OutgoingFile("glas.mp3", "audio/mpeg", b"s" * 10, "https://desk.example.org/f/3", lasts=3004)


def picture(
    mime: str = "image/png", size: int = 10, url: str = "https://desk.example.org/f/1.png"
) -> OutgoingFile:
    return OutgoingFile("boot.png", mime, b"p" * size, url)

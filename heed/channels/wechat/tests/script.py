"""What WeChat answers, and what is sent with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from heed.channels.base import Answer, OutgoingFile, Refusal, Target
from heed.channels.tests import script
from heed.channels.wechat.tests.sample import ACCOUNT
from heed.lib.http import Steps

OK = {"errcode": 0, "errmsg": "ok"}
OPENID = "o_demo_user"
TARGET = Target("1", "private", "message", "", {})
PICTURE = OutgoingFile("škorenj.png", "image/png", b"\x89PNG", "")
VOICE = OutgoingFile("hello.mp3", "audio/mpeg", b"ID3", "")
FILM = OutgoingFile("film.mp4", "video/mp4", b"ftyp", "")
UPLOADED = {"type": "image", "media_id": "media-1", "created_at": 1}
NO_SESSION = replace(ACCOUNT, session={})


class Script(script.Script):
    def fields(self, number: int = -1) -> Any:
        content = self.requests[number].content
        assert content is not None
        return orjson.loads(content)


def error(code: int, message: str = "why rid: 1") -> dict[str, Any]:
    return {"errcode": code, "errmsg": message}


def answer(text: str = "Pozdravljeni", *files: OutgoingFile, person: str = OPENID) -> Answer:
    return Answer("key-1", "private", text, person, None, files)


def refusal_of(steps: Steps[Any], *answers: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        Script(*answers).run(steps)
    return caught.value

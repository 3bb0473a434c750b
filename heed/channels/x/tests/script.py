"""Answers of X one after the other, and what is sent with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from heed.channels.base import Answer, OutgoingFile, Refusal, Target
from heed.channels.tests import script
from heed.channels.x.tests.sample import ACCOUNT, ACME, LEA
from heed.lib.http import Response, Steps

API = "https://api.x.com/2"
SELF_SERVE = replace(ACCOUNT, credentials={**ACCOUNT.credentials, "access_level": ""})
QUESTION = "2080765813578191303"
NOW = datetime(2026, 8, 12, 18, 0, tzinfo=UTC)


class Script(script.Script):
    @property
    def asked(self) -> list[str]:
        return [f"{each.method} {each.url.removeprefix(API)}" for each in self.requests]


def made(id: str = "77", status: int = 201) -> Response:
    return Response(status, {}, orjson.dumps({"data": {"id": id, "text": "…", "dm_event_id": id}}))


def no(status: int, body: Any = None, **headers: str) -> Response:
    return Response(status, headers, orjson.dumps(body if body is not None else {}))


def problem(status: int, kind: str, detail: str = "") -> Response:
    return no(status, {"title": "No", "detail": detail, "type": f"https://api.x.com/2/problems/{kind}"})


def target(**changes: Any) -> Target:
    fields: dict[str, Any] = {"kind": "mention", "refs": {"summoned": True}, "post": QUESTION, **changes}
    return Target(QUESTION, changes.pop("visibility", "public"), **fields)


def answer(text: str = "Na poti je.", *files: OutgoingFile, **changes: Any) -> Answer:
    fields: dict[str, Any] = {"visibility": "public", "person": LEA, "to": target(), **changes}
    return Answer(key="k-1", text=text, files=files, **fields)


def private(text: str = "Trideset dni.", *files: OutgoingFile, **changes: Any) -> Answer:
    return answer(text, *files, visibility="private", to=None, **changes)


def file(mime: str = "image/png", size: int = 3) -> OutgoingFile:
    return OutgoingFile("boot.png", mime, b"x" * size, "")


def refused(script: Script, steps: Steps[Any]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        script.run(steps)
    return caught.value


def own(id: str = "78", text: str = "@lea_marn Na poti je.", at: str = "2026-08-12T18:00:01.000Z") -> Any:
    return {
        "id": id,
        "text": text,
        "author_id": ACME,
        "created_at": at,
        "conversation_id": QUESTION,
        "referenced_tweets": [{"type": "replied_to", "id": QUESTION}],
        "display_text_range": [10, len(text)],
    }

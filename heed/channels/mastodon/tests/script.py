"""A server that answers by a script, and times without a zone of doubt."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from heed.lib.http import Request, Response, Steps, drive

HOME = "https://mastodon.example"
Answers = dict[str, Any]


class Script:
    """Answers by `"METHOD path"`: an object, a `Response`, an exception, a function of the request, or a
    list of these for one call after the other. What is not named is 404."""

    def __init__(self, answers: Answers | None = None) -> None:
        self.answers: Answers = dict(answers or {})
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        path = request.url.removeprefix(HOME)
        answer = self.answers.get(f"{request.method} {path}", no(404))
        if isinstance(answer, Turns):
            answer = answer.next()
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Response) else Response(200, {}, orjson.dumps(answer))

    def run(self, steps: Steps[Any]) -> Any:
        return drive(steps, self)

    def called(self) -> list[str]:
        return [
            f"{each.method} {each.url.removeprefix('https://mastodon.example')}" for each in self.requests
        ]


class Turns:
    """One answer after the other; the last one stays."""

    def __init__(self, *answers: Any) -> None:
        self._left = list(answers)

    def next(self) -> Any:
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


def no(status: int, error: str = "", **headers: str) -> Response:
    return Response(status, headers, orjson.dumps({"error": error}))


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

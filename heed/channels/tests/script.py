"""A network that answers by a script."""

from __future__ import annotations

from typing import Any

import orjson

from heed.lib.http import Request, Response, Steps, drive


class Script:
    """Answers requests one after the other, and remembers them: a `Response`, or what is in one as JSON; an
    exception in the list is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Response) else Response(200, {}, orjson.dumps(answer))

    def run(self, steps: Steps[Any]) -> Any:
        """What comes of these steps, which must ask for all the answers."""
        result = drive(steps, self)
        assert not self.answers, "not all answers were asked for"
        return result

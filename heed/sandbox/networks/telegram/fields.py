"""The fields of a call, and how one is refused."""

from __future__ import annotations

import json
import re
from typing import Any

from heed.lib.text import measure
from heed.sandbox.frame import Call, Part, Reply

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
RESERVED = re.compile(r"(?<!\\)[_*\[\]()~`>#+\-=|{}.!]")


class Refused(Exception):
    """An error of the Bot API: a code, a description and perhaps parameters."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


class Fields:
    """The fields of a call, however they came: query, form, JSON or multipart."""

    def __init__(self, call: Call) -> None:
        self._call = call
        given = call.json
        self.given: dict[str, Any] = {
            **call.query,
            **(given if isinstance(given, dict) else call.form),
        }

    def value(self, name: str) -> Any:
        """A field that is not text: it may stand as JSON inside a form."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise Refused(400, f"Bad Request: can't parse {name} JSON object") from error

    def text(self, name: str) -> str:
        return str(self.given.get(name, ""))

    def number(self, name: str) -> int:
        try:
            return int(self.given.get(name) or 0)
        except (TypeError, ValueError):
            return 0

    def file(self, name: str) -> Part:
        """The uploaded file of a field."""
        for part in self._call.parts:
            if part.name == name and part.filename:
                return part
        raise Refused(400, f"Bad Request: there is no {name} in the request")


def check_text(text: str, most: int, otherwise: str, fields: Fields) -> None:
    if measure(text, "utf16") > most:
        raise Refused(400, f"Bad Request: {otherwise}")
    if fields.text("parse_mode") == "MarkdownV2" and (found := RESERVED.search(text)):
        raise Refused(
            400,
            f"Bad Request: can't parse entities: Character '{found.group()}' is reserved and must be "
            "escaped with the preceding '\\'",
        )


def caption_of(text: str, fields: Fields) -> dict[str, str]:
    check_text(text, CAPTION_LIMIT, "message caption is too long", fields)
    return {"caption": text} if text else {}


def refusal(refused: Refused) -> Reply:
    body: dict[str, Any] = {"ok": False, "error_code": refused.code, "description": refused.description}
    if refused.parameters:
        body["parameters"] = refused.parameters
    return Reply(refused.code, body)

"""The fields that a call asks for, and lists page by page."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from heed.sandbox.frame import Call
from heed.sandbox.meta.errors import Refused


@dataclass(slots=True)
class Wanted:
    """What is asked of one field: `likes.summary(true).limit(0)`, `messages{id,from}`."""

    arguments: dict[str, str]
    inner: dict[str, Wanted]


Node = Mapping[str, Callable[[Wanted], Any]]
"""An object of the API: each of its fields by name."""
Row = tuple[str, Node]
"""An object in a list, under the key by which the list is paged."""


def asked(text: Any) -> dict[str, Wanted]:
    """Read `id,likes.summary(true).limit(0),messages{id,from}`. Raises `Refused`."""
    wanted, rest = _some(str(text))
    if rest:
        raise Refused(2500, f"Syntax error at {rest[:20]!r}")
    return wanted


def _some(text: str) -> tuple[dict[str, Wanted], str]:
    wanted: dict[str, Wanted] = {}
    while True:
        found = re.match(r"\s*([a-z_]+)((?:\.[a-z_]+\([^()]*\))*)", text)
        if not found:
            raise Refused(2500, f"Syntax error at {text[:20]!r}")
        arguments = dict(re.findall(r"\.([a-z_]+)\(([^()]*)\)", found[2]))
        text = text[found.end() :]
        inner: dict[str, Wanted] = {}
        if text.startswith("{"):
            inner, text = _some(text[1:])
            if not text.startswith("}"):
                raise Refused(2500, "Syntax error: expected }")
            text = text[1:]
        wanted[found[1]] = Wanted(arguments, inner)
        if not text.startswith(","):
            return wanted, text
        text = text[1:]


def shown(node: Node, wanted: Mapping[str, Wanted]) -> dict[str, Any]:
    """The asked fields of an object, and always its id; those without a value are left out."""
    found: dict[str, Any] = {"id": node["id"](Wanted({}, {}))}
    for name, each in wanted.items():
        if name not in node:
            raise Refused(100, f"(#100) Tried accessing nonexisting field ({name})")
        value = node[name](each)
        if value is not None:
            found[name] = value
    return found


def page_of(rows: list[Row], call: Call, given: Mapping[str, Any], url: str, most: int) -> dict[str, Any]:
    """A page of a list at this address. The last page has no `next`, the others its whole address."""
    limit = min(int(given.get("limit", 25)), most)
    keys = [key for key, _node in rows]
    after = _from_cursor(given.get("after"))
    start = keys.index(after) + 1 if after in keys else 0
    page = rows[start : start + limit]
    wanted = asked(given.get("fields", "id"))
    paging: dict[str, Any] = {}
    if page:
        paging["cursors"] = {"before": cursor(page[0][0]), "after": cursor(page[-1][0])}
    if start + limit < len(rows):
        query = {**call.query, "after": cursor(page[-1][0])}
        query.pop("access_token", None)
        paging["next"] = f"{url}{call.path}?{urlencode(query)}"
    return {"data": [shown(node, wanted) for _key, node in page], "paging": paging}


def cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _from_cursor(given: Any) -> str:
    try:
        return base64.urlsafe_b64decode(str(given or "")).decode()
    except ValueError:
        return ""

"""Published descriptions of APIs (OpenAPI, in YAML), and what is wrong with a value by them.

The reader knows as much of YAML as these files use: maps, lists, quoted and plain words, short lists
in brackets, and blocks of text, of which only the first words are kept.

The files are the networks' own and lie in the folder that `HEED_SPECS` names, else in
`shared/networks/specs` beside the checkout.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

BESIDE = Path(__file__).parents[4] / "shared/networks/specs"
"""Beside the checkout, where nobody names another folder."""
FOLDER = Path(os.environ.get("HEED_SPECS") or BESIDE)
_KEY = re.compile(r"""("(?:[^"]*)"|'(?:[^']*)'|[^\s"'#\[{][^:#]*):(?:\s+(.*))?$""")
_TEXT = re.compile(r"[|>][+-]?$")


def needs(*names: str) -> pytest.MarkDecorator:
    """Marks tests that compare with these files; where they are missing, the run says so by name."""
    absent = [name for name in names if not (FOLDER / name).is_file()]
    reason = (
        f"NOT COMPARED with what the network publishes: HEED_SPECS names no folder with {', '.join(absent)}"
    )
    return pytest.mark.skipif(bool(absent), reason=reason)


@cache
def described(name: str) -> dict[str, Any]:
    """The description in the file of this name."""
    lines = [line.rstrip() for line in (FOLDER / name).read_text().splitlines()]
    wanted = [line for line in lines if line.strip() and line.strip() != "---"]
    return _Reader(wanted).whole()


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0

    def whole(self) -> dict[str, Any]:
        found = self._map(0)
        if self._at < len(self._lines):
            raise ValueError(f"cannot read: {self._lines[self._at]}")
        return found

    def block(self, indent: int) -> Any:
        """The map or list whose lines begin at this indent."""
        _, words = self._next()
        return self._list(indent) if words.startswith("- ") else self._map(indent)

    def _map(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (line := self._next()) and line[0] == indent and (match := _KEY.match(line[1])):
            self._at += 1
            found[_plain(match[1])] = self._value(match[2] or "", indent)
        return found

    def _list(self, indent: int) -> list[Any]:
        found: list[Any] = []
        while (line := self._next()) and line[0] == indent and line[1].startswith("- "):
            item = line[1][2:]
            if item.startswith("- "):  # a list inside a list
                self._lines[self._at] = " " * (indent + 2) + item
                found.append(self._list(indent + 2))
            elif _KEY.match(item):  # a map that begins on the line of its dash
                self._lines[self._at] = " " * (indent + 2) + item
                found.append(self._map(indent + 2))
            else:
                self._at += 1
                self._text(indent)  # words that go on below
                found.append(_plain(item))
        return found

    def _value(self, words: str, indent: int) -> Any:
        words = words.partition(" #")[0].strip()
        if _TEXT.match(words):
            return self._text(indent)
        if words:
            self._text(indent)  # words that go on below
            return _plain(words)
        deeper, below = self._next()
        if deeper > indent and (below.startswith("- ") or _KEY.match(below)):
            return self.block(deeper)
        if deeper == indent and below.startswith("- "):
            return self._list(indent)
        return self._text(indent)

    def _text(self, indent: int) -> str:
        """The lines that lie deeper, as they are."""
        began = self._at
        while self._at < len(self._lines) and _indent(self._lines[self._at]) > indent:
            self._at += 1
        return " ".join(line.strip() for line in self._lines[began : self._at])

    def _next(self) -> tuple[int, str]:
        """Indent and words of the next line that is no remark; -1 at the end."""
        while self._at < len(self._lines) and self._lines[self._at].lstrip().startswith("#"):
            self._at += 1
        if self._at == len(self._lines):
            return -1, ""
        line = self._lines[self._at]
        return _indent(line), line.strip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _plain(words: str) -> Any:
    words = words.strip()
    if words[:1] in ("'", '"'):
        return words[1:-1]
    if words.startswith("["):
        return [_plain(each) for each in words.strip("[]").split(",") if each]
    if words in ("true", "false"):
        return words == "true"
    return int(words) if words.lstrip("-").isdecimal() else words


# ---------------------------------------------------------------------- values by their schema


def faults(value: Any, schema: dict[str, Any], spec: dict[str, Any], where: str) -> list[str]:
    """What is wrong with a value that should fit a schema of this description. A field that is not
    described is wrong: it is how a misspelt one shows."""
    schema = _most_exact(value, _resolved(schema, spec), spec)
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where} is none of {schema['enum']}: {value!r}"]
    match schema.get("type"):
        case "object" | None:
            return _faults_of_fields(value, schema, spec, where)
        case "array":
            if not isinstance(value, list):
                return [f"{where} is no list: {value!r}"]
            fits = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
            wrong = [] if fits else [f"{where} has {len(value)} items"]
            return wrong + [
                each for item in value for each in faults(item, schema["items"], spec, f"{where}[]")
            ]
        case kind:
            return _faults_of_words(value, str(kind), schema, where)


_PLAIN: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "number": (int, float),
}


def _faults_of_words(value: Any, kind: str, schema: dict[str, Any], where: str) -> list[str]:
    plain = _PLAIN[kind]
    if not isinstance(value, plain) or (kind != "boolean" and isinstance(value, bool)):
        return [f"{where} is no {kind}: {value!r}"]
    size = len(value) if isinstance(value, str) else value
    least, most = schema.get("minLength"), schema.get("maxLength")
    if not isinstance(value, str):
        least, most = schema.get("minimum"), schema.get("maximum")
    if (least is not None and size < least) or (most is not None and size > most):
        return [f"{where} is out of bounds: {value!r}"]
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        return [f"{where} does not look like {schema['pattern']}: {value!r}"]
    return []


def _faults_of_fields(value: Any, schema: dict[str, Any], spec: dict[str, Any], where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is no object: {value!r}"]
    known = schema.get("properties", {})
    more = schema.get("additionalProperties")
    wrong = [f"{where}.{name} is missing" for name in schema.get("required", ()) if name not in value]
    for name, inner in value.items():
        if name in known:
            wrong += faults(inner, known[name], spec, f"{where}.{name}")
        elif isinstance(more, dict):
            wrong += faults(inner, more, spec, f"{where}.{name}")
        else:
            wrong.append(f"{where}.{name} is unknown")
    return wrong


def _resolved(schema: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, with all that it is made of."""
    if "$ref" in schema:
        return _resolved(spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]], spec)
    whole: dict[str, Any] = {**schema, "properties": {}, "required": []}
    for part in (*(_resolved(each, spec) for each in schema.get("allOf", ())), schema):
        whole["properties"] |= part.get("properties", {})
        whole["required"] += part.get("required", ())
        whole.setdefault("type", part.get("type"))
    return whole


def _most_exact(value: Any, schema: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    """Where a field says which of several schemas it is, that one."""
    chooser = schema.get("discriminator")
    if not chooser or not isinstance(value, dict):
        return schema
    chosen = chooser["mapping"].get(value.get(chooser["propertyName"]))
    return _resolved({"$ref": chosen}, spec) if chosen else schema

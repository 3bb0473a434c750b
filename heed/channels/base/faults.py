"""What is wrong with what a network sent, in parts that can be said in any language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

_EXPECTED = {
    "string": "text",
    "int": "number",
    "float": "number",
    "decimal": "number",
    "bool": "yes_no",
    "list": "list",
    "tuple": "list",
    "set": "list",
    "dict": "record",
    "model": "record",
    "mapping": "record",
    "datetime": "moment",
    "date": "moment",
    "timezone": "moment",
    "literal": "one_of",
    "enum": "one_of",
}
"""By the first word of the kind of fault that the reading library names."""
_MOST_OF_A_VALUE = 60


def fault_in(error: BaseException | None) -> dict[str, str]:
    """The first field that does not fit: `field` as a path (`entry.0.id`), `expected` and `came` as kinds
    (text, number, yes_no, list, record, moment, one_of; came: nothing, too), and the `value`, shortened,
    where it is a word or number. Without `expected` the field is missing. Empty where no field is named."""
    if isinstance(error, ValidationError):
        return _of_first(error)
    if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str):
        return {"field": error.args[0][:200]}
    return _from_cause(error)


def _from_cause(error: BaseException | None) -> dict[str, str]:
    cause = error.__cause__ if error is not None else None
    return fault_in(cause) if isinstance(cause, ValidationError) else {}


def _of_first(error: ValidationError) -> dict[str, str]:
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(map(str, first["loc"]))[:200]
    if not field:
        return {}
    if first["type"] == "missing":
        return {"field": field}
    expected = _EXPECTED.get(first["type"].partition("_")[0], "other")
    return {"field": field, "expected": expected, **_what_came(first["input"])}


def _what_came(value: Any) -> dict[str, str]:
    match value:
        case None:
            return {"came": "nothing"}
        case bool():
            return {"came": "yes_no", "value": "true" if value else "false"}
        case int() | float():
            return {"came": "number", "value": str(value)[:_MOST_OF_A_VALUE]}
        case str() | bytes():
            text = value if isinstance(value, str) else value.decode("utf-8", "replace")
            more = "…" if len(text) > _MOST_OF_A_VALUE else ""
            return {"came": "text", "value": text[:_MOST_OF_A_VALUE] + more}
        case Mapping():
            return {"came": "record"}
        case list() | tuple():
            return {"came": "list"}
    return {"came": "other"}

"""One statement over many rows: what a batch costs does not grow with its statements."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
import psycopg
from django.db import connection
from django.db.models.expressions import RawSQL

from heed.lib.text import clean


def run(sql: str, *columns: Any) -> list[tuple[Any, ...]]:
    """Run one statement over columns of values, bound by the server; gives back its rows.

    Django's own cursor would write every value into the text of the statement.
    """
    connection.ensure_connection()
    bound = [_array(column) if isinstance(column, list) else column for column in columns]
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.adapters.register_loader("timestamptz", _TIMES)
        cursor.execute(sql, bound)
        return cursor.fetchall() if cursor.description else []


_TIMES: Any = psycopg.adapters.get_loader(psycopg.adapters.types["timestamptz"].oid, psycopg.pq.Format.TEXT)
"""The driver's own. Django's, for desks that keep local time, is in Python and twenty times as slow."""


def among(numbers: Iterable[int | None]) -> RawSQL:
    """Many numbers for `pk__in`: one value for the database, where Django would write a thousand of them."""
    return RawSQL("SELECT unnest(%s::bigint[])", [_array([each for each in numbers if each is not None])])


def columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    """Rows as columns, which is how a statement takes them."""
    return [list(column) for column in zip(*rows, strict=True)]


def cleaned(value: Any) -> Any:
    """The same JSON with every text as the database can keep it."""
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(str(key)): cleaned(each) for key, each in value.items()}
        case list() | tuple():
            return [cleaned(each) for each in value]
    return value


def written(record: Any) -> str:
    """JSON as the database can keep it. Most has nothing that it refuses, and is written at once."""
    try:
        found = orjson.dumps(record).decode()
    except TypeError:  # half a letter, or a key that is no text
        return orjson.dumps(cleaned(record)).decode()
    return orjson.dumps(cleaned(record)).decode() if "\\u0000" in found else found


def _array(values: list[Any]) -> str:
    """A column as PostgreSQL writes an array. The driver, which can do it too, looks at every
    value several times: that was a quarter of the time a message took."""
    kinds = set(map(type, values))
    if kinds == {type(None)}:
        return "{" + ",".join(["NULL"] * len(values)) + "}"
    if kinds <= _PLAIN:
        return "{" + ",".join(map(str, values)) + "}"
    if kinds == {str}:
        together = _BETWEEN.join(values)
        if together.count(_BETWEEN) == len(values) - 1:
            return '{"' + _escaped(together).replace(_BETWEEN, '","') + '"}'
    return "{" + ",".join([_element(value) for value in values]) + "}"


_PLAIN: set[type] = {int, float, bool, datetime}
"""What an array says as Python does."""
_BETWEEN = "\0"
"""The database takes no text that holds it: where one does, it is to say so."""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return f'"{_escaped(value)}"'
    return str(value)

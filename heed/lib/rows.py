"""Rows of the database as models, made quickly.

Django writes the SQL of every query anew and sets each column of each row by itself. For a ticket with all
that stands beside it, that takes longer than the database does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Generic, Self, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models.base import ModelState


class Row(models.Model):
    """A model whose rows are made in one step: what is read of a table needs no defaults and no checks."""

    class Meta:
        abstract = True

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **more: Any
    ) -> Self:
        columns = _columns(cls)
        if len(values) != len(columns) or more:
            return super().from_db(db, field_names, values, **more)
        made = cls.__new__(cls)
        made.__dict__.update(zip(columns, values, strict=True))
        made._state = ModelState()
        made._state.adding = False
        made._state.db = db
        return made


@contextmanager
def prepared() -> Iterator[Any]:
    """A cursor for questions that are asked again and again: the database reads and plans each of them once a
    connection. The plan must not depend on the values, as that of a query by a key does not."""
    database = connections[DEFAULT_DB_ALIAS]
    if database.queries_logged or database.execute_wrappers:  # whoever looks on wants to see the values, too
        with database.cursor() as cursor:
            yield cursor
        return
    database.ensure_connection()
    database.validate_no_broken_transaction()
    of: dict[str, Any] = vars(database.connection)
    lent = of.pop(_KEPT, None) or _Kept(database.connection)
    try:
        with database.wrap_database_errors:
            yield lent
    finally:
        lent.let_go()
        of[_KEPT] = lent


_KEPT = "heed_prepared"
"""Where a connection keeps its cursor while nobody has it."""

_ServerBinding: Any = ServerBindingCursor


class _Kept(_ServerBinding):  # type: ignore[misc]
    """A cursor that is kept: making one, and finding out again how to read each kind of column, takes longer
    than asking."""

    def __init__(self, of: Any) -> None:
        super().__init__(of)
        # Django reads times by a loader of its own, for desks that keep local time. Ours are in UTC, as the
        # connection is, and the driver's own loader, in C, is twenty times as fast.
        self.adapters.register_loader("timestamptz", TIMES)

    def let_go(self) -> None:
        """Forget what was read: it may be a long thread."""
        self._reset()


TIMES: Any = psycopg.adapters.get_loader(psycopg.adapters.types["timestamptz"].oid, psycopg.pq.Format.TEXT)
"""What reads times in UTC, in C."""


M = TypeVar("M", bound=models.Model)


class Joined(Generic[M]):
    """A table with the rows it points to, read at once by a SELECT that is written once.

    `beside` names relations, also those of relations (`ticket__account`, after `ticket`). In SQL the table
    has its own name, and what is beside it the name of its relation. `also` is one more column, in SQL,
    which each row keeps under `name`, if one is given.
    """

    def __init__(self, model: type[M], *beside: str, also: str = "", name: str = "") -> None:
        self._model = model
        self._beside = beside
        self._also = also
        self._name = name

    def read(self, rest: str, values: Sequence[Any] = ()) -> list[M]:
        """The rows, by the rest of the query (`WHERE … ORDER BY …`) and its values."""
        with prepared() as cursor:
            cursor.execute(f"{self._select} {rest}", values)
            return [self._made(row) for row in cursor.fetchall()]

    def first(self, rest: str, values: Sequence[Any] = ()) -> M | None:
        """The first of them, None where there is none."""
        return next(iter(self.read(f"{rest} LIMIT 1", values)), None)

    def first_and_also(self, rest: str, values: Sequence[Any] = ()) -> tuple[M, Any] | None:
        """The first of them with the value of the column `also`."""
        with prepared() as cursor:
            cursor.execute(f"{self._select} {rest} LIMIT 1", values)
            row = cursor.fetchone()
        return (self._made(row), row[-1]) if row else None

    def _made(self, row: tuple[Any, ...]) -> M:
        made: dict[str, Any] = {}
        for part in self._parts:
            one = part.made(row)
            made[part.name] = one
            if part.relation is not None and made[part.of] is not None:
                part.relation.set_cached_value(made[part.of], one)
        found: M = made[""]
        if self._name:
            found.__dict__[self._name] = row[-1]
        return found

    @cached_property
    def _parts(self) -> list[_Part]:
        parts = [_Part("", self._model, None, 0)]
        by_name = {"": parts[0]}
        for name in self._beside:
            of, _sign, relation = name.rpartition("__")
            field = by_name[of].model._meta.get_field(relation)
            parts.append(_Part(name, field.related_model, field, parts[-1].end))  # type: ignore[arg-type]
            by_name[name] = parts[-1]
        return parts

    @cached_property
    def _select(self) -> str:
        table = self._model._meta.db_table
        columns = [
            f'"{part.name or table}"."{field.column}"'
            for part in self._parts
            for field in part.model._meta.concrete_fields
        ]
        columns += [self._also] if self._also else []
        joins = [
            f'LEFT JOIN "{part.model._meta.db_table}" AS "{part.name}" '
            f'ON "{part.name}"."{part.model._meta.pk.column}" = "{part.of or table}"."{part.relation.column}"'
            for part in self._parts
            if part.relation is not None
        ]
        return f'SELECT {", ".join(columns)} FROM "{table}" {" ".join(joins)}'  # noqa: S608 - our own names


class Insertion(Generic[M]):
    """An INSERT of one row that is written once, as a part of a larger statement: `sql` takes what `values`
    gives, and is followed by what the row depends on (`FROM …`), if anything.

    What Django does when it saves a model (signals, values made before saving) does not happen.
    """

    def __init__(self, model: type[M]) -> None:
        self._model = model

    @cached_property
    def sql(self) -> str:
        columns = ", ".join(f'"{field.column}"' for field, _name in self._fields)
        values = ", ".join(f"%({name})s::{field.cast_db_type(connection)}" for field, name in self._fields)
        return f'INSERT INTO "{self._model._meta.db_table}" ({columns}) SELECT {values}'

    def values(self, row: M) -> dict[str, Any]:
        """The values of a new row, by name."""
        found = {name: row.__dict__[field.attname] for field, name in self._fields}
        return found | {name: json.dumps(found[name]) for name in self._documents}

    @cached_property
    def _fields(self) -> list[tuple[Any, str]]:
        """The fields, and the names of their values."""
        meta = self._model._meta
        fields = [field for field in meta.concrete_fields if not field.primary_key]
        return [(field, f"{meta.model_name}_{field.attname}") for field in fields]

    @cached_property
    def _documents(self) -> list[str]:
        return [name for field, name in self._fields if isinstance(field, models.JSONField)]


@dataclass(frozen=True)
class _Part:
    """One of the tables, and where its columns are in the row."""

    name: str
    model: type[models.Model]
    relation: Any
    start: int

    @cached_property
    def of(self) -> str:
        return self.name.rpartition("__")[0]

    @cached_property
    def end(self) -> int:
        return self.start + len(_columns(self.model))

    @cached_property
    def _key(self) -> int:
        return self.start + _columns(self.model).index(self.model._meta.pk.attname)

    @cached_property
    def _readers(self) -> list[tuple[int, Callable[[Any], Any]]]:
        fields = enumerate(self.model._meta.concrete_fields)
        return [(place, reader) for place, field in fields if (reader := _reader(field)) is not None]

    def made(self, row: tuple[Any, ...]) -> models.Model | None:
        if row[self._key] is None:
            return None
        values = list(row[self.start : self.end])
        for place, reader in self._readers:
            values[place] = reader(values[place])
        return self.model.from_db("default", _columns(self.model), values)


@cache
def _columns(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields)


def _reader(field: Any) -> Callable[[Any], Any] | None:
    """What makes a value of what the database sends, where that is not the value already."""
    converters = field.get_db_converters(connection)
    if not converters:
        return None
    if isinstance(field, models.JSONField) and field.decoder is None:
        return _json
    expression = field.get_col(field.model._meta.db_table)

    def read(value: Any) -> Any:
        for converter in converters:
            value = converter(value, expression, connection)
        return value

    return read


def _json(value: str | None) -> Any:
    if value is None:
        return None
    empty = _EMPTY.get(value)
    return json.loads(value) if empty is None else empty()


_EMPTY: dict[str, Callable[[], Any]] = {"{}": dict, "[]": list}

"""What templates wrote once and may show again: most of a page is the same as the last time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import JSONField, Model
from django.template import Context, Engine
from django.utils.safestring import SafeString, mark_safe


class Written:
    """Pieces of HTML by all that they show. When there are too many, it begins anew."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[tuple[object, ...], SafeString] = {}

    def get(self, shows: tuple[object, ...], write: Callable[[], str]) -> SafeString:
        """The piece that shows this, written now where it was not before."""
        found = self._kept.get(shows)
        if found is None:
            found = mark_safe(write())  # noqa: S308 - a template wrote it
            if len(self._kept) >= self._most:
                self._kept.clear()
            self._kept[shows] = found
        return found


def write(template: str, facts: dict[str, Any]) -> SafeString:
    """What a template makes of these facts alone."""
    made: SafeString = _template(template).render(Context(facts))
    return made


@cache
def _template(name: str) -> Any:
    return Engine.get_default().get_template(name)


def stored(row: Model) -> tuple[object, ...]:
    """Every column of a row: whatever a piece may show of it some day."""
    plain, others = _columns(type(row))
    values = row.__dict__
    return (*plain(values), *(str(values[name]) for name in others))


@cache
def _columns(model: type[Model]) -> tuple[Callable[[Any], tuple[object, ...]], tuple[str, ...]]:
    """What takes the columns that can be compared, and the names of those that are lists or objects."""
    fields = model._meta.concrete_fields
    others = tuple(field.attname for field in fields if isinstance(field, ArrayField | JSONField))
    return itemgetter(*(field.attname for field in fields if field.attname not in others)), others

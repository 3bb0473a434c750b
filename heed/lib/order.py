"""Rows that people put in order, by their `position`."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet


def moved(rows: QuerySet[Any], pk: int, step: int) -> int | None:
    """Let one of the rows stand so many places later, or earlier below 0, and number them all from 1. Returns
    its place; None where it cannot go further. Inside a transaction: the rows are held."""
    order = list(rows.select_for_update().order_by("position", "id"))
    at = next((place for place, each in enumerate(order) if each.pk == pk), None)
    if at is None or not 0 <= at + step < len(order):
        return None
    order.insert(at + step, order.pop(at))
    for place, each in enumerate(order, 1):
        each.position = place
    rows.model._default_manager.bulk_update(order, ["position"])
    return at + step + 1

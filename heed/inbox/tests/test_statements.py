"""What is sent to the database as an array comes back as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, transaction

from heed.inbox.statements import run, written

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", ["plain", 'a "quote", a comma', "back\\slash", "", "NULL", "{}", "Čakam 🙂"]),
        ("text", ["one", None, 'with "quotes"']),
        ("text", [None, None]),
        ("bigint", [1, -2, 2**40]),
        ("bigint", [1, None]),
        ("bool", [True, False]),
        ("float8", [0.5, 3]),
        ("timestamptz", [datetime(2026, 11, 22, 9, 30, 1, 5, tzinfo=UTC), datetime(1999, 1, 1, tzinfo=UTC)]),
    ],
)
def test_columns_are_told_as_they_are(kind: str, values: list[Any]) -> None:
    assert [row[0] for row in run(f"SELECT unnest(%s::{kind}[])", values)] == values


def test_what_the_database_refuses_moves_no_other_value(db: None) -> None:
    with pytest.raises(DataError), transaction.atomic():
        run("SELECT unnest(%s::text[])", ["one", "t\0wo", "three"])


@pytest.mark.parametrize("record", [{"a": "b"}, {"a": "x\0y"}, {"a": ["\ud800"]}, {1: "one"}])
def test_json_is_written_so_that_it_can_be_kept(record: dict[Any, Any]) -> None:
    (kept,) = run("SELECT %s::jsonb", written(record))
    assert len(json.dumps(kept)) > 5

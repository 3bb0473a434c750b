"""Answers that are written as they are.

Ninja looks through each answer by its shape, makes objects of it and takes them apart again, which took a
third of the time of a list. What is asked for again and again is written straight; that it has the declared
shape is held by a test.
"""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpResponse


def straight(facts: dict[str, Any], status: int = 200) -> HttpResponse:
    """A response of plain values: texts, numbers, times, lists and dicts with texts as keys."""
    return HttpResponse(orjson.dumps(facts), status=status, content_type="application/json; charset=utf-8")

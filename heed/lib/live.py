"""News for open pages: a PostgreSQL NOTIFY carries topics, sent when the transaction commits."""

from __future__ import annotations

import json
from collections.abc import Iterable

from heed.lib.rows import prepared

CHANNEL = "heed_live"
_MOST_TOPICS = 300  # a NOTIFY payload holds 8,000 bytes


def tell(topics: Iterable[str]) -> None:
    """Tell every open page that these topics changed, once the transaction commits."""
    names = sorted(set(topics))
    with prepared() as cursor:
        for start in range(0, len(names), _MOST_TOPICS):
            some = payload(names[start : start + _MOST_TOPICS])
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, some])


def payload(topics: Iterable[str]) -> str:
    """What a notification says, for a statement that tells by itself of no more than a few topics."""
    return json.dumps(sorted(topics), separators=(",", ":"))

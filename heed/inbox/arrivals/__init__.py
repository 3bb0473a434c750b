"""Customers' messages, stored many at a time.

A batch costs a fixed number of statements, however many messages it holds; that is why they are
written in SQL. Every insert rests on a unique key and *on conflict do nothing*: what is already
there stays as it is, so a delivery can be read any number of times.
"""

from __future__ import annotations

from heed.inbox.arrivals.batch import store
from heed.inbox.arrivals.homes import where_they_go
from heed.inbox.arrivals.lines import WAITS, show_last, window_of
from heed.inbox.arrivals.messages import attachment_row
from heed.inbox.arrivals.people import already_known, describe, refresh_identity, still_reached
from heed.inbox.arrivals.shapes import Arrival, Stored

__all__ = [
    "WAITS",
    "Arrival",
    "Stored",
    "already_known",
    "attachment_row",
    "describe",
    "refresh_identity",
    "show_last",
    "still_reached",
    "store",
    "where_they_go",
    "window_of",
]

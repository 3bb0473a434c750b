"""A line of the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Figure:
    """One line of the table. `ratio` is against the floor of the same run, where that means something."""

    name: str
    value: float
    unit: str
    target: str = ""
    met: bool | None = None
    ratio: float | None = None

"""A line of the table."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Figure:
    """One line of the table. `ratio` is against the floor of the same run, where that means something.

    A figure of many places has each of them in `each`, and where `worst` names one, is that one's."""

    name: str
    value: float
    unit: str
    target: str = ""
    met: bool | None = None
    ratio: float | None = None
    worst: str = ""
    each: dict[str, float] = field(default_factory=dict)

"""Many durations as the figures that always stand together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import fmean, median


@dataclass(frozen=True, slots=True)
class Figure:
    """`n` finished ones with their mean, median and 90th percentile in seconds, and how many still wait."""

    n: int
    mean: float | None
    median: float | None
    p90: float | None
    still_waiting: int
    sources: tuple[str, ...] = ()
    """The rows it came from."""


def figure(seconds: Iterable[float], still_waiting: int = 0, sources: Iterable[str] = ()) -> Figure:
    """The figures of finished durations. The 90th percentile is the shortest of them that at least nine in
    ten do not exceed."""
    found = sorted(seconds)
    if not found:
        return Figure(0, None, None, None, still_waiting, tuple(sources))
    return Figure(len(found), fmean(found), median(found), p90(found), still_waiting, tuple(sources))


def p90(ordered: Sequence[float]) -> float:
    """Of ordered values, by nearest rank."""
    return ordered[ceil(0.9 * len(ordered)) - 1]

"""The hands of the clock, for tests that say what time it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from heed.lib import clock


class Hands:
    """Whatever time it is, they point to this. A function in the place of `clock.now` would leave out the
    models, whose defaults hold the one that was there when they were made."""

    def __init__(self, points_to: Callable[[], datetime]) -> None:
        self.points_to = points_to

    def __radd__(self, _time: datetime) -> datetime:
        return self.points_to()


def let_it_be(monkeypatch: pytest.MonkeyPatch, time: Callable[[], datetime]) -> None:
    """From now on it is this time, also for rows that note themselves when they were made."""
    monkeypatch.setattr(clock, "_shift", Hands(time))

"""The two calculations of "very responsive", and figures that stand together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from heed.insights.figures import figure
from heed.insights.responsive import Line, fastest_90_of_30_days, median_of_7_days
from heed.routing.hours import ALWAYS, OpeningHours, Span

NOW = datetime(2026, 11, 27, 20, tzinfo=UTC)
DESK = OpeningHours("UTC", ((Span(540, 1020),),) * 7)


def line(
    talk: int,
    days_ago: float,
    minutes: float = 0,
    by: Literal["customer", "person", "bot", "automatic"] = "customer",
) -> Line:
    """Noon some days ago, and some minutes."""
    at = NOW.replace(hour=12) - timedelta(days=days_ago) + timedelta(minutes=minutes)
    return Line(talk, at, by, f"{talk}:{by}")


def talks(count: int, answered: int, after: float = 10) -> list[Line]:
    """So many talks of one message each, the first ones answered."""
    asked = [line(talk, 1, talk) for talk in range(count)]
    return asked + [line(talk, 1, talk + after, "person") for talk in range(answered)]


def test_how_many_are_missing() -> None:
    found = median_of_7_days(talks(31, 25), NOW, ALWAYS)
    # nine in ten of 31 are 28: three are missing
    assert (found.of, found.answered, found.missing, found.seconds, found.reached) == (31, 25, 3, 600, False)
    assert median_of_7_days(talks(31, 28), NOW, ALWAYS).reached
    assert not median_of_7_days(talks(31, 31, after=16), NOW, ALWAYS).reached


def test_each_day_of_a_talk_counts_once() -> None:
    lines = [line(1, 2), line(1, 2, 5), line(1, 2, 10, "person"), line(1, 1), line(1, 1, 20, "person")]
    found = median_of_7_days(lines, NOW, ALWAYS)
    assert (found.of, found.answered, found.seconds) == (2, 2, 15 * 60)


def test_an_answer_on_another_day_is_none() -> None:
    found = median_of_7_days([line(1, 2), line(1, 1, 0, "person")], NOW, ALWAYS)
    assert (found.of, found.answered, found.missing) == (1, 0, 1)


def test_while_away_the_clock_waits() -> None:
    evening = [line(1, 2, 10 * 60), line(1, 1, -3 * 60 + 5, "person")]  # asked at 22:00, answered at 9:05
    found = median_of_7_days(evening, NOW, DESK)
    assert (found.of, found.answered, found.seconds) == (1, 1, 300)


def test_away_and_instant_replies_are_none_and_bots_can_be_left_out() -> None:
    lines = [line(1, 1), line(1, 1, 1, "automatic"), line(1, 1, 2, "bot")]
    assert median_of_7_days(lines, NOW, ALWAYS).seconds == 120
    assert median_of_7_days(lines, NOW, ALWAYS, bots=False).answered == 0
    assert fastest_90_of_30_days(lines, ALWAYS).seconds == 120
    assert fastest_90_of_30_days(lines, ALWAYS, bots=False).answered == 0


def test_only_messages_after_a_day_of_silence_count() -> None:
    lines = [
        line(1, 5),
        line(1, 5, 10, "person"),
        line(1, 4, 5),  # 23:55 h after our answer: no silence
        line(1, 4, 6, "person"),
        line(1, 2),
        line(1, 2, 20, "person"),
    ]
    found = fastest_90_of_30_days(lines, ALWAYS)
    assert (found.of, found.answered, found.seconds) == (2, 2, 900)


def test_the_slowest_tenth_is_left_out() -> None:
    lines = [*talks(10, 9, after=10), line(9, 1, 9 + 600, "person")]
    found = fastest_90_of_30_days(lines, ALWAYS)
    assert (found.of, found.answered, found.seconds, found.reached) == (10, 10, 600, True)


def test_fewer_than_ten_in_30_days_are_made_up_to_ten() -> None:
    old = [line(talk, 60) for talk in range(20)]
    found = fastest_90_of_30_days([*old, line(100, 1), line(101, 1)], ALWAYS)
    assert (found.of, found.missing) == (10, 9)
    assert fastest_90_of_30_days([line(1, 1), line(2, 1)], ALWAYS).of == 2


def test_what_came_while_away_does_not_count() -> None:
    assert fastest_90_of_30_days([line(1, 1, 600)], DESK).of == 0


def test_nothing_at_all_is_not_very_responsive() -> None:
    assert not median_of_7_days([], NOW, ALWAYS).reached
    assert not fastest_90_of_30_days([], ALWAYS).reached


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], (0, None, None, None)),
        ([60], (1, 60, 60, 60)),
        ([10, 20, 30, 40], (4, 25, 25, 40)),
        (list(range(1, 11)), (10, 5.5, 5.5, 9)),
    ],
)
def test_figures_stand_together(seconds: list[float], expected: tuple[float, ...]) -> None:
    found = figure(seconds, still_waiting=3)
    assert (found.n, found.mean, found.median, found.p90) == expected
    assert found.still_waiting == 3

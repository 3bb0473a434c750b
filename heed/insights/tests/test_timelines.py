"""The figures of METRICS, against lives computed by hand (`timelines.py`)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from heed.insights.clocks import Duration, Hours
from heed.insights.cycles import Story, told
from heed.insights.facts import Fact, Kind, Timeline
from heed.insights.tests.timelines import CASES, Case
from heed.routing.hours import ALWAYS, Calendar, Holiday, OpeningHours, Span

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
NOW = datetime(2026, 11, 27, 20, tzinfo=UTC)
PEOPLE = {"ana": 1, "ivo": 2, "outside": None, "nobody": None}
NAMES = {1: "ana", 2: "ivo"}
_WEEK = ((Span(540, 1020),),) * 5 + ((), ())
_NIGHT = ((Span(1320, 360),),) * 7
HOURS = {
    "desk": OpeningHours("UTC", _WEEK),
    "night": OpeningHours("UTC", _NIGHT),
    "always": ALWAYS,
    "ulan": OpeningHours("Asia/Ulaanbaatar", ((Span(540, 1080),),) * 5 + ((), ())),
    "lj": OpeningHours("Europe/Ljubljana", _WEEK),
    "ljnight": OpeningHours("Europe/Ljubljana", _NIGHT),
    "free": OpeningHours("UTC", _WEEK, (Holiday("Day off", 11, 24),)),
    "half": OpeningHours("UTC", _WEEK, (Holiday("Half a day", 11, 25, spans=(Span(540, 720),)),)),
    "split": OpeningHours("UTC", ((Span(480, 720), Span(780, 1020)),) * 7),
    "never": OpeningHours("UTC", ((),) * 7),
}
_DAYS = {name: index for index, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon2"))}
_LINE = re.compile(r"(?:#(\d+) )?(\S+) (\d\d:\d\d) (.+)")
_PLAIN: dict[str, Kind] = {
    "customer": "customer",
    "handed off": "handed_off",
    "marked answered": "answered",
    "marked unanswered": "unanswered",
    "solved": "solved",
    "unsolved": "unsolved",
    "reopened": "reopened",
    "spam": "spam",
    "not spam": "not_spam",
    "bot answers": "bot",
    **dict.fromkeys(("away", "instant", "rule", "note", "snoozed"), "said"),
}


def moment(day: str, time: str) -> datetime:
    midnight = MONDAY + timedelta(days=_DAYS[day]) if day in _DAYS else datetime.fromisoformat(day)
    hour, minute = time.split(":")
    return midnight.replace(tzinfo=UTC) + timedelta(hours=int(hour), minutes=int(minute))


def read(case: Case) -> tuple[Timeline, Hours]:
    facts: list[Fact] = []
    changes: dict[int, list[tuple[datetime, OpeningHours]]] = defaultdict(list)
    for number, line in enumerate(case.life.splitlines()):
        found = _LINE.fullmatch(line.strip())
        assert found, line
        lane, day, time, what = found.groups()
        at = moment(day, time)
        if what.startswith("hours "):
            changes[int(lane or 0)].append((at, HOURS[what.split()[1]]))
        else:
            facts.append(fact(at, what, int(lane or 0), f"e{number}"))
    own = Calendar(HOURS[case.hours], changes.pop(0, []))
    since = {each.lane: each.at for each in facts if each.kind == "merged"}
    merged_in = {
        lane: Calendar(own.hours[0], [*there, (since[lane], own.at(since[lane]))])
        for lane, there in changes.items()
    }
    return Timeline(facts), Hours(own, merged_in)


def fact(at: datetime, what: str, lane: int, source: str) -> Fact:
    words = what.split()
    match words:
        case [("due" | "missed") as kind, name, *rest]:
            until, since = (rest[: rest.index("since")], rest[-2:]) if "since" in rest else (rest, [])
            due, begun = (moment(*each) if len(each) == 2 else None for each in (until, since))
            told: Kind = "target" if kind == "due" else "missed"
            return Fact(at, told, source, lane=lane, name=name, due=due, since=begun)
        case ["merged", number]:
            return Fact(at, "merged", source, lane=int(number), into=lane)
        case ["to", name]:
            return Fact(at, "assigned", source, who=PEOPLE[name])
    if what in _PLAIN:
        return Fact(at, _PLAIN[what], source, lane=lane)
    doing: dict[str, Kind] = {"answers": "answer", "opens": "opened", "leaves": "left"}
    return Fact(at, doing[words[1]], source, who=PEOPLE[words[0]], lane=lane)


def minutes(text: str) -> float:
    return float(text[:-1]) * (60 if text.endswith("h") else 1)


def both(text: str) -> tuple[float, float]:
    """`elapsed/business` in minutes."""
    parts = [minutes(each) for each in text.split("/")]
    return parts[0], parts[-1]


def shown(found: Duration | None) -> tuple[float, float]:
    assert found is not None
    return found.elapsed / 60, found.business / 60


def measured(story: Story, hours: Hours, key: str) -> object:
    first = [each for each in story.waits if each.first]
    rest = [each for each in story.waits if not each.first]
    answered = [each for each in first if each.until]
    values: dict[str, object] = {
        "first": [shown(each.reply(hours)) for each in answered],
        "any": [shown(each.any_reply(hours)) for each in first if each.any_until or each.until],
        "handed": _handed([each.reply(hours) for each in answered]),
        "next": [shown(each.reply(hours)) for each in rest if each.until],
        "nexthanded": _handed([each.reply(hours) for each in rest if each.until]),
        "wait": [shown(story.waiting(hours, NOW))] if story.waits else [],
        "waits": len(story.waits),
        "still": sum(each.open for each in story.waits),
        "dropped": sum(each.no_reply_needed for each in story.cycles),
        "outside": sum(each.outside for each in story.waits),
        "cycles": len(story.cycles),
        "reopens": story.reopens,
        "answered": f"{sum(each.answered for each in story.cycles)}/{len(story.cycles)}",
        "resolved": [shown(each.resolution(hours)) for each in story.cycles if each.first_solved],
        "last": [shown(each.resolution(hours, last=True)) for each in story.cycles if each.last_solved],
        "credit": {NAMES[who]: count for who, count in Counter(each.who for each in story.sent).items()},
        "holders": [NAMES[who] for who in story.holders],
        "handovers": len(story.handed_over),
        "handled": _handled(story),
        "kept": [each.kept(NOW) for each in story.waits],
        "solvedintime": [each.kept(NOW) for each in story.cycles],
        "spam": [story.spam],
        "opened": [each.opened for each in story.cycles],
    }
    return values[key]


def _handled(story: Story) -> dict[str, float]:
    found: Counter[str] = Counter()
    for each in story.work:
        found[NAMES[each.who]] += each.seconds(MONDAY, NOW) / 60  # type: ignore[assignment]
    return dict(found)


def _handed(found: list[Duration | None]) -> list[tuple[float, float]]:
    times = [each.handed / 60 for each in found if each is not None and each.handed is not None]
    return [(each, each) for each in times]


def expected(key: str, text: str) -> object:
    parts = [] if text == "-" else text.split(", ")
    match key:
        case "waits" | "still" | "dropped" | "outside" | "cycles" | "reopens" | "handovers":
            return int(text)
        case "answered":
            return text
        case "credit":
            return {name: int(count) for name, count in (each.split() for each in parts)}
        case "handled":
            return {name: minutes(time) for name, time in (each.split() for each in parts)}
        case "holders":
            return parts
        case "kept" | "solvedintime" | "spam":
            return [{"yes": True, "no": False}[each] for each in parts]
        case "opened":
            return [moment(*each.split()) for each in parts]
    return [both(each) for each in parts]


def test_there_are_at_least_sixty() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_life(case: Case) -> None:
    timeline, hours = read(case)
    story = told(timeline)
    for part in case.figures.split("; "):
        key, text = part.split(" ", 1)
        assert measured(story, hours, key) == expected(key, text), key


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_order_in_which_it_was_learned_makes_no_difference(case: Case) -> None:
    timeline, hours = read(case)
    backwards = Timeline(list(reversed(timeline.facts)))
    for key in ("first", "next", "wait", "dropped", "credit", "resolved", "kept"):
        assert measured(told(backwards), hours, key) == measured(told(timeline), hours, key)


def test_every_wait_names_the_rows_it_came_from() -> None:
    case = next(each for each in CASES if each.name.startswith("the worked example"))
    timeline, _hours = read(case)
    assert told(timeline).waits[0].sources == ["e0", "e2", "e3"]

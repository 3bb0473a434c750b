"""In a talk so long that the database does not know all places of its words, lists and rules agree."""

from __future__ import annotations

from typing import Any

import pytest

from heed.accounts.models import User
from heed.inbox import reach, statements
from heed.inbox.conditions import Condition, parse
from heed.inbox.models import Ticket
from heed.inbox.reach import exactly, lists
from heed.inbox.search import finding, index_everything
from heed.inbox.tests.test_search import Said, said

__all__ = ["said"]


@pytest.fixture
def talks(said: Said) -> list[Ticket]:
    """Short talks and long ones, in turn: some say it, in some the words stand apart, one says neither."""
    long = "well " * 300
    texts = ["the acme zip", "acme and zip", "zip only", "heel"]
    made = [said(start + text) for text in (*texts, *texts[:3]) for start in ("", long, long)]
    made.append(said("the zip and then acme and " * 300 + "acme zip"))
    for ticket in made[::4]:
        said.more(ticket, "the zip of acme", "note")
    index_everything()
    return made


@pytest.mark.parametrize(
    "asked",
    [
        '"acme zip"',
        'zip -"acme zip"',
        '-"acme zip"',
        '-(-"acme zip")',
        'NOT ("acme zip" OR heel)',
        '"acme zip" OR "and zip"',
        '"zip of acme" in:note',
        'zip -(in:note "zip of acme")',
        'customer:"Lea Marn" "acme zip"',
    ],
)
def test_lists_hold_what_rules_take(
    talks: list[Ticket], ana: User, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heed.inbox.reach.lists.SPARE", 1)
    condition = parse(asked)
    wanted = [each.pk for each in reversed(talks) if condition.holds(each, ana)]
    assert wanted
    for limit in (1, 4, 30):
        assert _all_pages(ana, condition, limit) == wanted, limit
        monkeypatch.setattr(lists, "MOST_COUNTED", limit)
        assert lists.count(ana, "all", condition) == min(len(wanted), limit)
    assert set(reach.numbers(ana, "all", condition=condition)) == set(wanted)
    ranked = finding.find(ana, asked, order="relevance", limit=200, unfinished=False).page.items
    assert {row.pk for row in ranked} == set(wanted)


def _all_pages(ana: User, condition: Condition, limit: int) -> list[int]:
    found: list[int] = []
    after = ""
    while True:
        page = reach.tickets(ana, "all", condition=condition, limit=limit, after=after)
        assert len(page.items) == limit or not page.next
        found += [row.pk for row in page.items]
        after = page.next
        if not after:
            return found


def test_only_talks_that_may_not_say_it_are_read(
    talks: list[Ticket], ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def run(sql: str, numbers: list[int], mark: str) -> list[tuple[Any, ...]]:
        read.extend(numbers)
        return statements.run(sql, numbers, mark)

    monkeypatch.setattr(exactly, "run", run)
    condition = parse('"acme zip"')
    wide = set(Ticket.objects.filter(condition.q(ana)).values_list("pk", flat=True))
    sure = set(Ticket.objects.filter(condition.sure(ana)).values_list("pk", flat=True))
    assert sure < {each.pk for each in talks if condition.holds(each, ana)} < wide
    assert lists.count(ana, "all", condition) > len(sure)
    assert set(read) == wide - sure
    read.clear()
    assert lists.count(ana, "all", parse("acme zip")) > len(wide)
    assert read == []


def test_counting_goes_on_from_the_last_one_looked_at(
    talks: list[Ticket], ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MOST_COUNTED", 3)
    condition = parse('"zip acme"')  # nobody says it; of the long talks the database cannot be sure
    wide = Ticket.objects.filter(condition.q(ana)).count()
    pages: list[list[int]] = []

    def numbers(queries: list[lists.Sql]) -> list[list[int]]:
        pages.extend(found := once(queries))
        return found

    once = lists._numbers
    monkeypatch.setattr(lists, "_numbers", numbers)
    assert lists.count(ana, "all", condition) == 0
    looked_at = [each for page in pages for each in page]
    assert len(looked_at) == len(set(looked_at)) == wide
    assert len(pages) == wide // 3 + 1 > 2

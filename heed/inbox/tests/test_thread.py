"""Long threads come in parts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import reach, verbs
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.tests.deliveries import NOON, comment, news, private

pytestmark = pytest.mark.django_db

COUNT = 23


@pytest.fixture
def ticket(account: Account, ana: User) -> Ticket:
    """A talk in which three messages always share a second, with something that happens in between."""
    news(account, *(private(f"{number:02}", number // 3) for number in range(COUNT)))
    found = Ticket.objects.get()
    for minutes in (-1, 0, 2.5, 4, 9):
        Event.objects.create(
            kind="answered_marked", ticket=found, actor=ana, at=NOON + timedelta(minutes=minutes)
        )
    return reach.ticket(ana, found.pk)


def told(story: reach.Story) -> list[str]:
    return [each.external_id if isinstance(each, Message) else f"e{each.pk}" for each in story.items]


def everything(ticket: Ticket) -> list[str]:
    return told(reach.story(ticket, limit=2 * COUNT))


def test_who_wrote_what_is_answered_from_further_up_is_at_hand(
    ticket: Ticket, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    asked, *_, answer = ticket.messages.order_by("at", "external_id")
    Message.objects.filter(pk=answer.pk).update(answers=asked)
    (last,) = (each for each in reach.story(ticket, limit=1).items if isinstance(each, Message))
    with django_assert_num_queries(0):  # a quoting answer shows it
        assert last.answers is not None
        assert last.answers.identity is not None


def test_part_by_part_it_is_the_whole(ticket: Ticket) -> None:
    whole = everything(ticket)
    assert len(whole) == COUNT + 5
    part = reach.story(ticket, limit=4)
    found = told(part)
    assert [each for each in found if not each.startswith("e")] == ["19", "20", "21", "22"]
    while part.start:
        part = reach.story(ticket, before=part.start, limit=4)
        found = told(part) + found
    assert found == whole


def test_what_was_opened_stays_while_more_comes(account: Account, ana: User, ticket: Ticket) -> None:
    part = reach.story(ticket, limit=4)
    earlier = reach.story(ticket, before=part.start, limit=4)
    news(account, private("new", 60))
    shown = reach.story(ticket, since=earlier.start, limit=4)
    assert told(shown) == [*told(earlier), *told(part), "new"]
    assert shown.start == earlier.start
    assert told(reach.story(ticket, since="*", limit=4)) == everything(ticket)


def test_a_thread_is_read_page_by_page(ticket: Ticket) -> None:
    page = reach.messages(ticket, limit=4)
    found = page.items
    while page.next:
        page = reach.messages(ticket, after=page.next, limit=4)
        found += page.items
    assert found == reach.thread(ticket)
    assert len(found) == COUNT


@pytest.mark.parametrize("cursor", ["x", "bm90aGluZw", "WzFd"])
def test_a_cursor_of_somebody_elses_is_refused(ticket: Ticket, cursor: str) -> None:
    with pytest.raises(reach.BadCursor):
        reach.story(ticket, before=cursor)
    with pytest.raises(reach.BadCursor):
        reach.story(ticket, since=cursor)
    with pytest.raises(reach.BadCursor):
        reach.messages(ticket, after=cursor)


def _answered_and_marked(account: Account, ana: User) -> tuple[Ticket, Message]:
    """An answer that waited some seconds for second thoughts before it left; its mark did not."""
    news(account, comment("asked"))
    found = Ticket.objects.get()
    answer = verbs.answer(found, ana, "Na poti je.", "public", mark=True, hold=5)
    marked = Event.objects.get(kind="answered_marked")
    Message.objects.filter(pk=answer.pk).update(at=marked.at + timedelta(seconds=6), external_id="answer")
    return reach.ticket(ana, found.pk), answer


def _kinds(story: reach.Story) -> list[str]:
    return [each.external_id if isinstance(each, Message) else each.kind for each in story.items]


def test_the_mark_stands_after_the_answer_that_brought_it(account: Account, ana: User) -> None:
    ticket, _answer = _answered_and_marked(account, ana)
    marked = Event.objects.get(kind="answered_marked").at
    assert _kinds(reach.story(ticket)) == ["asked", "answer", "answered_marked"]
    assert Event.objects.get(kind="answered_marked").at == marked  # the clocks go by it
    last = reach.story(ticket, limit=1)
    assert _kinds(last) == ["answer", "answered_marked"]
    assert _kinds(reach.story(ticket, before=last.start, limit=1)) == ["asked"]
    assert _kinds(reach.story(ticket, since=last.start)) == ["answer", "answered_marked"]


def test_what_happens_meanwhile_keeps_its_place(account: Account, ana: User) -> None:
    ticket, _answer = _answered_and_marked(account, ana)
    marked = Event.objects.get(kind="answered_marked").at
    Event.objects.create(kind="assigned", ticket=ticket, actor=ana, at=marked + timedelta(seconds=2))
    Event.objects.create(kind="snoozed", ticket=ticket, actor=ana, at=marked + timedelta(seconds=9))
    told_now = _kinds(reach.story(ticket))
    assert told_now == ["asked", "assigned", "answer", "answered_marked", "snoozed"]

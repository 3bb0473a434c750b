"""Good or bad, tapped under the follow-up question."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from heed.accounts.models import User
from heed.channels.base import ChoiceForm, Limit, Person
from heed.channels.models import Account
from heed.inbox import outbox, ratings, statements, verbs
from heed.inbox.models import Event, Ticket
from heed.inbox.tests.deliveries import news, private
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.test_tending import fresh, ticket, writes
from heed.inbox.verbs import asking
from heed.lib import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def lea(rubber: Rubber, account: Account, maja: User, monkeypatch: pytest.MonkeyPatch) -> Ticket:
    able = Rubber.capabilities
    assert able.private is not None
    private = replace(able.private, choices=(ChoiceForm(3, Limit("chars", 20)),))
    monkeypatch.setattr(Rubber, "capabilities", replace(able, private=private))
    return solved(account, maja)


def solved(account: Account, maja: User) -> Ticket:
    """Lea's matter, solved, and she was asked."""
    verbs.set_question(maja, account, 2, "Is it fixed?", {}, rates=True)
    row = ticket(account, last_private_in=clock.now())
    writes(account)
    verbs.set_status(row, maja, "solved")
    row = fresh(row)
    assert row.solved_at is not None
    asking.ask(row.pk, row.solved_at)
    outbox.send_next(row.pk)
    return fresh(row)


def taps(account: Account, text: str) -> None:
    with clock.moved(timedelta(minutes=1)):
        writes(account, text=text)
    for _twice in range(2):
        ratings.keep_ratings(list(Event.objects.filter(kind="message_received")))


def rated() -> list[bool]:
    return [each.facts["good"] for each in Event.objects.filter(kind="rated").order_by("id")]


def test_the_question_offers_both(lea: Ticket, rubber: Rubber) -> None:
    choices = rubber.sent[0].choices
    assert choices is not None
    assert [each.title for each in choices.items] == ["👍", "👎"]


@pytest.mark.parametrize("after_solved", Account.AfterSolved.values)
def test_good_leaves_all_as_it_is(lea: Ticket, account: Account, after_solved: str) -> None:
    Account.objects.update(after_solved=after_solved)
    account.refresh_from_db()
    taps(account, " 👍\ufe0f")
    assert rated() == [True]
    assert (fresh(lea).status, fresh(lea).unanswered, fresh(lea).rating) == ("solved", False, True)
    assert Event.objects.get(kind="rated").ticket == lea
    assert Ticket.objects.count() == 1


def test_bad_opens_it_again_and_the_last_word_counts(lea: Ticket, account: Account) -> None:
    taps(account, "👎")
    assert rated() == [False]
    assert (fresh(lea).status, fresh(lea).unanswered, fresh(lea).rating) == ("open", True, False)
    taps(account, "👍")
    assert rated() == [False, True]
    assert fresh(lea).rating is True
    assert fresh(lea).unanswered, "what was bad is not good by itself"


def test_what_was_tapped_before_tickets_told_of_it_stands_there(lea: Ticket, account: Account) -> None:
    taps(account, "👎")
    taps(account, "👍")
    Ticket.objects.update(rating=None)
    with connection.cursor() as cursor:
        cursor.execute(import_module("heed.inbox.migrations.0026_ratings_given").RATINGS)
    assert fresh(lea).rating is True


def test_words_are_no_rating(lea: Ticket, account: Account) -> None:
    taps(account, "👍 but the zip is stuck")
    assert rated() == []
    assert fresh(lea).unanswered
    assert fresh(lea).rating is None


def test_a_thumb_after_a_persons_answer_is_none(lea: Ticket, account: Account, maja: User) -> None:
    verbs.answer(lea, maja, "One more thing.", "private")
    taps(account, "👍")
    assert rated() == []
    assert fresh(lea).unanswered


def test_where_nothing_can_be_tapped_nothing_is_offered(rubber: Rubber, account: Account, maja: User) -> None:
    row = solved(account, maja)
    assert [each.choices for each in rubber.sent] == [None]
    taps(account, "👍")
    assert rated() == []
    assert fresh(row).unanswered


def test_many_thumbs_are_asked_about_once(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    run = statements.run

    def counted(sql: str, *columns: list[int]) -> list[tuple[int, ...]]:
        asked.append(len(columns[0]))
        return run(sql, *columns)

    monkeypatch.setattr(ratings, "run", counted)
    news(account, *(private(str(each), each, Person(f"u-{each}"), text="👍") for each in range(5)))
    assert asked == [5]
    asked.clear()
    news(account, *(private(f"word {each}", each, Person(f"u-{each}")) for each in range(5)))
    assert asked == []


def test_two_that_count_the_same_tap_count_it_once(lea: Ticket, account: Account) -> None:
    """Whoever looks for what is counted already holds the ticket."""
    with clock.moved(timedelta(minutes=1)):
        writes(account, text="👎")
    with CaptureQueriesContext(connection) as caught:
        ratings.keep_ratings(list(Event.objects.filter(kind="message_received")))
    order = [
        word for each in caught.captured_queries for word in ("FOR NO KEY", "'rated'") if word in each["sql"]
    ]
    assert order[:2] == ["FOR NO KEY", "'rated'"]
    assert rated() == [False]

"""Who holds what, and in which order: a ticket before its messages, and several by their numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from heed.accounts.models import User
from heed.channels.base import (
    Echo,
    HiddenChanged,
    Inbound,
    KindFound,
    MessageEdited,
    MessageRemoved,
    Sent,
    WordsFound,
)
from heed.channels.models import Account
from heed.inbox import news as told
from heed.inbox import outbox, receipts, verbs
from heed.inbox.arriving import arrived
from heed.inbox.jobs import act_on_network
from heed.inbox.models import Message, Ticket
from heed.inbox.news import finding
from heed.inbox.tests.deliveries import at, comment, news, private
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.test_merging import two
from heed.inbox.tests.ways import FIRST
from heed.inbox.verbs import merging, tending
from heed.lib import clock

pytestmark = pytest.mark.django_db

_TAKEN = re.compile(r'(?:UPDATE|SELECT.*?FROM(?=.*FOR UPDATE)) "inbox_(ticket|message)"', re.DOTALL)
"""A statement that locks a row, or writes it."""


@contextmanager
def beside(work: Callable[[str], object]) -> Iterator[None]:
    """Do this after every statement that takes a ticket or message, told which: what another process may
    have committed while this one waited."""

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        done = execute(sql, params, many, context)
        taken = _TAKEN.match(sql)
        if taken:
            work(taken[1])
        return done

    with connection.execute_wrapper(watch):
        yield


def test_an_answer_that_moves_to_another_ticket_meanwhile_is_held_with_that_one(account: Account) -> None:
    first, _second = two(account)
    message = Message.objects.get(external_id="b1")
    held: list[str] = []

    def merged(table: str) -> None:
        held.append(table)
        if len(held) == 1:
            Message.objects.filter(pk=message.pk).update(ticket=first)

    with transaction.atomic(), beside(merged):
        row = receipts.locked(message)
    assert row is not None
    assert row.ticket == first
    assert [each for each in held if each == "ticket"] == ["ticket", "ticket"]


def taken_back(*tickets: Ticket) -> Callable[[str], None]:
    """Somebody takes the merges of these tickets back while a ticket is waited for."""
    once: list[str] = []

    def work(table: str) -> None:
        if not once:
            once.append(table)
            Ticket.objects.filter(pk__in=[each.pk for each in tickets]).update(merged_into=None)

    return work


def test_an_answer_outside_stays_with_what_it_answers_when_a_merge_is_taken_back(
    account: Account, ana: User
) -> None:
    first, second = two(account)
    merging.merge(second, first, ana)
    echo = Echo(external_id="e", at=at(5), visibility="public", parent="b1", text="It is sent.")
    with transaction.atomic(), beside(taken_back(second)):
        told.apply(account, echo)
    said = Message.objects.get(external_id="e")
    assert (said.ticket_id, said.home_id) == (second.pk, None)
    first.refresh_from_db()
    assert (first.unanswered, first.outside_until) == (True, None)


def test_where_a_ticket_goes_on_is_looked_at_again_when_it_is_held(account: Account, ana: User) -> None:
    first, second = two(account)
    merging.merge(second, first, ana)
    with transaction.atomic():
        assert finding.held_with_its_end(second) == (second, first)
        with beside(taken_back(second)):
            assert finding.held_with_its_end(second) == (second, second)


class TestTicketFirst:
    """Whoever takes a message before its ticket, and whoever stores what comes, wait for each other."""

    @pytest.fixture
    def order(self) -> Iterator[list[str]]:
        taken: list[str] = []
        with beside(taken.append):
            yield taken

    @pytest.fixture
    def mute(self, account: Account) -> Message:
        news(account, private("1", 0, text=""))
        return Message.objects.get()

    @pytest.mark.parametrize(
        "said",
        [
            MessageEdited(external_id="1", at=at(3), text="better"),
            WordsFound(external_id="1", text="better"),
            KindFound(external_id="1", kind="mention"),
            MessageRemoved(external_id="1", at=at(3)),
            HiddenChanged(external_id="1", at=at(3), hidden=True),
        ],
    )
    def test_news_of_a_message(
        self, account: Account, mute: Message, order: list[str], said: Inbound
    ) -> None:
        told.apply(account, said)
        assert order[0] == "ticket"
        assert "message" in order

    @pytest.mark.parametrize("part", [False, True])
    def test_our_own_coming_back(
        self, account: Account, mute: Message, ana: User, rubber: Rubber, order: list[str], part: bool
    ) -> None:
        Ticket.objects.update(last_private_in=clock.now())
        sent = verbs.answer(Ticket.objects.get(), ana, "we help", "private")
        rubber.script = [Sent("out-1")]
        outbox.send_next(sent.ticket_id)
        order.clear()
        later = clock.now() + timedelta(minutes=2)
        name = "out-2" if part else "out-1"
        key = str(sent.send_key)
        echo = Echo(external_id=name, at=later, visibility="private", text="we help", key=key)
        told.apply(account, echo)
        assert order[0] == "ticket"
        assert "message" in order

    def test_an_edit_of_ours(self, mute: Message, ana: User, order: list[str]) -> None:
        act_on_network.func(FIRST, mute.pk, "edit", ana.pk, "better")
        mute.refresh_from_db()
        assert (mute.text, order[0]) == ("better", "ticket")

    def test_a_worker_that_died(self, mute: Message, ana: User, order: list[str]) -> None:
        Ticket.objects.update(last_private_in=clock.now())
        sent = verbs.answer(Ticket.objects.get(), ana, "we help", "private")
        outbox._claim(sent.ticket_id)
        with clock.moved(timedelta(hours=1)):
            order.clear()
            outbox._claim(sent.ticket_id)
        sent.refresh_from_db()
        assert (sent.state, order[0]) == ("unknown", "ticket")


@pytest.mark.django_db(transaction=True)
def test_what_the_network_took_is_written_down_though_somebody_else_went_first(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    news(account, comment("1"))
    sent = verbs.answer(Ticket.objects.get(), ana, "we help", "public")
    tries = [OperationalError("deadlock detected")]

    def once(*given: Any) -> None:
        if tries:
            raise tries.pop()
        arrived(*given)

    monkeypatch.setattr(outbox, "arrived", once)
    outbox.send_next(sent.ticket_id)
    sent.refresh_from_db()
    assert (sent.state, len(rubber.sent)) == ("sent", 1)


def test_a_split_taken_back_holds_all_it_touches_once_and_by_number(
    account: Account, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, other = two(account)
    news(account, comment("a2", 3, post="one"))
    new = merging.split(source, [Message.objects.get(external_id="a2").pk], ana)
    merging.merge(new, other, ana)
    held: list[int] = []

    def locked(ticket: Ticket) -> Ticket:
        held.append(ticket.pk)
        return tending.locked(ticket)

    monkeypatch.setattr(merging, "locked", locked)
    merging.unsplit(new.splits.get(), ana)
    assert list(dict.fromkeys(held)) == sorted([source.pk, other.pk, new.pk])

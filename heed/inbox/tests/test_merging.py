"""Merging, splitting and joining, and taking each of them back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from heed.accounts.models import User
from heed.channels.base import Echo
from heed.channels.models import Account
from heed.inbox import reach, verbs
from heed.inbox.arrivals import batch, lines
from heed.inbox.models import Customer, Joining, Merge, Message, Ticket
from heed.inbox.tests.deliveries import at, comment, news, private
from heed.inbox.verbs import CannotAnswer, CannotTend, joining, merging
from heed.inbox.verbs.automatic import send_automatic
from heed.lib import clock

pytestmark = pytest.mark.django_db

_COLUMNS = [
    field.attname
    for field in Ticket._meta.concrete_fields
    if field.attname not in ("id", "merged_into_id", "running")
]


def two(account: Account) -> tuple[Ticket, Ticket]:
    """Lea writes under two posts."""
    news(account, comment("a1", 0, post="one"), comment("b1", 1, post="two"), comment("b2", 2, post="two"))
    first, second = Ticket.objects.order_by("opened_at")
    return first, second


def picture(ticket: Ticket) -> tuple[Any, ...]:
    """All there is of a ticket: its columns and its messages."""
    row = Ticket.objects.get(pk=ticket.pk)
    said = [
        (each.external_id, each.text, each.visibility, each.home_id)
        for each in row.messages.order_by("at", "id")
    ]
    return {name: getattr(row, name) for name in _COLUMNS}, said


class TestMerging:
    def test_it_goes_on_in_one(self, account: Account, ana: User) -> None:
        first, second = two(account)
        Ticket.objects.filter(pk=second.pk).update(tags=["zip"])
        merging.merge(second, first, ana)
        first.refresh_from_db()
        second.refresh_from_db()
        assert [each.external_id for each in first.messages.order_by("at")] == ["a1", "b1", "b2"]
        assert (first.tags, first.unanswered, first.last_text) == (["zip"], True, second.last_text)
        assert (second.unanswered, second.status, second.merged_into_id) == (False, "solved", first.pk)
        news(account, comment("b3", 5, post="two"))
        assert Message.objects.get(external_id="b3").ticket_id == first.pk
        assert Message.objects.get(external_id="b3").home_id == second.pk

    def test_the_customers_other_tickets_stand_behind_none_that_goes_on_elsewhere(
        self, account: Account, ana: User
    ) -> None:
        first, second = two(account)
        other = Account.objects.create(network="rubber", name="Two", external_id="two", base_url="x")
        lea = {"identity": first.identity, "customer": first.customer, "running": False}
        for number in range(10):
            late = {"last_at": clock.now(), "opened_at": clock.now(), **lea}
            Ticket.objects.create(account=account, merged_into=second, **late)
            Ticket.objects.create(account=other if number else account, spam=not number, **late)
        assert reach.mergeable(ana, first) == [second]
        Ticket.objects.filter(account=other).delete()
        assert [each.merged_into for each in reach.earlier(ana, first)] == [None, None]
        assert second in reach.earlier(ana, first)

    @pytest.mark.parametrize("wrong", ["itself", "twice", "account", "person", "spam"])
    def test_what_cannot_be_one_says_why(self, account: Account, ana: User, wrong: str) -> None:
        first, second = two(account)
        if wrong == "itself":
            second = first
        if wrong == "twice":
            merging.merge(second, first, ana)
        if wrong == "account":
            other = Account.objects.create(network="rubber", name="Two", external_id="two", base_url="x")
            Ticket.objects.filter(pk=second.pk).update(account=other)
        if wrong == "person":
            Ticket.objects.filter(pk=second.pk).update(customer=Customer.objects.create(name="Omar Badr"))
        if wrong == "spam":
            Ticket.objects.filter(pk=second.pk).update(spam=True)
        with pytest.raises(CannotTend):
            merging.merge(second, first, ana)

    def test_at_once_taken_back_nothing_has_happened(self, account: Account, ana: User) -> None:
        first, second = two(account)
        verbs.keep_draft(ana, second, "public", "So sorry, Lea")
        before = picture(first), picture(second)
        record = merging.merge(second, first, ana)
        assert [each.text for each in reach.begun(ana, first)] == ["So sorry, Lea"]
        merging.unmerge(record, ana)
        assert (picture(first), picture(second)) == before
        assert reach.begun(ana, first) == []
        assert reach.drafts(ana, second)["public"].text == "So sorry, Lea"
        with pytest.raises(CannotTend):
            merging.unmerge(record, ana)

    @pytest.mark.parametrize("inner_first", [True, False])
    def test_one_may_be_merged_into_the_next(self, account: Account, ana: User, inner_first: bool) -> None:
        first, second = two(account)
        news(account, comment("c1", 3, post="three"))
        third = Ticket.objects.order_by("opened_at")[2]
        for each, tags in ((first, ["size"]), (second, ["size", "zip"]), (third, ["late"])):
            Ticket.objects.filter(pk=each.pk).update(tags=tags)
        before = [picture(each) for each in (first, second, third)]
        inner = merging.merge(second, first, ana)
        outer = merging.merge(first, third, ana)
        assert third.messages.count() == 4
        assert [each.pk for each in reach.merges(third)] == [outer.pk, inner.pk]
        if inner_first:
            merging.unmerge(inner, ana)
            assert [each.external_id for each in third.messages.order_by("at")] == ["a1", "c1"]
            assert Ticket.objects.get(pk=third.pk).tags == ["late", "size"]
            assert picture(second) == before[1]
            merging.unmerge(outer, ana)
        else:
            merging.unmerge(outer, ana)
            assert [each.external_id for each in first.messages.order_by("at")] == ["a1", "b1", "b2"]
            merging.unmerge(inner, ana)
        assert [picture(each) for each in (first, second, third)] == before

    def test_nothing_goes_on_in_a_merged_ticket(self, account: Account, ana: User) -> None:
        first, second = two(account)
        merging.merge(second, first, ana)
        for write in (
            lambda: verbs.answer(second, ana, "It is on its way.", "public"),
            lambda: verbs.note(second, ana, "Batch 7."),
            lambda: verbs.mark_unanswered(second, ana),
            lambda: verbs.set_status(second, ana, "open"),
            lambda: verbs.assign(second, ana, ana),
        ):
            with pytest.raises((CannotTend, CannotAnswer), match=f"#{first.pk}"):
                write()
        assert second.messages.count() == 0

    def test_the_same_key_after_a_merge_is_the_same_answer(self, account: Account, ana: User) -> None:
        first, second = two(account)
        key = uuid4()
        sent = verbs.answer(second, ana, "It is on its way.", "public", key=key)
        merging.merge(second, first, ana)
        assert verbs.answer(second, ana, "It is on its way.", "public", key=key) == sent

    def test_a_page_that_saves_late_changes_what_was_begun_there_alone(
        self, account: Account, ana: User
    ) -> None:
        first, second = two(account)
        verbs.keep_draft(ana, second, "public", "So sorry")
        record = merging.merge(second, first, ana)
        verbs.keep_draft(ana, first, "public", "The size is wrong.")
        verbs.keep_draft(ana, second, "public", "So sorry, Lea")
        assert [each.text for each in reach.begun(ana, first)] == ["The size is wrong.", "So sorry, Lea"]
        merging.unmerge(record, ana)
        assert reach.drafts(ana, first)["public"].text == "The size is wrong."
        assert reach.drafts(ana, second)["public"].text == "So sorry, Lea"

    def test_an_answer_goes_back_with_what_it_answers(self, account: Account, ana: User) -> None:
        first, second = two(account)
        record = merging.merge(second, first, ana)
        asked = Message.objects.get(external_id="b2")
        first.refresh_from_db()
        sent = verbs.answer(first, ana, "It is on its way.", "public", to=asked.pk)
        merging.unmerge(record, ana)
        sent.refresh_from_db()
        assert sent.ticket_id == second.pk

    def test_what_heed_said_by_itself_goes_with_what_it_answered(self, account: Account, ana: User) -> None:
        first, second = two(account)
        record = merging.merge(second, first, ana)
        for to in (Message.objects.get(external_id="b1"), None):
            send_automatic(first, "We are away.", "public", origin="away", key=uuid4(), to=to)
        merging.unmerge(record, ana)
        assert second.messages.filter(automatic=True).count() == 2


def test_what_comes_while_a_merge_is_taken_back_is_looked_at_again(
    account: Account, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process takes it back between finding the place of a message and holding the ticket."""
    first, second = two(account)
    merging.merge(second, first, ana)
    looked: list[bool] = []

    def refresh(here: Any) -> dict[int, str]:
        if not looked:
            Ticket.objects.filter(pk=second.pk).update(merged_into=None)  # undone with this first attempt
        looked.append(True)
        return lines.refresh(here)

    monkeypatch.setattr(batch, "refresh", refresh)
    news(account, comment("b3", 5, post="two"))
    assert len(looked) == 2


class TestWhoWaitsAfterwards:
    def apart(self, record: Merge, ana: User) -> list[tuple[bool, object, str]]:
        merging.unmerge(record, ana)
        rows = Ticket.objects.order_by("opened_at")
        return [(each.unanswered, each.waiting_since, each.status) for each in rows]

    def test_marked_unanswered_again_both_wait(self, account: Account, ana: User) -> None:
        first, second = two(account)
        record = merging.merge(second, first, ana)
        verbs.mark_answered(first, ana)
        verbs.mark_unanswered(first, ana)
        since = Ticket.objects.get(pk=first.pk).waiting_since
        assert self.apart(record, ana) == [(True, since, "new"), (True, since, "new")]

    def test_an_answer_outside_answers_the_one_it_was_given_in(self, account: Account, ana: User) -> None:
        first, second = two(account)
        record = merging.merge(second, first, ana)
        news(account, Echo(external_id="e", at=at(5), visibility="public", parent="b2", text="Sent."))
        assert not Ticket.objects.get(pk=first.pk).unanswered
        assert self.apart(record, ana) == [(True, at(0), "new"), (False, None, "new")]
        news(account, comment("late", 2, post="one"))
        assert Ticket.objects.get(pk=first.pk).outside_until is None

    @pytest.mark.parametrize("idle", [{"automatic": True}, {"elsewhere": True, "kind": "standby"}])
    def test_what_waits_for_nobody_reopens_nothing(
        self, account: Account, ana: User, idle: dict[str, Any]
    ) -> None:
        first, second = two(account)
        verbs.set_status(second, ana, "solved")
        record = merging.merge(second, first, ana)
        news(account, comment("b3", 9, post="two", **idle))
        assert self.apart(record, ana) == [(True, at(0), "new"), (False, None, "solved")]

    def test_each_wait_is_taken_back_with_its_own_merge(self, account: Account, ana: User) -> None:
        first, second = two(account)
        news(account, comment("c1", 3, post="three"))
        third = Ticket.objects.order_by("opened_at")[2]
        for each in (first, third):
            verbs.mark_answered(each, ana)
        records = [merging.merge(Ticket.objects.get(pk=each.pk), first, ana) for each in (second, third)]
        for record in records:
            merging.unmerge(record, ana)
        assert [each.unanswered for each in Ticket.objects.order_by("opened_at")] == [False, True, False]


class TestJoining:
    def test_one_person_and_two_again(self, account: Account, ana: User) -> None:
        news(account, private("1"))
        lea = Ticket.objects.get()
        omar = Customer.objects.create(name="Omar Badr")
        record = joining.join(lea.customer, omar, ana)
        lea.refresh_from_db()
        assert (lea.customer_id, lea.identity.customer_id) == (omar.pk, omar.pk)
        joining.part(record, ana)
        lea.refresh_from_db()
        assert lea.customer_id == record.gone_id
        assert Joining.objects.get().undone_at is not None
        with pytest.raises(CannotTend):
            joining.part(record, ana)


def test_a_merge_is_dated(account: Account, ana: User) -> None:
    first, second = two(account)
    merging.merge(second, first, ana)
    assert clock.now() - Merge.objects.get().at < timedelta(minutes=1)

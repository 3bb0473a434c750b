"""Splitting a ticket in two and putting that back, also where it was merged meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from heed.accounts.models import Team, User
from heed.channels.models import Account
from heed.inbox import reach, verbs
from heed.inbox.models import Merge, Message, Split, Ticket
from heed.inbox.tests.deliveries import NOON, at, comment, news, private
from heed.inbox.tests.test_merging import picture, two
from heed.inbox.verbs import CannotTend, NotTheirs, merging

pytestmark = pytest.mark.django_db


def test_a_matter_of_its_own(account: Account, ana: User) -> None:
    news(account, private("1", 0), private("2", 1), private("3", 2))
    ticket = Ticket.objects.get()
    third = Message.objects.get(external_id="3")
    new = merging.split(ticket, [third.pk], ana)
    ticket.refresh_from_db()
    assert [each.external_id for each in new.messages.all()] == ["3"]
    assert (new.unanswered, new.waiting_since) == (True, NOON + timedelta(minutes=2))
    assert (ticket.unanswered, ticket.last_at) == (True, NOON + timedelta(minutes=1))
    news(account, private("4", 3))
    assert Message.objects.get(external_id="4").ticket_id == ticket.pk


def test_what_somebody_marked_goes_on_waiting(account: Account, ana: User) -> None:
    news(account, private("1", 0), private("2", 1))
    ticket = Ticket.objects.get()
    verbs.mark_answered(ticket, ana)
    verbs.mark_unanswered(ticket, ana)
    new = merging.split(ticket, [Message.objects.get(external_id="2").pk], ana)
    assert (Ticket.objects.get(pk=ticket.pk).unanswered, new.unanswered) == (True, False)


def test_taken_back_it_is_whole(account: Account, ana: User) -> None:
    news(account, private("1", 0), private("2", 1))
    ticket = Ticket.objects.get()
    before = picture(ticket)
    new = merging.split(ticket, [Message.objects.get(external_id="2").pk], ana)
    merging.unsplit(new.splits.get(), ana)
    assert picture(ticket) == before
    assert new.messages.count() == 0


def test_split_merged_and_taken_back_in_any_order(account: Account, ana: User) -> None:
    first, second = two(account)
    before = [picture(each)[1] for each in (first, second)]
    record = merging.merge(second, first, ana)
    new = merging.split(first, [Message.objects.get(external_id="b1").pk], ana)
    merging.unmerge(record, ana)
    merging.unsplit(new.splits.get(), ana)
    assert [picture(each)[1] for each in (first, second)] == before


def test_merged_into_what_was_split_off_it_is_put_back(account: Account, ana: User) -> None:
    _first, second = two(account)
    before = picture(second)
    new = merging.split(second, [Message.objects.get(external_id="b2").pk], ana)
    merging.merge(Ticket.objects.get(pk=second.pk), new, ana)
    merging.unsplit(new.splits.get(), ana)
    assert picture(second) == before
    assert Ticket.objects.get(pk=new.pk).merged_into_id == second.pk


@pytest.mark.parametrize("which", ["source", "new"])
def test_what_was_merged_since_can_be_put_back(account: Account, ana: User, which: str) -> None:
    first, second = two(account)
    before = [picture(each) for each in (first, second)]
    new = merging.split(second, [Message.objects.get(external_id="b2").pk], ana)
    record = merging.merge(second if which == "source" else new, first, ana)
    merging.unsplit(new.splits.get(), ana)
    record.refresh_from_db()
    if which == "source":
        assert [each.external_id for each in first.messages.order_by("at")] == ["a1", "b1", "b2"]
        merging.unmerge(record, ana)
    else:
        assert record.undone_at is not None
    assert [picture(each) for each in (first, second)] == before


@pytest.mark.parametrize("more", [False, True])
def test_what_was_split_off_waits_nowhere_else(account: Account, ana: User, more: bool) -> None:
    first, second = two(account)
    split = ["b1"] if more else ["b1", "b2"]
    record, new = off(first, second, split, ana)
    merging.unmerge(record, ana)
    assert wait(second) == ((True, at(2)) if more else (False, None))
    assert wait(new) == (True, at(1))
    assert wait(first) == (True, at(0))


def test_nor_in_the_one_that_stays(account: Account, ana: User) -> None:
    first, second = two(account)
    news(account, comment("a2", 3, post="one"))
    record, new = off(first, second, ["a1"], ana)
    assert wait(first) == (True, at(1))
    merging.unmerge(record, ana)
    assert (wait(first), wait(second)) == ((True, at(3)), (True, at(1)))
    assert wait(new) == (True, at(0))


@pytest.mark.parametrize("split", [["b1"], ["b1", "b2"]])
def test_put_back_it_waits_where_it_belongs(account: Account, ana: User, split: list[str]) -> None:
    first, second = two(account)
    verbs.mark_answered(first, ana)
    record, new = off(first, second, split, ana)
    merging.unmerge(record, ana)
    verbs.set_status(Ticket.objects.get(pk=second.pk), ana, "solved")
    merging.unsplit(new.splits.get(), ana)
    second.refresh_from_db()
    assert [each.external_id for each in second.messages.order_by("at")] == ["b1", "b2"]
    assert (second.status, second.unanswered, second.waiting_since) == ("open", True, at(1))
    assert second.last_text == Message.objects.get(external_id="b2").text
    told = [*second.events.order_by("pk").values_list("kind", flat=True)]
    assert told[-2:] == ["unsplit", "ticket_reopened"]
    assert (wait(first), wait(new)) == ((False, None), (False, None))


def test_those_of_both_go_each_to_its_own(account: Account, ana: User) -> None:
    first, second = two(account)
    news(account, comment("a2", 3, post="one"))
    record, new = off(first, second, ["a2", "b1"], ana)
    merging.unmerge(record, ana)
    verbs.mark_answered(first, ana)
    merging.unsplit(new.splits.get(), ana)
    assert [each.external_id for each in first.messages.order_by("at")] == ["a1", "a2"]
    assert [each.external_id for each in second.messages.order_by("at")] == ["b1", "b2"]
    assert (wait(first), wait(second)) == ((True, at(3)), (True, at(1)))


def test_what_somebody_marked_holds_where_it_goes(account: Account, ana: User) -> None:
    first, second = two(account)
    record, new = off(first, second, ["b1", "b2"], ana)
    merging.unmerge(record, ana)
    verbs.mark_answered(first, ana)
    verbs.mark_answered(new, ana)
    verbs.mark_unanswered(new, ana)
    since = Ticket.objects.get(pk=new.pk).waiting_since
    merging.unsplit(new.splits.get(), ana)
    assert (wait(first), wait(second)) == ((False, None), (True, since))


def test_merged_on_and_parted_again_it_has_what_was_split_off(account: Account, ana: User) -> None:
    first, second = two(account)
    news(account, comment("c1", 3, post="three"))
    third = Ticket.objects.get(messages__external_id="c1")
    record, new = off(first, second, ["b1"], ana)
    on = merging.merge(Ticket.objects.get(pk=new.pk), third, ana)
    merging.unmerge(on, ana)
    assert [each.external_id for each in new.messages.all()] == ["b1"]
    assert (wait(new), wait(third)) == ((True, at(1)), (True, at(3)))
    merging.merge(Ticket.objects.get(pk=new.pk), third, ana)
    merging.unmerge(record, ana)
    merging.unsplit(new.splits.get(), ana)
    assert [each.external_id for each in second.messages.order_by("at")] == ["b1", "b2"]
    assert [wait(each) for each in (first, second, third)] == [(True, at(each)) for each in (0, 1, 3)]


def test_nobody_puts_messages_into_a_ticket_they_do_not_see(account: Account, ana: User, ivo: User) -> None:
    first, second = two(account)
    record, new = off(first, second, ["b1"], ana)
    merging.unmerge(record, ana)
    returns, secret = (Team.objects.create(name=name) for name in ("Returns", "Secret"))
    Ticket.objects.filter(pk__in=(first.pk, new.pk)).update(team=returns)
    Ticket.objects.filter(pk=second.pk).update(team=secret)
    ivo.grants.update(team=returns)
    ivo = User.objects.get(pk=ivo.pk)
    back = new.splits.get()
    assert reach.taken_back_by(ivo, [back]) == set()
    with pytest.raises(NotTheirs):
        merging.unsplit(back, ivo)
    assert Message.objects.get(external_id="b1").ticket_id == new.pk
    Ticket.objects.filter(pk=second.pk).update(team=returns)
    assert reach.taken_back_by(ivo, [back]) == {back.pk}
    merging.unsplit(back, ivo)
    assert Message.objects.get(external_id="b1").ticket_id == second.pk


def test_asking_who_may_put_back_costs_no_more_for_many(
    account: Account, ana: User, django_assert_num_queries: Any
) -> None:
    news(account, *(private(str(each), each) for each in range(6)))
    ticket = Ticket.objects.get()
    team = Team.objects.create(name="Returns")
    Ticket.objects.update(team=team)
    ana.grants.update(team=team)
    limited = User.objects.get(pk=ana.pk)
    for each in range(5):
        merging.split(ticket, [Message.objects.get(external_id=str(each)).pk], ana)
    records = [*Split.objects.all()]
    reach.taken_back_by(limited, records)  # its grants are read once
    for some in (records[:1], records):
        with django_assert_num_queries(3):
            assert reach.taken_back_by(limited, some) == {each.pk for each in some}


def off(first: Ticket, second: Ticket, names: list[str], ana: User) -> tuple[Merge, Ticket]:
    """Merge the second into the first, and split some messages off."""
    record = merging.merge(Ticket.objects.get(pk=second.pk), Ticket.objects.get(pk=first.pk), ana)
    chosen = Message.objects.filter(external_id__in=names)
    return record, merging.split(first, [each.pk for each in chosen], ana)


def wait(ticket: Ticket) -> tuple[bool, object]:
    row = Ticket.objects.get(pk=ticket.pk)
    return row.unanswered, row.waiting_since


def test_something_must_stay(account: Account, ana: User) -> None:
    news(account, private("1", 0))
    ticket = Ticket.objects.get()
    for chosen in ([], [Message.objects.get().pk], [Message.objects.get().pk + 1]):
        with pytest.raises(CannotTend):
            merging.split(ticket, chosen, ana)

"""Walked through its real events, a ticket stands at each as it stood."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from heed.accounts.models import Team, User
from heed.channels.base import Echo, MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import intake, ledger, outbox, verbs
from heed.inbox.models import Event, Field, Identity, Ticket
from heed.inbox.news.giving_way import give_way
from heed.inbox.reactions import react
from heed.inbox.tests.rubber import body
from heed.inbox.verbs import merging
from heed.lib import clock
from heed.routing.as_it_was import AsItWas, at_the_split
from heed.routing.dry import DryRun, dry_run
from heed.routing.models import AccountTeam, Policy, Rule
from heed.routing.tests.some_rules import add, fresh, rule
from heed.routing.told_elsewhere import blocks_of, with_others

pytestmark = pytest.mark.django_db

LEA, OMAR = Person("lea", "Lea Marn"), Person("omar", "Omar Badr")
COLUMNS = ("status", "unanswered", "waiting_since", "snoozed_until", "spam", "team_id", "assignee_id")
SHOWN = (*COLUMNS, "priority", "language", "tags", "fields", "merged_into_id", "due_at", "due_for")


def came(account: Account, name: str, minutes: float = 0, text: str = "", who: Person = LEA) -> Ticket:
    at = clock.now() + timedelta(minutes=minutes)
    words = text or f"words of {name}"
    facts: dict[str, Any] = {"visibility": "private", "kind": "message", "text": words, "author": who}
    ledger.append(account.pk, [body(MessageReceived(external_id=name, at=at, **facts))])
    intake.take_batch()
    return Ticket.objects.get(messages__external_id=name)


def settle() -> None:
    react(list(Event.objects.order_by("id").values_list("pk", flat=True)))


def walked(ticket: Ticket) -> dict[str, Any]:
    now = Ticket.objects.select_related("identity", "split_from").get(pk=ticket.pk)
    source = None
    if now.split_from is not None:
        source = at_the_split(now.split_from, happened(now.split_from), now.pk)
    was = AsItWas(now, happened(now), source)
    for event in happened(now):
        was.apply(event)
    return {name: getattr(was.then, name) for name in SHOWN}


def happened(ticket: Ticket) -> list[Event]:
    own = Event.objects.filter(ticket=ticket).select_related("message").order_by("at", "id")
    return with_others(list(own), blocks_of([ticket.identity_id])[ticket.identity_id])


def stands(ticket: Ticket) -> dict[str, Any]:
    now = Ticket.objects.get(pk=ticket.pk)
    return {name: getattr(now, name) for name in SHOWN}


def outside(account: Account) -> None:
    news = Echo(external_id="out", at=clock.now(), visibility="private", text="Done", person=LEA)
    ledger.append(account.pk, [body(news)])
    intake.take_batch()


Deed = Callable[[Ticket, User, Account], object]
DEEDS: dict[str, list[Deed]] = {
    "comes": [],
    "answered": [lambda ticket, ana, _account: verbs.mark_answered(ticket, ana)],
    "outside": [lambda _ticket, _ana, account: outside(account)],
    "outside and asked again": [
        lambda _ticket, _ana, account: outside(account),
        lambda _ticket, _ana, account: came(account, "b", 1),
    ],
    "solved and asked again": [
        lambda ticket, ana, _account: verbs.set_status(ticket, ana, "solved"),
        lambda _ticket, _ana, account: came(account, "b", 1),
    ],
    "spam": [lambda ticket, ana, _account: verbs.mark_spam(ticket, ana)],
    "no spam": [
        lambda ticket, ana, _account: verbs.set_status(ticket, ana, "pending"),
        lambda ticket, ana, _account: verbs.mark_spam(ticket, ana),
        lambda ticket, ana, _account: verbs.not_spam(ticket, ana),
    ],
    "asked while spam": [
        lambda ticket, ana, _account: verbs.set_status(ticket, ana, "solved"),
        lambda ticket, ana, _account: verbs.mark_spam(ticket, ana),
        lambda _ticket, _ana, account: came(account, "b"),
        lambda ticket, ana, _account: verbs.not_spam(ticket, ana),
    ],
    "woken": [
        lambda ticket, ana, _account: verbs.set_status(ticket, ana, "pending"),
        lambda ticket, ana, _account: verbs.snooze(ticket, ana, clock.now() + timedelta(days=1)),
        lambda ticket, ana, _account: verbs.wake(ticket, ana),
    ],
    "asked while asleep": [
        lambda ticket, ana, _account: verbs.set_status(ticket, ana, "pending"),
        lambda ticket, ana, _account: verbs.snooze(ticket, ana, clock.now() + timedelta(days=1)),
        lambda _ticket, _ana, account: came(account, "b", 1),
    ],
    "said": [
        lambda ticket, ana, _account: verbs.answer(ticket, ana, "Hello", "private"),
        lambda ticket, _ana, _account: outbox.send_next(ticket.pk),
    ],
    "sorted": [
        lambda ticket, ana, _account: verbs.assign(ticket, ana, ana),
        lambda ticket, ana, _account: verbs.set_priority(ticket, ana, 4),
        lambda ticket, ana, _account: verbs.tag(ticket, ana, add=["zip"]),
    ],
}


@pytest.mark.parametrize("name", DEEDS)
def test_at_the_end_it_stands_as_it_does(account: Account, ana: User, returns: Team, name: str) -> None:
    returns.routing.way = "hand"
    returns.routing.save()
    AccountTeam.objects.create(account=account, team=returns)
    Policy.objects.create(name="All", first_reply=3600, next_reply=7200, resolution=86400, time="elapsed")
    ticket = came(account, "a", -5, "Pozdravljeni, moja pošiljka še ni prišla.")
    settle()
    for deed in DEEDS[name]:
        deed(Ticket.objects.get(pk=ticket.pk), ana, account)
        settle()
    assert walked(ticket) == stands(ticket)


def test_a_split_off_ticket_begins_where_the_other_was(account: Account, ana: User, returns: Team) -> None:
    ticket = came(account, "a", -5)
    other = came(account, "b", -4)
    verbs.give_to_team(ticket, ana, returns)
    verbs.set_priority(ticket, ana, 3)
    new = merging.split(Ticket.objects.get(pk=ticket.pk), [other.messages.get(external_id="b").pk], ana)
    verbs.set_priority(ticket, ana, 1)
    verbs.set_priority(new, ana, 4)
    verbs.give_to_team(new, ana, None)
    assert {name: walked(new)[name] for name in COLUMNS} == {name: stands(new)[name] for name in COLUMNS}
    asks = Rule(when=["ticket_opened"], condition="team:Returns priority:high", actions=[add("x")])
    assert new in [each.ticket for each in dry_run(asks).touches]


def test_one_merged_since_was_there_before(account: Account, ana: User) -> None:
    kept, gone = came(account, "a", -5), came(account, "b", -4, who=OMAR)
    Ticket.objects.filter(pk=gone.pk).update(customer=kept.customer_id)
    merging.merge(Ticket.objects.get(pk=gone.pk), Ticket.objects.get(pk=kept.pk), ana)
    assert walked(gone)["merged_into_id"] == kept.pk
    asks = Rule(when=["message_received"], condition='"words of b"', actions=[add("x")])
    assert [each.ticket for each in dry_run(asks).touches] == [gone]


def test_a_message_is_read_at_its_own_event_with_its_language_team_and_due_time(
    account: Account, returns: Team
) -> None:
    AccountTeam.objects.create(account=account, team=returns)
    Policy.objects.create(name="All", first_reply=600, time="elapsed")
    ticket = came(account, "a", -5, "Pozdravljeni, moja pošiljka še ni prišla.")
    settle()
    words = "pošiljka lang:sl team:Returns has:due"
    (touch,) = dry_run(Rule(when=["message_received"], condition=words, actions=[add("x")])).touches
    assert touch.ticket.pk == ticket.pk


def test_own_fields_hold_what_they_held(account: Account, ana: User) -> None:
    Field.objects.create(key="size", title="Size", kind="number")
    Field.objects.create(key="gift", title="Gift", kind="yes_no")
    ticket = came(account, "a", -5)
    verbs.fill(ticket, ana, "size", 42)
    verbs.fill(ticket, ana, "gift", "yes")
    verbs.fill(ticket, ana, "size", None)
    assert walked(ticket)["fields"] == stands(ticket)["fields"] == {"gift": True}
    assert touched("message_received", "field:gift:yes") == []
    assert touched("field_changed", "field:size:42") == [ticket]
    assert touched("field_changed", "field:size:42 -field:gift") == [ticket]


def test_who_is_blocked_since_was_not_blocked_before(account: Account, ana: User) -> None:
    first, second = came(account, "a", -50), came_publicly(account, "b", -40)
    assert first.pk != second.pk
    with clock.moved(timedelta(minutes=-30)):
        verbs.block(first, ana)
    assert touched("message_received", "") == [second, first]
    assert touched("message_received", "is:blocked") == []
    came(account, "c", -20)
    assert touched("message_received", "is:blocked") == [first]
    with clock.moved(timedelta(minutes=-10)):
        verbs.unblock(second, ana)
    assert touched("message_received", "is:blocked") == [first]
    assert {each.pk for each in touched("time", "is:blocked")} == {first.pk, second.pk}
    for ticket in (first, second):
        assert walked(ticket) == stands(ticket)


def test_a_customer_was_in_the_group_of_then(account: Account, ana: User) -> None:
    ticket, other = came(account, "a", -50), came_publicly(account, "b", -45)
    assert ticket.customer_id == other.customer_id
    for minutes, name in ((-40, "wholesale"), (-20, ""), (-10, "vip")):
        with clock.moved(timedelta(minutes=minutes)):
            verbs.set_group(other, ana, name)
    came(account, "c", -30)
    came(account, "d", -15)
    assert touched("message_received", "group:wholesale") == [ticket]
    assert times("message_received", "group:wholesale") == 1
    assert times("message_received", "group:none") == 3
    assert touched("message_received", "group:vip") == []
    assert touched("field_changed", "group:wholesale") == [other]  # a rule runs where it was done
    assert touched("time", "group:vip") == [other, ticket]
    assert not dried("message_received", "group:vip").groups_of_today


def test_who_was_joined_was_in_the_other_group_before(account: Account, ana: User) -> None:
    lea = came(account, "a", -60)
    omar = came(account, "b", -59, who=OMAR)
    with clock.moved(timedelta(minutes=-50)):
        verbs.set_group(lea, ana, "vip")
    with clock.moved(timedelta(minutes=-40)):
        record = verbs.join(lea.customer, omar.customer, ana)
    came(account, "c", -35)
    with clock.moved(timedelta(minutes=-30)):
        verbs.set_group(omar, ana, "wholesale")
    came(account, "d", -25)
    with clock.moved(timedelta(minutes=-20)):
        verbs.part(record, ana)
    came(account, "e", -15)
    for together in (False, True):
        assert touched("message_received", "group:vip") == [lea]
        assert [times("message_received", f"group:{name}") for name in ("vip", "wholesale", "none")] == [
            1,
            1,
            3,
        ]
        if not together:
            verbs.join(lea.customer, omar.customer, ana)
    assert not dried("message_received", "group:vip").groups_of_today


def test_a_group_that_nobody_wrote_down_is_today_s_and_that_is_said(account: Account, ana: User) -> None:
    ticket = came(account, "a", -50)
    came(account, "other", -50, who=OMAR)
    with clock.moved(timedelta(minutes=-40)):
        verbs.set_group(ticket, ana, "vip")
    told = Event.objects.get(kind="field_changed")
    Event.objects.filter(pk=told.pk).update(data={"field": "", "title": "", "group": "vip"})
    found = dried("message_received", "group:vip")
    assert ([each.ticket for each in found.touches], found.groups_of_today) == ([ticket], True)
    assert not dried("message_received", "is:new").groups_of_today
    assert not dried("field_changed", "group:vip").groups_of_today


def test_who_gives_way_takes_their_group_along_and_what_it_had_been_is_not_known(
    account: Account, ana: User
) -> None:
    known, gone = came(account, "a", -50), came(account, "b", -49, who=OMAR)
    with clock.moved(timedelta(minutes=-40)):
        verbs.set_group(gone, ana, "vip")
    for name, minutes in (("c", -35), ("d", -30)):
        came(account, name, minutes, who=OMAR)
    assert (times("message_received", "group:vip"), found_by_today()) == (2, False)
    with clock.moved(timedelta(minutes=-20)):
        give_way(gone.identity, known.identity)
    came(account, "e", -10)
    assert fresh(known).customer.group == "vip"
    assert (times("message_received", "group:vip"), found_by_today()) == (5, True)
    assert dried("field_changed", "group:vip").touches[-1].ticket == known


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_group_that_gives_way_to_another_is_told(account: Account, ana: User, *, elsewhere: bool) -> None:
    lea, omar = came(account, "a", -50), came(account, "b", -49, who=OMAR)
    with clock.moved(timedelta(minutes=-40)):
        verbs.set_group(lea, ana, "wholesale")
        verbs.set_group(omar, ana, "vip")
    came(account, "c", -35, who=OMAR)
    if elsewhere:  # the customer stays, by another identity
        omar.identity.pk, omar.identity.external_id = None, "omar-2"
        omar.identity.save()
    with clock.moved(timedelta(minutes=-20)):
        give_way(Identity.objects.get(external_id="omar"), lea.identity)
    assert fresh(lea).customer.group == "wholesale"
    told = Event.objects.filter(kind="field_changed").latest("pk")
    assert (told.ticket, told.data["group"], "group_before" in told.data) == (lea, "wholesale", False)
    assert found_by_today()


@pytest.mark.parametrize("group", ["", "vip"])
def test_who_gives_way_without_a_group_of_their_own_tells_of_none(
    account: Account, ana: User, group: str
) -> None:
    lea, omar = came(account, "a", -50), came(account, "b", -49, who=OMAR)
    if group:
        verbs.join(lea.customer, omar.customer, ana)
        verbs.set_group(lea, ana, group)
    give_way(Identity.objects.get(external_id="omar"), lea.identity)
    assert Event.objects.filter(kind="field_changed").count() == bool(group)
    assert not found_by_today()


@pytest.mark.parametrize("names", [("omar", "lea"), ("lea", "omar")])
def test_who_gives_way_to_another_of_the_same_customer_had_a_group_that_is_not_known(
    account: Account, ana: User, names: tuple[str, str]
) -> None:
    lea, omar = came(account, "a", -50), came(account, "b", -49, who=OMAR)
    with clock.moved(timedelta(minutes=-40)):
        verbs.set_group(lea, ana, "vip")
    with clock.moved(timedelta(minutes=-30)):
        verbs.join(omar.customer, fresh(lea).customer, ana)
    assert (times("message_received", "group:none"), found_by_today()) == (2, False)
    with clock.moved(timedelta(minutes=-20)):
        give_way(*(Identity.objects.get(external_id=name) for name in names))
    assert found_by_today()


def found_by_today() -> bool:
    """Whether a dry run had to take today's group of somebody."""
    return dried("message_received", "group:vip").groups_of_today


def solved_and_waiting(account: Account, ana: User) -> tuple[Ticket, Ticket]:
    """Two tickets of the same person."""
    solved = came(account, "a", -50)
    with clock.moved(timedelta(minutes=-40)):
        verbs.set_status(solved, ana, "solved")
    return solved, came_publicly(account, "b", -30)


def test_what_is_put_into_a_solved_ticket_opens_it_again_and_goes_without_a_trace(
    account: Account, ana: User
) -> None:
    rule(add("again"), when="ticket_reopened")
    solved, waiting = solved_and_waiting(account, ana)
    settle()
    before = stands(solved)
    with clock.moved(timedelta(minutes=-20)):
        record = merging.merge(fresh(waiting), fresh(solved), ana)
    settle()
    assert fresh(solved).tags == ["again"]
    assert fresh(solved).status == "open"
    assert walked(solved) == stands(solved)
    assert touched("ticket_reopened", "is:open is:unanswered") == [solved]
    with clock.moved(timedelta(minutes=-10)):
        merging.unmerge(record, ana)
    settle()
    assert {**stands(solved), "tags": []} == before
    assert (walked(solved), walked(waiting)) == (stands(solved), stands(waiting))
    assert Event.objects.filter(kind="ticket_reopened").count() == 1


@pytest.mark.parametrize("how", ["open", "answered"])
def test_what_opens_nothing_is_not_told_as_opening(account: Account, ana: User, how: str) -> None:
    solved, waiting = solved_and_waiting(account, ana)
    if how == "open":
        verbs.set_status(fresh(solved), ana, "open")
    else:
        verbs.mark_answered(fresh(waiting), ana)
    merging.merge(fresh(waiting), fresh(solved), ana)
    assert not Event.objects.filter(kind="ticket_reopened").exists()
    assert walked(solved) == stands(solved)


def test_what_is_put_back_or_poured_into_a_solved_ticket_opens_it_too(account: Account, ana: User) -> None:
    lea = came(account, "a", -50)
    came(account, "b", -49)
    new = merging.split(fresh(lea), [lea.messages.get(external_id="b").pk], ana)
    verbs.set_status(fresh(lea), ana, "solved")
    merging.unsplit(new.splits.get(), ana)
    assert Event.objects.get(kind="ticket_reopened").ticket == lea
    assert walked(lea)["status"] == stands(lea)["status"] == "open"
    verbs.set_status(fresh(lea), ana, "solved")
    omar = came(account, "c", -10, who=OMAR)
    give_way(omar.identity, lea.identity)
    assert Event.objects.filter(kind="ticket_reopened", ticket=lea, actor=None).count() == 1
    assert walked(lea)["status"] == stands(lea)["status"] == "open"


def came_publicly(account: Account, name: str, minutes: float) -> Ticket:
    """The same person, in another ticket."""
    at = clock.now() + timedelta(minutes=minutes)
    facts: dict[str, Any] = {"visibility": "public", "kind": "comment", "author": LEA, "post": "p1"}
    news = MessageReceived(external_id=name, at=at, text=f"words of {name}", **facts)
    ledger.append(account.pk, [body(news)])
    intake.take_batch()
    return Ticket.objects.get(messages__external_id=name)


def dried(when: str, condition: str) -> DryRun:
    return dry_run(Rule(when=[when], condition=condition, actions=[add("x")]))


def touched(when: str, condition: str) -> list[Ticket]:
    return [each.ticket for each in dried(when, condition).touches]


def times(when: str, condition: str) -> int:
    return sum(each.times for each in dried(when, condition).touches)

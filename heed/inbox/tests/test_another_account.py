"""Answering publicly from another account of ours, where the network lets it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.accounts.models import User
from heed.channels.base import MessageReceived, Person, Refusal
from heed.channels.models import Account
from heed.channels.reasons import REASONS, UNTIL_A_PERSON_ACTS
from heed.inbox import arrivals, outbox, reach, verbs
from heed.inbox.models import Message, Ticket
from heed.inbox.possible import ONLY_OWN, OTHER_SERVER, not_from
from heed.inbox.possible_actions import actions
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock

pytestmark = pytest.mark.django_db


def asks(account: Account, who: str = "lea", external_id: str = "q1") -> Ticket:
    news = MessageReceived(
        external_id=external_id,
        at=clock.now(),
        visibility="public",
        author=Person(who, who.title()),
        text="Where is my parcel?",
        post="post",
        kind="comment",
    )
    arrivals.store([arrivals.Arrival(account, news)])
    return Ticket.objects.select_related("account", "identity").get(
        account=account, identity__external_id=who
    )


@pytest.fixture
def can(rubber: Rubber) -> Any:
    def reach_of(value: Any) -> None:
        rubber.capabilities = replace(Rubber.capabilities, public_from=value)

    reach_of("network")
    return reach_of


@pytest.fixture
def helper(account: Account) -> Account:
    return Account.objects.create(
        network="rubber", name="Help", external_id="help", base_url="http://127.0.0.1:2", state="connected"
    )


def test_it_goes_out_with_the_other_accounts_sign_in(
    can: Any, account: Account, helper: Account, rubber: Rubber, ana: User
) -> None:
    ticket = asks(account)
    message = verbs.answer(ticket, ana, "On its way!", "public", account=helper)
    outbox.send_next(ticket.pk)
    message.refresh_from_db()
    assert (message.state, message.account, message.ticket_id) == ("sent", helper, ticket.pk)
    assert rubber.senders == ["Help"]
    assert rubber.sent[0].to is not None
    assert rubber.sent[0].to.external_id == "q1"
    shown = {each.pk: each.account.name for each in reach.thread(ticket)}
    assert shown[message.pk] == "Help"
    assert [each for each in shown.values() if each != "Help"] == ["Acme"]


def test_the_other_account_is_no_customer(can: Any, account: Account, helper: Account) -> None:
    """The account that was written to may hear what the other one answered."""
    asks(account)
    news = MessageReceived(
        external_id="r1",
        at=clock.now(),
        visibility="public",
        author=Person("help", "Help"),
        text="On its way!",
        post="post",
        kind="comment",
    )
    arrivals.store([arrivals.Arrival(account, news)])
    assert Ticket.objects.count() == 1
    assert not Message.objects.filter(external_id="r1").exists()


def test_the_network_decides_who_can_answer(can: Any, account: Account, helper: Account, ana: User) -> None:
    ticket = asks(account)
    assert not_from(ticket, helper) == ""
    can("server")
    assert not_from(ticket, helper) == OTHER_SERVER
    can("own")
    assert not_from(ticket, helper) == ONLY_OWN
    with pytest.raises(verbs.CannotAnswer, match="only the account that was written to"):
        verbs.answer(ticket, ana, "Hello", "public", account=helper)


@pytest.mark.parametrize("problem", UNTIL_A_PERSON_ACTS)
def test_never_privately_and_never_from_what_is_broken(
    can: Any, account: Account, helper: Account, ana: User, problem: Any
) -> None:
    ticket = asks(account)
    with pytest.raises(verbs.CannotAnswer, match="answer privately"):
        verbs.answer(ticket, ana, "Hello", "private", account=helper)
    Account.objects.filter(pk=helper.pk).update(state="broken", problem=problem)
    helper.refresh_from_db()
    assert not_from(ticket, helper) == REASONS[problem].sentence
    with pytest.raises(verbs.CannotAnswer):
        verbs.answer(ticket, ana, "Hello", "public", account=helper)
    assert not Message.objects.filter(direction="out").exists()


def test_only_for_whom_may_answer_there(can: Any, account: Account, helper: Account, ana: User) -> None:
    ticket = asks(account)
    ana.grants.update(account=account.pk)
    person = User.objects.get(pk=ana.pk)
    with pytest.raises(verbs.CannotAnswer, match="You may not answer from this account"):
        verbs.answer(ticket, person, "Hello", "public", account=helper)


def test_the_window_is_asked_for_again_before_it_leaves(
    can: Any, account: Account, helper: Account, rubber: Rubber, ana: User
) -> None:
    ticket = asks(account)
    message = verbs.answer(ticket, ana, "On its way!", "public", account=helper)
    Account.objects.filter(pk=helper.pk).update(state="broken", problem="sign_in_again")
    outbox.send_next(ticket.pk)
    message.refresh_from_db()
    assert message.state == "failed"
    assert rubber.sent == []


def test_the_account_it_goes_out_from_may_have_to_rest(
    can: Any, account: Account, helper: Account, rubber: Rubber, ana: User
) -> None:
    ticket = asks(account)
    verbs.answer(ticket, ana, "On its way!", "public", account=helper)
    until = clock.now() + timedelta(minutes=5)
    Account.objects.filter(pk=helper.pk).update(paused_until=until)
    assert outbox.send_next(ticket.pk) == until
    assert rubber.sent == []
    with clock.moved(timedelta(minutes=6)):
        assert outbox.send_next(ticket.pk) is None
    assert rubber.senders == ["Help"]


def test_the_rest_of_the_account_that_was_written_to_is_not_the_others(
    can: Any, account: Account, helper: Account, rubber: Rubber, ana: User
) -> None:
    ticket = asks(account)
    until = clock.now() + timedelta(minutes=5)
    Account.objects.filter(pk=account.pk).update(paused_until=until)
    verbs.answer(ticket, ana, "On its way!", "public", account=helper)
    verbs.answer(ticket, ana, "It left on Monday.", "public")
    assert outbox.send_next(ticket.pk) == until
    assert rubber.senders == ["Help"]


def test_who_asks_for_a_rest_is_the_account_it_went_out_from(
    can: Any, account: Account, helper: Account, rubber: Rubber, ana: User
) -> None:
    ticket = asks(account)
    verbs.answer(ticket, ana, "On its way!", "public", account=helper)
    rubber.script = [Refusal("slow_down", retry=True, after=300, whole_account=True)]
    outbox.send_next(ticket.pk)
    rests = dict(Account.objects.values_list("name", "paused_until"))
    until = rests.pop("Help")
    assert until is not None
    assert until > clock.now() + timedelta(minutes=4)
    assert set(rests.values()) == {None}


def test_what_it_said_is_changed_by_whoever_may_act_from_it(
    can: Any, account: Account, helper: Account, rubber: Rubber, ana: User, ivo: User
) -> None:
    """It is done with that account's sign-in: to see the ticket of the other one is not enough."""
    ticket = asks(account)
    ours = verbs.answer(ticket, ana, "It left on Monday.", "public")
    theirs = verbs.answer(ticket, ana, "On its way!", "public", account=helper)
    outbox.send_next(ticket.pk)
    ivo.grants.update(account=account.pk)
    for number, may in ((ours.pk, True), (theirs.pk, False)):
        message = reach.message(User.objects.get(pk=ivo.pk), number, "moderate")
        (offered,) = actions(message, User.objects.get(pk=ivo.pk))
        assert (offered.action, offered.allowed, bool(offered.sentence)) == ("delete", may, not may)
    with pytest.raises(verbs.CannotAct, match="may not do this"):
        verbs.act(message, User.objects.get(pk=ivo.pk), "delete")
    verbs.act(message, ana, "delete")

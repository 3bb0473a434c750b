"""What the check asks of business accounts, and of a webhook that is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from heed.channels.base import Action, Checked
from heed.channels.models import Account
from heed.channels.telegram.adapter import MOST_ENDED, network
from heed.channels.telegram.tests.sample import ACCOUNT
from heed.channels.telegram.tests.script import no, ok
from heed.channels.tests.script import Script
from heed.inbox.models import Identity, Message, Ticket
from heed.inbox.possible import Way, possible
from heed.inbox.possible_actions import actions
from heed.lib import clock

ME = ok({"id": 5123456789, "is_bot": True, "first_name": "Acme", "username": "acme_shoes_bot"})
WELL = ok({"url": ACCOUNT.hook_url, "pending_update_count": 0})
KNOWN = replace(ACCOUNT, facts={"waiting": 0, "business_connections": ["conn-1", "conn-2"]})
RIGHTS = {"can_reply": True, "can_read_messages": True, "can_delete_sent_messages": True}

FACTS = {"business_rights": RIGHTS, "business_mute": ["conn-2"]}


def connection(id: str, enabled: bool = True, **rights: bool) -> dict[str, Any]:
    user = {"id": 1, "is_bot": False, "first_name": "Maja"}
    about = {"id": id, "user": user, "user_chat_id": 1, "date": 1767262000}
    return ok({**about, "rights": RIGHTS | rights, "is_enabled": enabled})


def checked(*answers: Any) -> Checked:
    found = Script(ME, WELL, ok(), *answers).run(network.check(KNOWN))
    assert isinstance(found, Checked)
    return found


def test_the_rights_of_business_accounts_are_asked_for() -> None:
    script = Script(ME, WELL, ok(), connection("conn-1"), connection("conn-2", can_reply=False))
    found = script.run(network.check(KNOWN))
    assert (found.missing, found.facts) == (("can_reply",), {**KNOWN.facts, **FACTS})
    assert [each.name for each in network.permissions(found.facts)] == list(RIGHTS)
    assert script.requests[3].url.endswith("/getBusinessConnection")
    assert script.requests[3].json == {"business_connection_id": "conn-1"}
    assert checked(connection("conn-1"), connection("conn-2")).missing == ()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("right", "direction", "action", "words"),
    [
        ("can_reply", "out", "edit", "let the bot write"),
        ("can_read_messages", "in", "seen", "let the bot mark messages as seen"),
        ("can_delete_sent_messages", "out", "delete", "let the bot delete"),
    ],
)
def test_the_menu_offers_what_some_owner_lets_the_bot_do(
    right: str, direction: str, action: Action, words: str
) -> None:
    def offered(kind: str, answers: list[dict[str, Any]]) -> tuple[bool, str]:
        account = Account(network="telegram", facts=dict(checked(*answers).facts))
        message = Message(pk=1, account=account, kind=kind, direction=direction, visibility="private")
        message.external_id, message.at = "conn-1:1:2", clock.now()
        (act,) = [each for each in actions(message) if each.action == action]
        return act.allowed, str(act.sentence)

    one, other = (connection(name, **{right: False}) for name in ("conn-1", "conn-2"))
    assert offered("business", [connection("conn-1"), other]) == (True, "")
    allowed, sentence = offered("business", [one, other])
    assert not allowed
    assert words in sentence
    assert offered("message", [one, other]) == (True, "")


def way(facts: Mapping[str, Any], business: str) -> Way:
    """How a message by this business connection, or in the bot's own chat, can be answered now."""
    account = Account(network="telegram", facts=dict(facts))
    ticket = Ticket(account=account, kind="private", last_private_in=clock.now(), identity=Identity())
    kind, refs = ("business", {"business": business}) if business else ("message", {})
    message = Message(account=account, ticket=ticket, visibility="private", kind=kind, refs=refs)
    return possible(ticket, message).private


def test_what_came_by_an_owner_who_lets_nobody_reply_cannot_be_answered() -> None:
    facts = checked(connection("conn-1"), connection("conn-2", can_reply=False)).facts
    assert way(facts, "conn-1").allowed
    assert way(facts, "").allowed
    refused = way(facts, "conn-2")
    assert (refused.allowed, refused.reason) == (False, "not_allowed")
    assert "does not let the bot write" in str(refused.sentence)
    assert "Chatbots" in str(refused.way_out)


@pytest.mark.parametrize(
    "ended", [connection("conn-2", False), no(400, "Bad Request: business connection not found")]
)
def test_what_came_by_an_owner_who_put_the_bot_out_cannot_be_answered(ended: dict[str, Any]) -> None:
    facts = checked(connection("conn-1"), ended).facts
    assert (facts["business_connections"], facts["business_ended"]) == (["conn-1"], ["conn-2"])
    assert way(facts, "conn-1").allowed
    assert way(facts, "").allowed
    refused = way(facts, "conn-2")
    assert (refused.allowed, refused.reason) == (False, "not_allowed")
    assert "took the bot out" in str(refused.sentence)
    assert "let the bot in again" in str(refused.way_out)


def test_it_is_refused_before_the_check_and_comes_back_when_the_owner_lets_the_bot_in_again() -> None:
    told = {**KNOWN.facts, "business_ended": ["conn-2"]}
    assert not way(told, "conn-2").allowed
    answers = (connection("conn-1"), connection("conn-2"))
    again = Script(ME, WELL, ok(), *answers).run(network.check(replace(KNOWN, facts=told)))
    assert again.facts["business_connections"] == ["conn-1", "conn-2"]
    assert "business_ended" not in again.facts
    assert way(again.facts, "conn-2").allowed


def test_when_all_ended_no_right_is_given_or_missed() -> None:
    gone = no(400, "Bad Request: business connection not found")
    found = checked(connection("conn-1", False, can_reply=False), gone)
    assert found.missing == ()
    assert found.facts == {
        "waiting": 0,
        "business_ended": ["conn-1", "conn-2"],
        "business_rights": dict.fromkeys(RIGHTS, False),
        "business_mute": [],
    }
    assert network.permissions(found.facts) == ()
    assert "delete" in network.able(found.facts).why_not


def test_of_many_that_ended_not_all_are_kept_in_mind() -> None:
    """Those that ended last are, whatever they are called."""
    many = [f"conn-{number:03}" for number in reversed(range(MOST_ENDED + 10))]
    facts = {"waiting": 0, "business_connections": many[-1:], "business_ended": many}
    account = replace(ACCOUNT, facts=facts)
    gone = [no(400, "Bad Request: business connection not found")] * len(many)
    found = Script(ME, WELL, ok(), *gone).run(network.check(account))
    assert found.facts["business_ended"] == many[-MOST_ENDED:]


def test_a_webhook_that_is_gone_is_told() -> None:
    other = ok({"url": "https://other.example/hook", "pending_update_count": 0})
    answers = (ok(), connection("conn-1"), connection("conn-2"))
    assert Script(ME, other, *answers).run(network.check(KNOWN)).lost == ("webhook",)
    assert Script(ME, WELL, *answers).run(network.check(KNOWN)).lost == ()

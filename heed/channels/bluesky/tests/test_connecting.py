"""What the check learns: who the account is, and whether its app password may chat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heed.channels.base import Checked, Refusal
from heed.channels.bluesky.adapter import DIRECT_MESSAGES, network
from heed.channels.bluesky.tests.desk import Desk
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault, Simulator

LOG = "GET /xrpc/chat.bsky.convo.getLog"


def checked(desk: Desk) -> Checked:
    found = desk.run(network.check)
    desk.record = replace(desk.record, facts=found.facts)
    return found


def learned(desk: Desk) -> tuple[tuple[str, ...], dict[str, object]]:
    found = checked(desk)
    return found.missing, dict(found.facts)


def test_an_app_password_with_all_rights(desk: Desk) -> None:
    assert learned(desk) == ((), {"messages": True})
    assert network.able(desk.record.facts) == network.capabilities


def test_one_made_without_the_tick_for_direct_messages(desk: Desk, bluesky: Simulator) -> None:
    bluesky.do("chat_right", on=False)
    assert learned(desk) == ((DIRECT_MESSAGES,), {"messages": False})
    can = network.able(desk.record.facts)
    assert (can.private, can.on_private) == (None, frozenset())
    assert can.public == network.capabilities.public
    assert str(can.why_no_private)
    bluesky.do("chat_right", on=True)
    assert learned(desk) == ((), {"messages": True})


@pytest.mark.parametrize(
    "fault", [Fault(LOG, status=502), Fault(LOG, status=501), Fault(LOG, drop="before", times=2)]
)
def test_a_chat_service_that_says_nothing_of_it(sandbox: Sandbox, desk: Desk, fault: Fault) -> None:
    sandbox.fault("bluesky", fault)
    assert learned(desk) == ((), {})


def test_what_was_known_stands_while_the_chat_service_is_away(
    sandbox: Sandbox, desk: Desk, bluesky: Simulator
) -> None:
    bluesky.do("chat_right", on=False)
    first = learned(desk)
    sandbox.fault("bluesky", Fault(LOG, status=502))
    assert learned(desk) == first


def test_a_sign_in_that_ends_meanwhile_is_said(sandbox: Sandbox, desk: Desk) -> None:
    ended = b'{"error": "AccountTakedown", "message": "Account has been taken down"}'
    sandbox.fault("bluesky", Fault(LOG, status=401, body=ended))
    with pytest.raises(Refusal) as caught:
        checked(desk)
    assert caught.value.reason == "account_blocked"


def test_chat_that_is_switched_off_is_not_asked_for(desk: Desk) -> None:
    desk.record = replace(desk.record, settings={"chat_proxy": ""})
    assert learned(desk) == ((), {"messages": False})
    assert desk.calls_of("getLog") == 0


def test_what_the_check_told_is_not_told_again_by_the_poll(desk: Desk, bluesky: Simulator) -> None:
    bluesky.do("chat_right", on=False)
    checked(desk)
    assert desk.poll() == []


def test_the_guide_names_the_permission_that_can_be_missing() -> None:
    optional = [each.name for each in network.guide.permissions if not each.needed]
    assert optional == [DIRECT_MESSAGES]
    assert 4 <= len(network.guide.steps) <= 5
    assert network.guide.console.startswith("https://bsky.app/")

"""The demo company against a stand-in for Heed's API."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from heed.sandbox import Sandbox
from heed.sandbox.cast import CUSTOMERS, person_named
from heed.sandbox.company import Company, Desk, HeedSilent
from heed.sandbox.networks.viber import Viber
from heed.sandbox.stories import LATER, OPENING, Story
from heed.sandbox.tests.receiver import Receiver, Taken


class HeedApi:
    """Accounts and tickets in memory, behind the addresses of Heed's API."""

    def __init__(self) -> None:
        self.accounts: list[dict[str, Any]] = []
        self.tickets: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        self.teams: list[dict[str, Any]] = []
        self.refuses_changes = False

    def answer(self, hook: Taken) -> tuple[int, bytes]:
        self.tokens.add(hook.headers.get("authorization", ""))
        match hook.method, hook.path.rpartition("/")[2]:
            case "POST", "accounts":
                self.accounts.append(
                    {
                        **json.loads(hook.body),
                        "id": len(self.accounts) + 1,
                        "state": "connected",
                        "hook_url": "http://x/h",
                    }
                )
                return 201, json.dumps(self.accounts[-1]).encode()
            case "GET", "accounts":
                return 200, json.dumps({"items": self.accounts, "next": ""}).encode()
            case "GET", "tickets":
                return 200, json.dumps({"items": self.tickets, "next": ""}).encode()
            case "GET", "teams":
                return 200, json.dumps({"items": self.teams}).encode()
            case "PATCH", _ if self.refuses_changes:
                return 422, b"{}"
            case "PATCH", number:
                self.accounts[int(number) - 1].update(json.loads(hook.body))
                return 200, b"{}"
            case "PUT", number:
                self.teams[int(number) - 1].update(json.loads(hook.body))
                return 200, b"{}"
        return 404, b""


@pytest.fixture
def api() -> HeedApi:
    return HeedApi()


@pytest.fixture
def company(api: HeedApi) -> Iterator[Company]:
    with Receiver() as receiver, Sandbox(seed=1, outlets=True) as sandbox:
        receiver.answer = api.answer
        address = receiver.url.removesuffix("/hooks/here")
        yield Company(sandbox, address, "token-1", threading.Event())


def sandbox_of(company: Company) -> Sandbox:
    return company._sandbox


def test_accounts_are_connected_once(company: Company, api: HeedApi) -> None:
    assert company.settle_in() is True
    there = [(each.name, each.url) for each in sandbox_of(company).simulators.values()]
    assert [(each["network"], each["base_url"]) for each in api.accounts] == there
    assert len({(each["network"], each["external_id"]) for each in api.accounts}) == len(there)
    assert api.tokens == {"Bearer token-1"}
    before = len(api.accounts)
    company.settle_in()
    assert len(api.accounts) == before


def test_the_shop_gets_the_accounts_once(company: Company, api: HeedApi) -> None:
    shop = {
        "id": 1,
        "name": "Shop",
        "members": [1, 2],
        "way": "pull",
        "same_language": True,
        "same_skill": True,
        "prefer_last": True,
        "takes_back": True,
        "here": 2,
    }
    api.teams = [shop]
    company.settle_in()
    assert shop["accounts"] == [each["id"] for each in api.accounts]
    outlets = {each["network"] for each in api.accounts if each["brand"] == "Acme Outlet"}
    assert outlets == {"bluesky", "facebook", "telegram"}
    assert {each["brand"] for each in api.accounts} == {"Acme", "Acme Outlet"}
    assert shop["members"] == [1, 2]
    shop["accounts"] = []
    company.settle_in()
    assert shop["accounts"] == []


def test_known_accounts_get_their_webhooks_again(company: Company, api: HeedApi) -> None:
    company.settle_in()
    viber = sandbox_of(company)["viber"]
    assert isinstance(viber, Viber)
    viber.hook_url = ""
    company.settle_in()
    assert viber.hook_url == "http://x/h"


def _moved_away(api: HeedApi) -> None:
    """As after a start on other ports."""
    for each in api.accounts:
        each["base_url"] = re.sub(r":\d+/", ":9/", each["base_url"])


def test_known_accounts_get_the_addresses_of_their_networks(company: Company, api: HeedApi) -> None:
    company.settle_in()
    before = len(api.accounts)
    _moved_away(api)
    for each in api.accounts:
        each["credentials"] = {}
    viber = sandbox_of(company)["viber"]
    assert isinstance(viber, Viber)
    viber.hook_url = ""
    company.settle_in()
    assert len(api.accounts) == before
    assert [each["base_url"] for each in api.accounts] == [
        each.url for each in sandbox_of(company).simulators.values()
    ]
    assert viber.hook_url == "http://x/h"
    (mailbox,) = (each for each in api.accounts if each["network"] == "email")
    assert mailbox["credentials"] == sandbox_of(company)["email"].accounts()[0].credentials


def test_a_mailbox_that_was_sent_to_a_wrong_port_finds_back(company: Company, api: HeedApi) -> None:
    company.settle_in()
    for each in api.accounts:
        each["credentials"] = {}
    (mailbox,) = (each for each in api.accounts if each["network"] == "email")
    mailbox["problem"] = {"reason": "private_address"}
    company.settle_in()
    assert mailbox["credentials"] == sandbox_of(company)["email"].accounts()[0].credentials
    assert [each["network"] for each in api.accounts if each["credentials"]] == ["email"]


def test_what_is_not_the_demos_or_was_disconnected_is_left_alone(company: Company, api: HeedApi) -> None:
    company.settle_in()
    _moved_away(api)
    viber, line = (
        next(each for each in api.accounts if each["network"] == name) for name in ("viber", "line")
    )
    viber["problem"] = {"reason": "not_configured"}
    real = {**line, "id": len(api.accounts) + 1, "base_url": "https://api.line.me"}
    api.accounts.append(real)
    left = [dict(viber), dict(real)]
    company.settle_in()
    assert [viber, real] == left
    assert line["base_url"] == sandbox_of(company)["line"].url


def test_a_refusal_to_move_stops_nothing(company: Company, api: HeedApi) -> None:
    company.settle_in()
    _moved_away(api)
    api.refuses_changes = True
    assert company.settle_in() is True


def test_a_heed_with_tickets_is_not_filled_again(company: Company, api: HeedApi) -> None:
    api.tickets = [{"number": 1}]
    assert company.settle_in() is False


def test_a_heed_that_refuses_says_why() -> None:
    with Receiver() as receiver:
        receiver.answer = lambda hook: (401, b"no")
        with pytest.raises(HeedSilent, match="401"):
            Desk(receiver.url, "wrong").accounts()


def test_the_opening_is_lively(company: Company) -> None:
    before = sandbox_of(company).clock.now()
    company.open_shop()
    assert len(company.matters) >= 12
    assert len({matter.simulator.place for matter in company.matters}) == len(sandbox_of(company).simulators)
    assert {person_named(matter.story.person).language for matter in company.matters} == {
        "sl",
        "mn",
        "ar",
        "en",
    }
    assert sandbox_of(company).clock.now() >= before


def test_the_opening_lies_in_the_past_and_in_order(company: Company) -> None:
    company.open_shop()
    sandbox = sandbox_of(company)
    scenes = [each.scene(person.key) for each in sandbox.simulators.values() for person in CUSTOMERS]
    times = [line.at for scene in scenes for line in scene.lines()]
    assert len(times) >= len(OPENING) // 2
    assert max(times) < sandbox.clock.now()


def test_every_customer_and_language_has_stories() -> None:
    stories = [*OPENING, *LATER]
    assert {story.person for story in stories} == {person.key for person in CUSTOMERS}
    assert {story.where for story in stories} == {"comment", "mention", "message"}


def answered(company: Company, text: str) -> None:
    """Let the company answer Lea on Viber and let her notice it."""
    viber = sandbox_of(company)["viber"]
    assert isinstance(viber, Viber)
    viber.hook_url = "http://127.0.0.1:9/"
    fields = {"receiver": viber.user_id(person_named("lea")), "type": "text", "text": text}
    viber._send_message({**fields, "sender": {"name": "Acme"}})
    viber.hooks.forget()
    sandbox_of(company).agenda.run_all()
    company.look_around()
    sandbox_of(company).agenda.run_all()


def told_on_viber(company: Company, story: Story) -> None:
    company._told["viber"] = -1  # the next in line for any story
    company.tell(story)


def words_of_lea(company: Company) -> list[str]:
    return [line.text for line in sandbox_of(company)["viber"].scene("lea").lines() if line.mine]


def test_customers_answer_our_answers_and_then_rest(company: Company) -> None:
    told_on_viber(company, Story("lea", "message", "Kje je paket?", ("Številka 88140.",)))
    answered(company, "Katera številka?")
    answered(company, "Na poti je.")
    assert words_of_lea(company) == ["Kje je paket?", "Številka 88140."]
    lines = sandbox_of(company)["viber"].scene("lea").lines()
    assert [line.state for line in lines if line.ours] == ["seen", "seen"]


def test_an_answer_is_noticed_once(company: Company) -> None:
    told_on_viber(company, Story("lea", "message", "Kje je paket?", ("Številka 88140.", "Hvala.")))
    answered(company, "Katera številka?")
    sandbox_of(company)["viber"].do("message", person="omar", text="مرحبا")
    company.look_around()
    sandbox_of(company).agenda.run_all()
    assert words_of_lea(company) == ["Kje je paket?", "Številka 88140."]


def test_a_chat_is_one_conversation(company: Company) -> None:
    told_on_viber(company, Story("lea", "message", "Kje je paket?", ("Številka 88140.",)))
    told_on_viber(company, Story("lea", "message", "In še nekaj!", ("Hvala.",)))
    answered(company, "Na poti je.")
    assert words_of_lea(company) == ["Kje je paket?", "In še nekaj!", "Hvala."]


def test_after_a_restart_customers_still_read(company: Company) -> None:
    sandbox_of(company)["viber"].restore("pa:5023451798360", "http://127.0.0.1:9/")
    company.resume()
    answered(company, "Na poti je.")
    assert words_of_lea(company) == ["Hvala lepa!"]

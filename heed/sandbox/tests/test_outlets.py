"""The company's other brand: further accounts on some networks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from heed.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=1, outlets=True) as sandbox:
        yield sandbox


def outlets(sandbox: Sandbox) -> list[str]:
    return [place for place, each in sandbox.simulators.items() if each.branch]


def test_an_outlet_has_an_account_of_its_own(sandbox: Sandbox) -> None:
    assert outlets(sandbox)
    for place in outlets(sandbox):
        outlet = sandbox[place]
        (first,), (second,) = sandbox[outlet.name].accounts(), outlet.accounts()
        assert first.external_id != second.external_id
        assert not set(first.credentials.values()) & set(second.credentials.values())
        assert (first.brand, second.brand) == ("Acme", "Acme Outlet")


def test_its_customers_write_to_it_alone(sandbox: Sandbox) -> None:
    for place in outlets(sandbox):
        sandbox[place].do("message", person="lea", text="Imate še sandale?")
        said = [each.text for each in sandbox[place].scene("lea").lines() if each.mine]
        assert said[-1] == "Imate še sandale?"
        assert not [each for each in sandbox[sandbox[place].name].scene("lea").lines() if each.mine]


def test_its_page_is_beside_the_first(sandbox: Sandbox) -> None:
    html = httpx.get(f"{sandbox.url}/play/telegram?person=lea").text
    assert 'href="/play/telegram-outlet?person=lea"' in html
    assert 'data-play="telegram-outlet"' in httpx.get(f"{sandbox.url}/play/telegram-outlet").text
    assert "telegram-outlet" not in httpx.get(sandbox.url).text
    assert "You write to" not in httpx.get(f"{sandbox.url}/play/viber").text


class TestOnBluesky:
    """One network, on which both accounts see the same posts."""

    def session(self, bluesky: Any) -> dict[str, Any]:
        (account,) = bluesky.accounts()
        given = {
            "identifier": account.credentials["identifier"],
            "password": account.credentials["app_password"],
        }
        answer = httpx.post(f"{bluesky.url}/xrpc/com.atproto.server.createSession", json=given)
        session: dict[str, Any] = answer.json()
        return session

    def told(self, bluesky: Any, session: dict[str, Any]) -> list[str]:
        answer = httpx.get(
            f"{bluesky.url}/xrpc/app.bsky.notification.listNotifications",
            headers={"authorization": f"Bearer {session['accessJwt']}"},
        )
        return [each["record"]["text"] for each in answer.json()["notifications"]]

    def test_each_is_told_of_what_concerns_it(self, sandbox: Sandbox) -> None:
        first, outlet = sandbox["bluesky"], sandbox["bluesky-outlet"]
        first.do("mention", person="lea", text="Kje je paket?")
        outlet.do("mention", person="omar", text="مرحبا")
        one, other = self.session(first), self.session(outlet)
        assert one["did"] != other["did"]
        assert self.told(first, one) == ["@acme.bsky.example Kje je paket?"]
        assert self.told(outlet, other) == ["@acme-outlet.bsky.example مرحبا"]

    def test_one_answers_what_the_other_was_asked(self, sandbox: Sandbox) -> None:
        first, outlet = sandbox["bluesky"], sandbox["bluesky-outlet"]
        post = first.do("mention", person="lea", text="Kje je paket?")
        ref = {"uri": post["id"], "cid": post["cid"]}
        session, seen_before = self.session(outlet), first.version
        reply = {
            "$type": "app.bsky.feed.post",
            "text": "Na poti.",
            "createdAt": "2026-01-01T00:00:00Z",
            "reply": {"root": ref, "parent": ref},
        }
        answer = httpx.post(
            f"{outlet.url}/xrpc/com.atproto.repo.createRecord",
            headers={"authorization": f"Bearer {session['accessJwt']}"},
            json={"repo": session["did"], "collection": reply["$type"], "record": reply},
        )
        assert answer.status_code == 200
        (line,) = first.scene("lea").lines()
        assert (line.author, line.text, line.ours) == ("Acme Outlet", "Na poti.", True)
        assert first.version > seen_before

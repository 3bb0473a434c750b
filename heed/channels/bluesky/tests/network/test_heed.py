"""All of Heed against a real Bluesky network: web, intake and worker run as they do at home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heed.channels.bluesky.tests.network.bridge import ChatService, RealBluesky
from heed.channels.bluesky.tests.network.real import Customer
from heed.tests.processes import Processes, processes

pytestmark = pytest.mark.networks

PATIENCE = 60


@pytest.fixture
def heed(bluesky: RealBluesky, chat_service: ChatService, tmp_path: Path) -> Iterator[Processes]:
    """A running Heed with the company's account connected."""
    with processes(tmp_path, "heed_bluesky") as running:
        for name in ("web", "intake", "worker"):
            running.start(name)
        running.wait_for_web()
        answer = running.api.post(
            "/accounts",
            json={
                "network": "bluesky",
                "name": "Acme",
                "credentials": dict(bluesky.accounts()[0].credentials),
                "base_url": bluesky.network.url,
                "settings": {"chat_proxy": chat_service.proxy},
            },
        )
        assert answer.status_code == 201, answer.text
        running.until(lambda: running.accounts()[0]["state"] == "connected", PATIENCE)
        assert running.accounts()[0]["external_id"] == bluesky.us
        yield running


def tickets(heed: Processes, view: str = "all") -> list[dict[str, Any]]:
    """All tickets of a view, page after page."""
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = heed.api.get("/tickets", params={"view": view, "after": after}).json()
        found += page["items"]
        after = page["next"]
        if not after:
            return found


def messages(heed: Processes, ticket: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = heed.api.get(f"/tickets/{ticket['number']}/messages").json()["items"]
    return rows


def say(heed: Processes, ticket: dict[str, Any], text: str, visibility: str) -> None:
    body = {"text": text, "visibility": visibility}
    answer = heed.api.post(f"/tickets/{ticket['number']}/messages", json=body)
    assert answer.status_code == 201, answer.text
    heed.until(lambda: messages(heed, ticket)[-1]["state"] == "sent", PATIENCE)


def replies(customer: Customer, uri: str) -> list[str]:
    """What stands under a post as the customer sees it."""
    thread = customer.get("app.bsky.feed.getPostThread", uri=uri)["thread"]
    return [each["post"]["record"]["text"] for each in thread["replies"]]


def test_a_mention_becomes_a_ticket_and_the_answer_a_reply(
    heed: Processes, bluesky: RealBluesky, people: dict[str, Customer]
) -> None:
    lea = people["lea"]
    asked = bluesky.do("mention", person="lea", text="Škornji so prispeli raztrgani 😢", picture="boot")
    heed.until(lambda: len(tickets(heed, "unanswered")) == 1, PATIENCE)
    [ticket] = tickets(heed)
    assert (ticket["kind"], ticket["network"], ticket["unanswered"]) == ("public", "bluesky", True)
    assert ticket["post"]["external_id"] == asked["id"]
    assert ticket["customer"]["identities"][0]["external_id"] == lea.did
    [question] = messages(heed, ticket)
    assert (question["external_id"], question["direction"]) == (asked["id"], "in")

    say(heed, ticket, "Oprostite! Pošljemo nove: https://acme.example/88140", "public")
    bluesky.network.settle()
    assert replies(lea, asked["id"]) == ["Oprostite! Pošljemo nove: https://acme.example/88140"]
    assert tickets(heed)[0]["unanswered"]
    heed.api.post(f"/tickets/{ticket['number']}/answered").raise_for_status()
    assert tickets(heed, "unanswered") == []

    reply = bluesky.company.get("app.bsky.feed.getPostThread", uri=asked["id"])["thread"]["replies"][0][
        "post"
    ]
    bluesky.do("comment", person="lea", text="Najlepša hvala!", parent=reply["uri"])
    heed.until(lambda: len(messages(heed, ticket)) == 3, PATIENCE)
    assert [each["text"] for each in messages(heed, ticket)][2] == "Najlepša hvala!"
    assert len(tickets(heed, "unanswered")) == 1


def test_a_chat_becomes_a_private_ticket(heed: Processes, bluesky: RealBluesky) -> None:
    bluesky.do("message", person="omar", text="هل وصل طلبي رقم 88140؟")
    heed.until(lambda: len(tickets(heed)) == 1, PATIENCE)
    [ticket] = tickets(heed)
    assert ticket["kind"] == "private"
    say(heed, ticket, "Jutri bo pri vas.", "private")
    assert [each["text"] for each in bluesky.seen()["messages"]] == ["Jutri bo pri vas."]


def test_two_hundred_mentions_through_kills(
    heed: Processes, bluesky: RealBluesky, people: dict[str, Customer]
) -> None:
    said: list[str] = []
    for number in range(200):
        said.append(people["lea"].mention(bluesky.company, f"Vprašanje {number}")["uri"])
        if number in (40, 90, 150):
            heed.kill("worker")
            heed.start("worker")
        if number in (70, 130):
            heed.kill("intake")
            heed.start("intake")
    heed.until(lambda: len(tickets(heed)) >= len(said), 3 * PATIENCE)
    assert sorted(each["post"]["external_id"] for each in tickets(heed)) == sorted(said)
    assert all(len(messages(heed, each)) == 1 for each in tickets(heed))

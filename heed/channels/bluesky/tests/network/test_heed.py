"""All of Heed against a real Bluesky network: web, intake and worker run as they do at home."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from heed.channels.bluesky.tests.network.bridge import RealBluesky
from heed.channels.bluesky.tests.network.heed import Heed
from heed.channels.bluesky.tests.network.real import Customer
from heed.sandbox.picture import HEIGHT, WIDTH, draw

pytestmark = pytest.mark.networks

CREATE = "com.atproto.repo.createRecord"
SIGN_IN = "com.atproto.server.createSession"
RENEW = "com.atproto.server.refreshSession"


@pytest.fixture
def ticket(heed: Heed, acme: RealBluesky, lea: Customer) -> dict[str, Any]:
    """A ticket about a mention."""
    return heed.ticket_about(acme.do("mention", person="lea", text="Kje je moj paket?")["id"])


def replies(acme: RealBluesky, customer: Customer, uri: str) -> list[dict[str, Any]]:
    """What stands under a post as the customer's account sees it."""
    acme.network.settle()
    found: dict[str, Any] = customer.get("app.bsky.feed.getPostThread", uri=uri)["thread"]
    return [each["post"] for each in found["replies"]]


def answers_to(acme: RealBluesky, customer: Customer, ticket: dict[str, Any]) -> list[str]:
    """The words beneath the ticket's post as the customer's account sees them."""
    return [each["record"]["text"] for each in replies(acme, customer, ticket["post"]["external_id"])]


def about(heed: Heed, posts: list[str]) -> list[dict[str, Any]]:
    """The tickets about these posts."""
    return [each for each in heed.tickets() if each["post"] and each["post"]["external_id"] in posts]


def told(acme: RealBluesky, customer: Customer) -> set[tuple[str, str]]:
    """What the company did, as the customer's notifications say: reason and address it is about."""
    acme.network.settle()
    listed = customer.get("app.bsky.notification.listNotifications", limit=50)["notifications"]
    return {
        (each["reason"], each.get("reasonSubject", "")) for each in listed if each["author"]["did"] == acme.us
    }


class TestADayAtTheDesk:
    def test_a_mention_becomes_a_ticket_and_the_answer_a_reply(
        self, heed: Heed, acme: RealBluesky, lea: Customer
    ) -> None:
        asked = acme.do("mention", person="lea", text="Škornji so prispeli raztrgani 😢")
        ticket = heed.ticket_about(asked["id"])
        assert (ticket["kind"], ticket["network"], ticket["unanswered"]) == ("public", "bluesky", True)
        assert ticket["customer"]["identities"][0]["external_id"] == lea.did
        [question] = heed.messages(ticket)
        assert (question["external_id"], question["direction"]) == (asked["id"], "in")

        text = "Oprostite! Pošljemo nove: https://acme.example/88140"
        sent = heed.say(ticket, text)
        [reply] = replies(acme, lea, asked["id"])
        assert (reply["uri"], reply["record"]["text"]) == (sent["external_id"], text)
        [link] = reply["record"]["facets"]
        assert link["features"][0]["uri"] == "https://acme.example/88140"
        assert ("reply", asked["id"]) in told(acme, lea)

        assert heed.again(ticket)["unanswered"]
        heed.api.post(f"/tickets/{ticket['number']}/answered").raise_for_status()
        assert not heed.again(ticket)["unanswered"]
        acme.do("comment", person="lea", text="Najlepša hvala!", parent=reply["uri"])
        heed.until(lambda: len(heed.messages(ticket)) == 3)
        assert heed.messages(ticket)[2]["text"] == "Najlepša hvala!"
        assert heed.again(ticket)["unanswered"]

    def test_a_chat_becomes_a_private_ticket_and_goes_on(
        self, heed: Heed, acme: RealBluesky, people: dict[str, Customer]
    ) -> None:
        acme.do("message", person="omar", text="هل وصل طلبي رقم 88140؟")
        ticket = heed.chat_with(people["omar"].did)
        sent = heed.say(ticket, "Jutri bo pri vas: https://acme.example/88140", "private")
        [message] = acme.seen()["messages"]
        assert (message["id"], message["to"]) == (sent["external_id"], people["omar"].did)
        acme.do("message", person="omar", text="شكرا!")
        heed.until(lambda: [each["text"] for each in heed.messages(ticket)][2:] == ["شكرا!"])
        assert [each["direction"] for each in heed.messages(ticket)] == ["in", "out", "in"]

    def test_like_and_repost_and_back(self, heed: Heed, acme: RealBluesky, lea: Customer) -> None:
        asked = acme.do("mention", person="lea", text="Vaši škornji so najboljši!")["id"]
        [praise] = heed.messages(heed.ticket_about(asked))

        def by_us(nsid: str, key: str) -> bool:
            acme.network.settle()
            people = [each.get("actor", each) for each in lea.get(nsid, uri=asked)[key]]
            return [each["did"] for each in people] == [acme.us]

        heed.acted(praise, "like", "liked", True)
        heed.acted(praise, "repost", "reposted", True)
        assert by_us("app.bsky.feed.getLikes", "likes")
        assert by_us("app.bsky.feed.getRepostedBy", "repostedBy")
        assert {("like", asked), ("repost", asked)} <= told(acme, lea)
        heed.acted(praise, "unlike", "liked", False)
        assert not by_us("app.bsky.feed.getLikes", "likes")
        assert by_us("app.bsky.feed.getRepostedBy", "repostedBy")
        heed.acted(praise, "unrepost", "reposted", False)
        assert not by_us("app.bsky.feed.getRepostedBy", "repostedBy")
        [post] = lea.get("app.bsky.feed.getPosts", uris=[asked])["posts"]
        assert (post["likeCount"], post["repostCount"]) == (0, 0)

    def test_pictures_come_and_go(self, heed: Heed, acme: RealBluesky, lea: Customer) -> None:
        blob = lea.upload(draw("boot"), "image/png")
        images = [{"alt": "Raztrgan škorenj", "image": blob}]
        embed = {"$type": "app.bsky.embed.images", "images": images}
        asked = lea.mention(acme.own, "Takole so videti", embed=embed)["uri"]
        ticket = heed.ticket_about(asked)
        heed.until(lambda: heed.messages(ticket)[0]["attachments"][0]["state"] == "kept")
        [picture] = heed.messages(ticket)[0]["attachments"]
        assert (picture["kind"], picture["mime"], picture["text"]) == (
            "image",
            "image/png",
            "Raztrgan škorenj",
        )
        served = heed.api.get(f"/attachments/{picture['id']}")
        assert served.content == draw("boot")
        assert (served.headers["content-type"], served.headers["x-content-type-options"]) == (
            "image/png",
            "nosniff",
        )

        file = heed.upload(ticket, "box.png", draw("box"), alt="Škatla, v kateri pošljete škornje nazaj")
        heed.say(ticket, "Pošljite v tej škatli.", files=[file])
        [reply] = replies(acme, lea, asked)
        [shown] = reply["embed"]["images"]
        assert shown["alt"] == "Škatla, v kateri pošljete škornje nazaj"
        assert shown["aspectRatio"] == {"width": WIDTH, "height": HEIGHT}
        [image] = reply["record"]["embed"]["images"]
        where = {"did": acme.us, "cid": image["image"]["ref"]["$link"]}
        stored = acme.network.http.get("/xrpc/com.atproto.sync.getBlob", params=where)
        assert (stored.content, stored.headers["content-type"]) == (draw("box"), "image/png")
        assert httpx.get(shown["fullsize"], trust_env=False).headers["content-type"].startswith("image/")

    def test_what_is_deleted_is_gone_on_both_sides(
        self, heed: Heed, acme: RealBluesky, lea: Customer
    ) -> None:
        asked = acme.do("mention", person="lea", text="Kje je moj paket?")["id"]
        ticket = heed.ticket_about(asked)
        sent = heed.say(ticket, "Jutri.")
        assert len(replies(acme, lea, asked)) == 1
        heed.acted(sent, "delete", "removed", True)
        assert replies(acme, lea, asked) == []
        assert [(each["text"], each["removed"]) for each in heed.messages(ticket)] == [
            ("@" + acme.own.handle + " Kje je moj paket?", False),
            ("Jutri.", True),
        ]

        lea.delete(asked)
        heed.until(lambda: heed.messages(ticket)[0]["removed"] is True)
        assert heed.messages(ticket)[0]["text"].endswith("Kje je moj paket?")
        heed.until(lambda: heed.again(ticket)["post"]["removed"] is True)

    def test_an_answer_to_what_was_just_deleted_says_so(
        self, heed: Heed, acme: RealBluesky, lea: Customer
    ) -> None:
        asked = acme.do("mention", person="lea", text="Pozabite.")["id"]
        ticket = heed.ticket_about(asked)
        heed.running.kill("worker")
        answer = heed.answer(ticket, "Prav.")
        lea.delete(asked)
        acme.network.settle()
        heed.running.start("worker")
        failed = heed.comes_to(answer, "failed")
        assert failed["reason"] == "gone"


class TestTheSession:
    def test_many_find_it_expired_and_one_renews_it(
        self, heed: Heed, acme: RealBluesky, lea: Customer
    ) -> None:
        asked = [lea.mention(acme.own, f"Vprašanje {number}")["uri"] for number in range(6)]
        tickets = [heed.ticket_about(each) for each in asked]
        heed.running.kill("worker")
        answers = [heed.answer(each, "Odgovor.") for each in tickets]
        questions = [heed.messages(each)[0] for each in tickets]
        for each in questions:
            heed.act(each, "like")
        sign_ins, renewals = acme.network.calls(SIGN_IN), acme.network.calls(RENEW)
        acme.network.age(acme.us)
        heed.running.start("worker")  # and all of it begins at once, with a token that has run out
        for each in answers:
            heed.comes_to(each, "sent")
        heed.until(lambda: all(heed.message(each)["liked"] for each in questions))
        assert [answers_to(acme, lea, each) for each in tickets] == [["Odgovor."]] * 6
        assert (acme.network.calls(SIGN_IN) - sign_ins, acme.network.calls(RENEW) - renewals) == (0, 1)

    def test_a_withdrawn_app_password_is_told_and_a_new_one_taken(
        self, heed: Heed, acme: RealBluesky, lea: Customer
    ) -> None:
        acme.own.call("com.atproto.server.revokeAppPassword", name="heed")
        acme.network.age(acme.us)
        heed.until(lambda: heed.state() == "broken")
        account = heed.api.get(f"/accounts/{heed.account}").json()
        assert account["problem"]["reason"] == "sign_in_again"
        asked = lea.mention(acme.own, "Vas ni?")["uri"]
        made = acme.own.call("com.atproto.server.createAppPassword", name="heed", privileged=True)
        change = {"credentials": {"app_password": made["password"]}}
        heed.api.patch(f"/accounts/{heed.account}", json=change).raise_for_status()
        heed.until(lambda: heed.state() == "connected")
        assert heed.ticket_about(asked)["unanswered"]


class TestTheLimit:
    @pytest.fixture
    def strict(self, acme: RealBluesky) -> Iterator[None]:
        """The server's own limit on writing, with an hour of eight seconds."""
        acme.network.restart(hour=8, points=30)
        yield
        acme.network.restart()

    def test_an_answer_waits_as_long_as_the_server_says(
        self, heed: Heed, acme: RealBluesky, lea: Customer, ticket: dict[str, Any], strict: None
    ) -> None:
        for number in range(10):  # three points each
            acme.own.post(f"Novo na zalogi: {number}")
        before = acme.network.calls(CREATE)
        answer = heed.answer(ticket, "Jutri.")
        assert heed.comes_to(answer, "retrying")["reason"] == "slow_down"
        heed.comes_to(answer, "sent")
        assert acme.network.calls(CREATE) - before == 2  # refused once, then taken: it did not hammer
        assert answers_to(acme, lea, ticket) == ["Jutri."]


class TestTheServerGoesAway:
    def test_while_we_ask_for_news(self, heed: Heed, acme: RealBluesky, lea: Customer) -> None:
        heed.running.kill("worker")
        said = [lea.mention(acme.own, f"Vprašanje {number}")["uri"] for number in range(120)]
        acme.network.settle()
        acme.network.cut("app.bsky.notification.listNotifications", "after", skip=1, away=2)
        heed.running.start("worker")
        heed.until(lambda: len(about(heed, said)) >= len(said))
        assert sorted(each["post"]["external_id"] for each in about(heed, said)) == sorted(said)
        assert all(len(heed.messages(each)) == 1 for each in about(heed, said))

    def test_after_it_took_an_answer(
        self, heed: Heed, acme: RealBluesky, lea: Customer, ticket: dict[str, Any]
    ) -> None:
        before = acme.network.calls(CREATE)
        acme.network.cut(CREATE, "after", away=3)
        answer = heed.answer(ticket, "Jutri.")
        heed.comes_to(answer, "unknown")
        sent = heed.comes_to(answer, "sent")
        assert sent["external_id"].startswith(f"at://{acme.us}/")
        assert acme.network.calls(CREATE) - before == 1  # found by asking, not sent again
        assert answers_to(acme, lea, ticket) == ["Jutri."]

    def test_before_it_took_an_answer(
        self, heed: Heed, acme: RealBluesky, lea: Customer, ticket: dict[str, Any]
    ) -> None:
        before = acme.network.calls(CREATE)
        acme.network.cut(CREATE, "before", away=1)
        answer = heed.answer(ticket, "Jutri.")
        heed.comes_to(answer, "unknown")
        heed.comes_to(answer, "sent")
        assert acme.network.calls(CREATE) - before == 2
        assert answers_to(acme, lea, ticket) == ["Jutri."]

    def test_before_an_answer_leaves(
        self, heed: Heed, acme: RealBluesky, lea: Customer, ticket: dict[str, Any]
    ) -> None:
        acme.network.cut("app.bsky.feed.getPosts", "before", away=1)
        answer = heed.answer(ticket, "Jutri.")
        heed.comes_to(answer, "retrying")
        heed.comes_to(answer, "sent")
        assert answers_to(acme, lea, ticket) == ["Jutri."]

    def test_after_it_took_a_chat_message(
        self, heed: Heed, acme: RealBluesky, people: dict[str, Customer]
    ) -> None:
        nadia = people["nadia"].did
        acme.do("message", person="nadia", text="هل وصل طلبي؟")
        chat = heed.chat_with(nadia)
        acme.network.cut("chat.bsky.convo.sendMessage", "after", away=1)
        answer = heed.answer(chat, "Jutri bo pri vas.", "private")
        heed.comes_to(answer, "unknown")
        sent = heed.comes_to(answer, "sent")
        told = [each["id"] for each in acme.seen()["messages"] if each["to"] == nadia]
        assert told == [sent["external_id"]]

    def test_after_it_took_a_like(
        self, heed: Heed, acme: RealBluesky, lea: Customer, ticket: dict[str, Any]
    ) -> None:
        [question] = heed.messages(ticket)
        acme.network.cut(CREATE, "after", away=1)
        heed.acted(question, "like", "liked", True)
        acme.network.settle()
        [post] = lea.get("app.bsky.feed.getPosts", uris=[question["external_id"]])["posts"]
        assert post["likeCount"] == 1


def test_two_hundred_mentions_through_kills(heed: Heed, acme: RealBluesky, lea: Customer) -> None:
    said: list[str] = []
    for number in range(200):
        said.append(lea.mention(acme.own, f"Vprašanje {number}")["uri"])
        if number in (40, 90, 150):
            heed.restart_worker()
        if number in (70, 130):
            heed.running.kill("intake")
            heed.running.start("intake")
    heed.until(lambda: len(about(heed, said)) >= len(said), 180)
    assert sorted(each["post"]["external_id"] for each in about(heed, said)) == sorted(said)
    assert all(len(heed.messages(each)) == 1 for each in about(heed, said))

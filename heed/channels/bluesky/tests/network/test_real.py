"""Bluesky against the real thing: what the documents say, and what the servers do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from heed.channels.base import (
    AccountRecord,
    Echo,
    MessageReceived,
    MessageRemoved,
    NotThere,
    OutgoingFile,
    PostSeen,
    ReactionChanged,
    Refusal,
    Target,
    Wanted,
)
from heed.channels.bluesky import xrpc
from heed.channels.bluesky.adapter import network
from heed.channels.bluesky.tests.desk import Desk, target_of
from heed.channels.bluesky.tests.network.bridge import RealBluesky
from heed.channels.bluesky.tests.network.real import PASSWORD, Customer, RealNetwork
from heed.lib import clock
from heed.lib.http import AnswerLost, Response
from heed.sandbox.picture import draw

pytestmark = pytest.mark.networks


def asked(desk: Desk, bluesky: RealBluesky, text: str = "Kje je moj paket?") -> MessageReceived:
    bluesky.do("mention", person="lea", text=text)
    desk.poll()
    return desk.of(MessageReceived)[-1]


def thread(customer: Customer, uri: str) -> list[dict[str, Any]]:
    """The replies under a post as the customer sees them."""
    found: dict[str, Any] = customer.get("app.bsky.feed.getPostThread", uri=uri)["thread"]
    return [each["post"] for each in found["replies"]]


class TestTheWayThrough:
    def test_a_mention_is_answered_and_the_customer_sees_it(
        self, desk: Desk, bluesky: RealBluesky, lea: Customer
    ) -> None:
        question = asked(desk, bluesky, "Škornji so prispeli raztrgani 😢")
        assert question.author is not None
        assert question.author.external_id == lea.did
        assert (question.kind, question.post) == ("mention", question.external_id)
        text = f"Oprostite, @{lea.handle} 🙏 Vračilo: https://acme.example/vracila #škornji"
        sent = desk.said(desk.answer(text, question))
        bluesky.network.settle()
        [reply] = thread(lea, question.external_id)
        assert (reply["uri"], reply["record"]["text"]) == (sent.external_id, text)
        told = lea.get("app.bsky.notification.listNotifications", limit=10)["notifications"]
        # A reply that also mentions is told as a mention.
        assert ("mention", sent.external_id) in {(each["reason"], each["uri"]) for each in told}
        facets = reply["record"]["facets"]
        assert [each["features"][0]["$type"].partition("#")[2] for each in facets] == [
            "mention",
            "link",
            "tag",
        ]
        assert facets[0]["features"][0]["did"] == lea.did

    def test_a_reply_deep_in_a_thread_keeps_the_root(
        self, desk: Desk, bluesky: RealBluesky, lea: Customer
    ) -> None:
        post = bluesky.do("post", text="Triglav je spet na zalogi.")
        comment = bluesky.do("comment", person="lea", text="Kdaj?", post=post["id"])
        desk.poll()
        question = desk.of(MessageReceived)[-1]
        assert (question.external_id, question.post) == (comment["id"], post["id"])
        sent = desk.said(desk.answer("Jutri.", question))
        assert sent.refs["root"] == {"uri": post["id"], "cid": post["cid"]}
        bluesky.network.settle()
        assert [each["uri"] for each in thread(lea, comment["id"])] == [sent.external_id]

    def test_like_and_repost_are_seen_and_taken_back(
        self, desk: Desk, bluesky: RealBluesky, lea: Customer
    ) -> None:
        target = target_of(asked(desk, bluesky))
        refs = {**desk.act("like", target), **desk.act("repost", target)}
        bluesky.network.settle()
        told = lea.get("app.bsky.notification.listNotifications", limit=10)["notifications"]
        ours = {each["reason"] for each in told if each["author"]["did"] == bluesky.us}
        assert {"like", "repost"} <= ours
        assert desk.act("like", target) == {"like_uri": refs["like_uri"]}
        both = replace(target, refs={**target.refs, **refs})
        desk.act("unlike", both)
        desk.act("unrepost", both)
        bluesky.network.settle()
        [post] = lea.get("app.bsky.feed.getPosts", uris=[target.external_id])["posts"]
        assert (post["likeCount"], post["repostCount"]) == (0, 0)

    def test_likes_and_reposts_of_ours_in_the_app_itself(self, desk: Desk, bluesky: RealBluesky) -> None:
        question = asked(desk, bluesky)
        made = [
            bluesky.own.react(f"app.bsky.feed.{each}", question.refs)["uri"] for each in ("like", "repost")
        ]
        with clock.moved(timedelta(minutes=2)):
            desk.poll()
        for uri in made:
            bluesky.own.delete(uri)
        with clock.moved(timedelta(minutes=4)):
            desk.poll()
        ours = [each for each in desk.of(ReactionChanged) if each.author.external_id == bluesky.us]
        assert [(each.reaction, each.on) for each in ours if each.target == question.external_id] == [
            ("like", True),
            ("repost", True),
            ("like", False),
            ("repost", False),
        ]

    def test_a_person_and_a_record_that_nobody_knows(self, desk: Desk) -> None:
        nobody = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"  # our server asks the view of the network
        asked_for = (nobody, "app.bsky.feed.post", "3lbhvxm6fs223")
        assert desk.run(lambda record: xrpc.record(record, *asked_for)) is None
        assert desk.run(lambda record: network.look_up(record, Wanted("person", nobody))) == []

    def test_reactions_of_customers(self, desk: Desk, bluesky: RealBluesky, lea: Customer) -> None:
        post = bluesky.do("post", text="Triglav je spet na zalogi.")["id"]
        bluesky.do("react", person="lea", id=post)
        bluesky.do("react", person="lea", id=post, reaction="repost")
        bluesky.do("quote", person="lea", text="Končno!", post=post)
        desk.poll()
        assert {(each.target, each.reaction) for each in desk.of(ReactionChanged)} == {
            (post, "like"),
            (post, "repost"),
        }
        assert [each.kind for each in desk.of(MessageReceived)] == ["quote"]
        [seen] = desk.run(lambda record: network.look_up(record, Wanted("post", post)))
        assert isinstance(seen, PostSeen)
        assert (seen.likes, seen.shares, seen.text) == (1, 1, "Triglav je spet na zalogi.")

    def test_pictures_both_ways(self, desk: Desk, bluesky: RealBluesky, lea: Customer) -> None:
        bluesky.do("mention", person="lea", text="Takole so videti", picture="boot")
        desk.poll()
        question = desk.of(MessageReceived)[-1]
        [picture] = question.attachments
        assert httpx.get(picture.url, trust_env=False).content == draw("boot")
        file = OutgoingFile("box.png", "image/png", draw("box"), "")
        sent = desk.said(desk.answer("Pošljite v tej škatli.", question, files=(file,)))
        bluesky.network.settle()
        [reply] = thread(lea, question.external_id)
        assert reply["uri"] == sent.external_id
        assert len(reply["embed"]["images"]) == 1
        [seen] = desk.run(lambda record: network.look_up(record, Wanted("post", sent.external_id)))
        assert isinstance(seen, PostSeen)
        assert seen.picture_url

    def test_deleting(self, desk: Desk, bluesky: RealBluesky, lea: Customer) -> None:
        question = asked(desk, bluesky)
        sent = desk.said(desk.answer("Jutri.", question))
        ours = Target(sent.external_id, "public", "reply", question.post, sent.refs, ours=True)
        desk.act("delete", ours)
        desk.act("delete", ours)
        bluesky.network.settle()
        assert thread(lea, question.external_id) == []
        bluesky.do("remove", person="lea", id=question.external_id)
        [gone] = desk.run(lambda record: network.look_up(record, Wanted("message", question.external_id)))
        assert isinstance(gone, MessageRemoved)
        with pytest.raises(Refusal) as caught:
            desk.said(desk.answer("Še tu?", question, key="another"))
        assert caught.value.reason == "gone"

    def test_what_was_written_in_the_app_itself(self, desk: Desk, bluesky: RealBluesky) -> None:
        question = asked(desk, bluesky)
        root = dict(question.refs["root"])
        written = bluesky.own.post("Odgovarjam s telefona.", reply={"root": root, "parent": root})
        with clock.moved(timedelta(minutes=2)):
            desk.poll()
        assert [(each.external_id, each.parent) for each in desk.of(Echo)] == [
            (written["uri"], question.external_id)
        ]

    def test_chat_through_the_account_s_server(self, desk: Desk, bluesky: RealBluesky, lea: Customer) -> None:
        bluesky.do("message", person="lea", text="Vam lahko pišem tu?")
        desk.poll()
        message = desk.of(MessageReceived)[-1]
        assert (message.visibility, message.text) == ("private", "Vam lahko pišem tu?")
        assert message.author is not None
        assert message.author.external_id == lea.did
        sent = desk.said(desk.answer("Seveda.", message, "private"))
        assert [each["text"] for each in bluesky.seen()["messages"]] == ["Seveda."]
        desk.poll()
        assert [each.external_id for each in desk.of(Echo)] == [sent.external_id]


class TestNothingMissedNothingTwice:
    def test_two_hundred_mentions_at_once(self, desk: Desk, bluesky: RealBluesky, lea: Customer) -> None:
        said = [lea.mention(bluesky.own, str(number))["uri"] for number in range(200)]
        bluesky.network.settle()
        desk.poll()
        assert sorted(each.external_id for each in desk.of(MessageReceived)) == sorted(said)
        assert desk.poll() == []

    def test_mentions_while_we_poll(self, desk: Desk, bluesky: RealBluesky, lea: Customer) -> None:
        said = []
        for number in range(20):
            said += [lea.mention(bluesky.own, f"{number} {each}")["uri"] for each in range(5)]
            desk.poll()
        bluesky.network.settle()
        desk.poll()
        assert sorted(each.external_id for each in desk.of(MessageReceived)) == sorted(said)

    def test_a_restart_in_the_middle(self, desk: Desk, bluesky: RealBluesky, lea: Customer) -> None:
        said = [lea.mention(bluesky.own, str(number))["uri"] for number in range(150)]
        bluesky.network.settle()
        steps = network.collect(desk.record, desk.cursor)
        steps.send(desk.send(next(steps)))  # one page was read, then the process was killed
        steps.close()
        later = Desk(desk.record, cursor=desk.cursor)
        later.poll()
        assert sorted(each.external_id for each in later.of(MessageReceived)) == sorted(said)

    def test_one_whose_clock_is_slow(self, desk: Desk, bluesky: RealBluesky, lea: Customer) -> None:
        asked(desk, bluesky)
        late = lea.mention(bluesky.own, "Moja ura zaostaja", createdAt=_minutes_ago(5))
        bluesky.network.settle()
        desk.poll()
        assert desk.of(MessageReceived)[-1].external_id == late["uri"]

    def test_an_answer_lost_on_the_way_is_found(
        self, desk: Desk, bluesky: RealBluesky, lea: Customer
    ) -> None:
        question = asked(desk, bluesky)
        answer = desk.answer("Jutri.", question)
        send = desk.send

        def lose_the_answer(request: Any) -> Response:
            response = send(request)
            if request.decisive:
                raise AnswerLost(request.url)
            return response

        desk.send = lose_the_answer  # type: ignore[method-assign]
        with pytest.raises(AnswerLost):
            desk.said(answer)
        desk.send = send  # type: ignore[method-assign]
        found = desk.found(answer)
        assert desk.said(replace(answer, started=answer.created)) == found
        with pytest.raises(AnswerLost):  # a blind repetition meets the key that is taken
            desk.said(answer)
        bluesky.network.settle()
        assert [each["uri"] for each in thread(lea, question.external_id)] == [found.external_id]
        assert desk.found(desk.answer("Česa drugega nisem rekel.", question, key="another")) == NotThere()


class TestWhatTheServerRefuses:
    def test_an_expired_token_is_renewed(self, bluesky: RealBluesky) -> None:
        account = bluesky.accounts()[0]
        desk = Desk(AccountRecord(account.external_id, account.name, account.credentials, bluesky.url))
        desk.poll()
        bluesky.do("expire_token")
        desk.poll()
        assert (desk.calls_of("createSession"), desk.calls_of("refreshSession")) == (1, 1)

    def test_a_withdrawn_app_password(self, bluesky: RealBluesky) -> None:
        account = bluesky.accounts()[0]
        desk = Desk(AccountRecord(account.external_id, account.name, account.credentials, bluesky.url))
        desk.poll()
        bluesky.do("revoke")
        with pytest.raises(Refusal) as caught:
            desk.poll()
        assert (caught.value.reason, caught.value.retry) == ("sign_in_again", False)

    def test_a_forged_token(self, desk: Desk) -> None:
        desk.record = replace(desk.record, session={**desk.record.session, "access_jwt": "e30.e30.e30"})
        with pytest.raises(Refusal) as caught:
            desk.poll()
        assert (caught.value.reason, caught.value.code) == ("sign_in_again", "InvalidToken")

    def test_a_text_that_is_too_long(self, desk: Desk, bluesky: RealBluesky) -> None:
        with pytest.raises(Refusal) as caught:
            desk.said(desk.answer("a" * 301, asked(desk, bluesky)))
        assert (caught.value.reason, caught.value.retry) == ("too_long", False)

    def test_an_app_password_without_the_right_to_chat(self, desk: Desk, bluesky: RealBluesky) -> None:
        plain = bluesky.own.call("com.atproto.server.createAppPassword", name="no chat")
        credentials = {**desk.record.credentials, "app_password": plain["password"]}
        limited = Desk(replace(desk.record, credentials=credentials, session={}))
        bluesky.do("mention", person="lea", text="Slišite?")
        limited.poll()
        assert len(limited.of(MessageReceived)) == 1
        assert "Bad token method" in limited.cursor["chat_off"]["why"]


@pytest.fixture
def strict(real: RealNetwork) -> Iterator[RealNetwork]:
    """The network with its server's own limits."""
    real.restart(hour=3600, points=5000)
    yield real
    real.restart()


def test_the_thirty_first_sign_in_has_to_wait(strict: RealNetwork) -> None:
    acme = strict.person("acme-shoes.test")
    credentials = {"identifier": acme.handle, "app_password": PASSWORD}
    desk = Desk(AccountRecord(acme.did, "Acme", credentials, strict.url))
    for _ in range(30):
        desk.run(network.renew)
    with pytest.raises(Refusal) as caught:
        desk.run(network.check)
    refusal = caught.value
    assert (refusal.reason, refusal.retry) == ("slow_down", True)
    assert refusal.after is not None
    assert 0 < refusal.after <= 300


def _minutes_ago(minutes: int) -> str:
    moment = clock.now() - timedelta(minutes=minutes)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")

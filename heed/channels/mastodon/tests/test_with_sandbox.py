"""The adapter against the simulator over real HTTP, beyond what every network is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from heed.channels.base import (
    AccountChanged,
    Answer,
    Echo,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    OutgoingFile,
    PostSeen,
    ReactionChanged,
    Refusal,
    Sent,
    Target,
)
from heed.channels.mastodon.signin import SCOPES
from heed.channels.tests.contract import NETWORKS, Desk, target_of
from heed.lib import clock
from heed.lib.http import AnswerLost
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault
from heed.sandbox.networks.mastodon import Mastodon
from heed.sandbox.picture import draw
from heed.sandbox.tests.receiver import Receiver

network = NETWORKS["mastodon"]
WRITTEN_AGO = timedelta(seconds=90)
"""Later than this, our own statuses count as settled."""


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        desk = Desk(network, sandbox, receiver)
        desk.connect()
        yield desk


@pytest.fixture
def server(desk: Desk) -> Mastodon:
    assert isinstance(desk.simulator, Mastodon)
    return desk.simulator


def told(desk: Desk, text: str, person: str = "lea", verb: str = "mention", **more: Any) -> MessageReceived:
    desk.simulator.do(verb, person=person, text=text, **more)
    return desk.message(text)


def texts(server: Mastodon) -> list[str]:
    return [each["text"] for each in server.seen()["statuses"]]


def answered(url: str) -> dict[str, str]:
    """What the server sends the admin's browser back with."""
    location = httpx.get(url, trust_env=False).headers["location"]
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


class TestSigningIn:
    def test_all_the_way(self, desk: Desk, server: Mastodon) -> None:
        oauth = network.oauth
        assert oauth is not None
        back = f"{desk.receiver.url}/back"
        bare = replace(desk.record, credentials={})
        begun = desk.run(lambda _: oauth.begin(bare, back, "state-1"))
        yes = httpx.get(begun.url, trust_env=False)
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(yes.headers["location"]).query).items()
        }
        assert query["state"] == "state-1"
        given = desk.run(lambda _: oauth.finish(bare, begun.keep, query, back))
        desk.record = replace(desk.record, credentials=given)
        assert desk.run(network.check).missing == ()
        with pytest.raises(Refusal):
            desk.run(lambda _: oauth.finish(bare, begun.keep, query, back))
        again = desk.run(lambda _: oauth.begin(replace(bare, app=begun.app), back, "state-2"))
        assert again.app == begun.app
        given = desk.run(lambda _: oauth.finish(bare, again.keep, answered(again.url), back))
        assert given["access_token"]

    def test_another_s_verifier_does_not_help(self, desk: Desk) -> None:
        oauth = network.oauth
        assert oauth is not None
        back = f"{desk.receiver.url}/back"
        begun = desk.run(lambda record: oauth.begin(record, back, "s"))
        query, wrong = answered(begun.url), {**begun.keep, "verifier": "x" * 48}
        with pytest.raises(Refusal):
            desk.run(lambda record: oauth.finish(record, wrong, query, back))

    def test_what_the_server_says(self, desk: Desk, server: Mastodon) -> None:
        checked = desk.run(network.check)
        assert checked.handle == "acme@mastodon.example"
        assert checked.facts["max_characters"] == 500
        assert checked.facts["streaming"] == server.url
        assert network.able(checked.facts).quote
        requests, posts = checked.quotas
        assert (requests.of, 0 < requests.left < 300) == (300, True)
        assert (posts.what, posts.left) == ("posts in 3 hours", 300)

    def test_a_token_that_may_not_send_files(self, desk: Desk, server: Mastodon) -> None:
        server.do("scopes", scopes=" ".join(each for each in SCOPES if each != "write:media"))
        assert desk.run(network.check).missing == ("write:media",)
        answer = replace(desk.answer_to(told(desk, "Kje je?"), "Tu."), files=(picture(),))
        with pytest.raises(Refusal) as caught:
            desk.send(answer)
        assert caught.value.reason == "not_allowed"


def picture(mime: str = "image/png") -> OutgoingFile:
    return OutgoingFile("boot.png", mime, draw("boot"), "")


class TestTalking:
    def test_a_stranger_s_first_private_message(self, desk: Desk) -> None:
        message = told(desk, "Samo za vas", verb="message")
        assert (message.visibility, message.kind, message.post) == ("private", "message", "")
        desk.send(desk.answer_to(message, "Hvala."))
        (answered,) = desk.simulator.seen()["statuses"]
        assert (answered["visibility"], answered["text"]) == ("direct", "@lea_marn Hvala.")
        assert answered["parent"] == message.external_id

    def test_who_is_merely_mentioned_gets_nothing_private(self, desk: Desk, server: Mastodon) -> None:
        omar = told(desk, "Jaz sem drugi.", "omar", verb="message").author
        assert omar is not None
        message = told(desk, "Kdo mi pomaga?", verb="message")
        desk.send(desk.answer_to(message, f"Račun 88140: vprajte @{omar.handle}."))
        assert "88140" in str(server.scene("lea"))
        assert "88140" not in str(server.scene("omar"))

    def test_a_private_answer_to_a_public_question(self, desk: Desk, server: Mastodon) -> None:
        message = told(desk, "Kje je moj paket?", person="omar")
        desk.send(desk.answer_to(message, "Pišite nam številko.", "private"))
        assert [line.text for chat in server.scene("omar").chats for line in chat.lines] == [
            "Pišite nam številko."
        ]
        assert not server.scene("lea").chats

    def test_followers_only_stays_so(self, desk: Desk, server: Mastodon) -> None:
        desk.send(desk.answer_to(told(desk, "Samo sledilcem", verb="whisper"), "Velja."))
        assert server.seen()["statuses"][-1]["visibility"] == "private"

    def test_a_whole_thread_hangs_under_one_post(self, desk: Desk, server: Mastodon) -> None:
        post = server.do("post", text="Zimska kolekcija je tu.")["id"]
        first = told(desk, "Katera barva?", verb="comment", post=post)
        second = told(desk, "Tudi rjava?", person="omar", verb="comment", parent=first.external_id)
        assert (first.post, second.post, second.parent) == (post, post, first.external_id)
        seen = [each for each in desk.news if isinstance(each, PostSeen)]
        assert seen[0].text == "Zimska kolekcija je tu."

    def test_a_quote_and_a_quote_back(self, desk: Desk, server: Mastodon) -> None:
        post = server.do("post", text="Zimska kolekcija je tu.")["id"]
        message = told(desk, "Poglejte tole!", verb="quote", post=post)
        assert message.kind == "quote"
        desk.send(replace(desk.answer_to(message, "Hvala za lepe besede."), quote=True))
        ours = server.seen()["statuses"][-1]
        assert (ours["quote"], ours["parent"], ours["text"]) == (
            message.external_id,
            "",
            "Hvala za lepe besede.",
        )

    def test_everyone_in_the_talk_is_named(self, desk: Desk, server: Mastodon) -> None:
        server.do("mention", person="lea", text="Kaj pa ti, @omar_badr@social.example?")
        message = desk.message("Kaj pa ti, @omar_badr?")
        desk.send(desk.answer_to(message, "Oba imata prav."))
        assert server.seen()["statuses"][-1]["told"] == ["lea", "omar"]

    def test_a_picture_and_a_film(self, desk: Desk, server: Mastodon) -> None:
        message = told(desk, "Kje je?", picture="boot")
        assert [(each.kind, each.text) for each in message.attachments] == [("image", "boot")]
        sent = desk.send(replace(desk.answer_to(message, "Tu."), files=(picture(), picture())))
        assert sent.external_id
        film = OutgoingFile("zip.mp4", "video/mp4", b"mp4", "")
        desk.send(replace(desk.answer_to(message, "In film."), files=(film,), key="another"))
        assert [len(each["files"]) for each in server.seen()["statuses"]] == [2, 1]


class TestNothingTwice:
    def lost(self, desk: Desk, answer: Answer, drop: Any = "after") -> None:
        with pytest.raises(AnswerLost):
            desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop=drop)))

    def test_the_server_knows_the_key(self, desk: Desk, server: Mastodon) -> None:
        answer = replace(desk.answer_to(told(desk, "Kje je?"), "Na poti."), started=None)
        self.lost(desk, answer)
        desk.send(answer)
        assert texts(server) == ["@lea_marn Na poti."]

    @pytest.mark.parametrize("late", [False, True])
    def test_a_server_without_keys_or_after_their_hour(
        self, desk: Desk, server: Mastodon, late: bool
    ) -> None:
        answer = desk.answer_to(
            told(desk, "Kje je?"), "Na poti. https://acme.example/a/very/long/address/88140"
        )
        self.lost(desk, answer)
        if late:
            server.clock.move(3700)
        else:
            server.do("forget_keys")
        assert isinstance(desk.send(answer), Sent)
        assert len(texts(server)) == 1
        found = desk.run(lambda record: network.find(record, answer))
        assert isinstance(found, Sent)

    def test_what_never_came_is_sent_again(self, desk: Desk, server: Mastodon) -> None:
        answer = desk.answer_to(told(desk, "Kje je?"), "Na poti.")
        self.lost(desk, answer, drop="before")
        desk.send(answer)
        assert len(texts(server)) == 1

    def test_the_same_words_to_two_people_are_two(self, desk: Desk, server: Mastodon) -> None:
        for person in ("lea", "omar"):
            answer = replace(desk.answer_to(told(desk, f"Kje je, {person}?", person), "Na poti."), key=person)
            desk.send(answer)
        assert len(texts(server)) == 2


class TestActing:
    def test_boosting_and_taking_it_back(self, desk: Desk, server: Mastodon) -> None:
        message = told(desk, "Najboljši čevlji!")
        desk.act("repost", target_of(message), "")
        assert server.seen()["boosts"] == [message.external_id]
        desk.act("unrepost", target_of(message), "")
        assert server.seen()["boosts"] == []

    def test_what_only_followers_see_cannot_be_boosted(self, desk: Desk) -> None:
        message = told(desk, "Samo sledilcem", verb="whisper")
        with pytest.raises(Refusal) as caught:
            desk.act("repost", target_of(message), "")
        assert not caught.value.retry

    def test_our_words_can_be_changed_and_keep_their_picture(self, desk: Desk, server: Mastodon) -> None:
        message = told(desk, "Kje je?")
        sent = desk.send(replace(desk.answer_to(message, "Na poti jee."), files=(picture(),)))
        ours = Target(sent.external_id, "public", "reply", message.post, sent.refs, ours=True)
        desk.run(lambda record: network.act(record, "edit", ours, "", "Na poti je."))
        (now,) = server.seen()["statuses"]
        assert (now["text"], len(now["files"])) == ("@lea_marn Na poti je.", 1)
        (line,) = [each for each in server.scene("lea").lines() if each.ours]
        assert (line.text, line.edited) == ("Na poti je.", True)


class TestHearing:
    def news(self, desk: Desk, kind: type[Any]) -> list[Any]:
        return [each for each in desk.gather() if isinstance(each, kind)]

    def test_likes_and_boosts(self, desk: Desk, server: Mastodon) -> None:
        post = server.do("post", text="Zimska kolekcija je tu.")["id"]
        server.do("react", person="lea", id=post)
        server.do("react", person="omar", id=post, reaction="repost")
        found = [(each.target, each.reaction, each.author.name) for each in self.news(desk, ReactionChanged)]
        assert found == [(post, "like", "Lea Marn"), (post, "repost", "Omar Badr")]

    def test_every_step_of_an_edit(self, desk: Desk, server: Mastodon) -> None:
        message = told(desk, "Kje je moj pket?")
        for words in ("Kje je moj paket?", "Kje je moj paket 88140?"):
            server.clock.move(1)
            server.do("edit", person="lea", id=message.external_id, text=words)
        assert [each.text for each in self.news(desk, MessageEdited)] == [
            "Kje je moj paket?",
            "Kje je moj paket 88140?",
        ]

    def test_what_was_taken_back(self, desk: Desk, server: Mastodon) -> None:
        message = told(desk, "Ups", verb="message")
        server.do("remove", person="lea", id=message.external_id)
        assert self.news(desk, MessageRemoved) == [MessageRemoved(external_id=message.external_id, at=None)]

    def test_what_we_wrote_elsewhere(self, desk: Desk, server: Mastodon) -> None:
        message = told(desk, "Kje je?")
        server.clock.move(-WRITTEN_AGO.total_seconds())
        public = server.do("write_elsewhere", text="Na poti.", parent=message.external_id)["id"]
        private = server.do("say_elsewhere", person="omar", text="Hvala.")["id"]
        with clock.moved(timedelta(seconds=21)):
            reply, direct = self.news(desk, Echo)
        assert (reply.external_id, reply.text, reply.post) == (public, "Na poti.", message.post)
        assert (direct.external_id, direct.text, direct.visibility) == (private, "Hvala.", "private")
        assert direct.person.handle == "omar_badr@social.example"

    def test_the_moderators(self, desk: Desk, server: Mastodon) -> None:
        server.do("warn", action="disable", text="Zakaj?")
        assert self.news(desk, AccountChanged) == [
            AccountChanged(problem="account_blocked", detail="disable Zakaj?")
        ]

    def test_the_ear_hears_that_something_happened(self, desk: Desk, server: Mastodon) -> None:
        facts = desk.run(network.check).facts
        ear = network.ear(replace(desk.record, facts=facts))
        assert ear is not None
        server.do("mention", person="sam", text="Before")
        heard = desk.client.listen(ear, lambda: False)
        next(heard)  # the line is open
        for _ in range(2):
            server.do("mention", person="lea", text="Kje je?")
            next(heard)

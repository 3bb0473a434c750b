"""Posting, chatting, liking and finding again, against the simulator."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import (
    CannotTell,
    Echo,
    IdentitySeen,
    MessageReceived,
    MessageRemoved,
    NotThere,
    OutgoingFile,
    PostSeen,
    Refusal,
    Sent,
    Target,
    Wanted,
)
from heed.channels.bluesky.adapter import network
from heed.channels.bluesky.tests.desk import Desk, target_of
from heed.lib import clock
from heed.lib.http import AnswerLost
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault, Simulator
from heed.sandbox.picture import draw

CREATE = "POST /xrpc/com.atproto.repo.createRecord"


def asked(desk: Desk, bluesky: Simulator, visibility: str = "public") -> MessageReceived:
    desk.poll()
    verb = "mention" if visibility == "public" else "message"
    bluesky.do(verb, person="lea", text="Kje je paket?")
    desk.poll()
    return desk.of(MessageReceived)[-1]


def posts(bluesky: Simulator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bluesky.seen()["posts"]
    return found


def test_a_reply_hangs_where_it_should(desk: Desk, bluesky: Simulator) -> None:
    post = bluesky.do("post", text="The Triglav boot is back.")
    desk.poll()
    bluesky.do("comment", person="lea", text="Kdaj?", post=post["id"])
    desk.poll()
    [question] = desk.of(MessageReceived)
    sent = desk.said(desk.answer("Jutri.", question))
    reply = posts(bluesky)[-1]
    assert (reply["uri"], reply["parent"]) == (sent.external_id, question.external_id)
    assert reply["record"]["reply"]["root"] == {"uri": post["id"], "cid": post["cid"]}
    assert sent.refs == {
        "uri": sent.external_id,
        "cid": reply["cid"],
        "root": {"uri": post["id"], "cid": post["cid"]},
    }


def test_links_handles_and_tags_are_alive(desk: Desk, bluesky: Simulator) -> None:
    question = asked(desk, bluesky)
    assert question.author is not None
    text = f"Здраво @{question.author.handle} @nihce.test 👋 https://acme.example/a. #škornji"
    desk.said(desk.answer(text, question))
    raw = text.encode()
    facets = posts(bluesky)[-1]["record"]["facets"]
    shown = [raw[each["index"]["byteStart"] : each["index"]["byteEnd"]].decode() for each in facets]
    assert shown == [f"@{question.author.handle}", "https://acme.example/a", "#škornji"]
    assert facets[0]["features"][0]["did"] == question.author.external_id


def test_pictures_go_along(desk: Desk, bluesky: Simulator) -> None:
    picture = OutgoingFile("boot.png", "image/png", draw("boot"), "http://127.0.0.1/boot.png", "Škorenj")
    desk.said(desk.answer("Takole.", asked(desk, bluesky), files=(picture, picture)))
    images = posts(bluesky)[-1]["record"]["embed"]["images"]
    assert [(each["image"]["mimeType"], each["image"]["size"]) for each in images] == [
        ("image/png", len(picture.content))
    ] * 2
    assert [each["alt"] for each in images] == ["Škorenj"] * 2
    assert [each["aspectRatio"] for each in images] == [{"width": 480, "height": 360}] * 2


def test_a_picture_that_is_too_large(desk: Desk, bluesky: Simulator) -> None:
    large = OutgoingFile("boot.png", "image/png", b"\x89PNG" + bytes(2_000_001), "")
    with pytest.raises(Refusal) as caught:
        desk.said(desk.answer("Takole.", asked(desk, bluesky), files=(large,)))
    assert caught.value.reason == "file_refused"


def test_an_answer_to_what_is_gone(desk: Desk, bluesky: Simulator) -> None:
    question = asked(desk, bluesky)
    bluesky.do("remove", person="lea", id=question.external_id)
    with pytest.raises(Refusal) as caught:
        desk.said(desk.answer("Jutri.", question))
    assert (caught.value.reason, caught.value.retry) == ("gone", False)


def test_a_text_that_is_too_long(desk: Desk, bluesky: Simulator) -> None:
    with pytest.raises(Refusal) as caught:
        desk.said(desk.answer("a" * 301, asked(desk, bluesky)))
    assert caught.value.reason == "too_long"


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_after_a_lost_answer_a_second_attempt_sends_nothing_new(
    sandbox: Sandbox, desk: Desk, bluesky: Simulator, visibility: Any
) -> None:
    answer = desk.answer("Jutri bo pri vas.", asked(desk, bluesky, visibility), visibility)
    route = CREATE if visibility == "public" else "POST /xrpc/chat.bsky.convo.sendMessage"
    sandbox.fault("bluesky", Fault(route, drop="after"))
    with pytest.raises(AnswerLost):
        desk.said(answer)
    found = desk.found(answer)
    again = desk.said(replace(answer, started=answer.created))
    assert isinstance(found, Sent)
    assert again == found
    seen = bluesky.seen()
    assert len(seen["posts"]) + len(seen["messages"]) == 1


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_a_lost_question_proves_that_nothing_came(
    sandbox: Sandbox, desk: Desk, bluesky: Simulator, visibility: Any
) -> None:
    answer = desk.answer("Jutri bo pri vas.", asked(desk, bluesky, visibility), visibility)
    sandbox.fault("bluesky", Fault(CREATE, drop="before"))
    sandbox.fault("bluesky", Fault("POST /xrpc/chat.bsky.convo.sendMessage", drop="before"))
    with pytest.raises(AnswerLost):
        desk.said(answer)
    if visibility == "private":
        assert desk.found(answer) == CannotTell(ask_again=30)  # it may still be on its way
    with clock.moved(timedelta(seconds=31)):
        assert desk.found(answer) == NotThere()
    assert isinstance(desk.said(replace(answer, started=answer.created)), Sent)


def test_a_chat_message_settles_from_the_last_attempt_on(desk: Desk, bluesky: Simulator) -> None:
    """One that was tried again is as fresh as its last try, however long ago the first one was."""
    now = clock.now()
    answer = desk.answer("Jutri.", asked(desk, bluesky, "private"), "private")
    again = replace(answer, started=now - timedelta(hours=1), tried=now - timedelta(seconds=5))
    assert desk.found(again) == CannotTell(ask_again=30)
    assert desk.found(replace(again, tried=now - timedelta(seconds=31))) == NotThere()


def test_a_blind_second_attempt_meets_the_first(desk: Desk, bluesky: Simulator) -> None:
    answer = desk.answer("Jutri.", asked(desk, bluesky))
    first = desk.said(answer)
    with pytest.raises(AnswerLost):  # the server fails over the key that is taken, as the real one does
        desk.said(answer)
    assert desk.found(answer) == first
    assert len(posts(bluesky)) == 1


def test_the_same_words_of_before_are_not_taken_for_this_message(desk: Desk, bluesky: Simulator) -> None:
    message = asked(desk, bluesky, "private")
    desk.said(desk.answer("Da.", message, "private"))
    with clock.moved(timedelta(minutes=1)):
        now = clock.now()
        answer = desk.answer("Da.", message, "private", key="second", created=now, started=now)
    with clock.moved(timedelta(minutes=2)):
        assert desk.found(answer) == NotThere()


def test_a_private_answer_accepts_the_conversation(desk: Desk, bluesky: Simulator) -> None:
    message = asked(desk, bluesky, "private")
    sent = desk.said(desk.answer("Na poti je. https://acme.example/88140", message, "private"))
    assert desk.calls_of("acceptConvo") == 1
    assert bluesky.seen()["messages"][0]["text"] == "Na poti je. https://acme.example/88140"
    assert sent.refs == {"convo": message.refs["convo"]}
    desk.poll()
    assert [each.external_id for each in desk.of(Echo)] == [sent.external_id]


def test_a_public_question_can_be_answered_privately(desk: Desk, bluesky: Simulator) -> None:
    question = asked(desk, bluesky)
    desk.said(desk.answer("Pošljite številko naročila.", question, "private"))
    [message] = bluesky.seen()["messages"]
    assert question.author is not None
    assert message["to"] == question.author.external_id


def test_someone_who_takes_no_messages(desk: Desk, bluesky: Simulator) -> None:
    question = asked(desk, bluesky)
    bluesky.do("leave", person="lea")
    with pytest.raises(Refusal) as caught:
        desk.said(desk.answer("Pišite nam.", question, "private"))
    assert (caught.value.reason, caught.value.retry) == ("unreachable", False)


def test_without_the_right_to_chat(desk: Desk, bluesky: Simulator) -> None:
    question = asked(desk, bluesky)
    bluesky.do("chat_right", on=False)
    with pytest.raises(Refusal) as caught:
        desk.said(desk.answer("Pišite nam.", question, "private"))
    assert caught.value.reason == "not_allowed"


def test_with_chat_switched_off(desk: Desk, bluesky: Simulator) -> None:
    question = asked(desk, bluesky)
    desk.record = replace(desk.record, settings={"chat_proxy": ""})
    with pytest.raises(Refusal) as caught:
        desk.said(desk.answer("Pišite nam.", question, "private"))
    assert caught.value.reason == "not_configured"


@pytest.mark.parametrize(("action", "kept"), [("like", "like_uri"), ("repost", "repost_uri")])
def test_liking_and_taking_it_back(desk: Desk, bluesky: Simulator, action: str, kept: str) -> None:
    question = asked(desk, bluesky)
    target = target_of(question)
    refs = desk.act(action, target)
    assert bluesky.seen()[f"{action}s"] == [question.external_id]
    assert desk.act(action, target) == refs  # a second time changes nothing
    assert bluesky.seen()[f"{action}s"] == [question.external_id]
    assert desk.act(f"un{action}", replace(target, refs={**target.refs, **refs})) == {kept: None}
    assert bluesky.seen()[f"{action}s"] == []
    desk.act(action, target)
    desk.act(f"un{action}", target)  # the like's address was not kept: it is asked for
    assert bluesky.seen()[f"{action}s"] == []


def test_deleting_our_own_twice(desk: Desk, bluesky: Simulator) -> None:
    sent = desk.said(desk.answer("Jutri.", asked(desk, bluesky)))
    ours = Target(sent.external_id, "public", "reply", "", sent.refs, ours=True)
    desk.act("delete", ours)
    desk.act("delete", ours)
    assert [each["removed"] for each in posts(bluesky)] == [True]


def test_what_is_not_ours_cannot_be_deleted(desk: Desk, bluesky: Simulator) -> None:
    with pytest.raises(Refusal) as caught:
        desk.act("delete", target_of(asked(desk, bluesky)))
    assert caught.value.reason == "not_allowed"


def test_opening_a_chat_is_told(desk: Desk, bluesky: Simulator) -> None:
    message = asked(desk, bluesky, "private")
    desk.act("seen", target_of(message))
    assert desk.asked[-1].json == {"convoId": message.refs["convo"], "messageId": message.external_id}


class TestLookingUp:
    def look_up(self, desk: Desk, what: Any, external_id: str) -> list[Any]:
        return desk.run(lambda record: network.look_up(record, Wanted(what, external_id)))

    def test_a_post(self, desk: Desk, bluesky: Simulator) -> None:
        post = bluesky.do("post", text="The Triglav boot is back.", picture="boot", likes=3, shares=1)["id"]
        bluesky.do("comment", person="lea", text="Kdaj?", post=post)
        bluesky.do("react", person="lea", id=post)
        [seen] = self.look_up(desk, "post", post)
        assert (seen.text, seen.likes, seen.comments, seen.shares) == ("The Triglav boot is back.", 4, 1, 1)
        assert seen.author.name == "Acme"
        assert seen.picture_url.startswith(bluesky.url)

    def test_a_post_that_is_gone(self, desk: Desk, bluesky: Simulator) -> None:
        post = bluesky.do("mention", person="lea", text="Kje?")["id"]
        bluesky.do("remove", person="lea", id=post)
        assert self.look_up(desk, "post", post) == [PostSeen(external_id=post, removed=True)]
        [removed] = self.look_up(desk, "message", post)
        assert isinstance(removed, MessageRemoved)
        assert removed.external_id == post

    def test_a_message_that_is_there(self, desk: Desk, bluesky: Simulator) -> None:
        post = bluesky.do("mention", person="lea", text="Kje?")["id"]
        assert self.look_up(desk, "message", post) == []
        assert self.look_up(desk, "message", "3n2maaaaaa222") == []

    def test_a_person(self, desk: Desk, bluesky: Simulator) -> None:
        message = asked(desk, bluesky)
        assert message.author is not None
        [seen] = self.look_up(desk, "person", message.author.external_id)
        assert isinstance(seen, IdentitySeen)
        assert (seen.person.name, seen.person.handle) == ("Lea Marn", "lea-marn.bsky.example")

    def test_a_person_whose_account_is_closed_or_unknown(self, desk: Desk, bluesky: Simulator) -> None:
        message = asked(desk, bluesky)
        assert message.author is not None
        bluesky.do("close_account", person="lea")
        assert self.look_up(desk, "person", message.author.external_id) == []
        assert self.look_up(desk, "person", "did:plc:nobody") == []

"""Reactions to chat messages, and answers to a chosen one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from heed.channels.base import Echo, MessageReceived, ReactionChanged, Refusal, Target
from heed.channels.bluesky.acting import act
from heed.channels.bluesky.tests.desk import Desk, target_of
from heed.channels.bluesky.tests.test_session import answer, run, signed_in
from heed.sandbox.frame import Line, Simulator


def asked(desk: Desk, bluesky: Simulator, **more: Any) -> MessageReceived:
    desk.poll()
    bluesky.do("message", person="lea", text="Ste še odprti?", **more)
    desk.poll()
    return desk.of(MessageReceived)[-1]


def line(bluesky: Simulator, external_id: str) -> Line:
    [found] = [each for each in bluesky.scene("lea").lines() if each.id == external_id]
    return found


def test_giving_one_and_taking_it_back(desk: Desk, bluesky: Simulator) -> None:
    target = target_of(asked(desk, bluesky))
    refs = desk.act("react", target, "👍")
    assert refs == {"reaction": "👍"}
    assert line(bluesky, target.external_id).liked
    assert desk.act("unreact", replace(target, refs={**target.refs, **refs})) == {"reaction": None}
    assert not line(bluesky, target.external_id).liked


def test_the_log_tells_of_ours_as_of_ours(desk: Desk, bluesky: Simulator) -> None:
    target = target_of(asked(desk, bluesky))
    desk.act("react", target, "👍")
    desk.poll()
    told = [(each.author.external_id, each.reaction, each.on) for each in desk.of(ReactionChanged)]
    assert told == [(desk.record.external_id, "👍", True)]


def test_one_given_in_bluesky_s_own_app_is_taken_back(desk: Desk, bluesky: Simulator) -> None:
    target = target_of(asked(desk, bluesky))
    refs = desk.act("react", target, "👍")
    bluesky.do("react_elsewhere", id=target.external_id, reaction="👍", on=False)
    bluesky.do("react_elsewhere", id=target.external_id, reaction="🎉")
    desk.act("unreact", replace(target, refs={**target.refs, **refs}))
    assert not line(bluesky, target.external_id).liked
    assert [each.json["value"] for each in desk.asked if "removeReaction" in each.url] == ["🎉"]


def test_the_customer_s_own_stays(desk: Desk, bluesky: Simulator) -> None:
    target = target_of(asked(desk, bluesky))
    bluesky.do("react", person="lea", id=target.external_id, reaction="👍")
    desk.act("react", target, "👍")
    desk.act("unreact", target)
    assert line(bluesky, target.external_id).reacted


def test_our_own_message_takes_one_too(desk: Desk, bluesky: Simulator) -> None:
    sent = desk.said(desk.answer("Do osmih.", asked(desk, bluesky), "private"))
    ours = Target(sent.external_id, "private", "", "", sent.refs, ours=True)
    desk.act("react", ours, "👍")
    assert line(bluesky, sent.external_id).liked


def test_a_reaction_accepts_the_conversation(desk: Desk, bluesky: Simulator) -> None:
    message = asked(desk, bluesky)
    assert message.refs["request"]
    desk.act("react", target_of(message), "👍")
    assert desk.calls_of("acceptConvo") == 1


@pytest.mark.parametrize(("emoji", "removed", "reason"), [("ok", False, "bad_request"), ("👍", True, "gone")])
def test_what_takes_none(desk: Desk, bluesky: Simulator, emoji: str, removed: bool, reason: str) -> None:
    message = asked(desk, bluesky)
    if removed:
        bluesky.do("remove", person="lea", id=message.external_id)
    with pytest.raises(Refusal) as caught:
        desk.act("react", target_of(message), emoji)
    assert (caught.value.reason, caught.value.retry) == (reason, False)


def test_taking_back_from_what_is_gone_is_done(desk: Desk, bluesky: Simulator) -> None:
    target = target_of(asked(desk, bluesky))
    refs = desk.act("react", target, "👍")
    bluesky.do("remove", person="lea", id=target.external_id)
    assert desk.act("unreact", replace(target, refs={**target.refs, **refs})) == {"reaction": None}


def test_a_post_takes_no_reaction(desk: Desk, bluesky: Simulator) -> None:
    desk.poll()
    bluesky.do("mention", person="lea", text="Kje je paket?")
    desk.poll()
    with pytest.raises(Refusal) as caught:
        desk.act("react", target_of(desk.of(MessageReceived)[-1]), "👍")
    assert caught.value.reason == "bad_request"


def test_one_too_far_back_is_taken_back_as_it_was_kept() -> None:
    """The conversation is read so far, and not to its beginning."""
    target = Target("m1", "private", "message", "", {"convo": "c", "reaction": "👍"})
    newer = {"id": "m2", "sender": {"did": "did:plc:lea"}, "sentAt": "2026-11-21T10:00:00.000Z"}
    pages = [answer(200, messages=[newer], cursor=str(number)) for number in range(5)]
    _, requests = run(act(signed_in(), "unreact", target, ""), *pages, answer(200, message={}))
    assert requests[-1].url.endswith("removeReaction")
    assert requests[-1].json == {"convoId": "c", "messageId": "m1", "value": "👍"}


def test_an_answer_to_a_chosen_message_names_it(desk: Desk, bluesky: Simulator) -> None:
    first, second = asked(desk, bluesky), asked(desk, bluesky)
    answers = desk.answer("Do osmih.", first, "private")
    desk.said(replace(answers, chosen=True))
    desk.said(replace(desk.answer("Tudi ob sobotah.", second, "private", key="second"), chosen=False))
    assert [each["answers"] for each in bluesky.seen()["messages"]] == [first.external_id, ""]


def test_a_private_reply_to_a_chosen_post_names_none(desk: Desk, bluesky: Simulator) -> None:
    desk.poll()
    bluesky.do("mention", person="lea", text="Kje je paket?")
    desk.poll()
    question = desk.of(MessageReceived)[-1]
    desk.said(replace(desk.answer("Pišite nam.", question, "private"), chosen=True))
    assert [each["answers"] for each in bluesky.seen()["messages"]] == [""]


def test_what_a_message_answers_is_read(desk: Desk, bluesky: Simulator) -> None:
    sent = desk.said(replace(desk.answer("Do osmih.", asked(desk, bluesky), "private"), chosen=True))
    back = asked(desk, bluesky, answers=sent.external_id)
    assert back.parent == sent.external_id
    [echo] = desk.of(Echo)
    assert (echo.external_id, bool(echo.parent)) == (sent.external_id, True)

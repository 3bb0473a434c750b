"""Answering on the sandbox's Facebook, over real HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import (
    Answer,
    CannotTell,
    Echo,
    HiddenChanged,
    MessageReceived,
    MessageRemoved,
    NotThere,
    OutgoingFile,
    ReactionChanged,
    Receipt,
    Sent,
)
from heed.channels.facebook.adapter import network
from heed.channels.meta.tests.desk import PICTURE, answer_to, as_target, news, only, our_lines, refused
from heed.channels.tests.contract import Desk
from heed.lib import clock
from heed.lib.http import AnswerLost, Request
from heed.sandbox.frame import Fault
from heed.sandbox.networks.facebook import Facebook

INVOICE = OutgoingFile("račun.pdf", "application/pdf", b"%PDF bill", "https://desk.acme.example/f/2")


def private_reply_to(desk: Desk, message: MessageReceived, text: str = "Povejte mi številko.") -> Answer:
    return answer_to(desk, message, text, visibility="private", person="")


def test_answer_to_a_reply_hangs_under_its_comment(desk: Desk) -> None:
    comment = desk.simulator.do("comment", person="lea", text="Kje je?")["id"]
    desk.simulator.do("comment", person="lea", text="Halo?", parent=comment)
    _, reply = news(desk, MessageReceived)
    sent = desk.send(answer_to(desk, reply))
    echo = only(desk, Echo)
    assert (echo.external_id, echo.parent, echo.text) == (sent.external_id, comment, "Na poti je.")


def test_picture_under_a_comment(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kakšni so?")
    desk.send(answer_to(desk, message, files=(PICTURE,)))
    (line,) = our_lines(desk)
    assert line.text == "Na poti je."
    assert desk.client.send(Request("GET", line.picture)).body == PICTURE.content


def test_files_in_messenger(desk: Desk) -> None:
    message = desk.customer_writes("private", "Račun, prosim")
    sent = desk.send(answer_to(desk, message, files=(PICTURE, INVOICE)))
    picture, invoice, text = our_lines(desk)
    assert (sent.external_id, sent.more) == (text.id, (picture.id, invoice.id))
    assert desk.client.send(Request("GET", picture.picture)).body == PICTURE.content
    assert desk.client.send(Request("GET", invoice.files[0])).body == INVOICE.content
    assert {echo.key for echo in news(desk, Echo)} == {"0f8fad5b-d9cb-469f-a165-70867728950e"}


def test_echo_before_the_answer(desk: Desk) -> None:
    message = desk.customer_writes("private", "Kje je?")
    desk.simulator.do("hurry")
    sent = desk.send(answer_to(desk, message))
    assert message.author is not None
    echo = only(desk, Echo)
    assert (echo.external_id, echo.person) == (sent.external_id, message.author)
    assert echo.key == "0f8fad5b-d9cb-469f-a165-70867728950e"


def test_answers_given_outside(desk: Desk) -> None:
    message = desk.customer_writes("private", "Kje je?")
    comment = desk.customer_writes("public", "Halo?")
    desk.simulator.do("outside", person="lea", text="Iz pisarne")
    desk.simulator.do("outside", id=comment.external_id, text="S telefona")
    private, public = news(desk, Echo)
    assert (private.text, private.key, private.person) == ("Iz pisarne", "", message.author)
    assert (public.text, public.parent) == ("S telefona", comment.external_id)


def test_receipts(desk: Desk) -> None:
    sent = desk.send(answer_to(desk, desk.customer_writes("private", "Kje je?")))
    desk.gather()
    desk.simulator.do("read", person="lea")
    delivered, seen = news(desk, Receipt)
    assert (delivered.state, delivered.external_ids) == ("delivered", (sent.external_id,))
    assert seen.state == "seen"
    assert seen.watermark is not None
    assert seen.person == sent.person


def test_private_reply_once(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    sent = desk.send(private_reply_to(desk, message))
    assert message.author is not None
    assert sent.person not in ("", message.author.external_id)
    assert desk.times_seen("Povejte mi številko.") == 1
    assert refused(desk, private_reply_to(desk, message)).reason == "not_privately"


@pytest.mark.parametrize("deed", ["mention", "mention_in_comment"])
def test_only_what_stands_on_the_page_is_answered_privately(desk: Desk, deed: str) -> None:
    desk.simulator.do(deed, person="lea", text="@Acme poglejte")
    (message,) = news(desk, MessageReceived)
    assert message.kind not in network.capabilities.private_reply_to
    assert refused(desk, private_reply_to(desk, message)).reason == "not_privately"


def test_after_a_private_reply_the_customer_is_next(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    sent = desk.send(private_reply_to(desk, message))
    written = desk.customer_writes("private", "88140")
    assert written.author is not None
    assert written.author.external_id == sent.person
    desk.send(answer_to(desk, written))
    assert desk.times_seen("Na poti je.") == 1


def test_second_private_message_before_the_customer_answers(desk: Desk) -> None:
    sent = desk.send(private_reply_to(desk, desk.customer_writes("public", "Kje je?")))
    again = Answer("k", "private", "Halo?", sent.person, None)
    assert refused(desk, again).reason == "outside_window"


def test_late_private_reply(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    desk.sandbox.clock.move(timedelta(days=7, minutes=1).total_seconds())
    assert refused(desk, private_reply_to(desk, message)).reason == "outside_window"


def test_closed_window(desk: Desk) -> None:
    message = desk.customer_writes("private", "Kje je?")
    desk.sandbox.clock.move(timedelta(hours=24, minutes=1).total_seconds())
    refusal = refused(desk, answer_to(desk, message))
    assert (refusal.reason, refusal.retry, refusal.code) == ("outside_window", False, "10/2018278")


@pytest.mark.parametrize(("visibility", "most"), [("public", 8000), ("private", 2000)])
def test_too_long(desk: Desk, visibility: Any, most: int) -> None:
    message = desk.customer_writes(visibility, "Kje je?")
    assert refused(desk, answer_to(desk, message, "ž" * (most + 1))).reason == "too_long"


def test_file_too_large(desk: Desk) -> None:
    message = desk.customer_writes("private", "Kje je?")
    large = replace(PICTURE, content=b"x" * (8 * 1024 * 1024 + 1))
    assert refused(desk, answer_to(desk, message, files=(large,))).reason == "file_refused"


def test_comment_is_gone(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    desk.simulator.do("remove", person="lea", id=message.external_id)
    assert refused(desk, answer_to(desk, message)).reason == "gone"


def test_blocked_by_the_customer(desk: Desk) -> None:
    message = desk.customer_writes("private", "Kje je?")
    desk.simulator.do("leave", person="lea")
    assert refused(desk, answer_to(desk, message)).reason == "unreachable"


@pytest.mark.parametrize("code", [4, 613, 80001, 80006])
def test_rate_limit(desk: Desk, code: int) -> None:
    message = desk.customer_writes("private", "Kje je?")
    desk.simulator.do("throttle", code=code, minutes=3)
    refusal = refused(desk, answer_to(desk, message))
    assert (refusal.reason, refusal.retry, refusal.after) == ("slow_down", True, 180)
    desk.send(answer_to(desk, message))
    assert desk.times_seen("Na poti je.") == 1


def test_late_answer_by_a_person(desk: Desk, facebook: Facebook) -> None:
    message = desk.customer_writes("private", "Živjo")
    facebook.clock.move(timedelta(days=3).total_seconds())
    late = answer_to(desk, message, "Oprostite.", late="human_agent")
    assert refused(desk, late).reason == "outside_window"
    facebook.do("grant", name="human_agent")
    desk.send(late)
    facebook.clock.move(timedelta(days=5).total_seconds())
    assert refused(desk, late).reason == "outside_window"


def test_answer_to_a_chosen_message(desk: Desk) -> None:
    first = desk.customer_writes("private", "Prvo")
    desk.customer_writes("private", "Drugo")
    desk.send(answer_to(desk, first, "Na prvo.", chosen=True))
    (echo,) = [each for each in news(desk, Echo) if each.text == "Na prvo."]
    assert echo.parent == first.external_id


def test_edit_of_our_comment(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    sent = desk.send(answer_to(desk, message, "Na pti."))
    ours = replace(as_target(message), external_id=sent.external_id, ours=True)
    desk.run(lambda record: network.act(record, "edit", ours, "", "Na poti."))
    assert (desk.times_seen("Na poti."), desk.times_seen("Na pti.")) == (1, 0)


def test_review_and_answer(desk: Desk) -> None:
    desk.simulator.do("review", person="lea", text="Lepi čevlji", stars=4)
    message = desk.message("Lepi čevlji")
    assert (message.kind, message.text, message.post) == (
        "review",
        "★★★★☆\nLepi čevlji",
        message.external_id,
    )
    desk.send(answer_to(desk, message, "Hvala!"))
    assert desk.times_seen("Hvala!") == 1
    assert refused(desk, private_reply_to(desk, message)).reason == "not_allowed"


def test_sticker_under_a_post(desk: Desk) -> None:
    desk.simulator.do("sticker", person="lea")
    (attachment,) = only(desk, MessageReceived).attachments
    source = desk.run(lambda record: network.media(record, attachment.url))
    assert source.url.startswith("http")


def lose(desk: Desk, answer: Answer, drop: Any) -> None:
    with pytest.raises(AnswerLost):
        desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop=drop)))


def find(desk: Desk, answer: Answer) -> Any:
    return desk.run(lambda record: network.find(record, answer))


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_found_after_the_line_broke(desk: Desk, visibility: Any) -> None:
    answer = answer_to(desk, desk.customer_writes(visibility, "Kje je?"))
    lose(desk, answer, "after")
    found = find(desk, answer)
    assert isinstance(found, Sent)
    assert [line.id for line in our_lines(desk)] == [found.external_id]


def test_private_reply_found_after_the_line_broke(desk: Desk, facebook: Facebook) -> None:
    answer = private_reply_to(desk, desk.customer_writes("public", "Kje je?"))
    lose(desk, answer, "after")
    found = find(desk, answer)
    assert isinstance(found, Sent)
    assert (found.external_id, found.person) == (our_lines(desk)[0].id, facebook.psid("lea"))


@pytest.mark.parametrize(("visibility", "verdict"), [("public", NotThere()), ("private", CannotTell())])
def test_absence(desk: Desk, visibility: Any, verdict: Any) -> None:
    answer = answer_to(desk, desk.customer_writes(visibility, "Kje je?"))
    lose(desk, answer, "before")
    early = find(desk, answer)
    assert isinstance(early, CannotTell)
    assert early.ask_again
    with clock.moved(timedelta(seconds=61)):
        assert find(desk, answer) == verdict


def test_the_same_words_of_yesterday_do_not_count(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    desk.send(answer_to(desk, message))
    with clock.moved(timedelta(days=1)):
        today = answer_to(desk, message)
        assert find(desk, replace(today, started=clock.now() - timedelta(seconds=61))) == NotThere()


def test_found_among_many_comments(desk: Desk) -> None:
    message = desk.customer_writes("public", "Kje je?")
    answer = answer_to(desk, message)
    lose(desk, answer, "after")
    for number in range(120):
        desk.simulator.do("comment", person="omar", text=f"{number}", parent=message.external_id)
    assert isinstance(find(desk, answer), Sent)
    pages = [each for each in desk.simulator.requests if each.call.path.endswith("/comments")]
    assert len([each for each in pages if each.call.method == "GET"]) == 3


def act(desk: Desk, action: Any, message: MessageReceived) -> None:
    person = message.author.external_id if message.author else ""
    desk.run(lambda record: network.act(record, action, as_target(message), person, "👍"))


def test_like_and_unlike(desk: Desk) -> None:
    message = desk.customer_writes("public", "Hvala!")
    act(desk, "like", message)
    act(desk, "like", message)
    assert desk.simulator.seen()["liked"] == [message.external_id]
    act(desk, "unlike", message)
    assert desk.simulator.seen()["liked"] == []
    ours = [
        each for each in news(desk, ReactionChanged) if each.author.external_id == desk.record.external_id
    ]
    assert [each.on for each in ours] == [True, False]


def test_hide_and_unhide(desk: Desk) -> None:
    message = desk.customer_writes("public", "Grdo!")
    act(desk, "hide", message)
    assert desk.simulator.seen()["hidden"] == [message.external_id]
    assert "Grdo!" not in [line.text for line in desk.simulator.scene("omar").lines()]
    assert "Grdo!" in [line.text for line in desk.simulator.scene("lea").lines()]
    act(desk, "unhide", message)
    assert [each.hidden for each in news(desk, HiddenChanged)] == [True, False]


def test_delete(desk: Desk) -> None:
    message = desk.customer_writes("public", "Grdo!")
    act(desk, "delete", message)
    act(desk, "delete", message)
    assert only(desk, MessageRemoved).external_id == message.external_id


def test_seen_typing_and_a_like_in_messenger(desk: Desk) -> None:
    message = desk.customer_writes("private", "Hvala!")
    for action in ("seen", "typing", "react"):
        act(desk, action, message)
    assert [line.liked for line in desk.simulator.scene("lea").lines() if line.mine] == [True]
    act(desk, "unreact", message)
    assert [line.liked for line in desk.simulator.scene("lea").lines() if line.mine] == [False]

"""Answering on the sandbox's Instagram, over real HTTP, by either login."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from heed.channels.base import Answer, CannotTell, Echo, MessageReceived, NotThere, Sent
from heed.channels.instagram.adapter import network
from heed.channels.meta.tests.desk import PICTURE, answer_to, as_target, news, only, refused
from heed.channels.tests.contract import Desk
from heed.lib import clock
from heed.lib.http import AnswerLost
from heed.sandbox.frame import Fault
from heed.sandbox.networks.instagram import Instagram

DAY = 24 * 60 * 60


def private_reply_to(desk: Desk, message: MessageReceived, text: str = "Povejte mi številko.") -> Answer:
    return answer_to(desk, message, text, visibility="private")


def commented(desk: Desk, text: str = "Kje je paket?") -> MessageReceived:
    return desk.customer_writes("public", text)


def written(desk: Desk, text: str = "Kje je paket?") -> MessageReceived:
    return desk.customer_writes("private", text)


def test_our_reply_comes_back_as_an_echo(desk: Desk) -> None:
    comment = commented(desk)
    sent = desk.send(answer_to(desk, comment))
    echo = only(desk, Echo)
    assert (echo.external_id, echo.text, echo.parent) == (
        sent.external_id,
        "Na poti je.",
        comment.external_id,
    )
    assert len(news(desk, MessageReceived)) == 1


def test_a_reply_to_a_reply_hangs_under_the_comment(desk: Desk) -> None:
    comment = commented(desk)
    desk.simulator.do("comment", person="lea", text="Halo?", parent=comment.external_id)
    sent = desk.send(answer_to(desk, desk.message("Halo?")))
    assert sent.refs["top"] == comment.external_id
    assert desk.times_seen("Na poti je.") == 1


def test_a_comment_that_is_gone(desk: Desk) -> None:
    comment = commented(desk)
    desk.simulator.do("remove", person="lea", id=comment.external_id)
    assert refused(desk, answer_to(desk, comment)).reason == "gone"


def test_too_long_a_comment(desk: Desk) -> None:
    assert refused(desk, answer_to(desk, commented(desk), "ž" * 301)).reason == "too_long"


def test_hide_show_delete(desk: Desk, instagram: Instagram) -> None:
    comment = as_target(commented(desk))
    desk.run(lambda record: network.act(record, "hide", comment, ""))
    assert instagram.seen()["hidden"] == [comment.external_id]
    assert comment.external_id not in [line.id for line in instagram.scene("omar").lines()]
    desk.run(lambda record: network.act(record, "unhide", comment, ""))
    assert instagram.seen()["hidden"] == []
    for _each in range(2):
        desk.run(lambda record: network.act(record, "delete", comment, ""))
    assert instagram.items[comment.external_id].removed


def test_lost_reply_is_found(desk: Desk) -> None:
    answer = answer_to(desk, commented(desk))
    with pytest.raises(AnswerLost):
        desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="after")))
    found = desk.run(lambda record: network.find(record, answer))
    assert isinstance(found, Sent)
    assert found.external_id == only(desk, Echo).external_id


def test_reply_that_never_arrived_is_proven_absent(desk: Desk) -> None:
    comment = commented(desk)
    for number in range(60):
        desk.simulator.do("comment", person="omar", text=f"{number}", parent=comment.external_id)
    answer = answer_to(desk, comment)
    with pytest.raises(AnswerLost):
        desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="before")))
    look = desk.run(lambda record: network.find(record, answer))
    assert look == CannotTell(ask_again=15)
    with clock.moved(timedelta(seconds=61)):
        assert desk.run(lambda record: network.find(record, answer)) == NotThere()


@pytest.mark.parametrize("hurries", [False, True])
def test_our_message_comes_back_as_an_echo(desk: Desk, hurries: bool) -> None:
    desk.simulator.do("hurry", on=hurries)
    message = written(desk)
    sent = desk.send(answer_to(desk, message))
    echo = only(desk, Echo)
    assert (echo.external_id, echo.text, echo.person) == (sent.external_id, "Na poti je.", message.author)


def test_an_answer_given_in_the_app(desk: Desk) -> None:
    message = written(desk)
    desk.simulator.do("outside", person="lea", text="Odgovorila Maja.")
    assert (only(desk, Echo).text, only(desk, Echo).person) == ("Odgovorila Maja.", message.author)


def test_a_picture(desk: Desk, instagram: Instagram) -> None:
    sent = desk.send(answer_to(desk, written(desk), "", files=(PICTURE,)))
    (picture,) = instagram.seen()["messages"]
    assert (picture["id"], picture["files"]) == (sent.external_id, [PICTURE.url])
    (attachment,) = only(desk, Echo).attachments
    assert (attachment.kind, attachment.url) == ("image", PICTURE.url)


def test_a_thousand_bytes_and_no_more(desk: Desk) -> None:
    assert refused(desk, answer_to(desk, written(desk), "ж" * 501)).reason == "too_long"


def test_after_a_day_the_window_is_closed(desk: Desk) -> None:
    message = written(desk)
    desk.sandbox.clock.move(DAY + 60)
    refusal = refused(desk, answer_to(desk, message))
    assert (refusal.reason, refusal.retry, refusal.code) == ("outside_window", False, "10/2534022")


def test_somebody_who_blocked_us(desk: Desk) -> None:
    message = written(desk)
    desk.simulator.do("leave", person="lea")
    assert refused(desk, answer_to(desk, message)).reason == "unreachable"


def test_a_private_reply_goes_once(desk: Desk) -> None:
    comment = commented(desk)
    sent = desk.send(private_reply_to(desk, comment))
    assert comment.author is not None
    assert sent.person == comment.author.external_id
    assert desk.times_seen("Povejte mi številko.") == 1
    assert refused(desk, private_reply_to(desk, comment, "Še enkrat.")).reason == "outside_window"
    # It opens no window of its own: the customer has to answer.
    follow_up = replace(private_reply_to(desk, comment, "In še to."), to=None)
    assert refused(desk, follow_up).reason == "outside_window"
    desk.simulator.do("message", person="lea", text="88140")
    desk.send(follow_up)
    assert desk.times_seen("In še to.") == 1


def test_a_private_reply_after_a_week(desk: Desk) -> None:
    comment = commented(desk)
    desk.sandbox.clock.move(7 * DAY + 60)
    assert refused(desk, private_reply_to(desk, comment)).reason == "outside_window"


def test_a_private_reply_under_a_broadcast(desk: Desk) -> None:
    desk.simulator.do("broadcast")
    desk.simulator.do("comment", person="lea", text="Kdaj?", live=True)
    desk.simulator.do("comment", person="omar", text="متى؟", live=True)
    first, second = news(desk, MessageReceived)
    assert first.refs["live"] is True
    desk.send(private_reply_to(desk, first))
    desk.simulator.do("broadcast", on=False)
    assert refused(desk, private_reply_to(desk, second)).reason == "outside_window"


@pytest.mark.parametrize("private_reply", [False, True])
def test_lost_message_is_found_in_the_conversation(desk: Desk, private_reply: bool) -> None:
    answer = private_reply_to(desk, commented(desk)) if private_reply else answer_to(desk, written(desk))
    with pytest.raises(AnswerLost):
        desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="after")))
    found = desk.run(lambda record: network.find(record, answer))
    assert isinstance(found, Sent)
    assert (found.external_id, found.person) == (only(desk, Echo).external_id, answer.person)


def test_absence_of_a_message_is_never_proven(desk: Desk) -> None:
    answer = answer_to(desk, written(desk))
    with pytest.raises(AnswerLost):
        desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="before")))
    with clock.moved(timedelta(seconds=61)):
        assert desk.run(lambda record: network.find(record, answer)) == CannotTell()


def test_presence_and_love(desk: Desk, instagram: Instagram) -> None:
    message = written(desk)
    assert message.author is not None
    person, target = message.author.external_id, as_target(message)
    for action in network.capabilities.on_private:
        desk.run(lambda record, action=action: network.act(record, action, target, person))  # type: ignore[misc]
    desk.run(lambda record: network.act(record, "like", target, person))
    assert instagram.scene("lea").chats[0].lines[0].liked


def test_the_wait_that_meta_asks_for(desk: Desk) -> None:
    answer = answer_to(desk, written(desk))
    desk.simulator.do("throttle", minutes=3)
    refusal = refused(desk, answer)
    assert (refusal.reason, refusal.retry, refusal.after) == ("slow_down", True, 180)


def test_connected_by_both_logins_everything_comes_twice_alike(desk: Desk, instagram: Instagram) -> None:
    """The same message by its id: the inbox keeps it once."""
    mine = desk.record
    for account in (instagram.accounts()[0], instagram.by_facebook()):
        desk.record = replace(mine, credentials=account.credentials, session={})
        desk.run(network.check)
    desk.simulator.do("message", person="lea", text="Dvakrat")
    first, second = (each for each in news(desk, MessageReceived) if each.text == "Dvakrat")
    assert first == second


def test_late_answer_by_a_person(desk: Desk, instagram: Instagram) -> None:
    message = written(desk)
    instagram.clock.move(3 * 24 * 3600)
    desk.send(answer_to(desk, message, "Oprostite.", late="human_agent"))
    assert desk.times_seen("Oprostite.") == 1


def test_answer_to_a_chosen_message(desk: Desk) -> None:
    first = written(desk, "Prvo")
    written(desk, "Drugo")
    desk.send(answer_to(desk, first, "Na prvo.", chosen=True))
    assert {each.parent for each in news(desk, Echo) if each.text == "Na prvo."} == {first.external_id}

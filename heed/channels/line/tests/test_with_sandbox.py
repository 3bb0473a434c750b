"""The adapter against the simulator over real HTTP, beyond what every network is asked."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from heed.channels.base import (
    IdentitySeen,
    MessageReceived,
    MessageRemoved,
    OutgoingFile,
    Refusal,
    Sent,
    Wanted,
)
from heed.channels.tests.contract import NETWORKS, Desk, target_of
from heed.lib.http import AnswerLost, Response
from heed.sandbox.frame import Fault
from heed.sandbox.networks.line import LineSimulator

network = NETWORKS["line"]


def fetched(desk: Desk, url: str) -> Response:
    """A file as the worker fetches it: from the address of this moment, and no other host."""
    source = desk.run(lambda record: network.media(record, url))
    hosts = [*network.media_hosts, urlsplit(desk.record.base_url).netloc]
    return desk.client.fetch(source.url, hosts=hosts, limit=10**6, headers=source.headers)


def test_the_webhook_was_tried_and_set(line: LineSimulator, desk: Desk) -> None:
    assert line.hook_url == desk.receiver.url
    assert b'"events":[]' in desk.receiver.hooks[0].body


def test_a_secret_that_does_not_fit_is_found_out(desk: Desk) -> None:
    good, desk.record = desk.record, replace(desk.record, credentials={})
    with pytest.raises(Refusal) as caught:
        desk.run(lambda _: network.check(good))
    assert (caught.value.reason, caught.value.code) == ("sign_in_again", "403")


def test_a_switch_that_is_off(desk: Desk, line: LineSimulator) -> None:
    line.do("switch", use_webhook=False)
    assert desk.run(network.check).missing == ("Use webhook",)


def test_the_quota_goes_down(desk: Desk, line: LineSimulator) -> None:
    message = desk.customer_writes("private", "Pozdravljeni")
    before = desk.run(network.check).quotas[0].left
    desk.send(desk.answer_to(message, "Na poti je."))
    assert desk.run(network.check).quotas[0].left == before - 1
    line.do("use_up")
    with pytest.raises(Refusal) as caught:
        desk.send(replace(desk.answer_to(message, "Še nekaj."), key="7f8fad5b-d9cb-469f-a165-70867728950e"))
    assert (caught.value.reason, caught.value.retry) == ("quota_spent", False)


def test_a_token_that_ran_out_is_renewed(desk: Desk, line: LineSimulator) -> None:
    message = desk.customer_writes("private", "Pozdravljeni")
    used = desk.record.session
    line.clock.move(900)
    desk.send(desk.answer_to(message, "Na poti je."))
    assert desk.record.session != used
    assert desk.times_seen("Na poti je.") == 1


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_lost_answer_is_settled_by_its_key(desk: Desk, line: LineSimulator, drop: str) -> None:
    answer = desk.answer_to(desk.customer_writes("private", "Pozdravljeni"), "Na poti je.")
    fault = Fault("*", drop="before" if drop == "before" else "after")
    with pytest.raises(AnswerLost):
        desk.send(answer, desk.spoil_the_decisive_call(fault))
    found = desk.run(lambda record: network.find(record, answer))
    (shown,) = [each for each in line.scene("lea").lines() if each.ours]
    assert isinstance(found, Sent)
    assert found.external_id == shown.id
    assert desk.send(answer) == found
    assert desk.times_seen("Na poti je.") == 1


def test_an_answer_points_at_a_message(desk: Desk, line: LineSimulator) -> None:
    message = desk.customer_writes("private", "Pozdravljeni")
    desk.send(replace(desk.answer_to(message, "To?"), chosen=True))
    (shown,) = line.seen()["lea"]
    assert shown["quoteToken"] == message.refs["quote"]


def test_text_and_pictures_arrive_together(desk: Desk, line: LineSimulator) -> None:
    message = desk.customer_writes("private", "Pozdravljeni")
    file = OutgoingFile("boot.png", "image/png", b"png", line.keep(b"\x89PNG boot", "image/png", "boot.png"))
    sent = desk.send(replace(desk.answer_to(message, "Oba."), files=(file, file)))
    line.sandbox.settle()
    lines = [each for each in line.scene("lea").lines() if each.ours]
    assert [each.id for each in lines] == [sent.external_id, *sent.more]
    assert all("/_media/" in each.picture for each in lines[1:])


def test_a_picture_of_a_customer(desk: Desk, line: LineSimulator) -> None:
    line.do("message", person="lea", text="Levi", picture="boot")
    picture, words = [each for each in desk.gather() if isinstance(each, MessageReceived)]
    assert len(desk.receiver.hooks) == 3  # the try, following, and both messages at once
    assert words.text == "Levi"
    answer = fetched(desk, picture.attachments[0].url)
    assert (answer.status, answer.body[:4]) == (200, b"\x89PNG")


def test_a_video_is_prepared_first(desk: Desk, line: LineSimulator) -> None:
    line.do("file", person="lea", name="zip.mp4", content="vvv", kind="video")
    (video,) = [each for each in desk.gather() if isinstance(each, MessageReceived)]
    assert fetched(desk, video.attachments[0].url).status == 202
    line.clock.move(4)
    assert fetched(desk, video.attachments[0].url).body == b"vvv"


def test_a_message_taken_back_and_its_file(desk: Desk, line: LineSimulator) -> None:
    made = line.do("message", person="lea", picture="boot")
    line.do("remove", person="lea", id=made["id"])
    removed = [each for each in desk.gather() if isinstance(each, MessageRemoved)]
    assert [each.external_id for each in removed] == [made["id"]]
    assert fetched(desk, f"media:{made['id']}").status == 404


def test_following_and_blocking(desk: Desk, line: LineSimulator) -> None:
    line.do("join", person="nadia")
    line.do("leave", person="nadia")
    seen = [each for each in desk.gather() if isinstance(each, IdentitySeen)]
    assert [each.reachable for each in seen] == [True, False]
    assert desk.run(lambda record: network.look_up(record, _person(line, "nadia"))) == []


def test_a_name_is_looked_up(desk: Desk, line: LineSimulator) -> None:
    line.do("join", person="tuya")
    (found,) = desk.run(lambda record: network.look_up(record, _person(line, "tuya")))
    assert isinstance(found, IdentitySeen)
    assert (found.person.name, found.person.language) == ("Tuya Bold", "mn")


def test_redelivered_in_another_order(desk: Desk, line: LineSimulator) -> None:
    line.do("burst", person="lea", texts=["Ena", "Dva", "Tri"])
    line.do("redeliver", last=3)
    heard = [each for each in desk.gather() if isinstance(each, MessageReceived)]
    assert [each.text for each in heard] == ["Ena", "Dva", "Tri", "Tri", "Dva", "Ena"]
    assert heard[:3] == heard[:2:-1]


def test_seen_and_typing_reach_the_customer(desk: Desk, line: LineSimulator) -> None:
    message = desk.customer_writes("private", "Pozdravljeni")
    assert message.author is not None
    target = target_of(message)
    desk.act("seen", target, message.author.external_id)
    desk.act("typing", target, message.author.external_id)
    assert line.actions == [("lea", "seen"), ("lea", "typing")]
    assert desk.line("Pozdravljeni").state == "seen"


def test_standby_is_heard(desk: Desk, line: LineSimulator) -> None:
    line.do("standby")
    heard = desk.customer_writes("private", "Pozdravljeni")
    assert (heard.text, heard.elsewhere) == ("Pozdravljeni", True)


def _person(line: LineSimulator, key: str) -> Wanted:
    return Wanted("person", line.user_id(key))

"""The adapter against the simulator over real HTTP, beyond what every network is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from heed.channels.base import IdentitySeen, MessageReceived, OutgoingFile, Refusal, Wanted
from heed.channels.tests.contract import NETWORKS, Desk, target_of
from heed.channels.wechat.adapter import MESSAGES, MOST_SENDS
from heed.sandbox import Sandbox
from heed.sandbox.cast import person_named
from heed.sandbox.frame import Fault
from heed.sandbox.networks.wechat import WeChat
from heed.sandbox.tests.receiver import Receiver

network = NETWORKS["wechat"]
QUESTION = "Kje je moj paket?"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        desk = Desk(network, sandbox, receiver)
        desk.connect()
        yield desk


@pytest.fixture
def wechat(desk: Desk) -> WeChat:
    assert isinstance(desk.simulator, WeChat)
    return desk.simulator


def without_key(desk: Desk) -> None:
    credentials = {name: value for name, value in desk.record.credentials.items() if name != "aes_key"}
    desk.record = replace(desk.record, credentials=credentials)


def send(desk: Desk, text: str = "Na poti je.", *files: OutgoingFile) -> None:
    desk.send(replace(desk.answer_to(desk.message(QUESTION), text), files=files))


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_every_mode(desk: Desk, wechat: WeChat, mode: str) -> None:
    wechat.do("mode", mode=mode)
    if mode == "plain":
        without_key(desk)
    assert desk.customer_writes("private", QUESTION).author is not None
    wechat.sandbox.settle()
    assert not [each for each in wechat.seen()["lea"] if each["notice"]]


def test_compatible_mode_without_the_key(desk: Desk, wechat: WeChat) -> None:
    wechat.do("mode", mode="compatible")
    without_key(desk)
    assert desk.customer_writes("private", QUESTION).text == QUESTION


@pytest.mark.parametrize("mode", ["plain", "safe"])
def test_a_forged_delivery_is_turned_away_and_comes_again_rightly(
    desk: Desk, wechat: WeChat, mode: str
) -> None:
    wechat.do("mode", mode=mode)
    wechat.hooks.waits = (0.0,)
    if mode == "plain":
        without_key(desk)
    wechat.sandbox.fault("wechat", Fault("hook", hook="bad_signature"))
    desk.customer_writes("private", QUESTION)
    assert len([hook for hook in desk.receiver.hooks if hook.method == "POST"]) == 2
    assert len([each for each in desk.news if isinstance(each, MessageReceived)]) == 1


def test_the_sixth_answer_is_refused(desk: Desk, wechat: WeChat) -> None:
    desk.customer_writes("private", QUESTION)
    for number in range(MOST_SENDS):
        send(desk, f"Odgovor {number}")
    with pytest.raises(Refusal) as caught:
        send(desk)
    assert (caught.value.reason, caught.value.code) == ("used_up", "45047")


def test_after_the_window(desk: Desk, wechat: WeChat) -> None:
    desk.customer_writes("private", QUESTION)
    wechat.clock.move(48 * 3600 + 1)
    with pytest.raises(Refusal) as caught:
        send(desk)
    assert (caught.value.reason, caught.value.code) == ("outside_window", "45015")


def test_a_token_that_ended_early_is_replaced(desk: Desk, wechat: WeChat) -> None:
    desk.customer_writes("private", QUESTION)
    before = desk.record.session["access_token"]
    wechat.do("expire_token")
    send(desk)
    assert desk.times_seen("Na poti je.") == 1
    assert desk.record.session["access_token"] != before


def test_a_token_is_kept_while_it_holds(desk: Desk, wechat: WeChat) -> None:
    desk.customer_writes("private", QUESTION)
    send(desk)
    asked = [each for each in wechat.requests if each.call.path.endswith("/stable_token")]
    assert len(asked) == 1


def test_an_address_that_is_not_on_the_list(desk: Desk, wechat: WeChat) -> None:
    wechat.do("lock_out")
    desk.record = replace(desk.record, session={})
    with pytest.raises(Refusal) as caught:
        desk.run(network.check)
    assert caught.value.reason == "not_allowed"
    assert "203.0.113.7" in caught.value.detail


def test_what_check_learns(desk: Desk, wechat: WeChat) -> None:
    desk.customer_writes("private", QUESTION)
    send(desk)
    (quota,) = desk.run(network.check).quotas
    assert (quota.of, quota.left) == (500_000, 499_999)
    wechat.do("unverify")
    assert desk.run(network.check).missing == (MESSAGES.name,)


def test_a_video_is_shown(desk: Desk, wechat: WeChat) -> None:
    message = desk.customer_writes("private", QUESTION)
    film = OutgoingFile("film.mp4", "video/mp4", b"\0\0\0\x18ftypmp42", "")
    desk.send(replace(desk.answer_to(message, ""), files=(film,)))
    (line,) = [each for each in wechat.scene("lea").lines() if each.ours]
    assert len(line.files) == 1


def test_who_they_are(desk: Desk, wechat: WeChat) -> None:
    wechat.do("remark", person="lea", text="Lea Marn")
    lea = person_named("lea")
    wanted = Wanted("person", wechat.openid(lea))
    (found,) = desk.run(lambda record: network.look_up(record, wanted))
    assert isinstance(found, IdentitySeen)
    assert (found.person.name, found.person.also) == ("Lea Marn", wechat.unionid(lea))


def test_leaving_and_coming_back(desk: Desk, wechat: WeChat) -> None:
    wechat.do("leave", person="lea")
    wechat.do("join", person="lea")
    seen = [each.reachable for each in desk.gather() if isinstance(each, IdentitySeen)]
    assert seen == [False, True]


@pytest.mark.parametrize(
    ("kind", "begins"), [("image", b"\x89PNG"), ("voice", b"#!AMR"), ("video", b"\0\0\0\x18ftyp")]
)
def test_files_of_customers(desk: Desk, wechat: WeChat, kind: str, begins: bytes) -> None:
    wechat.do("media", person="lea", kind=kind)
    (message,) = [each for each in desk.gather() if isinstance(each, MessageReceived)]
    (attachment,) = message.attachments
    assert fetched(desk, attachment.url).startswith(begins)
    wechat.clock.move(7200)
    assert fetched(desk, attachment.url).startswith(begins)
    assert desk.record.session["access_token"] not in repr(desk.news)
    wechat.clock.move(3 * 24 * 3600)
    with pytest.raises(Refusal) as caught:
        fetched(desk, attachment.url)
    assert not caught.value.retry


def fetched(desk: Desk, url: str) -> bytes:
    """A file as the worker fetches it."""
    source = desk.run(lambda record: network.media(record, url))
    hosts = [*network.media_hosts, urlsplit(desk.record.base_url).netloc]
    return desk.client.fetch(source.url, hosts=hosts, limit=10**6, headers=source.headers).body


def test_a_picture_arrives(desk: Desk, wechat: WeChat) -> None:
    desk.customer_writes("private", QUESTION)
    send(desk, "", OutgoingFile("škorenj.png", "image/png", b"\x89PNG boot", ""))
    (line,) = [line for line in wechat.scene("lea").lines() if line.ours]
    assert fetched(desk, line.picture) == b"\x89PNG boot"


def test_typing_is_shown_while_they_look(desk: Desk, wechat: WeChat) -> None:
    message = desk.customer_writes("private", QUESTION)
    assert message.author is not None
    for _ in range(2):
        desk.act("typing", target_of(message), message.author.external_id)
    assert wechat.chats["lea"].typing_until is not None

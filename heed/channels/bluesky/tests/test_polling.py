"""Polling, against the simulator: nothing missing, nothing twice, whatever happens in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from heed.channels.base import (
    AccountChanged,
    AccountRecord,
    Echo,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    PostSeen,
    ReactionChanged,
    Refusal,
    SessionExpired,
)
from heed.channels.bluesky import polling, xrpc
from heed.channels.bluesky.adapter import network
from heed.channels.bluesky.tests.desk import Desk, texts
from heed.lib import clock
from heed.lib.http import Response, drive
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault, Simulator

MINUTE = timedelta(minutes=1)


def test_what_was_said_is_heard_once(bluesky: Simulator, desk: Desk) -> None:
    desk.poll()
    bluesky.do("mention", person="lea", text="ena")
    assert texts(desk.poll()) == ["ena"]
    assert desk.poll() == []
    bluesky.do("mention", person="omar", text="dve")
    assert texts(desk.poll()) == ["dve"]


def test_the_first_poll_takes_the_unread_of_a_day(sandbox: Sandbox, desk: Desk) -> None:
    bluesky = sandbox["bluesky"]
    sandbox.clock.move(-3 * 86400)
    bluesky.do("mention", person="lea", text="dolgo nazaj")
    sandbox.clock.move(3 * 86400 - 7200)
    bluesky.do("mention", person="lea", text="že prebrano")
    desk.run(lambda record: _call(record, "app.bsky.notification.updateSeen", sandbox.clock.now()))
    sandbox.clock.move(3600)
    bluesky.do("mention", person="lea", text="še neprebrano")
    bluesky.do("mention", person="omar", text="tudi ne")
    assert texts(desk.poll()) == ["še neprebrano", "tudi ne"]
    assert desk.poll() == []


def test_where_nobody_ever_looked_all_of_a_day_is_unread(bluesky: Simulator, desk: Desk) -> None:
    for number in range(150):  # the server calls all but the newest read
        bluesky.do("mention", person="lea", text=str(number))
    assert sorted(texts(desk.poll()), key=int) == [str(number) for number in range(150)]


@pytest.mark.parametrize("many", [100, 200, 1450])
def test_many_at_once_leave_no_gap(bluesky: Simulator, desk: Desk, many: int) -> None:
    desk.poll()
    for number in range(many):
        bluesky.do("mention", person="lea", text=str(number))
    heard = texts(desk.poll())
    assert sorted(heard, key=int) == [str(number) for number in range(many)]
    assert desk.poll() == []
    bluesky.do("mention", person="omar", text="še ena")
    assert texts(desk.poll()) == ["še ena"]


def test_one_page_is_told_oldest_first(bluesky: Simulator, desk: Desk) -> None:
    desk.poll()
    for number in range(30):
        bluesky.do("mention", person="lea", text=str(number))
    assert texts(desk.poll()) == [str(number) for number in range(30)]


def test_news_between_two_pages_is_not_lost(bluesky: Simulator, desk: Desk) -> None:
    desk.poll()
    said = [bluesky.do("mention", person="lea", text=str(number))["id"] for number in range(250)]
    send = desk.send

    def more_come_in(request: Any) -> Response:
        if request.params.get("cursor") and request.url.endswith("listNotifications"):
            said.append(bluesky.do("mention", person="omar", text="vmes")["id"])
        return send(request)

    desk.send = more_come_in  # type: ignore[method-assign]
    first = texts(desk.poll())
    desk.send = send  # type: ignore[method-assign]
    desk.poll()
    assert {each.external_id for each in desk.of(MessageReceived)} == set(said)
    assert (len(first), len(said)) == (250, 252)


def test_a_poll_that_broke_in_the_middle_starts_again(sandbox: Sandbox, desk: Desk) -> None:
    bluesky = sandbox["bluesky"]
    desk.poll()
    for number in range(250):
        bluesky.do("mention", person="lea", text=str(number))
    steps = network.collect(desk.record, desk.cursor)
    steps.send(desk.send(next(steps)))  # one page was read, then the process was killed
    steps.close()
    assert sorted(texts(desk.poll()), key=int) == [str(number) for number in range(250)]


def test_a_long_way_back_goes_over_several_polls(
    bluesky: Simulator, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "_PAGES", 2)
    desk.poll()
    for number in range(450):
        bluesky.do("mention", person="lea", text=str(number))
    found = desk.run(lambda record: network.collect(record, desk.cursor))
    assert found.more
    desk.cursor = dict(found.cursor)
    read = [each for body in found.bodies for each in network.read(body, desk.record)]
    bluesky.do("mention", person="omar", text="450")
    heard = [*texts(read), *texts(desk.poll()), *texts(desk.poll())]
    assert sorted(heard, key=int) == [str(number) for number in range(451)]


@pytest.mark.parametrize("newer", [1, 150])
def test_one_that_claims_to_be_older_is_heard(sandbox: Sandbox, desk: Desk, newer: int) -> None:
    bluesky = sandbox["bluesky"]
    for number in range(newer):
        bluesky.do("mention", person="lea", text=str(number))
    desk.poll()
    sandbox.clock.move(-300)
    bluesky.do("mention", person="omar", text="ura mi zaostaja")
    assert texts(desk.poll()) == ["ura mi zaostaja"]


def test_an_error_is_never_no_news(sandbox: Sandbox, desk: Desk) -> None:
    bluesky = sandbox["bluesky"]
    desk.poll()
    before = dict(desk.cursor)
    bluesky.do("mention", person="lea", text="ena")
    route = "GET /xrpc/app.bsky.notification.listNotifications"
    for fault in (
        Fault(route, status=200, body=b'{"error": "oops"}'),
        Fault(route, status=502, body=b'{"error": "UpstreamFailure"}'),
        Fault(route, status=200, body=b"<html>"),
    ):
        sandbox.fault("bluesky", fault)
        with pytest.raises(Refusal) as caught:
            desk.poll()
        assert (caught.value.reason, caught.value.retry) == ("network_down", True)
        assert desk.cursor == before
    assert texts(desk.poll()) == ["ena"]


def test_replies_quotes_and_reactions(bluesky: Simulator, desk: Desk) -> None:
    post = bluesky.do("post", text="The Triglav boot is back.")["id"]
    desk.poll()
    bluesky.do("comment", person="omar", text="متى؟", post=post)
    bluesky.do("quote", person="lea", text="Spet na zalogi!", post=post)
    bluesky.do("react", person="sam", id=post)
    bluesky.do("react", person="sam", id=post, reaction="repost")
    desk.poll()
    assert [each.kind for each in desk.of(MessageReceived)] == ["reply", "quote"]
    assert [(each.target, each.reaction) for each in desk.of(ReactionChanged)] == [
        (post, "like"),
        (post, "repost"),
    ]


def test_what_was_written_elsewhere_is_an_echo_once_settled(sandbox: Sandbox, desk: Desk) -> None:
    bluesky = sandbox["bluesky"]
    asked = bluesky.do("mention", person="lea", text="Kje je paket?")["id"]
    desk.poll()
    written = bluesky.do("write_elsewhere", text="Jutri bo pri vas.", parent=asked)["id"]
    posted = bluesky.do("post", text="The Triglav boot is back.")["id"]
    desk.poll()
    assert desk.of(Echo) == []
    with clock.moved(2 * MINUTE):
        desk.poll()
        desk.poll()
    [echo] = desk.of(Echo)
    assert (echo.external_id, echo.parent, echo.post) == (written, asked, asked)
    assert [each.external_id for each in desk.of(PostSeen)] == [asked, posted]


def test_chat_both_ways(bluesky: Simulator, desk: Desk) -> None:
    desk.poll()
    said = bluesky.do("message", person="omar", text="هل وصل طلبي؟")["id"]
    desk.poll()
    [message] = desk.of(MessageReceived)
    assert (message.external_id, message.visibility, message.text) == (said, "private", "هل وصل طلبي؟")
    assert message.author is not None
    assert message.author.name == "Omar Badr"
    assert message.refs["request"] is True
    ours = bluesky.do("say_elsewhere", person="omar", text="Pogledam.")["id"]
    bluesky.do("react", person="omar", id=ours, reaction="👍")
    bluesky.do("remove", person="omar", id=said)
    desk.poll()
    [echo] = desk.of(Echo)
    assert (echo.external_id, echo.person) == (ours, replace(message.author))
    assert [(each.target, each.reaction) for each in desk.of(ReactionChanged)] == [(ours, "👍")]
    assert [each.external_id for each in desk.of(MessageRemoved)] == [said]
    assert desk.poll() == []


def test_what_is_said_in_a_group_is_no_message_to_us(bluesky: Simulator, desk: Desk) -> None:
    desk.poll()
    bluesky.do("group", person="omar", others=["lea"], text="Kdo gre v hribe?")
    alone = bluesky.do("message", person="omar", text="Kje je paket?")["id"]
    news = desk.poll()
    assert [each.external_id for each in news if isinstance(each, MessageReceived)] == [alone]
    assert [each.what for each in news if isinstance(each, NotUnderstood)] == ["message in a group"]


def test_many_chat_messages_leave_no_gap(bluesky: Simulator, desk: Desk) -> None:
    desk.poll()
    for number in range(1250):
        bluesky.do("message", person="omar", text=str(number))
    desk.poll()
    assert [each.text for each in desk.of(MessageReceived)] == [str(number) for number in range(1250)]


def test_a_chat_log_that_breaks_in_the_middle_loses_nothing(sandbox: Sandbox, desk: Desk) -> None:
    bluesky = sandbox["bluesky"]
    desk.poll()
    for number in range(150):
        bluesky.do("message", person="omar", text=str(number))
    calls = iter([False, True])
    send = desk.send

    def fail_the_second_page(request: Any) -> Response:
        if request.url.endswith("getLog") and next(calls, False):
            return Response(502, {}, b"{}")
        return send(request)

    desk.send = fail_the_second_page  # type: ignore[method-assign]
    assert desk.poll() == []
    desk.poll()
    assert len(desk.of(MessageReceived)) == 150


def test_without_the_right_to_chat_notifications_go_on(bluesky: Simulator, desk: Desk) -> None:
    bluesky.do("chat_right", on=False)
    [told] = desk.poll()
    assert isinstance(told, AccountChanged)
    assert "Bad token method" in told.detail
    bluesky.do("mention", person="lea", text="ena")
    bluesky.do("message", person="omar", text="pismo")
    assert texts(desk.poll()) == ["ena"]
    assert desk.calls_of("getLog") == 1
    bluesky.do("chat_right", on=True)
    with clock.moved(61 * MINUTE):
        desk.poll()
    assert [each.text for each in desk.of(MessageReceived)][-1] == "pismo"


def test_chat_can_be_switched_off(bluesky: Simulator, desk: Desk) -> None:
    desk.record = replace(desk.record, settings={"chat_proxy": ""})
    bluesky.do("message", person="omar", text="pismo")
    assert desk.poll() == []
    assert desk.calls_of("getLog") == 0


def _call(record: AccountRecord, nsid: str, at: datetime) -> Any:
    return (yield from xrpc.call(record, nsid, {"seenAt": at.isoformat()}))


def test_without_a_session_nothing_is_asked() -> None:
    record = AccountRecord("did:plc:x", "Acme", {}, "http://127.0.0.1:9")
    with pytest.raises(SessionExpired):
        drive(network.collect(record, {}), lambda request: pytest.fail(request.url))

"""What was removed on the network is looked for, and never at the cost of news."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import MessageRemoved, PostSeen, Refusal
from heed.channels.bluesky.tests.desk import Desk, texts
from heed.lib import clock
from heed.lib.http import Response, Unreachable
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault, Simulator

MINUTE = timedelta(minutes=1)


def test_what_a_customer_removed_is_told_once(bluesky: Simulator, desk: Desk) -> None:
    post = bluesky.do("post", text="The Triglav boot is back.")["id"]
    mention = bluesky.do("mention", person="lea", text="ena")["id"]
    reply = bluesky.do("comment", person="omar", text="dve", post=post)["id"]
    kept = bluesky.do("mention", person="lea", text="tri")["id"]
    desk.poll()
    bluesky.do("remove", person="lea", id=mention)
    bluesky.do("remove", person="omar", id=reply)
    told = desk.poll()
    assert [each.external_id for each in told if isinstance(each, MessageRemoved)] == [reply, mention]
    assert [(each.external_id, each.removed) for each in told if isinstance(each, PostSeen)] == [
        (mention, True)
    ]
    assert desk.poll() == []
    bluesky.do("remove", person="lea", id=kept)
    [gone, _] = desk.poll()
    assert isinstance(gone, MessageRemoved)


def test_what_went_with_a_closed_account_is_told_as_removed(bluesky: Simulator, desk: Desk) -> None:
    mention = bluesky.do("mention", person="lea", text="ena")["id"]
    bluesky.do("mention", person="omar", text="dve")
    desk.poll()
    bluesky.do("close_account", person="lea")
    assert [each.external_id for each in desk.poll() if isinstance(each, MessageRemoved)] == [mention]
    assert desk.poll() == []


def test_one_look_that_fails_leaves_the_others_alone(sandbox: Sandbox, desk: Desk) -> None:
    bluesky = sandbox["bluesky"]
    first, second = (bluesky.do("mention", person="lea", text=text)["id"] for text in ("ena", "dve"))
    desk.poll()
    for uri in (first, second):
        bluesky.do("remove", person="lea", id=uri)
    came = bluesky.do("mention", person="omar", text="tri")["id"]
    sandbox.fault("bluesky", Fault("GET /xrpc/com.atproto.repo.getRecord", status=502))  # for the newest
    desk.poll()
    bluesky.do("remove", person="omar", id=came)  # it came while a look failed, and is watched as well
    desk.poll()
    assert [each.external_id for each in desk.of(MessageRemoved)] == [first]
    assert desk.calls_of("getRecord") == 2
    with clock.moved(2 * MINUTE):
        desk.poll()
    assert [each.external_id for each in desk.of(MessageRemoved)] == [first, came, second]


def test_a_look_that_is_refused_for_good_is_not_repeated(sandbox: Sandbox, desk: Desk) -> None:
    bluesky = sandbox["bluesky"]
    mention = bluesky.do("mention", person="lea", text="ena")["id"]
    desk.poll()
    bluesky.do("remove", person="lea", id=mention)
    body = b'{"error": "InvalidRequest", "message": "Input/repo must be a valid handle or DID"}'
    sandbox.fault("bluesky", Fault("GET /xrpc/com.atproto.repo.getRecord", status=400, body=body))
    desk.poll()
    with clock.moved(2 * MINUTE):
        assert desk.poll() == []
    assert desk.calls_of("getRecord") == 1


class TestALookThatIsRefused:
    """Two mentions of three were removed; the newest is looked for first."""

    @pytest.fixture
    def removed(self, bluesky: Simulator, desk: Desk) -> list[str]:
        said = [bluesky.do("mention", person="lea", text=text)["id"] for text in ("ena", "dve")]
        desk.poll()
        for uri in said:
            bluesky.do("remove", person="lea", id=uri)
        bluesky.do("mention", person="omar", text="tri")
        desk.asked.clear()
        return said

    def answer(self, desk: Desk, nsid: str, answer: Response | Exception) -> None:
        """From now on, to each such call."""
        send = desk.send

        def answered(request: Any) -> Response:
            if not request.url.endswith(nsid):
                return send(request)
            desk.asked.append(request)
            if isinstance(answer, Exception):
                raise answer
            return answer

        desk.send = answered  # type: ignore[method-assign]

    @pytest.mark.parametrize(
        ("away", "rest"),
        [(Response(429, {"retry-after": "300"}, b"{}"), 300), (Unreachable("timed out"), 60)],
        ids=["slow down", "unreachable"],
    )
    def test_the_others_wait_as_well(
        self, desk: Desk, removed: list[str], away: Response | Exception, rest: int
    ) -> None:
        send = desk.send
        self.answer(desk, "getRecord", away)
        assert texts(desk.poll()) == ["tri"]
        assert desk.asked[-1].url.endswith("getRecord")
        with clock.moved(timedelta(seconds=rest - 10)):
            desk.poll()
        assert desk.calls_of("getRecord") == 1
        desk.send = send  # type: ignore[method-assign]
        with clock.moved(timedelta(seconds=rest + 10)):
            desk.poll()
        assert [each.external_id for each in desk.of(MessageRemoved)] == removed[::-1]

    def test_nothing_further_is_asked_where_patience_is(self, desk: Desk, removed: list[str]) -> None:
        self.answer(desk, "listRecords", Response(429, {"retry-after": "300"}, b"{}"))
        assert texts(desk.poll()) == ["tri"]
        assert [each.url.rpartition(".")[2] for each in desk.asked] == ["listNotifications", "listRecords"]

    def test_a_sign_in_that_ended_is_told_and_forgets_no_post(self, desk: Desk, removed: list[str]) -> None:
        before, send = dict(desk.cursor), desk.send
        self.answer(desk, "getRecord", Response(401, {}, b'{"error": "AuthMissing"}'))
        with pytest.raises(Refusal) as caught:
            desk.poll()
        assert (caught.value.reason, desk.cursor) == ("sign_in_again", before)
        desk.send = send  # type: ignore[method-assign]
        desk.poll()
        assert [each.external_id for each in desk.of(MessageRemoved)] == removed[::-1]


def test_what_is_only_listed_no_more_was_not_removed(bluesky: Simulator, desk: Desk) -> None:
    bluesky.do("mention", person="lea", text="ena")
    desk.poll()
    send = desk.send

    def muted(request: Any) -> Response:
        if request.url.endswith("listNotifications"):
            return Response(200, {}, b'{"notifications": []}')
        return send(request)

    desk.send = muted  # type: ignore[method-assign]
    assert desk.poll() == []
    assert desk.calls_of("getRecord") == 1
    desk.poll()
    assert desk.calls_of("getRecord") == 1


def test_what_slid_down_the_list_was_not_removed(bluesky: Simulator, desk: Desk) -> None:
    bluesky.do("mention", person="lea", text="ena")
    desk.poll()
    with clock.moved(timedelta(minutes=30)):
        for number in range(120):
            bluesky.do("mention", person="lea", text=str(number))
        desk.poll()
        desk.poll()
    assert desk.of(MessageRemoved) == []
    assert desk.calls_of("getRecord") == 0

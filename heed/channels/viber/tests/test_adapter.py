"""The door, and calls against scripted answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils.translation import override

from heed.channels.base import (
    ADMITTED,
    REFUSED,
    WRONG_METHOD,
    Answer,
    CannotTell,
    Checked,
    Hook,
    IdentitySeen,
    OutgoingFile,
    Person,
    Refusal,
    Sent,
    Target,
    Wanted,
)
from heed.channels.tests.script import Script
from heed.channels.viber.adapter import network
from heed.channels.viber.tests.sample import ACCOUNT, TOKEN, payload, signed
from heed.lib import clock
from heed.lib.http import AnswerLost, Response, Unreachable

GOLDEN = "d84d8648b402a2737838fea4da41d903d1af1aed92466b1758828ad27e31a9f9"


def ok(token: int = 5741311803571721087) -> dict[str, Any]:
    return {"status": 0, "status_message": "ok", "message_token": token}


def answer(text: str = "Pozdravljeni!", *files: OutgoingFile, **changes: Any) -> Answer:
    fields: dict[str, Any] = {"key": "k-1", "visibility": "private", "person": "xy5/5y6O81+==", "to": None}
    return Answer(text=text, files=files, **{**fields, **changes})


PICTURE = OutgoingFile("boot.jpg", "image/jpeg", b"j" * 10, "https://desk.example.org/files/boot.jpg")
VIDEO = OutgoingFile("zip.mp4", "video/mp4", b"v" * 10, "https://desk.example.org/files/zip.mp4")
PAPER = OutgoingFile("račun.pdf", "application/pdf", b"p" * 10, "https://desk.example.org/files/1.pdf")


class TestDoor:
    def test_the_golden_vector(self) -> None:
        hook = Hook("POST", {}, {"x-viber-content-signature": GOLDEN}, payload("unsubscribed"))
        assert network.admit(hook, ACCOUNT) == ADMITTED

    def test_escaped_slashes_and_other_scripts_are_signed_as_sent(self) -> None:
        assert b"\\/" in payload("text")
        assert network.admit(signed(payload("text")), ACCOUNT) == ADMITTED

    @pytest.mark.parametrize("signature", ["", "0" * 64, GOLDEN.upper(), "sha256=" + GOLDEN, "é"])
    def test_a_wrong_signature(self, signature: str) -> None:
        hook = Hook("POST", {}, {"x-viber-content-signature": signature}, payload("unsubscribed"))
        assert network.admit(hook, ACCOUNT) == REFUSED

    def test_no_signature_at_all(self) -> None:
        assert network.admit(Hook("POST", {}, {}, b"{}"), ACCOUNT) == REFUSED

    def test_an_account_without_a_token_admits_nothing(self) -> None:
        assert network.admit(signed(b"{}", ""), replace(ACCOUNT, credentials={})) == REFUSED

    def test_only_post(self) -> None:
        assert network.admit(Hook("GET", {}, {}, b""), ACCOUNT) == WRONG_METHOD


class TestSending:
    def test_a_text(self) -> None:
        script = Script(ok())
        assert script.run(network.send(ACCOUNT, answer())) == Sent("5741311803571721087")
        (request,) = script.requests
        assert request.url == "https://chatapi.viber.com/pa/send_message"
        assert request.decisive
        assert request.headers == {"X-Viber-Auth-Token": TOKEN}
        assert request.json == {
            "receiver": "xy5/5y6O81+==",
            "min_api_version": 1,
            "sender": {"name": "Acme on Viber"},
            "tracking_data": "k-1",
            "type": "text",
            "text": "Pozdravljeni!",
        }

    def test_the_name_is_cut_to_28(self) -> None:
        script = Script(ok())
        script.run(network.send(replace(ACCOUNT, name="A" * 40), answer()))
        assert script.requests[0].json["sender"]["name"] == "A" * 28

    def test_a_picture_takes_its_text_along(self) -> None:
        script = Script(ok())
        script.run(network.send(ACCOUNT, answer("Tukaj.", PICTURE)))
        sent = script.requests[0].json
        assert (sent["type"], sent["text"], sent["media"]) == ("picture", "Tukaj.", PICTURE.url)

    def test_a_picture_and_a_long_text_are_two_messages(self) -> None:
        script = Script(ok(1), ok(2))
        assert script.run(network.send(ACCOUNT, answer("a" * 513, PICTURE))) == Sent("1", more=("2",))
        assert [request.json["type"] for request in script.requests] == ["picture", "text"]

    @pytest.mark.parametrize(
        ("file", "expected"),
        [
            (VIDEO, {"type": "video", "media": VIDEO.url, "size": 10}),
            (PAPER, {"type": "file", "media": PAPER.url, "size": 10, "file_name": "račun.pdf"}),
        ],
    )
    def test_other_files_say_their_size(self, file: OutgoingFile, expected: dict[str, Any]) -> None:
        script = Script(ok())
        script.run(network.send(ACCOUNT, answer("", file)))
        assert script.requests[0].json.items() >= expected.items()
        assert "text" not in script.requests[0].json

    def test_a_long_file_name_keeps_its_ending(self) -> None:
        script = Script(ok())
        long = OutgoingFile("a" * 400 + ".pdf", "application/pdf", b"p", PAPER.url)
        script.run(network.send(ACCOUNT, answer("", long)))
        name = script.requests[0].json["file_name"]
        assert len(name) == 256
        assert name.endswith("a.pdf")

    @pytest.mark.parametrize(
        ("wanted", "reason"),
        [
            (answer("a" * 7001), "too_long"),
            (answer("", PICTURE, PAPER), "file_refused"),
            (answer("", OutgoingFile("x", "image/png", b"x", "")), "file_refused"),
            (
                answer("", OutgoingFile("x", "image/png", b"x" * (1024 * 1024 + 1), "https://x")),
                "file_refused",
            ),
            (answer(person=""), "unreachable"),
        ],
    )
    def test_refused_before_anything_is_sent(self, wanted: Answer, reason: str) -> None:
        script = Script()
        with pytest.raises(Refusal) as caught:
            script.run(network.send(ACCOUNT, wanted))
        assert (caught.value.reason, caught.value.retry, script.requests) == (reason, False, [])

    @pytest.mark.parametrize(
        ("status", "reason", "retry"),
        [
            (1, "not_configured", False),
            (2, "sign_in_again", False),
            (3, "bad_request", False),
            (4, "bad_request", False),
            (5, "unreachable", False),
            (6, "unreachable", False),
            (7, "account_blocked", False),
            (8, "account_blocked", False),
            (9, "account_blocked", False),
            (11, "unreachable", False),
            (12, "used_up", True),
            (13, "unreachable", False),
            (14, "bad_request", False),
            (15, "account_blocked", False),
            (21, "unreachable", False),
            (22, "bad_request", False),
            (23, "account_blocked", False),
            (24, "account_blocked", False),
        ],
    )
    def test_the_statuses(self, status: int, reason: str, retry: bool) -> None:
        script = Script({"status": status, "status_message": "why"})
        with pytest.raises(Refusal) as caught:
            script.run(network.send(ACCOUNT, answer()))
        refusal = caught.value
        assert (refusal.reason, refusal.retry, refusal.code, refusal.detail) == (
            reason,
            retry,
            str(status),
            "why",
        )

    def test_a_general_error_is_tried_once_more(self) -> None:
        fault = {"status": 99, "status_message": "why"}
        script = Script(fault, ok(5))
        assert script.run(network.send(ACCOUNT, answer())) == Sent("5")
        first, second = script.requests
        assert (first.wait, second.wait, second.json) == (0, 5, first.json)
        with pytest.raises(Refusal) as caught:
            Script(fault, fault).run(network.send(ACCOUNT, answer()))
        assert (caught.value.reason, caught.value.retry, caught.value.code) == ("network_down", False, "99")

    def test_a_webhook_that_viber_lost_is_set_again(self) -> None:
        lost, done = {"status": 10, "status_message": "webhookNotSet"}, {"status": 0}
        script = Script(lost, done, ok(5))
        assert script.run(network.send(ACCOUNT, answer())) == Sent("5")
        assert script.requests[1].url.endswith("/pa/set_webhook")
        assert script.requests[1].json["url"] == ACCOUNT.hook_url
        with pytest.raises(Refusal) as caught:
            Script(lost, done, lost).run(network.send(ACCOUNT, answer()))
        assert (caught.value.reason, caught.value.retry) == ("not_configured", False)

    def test_too_many_waits_an_hour(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script({"status": 12, "status_message": ""}).run(network.send(ACCOUNT, answer()))
        assert caught.value.after == 3600

    def test_bad_data_with_a_file_is_about_the_file(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script({"status": 3, "status_message": ""}).run(network.send(ACCOUNT, answer("", PICTURE)))
        assert caught.value.reason == "file_refused"

    @pytest.mark.parametrize(
        ("response", "reason", "after"),
        [
            (Response(429, {"retry-after": "7"}, b""), "slow_down", 7),
            (Response(503, {}, b"busy"), "network_down", None),
        ],
    )
    def test_http_refusals(self, response: Response, reason: str, after: float | None) -> None:
        with pytest.raises(Refusal) as caught:
            Script(response).run(network.send(ACCOUNT, answer()))
        assert (caught.value.reason, caught.value.retry, caught.value.after) == (reason, True, after)

    @pytest.mark.parametrize(
        "lost",
        [
            Response(500, {}, b"oops"),
            Response(502, {}, b""),
            Response(200, {}, b"<html>"),
            {"status": 0},
            AnswerLost("cut"),
        ],
    )
    def test_nobody_knows(self, lost: Any) -> None:
        with pytest.raises(AnswerLost):
            Script(lost).run(network.send(ACCOUNT, answer()))

    def test_turned_away_before_viber_looked(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script(Response(404, {}, b"")).run(network.send(ACCOUNT, answer()))
        assert (caught.value.reason, caught.value.retry) == ("bad_request", False)

    def test_never_left(self) -> None:
        with pytest.raises(Unreachable):
            Script(Unreachable("closed")).run(network.send(ACCOUNT, answer()))

    @pytest.mark.parametrize("second", [{"status": 12}, Unreachable("closed"), AnswerLost("cut")])
    def test_half_an_answer_is_never_sent_again(self, second: Any) -> None:
        with pytest.raises(AnswerLost):
            Script(ok(1), second).run(network.send(ACCOUNT, answer("Račun.", PAPER)))


class TestTheRest:
    def test_check_sets_the_webhook(self) -> None:
        info = {"status": 0, "status_message": "ok", "id": "pa:1", "name": "Acme", "uri": "acmeshoes"}
        script = Script({**info, "subscribers_count": 7}, {"status": 0, "status_message": "ok"})
        assert script.run(network.check(ACCOUNT)) == Checked(
            "pa:1", "Acme", "acmeshoes", facts={"subscribers": 7}
        )
        assert script.requests[1].url.endswith("/pa/set_webhook")
        assert script.requests[1].json["url"] == ACCOUNT.hook_url
        assert set(script.requests[1].json["event_types"]) >= {"delivered", "seen", "failed", "unsubscribed"}

    def test_a_webhook_that_is_another_s_is_told(self) -> None:
        known = replace(ACCOUNT, facts={"subscribers": 7})
        for webhook, lost in (("https://other.example/hook", ("webhook",)), (ACCOUNT.hook_url, ())):
            info = {"status": 0, "id": "pa:1", "uri": "acmeshoes", "webhook": webhook}
            assert Script(info, {"status": 0}).run(network.check(known)).lost == lost

    def test_check_with_a_dead_token(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script({"status": 2, "status_message": "invalidAuthToken"}).run(network.check(ACCOUNT))
        assert caught.value.reason == "sign_in_again"

    @pytest.mark.parametrize("response", [Response(500, {}, b""), Response(200, {}, b"?")])
    def test_check_with_an_answer_nobody_understands_may_be_tried_again(self, response: Response) -> None:
        with pytest.raises(Refusal) as caught:
            Script(response).run(network.check(ACCOUNT))
        assert (caught.value.reason, caught.value.retry) == ("network_down", True)

    def test_look_up_a_person(self) -> None:
        user = {"id": "01=", "name": "Lea Marn", "avatar": "https://a", "language": "sl", "mcc": 293}
        steps = network.look_up(ACCOUNT, Wanted("person", "01="))
        lea = Person("01=", name="Lea Marn", avatar_url="https://a", language="sl")
        assert Script({"status": 0, "user": user}).run(steps) == [IdentitySeen(person=lea)]

    def test_look_up_finds_nobody(self) -> None:
        assert Script({"status": 0}).run(network.look_up(ACCOUNT, Wanted("person", "01="))) == []

    def test_nothing_else_can_be_looked_up(self) -> None:
        assert Script().run(network.look_up(ACCOUNT, Wanted("post", "1"))) == []

    @pytest.mark.parametrize(("waited", "again"), [(0, 20.0), (59, 20.0), (61, None), (9999, None)])
    def test_an_unknown_outcome_is_left_to_a_person_after_a_minute(
        self, waited: float, again: float | None
    ) -> None:
        lost = answer(started=clock.now() - timedelta(seconds=waited))
        assert Script().run(network.find(ACCOUNT, lost)) == CannotTell(again)

    def test_there_are_no_actions(self) -> None:
        target = Target("1", "private", "message", "", {})
        with pytest.raises(Refusal):
            Script().run(network.act(ACCOUNT, "like", target, "01="))

    def test_why_there_are_none_is_said(self) -> None:
        can = network.capabilities
        assert can.on_private == can.on_private_ours == frozenset()
        with override("en"):
            assert {name: "Viber does not let bots" in str(why) for name, why in can.why_not.items()} == {
                "react": True,
                "seen": True,
                "edit": True,
                "delete": True,
            }
        assert can.private is not None
        assert can.private.files is not None
        assert can.private.files.fetched

    def test_a_token_is_not_renewed(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script().run(network.renew(ACCOUNT))
        assert caught.value.reason == "sign_in_again"

    def test_there_is_nothing_to_collect(self) -> None:
        assert Script().run(network.collect(ACCOUNT, {"seen": 1})).bodies == ()

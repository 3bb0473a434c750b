"""Sending, and finding out whether it was sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import Answer, CannotTell, NotThere, Refusal, Sent
from heed.channels.line.adapter import network
from heed.channels.line.tests.sample import ACCOUNT
from heed.channels.line.tests.script import (
    API,
    FILM,
    KEY,
    LEA,
    SOUND,
    answer,
    no,
    picture,
    sent,
    target,
    wrong,
)
from heed.channels.line.writing import PICTURE_BYTES
from heed.channels.tests.script import Script
from heed.lib import clock
from heed.lib.http import AnswerLost, Response, Unreachable


class TestSending:
    def test_a_text(self) -> None:
        script = Script(sent("461230966842064897"))
        assert script.run(network.send(ACCOUNT, answer())) == Sent(
            "461230966842064897", refs={"quote": "q-461230966842064897"}
        )
        (request,) = script.requests
        assert (request.method, request.url) == ("POST", f"{API}/v2/bot/message/push")
        assert request.decisive
        assert request.headers == {
            "Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.demo",
            "X-Line-Retry-Key": KEY,
        }
        assert request.json == {"to": LEA, "messages": [{"type": "text", "text": "Na poti je."}]}

    def test_text_and_pictures_are_one_push(self) -> None:
        script = Script(sent("1", "2", "3"))
        found = script.run(network.send(ACCOUNT, answer("Oba.", picture(), picture("image/jpeg"))))
        assert (found.external_id, found.more) == ("1", ("2", "3"))
        url = "https://desk.example.org/f/1.png"
        image = {"type": "image", "originalContentUrl": url, "previewImageUrl": url}
        assert script.requests[0].json["messages"] == [{"type": "text", "text": "Oba."}, image, image]

    def test_a_picture_alone(self) -> None:
        script = Script(sent("1"))
        script.run(network.send(ACCOUNT, answer("", picture())))
        assert [each["type"] for each in script.requests[0].json["messages"]] == ["image"]

    def test_a_film_has_a_picture_before_it_and_a_sound_its_length(self) -> None:
        script = Script(sent("1", "2"))
        script.run(network.send(ACCOUNT, answer("", FILM, SOUND)))
        assert script.requests[0].json["messages"] == [
            {"type": "video", "originalContentUrl": FILM.url, "previewImageUrl": FILM.preview},
            {"type": "audio", "originalContentUrl": SOUND.url, "duration": 3004},
        ]

    @pytest.mark.parametrize(
        ("chosen", "refs", "quoted"),
        [(True, {"quote": "q-1"}, "q-1"), (False, {"quote": "q-1"}, None), (True, {}, None)],
    )
    def test_only_what_the_agent_pointed_at_is_quoted(
        self, chosen: bool, refs: dict[str, str], quoted: str | None
    ) -> None:
        script = Script(sent("1"))
        script.run(network.send(ACCOUNT, answer(to=target(**refs), chosen=chosen)))
        assert script.requests[0].json["messages"][0].get("quoteToken") == quoted

    @pytest.mark.parametrize(
        ("wanted", "reason"),
        [
            (answer(person=""), "unreachable"),
            (answer("👟" * 2501), "too_long"),
            (answer("", picture("application/pdf")), "file_refused"),
            (answer("", picture(size=PICTURE_BYTES + 1)), "file_refused"),
            (answer("", picture(url="")), "file_refused"),
            (answer("", picture(url="https://desk.example.org/" + "x" * 2000)), "file_refused"),
            (answer("Ena", *[picture()] * 5), "file_refused"),
            (answer("", replace(FILM, preview="")), "file_refused"),
            (answer("", replace(FILM, mime="video/webm")), "file_refused"),
            (answer("", replace(SOUND, lasts=None)), "file_refused"),
            (answer("", replace(SOUND, mime="audio/ogg")), "file_refused"),
        ],
    )
    def test_what_line_would_not_take_never_leaves(self, wanted: Answer, reason: str) -> None:
        script = Script()
        with pytest.raises(Refusal) as caught:
            script.run(network.send(ACCOUNT, wanted))
        assert caught.value.reason == reason
        assert script.requests == []

    @pytest.mark.parametrize(
        ("response", "reason"),
        [
            (wrong("messages[0].text", "Length must be between 0 and 5000"), "too_long"),
            (wrong("messages[0].text", "May not be empty"), "bad_request"),
            (wrong("messages[1].originalContentUrl", "Must be a valid HTTPS URL"), "file_refused"),
            (wrong("messages[1].previewImageUrl"), "file_refused"),
            (wrong("messages[1].duration", "Must be greater than or equal to 1"), "file_refused"),
            (wrong("messages[0].quoteToken", "Invalid quote token"), "gone"),
            (wrong("to", "May not be empty"), "unreachable"),
            (
                no(400, "The property, 'to', in the request body is invalid (line: -, column: -)"),
                "unreachable",
            ),
            (no(400, "Failed to send messages"), "unreachable"),
            (no(400, "Something new"), "bad_request"),
            (no(400, "Odd", details="none"), "bad_request"),
            (no(403, "Not authorized to use this API."), "not_allowed"),
            (Response(404, {}, b"<html>"), "gone"),
        ],
    )
    def test_refusals(self, response: Response, reason: str) -> None:
        with pytest.raises(Refusal) as caught:
            Script(response).run(network.send(ACCOUNT, answer()))
        assert (caught.value.reason, caught.value.retry) == (reason, False)
        assert caught.value.code == str(response.status)

    def test_too_fast(self) -> None:
        script = Script(no(429, "The API rate limit has been exceeded.", {"retry-after": "7"}))
        with pytest.raises(Refusal) as caught:
            script.run(network.send(ACCOUNT, answer()))
        refusal = caught.value
        assert (refusal.reason, refusal.retry, refusal.after) == ("slow_down", True, 7)
        assert refusal.whole_account

    @pytest.mark.parametrize(
        ("figures", "reason", "retry"),
        [
            (({"type": "limited", "value": 200}, {"totalUsage": 200}), "quota_spent", False),
            (({"type": "limited", "value": 200}, {"totalUsage": 150}), "slow_down", True),
            (({"type": "none"},), "slow_down", True),
        ],
    )
    def test_the_month_s_messages_are_used_up(
        self, figures: tuple[Any, ...], reason: str, retry: bool
    ) -> None:
        script = Script(no(429, "You have reached your monthly limit."), *figures)
        with pytest.raises(Refusal) as caught:
            script.run(network.send(ACCOUNT, answer()))
        assert (caught.value.reason, caught.value.retry) == (reason, retry)
        assert sum(request.decisive for request in script.requests) == 1

    @pytest.mark.parametrize(
        "lost",
        [
            AnswerLost("reset"),
            no(500),
            Response(502, {}, b"<html>"),
            Response(302, {}, b""),
            Response(200, {}, b"{}"),
            Response(200, {}, b'{"sentMessages":[7]}'),
        ],
    )
    def test_an_outcome_nobody_knows(self, lost: Any) -> None:
        with pytest.raises(AnswerLost):
            Script(lost).run(network.send(ACCOUNT, answer()))

    def test_what_never_left(self) -> None:
        with pytest.raises(Unreachable):
            Script(Unreachable("no route")).run(network.send(ACCOUNT, answer()))


class TestFinding:
    def test_it_was_accepted_the_first_time(self) -> None:
        script = Script(no(409, "The retry key is already accepted", **sent("11", "12")))
        found = script.run(network.find(ACCOUNT, answer()))
        assert found == Sent("11", refs={"quote": "q-11"}, more=("12",))
        assert script.requests[0].headers["X-Line-Retry-Key"] == KEY

    def test_accepted_but_not_named(self) -> None:
        request = {"x-line-accepted-request-id": "r-9"}
        assert Script(no(409, "", request)).run(network.find(ACCOUNT, answer())) == Sent("request:r-9")
        assert Script(no(409)).run(network.find(ACCOUNT, answer())) == Sent(f"request:{KEY}")

    def test_it_comes_now(self) -> None:
        assert Script(sent("11")).run(network.find(ACCOUNT, answer())).external_id == "11"

    def test_files_need_not_be_read_again(self) -> None:
        file = replace(picture(), content=b"")
        assert Script(sent("11")).run(network.find(ACCOUNT, answer("", file))).external_id == "11"

    def test_refused_for_what_it_says_it_never_arrived(self) -> None:
        steps = network.find(ACCOUNT, answer())
        assert Script(wrong("messages[0].text", "May not be empty")).run(steps) == NotThere()

    @pytest.mark.parametrize("response", [no(403), no(429, "", {"retry-after": "7"}), no(503)])
    def test_refused_for_another_reason_it_stays_open(self, response: Response) -> None:
        with pytest.raises(Refusal):
            Script(response).run(network.find(ACCOUNT, answer()))

    def test_lost_again(self) -> None:
        with pytest.raises(AnswerLost):
            Script(AnswerLost("reset")).run(network.find(ACCOUNT, answer()))

    def test_after_a_day_the_key_proves_nothing(self) -> None:
        script = Script()
        old = answer(started=clock.now() - timedelta(hours=23, minutes=1))
        assert script.run(network.find(ACCOUNT, old)) == CannotTell(None)
        assert script.run(network.find(ACCOUNT, answer(started=None))) == CannotTell(None)
        assert script.requests == []

"""Sending, what WeChat says to it, and how long a quota waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from heed.channels.base import Answer, CannotTell, OutgoingFile, Sent, SessionExpired
from heed.channels.wechat import calls
from heed.channels.wechat.adapter import network
from heed.channels.wechat.tests.sample import ACCOUNT
from heed.channels.wechat.tests.script import (
    FILM,
    OK,
    OPENID,
    PICTURE,
    UPLOADED,
    VOICE,
    Script,
    answer,
    error,
    refusal_of,
)
from heed.lib.http import AnswerLost, Response, Unreachable


class TestSending:
    def test_a_text(self) -> None:
        script = Script(OK)
        assert script.run(network.send(ACCOUNT, answer("Здраво 👟"))) == Sent("wechat:key-1")
        (request,) = script.requests
        assert request.url == "https://api.weixin.qq.com/cgi-bin/message/custom/send"
        assert request.params == {"access_token": "token-1"}
        assert request.decisive
        assert script.fields() == {"touser": OPENID, "msgtype": "text", "text": {"content": "Здраво 👟"}}

    def test_words_are_not_escaped(self) -> None:
        script = Script(OK)
        script.run(network.send(ACCOUNT, answer("Здраво 👟")))
        assert "Здраво 👟".encode() in (script.requests[0].content or b"")

    def test_signs_that_json_must_escape_are_left_out(self) -> None:
        """Word processors leave them in texts; WeChat refuses the whole message for one (40033)."""
        script = Script(OK)
        script.run(network.send(ACCOUNT, answer("Prva\x0bdruga\x1f\ttretja\r\n\x00četrta")))
        assert b"\\u" not in (script.requests[0].content or b"")
        assert script.fields()["text"]["content"] == "Prva\ndruga\ttretja\r\nčetrta"

    def test_a_video_has_a_cover(self) -> None:
        script = Script(UPLOADED, {"type": "thumb", "thumb_media_id": "cover-1"}, OK)
        script.run(network.send(ACCOUNT, answer("", FILM)))
        film, cover, _ = script.requests
        assert (film.params["type"], cover.params["type"]) == ("video", "thumb")
        assert cover.upload is not None
        assert cover.upload.mime == "image/jpeg"
        assert (cover.upload.content[:2], cover.upload.content[-2:]) == (b"\xff\xd8", b"\xff\xd9")
        assert len(cover.upload.content) < 64 * 1024
        assert script.fields()["video"] == {"media_id": "media-1", "thumb_media_id": "cover-1"}

    @pytest.mark.parametrize(
        ("file", "kind", "name"),
        [(PICTURE, "image", "file.png"), (VOICE, "voice", "file.mp3")],
    )
    def test_a_file_is_uploaded_first(self, file: OutgoingFile, kind: str, name: str) -> None:
        script = Script(UPLOADED, OK)
        assert script.run(network.send(ACCOUNT, answer("", file))) == Sent("wechat:key-1")
        upload = script.requests[0]
        assert upload.url.endswith("/cgi-bin/media/upload")
        assert upload.params == {"access_token": "token-1", "type": kind}
        assert upload.upload is not None
        assert (upload.upload.field, upload.upload.name, upload.upload.content) == (
            "media",
            name,
            file.content,
        )
        assert not upload.decisive
        assert script.fields() == {"touser": OPENID, "msgtype": kind, kind: {"media_id": "media-1"}}

    @pytest.mark.parametrize(
        ("wanted", "reason"),
        [
            (answer("ж" * 1025), "too_long"),
            (answer("", PICTURE, FILM), "file_refused"),
            (answer("Tukaj.", PICTURE), "file_refused"),
            (answer("", OutgoingFile("a.pdf", "application/pdf", b"%PDF", "")), "file_refused"),
            (answer("", replace(VOICE, content=b"x" * (2 * 1024 * 1024 + 1))), "file_refused"),
            (answer("", replace(PICTURE, content=b"x" * (10 * 1024 * 1024 + 1))), "file_refused"),
            (answer(person=""), "unreachable"),
            (answer(""), "bad_request"),
        ],
    )
    def test_refused_before_anything_is_sent(self, wanted: Answer, reason: str) -> None:
        refusal = refusal_of(network.send(ACCOUNT, wanted))
        assert (refusal.reason, refusal.retry) == (reason, False)

    def test_the_limit_is_in_bytes(self) -> None:
        Script(OK).run(network.send(ACCOUNT, answer("ж" * 1024)))

    @pytest.mark.parametrize(
        ("code", "reason", "retry", "whole_account"),
        [
            (-1, "network_down", True, False),
            (45009, "slow_down", True, True),
            (45011, "slow_down", True, True),
            (40013, "sign_in_again", False, False),
            (42007, "sign_in_again", False, False),
            (40164, "not_allowed", False, False),
            (48001, "not_allowed", False, False),
            (50002, "account_blocked", False, False),
            (45015, "outside_window", False, False),
            (45047, "used_up", False, False),
            (40003, "unreachable", False, False),
            (43004, "unreachable", False, False),
            (43019, "unreachable", False, False),
            (43101, "unreachable", False, False),
            (45002, "too_long", False, False),
            (40007, "file_refused", False, False),
            (40008, "bad_request", False, False),
            (44004, "bad_request", False, False),
            (40033, "bad_request", False, False),
            (99999, "bad_request", False, False),
        ],
    )
    def test_the_error_codes(self, code: int, reason: str, retry: bool, whole_account: bool) -> None:
        refusal = refusal_of(network.send(ACCOUNT, answer()), error(code))
        assert (refusal.reason, refusal.retry, refusal.whole_account) == (reason, retry, whole_account)
        assert (refusal.code, refusal.detail) == (str(code), "why rid: 1")

    @pytest.mark.parametrize("code", [40001, 40014, 41001, 42001])
    def test_a_token_that_does_not_hold(self, code: int) -> None:
        with pytest.raises(SessionExpired):
            Script(error(code)).run(network.send(ACCOUNT, answer()))

    @pytest.mark.parametrize(
        ("response", "reason", "after"),
        [
            (Response(429, {"retry-after": "7"}, b""), "slow_down", 7),
            (Response(503, {}, b"busy"), "network_down", None),
        ],
    )
    def test_http_refusals(self, response: Response, reason: str, after: float | None) -> None:
        refusal = refusal_of(network.send(ACCOUNT, answer()), response)
        assert (refusal.reason, refusal.retry, refusal.after) == (reason, True, after)

    @pytest.mark.parametrize(
        "lost",
        [
            Response(500, {}, b"oops"),
            Response(502, {}, b"{}"),
            Response(200, {}, b"<html>"),
            Response(200, {}, b"[]"),
            {"errcode": "0"},
            AnswerLost("cut"),
        ],
    )
    def test_nobody_knows(self, lost: Any) -> None:
        with pytest.raises(AnswerLost):
            Script(lost).run(network.send(ACCOUNT, answer()))

    def test_never_left(self) -> None:
        with pytest.raises(Unreachable):
            Script(Unreachable("closed")).run(network.send(ACCOUNT, answer()))

    def test_turned_away_before_wechat_looked(self) -> None:
        refusal = refusal_of(network.send(ACCOUNT, answer()), Response(404, {}, b""))
        assert (refusal.reason, refusal.retry) == ("bad_request", False)

    def test_an_upload_without_an_id_may_be_tried_again(self) -> None:
        refusal = refusal_of(network.send(ACCOUNT, answer("", PICTURE)), {"type": "image"})
        assert (refusal.reason, refusal.retry) == ("network_down", True)

    def test_an_unknown_outcome_is_left_to_a_person(self) -> None:
        assert Script().run(network.find(ACCOUNT, answer())) == CannotTell(None)


class TestWaiting:
    def test_a_day_ends_at_midnight_in_china(self) -> None:
        assert calls.next_midnight(datetime(2026, 11, 21, 15, 59, 0, tzinfo=UTC)) == datetime(
            2026, 11, 21, 16, 0, tzinfo=UTC
        )
        assert calls.next_midnight(datetime(2026, 11, 21, 16, 0, 0, tzinfo=UTC)) == datetime(
            2026, 11, 22, 16, 0, tzinfo=UTC
        )

    def test_the_day_s_quota_waits_so_long(self) -> None:
        refusal = refusal_of(network.send(ACCOUNT, answer()), error(45009))
        assert refusal.after is not None
        assert 0 < refusal.after <= 24 * 3600

    def test_the_minute_s_quota_waits_for_the_next_minute(self) -> None:
        refusal = refusal_of(network.send(ACCOUNT, answer()), error(45011))
        assert refusal.after is not None
        assert 0 < refusal.after <= 60

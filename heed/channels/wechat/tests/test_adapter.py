"""What the adapter asks of WeChat, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import orjson
import pytest

from heed.channels.base import (
    Answer,
    CannotTell,
    Checked,
    IdentitySeen,
    MediaSource,
    OutgoingFile,
    Person,
    Quota,
    Refusal,
    Sent,
    SessionExpired,
    Target,
    Wanted,
)
from heed.channels.wechat import calls
from heed.channels.wechat.adapter import MESSAGES, network
from heed.channels.wechat.tests.sample import ACCOUNT
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps, TooLarge, Unreachable, drive

T = TypeVar("T")
OK = {"errcode": 0, "errmsg": "ok"}
OPENID = "o_demo_user"
TARGET = Target("1", "private", "message", "", {})
PICTURE = OutgoingFile("škorenj.png", "image/png", b"\x89PNG", "")
VOICE = OutgoingFile("hello.mp3", "audio/mpeg", b"ID3", "")
FILM = OutgoingFile("film.mp4", "video/mp4", b"ftyp", "")
UPLOADED = {"type": "image", "media_id": "media-1", "created_at": 1}
NO_SESSION = replace(ACCOUNT, session={})


class Script:
    """Answers in order: a dict is an HTTP 200 with it as JSON, an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Response) else Response(200, {}, orjson.dumps(answer))

    def run(self, steps: Steps[T]) -> T:
        result = drive(steps, self.send)
        assert not self.answers
        return result

    def fields(self, number: int = -1) -> Any:
        content = self.requests[number].content
        assert content is not None
        return orjson.loads(content)


def error(code: int, message: str = "why rid: 1") -> dict[str, Any]:
    return {"errcode": code, "errmsg": message}


def answer(text: str = "Pozdravljeni", *files: OutgoingFile, person: str = OPENID) -> Answer:
    return Answer("key-1", "private", text, person, None, files)


def refusal_of(steps: Steps[Any], *answers: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        Script(*answers).run(steps)
    return caught.value


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
            (40164, "not_configured", False, False),
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


class TestToken:
    def test_a_new_one(self) -> None:
        script = Script({"access_token": "token-2", "expires_in": 7200})
        session = script.run(network.renew(NO_SESSION))
        assert session["access_token"] == "token-2"
        assert script.fields() == {
            "grant_type": "client_credential",
            "appid": "wx0000000000000001",
            "secret": "secret-demo",
            "force_refresh": False,
        }
        assert script.requests[0].params == {}

    @pytest.mark.parametrize(("held", "works"), [(0, True), (6890, True), (6910, False)])
    def test_it_is_renewed_five_minutes_early(self, held: float, works: bool) -> None:
        session = Script({"access_token": "t", "expires_in": 7200}).run(network.renew(NO_SESSION))
        account = replace(ACCOUNT, session=session)
        with clock.moved(timedelta(seconds=held)):
            if works:
                assert calls.token_of(account) == "t"
            else:
                with pytest.raises(SessionExpired):
                    calls.token_of(account)

    def test_one_with_little_left_is_still_used(self) -> None:
        session = Script({"access_token": "t", "expires_in": 60}).run(network.renew(NO_SESSION))
        assert calls.token_of(replace(ACCOUNT, session=session)) == "t"

    def test_without_one_nothing_is_asked(self) -> None:
        with pytest.raises(SessionExpired):
            Script().run(network.send(NO_SESSION, answer()))

    def test_one_that_was_refused_before_its_time_is_replaced_by_force(self) -> None:
        script = Script(
            {"access_token": "token-1", "expires_in": 5000}, {"access_token": "token-2", "expires_in": 7200}
        )
        assert script.run(network.renew(ACCOUNT))["access_token"] == "token-2"
        assert [script.fields(number)["force_refresh"] for number in (0, 1)] == [False, True]

    def test_one_that_somebody_else_replaced_is_taken(self) -> None:
        script = Script({"access_token": "token-2", "expires_in": 7200})
        assert script.run(network.renew(ACCOUNT))["access_token"] == "token-2"

    def test_one_that_ended_is_not_forced(self) -> None:
        over = {"access_token": "token-1", "renew_at": "2020-01-01T00:00:00+00:00"}
        script = Script({"access_token": "token-1", "expires_in": 250})
        assert script.run(network.renew(replace(ACCOUNT, session=over)))["access_token"] == "token-1"

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            (error(40013), "sign_in_again"),
            (error(40125), "sign_in_again"),
            (error(40001), "sign_in_again"),
            (error(40164, "invalid ip 203.0.113.7, not in whitelist"), "not_configured"),
            (error(-1), "network_down"),
            ({"expires_in": 7200}, "network_down"),
            ({"access_token": "t"}, "network_down"),
            (Response(500, {}, b""), "network_down"),
        ],
    )
    def test_none_is_given(self, given: Any, reason: str) -> None:
        assert refusal_of(network.renew(NO_SESSION), given).reason == reason


class TestCheck:
    def test_the_account_and_what_is_left_of_the_day(self) -> None:
        script = Script({**OK, "quota": {"daily_limit": 500000, "used": 3, "remain": 499997}})
        checked = script.run(network.check(ACCOUNT))
        assert script.fields() == {"cgi_path": "/cgi-bin/message/custom/send"}
        (quota,) = checked.quotas
        assert quota == Quota("messages a day", 499997, 500000, calls.next_midnight(clock.now()))
        assert checked == Checked("wx0000000000000001", quotas=(quota,))

    @pytest.mark.parametrize("code", [48001, 76022])
    def test_an_account_that_may_not_answer(self, code: int) -> None:
        checked = Script(error(code)).run(network.check(ACCOUNT))
        assert checked == Checked("wx0000000000000001", missing=(MESSAGES.name,))

    def test_other_refusals_stay(self) -> None:
        assert refusal_of(network.check(ACCOUNT), error(50002)).reason == "account_blocked"

    def test_no_word_of_the_quota(self) -> None:
        assert Script(OK).run(network.check(ACCOUNT)).quotas == ()

    def test_without_a_token_it_asks_for_one_first(self) -> None:
        with pytest.raises(SessionExpired):
            Script().run(network.check(NO_SESSION))


class TestPeople:
    def looked_up(self, user: Mapping[str, Any]) -> Any:
        script = Script(dict(user))
        found = script.run(network.look_up(ACCOUNT, Wanted("person", OPENID)))
        assert script.requests[0].params == {"access_token": "token-1", "openid": OPENID, "lang": "en"}
        return found

    def test_a_follower(self) -> None:
        user = {
            "subscribe": 1, "openid": OPENID, "nickname": "", "headimgurl": "", "language": "zh_CN",
            "unionid": "o6_union", "remark": "Lea Marn",
        }  # fmt: skip
        lea = Person(OPENID, name="Lea Marn", language="zh_CN", also="o6_union")
        assert self.looked_up(user) == [IdentitySeen(person=lea, reachable=True)]

    def test_who_does_not_follow_cannot_be_reached(self) -> None:
        assert self.looked_up({"subscribe": 0, "openid": OPENID}) == [
            IdentitySeen(person=Person(OPENID), reachable=False)
        ]

    def test_odd_answers(self) -> None:
        assert self.looked_up({"subscribe": None, "remark": 7, "openid": OPENID}) == [
            IdentitySeen(person=Person(OPENID))
        ]

    def test_nothing_else_can_be_looked_up(self) -> None:
        assert Script().run(network.look_up(ACCOUNT, Wanted("message", "1"))) == []


class TestMedia:
    HERE = MediaSource(
        "https://api.weixin.qq.com/cgi-bin/media/get?access_token=token-1&media_id=media-boot_1"
    )

    def test_a_file(self) -> None:
        picture = Response(200, {"content-type": "image/jpeg"}, b"\xff\xd8")
        assert Script(picture).run(network.media(ACCOUNT, "media:media-boot_1")) == self.HERE

    def test_a_large_file_is_no_error(self) -> None:
        assert Script(TooLarge("8 MB")).run(network.media(ACCOUNT, "media:media-boot_1")) == self.HERE

    def test_a_video_lies_elsewhere(self) -> None:
        script = Script({"video_url": "https://mp.video.qq.com/1"})
        assert script.run(network.media(ACCOUNT, "media:v")) == MediaSource("https://mp.video.qq.com/1")

    def test_one_that_is_gone(self) -> None:
        refusal = refusal_of(network.media(ACCOUNT, "media:old"), error(40007))
        assert (refusal.retry, refusal.code) == (False, "40007")

    def test_a_token_that_ended_is_no_picture(self) -> None:
        with pytest.raises(SessionExpired):
            Script(error(42001)).run(network.media(ACCOUNT, "media:media-boot_1"))

    @pytest.mark.parametrize(
        ("status", "reason"), [(429, "slow_down"), (500, "network_down"), (503, "network_down")]
    )
    def test_a_bad_day(self, status: int, reason: str) -> None:
        refusal = refusal_of(network.media(ACCOUNT, "media:x"), Response(status, {}, b""))
        assert (refusal.reason, refusal.retry) == (reason, True)

    def test_other_addresses_stay(self) -> None:
        assert Script().run(network.media(ACCOUNT, "https://x.example/1")) == MediaSource(
            "https://x.example/1"
        )


class TestTheRest:
    def test_typing(self) -> None:
        script = Script(OK)
        assert script.run(network.act(ACCOUNT, "typing", TARGET, OPENID)) == {}
        assert script.requests[0].url.endswith("/cgi-bin/message/custom/typing")
        assert script.fields() == {"touser": OPENID, "command": "Typing"}

    @pytest.mark.parametrize("code", [45080, 45081])
    def test_typing_that_shows_to_nobody_is_no_trouble(self, code: int) -> None:
        assert Script(error(code)).run(network.act(ACCOUNT, "typing", TARGET, OPENID)) == {}

    def test_typing_may_be_refused(self) -> None:
        assert refusal_of(network.act(ACCOUNT, "typing", TARGET, OPENID), error(48001)).reason == (
            "not_allowed"
        )

    def test_other_actions_there_are_none(self) -> None:
        assert refusal_of(network.act(ACCOUNT, "seen", TARGET, OPENID)).reason == "not_allowed"

    def test_there_is_nothing_to_collect(self) -> None:
        assert Script().run(network.collect(ACCOUNT, {"seen": 1})).bodies == ()

    def test_no_error_tells_the_token(self) -> None:
        for given in (error(45015), Response(500, {}, b""), Response(404, {}, b"")):
            with pytest.raises((Refusal, AnswerLost)) as caught:
                Script(given).run(network.send(ACCOUNT, answer()))
            assert "token-1" not in str(caught.value)

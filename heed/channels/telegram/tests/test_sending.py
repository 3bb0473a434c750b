"""Answers as calls: text, files, albums, and why Telegram refuses them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from heed.channels.base import Answer, CannotTell, OutgoingFile, Refusal, Sent
from heed.channels.telegram.adapter import network
from heed.channels.telegram.tests.sample import ACCOUNT, TOKEN, payload
from heed.channels.telegram.tests.script import (
    API,
    AT,
    LEA,
    PAPER,
    PICTURE,
    SONG,
    VIDEO,
    answer,
    file,
    no,
    ok,
    parts,
    shown,
    target,
)
from heed.channels.telegram.writing import FILE_BYTES, PHOTO_BYTES
from heed.channels.tests.script import Script
from heed.lib import clock
from heed.lib.http import AddressRefused, AnswerLost, Response, Unreachable


class TestSending:
    def test_a_text(self) -> None:
        script = Script(ok(shown()))
        assert script.run(network.send(ACCOUNT, answer())) == Sent(f"{LEA}:50", at=AT)
        (request,) = script.requests
        assert (request.method, request.url, request.decisive) == ("POST", f"{API}/sendMessage", True)
        assert request.json == {"chat_id": LEA, "text": "Pozdravljeni!"}

    def test_text_is_never_marked_up(self) -> None:
        script = Script(ok(shown()))
        script.run(network.send(ACCOUNT, answer("5*4_3 [x](y) <b>.")))
        assert "parse_mode" not in script.requests[0].json

    def test_through_a_business_account(self) -> None:
        script = Script(ok(shown()))
        sent = script.run(network.send(ACCOUNT, answer(to=target(business="conn-1"))))
        assert sent.external_id == f"conn-1:{LEA}:50"
        assert script.requests[0].json["business_connection_id"] == "conn-1"

    def test_in_a_topic(self) -> None:
        script = Script(ok(shown()))
        script.run(network.send(ACCOUNT, answer(to=target(topic=9))))
        assert script.requests[0].json["message_thread_id"] == 9

    @pytest.mark.parametrize(
        ("sent_file", "method", "field"),
        [
            (PICTURE, "sendPhoto", "photo"),
            (file("image/png"), "sendPhoto", "photo"),
            (file("image/webp"), "sendDocument", "document"),
            (file(content=b"j" * (PHOTO_BYTES + 1)), "sendDocument", "document"),
            (VIDEO, "sendVideo", "video"),
            (SONG, "sendAudio", "audio"),
            (PAPER, "sendDocument", "document"),
        ],
    )
    def test_a_file_takes_its_text_along(self, sent_file: OutgoingFile, method: str, field: str) -> None:
        script = Script(ok(shown()))
        assert script.run(network.send(ACCOUNT, answer("Tukaj.", sent_file))) == Sent(f"{LEA}:50", at=AT)
        (request,) = script.requests
        assert (request.url, request.decisive) == (f"{API}/{method}", True)
        found = parts(request)
        assert found["chat_id"][1] == str(LEA).encode()
        assert found["caption"][1] == b"Tukaj."
        head, content = found[field]
        assert content == sent_file.content
        assert f'filename="{sent_file.name}"' in head
        assert f"Content-Type: {sent_file.mime}" in head

    def test_a_file_alone_has_no_caption(self) -> None:
        script = Script(ok(shown()))
        script.run(network.send(ACCOUNT, answer("", PICTURE)))
        assert parts(script.requests[0]).keys() == {"chat_id", "photo"}

    def test_a_file_s_name_cannot_end_its_header(self) -> None:
        script = Script(ok(shown()))
        script.run(network.send(ACCOUNT, answer("", file(name='a"b\r\nc.jpg'))))
        assert 'filename="a%22b  c.jpg"' in parts(script.requests[0])["photo"][0]

    @pytest.mark.parametrize(
        ("letters", "calls"), [(512, ["sendPhoto"]), (513, ["sendPhoto", "sendMessage"])]
    )
    def test_a_caption_is_measured_in_utf_16(self, letters: int, calls: list[str]) -> None:
        script = Script(*(ok(shown(50 + n)) for n in range(len(calls))))
        sent = script.run(network.send(ACCOUNT, answer("👟" * letters, PICTURE)))
        assert [request.url.rpartition("/")[2] for request in script.requests] == calls
        assert (sent.external_id, *sent.more) == tuple(f"{LEA}:{50 + n}" for n in range(len(calls)))

    @pytest.mark.parametrize(
        ("sent_files", "kinds"),
        [
            ((PICTURE, PICTURE), ["photo", "photo"]),
            ((PICTURE, VIDEO), ["photo", "video"]),
            ((SONG, SONG), ["audio", "audio"]),
            ((PICTURE, PAPER), ["document", "document"]),
            ((SONG, PICTURE), ["document", "document"]),
        ],
    )
    def test_several_files_are_one_album(
        self, sent_files: tuple[OutgoingFile, ...], kinds: list[str]
    ) -> None:
        script = Script(ok([shown(50), shown(51)]))
        sent = script.run(network.send(ACCOUNT, answer("Oba.", *sent_files)))
        assert (sent.external_id, sent.more) == (f"{LEA}:50", (f"{LEA}:51",))
        (request,) = script.requests
        assert request.url == f"{API}/sendMediaGroup"
        found = parts(request)
        assert orjson.loads(found["media"][1]) == [
            {"type": kinds[0], "media": "attach://file0", "caption": "Oba."},
            {"type": kinds[1], "media": "attach://file1"},
        ]
        assert (found["file0"][1], found["file1"][1]) == tuple(each.content for each in sent_files)

    @pytest.mark.parametrize(
        ("wanted", "reason"),
        [
            (answer("a" * 4097), "too_long"),
            (answer("👟" * 2049), "too_long"),
            (answer("", *[PICTURE] * 11), "file_refused"),
            (answer("", file(content=b"x" * (FILE_BYTES + 1))), "file_refused"),
            (answer(person=""), "unreachable"),
            (answer(person="lea"), "unreachable"),
            (answer(person="²"), "unreachable"),
        ],
    )
    def test_refused_before_anything_is_sent(self, wanted: Answer, reason: str) -> None:
        script = Script()
        with pytest.raises(Refusal) as caught:
            script.run(network.send(ACCOUNT, wanted))
        assert (caught.value.reason, caught.value.retry, script.requests) == (reason, False, [])

    @pytest.mark.parametrize(
        ("code", "description", "reason"),
        [
            (400, "Bad Request: chat not found", "unreachable"),
            (400, "Bad Request: message to be replied not found", "gone"),
            (400, "Bad Request: message is too long", "too_long"),
            (400, "Bad Request: message caption is too long", "too_long"),
            (400, "Bad Request: message text is empty", "bad_request"),
            (400, "Bad Request: can't parse entities: Character '.' is reserved", "bad_request"),
            (400, "Bad Request: business connection not found", "not_allowed"),
            (400, "Bad Request: BUSINESS_PEER_USAGE_MISSING", "outside_window"),
            (403, "Forbidden: BOT_ACCESS_FORBIDDEN", "not_allowed"),
            (400, "Bad Request: BOT_ACCESS_FORBIDDEN", "not_allowed"),
            (401, "Unauthorized", "sign_in_again"),
            (403, "Forbidden: bot was blocked by the user", "unreachable"),
            (403, "Forbidden: user is deactivated", "unreachable"),
            (404, "Not Found", "sign_in_again"),
            (409, "Conflict: terminated by other getUpdates request", "not_configured"),
            (413, "Request Entity Too Large", "file_refused"),
        ],
    )
    def test_refusals(self, code: int, description: str, reason: str) -> None:
        with pytest.raises(Refusal) as caught:
            Script(no(code, description)).run(network.send(ACCOUNT, answer()))
        refusal = caught.value
        assert (refusal.reason, refusal.retry) == (reason, False)
        assert (refusal.code, refusal.detail) == (str(code), description)

    @pytest.mark.parametrize(
        "response",
        [
            no(429, "Too Many Requests: retry after 35", retry_after=35),
            Response(429, {"retry-after": "35"}, b"slow"),
        ],
    )
    def test_too_many_waits_exactly_so_long(self, response: Response) -> None:
        with pytest.raises(Refusal) as caught:
            Script(response).run(network.send(ACCOUNT, answer()))
        refusal = caught.value
        assert (refusal.reason, refusal.retry, refusal.after) == ("slow_down", True, 35)
        assert refusal.whole_account

    def test_busy_before_any_work(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script(Response(503, {}, b"")).run(network.send(ACCOUNT, answer()))
        assert (caught.value.reason, caught.value.retry) == ("network_down", True)

    def test_a_refused_file_is_about_the_file(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script(no(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")).run(
                network.send(ACCOUNT, answer("", PICTURE))
            )
        assert caught.value.reason == "file_refused"

    @pytest.mark.parametrize(("hours", "reason"), [(23, "bad_request"), (25, "outside_window")])
    def test_a_business_account_answers_for_a_day(self, hours: int, reason: str) -> None:
        old = replace(target(business="conn-1"), at=clock.now() - timedelta(hours=hours))
        with pytest.raises(Refusal) as caught:
            Script(no(400, "Bad Request: some new word")).run(network.send(ACCOUNT, answer(to=old)))
        assert caught.value.reason == reason

    def test_a_chat_that_moved_is_followed_once(self) -> None:
        moved = no(400, "upgraded", migrate_to_chat_id=-1001987654321)
        script = Script(moved, ok(shown(7, -1001987654321)))
        sent = script.run(network.send(ACCOUNT, answer()))
        assert (sent.external_id, sent.person) == ("-1001987654321:7", "-1001987654321")
        assert [request.json["chat_id"] for request in script.requests] == [LEA, -1001987654321]
        with pytest.raises(Refusal) as caught:
            Script(moved, moved).run(network.send(ACCOUNT, answer()))
        assert caught.value.reason == "gone"

    @pytest.mark.parametrize(
        "lost",
        [
            no(500, "Internal Server Error: restart"),
            Response(502, {}, b""),
            Response(200, {}, b"<html>"),
            ok(True),
            ok({"message_id": 5}),
            ok([]),
            {"ok": True},
            AnswerLost("cut"),
        ],
    )
    def test_nobody_knows(self, lost: Any) -> None:
        with pytest.raises(AnswerLost):
            Script(lost).run(network.send(ACCOUNT, answer()))

    def test_never_left(self) -> None:
        with pytest.raises(Unreachable):
            Script(Unreachable("closed")).run(network.send(ACCOUNT, answer()))

    def test_an_address_that_may_not_be_called_is_said_so(self) -> None:
        with pytest.raises(AddressRefused, match="private"):
            Script(AddressRefused("a private address")).run(network.send(ACCOUNT, answer()))

    @pytest.mark.parametrize("second", [no(429, retry_after=3), Unreachable("closed"), AnswerLost("cut")])
    def test_half_an_answer_is_never_sent_again(self, second: Any) -> None:
        with pytest.raises(AnswerLost):
            Script(ok(shown()), second).run(network.send(ACCOUNT, answer("a" * 1025, PICTURE)))

    def test_an_unknown_outcome_is_left_to_a_person(self) -> None:
        assert Script().run(network.find(ACCOUNT, answer(started=clock.now()))) == CannotTell(None)


class TestTheTokenStaysSecret:
    @pytest.mark.parametrize("error", [Unreachable, AnswerLost])
    def test_in_what_went_wrong_on_the_line(self, error: type[Exception]) -> None:
        with pytest.raises(error) as caught:
            Script(error(f"POST {API}/sendMessage")).run(network.send(ACCOUNT, answer()))
        assert TOKEN not in str(caught.value)
        assert caught.value.__suppress_context__

    def test_in_attachments(self) -> None:
        for each in network.read(payload("photo"), ACCOUNT):
            assert TOKEN not in repr(each)

    def test_it_cannot_lead_elsewhere(self) -> None:
        odd = replace(ACCOUNT, credentials={"bot_token": "1:a/../x?y"})
        script = Script(ok(shown()))
        script.run(network.send(odd, answer()))
        assert script.requests[0].url == "https://api.telegram.org/bot1:a%2F..%2Fx%3Fy/sendMessage"

"""The door, and calls against scripted answers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from heed.channels.base import (
    ADMITTED,
    REFUSED,
    WRONG_METHOD,
    Answer,
    CannotTell,
    Checked,
    Hook,
    MediaSource,
    OutgoingFile,
    Refusal,
    Sent,
    Target,
    Wanted,
)
from heed.channels.telegram.adapter import network, secret_of
from heed.channels.telegram.reading import UPDATES
from heed.channels.telegram.tests.sample import ACCOUNT, SECRET, TOKEN, payload, signed
from heed.channels.telegram.writing import FILE_BYTES, PHOTO_BYTES
from heed.lib import clock
from heed.lib.http import AddressRefused, AnswerLost, Request, Response, Steps, Unreachable, drive

API = f"https://api.telegram.org/bot{TOKEN}"
LEA = 5527065001
AT = datetime(2026, 1, 1, 10, 0, tzinfo=UTC)


class Script:
    """Answers requests one after the other; an exception in the list is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Response) else Response(200, {}, orjson.dumps(answer))

    def run(self, steps: Steps[Any]) -> Any:
        return drive(steps, self)


def shown(number: int = 50, chat: int = LEA) -> dict[str, Any]:
    return {"message_id": number, "date": 1767261600, "chat": {"id": chat, "type": "private"}}


def ok(result: Any = True) -> dict[str, Any]:
    return {"ok": True, "result": result}


def no(code: int, description: str = "", **parameters: int) -> Response:
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    return Response(code, {}, orjson.dumps({**body, **({"parameters": parameters} if parameters else {})}))


def answer(text: str = "Pozdravljeni!", *files: OutgoingFile, **changes: Any) -> Answer:
    fields: dict[str, Any] = {"key": "k-1", "visibility": "private", "person": str(LEA), "to": None}
    return Answer(text=text, files=files, **{**fields, **changes})


def target(external_id: str = f"{LEA}:41", **refs: Any) -> Target:
    return Target(external_id, "private", "message", "", refs, at=clock.now())


OURS = replace(target(), ours=True)
IN_BUSINESS = replace(target(f"conn-1:{LEA}:41"), ours=True)


def file(mime: str = "image/jpeg", name: str = "boot.jpg", content: bytes = b"jjj") -> OutgoingFile:
    return OutgoingFile(name, mime, content, "")


PICTURE = file()
VIDEO = file("video/mp4", "zip.mp4", b"vvv")
SONG = file("audio/mpeg", "song.mp3", b"aaa")
PAPER = file("application/pdf", "račun.pdf", b"ppp")


def parts(request: Request) -> dict[str, tuple[str, bytes]]:
    """The parts of a multipart body: header and content by name."""
    kind, _, boundary = request.headers["Content-Type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    assert request.content is not None
    *pieces, end = request.content.split(b"--" + boundary.encode())
    assert end == b"--\r\n"
    found = {}
    for piece in pieces[1:]:
        head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(r' name="([^"]*)"', head.decode())
        assert name is not None
        found[name[1]] = (head.decode(), content.removesuffix(b"\r\n"))
    return found


class TestDoor:
    def test_the_golden_secret(self) -> None:
        assert secret_of(ACCOUNT) == SECRET
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,256}", SECRET)
        assert network.admit(signed(payload("text")), ACCOUNT) == ADMITTED

    @pytest.mark.parametrize("secret", ["", "0" * 64, SECRET.upper(), SECRET + "0", SECRET[:-1], TOKEN, "é"])
    def test_a_wrong_secret(self, secret: str) -> None:
        assert network.admit(signed(payload("text"), secret), ACCOUNT) == REFUSED

    def test_no_secret_at_all(self) -> None:
        assert network.admit(Hook("POST", {}, {}, payload("text")), ACCOUNT) == REFUSED

    def test_an_account_without_a_token_admits_nothing(self) -> None:
        bare = replace(ACCOUNT, credentials={})
        assert network.admit(signed(b"{}", secret_of(bare)), bare) == REFUSED
        assert network.admit(signed(b"{}", ""), bare) == REFUSED

    def test_only_post(self) -> None:
        assert network.admit(Hook("GET", {}, {}, b""), ACCOUNT) == WRONG_METHOD


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
        script = Script(ok(shown(50)), ok(shown(51)))
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


class TestFiles:
    def test_where_a_file_is_now(self) -> None:
        script = Script(ok({"file_id": "f1", "file_unique_id": "u", "file_path": "photos/file 1.jpg"}))
        found = script.run(network.media(ACCOUNT, "media:f1"))
        assert found == MediaSource(f"https://api.telegram.org/file/bot{TOKEN}/photos/file%201.jpg")
        assert (script.requests[0].url, script.requests[0].json) == (f"{API}/getFile", {"file_id": "f1"})

    def test_a_web_address_stays_as_it_is(self) -> None:
        found = Script().run(network.media(ACCOUNT, "https://acme.example/x"))
        assert found == MediaSource("https://acme.example/x")

    @pytest.mark.parametrize(
        ("response", "retry"),
        [
            (no(400, "Bad Request: file is too big"), False),
            (no(400, "Bad Request: wrong file_id or the file is temporarily unavailable"), False),
            (no(429, retry_after=3), True),
            (no(500), True),
            (ok({"file_id": "f1"}), True),
        ],
    )
    def test_a_file_that_cannot_be_had(self, response: Any, retry: bool) -> None:
        with pytest.raises(Refusal) as caught:
            Script(response).run(network.media(ACCOUNT, "media:f1"))
        assert caught.value.retry == retry


class TestActions:
    @pytest.mark.parametrize(
        ("action", "to", "method", "fields"),
        [
            ("typing", target(), "sendChatAction", {"chat_id": LEA, "action": "typing"}),
            (
                "typing",
                target(business="conn-1"),
                "sendChatAction",
                {"chat_id": LEA, "business_connection_id": "conn-1", "action": "typing"},
            ),
            (
                "seen",
                target(f"conn-1:{LEA}:41", business="conn-1"),
                "readBusinessMessage",
                {"chat_id": LEA, "business_connection_id": "conn-1", "message_id": 41},
            ),
            (
                "react",
                target(),
                "setMessageReaction",
                {"chat_id": LEA, "message_id": 41, "reaction": [{"type": "emoji", "emoji": "👍"}]},
            ),
            ("unreact", target(), "setMessageReaction", {"chat_id": LEA, "message_id": 41, "reaction": []}),
            ("edit", OURS, "editMessageText", {"chat_id": LEA, "message_id": 41, "text": "👍"}),
            (
                "edit",
                IN_BUSINESS,
                "editMessageText",
                {"chat_id": LEA, "message_id": 41, "business_connection_id": "conn-1", "text": "👍"},
            ),
            ("delete", OURS, "deleteMessage", {"chat_id": LEA, "message_id": 41}),
            (
                "delete",
                IN_BUSINESS,
                "deleteBusinessMessages",
                {"business_connection_id": "conn-1", "message_ids": [41]},
            ),
        ],
    )
    def test_what_is_called(self, action: Any, to: Target, method: str, fields: dict[str, Any]) -> None:
        script = Script(ok())
        assert script.run(network.act(ACCOUNT, action, to, str(LEA), "👍")) == {}
        (request,) = script.requests
        assert (request.url, request.json, request.decisive) == (f"{API}/{method}", fields, False)

    def test_a_bot_cannot_show_that_it_read(self) -> None:
        script = Script()
        assert script.run(network.act(ACCOUNT, "seen", target(), str(LEA))) == {}
        assert script.requests == []

    @pytest.mark.parametrize(
        ("action", "to"),
        [
            ("react", target(business="conn-1")),
            ("hide", target()),
            ("delete", target()),
            ("edit", target()),
        ],
    )
    def test_what_telegram_has_not(self, action: Any, to: Target) -> None:
        with pytest.raises(Refusal) as caught:
            Script().run(network.act(ACCOUNT, action, to, str(LEA)))
        assert caught.value.reason == "not_allowed"

    def test_an_answer_in_several_messages_is_edited_and_deleted_whole(self) -> None:
        ours = replace(OURS, refs={"more": [f"{LEA}:42", f"{LEA}:43"]})
        script = Script(no(400, "Bad Request: there is no text in the message to edit"), ok(shown()))
        script.run(network.act(ACCOUNT, "edit", ours, str(LEA), "Jutri."))
        text, caption = script.requests
        assert (text.url, text.json["message_id"]) == (f"{API}/editMessageText", 43)
        assert caption.url == f"{API}/editMessageCaption"
        assert caption.json == {"chat_id": LEA, "message_id": 41, "caption": "Jutri."}
        script = Script(ok(), no(400, "Bad Request: message to delete not found"), ok())
        script.run(network.act(ACCOUNT, "delete", ours, str(LEA)))
        assert [each.json["message_id"] for each in script.requests] == [41, 42, 43]

    def test_an_edit_without_a_change_is_done(self) -> None:
        same = no(400, "Bad Request: message is not modified: specified new message content is the same")
        assert Script(same).run(network.act(ACCOUNT, "edit", OURS, str(LEA), "Jutri.")) == {}

    def test_what_is_too_old_is_told(self) -> None:
        late = no(400, "Bad Request: message can't be deleted")
        with pytest.raises(Refusal) as caught:
            Script(late).run(network.act(ACCOUNT, "delete", OURS, str(LEA)))
        assert caught.value.reason == "bad_request"


class TestTheRest:
    me = ok({"id": 5123456789, "is_bot": True, "first_name": "Acme", "username": "acme_shoes_bot"})
    well = ok({"url": "", "has_custom_certificate": False, "pending_update_count": 0})

    def test_check_sets_the_webhook(self) -> None:
        script = Script(self.me, self.well, ok())
        assert script.run(network.check(ACCOUNT)) == Checked(
            "5123456789", "Acme", "acme_shoes_bot", facts={"waiting": 0}
        )
        assert script.requests[1].url == f"{API}/getWebhookInfo"
        assert script.requests[2].url == f"{API}/setWebhook"
        assert script.requests[2].json == {
            "url": ACCOUNT.hook_url,
            "secret_token": SECRET,
            "allowed_updates": UPDATES,
        }
        assert {"message_reaction", "my_chat_member", "deleted_business_messages"} < set(UPDATES)

    def test_check_tells_how_delivering_goes(self) -> None:
        bad = {"url": "u", "pending_update_count": 7, "last_error_date": 1767261600}
        info = ok({**bad, "last_error_message": "Wrong response from the webhook: 502"})
        facts = Script(self.me, info, ok()).run(network.check(ACCOUNT)).facts
        assert facts == {
            "waiting": 7,
            "last_error": "Wrong response from the webhook: 502",
            "last_error_at": "2026-01-01T10:00:00+00:00",
        }
        assert Script(self.me, ok(True), ok()).run(network.check(ACCOUNT)).facts == {"waiting": 0}

    def test_check_with_an_address_telegram_does_not_take(self) -> None:
        words = "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
        with pytest.raises(Refusal) as caught:
            Script(self.me, self.well, no(400, words)).run(network.check(ACCOUNT))
        assert (caught.value.reason, caught.value.detail) == ("not_configured", words)

    @pytest.mark.parametrize("response", [no(401, "Unauthorized"), no(404, "Not Found")])
    def test_check_with_a_dead_token(self, response: Response) -> None:
        with pytest.raises(Refusal) as caught:
            Script(response).run(network.check(ACCOUNT))
        assert caught.value.reason == "sign_in_again"

    @pytest.mark.parametrize("response", [Response(500, {}, b""), Response(200, {}, b"?"), ok(), no(502)])
    def test_check_with_an_answer_nobody_understands_may_be_tried_again(self, response: Any) -> None:
        with pytest.raises(Refusal) as caught:
            Script(response).run(network.check(ACCOUNT))
        assert (caught.value.reason, caught.value.retry) == ("network_down", True)

    def test_an_unknown_outcome_is_left_to_a_person(self) -> None:
        assert Script().run(network.find(ACCOUNT, answer(started=clock.now()))) == CannotTell(None)

    def test_a_token_is_not_renewed(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script().run(network.renew(ACCOUNT))
        assert caught.value.reason == "sign_in_again"

    def test_there_is_nothing_to_collect_or_look_up(self) -> None:
        assert Script().run(network.collect(ACCOUNT, {"seen": 1})).bodies == ()
        assert Script().run(network.look_up(ACCOUNT, Wanted("person", str(LEA)))) == []

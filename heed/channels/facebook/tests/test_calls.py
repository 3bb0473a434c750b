"""What goes out, and what is made of the answers: the steps driven with scripted responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from heed.channels.base import (
    AccountRecord,
    Answer,
    AuthorFound,
    CannotTell,
    Checked,
    IdentitySeen,
    MediaSource,
    MessageEdited,
    NotThere,
    OutgoingFile,
    Person,
    PostSeen,
    Refusal,
    Sent,
    Target,
    Wanted,
)
from heed.channels.facebook.adapter import network
from heed.channels.facebook.connecting import PERMISSIONS, SUBSCRIBED
from heed.channels.facebook.tests.sample import ACCOUNT
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps, Unreachable, drive

Scripted = Response | Exception
PROOF = "a6024693394a23e652049c7c3571712892f80c08425a659c3fdb161563eefa4f"
GRAPH = "https://graph.facebook.com/v25.0"
COMMENT = Target("122_900", "public", "comment", "448_122", {})
REPLY = Target("122_901", "public", "reply", "448_122", {"top": "122_900"})
VISITOR_POST = Target("448_123", "public", "visitor_post", "448_123", {})
MESSAGE = Target("m_1", "private", "message", "", {})
PICTURE = OutgoingFile("boot.png", "image/png", b"\x89PNG", "https://desk.acme.example/f/1")
INVOICE = OutgoingFile("bill.pdf", "application/pdf", b"%PDF", "https://desk.acme.example/f/2")
PUBLIC = Answer("key-1", "public", "It leaves today.", "555", COMMENT)
PRIVATE = Answer("key-1", "private", "It leaves today.", "222", MESSAGE)
PRIVATE_REPLY = Answer("key-1", "private", "It leaves today.", "", COMMENT)


class Script:
    """Answers requests from a list and remembers them."""

    def __init__(self, *answers: Scripted) -> None:
        self.answers = [*answers]
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def run(self, steps: Steps[Any]) -> Any:
        result = drive(steps, self)
        assert not self.answers, "not all answers were asked for"
        return result


def ok(record: Any) -> Response:
    return Response(200, {}, json.dumps(record).encode())


def no(
    code: int, sub: int = 0, *, status: int = 400, message: str = "", headers: Mapping[str, str] = {}
) -> Response:
    error: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A"}
    if sub:
        error["error_subcode"] = sub
    return Response(status, headers, json.dumps({"error": error}).encode())


def refused(steps: Steps[Any], *answers: Scripted) -> Refusal:
    with pytest.raises(Refusal) as caught:
        Script(*answers).run(steps)
    return caught.value


# --------------------------------------------------------------------------------- sending


def test_reply_to_a_comment() -> None:
    script = Script(ok({"id": "122_950"}))
    sent = script.run(network.send(ACCOUNT, PUBLIC))
    assert sent == Sent("122_950", refs={"top": "122_900"})
    (request,) = script.requests
    assert (request.method, request.url) == ("POST", f"{GRAPH}/122_900/comments")
    assert request.json == {"message": "It leaves today."}
    assert request.params == {"appsecret_proof": PROOF}
    assert request.headers == {"authorization": "Bearer EAAB-test-token"}
    assert request.decisive


def test_reply_to_a_reply_goes_under_the_comment() -> None:
    script = Script(ok({"id": "122_950"}))
    script.run(network.send(ACCOUNT, replace(PUBLIC, to=REPLY)))
    assert script.requests[0].url == f"{GRAPH}/122_900/comments"


def test_base_url_may_name_the_version() -> None:
    script = Script(ok({"id": "122_950"}))
    script.run(network.send(replace(ACCOUNT, base_url="http://127.0.0.1:9/facebook/v26.0"), PUBLIC))
    assert script.requests[0].url == "http://127.0.0.1:9/facebook/v26.0/122_900/comments"


def test_picture_under_a_comment_is_uploaded_first() -> None:
    script = Script(ok({"id": "77"}), ok({"id": "122_950"}))
    script.run(network.send(ACCOUNT, replace(PUBLIC, files=(PICTURE,))))
    photo, comment = script.requests
    assert photo.url == f"{GRAPH}/448/photos"
    assert photo.form == {"published": "false"}
    assert photo.upload is not None
    assert (photo.upload.field, photo.upload.content) == ("source", PICTURE.content)
    assert not photo.decisive
    assert comment.json == {"message": "It leaves today.", "attachment_id": "77"}


def test_message() -> None:
    script = Script(ok({"recipient_id": "222", "message_id": "m_9"}))
    assert script.run(network.send(ACCOUNT, PRIVATE)) == Sent("m_9", person="222")
    (request,) = script.requests
    assert request.url == f"{GRAPH}/448/messages"
    assert request.json == {
        "recipient": {"id": "222"},
        "messaging_type": "RESPONSE",
        "message": {"text": "It leaves today.", "metadata": "key-1"},
    }
    assert request.decisive


def test_files_are_messages_of_their_own_before_the_text() -> None:
    script = Script(*(ok({"recipient_id": "222", "message_id": f"m_{n}"}) for n in (7, 8, 9)))
    sent = script.run(network.send(ACCOUNT, replace(PRIVATE, files=(PICTURE, INVOICE))))
    assert sent == Sent("m_9", person="222", more=("m_7", "m_8"))
    picture, invoice, text = script.requests
    assert picture.upload is not None
    assert picture.upload.field == "filedata"
    assert picture.form is not None
    assert json.loads(picture.form["recipient"]) == {"id": "222"}
    assert picture.form["messaging_type"] == "RESPONSE"
    assert json.loads(picture.form["message"]) == {
        "attachment": {"type": "image", "payload": {}},
        "metadata": "key-1",
    }
    assert invoice.form is not None
    assert json.loads(invoice.form["message"])["attachment"]["type"] == "file"
    assert text.json["message"]["text"] == "It leaves today."
    assert all(request.decisive for request in script.requests)


@pytest.mark.parametrize("second", [no(613), Unreachable("gone"), no(100, 2018047)])
def test_a_later_part_that_fails_is_final(second: Scripted) -> None:
    """The whole must not be tried again: the first part would arrive twice."""
    first = ok({"recipient_id": "222", "message_id": "m_7"})
    refusal = refused(network.send(ACCOUNT, replace(PRIVATE, files=(PICTURE,))), first, second)
    assert not refusal.retry
    assert "The first 1 parts went out" in refusal.detail


@pytest.mark.parametrize(("to", "kind"), [(COMMENT, "comment_id"), (VISITOR_POST, "post_id")])
def test_private_reply(to: Target, kind: str) -> None:
    script = Script(ok({"recipient_id": "222", "message_id": "m_9"}))
    assert script.run(network.send(ACCOUNT, replace(PRIVATE_REPLY, to=to))) == Sent("m_9", person="222")
    assert script.requests[0].json == {
        "recipient": {kind: to.external_id},
        "message": {"text": "It leaves today.", "metadata": "key-1"},
    }


def test_a_review_has_no_private_reply() -> None:
    review = Target("77", "public", "review", "77", {})
    assert refused(network.send(ACCOUNT, replace(PRIVATE_REPLY, to=review))).reason == "not_allowed"


def test_answer_to_a_chosen_message() -> None:
    script = Script(ok({"recipient_id": "222", "message_id": "m_9"}))
    script.run(network.send(ACCOUNT, replace(PRIVATE, chosen=True)))
    assert script.requests[0].json["reply_to"] == {"mid": "m_1"}


@pytest.mark.parametrize("code", [2018300, 2018321])
def test_the_thread_is_taken_from_another_app(code: int) -> None:
    script = Script(no(code), DONE, ok({"recipient_id": "222", "message_id": "m_9"}))
    assert script.run(network.send(ACCOUNT, PRIVATE)) == Sent("m_9", person="222")
    first, take, second = script.requests
    assert take.url == f"{GRAPH}/448/take_thread_control"
    assert take.json == {"recipient": {"id": "222"}}
    assert not take.decisive
    assert first == second


def test_the_thread_is_taken_once() -> None:
    assert refused(network.send(ACCOUNT, PRIVATE), no(2018300), DONE, no(2018300)).reason == "not_allowed"
    assert refused(network.send(ACCOUNT, PRIVATE), no(2018300), no(2018171)).code == "2018171"


def test_private_reply_is_one_message() -> None:
    assert refused(network.send(ACCOUNT, replace(PRIVATE_REPLY, files=(PICTURE,)))).reason == "file_refused"


def test_nobody_to_write_to() -> None:
    assert refused(network.send(ACCOUNT, replace(PRIVATE, person=""))).reason == "unreachable"
    assert refused(network.send(ACCOUNT, replace(PUBLIC, to=None))).reason == "gone"


@pytest.mark.parametrize(
    "lost",
    [
        AnswerLost("cut"),
        Response(500, {}, b"<html>"),
        Response(502, {}, b""),
        Response(200, {}, b"<html>"),
        ok({"recipient_id": "222"}),
        ok({}),
    ],
)
@pytest.mark.parametrize("answer", [PUBLIC, PRIVATE, PRIVATE_REPLY])
def test_outcome_unknown(answer: Answer, lost: Scripted) -> None:
    with pytest.raises(AnswerLost):
        Script(lost).run(network.send(ACCOUNT, answer))


@pytest.mark.parametrize("lost", [AnswerLost("cut"), Unreachable("closed")])
def test_lost_upload_is_no_loss(lost: Exception) -> None:
    with pytest.raises(Unreachable):
        Script(lost).run(network.send(ACCOUNT, replace(PUBLIC, files=(PICTURE,))))


# ---------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("answer", "reason", "retry"),
    [
        (no(1, status=500), "network_down", True),
        (no(2, status=503), "network_down", True),
        (no(4), "slow_down", True),
        (no(17), "slow_down", True),
        (no(32), "slow_down", True),
        (no(613, status=429), "slow_down", True),
        (no(80001), "slow_down", True),
        (no(80006), "slow_down", True),
        (no(613, 2018338), "slow_down", False),
        (no(10), "not_allowed", False),
        (no(10, 2018278, status=403), "outside_window", False),
        (no(10, 2534022), "outside_window", False),
        (no(10, 2018108), "unreachable", False),
        (no(10, 1893063), "account_blocked", False),
        (no(100), "bad_request", False),
        (no(100, 33), "gone", False),
        (no(100, 2018001), "unreachable", False),
        (no(100, 2018047), "file_refused", False),
        (no(100, 2534025), "already_done", False),
        (no(100, message="(#100) Length of param message[text] must be ≤ 2000"), "too_long", False),
        (no(100, message="Invalid appsecret_proof provided"), "not_configured", False),
        (no(190, 463, status=401), "sign_in_again", False),
        (no(190, 460), "sign_in_again", False),
        (no(200), "not_allowed", False),
        (no(230), "not_allowed", False),
        (no(283), "not_allowed", False),
        (no(200, 1545041), "unreachable", False),
        (no(368, status=403), "account_blocked", False),
        (no(506), "duplicate", False),
        (no(551), "unreachable", False),
        (no(551, 1545041), "unreachable", False),
        (no(803, status=404), "gone", False),
        (no(2018171), "not_allowed", False),
        (no(9000001), "gone", False),
        (no(1609005), "gone", False),
        (no(77777), "bad_request", False),
        (no(77777, status=500), "network_down", True),
        (no(77777, status=401), "sign_in_again", False),
        (no(77777, status=429), "slow_down", True),
        (Response(429, {"retry-after": "3"}, b""), "slow_down", True),
        (Response(503, {}, b"<html>"), "network_down", True),
        (Response(400, {}, b"<html>"), "network_down", True),
    ],
)
def test_errors(answer: Response, reason: str, retry: bool) -> None:
    refusal = refused(network.send(ACCOUNT, PRIVATE), answer)
    assert (refusal.reason, refusal.retry) == (reason, retry)


def test_transient_error_of_unknown_code() -> None:
    error = {"error": {"code": 77777, "is_transient": True, "message": "later"}}
    refusal = refused(network.send(ACCOUNT, PRIVATE), Response(400, {}, json.dumps(error).encode()))
    assert (refusal.reason, refusal.retry) == ("network_down", True)


def test_code_and_words_are_kept() -> None:
    refusal = refused(network.send(ACCOUNT, PRIVATE), no(10, 2018278, message="(#10) outside"))
    assert (refusal.code, refusal.detail) == ("10/2018278", "(#10) outside")


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        (
            {"x-business-use-case-usage": '{"448":[{"type":"pages","estimated_time_to_regain_access":5}]}'},
            300,
        ),
        ({"x-business-use-case-usage": '{"9":[{"type":"pages","estimated_time_to_regain_access":2}]}'}, 120),
        ({"x-business-use-case-usage": '{"448":[{"call_count":1}]}'}, None),
        ({"x-business-use-case-usage": '{"448":7}'}, None),
        ({"x-business-use-case-usage": '{"9":7}'}, None),
        ({"x-business-use-case-usage": "["}, None),
    ],
)
def test_how_long_to_wait(headers: Mapping[str, str], after: float | None) -> None:
    assert refused(network.send(ACCOUNT, PRIVATE), no(613, headers=headers)).after == after


# ------------------------------------------------------------------------ what became of it

STARTED = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
OURS = {"id": "448", "name": "Acme"}


def started(answer: Answer, ago: float = 300) -> Answer:
    """The answer as its first attempt began so many seconds ago."""
    return replace(
        answer, created=clock.now() - timedelta(seconds=ago), started=clock.now() - timedelta(seconds=ago)
    )


def row(number: str, ago: float, text: str = "It leaves today.", by: str = "448") -> dict[str, Any]:
    at = clock.now() - timedelta(seconds=ago)
    return {
        "id": number,
        "message": text,
        "from": {"id": by},
        "created_time": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
    }


def comments(*rows: dict[str, Any], after: str = "") -> Response:
    paging = {"cursors": {"after": after}, "next": "https://graph.facebook.com/next"} if after else {}
    return ok({"data": rows, "paging": paging})


def talk(*rows: dict[str, Any]) -> Response:
    people = [{"id": "222", "name": "Lea Marn"}, OURS]
    return ok({"data": [{"id": "t_1", "participants": {"data": people}, "messages": {"data": rows}}]})


def test_comment_found() -> None:
    script = Script(comments(row("122_7", 10, "Thanks", "555"), row("122_950", 299, " It leaves\ntoday.")))
    found = script.run(network.find(ACCOUNT, started(PUBLIC)))
    assert isinstance(found, Sent)
    assert found.external_id == "122_950"
    (request,) = script.requests
    assert request.url == f"{GRAPH}/122_900/comments"
    assert request.params["order"] == "reverse_chronological"
    assert request.params["filter"] == "stream"


@pytest.mark.parametrize(
    "other",
    [row("122_7", 290, by="555"), row("122_8", 290, "Something else"), row("122_9", 900)],
    ids=["somebody else's", "other words", "an older one with the same words"],
)
def test_comment_not_there(other: dict[str, Any]) -> None:
    assert Script(comments(other)).run(network.find(ACCOUNT, started(PUBLIC))) == NotThere()


def test_what_was_written_before_the_first_attempt_does_not_count() -> None:
    """An answer may wait long before it is tried; the same words sent meanwhile are another one."""
    answer = replace(started(PUBLIC), created=clock.now() - timedelta(hours=5))
    assert Script(comments(row("122_9", 4000))).run(network.find(ACCOUNT, answer)) == NotThere()


def test_comment_is_looked_for_on_further_pages() -> None:
    script = Script(comments(row("122_7", 5, "x"), after="c1"), comments(row("122_950", 299)))
    found = script.run(network.find(ACCOUNT, started(PUBLIC)))
    assert isinstance(found, Sent)
    assert script.requests[1].params["after"] == "c1"


def test_reading_stops_past_the_moment_of_sending() -> None:
    script = Script(comments(row("122_7", 900, "x"), after="c1"))
    assert script.run(network.find(ACCOUNT, started(PUBLIC))) == NotThere()


def test_endless_comments_prove_nothing() -> None:
    script = Script(*(comments(row(f"122_{n}", 5, "x"), after=f"c{n}") for n in range(10)))
    assert script.run(network.find(ACCOUNT, started(PUBLIC))) == CannotTell()


def test_half_of_an_answer_in_parts_may_be_there() -> None:
    answer = started(replace(PUBLIC, files=(PICTURE, PICTURE)))
    assert Script(comments()).run(network.find(ACCOUNT, answer)) == CannotTell()


@pytest.mark.parametrize(("answer", "empty"), [(PUBLIC, comments()), (PRIVATE, talk())])
def test_too_early_to_tell(answer: Answer, empty: Response) -> None:
    found = Script(empty).run(network.find(ACCOUNT, started(answer, ago=5)))
    assert isinstance(found, CannotTell)
    assert found.ask_again is not None
    assert found.ask_again > 0


@pytest.mark.parametrize(("answer", "empty"), [(PUBLIC, comments()), (PRIVATE, talk())])
def test_it_settles_from_the_last_attempt_on(answer: Answer, empty: Response) -> None:
    """An attempt that was repeated is as fresh as its last try, however long ago the first one was."""
    again = replace(started(answer, ago=4000), tried=clock.now() - timedelta(seconds=5))
    found = Script(empty).run(network.find(ACCOUNT, again))
    assert isinstance(found, CannotTell)
    assert found.ask_again is not None


def test_message_found() -> None:
    script = Script(talk(row("m_8", 280, by="222"), row("m_9", 299), row("m_7", 4000)))
    found = script.run(network.find(ACCOUNT, started(PRIVATE)))
    assert isinstance(found, Sent)
    assert (found.external_id, found.person) == ("m_9", "222")
    assert script.requests[0].params["user_id"] == "222"


def test_absent_message_may_still_come() -> None:
    assert Script(talk()).run(network.find(ACCOUNT, started(PRIVATE))) == CannotTell()


def test_private_reply_found() -> None:
    talk_record = talk(row("m_9", 299)).record["data"][0]
    script = Script(ok({"id": "122_900", "private_reply_conversation": talk_record}))
    found = script.run(network.find(ACCOUNT, started(PRIVATE_REPLY)))
    assert isinstance(found, Sent)
    assert (found.external_id, found.person) == ("m_9", "222")


def test_read_back_refused() -> None:
    assert Script(no(100, 33)).run(network.find(ACCOUNT, started(PUBLIC))) == CannotTell()
    assert refused(network.find(ACCOUNT, started(PUBLIC)), no(613)).retry
    assert refused(network.find(ACCOUNT, started(PUBLIC)), no(190)).reason == "sign_in_again"


# --------------------------------------------------------------------------------- actions


@pytest.mark.parametrize(
    ("action", "method", "path", "body"),
    [
        ("like", "POST", "122_900/likes", {}),
        ("unlike", "DELETE", "122_900/likes", None),
        ("hide", "POST", "122_900", {"is_hidden": True}),
        ("unhide", "POST", "122_900", {"is_hidden": False}),
        ("delete", "DELETE", "122_900", None),
    ],
)
def test_public_actions(action: Any, method: str, path: str, body: Any) -> None:
    script = Script(ok({"success": True}))
    assert script.run(network.act(ACCOUNT, action, COMMENT, "")) == {}
    (request,) = script.requests
    assert (request.method, request.url, request.json) == (method, f"{GRAPH}/{path}", body)
    assert request.params == {"appsecret_proof": PROOF}


def test_edit_of_our_comment() -> None:
    script = Script(ok({"success": True}))
    script.run(network.act(ACCOUNT, "edit", replace(COMMENT, ours=True), "", "It left today."))
    assert (script.requests[0].url, script.requests[0].json) == (
        f"{GRAPH}/122_900",
        {"message": "It left today."},
    )
    assert refused(network.act(ACCOUNT, "edit", COMMENT, "", "No")).reason == "bad_request"


def test_success_may_be_a_bare_true() -> None:
    assert Script(ok(True)).run(network.act(ACCOUNT, "like", COMMENT, "")) == {}


def test_deleting_what_is_gone() -> None:
    assert Script(no(100, 33)).run(network.act(ACCOUNT, "delete", COMMENT, "")) == {}
    assert refused(network.act(ACCOUNT, "hide", COMMENT, ""), no(100, 33)).reason == "gone"


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("seen", {"sender_action": "mark_seen"}),
        ("typing", {"sender_action": "typing_on"}),
        ("react", {"sender_action": "react", "payload": {"message_id": "m_1", "reaction": "👍"}}),
        ("unreact", {"sender_action": "unreact", "payload": {"message_id": "m_1"}}),
    ],
)
def test_private_actions(action: Any, body: dict[str, Any]) -> None:
    script = Script(ok({"recipient_id": "222"}))
    script.run(network.act(ACCOUNT, action, MESSAGE, "222", "👍"))
    assert script.requests[0].url == f"{GRAPH}/448/messages"
    assert script.requests[0].json == {"recipient": {"id": "222"}, **body}


def test_actions_it_does_not_have() -> None:
    assert refused(network.act(ACCOUNT, "repost", COMMENT, "")).reason == "bad_request"
    assert refused(network.act(ACCOUNT, "hide", MESSAGE, "222")).reason == "bad_request"


# --------------------------------------------------------------------------------- look-ups


def test_post() -> None:
    record = {
        "id": "448_122",
        "message": "New boots",
        "full_picture": "https://scontent.xx.fbcdn.net/b.jpg",
        "permalink_url": "https://www.facebook.com/acme/posts/122",
        "created_time": "2025-03-22T18:20:04+0000",
        "from": OURS,
        "shares": {"count": 2},
        "likes": {"data": [], "summary": {"total_count": 7}},
        "comments": {"data": [], "summary": {"total_count": 3}},
    }
    (seen,) = Script(ok(record)).run(network.look_up(ACCOUNT, Wanted("post", "448_122")))
    assert seen == PostSeen(
        external_id="448_122",
        at=datetime(2025, 3, 22, 18, 20, 4, tzinfo=UTC),
        author=Person("448", "Acme"),
        text="New boots",
        picture_url="https://scontent.xx.fbcdn.net/b.jpg",
        permalink="https://www.facebook.com/acme/posts/122",
        likes=7,
        comments=3,
        shares=2,
    )


def test_post_with_little_said() -> None:
    (seen,) = Script(ok({"id": "448_122"})).run(network.look_up(ACCOUNT, Wanted("post", "448_122")))
    assert seen == PostSeen(external_id="448_122", shares=0)


def test_author_of_a_comment() -> None:
    record = {"id": "122_271", "from": {"id": "555", "name": "Lea Marn"}, "message": "What now"}
    found = AuthorFound(external_id="122_271", author=Person("555", "Lea Marn"))
    steps = network.look_up(ACCOUNT, Wanted("message", "122_271", {"look_up": True}))
    assert Script(ok(record)).run(steps) == [found]


def test_words_of_a_mention() -> None:
    record = {"id": "4", "message": "@Acme", "created_time": "2026-11-21T12:00:00+0000"}
    steps = network.look_up(ACCOUNT, Wanted("message", "4", {"look_up": True, "no_text": True}))
    assert Script(ok(record)).run(steps) == [MessageEdited(external_id="4", at=STARTED, text="@Acme")]


def test_person() -> None:
    record = {"first_name": "Lea", "last_name": "Marn", "profile_pic": "https://x.fbsbx.com/p", "id": "222"}
    (seen,) = Script(ok(record)).run(network.look_up(ACCOUNT, Wanted("person", "222")))
    assert seen == IdentitySeen(person=Person("222", "Lea Marn", avatar_url="https://x.fbsbx.com/p"))


@pytest.mark.parametrize("answer", [ok({}), no(100, 33), no(230), no(2018218), no(2018247), no(10)])
def test_what_cannot_be_read_is_left_alone(answer: Response) -> None:
    assert Script(answer).run(network.look_up(ACCOUNT, Wanted("person", "222"))) == []


def test_look_up_may_be_tried_again() -> None:
    assert refused(network.look_up(ACCOUNT, Wanted("person", "222")), no(80006)).retry
    assert refused(network.look_up(ACCOUNT, Wanted("person", "222")), no(190)).reason == "sign_in_again"


@pytest.mark.parametrize(
    ("attachment", "address"),
    [
        (
            {"type": "sticker", "media": {"image": {"src": "https://a.fbcdn.net/s.png"}}},
            "https://a.fbcdn.net/s.png",
        ),
        (
            {"media": {"source": "https://v.fbcdn.net/v.mp4", "image": {"src": "https://a/p"}}},
            "https://v.fbcdn.net/v.mp4",
        ),
        ({"url": "https://a.fbcdn.net/g.gif"}, "https://a.fbcdn.net/g.gif"),
    ],
)
def test_file_of_a_comment(attachment: dict[str, Any], address: str) -> None:
    script = Script(ok({"id": "122_900", "attachment": attachment}))
    assert script.run(network.media(ACCOUNT, "media:122_900")) == MediaSource(address)
    assert (script.requests[0].url, script.requests[0].params["fields"]) == (f"{GRAPH}/122_900", "attachment")


def test_file_that_is_gone_and_file_that_lies_open() -> None:
    assert refused(network.media(ACCOUNT, "media:122_900"), ok({"id": "122_900"})).reason == "gone"
    open_one = "https://a.fbcdn.net/s.png"
    assert Script().run(network.media(ACCOUNT, open_one)) == MediaSource(open_one)


# -------------------------------------------------------------------------- signing in

BACK = "https://desk.acme.example/sign-in/back"
NEW = replace(ACCOUNT, external_id="", credentials={"app_secret": "s", "app_id": "31", "verify_token": "w"})


def pages(*ids: str) -> Response:
    return ok({"data": [{"id": id, "name": f"Page {id}", "access_token": f"EAAB-{id}"} for id in ids]})


def signing_in(account: AccountRecord, query: Mapping[str, str] = {"code": "AQ1"}) -> Steps[Any]:
    assert network.oauth is not None
    return network.oauth.finish(account, {}, query, BACK)


def test_sign_in() -> None:
    assert network.oauth is not None
    begun = Script().run(network.oauth.begin(NEW, BACK, "state-1"))
    asked = parse_qs(urlsplit(begun.url).query)
    assert begun.url.startswith("https://www.facebook.com/v25.0/dialog/oauth?")
    assert (asked["client_id"], asked["redirect_uri"], asked["state"]) == (["31"], [BACK], ["state-1"])
    assert asked["scope"] == [",".join(ALL)]
    script = Script(ok({"access_token": "short"}), ok({"access_token": "long"}), pages("448"))
    assert script.run(signing_in(NEW)) == {"page_token": "EAAB-448"}
    code, exchange, listed = script.requests
    assert code.params == {"client_id": "31", "client_secret": "s", "redirect_uri": BACK, "code": "AQ1"}
    assert exchange.params["fb_exchange_token"] == "short"
    assert "authorization" not in {**code.headers, **exchange.headers}
    assert listed.headers == {"authorization": "Bearer long"}


def test_which_page() -> None:
    tokens = (ok({"access_token": "short"}), ok({"access_token": "long"}))
    refusal = refused(signing_in(NEW), *tokens, pages("448", "449"))
    assert refusal.reason == "not_configured"
    assert "Page 449 (449)" in refusal.detail
    named = replace(NEW, credentials={**NEW.credentials, "page_id": "449"})
    assert Script(*tokens, pages("448", "449")).run(signing_in(named)) == {"page_token": "EAAB-449"}
    again = replace(named, external_id="448")
    assert Script(*tokens, pages("448", "449")).run(signing_in(again)) == {"page_token": "EAAB-448"}
    assert refused(signing_in(NEW), *tokens, pages()).reason == "not_allowed"


def test_sign_in_refused() -> None:
    assert network.oauth is not None
    assert refused(signing_in(NEW, {"error": "access_denied"})).code == "access_denied"
    assert refused(signing_in(NEW), no(100, 36009)).reason == "bad_request"
    nameless = replace(NEW, credentials={"app_secret": "s"})
    assert refused(network.oauth.begin(nameless, BACK, "state-1")).reason == "not_configured"


# ------------------------------------------------------------------------------- connecting

ME, APP, DONE = ok({"id": "448", "name": "Acme"}), ok({"id": "31"}), ok({"success": True})
ALL = [each.name for each in PERMISSIONS]
FACTS = {"app_id": "31", "human_agent": False}
WELL = Checked("448", "Acme", facts=FACTS)


def debug(scopes: list[str] = ALL, expires_at: int = 0) -> Response:
    return ok({"data": {"app_id": "31", "is_valid": True, "expires_at": expires_at, "scopes": scopes}})


def test_check() -> None:
    script = Script(ME, APP, debug(), DONE, DONE)
    assert script.run(network.check(ACCOUNT)) == WELL
    me, app, token, webhook, page = script.requests
    assert (me.url, app.url) == (f"{GRAPH}/me", f"{GRAPH}/app")
    assert (token.url, token.params["input_token"]) == (f"{GRAPH}/debug_token", "EAAB-test-token")
    assert webhook.url == f"{GRAPH}/31/subscriptions"
    assert webhook.json["callback_url"] == ACCOUNT.hook_url
    assert webhook.json["verify_token"] == "shoes"
    for as_app in (token, webhook):
        assert as_app.headers["authorization"] == f"Bearer 31|{ACCOUNT.credentials['app_secret']}"
    assert page.url == f"{GRAPH}/448/subscribed_apps"
    assert page.json == {"subscribed_fields": ",".join(SUBSCRIBED)}
    assert page.headers["authorization"] == "Bearer EAAB-test-token"


def test_missing_permissions_are_named() -> None:
    few = [name for name in ALL if name not in ("pages_messaging", "pages_manage_engagement")]
    checked = Script(ME, APP, debug(few), DONE, DONE).run(network.check(ACCOUNT))
    assert checked.missing == ("pages_manage_engagement", "pages_messaging")
    refusal = refused(network.check(ACCOUNT), ME, APP, debug(["pages_messaging"]), DONE, no(200))
    assert refusal.reason == "not_allowed"
    assert "pages_manage_metadata" in refusal.detail


def test_when_the_token_ends() -> None:
    checked = Script(ME, APP, debug(expires_at=1800000000), DONE, DONE).run(network.check(ACCOUNT))
    assert checked.expires_at == datetime(2027, 1, 15, 8, tzinfo=UTC)


@pytest.mark.parametrize("answer", [no(100), no(200), ok({}), ok({"data": []})])
def test_permissions_that_meta_does_not_list_are_not_missed(answer: Response) -> None:
    assert Script(ME, APP, answer, DONE, DONE).run(network.check(ACCOUNT)) == WELL


@pytest.mark.parametrize(("said", "scopes"), [("yes", []), ("", ["human_agent"])])
def test_human_agent(said: str, scopes: list[str]) -> None:
    account = replace(ACCOUNT, credentials={**ACCOUNT.credentials, "human_agent": said})
    checked = Script(ME, APP, debug([*ALL, *scopes]), DONE, DONE).run(network.check(account))
    able = network.able(checked.facts)
    assert able.private is not None
    assert able.private.late is not None
    assert (able.private.late.name, able.private.late.until) == ("human_agent", 7 * 24 * 3600)
    assert network.able(FACTS) == network.capabilities
    script = Script(ok({"recipient_id": "222", "message_id": "m_9"}))
    script.run(network.send(ACCOUNT, replace(PRIVATE, late="human_agent")))
    assert (script.requests[0].json["messaging_type"], script.requests[0].json["tag"]) == (
        "MESSAGE_TAG",
        "HUMAN_AGENT",
    )


@pytest.mark.parametrize("answers", [(no(100), DONE), (APP, debug(), no(100, 2200), DONE), (ok({}), DONE)])
def test_webhook_left_to_the_dashboard(answers: tuple[Response, ...]) -> None:
    checked = Script(ME, *answers).run(network.check(ACCOUNT))
    assert (checked.external_id, checked.name) == ("448", "Acme")


def test_check_of_another_page() -> None:
    refusal = refused(network.check(ACCOUNT), ok({"id": "999", "name": "Other"}))
    assert refusal.reason == "not_configured"
    assert "Other (999)" in refusal.detail


def test_check_learns_the_page() -> None:
    account = replace(ACCOUNT, external_id="")
    assert Script(ME, APP, debug(), DONE, DONE).run(network.check(account)) == WELL


@pytest.mark.parametrize(
    "answers",
    [
        (no(190),),
        (ME, no(190)),
        (ME, APP, no(1)),
        (ME, APP, debug(), no(4)),
        (ME, APP, debug(), DONE, no(200)),
    ],
)
def test_check_refused(answers: tuple[Response, ...]) -> None:
    refused(network.check(ACCOUNT), *answers)


def test_nothing_to_renew_or_collect() -> None:
    assert refused(network.renew(ACCOUNT)).reason == "sign_in_again"
    assert Script().run(network.collect(ACCOUNT, {})).bodies == ()

"""Sending, and what refusals mean: the steps driven with scripted answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from heed.channels.base import TAKEN_OVER, Answer, Sent, Target
from heed.channels.facebook.adapter import network
from heed.channels.facebook.tests.sample import (
    ACCOUNT,
    COMMENT,
    GRAPH,
    INVOICE,
    PICTURE,
    PRIVATE,
    PRIVATE_REPLY,
    PUBLIC,
    REPLY,
    VISITOR_POST,
)
from heed.channels.meta.tests.script import DONE, PROOF, Script, Scripted, no, ok, refused
from heed.lib.http import AnswerLost, Response, Unreachable


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
    sent = script.run(network.send(ACCOUNT, PRIVATE))
    assert sent == Sent("m_9", person="222", refs={TAKEN_OVER: True})
    first, take, second = script.requests
    assert take.url == f"{GRAPH}/448/take_thread_control"
    assert take.json == {"recipient": {"id": "222"}}
    assert not take.decisive
    assert first == second


def test_that_it_was_taken_is_known_of_an_answer_in_parts() -> None:
    taken = ok({"recipient_id": "222", "message_id": "m_8"})
    script = Script(no(2018300), DONE, taken, ok({"recipient_id": "222", "message_id": "m_9"}))
    sent = script.run(network.send(ACCOUNT, replace(PRIVATE, files=(PICTURE,))))
    assert sent == Sent("m_9", person="222", refs={TAKEN_OVER: True}, more=("m_8",))


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
        (no(341), "slow_down", True),
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
        (no(100, 2534025), "not_privately", False),
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
    assert refusal.whole_account == (reason == "slow_down" and retry and bool(answer.body))


def test_a_video_that_took_meta_too_long_is_tried_once_more() -> None:
    answer = replace(PRIVATE, text="", files=(PICTURE,))
    script = Script(no(100, 2018294), ok({"recipient_id": "222", "message_id": "m_9"}))
    assert script.run(network.send(ACCOUNT, answer)).external_id == "m_9"
    assert [each.wait for each in script.requests] == [0, 5]
    refusal = refused(network.send(ACCOUNT, answer), no(100, 2018294), no(100, 2018294))
    assert (refusal.reason, refusal.retry) == ("file_refused", False)


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

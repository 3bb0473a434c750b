"""Sending, and what refusals mean: the steps driven with scripted answers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from heed.channels.base import TAKEN_OVER, AccountRecord, Answer, OutgoingFile, Sent, Target
from heed.channels.instagram.adapter import network
from heed.channels.instagram.tests.sample import (
    ACCOUNT,
    BILL,
    BY_FACEBOOK,
    BY_IG,
    FILE,
    IG,
    IN_CAPTION,
    MENTION,
    PICTURE,
    POST,
    PRIVATE,
    PRIVATE_REPLY,
    PUBLIC,
    REPLY,
    SENT_MESSAGE,
)
from heed.channels.meta.tests.script import DONE, Script, no, ok, refused
from heed.lib.http import AnswerLost, Response, Unreachable


@pytest.mark.parametrize("account", [ACCOUNT, BY_FACEBOOK])
def test_reply_to_a_comment(account: AccountRecord) -> None:
    script = Script(ok({"id": "1950"}))
    sent = script.run(network.send(account, PUBLIC))
    assert sent == Sent("1950", refs={"top": "1789"})
    (request,) = script.requests
    assert request.method == "POST"
    assert request.url.endswith("/v25.0/1789/replies")
    assert request.params["message"] == "It leaves today."
    assert request.decisive


def test_reply_to_a_reply_goes_under_the_comment() -> None:
    script = Script(ok({"id": "1950"}))
    script.run(network.send(ACCOUNT, replace(PUBLIC, to=REPLY)))
    assert script.requests[0].url == f"{BY_IG}/1789/replies"


def test_comment_under_a_post() -> None:
    script = Script(ok({"id": "1950"}))
    assert script.run(network.send(ACCOUNT, replace(PUBLIC, to=POST))) == Sent("1950")
    assert script.requests[0].url == f"{BY_IG}/1790/comments"


@pytest.mark.parametrize(
    ("to", "where"),
    [(MENTION, {"media_id": "1801", "comment_id": "1802"}), (IN_CAPTION, {"media_id": "1801"})],
)
def test_answer_to_a_mention(to: Target, where: dict[str, str]) -> None:
    script = Script(ok({"id": "1950"}))
    assert script.run(network.send(ACCOUNT, replace(PUBLIC, to=to))) == Sent("1950")
    (request,) = script.requests
    assert request.url == f"{BY_IG}/{IG}/mentions"
    assert request.params == {"message": "It leaves today.", **where}
    assert request.decisive


def test_private_reply_to_a_comment() -> None:
    script = Script(ok(SENT_MESSAGE))
    assert script.run(network.send(BY_FACEBOOK, PRIVATE_REPLY)) == Sent("aWdfOut", person="1001")
    assert script.requests[0].json == {
        "recipient": {"comment_id": "1789"},
        "message": {"text": "It leaves today."},
    }


@pytest.mark.parametrize(("file", "kind"), [(PICTURE, "image"), (BILL, "file")])
def test_a_file_is_named_by_its_address(file: OutgoingFile, kind: str) -> None:
    script = Script(ok(SENT_MESSAGE))
    assert script.run(network.send(ACCOUNT, replace(FILE, files=(file,)))) == Sent("aWdfOut", person="1001")
    (request,) = script.requests
    assert request.json["message"] == {"attachment": {"type": kind, "payload": {"url": file.url}}}
    assert request.decisive


@pytest.mark.parametrize(
    "answer",
    [
        replace(PUBLIC, files=(PICTURE,)),
        replace(PRIVATE_REPLY, files=(PICTURE,)),
        replace(PRIVATE, files=(PICTURE,)),
        replace(FILE, files=(PICTURE, BILL)),
        replace(FILE, files=(replace(PICTURE, url=""),)),
        replace(FILE, files=(replace(PICTURE, content=b"x" * (8 * 1024 * 1024 + 1)),)),
    ],
)
def test_files_that_cannot_go(answer: Answer) -> None:
    assert refused(network.send(ACCOUNT, answer)).reason == "file_refused"


@pytest.mark.parametrize("person", ["", "@omar.badr"])
def test_nobody_to_write_to(person: str) -> None:
    assert refused(network.send(ACCOUNT, replace(PRIVATE, person=person))).reason == "unreachable"


def test_accepted_without_an_id_is_unknown() -> None:
    with pytest.raises(AnswerLost):
        Script(ok({"success": True})).run(network.send(ACCOUNT, PRIVATE))


@pytest.mark.parametrize(
    ("answer", "reason", "retry"),
    [
        (no(10, 2534022, status=403), "outside_window", False),
        (no(10), "not_allowed", False),
        (no(10, 2534077), "sign_in_again", False),
        (no(10, 1893063), "account_blocked", False),
        (no(100, 2534014), "unreachable", False),
        (no(100, 2534025), "not_privately", False),
        (no(100, 2534013), "not_configured", False),
        (no(100, 33), "gone", False),
        (no(100, 2018047), "file_refused", False),
        (no(100, message="(#100) Length of param message[text] is too long"), "too_long", False),
        (no(100, message="Invalid appsecret_proof provided"), "not_configured", False),
        (no(100), "bad_request", False),
        (no(190, 463, status=401), "sign_in_again", False),
        (no(200, 2534041), "not_allowed", False),
        (no(230), "not_allowed", False),
        (no(551, 1545041), "unreachable", False),
        (no(613, 2534040), "slow_down", True),
        (no(613, 2018338), "slow_down", False),
        (no(4), "slow_down", True),
        (no(80002), "slow_down", True),
        (no(1), "network_down", True),
        (no(2, status=503), "network_down", True),
        (no(368), "account_blocked", False),
        (no(9010), "unreachable", False),
        (no(2018171), "not_allowed", False),
        (no(2534068), "not_allowed", False),
        (no(123456, status=404), "gone", False),
        (Response(429, {"retry-after": "7"}, b""), "slow_down", True),
        (Response(403, {}, b"<html>"), "network_down", True),
    ],
)
def test_what_errors_mean(answer: Response, reason: str, retry: bool) -> None:
    refusal = refused(network.send(ACCOUNT, PRIVATE), answer)
    assert (refusal.reason, refusal.retry) == (reason, retry)
    assert refusal.whole_account == (reason == "slow_down" and retry and bool(answer.body))


def test_a_file_that_meta_could_not_fetch_is_tried_once_more() -> None:
    script = Script(no(100, 2018008), ok(SENT_MESSAGE))
    assert script.run(network.send(ACCOUNT, FILE)).external_id == SENT_MESSAGE["message_id"]
    first, second = script.requests
    assert (first.wait, second.wait, second.json) == (0, 5, first.json)
    refusal = refused(network.send(ACCOUNT, FILE), no(100, 2018008), no(100, 2018008))
    assert (refusal.reason, refusal.retry) == ("file_refused", False)


def test_the_wait_that_meta_asks_for() -> None:
    cases = {IG: [{"estimated_time_to_regain_access": 3}], "1": [{"estimated_time_to_regain_access": 9}]}
    headers = {"x-business-use-case-usage": json.dumps(cases)}
    assert refused(network.send(ACCOUNT, PRIVATE), no(80002, headers=headers)).after == 180


@pytest.mark.parametrize("answer", [Response(500, {}, b"<html>"), Response(200, {}, b"<html>")])
def test_an_unreadable_answer_is_unknown(answer: Response) -> None:
    with pytest.raises(AnswerLost):
        Script(answer).run(network.send(ACCOUNT, PRIVATE))


def test_nobody_there() -> None:
    with pytest.raises(Unreachable):
        Script(Unreachable("closed")).run(network.send(ACCOUNT, PRIVATE))


@pytest.mark.parametrize("account", [ACCOUNT, BY_FACEBOOK])
def test_human_agent(account: AccountRecord) -> None:
    assert network.able({"human_agent": False}) == network.capabilities
    able = network.able({"human_agent": True})
    assert able.private is not None
    assert able.private.late is not None
    assert (able.private.late.name, able.private.late.until) == ("human_agent", 7 * 24 * 3600)
    script = Script(ok(SENT_MESSAGE))
    script.run(network.send(account, replace(PRIVATE, late="human_agent", chosen=True)))
    assert script.requests[0].json == {
        "recipient": {"id": "1001"},
        "messaging_type": "MESSAGE_TAG",
        "tag": "HUMAN_AGENT",
        "reply_to": {"mid": "aWdfX1"},
        "message": {"text": "It leaves today."},
    }


@pytest.mark.parametrize("error", [no(2018300), no(100, 2534037)])
def test_the_thread_is_taken_from_another_app(error: Response) -> None:
    script = Script(error, DONE, ok(SENT_MESSAGE))
    sent = script.run(network.send(ACCOUNT, PRIVATE))
    assert sent == Sent("aWdfOut", person="1001", refs={TAKEN_OVER: True})
    first, take, second = script.requests
    assert (take.url, take.json) == (f"{BY_IG}/{IG}/take_thread_control", {"recipient": {"id": "1001"}})
    assert not take.decisive
    assert first == second
    assert refused(network.send(ACCOUNT, PRIVATE), error, no(2018171)).code == "2018171"

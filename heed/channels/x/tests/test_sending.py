"""Answers as calls: replies, quotes, messages, their files, and why X refuses them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import Answer, Sent, SessionExpired
from heed.channels.x.adapter import network
from heed.channels.x.tests.sample import ACCOUNT, LEA
from heed.channels.x.tests.script import (
    API,
    QUESTION,
    SELF_SERVE,
    Script,
    answer,
    file,
    made,
    no,
    private,
    problem,
    refused,
    target,
)
from heed.channels.x.writing import IMAGE_BYTES
from heed.lib import clock
from heed.lib.http import AnswerLost, Response

PUBLIC = Sent("77", permalink="https://x.com/acme/status/77")


class TestSending:
    def test_a_reply(self) -> None:
        script = Script(made())
        assert script.run(network.send(ACCOUNT, answer())) == PUBLIC
        (request,) = script.requests
        assert (request.method, request.url, request.decisive) == ("POST", f"{API}/tweets", True)
        assert request.json == {"text": "Na poti je.", "reply": {"in_reply_to_tweet_id": QUESTION}}
        assert request.headers == {"Authorization": "Bearer access-demo"}

    def test_a_quote(self) -> None:
        script = Script(made())
        script.run(network.send(ACCOUNT, answer(quote=True)))
        assert script.requests[0].json == {"text": "Na poti je.", "quote_tweet_id": QUESTION}

    def test_a_message(self) -> None:
        script = Script(made())
        assert script.run(network.send(ACCOUNT, private())) == Sent("77")
        (request,) = script.requests
        assert request.url == f"{API}/dm_conversations/with/{LEA}/messages"
        assert (request.json, request.decisive) == ({"text": "Trideset dni."}, True)

    def test_the_session_s_token_is_used(self) -> None:
        ends = (clock.now() + timedelta(hours=1)).isoformat()
        account = replace(ACCOUNT, session={"access_token": "newer", "expires_at": ends})
        script = Script(made())
        script.run(network.send(account, answer()))
        assert script.requests[0].headers == {"Authorization": "Bearer newer"}

    def test_a_token_about_to_end_is_not_used(self) -> None:
        ends = (clock.now() + timedelta(seconds=30)).isoformat()
        account = replace(ACCOUNT, session={"access_token": "old", "expires_at": ends})
        script = Script()
        with pytest.raises(SessionExpired):
            script.run(network.send(account, answer()))
        assert script.requests == []

    def test_a_refused_token(self) -> None:
        with pytest.raises(SessionExpired):
            Script(no(401)).run(network.send(ACCOUNT, answer()))

    def test_keys_that_never_end_sign_the_call(self) -> None:
        account = replace(ACCOUNT, credentials={**ACCOUNT.credentials, "token_secret": "ts"})
        script = Script(made())
        script.run(network.send(account, answer()))
        header = script.requests[0].headers["Authorization"]
        assert re.match(r'OAuth oauth_consumer_key="consumer-key-demo", oauth_nonce="[0-9a-f]{32}"', header)
        assert refused(Script(no(401)), network.send(account, answer())).reason == "sign_in_again"

    @pytest.mark.parametrize(
        ("wrong", "reason"),
        [
            (answer("ž" * 281), "too_long"),
            (answer("日" * 141), "too_long"),
            (private("a" * 10_001), "too_long"),
            (answer("", *[file()] * 5), "file_refused"),
            (answer("", file("video/mp4"), file()), "file_refused"),
            (answer("", file("image/gif"), file()), "file_refused"),
            (answer("", file("application/pdf")), "file_refused"),
            (answer("", file(size=IMAGE_BYTES + 1)), "file_refused"),
            (private("", file(), file()), "file_refused"),
            (private(person=""), "unreachable"),
            (private(person="../1"), "unreachable"),
        ],
    )
    def test_what_x_would_not_take_is_not_sent(self, wrong: Answer, reason: str) -> None:
        script = Script()
        assert refused(script, network.send(ACCOUNT, wrong)).reason == reason
        assert script.requests == []

    def test_a_long_link_counts_23(self) -> None:
        link = "https://acme.example/" + "a" * 200
        Script(made()).run(network.send(ACCOUNT, answer("a" * 256 + " " + link)))

    def test_self_serve_answers_only_who_summoned(self) -> None:
        stranger = answer(to=target(refs={"summoned": False}))
        script = Script()
        caught = refused(script, network.send(SELF_SERVE, stranger))
        assert (caught.reason, caught.code, script.requests) == ("not_allowed", "not-summoned", [])
        assert refused(Script(), network.send(SELF_SERVE, answer(quote=True))).code == "self-serve"
        assert refused(Script(), network.send(SELF_SERVE, answer("$AB and $CD"))).code == "cashtags"
        assert Script(made()).run(network.send(SELF_SERVE, answer("$AB costs $5"))) == PUBLIC
        assert Script(made()).run(network.send(SELF_SERVE, answer())) == PUBLIC
        assert Script(made()).run(network.send(ACCOUNT, stranger)) == PUBLIC


def begun(id: str = "900") -> dict[str, Any]:
    return {"data": {"id": id, "media_key": f"3_{id}"}}


def working(state: str, **more: Any) -> dict[str, Any]:
    return {"data": {"id": "900", "processing_info": {"state": state, **more}}}


class TestFiles:
    def test_a_picture_in_its_pieces(self) -> None:
        script = Script(begun(), {"data": {}}, {"data": {}}, begun(), made())
        big = file(size=4 * 1024 * 1024 + 5)
        script.run(network.send(ACCOUNT, answer("Tako.", big)))
        assert script.asked == [
            "POST /media/upload/initialize",
            "POST /media/upload/900/append",
            "POST /media/upload/900/append",
            "POST /media/upload/900/finalize",
            "POST /tweets",
        ]
        assert script.requests[0].json == {
            "media_type": "image/png",
            "total_bytes": big.size,
            "media_category": "tweet_image",
        }
        pieces = script.requests[1:3]
        assert [each.form for each in pieces] == [{"segment_index": "0"}, {"segment_index": "1"}]
        assert b"".join(each.upload.content for each in pieces if each.upload) == big.content
        assert script.requests[-1].json["media"] == {"media_ids": ["900"]}
        assert [each.decisive for each in script.requests] == [False] * 4 + [True]

    def test_what_a_picture_shows_is_said(self) -> None:
        script = Script(begun(), {"data": {}}, begun(), {"data": {"id": "900"}}, made())
        script.run(network.send(ACCOUNT, answer("Tako.", replace(file(), alt="Škorenj z zadrgo"))))
        assert script.asked[3:] == ["POST /media/metadata", "POST /tweets"]
        said = {"id": "900", "metadata": {"alt_text": {"text": "Škorenj z zadrgo"}}}
        assert script.requests[3].json == said

    def test_a_video_is_waited_for(self) -> None:
        pending = working("pending", check_after_secs=4)
        script = Script(begun(), {}, pending, working("in_progress", check_after_secs=7), begun(), made())
        script.run(network.send(ACCOUNT, private("", file("video/mp4"))))
        looks = [each for each in script.requests if each.method == "GET"]
        assert [each.wait for each in looks] == [4.0, 7.0]
        assert looks[0].params == {"command": "STATUS", "media_id": "900"}
        assert script.requests[0].json["media_category"] == "dm_video"
        assert script.requests[-1].json == {"attachments": [{"media_id": "900"}]}

    def test_a_video_x_cannot_use(self) -> None:
        failed = working("failed", error={"code": 3, "message": "Unsupported codec"})
        caught = refused(Script(begun(), {}, failed), network.send(ACCOUNT, answer("", file("video/mp4"))))
        assert (caught.reason, caught.detail) == ("file_refused", "Unsupported codec")

    def test_a_video_that_takes_too_long_is_tried_again(self) -> None:
        endless = working("in_progress", check_after_secs=5)
        script = Script(begun(), {}, *[endless] * 20)
        caught = refused(script, network.send(ACCOUNT, answer("", file("video/mp4"))))
        assert (caught.reason, caught.retry) == ("network_down", True)


class TestRefusals:
    @pytest.mark.parametrize(
        ("response", "reason", "retry"),
        [
            (problem(403, "client-forbidden"), "not_allowed", False),
            (problem(403, "not-authorized-for-resource"), "gone", False),
            (problem(404, "resource-not-found"), "gone", False),
            (problem(429, "usage-capped"), "account_blocked", False),
            (problem(403, "usage-capped"), "account_blocked", False),
            (
                no(
                    403,
                    {
                        "errors": [{"message": "Usage cap exceeded"}],
                        "type": "https://api.twitter.com/2/problems/usage-capped",
                    },
                ),
                "account_blocked",
                False,
            ),
            (no(402, {"detail": "no credits"}), "account_blocked", False),
            (no(403, {"errors": [{"code": 385, "message": "deleted"}]}), "gone", False),
            (no(403, {"errors": [{"code": 433, "message": "restricted"}]}), "not_allowed", False),
            (no(403, {"errors": [{"code": 187, "message": "Status is a duplicate."}]}), "duplicate", False),
            (no(400, {"errors": [{"code": 186, "message": "too long"}]}), "too_long", False),
            (no(403, {"detail": "You are not allowed … with duplicate content."}), "duplicate", False),
            (problem(400, "invalid-request", "media IDs are invalid"), "bad_request", False),
            (no(503), "network_down", True),
        ],
    )
    def test_why_a_post_was_refused(self, response: Response, reason: str, retry: bool) -> None:
        caught = refused(Script(response), network.send(ACCOUNT, answer()))
        assert (caught.reason, caught.retry) == (reason, retry)

    def test_who_takes_no_messages(self) -> None:
        closed = no(403, {"errors": [{"code": 349, "message": "You cannot send messages to this user."}]})
        assert refused(Script(closed), network.send(ACCOUNT, private())).reason == "unreachable"
        unexplained = no(403, {"title": "Forbidden", "detail": "Forbidden", "type": "about:blank"})
        assert refused(Script(unexplained), network.send(ACCOUNT, private())).reason == "unreachable"

    def test_waiting_until_the_bucket_is_full(self) -> None:
        reset = str(int((clock.now() + timedelta(seconds=300)).timestamp()))
        caught = refused(Script(no(429, **{"x-rate-limit-reset": reset})), network.send(ACCOUNT, answer()))
        assert (caught.reason, caught.retry, caught.whole_account) == ("slow_down", True, True)
        assert caught.after is not None
        assert 290 < caught.after <= 300

    def test_a_reset_in_the_past_or_far_away(self) -> None:
        for seconds, after in (
            (-60, 1.0),
            (7_200, 7_200.0),
            (90_000, 86_400.0),
        ):  # a bucket of the day is not a quarter-hour's
            reset = str(int((clock.now() + timedelta(seconds=seconds)).timestamp()))
            response = no(429, **{"x-rate-limit-reset": reset})
            told = refused(Script(response), network.send(ACCOUNT, answer()))
            assert told.after == pytest.approx(after, abs=5)
            assert told.whole_account == (after == 1.0)  # what goes out another way does not wait for a day

    def test_a_wait_nobody_names(self) -> None:
        assert refused(Script(no(429)), network.send(ACCOUNT, answer())).after is None

    @pytest.mark.parametrize(
        "response", [no(500), no(502), no(201, {}), no(200, []), Response(201, {}, b"<")]
    )
    def test_nobody_knows(self, response: Response) -> None:
        with pytest.raises(AnswerLost):
            Script(response).run(network.send(ACCOUNT, answer()))

    def test_an_upload_that_broke_may_be_tried_again(self) -> None:
        caught = refused(Script(no(500)), network.send(ACCOUNT, answer("", file())))
        assert (caught.reason, caught.retry) == ("network_down", True)

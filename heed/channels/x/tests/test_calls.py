"""Calls against scripted answers: sending, finding out, acting, looking up."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from heed.channels.base import (
    AccountRecord,
    Answer,
    AuthorFound,
    CannotTell,
    IdentitySeen,
    MessageRemoved,
    NotThere,
    OutgoingFile,
    Person,
    PostSeen,
    Refusal,
    Sent,
    SessionExpired,
    Target,
    Wanted,
)
from heed.channels.x.adapter import network
from heed.channels.x.tests.sample import ACCOUNT, ACME, LEA
from heed.channels.x.writing import IMAGE_BYTES
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps, drive

API = "https://api.x.com/2"
SELF_SERVE = replace(ACCOUNT, credentials={**ACCOUNT.credentials, "access_level": ""})
QUESTION = "2080765813578191303"
NOW = datetime(2026, 8, 12, 18, 0, tzinfo=UTC)


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

    @property
    def asked(self) -> list[str]:
        return [f"{each.method} {each.url.removeprefix(API)}" for each in self.requests]


def made(id: str = "77", status: int = 201) -> Response:
    return Response(status, {}, orjson.dumps({"data": {"id": id, "text": "…", "dm_event_id": id}}))


def no(status: int, body: Any = None, **headers: str) -> Response:
    return Response(status, headers, orjson.dumps(body if body is not None else {}))


def problem(status: int, kind: str, detail: str = "") -> Response:
    return no(status, {"title": "No", "detail": detail, "type": f"https://api.x.com/2/problems/{kind}"})


def target(**changes: Any) -> Target:
    fields: dict[str, Any] = {"kind": "mention", "refs": {"summoned": True}, "post": QUESTION, **changes}
    return Target(QUESTION, changes.pop("visibility", "public"), **fields)


def answer(text: str = "Na poti je.", *files: OutgoingFile, **changes: Any) -> Answer:
    fields: dict[str, Any] = {"visibility": "public", "person": LEA, "to": target(), **changes}
    return Answer(key="k-1", text=text, files=files, **fields)


def private(text: str = "Trideset dni.", *files: OutgoingFile, **changes: Any) -> Answer:
    return answer(text, *files, visibility="private", to=None, **changes)


def file(mime: str = "image/png", size: int = 3) -> OutgoingFile:
    return OutgoingFile("boot.png", mime, b"x" * size, "")


def refused(script: Script, steps: Steps[Any]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        script.run(steps)
    return caught.value


# ------------------------------------------------------------------------------- sending


class TestSending:
    def test_a_reply(self) -> None:
        script = Script(made())
        assert script.run(network.send(ACCOUNT, answer())) == Sent("77")
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
        assert Script(made()).run(network.send(SELF_SERVE, answer("$AB costs $5"))) == Sent("77")
        assert Script(made()).run(network.send(SELF_SERVE, answer())) == Sent("77")
        assert Script(made()).run(network.send(ACCOUNT, stranger)) == Sent("77")


# --------------------------------------------------------------------------------- files


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


# ------------------------------------------------------------------------------- refusals


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


# ------------------------------------------------------------------------ what became of it


def own(id: str = "78", text: str = "@lea_marn Na poti je.", at: str = "2026-08-12T18:00:01.000Z") -> Any:
    return {
        "id": id,
        "text": text,
        "author_id": ACME,
        "created_at": at,
        "conversation_id": QUESTION,
        "referenced_tweets": [{"type": "replied_to", "id": QUESTION}],
        "display_text_range": [10, len(text)],
    }


def told(id: str = "79", text: str = "Trideset dni.", sender: str = ACME, **more: Any) -> Any:
    base = {"id": id, "event_type": "MessageCreate", "text": text, "created_at": "2026-08-12T18:00:01.000Z"}
    return {**base, "sender_id": sender, "dm_conversation_id": f"{ACME}-{LEA}", **more}


class TestFinding:
    def test_a_post_is_there(self) -> None:
        script = Script({"data": [own("80", "@lea_marn Drugo."), own()]})
        found = script.run(network.find(ACCOUNT, answer(started=NOW)))
        assert found == Sent("78", at=NOW + timedelta(seconds=1))
        (request,) = script.requests
        assert request.url == f"{API}/users/{ACME}/tweets"
        assert request.params["start_time"] == "2026-08-12T17:59:55Z"

    def test_on_the_second_page(self) -> None:
        first = {"data": [own("80", "@lea_marn Drugo.")], "meta": {"next_token": "t2"}}
        script = Script(first, {"data": [own()]})
        assert script.run(network.find(ACCOUNT, answer(started=NOW))).external_id == "78"
        assert script.requests[1].params["pagination_token"] == "t2"

    @pytest.mark.parametrize("way", ["public", "private"])
    def test_page_after_page_until_its_time_is_passed(self, way: str) -> None:
        """A busy account: giving up earlier would say that it is not there, and send it twice."""
        one = own("80", "@lea_marn Drugo.") if way == "public" else told("80", "Drugo.")
        wanted = answer(started=NOW) if way == "public" else private(started=NOW)
        busy = [{"data": [one], "meta": {"next_token": f"t{number}"}} for number in range(7)]
        script = Script(*busy, {"data": [own() if way == "public" else told()]})
        assert isinstance(script.run(network.find(ACCOUNT, wanted)), Sent)
        assert len(script.requests) == 8

    @pytest.mark.parametrize("way", ["public", "private"])
    def test_what_x_no_longer_lists_is_no_proof(self, way: str) -> None:
        one = own("80", "@lea_marn Drugo.") if way == "public" else told("80", "Drugo.")
        wanted = answer(started=NOW) if way == "public" else private(started=NOW)
        script = Script(*[{"data": [one], "meta": {"next_token": "t"}}] * 32)
        assert script.run(network.find(ACCOUNT, wanted)) == CannotTell()

    @pytest.mark.parametrize(
        "posts",
        [
            [],
            [own(text="@lea_marn Drugo.")],
            [own(at="2026-08-12T17:00:00.000Z")],
            [{**own(), "referenced_tweets": [{"type": "replied_to", "id": "5"}]}],
            [{**own(), "author_id": LEA}],
        ],
    )
    def test_no_such_post(self, posts: list[Any]) -> None:
        assert isinstance(Script({"data": posts}).run(network.find(ACCOUNT, answer(started=NOW))), NotThere)

    def test_the_same_words_of_another_answer_prove_nothing(self) -> None:
        taken = answer(started=NOW, taken=frozenset({"78"}))
        assert isinstance(Script({"data": [own()]}).run(network.find(ACCOUNT, taken)), NotThere)

    def test_x_shows_it_only_after_a_moment(self) -> None:
        found = Script({"data": []}).run(network.find(ACCOUNT, answer(started=clock.now())))
        assert isinstance(found, CannotTell)
        assert found.ask_again

    def test_a_link_is_the_same_when_it_was_shortened(self) -> None:
        post = own(text="@lea_marn Tu: https://t.co/x &amp; hvala")
        post["entities"] = {"urls": [{"url": "https://t.co/x", "expanded_url": "https://acme.example/a"}]}
        wanted = answer("Tu: https://acme.example/a & hvala", started=NOW)
        assert Script({"data": [post]}).run(network.find(ACCOUNT, wanted)).external_id == "78"

    @pytest.mark.parametrize(
        ("typed", "links", "shown"),
        [
            ("Tu: acme.com/a", {"https://t.co/x": "http://acme.com/a"}, "Tu: https://t.co/x"),
            ("Acme.com\r\n\r\nHvala", {"https://t.co/x": "http://acme.com/"}, "https://t.co/x\n\nHvala"),
            ("Hvala, Z\u030cana", {}, "Hvala, \u017dana"),
        ],
    )
    def test_what_x_makes_of_the_words_is_still_the_same(
        self, typed: str, links: dict[str, str], shown: str
    ) -> None:
        """Another reading would send a direct message twice."""
        entities: Any = {"urls": [{"url": short, "expanded_url": long} for short, long in links.items()]}
        script = Script({"data": [told(text=shown, entities=entities)]})
        assert script.run(network.find(ACCOUNT, private(typed, started=NOW))).external_id == "79"

    def test_a_name_at_the_start_that_x_counts_among_its_own(self) -> None:
        wanted = answer("@lea_marn Na poti je.", started=NOW)
        assert Script({"data": [own()]}).run(network.find(ACCOUNT, wanted)).external_id == "78"

    def test_a_file_that_x_did_not_include(self) -> None:
        link = {"url": "https://t.co/d", "expanded_url": "https://x.com/messages/media/79"}
        more: Any = {"attachments": {"media_keys": ["3_79"]}, "entities": {"urls": [link]}}
        script = Script({"data": [told(text="Tu. https://t.co/d", **more)]})
        wanted = private("Tu.", file(), started=NOW)
        assert script.run(network.find(ACCOUNT, wanted)).external_id == "79"

    def test_a_message_is_there(self) -> None:
        script = Script({"data": [told("80", sender=LEA), told()]})
        assert script.run(network.find(ACCOUNT, private(started=NOW))).external_id == "79"
        assert script.asked == [f"GET /dm_conversations/with/{LEA}/dm_events"]
        assert "created_at" in script.requests[0].params["dm_event.fields"]

    def test_no_such_message(self) -> None:
        old = told("70", created_at="2026-08-12T17:00:00.000Z")
        script = Script({"data": [old], "meta": {"next_token": "t2"}})
        assert isinstance(script.run(network.find(ACCOUNT, private(started=NOW))), NotThere)

    def test_refused_as_a_repeat_after_a_lost_answer(self) -> None:
        repeat = no(403, {"detail": "… duplicate content."})
        script = Script(repeat, {"data": [own()]})
        assert script.run(network.send(ACCOUNT, answer(started=NOW))).external_id == "78"
        script = Script(repeat, {"data": []})
        assert refused(script, network.send(ACCOUNT, answer(started=NOW))).reason == "duplicate"


# -------------------------------------------------------------------------------- actions


class TestActing:
    @pytest.mark.parametrize(
        ("action", "asked", "body", "state"),
        [
            ("like", f"POST /users/{ACME}/likes", {"tweet_id": QUESTION}, {"liked": True}),
            ("unlike", f"DELETE /users/{ACME}/likes/{QUESTION}", None, {"liked": False}),
            ("repost", f"POST /users/{ACME}/retweets", {"tweet_id": QUESTION}, {"retweeted": True}),
            ("unrepost", f"DELETE /users/{ACME}/retweets/{QUESTION}", None, {"retweeted": False}),
            ("hide", f"PUT /tweets/{QUESTION}/hidden", {"hidden": True}, {"hidden": True}),
            ("unhide", f"PUT /tweets/{QUESTION}/hidden", {"hidden": False}, {"hidden": False}),
            ("delete", f"DELETE /tweets/{QUESTION}", None, {"deleted": True}),
        ],
    )
    def test_an_action_on_a_post(self, action: Any, asked: str, body: Any, state: Any) -> None:
        script = Script({"data": state})
        assert script.run(network.act(ACCOUNT, action, target(), LEA)) == {}
        assert script.asked == [asked]
        assert script.requests[0].json == body
        wrong = {"data": {name: not value for name, value in state.items()}}
        assert refused(Script(wrong), network.act(ACCOUNT, action, target(), LEA)).reason == "not_allowed"

    def test_our_message_is_deleted(self) -> None:
        script = Script({"data": {"deleted": True}})
        ours = Target(QUESTION, "private", "message", "", {}, ours=True)
        script.run(network.act(ACCOUNT, "delete", ours, LEA))
        assert script.asked == [f"DELETE /dm_events/{QUESTION}"]

    def test_what_is_gone_is_deleted(self) -> None:
        gone = problem(404, "resource-not-found")
        assert Script(gone).run(network.act(ACCOUNT, "delete", target(), LEA)) == {}

    def test_an_error_beside_a_success(self) -> None:
        partial = {"errors": [{"type": "https://api.x.com/2/problems/resource-not-found", "detail": "gone"}]}
        assert refused(Script(partial), network.act(ACCOUNT, "like", target(), LEA)).reason == "gone"

    def test_what_x_has_not(self) -> None:
        assert refused(Script(), network.act(ACCOUNT, "typing", target(), LEA)).reason == "not_allowed"
        chat = Target("chat:7", "private", "message", "", {})
        assert refused(Script(), network.act(ACCOUNT, "delete", chat, LEA)).reason == "bad_request"


class TestAble:
    def test_with_a_contract(self) -> None:
        can = network.able({"level": "enterprise"})
        assert {"like", "unlike", "repost", "hide"} <= can.on_theirs
        assert (can.quote, str(can.why_no_quote)) == (True, "")
        assert "like" not in can.why_not
        assert "write it anew" in str(can.why_not["edit"])
        assert can.public is not None
        assert can.public.invited is None

    @pytest.mark.parametrize("facts", [{}, {"level": "self_serve"}])
    def test_paying_per_use(self, facts: dict[str, str]) -> None:
        can = network.able(facts)
        assert not {"like", "unlike"} & (can.on_theirs | can.on_ours)
        assert {"repost", "hide"} <= can.on_theirs
        assert "Enterprise" in str(can.why_not["like"])
        assert not can.quote
        assert "Enterprise" in str(can.why_no_quote)
        assert can.private is not None
        assert can.public is not None
        assert can.public.invited is not None
        assert can.public.invited.ref == "summoned"

    def test_without_the_right_to_messages(self) -> None:
        can = network.able({"level": "enterprise", "messages": False})
        assert can.private is None
        assert not can.on_private_ours

    def test_only_replies_under_our_own_posts_can_be_hidden(self) -> None:
        can = network.able({})
        assert all("hide" not in can.only[kind] for kind in ("mention", "reply", "quote"))
        assert "comment" not in can.only
        assert can.why_not["hide"]


# ------------------------------------------------------------------------------ looking up


def beside(kind: str) -> dict[str, Any]:
    """An error beside no data."""
    return {"errors": [{"type": f"https://api.x.com/2/problems/{kind}", "detail": "no"}]}


def looked_up(script: Script, what: Any, external_id: str, account: AccountRecord = ACCOUNT) -> Any:
    return script.run(network.look_up(account, Wanted(what, external_id)))


class TestLookingUp:
    def test_a_person(self) -> None:
        script = Script({"data": {"id": LEA, "name": "Lea Marn", "username": "lea_marn"}})
        assert looked_up(script, "person", LEA) == [IdentitySeen(person=Person(LEA, "Lea Marn", "lea_marn"))]
        assert script.asked == [f"GET /users/{LEA}"]
        assert looked_up(Script(), "person", "?7") == []

    def test_a_post(self) -> None:
        shown = {
            "data": {**own("78"), "public_metrics": {"like_count": 4, "reply_count": 2}},
            "includes": {"users": [{"id": ACME, "name": "Acme", "username": "acme"}]},
        }
        (seen,) = looked_up(Script(shown), "post", "78")
        assert isinstance(seen, PostSeen)
        assert (seen.text, seen.likes, seen.comments) == ("Na poti je.", 4, 2)
        assert seen.author == Person(ACME, "Acme", "acme")

    @pytest.mark.parametrize("answer", [beside("resource-not-found"), problem(404, "resource-not-found")])
    def test_what_is_gone(self, answer: Any) -> None:
        assert looked_up(Script(answer), "post", "78") == [PostSeen(external_id="78", removed=True)]
        assert looked_up(Script(answer), "message", "78") == [MessageRemoved(external_id="78", at=None)]

    @pytest.mark.parametrize("answer", [beside("internal-error"), beside("field-hydration-failure"), {}])
    @pytest.mark.parametrize("what", ["post", "message"])
    def test_what_x_cannot_show_just_now_is_not_gone(self, what: str, answer: Any) -> None:
        caught = refused(Script(answer), network.look_up(ACCOUNT, Wanted(what, "78")))  # type: ignore[arg-type]
        assert (caught.reason, caught.retry) == ("network_down", True)

    def test_who_wrote(self) -> None:
        shown = {"data": own("78"), "includes": {}}
        assert looked_up(Script(shown), "message", "78") == [
            AuthorFound(external_id="78", author=Person(ACME))
        ]
        assert looked_up(Script(), "message", "chat:7") == []

    def test_a_file_of_a_message(self) -> None:
        source = Script().run(network.media(ACCOUNT, "media:5/77/boot.jpg"))
        assert source.url == f"{API}/dm_conversations/media/5/77/boot.jpg"
        assert source.headers == {"Authorization": "Bearer access-demo"}

    def test_a_file_of_a_post(self) -> None:
        source = Script().run(network.media(ACCOUNT, "https://pbs.twimg.com/media/a.jpg"))
        assert (source.url, source.headers) == ("https://pbs.twimg.com/media/a.jpg", {})

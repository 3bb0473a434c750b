"""The door, and calls against scripted answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
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
    IdentitySeen,
    MediaSource,
    NotThere,
    OutgoingFile,
    Person,
    Quota,
    Refusal,
    Sent,
    SessionExpired,
    Target,
    Wanted,
)
from heed.channels.line.adapter import network
from heed.channels.line.tests.sample import ACCOUNT, payload, signed
from heed.channels.line.writing import PICTURE_BYTES
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps, Unreachable, drive

API = "https://api.line.me"
LEA = "U206d25c2ea6bd87c17655609a1c37cb8"
KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"
GOLDEN_BODY = b'{"destination":"U00000000000000000000000000000000","events":[]}'
GOLDEN = "KhN4IWDVWbIcmTch4Tx1DT6dorVXOEyCelbdQ0Vv4c8="


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


def sent(*ids: str) -> dict[str, Any]:
    return {"sentMessages": [{"id": each, "quoteToken": f"q-{each}"} for each in ids]}


def no(status: int, message: str = "", headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    return Response(status, headers or {}, orjson.dumps({"message": message, **more}))


def wrong(name: str, why: str = "") -> Response:
    return no(400, "The request body has 1 error(s)", details=[{"property": name, "message": why}])


def answer(text: str = "Na poti je.", *files: OutgoingFile, **changes: Any) -> Answer:
    fields: dict[str, Any] = {"key": KEY, "visibility": "private", "person": LEA, "to": None}
    return Answer(text=text, files=files, **{**fields, "started": clock.now(), **changes})


def target(**refs: Any) -> Target:
    return Target("444573844083572737", "private", "message", "", refs)


def picture(
    mime: str = "image/png", size: int = 10, url: str = "https://desk.example.org/f/1.png"
) -> OutgoingFile:
    return OutgoingFile("boot.png", mime, b"p" * size, url)


class TestDoor:
    def test_the_golden_vector(self) -> None:
        hook = Hook("POST", {}, {"x-line-signature": GOLDEN}, GOLDEN_BODY)
        assert network.admit(hook, ACCOUNT) == ADMITTED

    @pytest.mark.parametrize(
        "signature", ["", GOLDEN[:-1], GOLDEN.lower(), "0" * 44, f"sha256={GOLDEN}", "é", GOLDEN + "="]
    )
    def test_a_wrong_signature(self, signature: str) -> None:
        hook = Hook("POST", {}, {"x-line-signature": signature}, GOLDEN_BODY)
        assert network.admit(hook, ACCOUNT) == REFUSED

    def test_the_same_news_written_another_way(self) -> None:
        hook = signed(payload("text"))
        rewritten = orjson.dumps(orjson.loads(hook.body))
        assert network.admit(replace(hook, body=rewritten), ACCOUNT) == REFUSED

    def test_an_account_without_a_secret_admits_nothing(self) -> None:
        bare = replace(ACCOUNT, credentials={"channel_id": "1"})
        assert network.admit(signed(GOLDEN_BODY, ""), bare) == REFUSED

    def test_only_post(self) -> None:
        assert network.admit(Hook("GET", {}, {}, b""), ACCOUNT) == WRONG_METHOD


class TestToken:
    def test_a_new_one(self) -> None:
        script = Script({"token_type": "Bearer", "access_token": "t-1", "expires_in": 899})
        session = script.run(network.renew(ACCOUNT))
        assert session["token"] == "t-1"
        assert 800 < float(session["renew_at"]) - clock.now().timestamp() <= 839
        (request,) = script.requests
        assert (request.method, request.url) == ("POST", f"{API}/oauth2/v3/token")
        assert request.form == {
            "grant_type": "client_credentials",
            "client_id": "2001234567",
            "client_secret": "channel-secret-demo",
        }

    @pytest.mark.parametrize(
        ("status", "reason", "retry"),
        [
            (400, "sign_in_again", False),
            (401, "sign_in_again", False),
            (429, "slow_down", True),
            (500, "network_down", True),
            (503, "network_down", True),
            (200, "network_down", True),
        ],
    )
    def test_none_is_given(self, status: int, reason: str, retry: bool) -> None:
        with pytest.raises(Refusal) as caught:
            Script(Response(status, {}, b'{"error":"invalid_client"}')).run(network.renew(ACCOUNT))
        assert (caught.value.reason, caught.value.retry) == (reason, retry)

    @pytest.mark.parametrize("session", [{}, {"token": "t-1"}, {"token": "t-1", "renew_at": "1"}])
    def test_without_a_fresh_one_nothing_leaves(self, session: dict[str, str]) -> None:
        script = Script()
        with pytest.raises(SessionExpired):
            script.run(network.send(replace(ACCOUNT, session=session), answer()))
        assert script.requests == []

    def test_line_no_longer_takes_it(self) -> None:
        with pytest.raises(SessionExpired):
            Script(no(401, "Authentication failed.")).run(network.send(ACCOUNT, answer()))


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
            (({"type": "limited", "value": 200}, {"totalUsage": 200}), "account_blocked", False),
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


class TestConnecting:
    BOT = {"userId": "U9", "basicId": "@216ru", "displayName": "Acme", "chatMode": "chat"}
    OURS = {"endpoint": "https://desk.example.org/hooks/here", "active": True}
    WELL = {"success": True, "statusCode": 200, "reason": "OK", "detail": "200"}
    FREE = {"type": "none"}

    def test_a_fresh_account(self) -> None:
        quota, used = {"type": "limited", "value": 200}, {"totalUsage": 30}
        script = Script(self.BOT, no(404), {}, self.OURS, self.WELL, quota, used)
        assert script.run(network.check(ACCOUNT)) == Checked(
            "U9",
            "Acme",
            "@216ru",
            quotas=(Quota("messages this month", 170, 200),),
            facts={"webhook": True},
        )
        put, test = script.requests[2], script.requests[4]
        assert (put.method, put.url) == ("PUT", f"{API}/v2/bot/channel/webhook/endpoint")
        assert put.json == test.json == {"endpoint": ACCOUNT.hook_url}
        assert test.url == f"{API}/v2/bot/channel/webhook/test"

    def test_again_it_only_looks(self) -> None:
        script = Script({**self.BOT, "premiumId": "@acme"}, self.OURS, self.WELL, self.FREE)
        checked = script.run(network.check(ACCOUNT))
        assert (checked.handle, checked.missing, checked.quotas) == ("@acme", (), ())
        assert "PUT" not in [request.method for request in script.requests]

    def test_another_program_took_the_webhook(self) -> None:
        theirs = {"endpoint": "https://other.example.org/", "active": True}
        script = Script(self.BOT, theirs, {}, self.OURS, self.WELL, self.FREE)
        script.run(network.check(ACCOUNT))
        assert script.requests[2].method == "PUT"

    @pytest.mark.parametrize(("there", "lost"), [("https://other.example/hook", ("webhook",)), ("", ())])
    def test_a_webhook_that_became_another_s_is_told(self, there: str, lost: tuple[str, ...]) -> None:
        known = replace(ACCOUNT, facts={"webhook": True})
        others = [{"endpoint": there, "active": True}, {}] if there else []
        script = Script(self.BOT, *others, self.OURS, self.WELL, {"type": "none"})
        assert script.run(network.check(known)).lost == lost

    def test_the_webhook_is_switched_off(self) -> None:
        script = Script(self.BOT, {**self.OURS, "active": False}, self.WELL, self.FREE)
        assert script.run(network.check(ACCOUNT)).missing == ("Use webhook",)
        assert "Use webhook" in [each.name for each in network.guide.permissions]

    @pytest.mark.parametrize(
        ("status", "reason", "retry"),
        [(403, "sign_in_again", False), (502, "not_configured", True), (0, "not_configured", True)],
    )
    def test_line_cannot_reach_us(self, status: int, reason: str, retry: bool) -> None:
        tried = {"success": False, "statusCode": status, "reason": "COULD_NOT_CONNECT", "detail": "TLS"}
        with pytest.raises(Refusal) as caught:
            Script(self.BOT, self.OURS, tried).run(network.check(ACCOUNT))
        assert (caught.value.reason, caught.value.retry) == (reason, retry)
        assert "COULD_NOT_CONNECT" in caught.value.detail

    def test_line_does_not_say_who_we_are(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script({}).run(network.check(ACCOUNT))
        assert (caught.value.reason, caught.value.retry) == ("network_down", True)


class TestLookingUp:
    def look_up(self, *answers: Any, what: Any = "person") -> Any:
        return Script(*answers).run(network.look_up(ACCOUNT, Wanted(what, LEA)))

    def test_a_person(self) -> None:
        shown = {"userId": LEA, "displayName": "Lea Marn", "language": "sl", "pictureUrl": "https://p/1"}
        person = Person(LEA, name="Lea Marn", language="sl", avatar_url="https://p/1")
        assert self.look_up(shown) == [IdentitySeen(person=person)]

    @pytest.mark.parametrize("response", [no(404, "Not found"), no(400), {}, {"userId": 7}])
    def test_nobody_is_shown(self, response: Any) -> None:
        assert self.look_up(response) == []

    def test_trouble_is_no_answer(self) -> None:
        with pytest.raises(Refusal):
            self.look_up(no(503))

    def test_nothing_else_can_be_asked_for(self) -> None:
        assert self.look_up(what="message") == []

    def test_an_id_stays_one_word_of_the_address(self) -> None:
        script = Script(no(404))
        script.run(network.look_up(ACCOUNT, Wanted("person", "../info?x")))
        assert script.requests[0].url == f"{API}/v2/bot/profile/..%2Finfo%3Fx"


class TestMedia:
    def test_a_file_of_a_customer(self) -> None:
        assert Script().run(network.media(ACCOUNT, "media:4445")) == MediaSource(
            "https://api-data.line.me/v2/bot/message/4445/content",
            {"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.demo"},
        )

    def test_another_server_keeps_files_itself(self) -> None:
        account = replace(ACCOUNT, base_url="http://127.0.0.1:8/line")
        source = Script().run(network.media(account, "media:4445"))
        assert source.url == "http://127.0.0.1:8/line/v2/bot/message/4445/content"

    def test_a_face_lies_open(self) -> None:
        url = "https://profile.line-scdn.net/0h1"
        assert Script().run(network.media(ACCOUNT, url)) == MediaSource(url)


class TestActing:
    def act(self, action: Any, script: Script, **refs: Any) -> Any:
        return script.run(network.act(ACCOUNT, action, target(**refs), LEA))

    def test_typing(self) -> None:
        script = Script(Response(202, {}, b"{}"))
        assert self.act("typing", script) == {}
        assert script.requests[0].url == f"{API}/v2/bot/chat/loading/start"
        assert script.requests[0].json == {"chatId": LEA, "loadingSeconds": 20}

    def test_seen(self) -> None:
        script = Script({})
        self.act("seen", script, read="r-1")
        assert script.requests[0].url == f"{API}/v2/bot/chat/markAsRead"
        assert script.requests[0].json == {"markAsReadToken": "r-1"}

    def test_seen_where_there_is_nothing_to_mark(self) -> None:
        script = Script()
        assert self.act("seen", script) == {}
        assert script.requests == []

    @pytest.mark.parametrize("action", ["like", "delete", "edit", "react"])
    def test_what_line_has_not(self, action: str) -> None:
        with pytest.raises(Refusal) as caught:
            self.act(action, Script())
        assert caught.value.reason == "not_allowed"

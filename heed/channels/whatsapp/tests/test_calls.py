"""The door, and calls against scripted answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from heed.channels.base import (
    ADMITTED,
    REFUSED,
    WRONG_METHOD,
    AccountRecord,
    Answer,
    CannotTell,
    Checked,
    Collected,
    FilledTemplate,
    Hook,
    MediaSource,
    OutgoingFile,
    Refusal,
    Sent,
    Target,
    Template,
    Wanted,
)
from heed.channels.whatsapp.adapter import network
from heed.channels.whatsapp.connecting import PERMISSIONS
from heed.channels.whatsapp.tests.sample import ACCOUNT, NUMBER, SECRET, as_meta_writes, payload, signed
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps, Unreachable, drive

GOLDEN_BODY = (
    rb'{"object":"page","entry":[{"id":"111","time":1700000000000,"messaging":[{"sender":{"id":"222"},'
    rb'"recipient":{"id":"111"},"timestamp":1700000000000,"message":{"mid":"m_1","text":"caf\u00e9 '
    rb'\ud83d\ude00 http:\/\/a.b"}}]}]}'
)
GOLDEN = "2b4df453b5ba204fe900992bea178aa866c36b34ba2aafb40c0f5b8dcc010e0f"
OVER_THE_PARSED_TEXT = "21047a7c9c03e8e460c44c6c78f6fda7624946fbc77e7274a2125beac0b25103"
PROOF = "a6024693394a23e652049c7c3571712892f80c08425a659c3fdb161563eefa4f"
BUSINESS = "102290129340398"
API = "https://graph.facebook.com/v25.0"
LEA = "SI.13491208655302741918"


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


def ok(id: str = "wamid.1", user_id: str = LEA) -> dict[str, Any]:
    contact = {"input": LEA, "wa_id": "38640111222", "user_id": user_id}
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": id}]}


def error(code: int, status: int = 400, headers: dict[str, str] | None = None, **more: Any) -> Response:
    return Response(
        status, headers or {}, orjson.dumps({"error": {"code": code, "message": f"(#{code}) no", **more}})
    )


def answer(text: str = "Na poti je.", *files: OutgoingFile, **changes: Any) -> Answer:
    fields: dict[str, Any] = {"key": "k-1", "visibility": "private", "person": LEA, "to": None}
    return Answer(text=text, files=files, **{**fields, **changes})


def sent(*replies: Any, of: Answer | None = None) -> tuple[Any, list[Request]]:
    script = Script(*replies)
    return script.run(network.send(ACCOUNT, of or answer())), script.requests


def refused(*replies: Any, of: Answer | None = None) -> tuple[Refusal, list[Request]]:
    script = Script(*replies)
    with pytest.raises(Refusal) as caught:
        script.run(network.send(ACCOUNT, of or answer()))
    return caught.value, script.requests


TO = Target("wamid.in", "private", "message", "", {})
PICTURE = OutgoingFile("boot.jpg", "image/jpeg", b"j" * 10, "")
SOUND = OutgoingFile("hi.ogg", "audio/ogg", b"s" * 10, "")
PAPER = OutgoingFile("račun.pdf", "application/pdf", b"p" * 10, "")


class TestDoor:
    def test_the_golden_vector(self) -> None:
        hook = Hook("POST", {}, {"x-hub-signature-256": f"sha256={GOLDEN}"}, GOLDEN_BODY)
        assert network.admit(hook, ACCOUNT) == ADMITTED

    @pytest.mark.parametrize(
        "signature",
        [
            "",
            GOLDEN,
            f"sha1={GOLDEN}",
            f"sha256={OVER_THE_PARSED_TEXT}",
            f"sha256={GOLDEN.upper()}",
            f"sha256={GOLDEN}0",
            "sha256=é",
        ],
    )
    def test_a_wrong_signature(self, signature: str) -> None:
        hook = Hook("POST", {}, {"x-hub-signature-256": signature}, GOLDEN_BODY)
        assert network.admit(hook, ACCOUNT) == REFUSED

    def test_the_signature_is_over_the_bytes_and_not_over_what_they_say(self) -> None:
        hook = signed(as_meta_writes(payload("text")))
        assert network.admit(hook, ACCOUNT) == ADMITTED
        assert network.admit(replace(hook, body=payload("text")), ACCOUNT) == REFUSED

    def test_two_secrets_while_one_is_exchanged(self) -> None:
        both = {**ACCOUNT.credentials, "app_secret": f"newer, {SECRET}"}
        account = replace(ACCOUNT, credentials=both)
        assert network.admit(signed(b"{}"), account) == ADMITTED
        assert network.admit(signed(b"{}", "newer"), account) == ADMITTED
        assert network.admit(signed(b"{}", "older"), account) == REFUSED

    def test_an_account_without_a_secret_admits_nothing(self) -> None:
        assert network.admit(signed(b"{}", ""), replace(ACCOUNT, credentials={})) == REFUSED

    def test_the_handshake(self) -> None:
        query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "shoes"}
        admission = network.admit(Hook("GET", query, {}, b""), ACCOUNT)
        assert (admission.status, admission.keep, admission.body) == (200, False, b"1158201444")
        assert admission.content_type == "text/plain"

    @pytest.mark.parametrize(
        "change", [{"hub.verify_token": "boots"}, {"hub.verify_token": ""}, {"hub.mode": "unsubscribe"}]
    )
    def test_a_handshake_that_does_not_fit(self, change: dict[str, str]) -> None:
        query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "shoes", **change}
        assert network.admit(Hook("GET", query, {}, b""), ACCOUNT).status == 403

    def test_no_verify_token_shakes_no_hands(self) -> None:
        query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": ""}
        assert network.admit(Hook("GET", query, {}, b""), replace(ACCOUNT, credentials={})).status == 403

    def test_only_get_and_post(self) -> None:
        assert network.admit(Hook("PUT", {}, {}, b""), ACCOUNT) == WRONG_METHOD


class TestSending:
    def test_a_text(self) -> None:
        done, (request,) = sent(ok(), of=answer(to=TO, chosen=True))
        assert done == Sent("wamid.1", person=LEA)
        assert request.url == f"{API}/{NUMBER}/messages"
        assert request.decisive
        assert request.headers == {"authorization": "Bearer EAAB-test-token"}
        assert request.params == {"appsecret_proof": PROOF}
        assert request.json == {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "recipient": LEA,
            "context": {"message_id": "wamid.in"},
            "biz_opaque_callback_data": "heed:k-1",
            "type": "text",
            "text": {"body": "Na poti je.", "preview_url": False},
        }

    @pytest.mark.parametrize(
        ("person", "named"),
        [
            ("38640111222", "to"),
            ("SI.1", "recipient"),
            ("US.ENT.11815799212886844830", "recipient"),
            ("US1234", "to"),
        ],
    )
    def test_exactly_one_of_the_two_kinds_of_receiver(self, person: str, named: str) -> None:
        _, (request,) = sent(ok(), of=answer(person=person))
        assert {"to", "recipient"} & request.json.keys() == {named}
        assert request.json[named] == person

    @pytest.mark.parametrize("of", [answer(), answer(to=TO), answer(chosen=True)])
    def test_nothing_is_quoted_that_no_agent_chose(self, of: Answer) -> None:
        _, (request,) = sent(ok(), of=of)
        assert "context" not in request.json

    def test_a_template(self) -> None:
        filled = FilledTemplate("order_update", "en", ("Lea", "88140"))
        _, (request,) = sent(ok(), of=answer(template=filled))
        assert request.json["type"] == "template"
        assert request.json["template"] == {
            "name": "order_update",
            "language": {"code": "en"},
            "components": [
                {
                    "type": "body",
                    "parameters": [{"type": "text", "text": "Lea"}, {"type": "text", "text": "88140"}],
                }
            ],
        }
        assert request.json["biz_opaque_callback_data"] == "heed:k-1"
        _, (plain,) = sent(ok(), of=answer(template=FilledTemplate("we_are_back", "sl")))
        assert plain.json["template"] == {"name": "we_are_back", "language": {"code": "sl"}}

    def test_an_id_learned_on_the_way(self) -> None:
        done, _ = sent(ok(user_id="SI.2"), of=answer(person="38640111222"))
        assert done == Sent("wamid.1", person="SI.2")

    def test_an_answer_without_contacts_teaches_nobody(self) -> None:
        done, _ = sent({"messages": [{"id": "wamid.1"}]})
        assert done == Sent("wamid.1")

    def test_a_picture_is_uploaded_first_and_takes_its_text_along(self) -> None:
        done, (up, request) = sent({"id": "449"}, ok(), of=answer("Tukaj.", PICTURE))
        assert done == Sent("wamid.1", person=LEA)
        assert (up.url, up.decisive) == (f"{API}/{NUMBER}/media", False)
        assert up.form == {"messaging_product": "whatsapp", "type": "image/jpeg"}
        assert up.upload is not None
        assert (up.upload.field, up.upload.name, up.upload.content) == ("file", "boot.jpg", b"j" * 10)
        assert (request.json["type"], request.json["image"]) == ("image", {"id": "449", "caption": "Tukaj."})
        assert request.json["biz_opaque_callback_data"] == "part:k-1"

    def test_a_file_alone_can_be_proved_by_its_receipts(self) -> None:
        _, (_, request) = sent({"id": "449"}, ok(), of=answer("", PICTURE))
        assert request.json["image"] == {"id": "449"}
        assert request.json["biz_opaque_callback_data"] == "heed:k-1"

    def test_a_document_keeps_its_name(self) -> None:
        _, (_, request) = sent({"id": "449"}, ok(), of=answer("", PAPER))
        assert request.json["document"] == {"id": "449", "filename": "račun.pdf"}

    @pytest.mark.parametrize(("text", "file"), [("Poslušajte.", SOUND), ("a" * 1025, PICTURE)])
    def test_where_no_caption_fits_the_text_follows(self, text: str, file: OutgoingFile) -> None:
        done, (_, first, second) = sent({"id": "449"}, ok("wamid.1"), ok("wamid.2"), of=answer(text, file))
        assert done == Sent("wamid.2", person=LEA, more=("wamid.1",))
        assert second.json["text"]["body"] == text
        assert {first.json["biz_opaque_callback_data"], second.json["biz_opaque_callback_data"]} == {
            "part:k-1"
        }

    @pytest.mark.parametrize("then", [error(131056), Unreachable("gone")])
    def test_when_only_the_file_went_out_a_person_decides(self, then: Any) -> None:
        with pytest.raises(AnswerLost):
            sent({"id": "449"}, ok(), then, of=answer("Poslušajte.", SOUND))

    @pytest.mark.parametrize(
        ("wanted", "reason"),
        [
            (answer("a" * 4097), "too_long"),
            (answer("", PICTURE, PAPER), "file_refused"),
            (answer(person=""), "unreachable"),
        ],
    )
    def test_refused_before_anything_is_sent(self, wanted: Answer, reason: str) -> None:
        refusal, requests = refused(of=wanted)
        assert (refusal.reason, refusal.retry, requests) == (reason, False, [])

    def test_a_refused_upload_sends_nothing(self) -> None:
        refusal, requests = refused(error(131053), of=answer("Tukaj.", PICTURE))
        assert (refusal.reason, len(requests)) == ("file_refused", 1)

    def test_a_lost_upload_is_nothing_that_happened(self) -> None:
        with pytest.raises(Unreachable):
            sent(AnswerLost("cut"), of=answer("Tukaj.", PICTURE))

    @pytest.mark.parametrize("body", [{}, {"messages": []}, {"messages": [{}]}, {"messages": "x"}])
    def test_taken_without_an_id_is_unknown(self, body: dict[str, Any]) -> None:
        with pytest.raises(AnswerLost):
            sent(body)

    @pytest.mark.parametrize(
        ("code", "reason", "retry"),
        [
            (0, "sign_in_again", False),
            (1, "network_down", True),
            (2, "network_down", True),
            (3, "not_allowed", False),
            (4, "slow_down", True),
            (10, "not_allowed", False),
            (100, "bad_request", False),
            (190, "sign_in_again", False),
            (200, "not_allowed", False),
            (299, "not_allowed", False),
            (368, "account_blocked", False),
            (613, "slow_down", True),
            (80007, "slow_down", True),
            (130429, "slow_down", True),
            (130497, "not_allowed", False),
            (131000, "network_down", True),
            (131005, "not_allowed", False),
            (131008, "bad_request", False),
            (131009, "bad_request", False),
            (131016, "network_down", True),
            (131021, "unreachable", False),
            (131026, "unreachable", False),
            (131030, "unreachable", False),
            (131031, "account_blocked", False),
            (131037, "not_configured", False),
            (131042, "not_configured", False),
            (131045, "not_configured", False),
            (131047, "outside_window", False),
            (131048, "slow_down", True),
            (131051, "bad_request", False),
            (131053, "file_refused", False),
            (131056, "slow_down", True),
            (131057, "network_down", True),
            (131062, "unreachable", False),
            (133016, "slow_down", True),
            (999999, "bad_request", False),
        ],
    )
    def test_the_errors(self, code: int, reason: str, retry: bool) -> None:
        refusal, _ = refused(error(code))
        assert (refusal.reason, refusal.retry, refusal.code) == (reason, retry, str(code))

    def test_an_unknown_error_by_its_status(self) -> None:
        assert refused(error(999999, 503))[0].reason == "network_down"
        assert refused(error(999999, 401))[0].reason == "sign_in_again"

    def test_an_error_without_a_code_goes_by_its_status(self) -> None:
        refusal, _ = refused(Response(403, {}, b'{"error":{"message":"no"}}'))
        assert (refusal.reason, refusal.code) == ("not_allowed", "403")

    def test_the_details_are_shown(self) -> None:
        refusal, _ = refused(error(131009, error_data={"details": "Parameter to is not valid"}))
        assert refusal.detail == "Parameter to is not valid"

    def test_a_transient_error_is_tried_again(self) -> None:
        refusal, _ = refused(error(100, is_transient=True))
        assert (refusal.reason, refusal.retry) == ("network_down", True)

    def test_how_long_to_wait_by_the_usage_of_the_business(self) -> None:
        usage = {
            BUSINESS: [{"estimated_time_to_regain_access": 5}],
            "9": [{"estimated_time_to_regain_access": 60}],
        }
        header = {"x-business-use-case-usage": orjson.dumps(usage).decode()}
        assert refused(error(80007, headers=header))[0].after == 300

    @pytest.mark.parametrize("header", ["", "{", "[]", '{"102290129340398":7}', '{"102290129340398":[{}]}'])
    def test_a_usage_header_that_says_nothing(self, header: str) -> None:
        assert (
            refused(error(4, headers={"x-business-use-case-usage": header, "retry-after": "9"}))[0].after == 9
        )

    @pytest.mark.parametrize("response", [Response(500, {}, b"<html>"), Response(200, {}, b"oops")])
    def test_no_readable_answer_leaves_it_open(self, response: Response) -> None:
        with pytest.raises(AnswerLost):
            sent(response)

    @pytest.mark.parametrize(
        ("status", "reason"), [(429, "slow_down"), (503, "network_down"), (404, "network_down")]
    )
    def test_plain_refusals(self, status: int, reason: str) -> None:
        refusal, _ = refused(Response(status, {}, b""))
        assert (refusal.reason, refusal.retry) == (reason, True)


class TestWhatBecameOfIt:
    def test_a_receipt_may_come_for_a_minute_then_a_person_decides(self) -> None:
        wanted = answer(started=clock.now())
        script = Script()
        assert script.run(network.find(ACCOUNT, wanted)) == CannotTell(20.0)
        with clock.moved(timedelta(seconds=59)):
            assert script.run(network.find(ACCOUNT, wanted)) == CannotTell(20.0)
        with clock.moved(timedelta(seconds=61)):
            assert script.run(network.find(ACCOUNT, wanted)) == CannotTell(None)


class TestActing:
    @pytest.mark.parametrize(
        ("action", "expected"),
        [
            ("seen", {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.in"}),
            (
                "typing",
                {
                    "messaging_product": "whatsapp",
                    "status": "read",
                    "message_id": "wamid.in",
                    "typing_indicator": {"type": "text"},
                },
            ),
            (
                "react",
                {
                    "messaging_product": "whatsapp",
                    "recipient_type": "individual",
                    "recipient": LEA,
                    "type": "reaction",
                    "reaction": {"message_id": "wamid.in", "emoji": "🎉"},
                },
            ),
        ],
    )
    def test_what_is_asked(self, action: Any, expected: dict[str, Any]) -> None:
        script = Script({"success": True})
        assert script.run(network.act(ACCOUNT, action, TO, LEA, "🎉")) == {}
        assert script.requests[0].json == expected
        assert script.requests[0].url == f"{API}/{NUMBER}/messages"

    def test_a_reaction_is_taken_back_by_an_empty_one(self) -> None:
        script = Script(ok())
        script.run(network.act(ACCOUNT, "unreact", TO, LEA, "🎉"))
        assert script.requests[0].json["reaction"] == {"message_id": "wamid.in", "emoji": ""}

    @pytest.mark.parametrize(
        ("action", "target"), [("hide", TO), ("delete", TO), ("seen", replace(TO, external_id=""))]
    )
    def test_what_there_is_not(self, action: Any, target: Target) -> None:
        script = Script()
        with pytest.raises(Refusal):
            script.run(network.act(ACCOUNT, action, target, LEA))
        assert script.requests == []


NUMBER_NODE = {
    "id": NUMBER,
    "verified_name": "Acme",
    "display_phone_number": "+386 40 123 456",
    "quality_rating": "GREEN",
    "throughput": {"level": "STANDARD"},
}
FACTS = {"quality": "GREEN", "throughput": "STANDARD"}
WELL = {"data": {"expires_at": 0, "scopes": [each.name for each in PERMISSIONS]}}
DONE = {"success": True}


def template(
    name: str = "a", text: str = "Hi {{1}}", *parts: Any, status: str = "APPROVED"
) -> dict[str, Any]:
    body = {"type": "BODY", "text": text}
    return {"name": name, "language": "en", "status": status, "components": [*parts, body]}


class TestTemplates:
    def test_those_that_can_be_filled_in(self) -> None:
        cursors = {"cursors": {"after": "c"}}
        first = {"data": [template(), template("p", status="PAUSED")], "paging": {**cursors, "next": "u"}}
        head = {"type": "HEADER", "format": "TEXT", "text": "Acme"}
        script = Script(first, {"data": [template("b", "Hi {{2}}, {{1}}, {{1}}", head)], "paging": cursors})
        assert script.run(network.templates(ACCOUNT)) == [
            Template("a", "en", "Hi {{1}}", 1),
            Template("b", "en", "Acme\nHi {{2}}, {{1}}, {{1}}", 2),
        ]
        one, two = script.requests
        assert one.url == f"{API}/{BUSINESS}/message_templates"
        assert (one.params["status"], two.params["after"]) == ("APPROVED", "c")

    @pytest.mark.parametrize(
        "row",
        [
            template("x", "Hi {{first_name}}"),
            template("x", "Hi {{2}}"),
            template("x", ""),
            template("x", "Hi", {"type": "HEADER", "format": "IMAGE"}),
            template("x", "Hi", {"type": "HEADER", "format": "TEXT", "text": "Hi {{1}}"}),
            template("x", "Hi", {"type": "BUTTONS", "buttons": [{"type": "URL", "url": "https://a/{{1}}"}]}),
            template("x", "Hi", {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE"}]}),
            {"name": "x", "status": "APPROVED"},
        ],
    )
    def test_those_that_want_more_than_words_in_order_are_left_out(self, row: dict[str, Any]) -> None:
        assert Script({"data": [row, template()]}).run(network.templates(ACCOUNT)) == [
            Template("a", "en", "Hi {{1}}", 1)
        ]


class TestConnecting:
    def test_the_number_is_read_and_its_business_subscribed(self) -> None:
        script = Script(NUMBER_NODE, {"id": "77"}, WELL, DONE, DONE)
        found = script.run(network.check(replace(ACCOUNT, external_id="")))
        assert found == Checked(NUMBER, "Acme", "+386 40 123 456", facts=FACTS)
        read, _, token, hook, subscribed = script.requests
        assert read.url == f"{API}/{NUMBER}"
        assert token.params["input_token"] == "EAAB-test-token"
        assert token.headers == {"authorization": f"Bearer 77|{SECRET}"}
        assert hook.url == f"{API}/77/subscriptions"
        assert hook.headers == {"authorization": f"Bearer 77|{SECRET}"}
        assert hook.json == {
            "object": "whatsapp_business_account",
            "callback_url": ACCOUNT.hook_url,
            "verify_token": "shoes",
            "fields": "messages,smb_message_echoes,user_id_update",
            "include_values": True,
        }
        assert (subscribed.method, subscribed.url) == ("POST", f"{API}/{BUSINESS}/subscribed_apps")

    def test_where_meta_does_not_let_us_the_address_is_pasted_by_hand(self) -> None:
        script = Script(NUMBER_NODE, {"id": "77"}, WELL, error(2200), DONE)
        assert script.run(network.check(ACCOUNT)).external_id == NUMBER

    def test_missing_permissions_are_named(self) -> None:
        few = {"data": {"expires_at": 1800000000, "scopes": ["whatsapp_business_management"]}}
        checked = Script(NUMBER_NODE, {"id": "77"}, few, DONE, DONE).run(network.check(ACCOUNT))
        assert checked.missing == ("whatsapp_business_messaging",)
        assert checked.expires_at == datetime(2027, 1, 15, 8, tzinfo=UTC)
        none: dict[str, Any] = {"data": {"scopes": []}}
        with pytest.raises(Refusal, match="whatsapp_business_management") as caught:
            Script(NUMBER_NODE, {"id": "77"}, none, DONE, error(200)).run(network.check(ACCOUNT))
        assert caught.value.reason == "not_allowed"

    @pytest.mark.parametrize("answer", [error(100), {}, {"data": []}])
    def test_permissions_that_meta_does_not_list_are_not_missed(self, answer: Any) -> None:
        assert Script(NUMBER_NODE, {"id": "77"}, answer, DONE, DONE).run(network.check(ACCOUNT)).missing == ()

    @pytest.mark.parametrize("response", [error(100, error_subcode=33), error(100)])
    def test_an_id_that_is_none(self, response: Response) -> None:
        with pytest.raises(Refusal) as caught:
            Script(response).run(network.check(ACCOUNT))
        assert caught.value.reason == "not_configured"

    def test_another_number_than_this_account_s(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script(NUMBER_NODE).run(network.check(replace(ACCOUNT, external_id="5")))
        assert caught.value.reason == "not_configured"

    @pytest.mark.parametrize("at", [0, 1, 2, 4])
    def test_a_dead_token(self, at: int) -> None:
        replies: list[Any] = [NUMBER_NODE, {"id": "77"}, WELL, DONE, DONE]
        replies[at] = error(190, 401)
        with pytest.raises(Refusal) as caught:
            Script(*replies).run(network.check(ACCOUNT))
        assert caught.value.reason == "sign_in_again"

    def test_nothing_renews_a_token(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script().run(network.renew(ACCOUNT))
        assert caught.value.reason == "sign_in_again"


class TestFiles:
    def test_an_id_becomes_an_address_that_wants_our_token(self) -> None:
        script = Script({"url": "https://lookaside.fbsbx.com/x?mid=1", "mime_type": "image/jpeg"})
        source = script.run(network.media(ACCOUNT, "media:1003"))
        assert source == MediaSource(
            "https://lookaside.fbsbx.com/x?mid=1", {"authorization": "Bearer EAAB-test-token"}
        )
        (request,) = script.requests
        assert request.url == f"{API}/1003"
        assert request.params["phone_number_id"] == NUMBER

    def test_an_id_cannot_lead_elsewhere(self) -> None:
        script = Script({"url": "https://lookaside.fbsbx.com/x"})
        script.run(network.media(ACCOUNT, "media:../me?x=1"))
        assert script.requests[0].url == f"{API}/..%2Fme%3Fx%3D1"

    @pytest.mark.parametrize("response", [error(100, error_subcode=33), {}])
    def test_a_file_that_is_gone(self, response: Any) -> None:
        with pytest.raises(Refusal) as caught:
            Script(response).run(network.media(ACCOUNT, "media:1003"))
        assert (caught.value.reason, caught.value.retry) == ("gone", False)


def test_there_is_nothing_to_collect_or_look_up() -> None:
    script = Script()
    assert script.run(network.collect(ACCOUNT, {"a": 1})) == Collected((), {"a": 1})
    assert script.run(network.look_up(ACCOUNT, Wanted("person", LEA))) == []


def test_a_base_address_may_name_its_version() -> None:
    account: AccountRecord = replace(ACCOUNT, base_url="https://graph.facebook.com/v26.0")
    script = Script(ok())
    script.run(network.send(account, answer()))
    assert script.requests[0].url == f"https://graph.facebook.com/v26.0/{NUMBER}/messages"

"""Sending, reacting, and what became of it: the steps driven with scripted answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from heed.channels.base import (
    Answer,
    CannotTell,
    Choice,
    Choices,
    FilledTemplate,
    OutgoingFile,
    Refusal,
    Sent,
    Target,
)
from heed.channels.meta.tests.script import PROOF, Script
from heed.channels.whatsapp.adapter import network
from heed.channels.whatsapp.tests.sample import ACCOUNT, NUMBER
from heed.channels.whatsapp.tests.script import (
    API,
    BUSINESS,
    LEA,
    PAPER,
    PICTURE,
    SOUND,
    TO,
    answer,
    error,
    ok,
    refused,
    sent,
)
from heed.lib import clock
from heed.lib.http import AnswerLost, Response, Unreachable


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

    def test_up_to_three_choices_are_buttons(self) -> None:
        _, (request,) = sent(ok(), of=answer(choices=Choices((Choice("Da"), Choice("Ne")))))
        assert request.json["type"] == "interactive"
        assert request.json["interactive"] == {
            "type": "button",
            "body": {"text": "Na poti je."},
            "action": {
                "buttons": [
                    {"type": "reply", "reply": {"id": "k-1:1", "title": "Da"}},
                    {"type": "reply", "reply": {"id": "k-1:2", "title": "Ne"}},
                ]
            },
        }
        assert request.json["biz_opaque_callback_data"] == "heed:k-1"  # a receipt can prove it

    @pytest.mark.parametrize(
        "items",
        [
            tuple(Choice(str(number)) for number in range(4)),
            (Choice("č" * 21),),
            (Choice("Da", "Jutri med 9. in 12. uro"),),
        ],
    )
    def test_more_or_longer_ones_are_a_list(self, items: tuple[Choice, ...]) -> None:
        _, (request,) = sent(ok(), of=answer(choices=Choices(items, "Izberite")))
        inner = request.json["interactive"]
        assert (inner["type"], inner["action"]["button"]) == ("list", "Izberite")
        (section,) = inner["action"]["sections"]
        assert section["rows"] == [
            {
                "id": f"k-1:{place}",
                "title": each.title,
                **({"description": each.detail} if each.detail else {}),
            }
            for place, each in enumerate(items, 1)
        ]

    @pytest.mark.parametrize(
        ("of", "reason"),
        [
            (answer(choices=Choices(tuple(Choice(str(number)) for number in range(11)))), "bad_request"),
            (answer(choices=Choices((Choice("č" * 25),))), "bad_request"),
            (answer(choices=Choices(())), "bad_request"),
            (answer("č" * 1025, choices=Choices((Choice("Da"),))), "too_long"),
            (answer("Na poti je.", PICTURE, choices=Choices((Choice("Da"),))), "file_refused"),
        ],
    )
    def test_choices_that_cannot_be_shown(self, of: Answer, reason: str) -> None:
        refusal, requests = refused(of=of)
        assert (refusal.reason, requests) == (reason, [])

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
        named = FilledTemplate("visit", "en", ("Lea", "Monday"), ("first_name", "day"))
        _, (request,) = sent(ok(), of=answer(template=named))
        assert request.json["template"]["components"][0]["parameters"] == [
            {"type": "text", "text": "Lea", "parameter_name": "first_name"},
            {"type": "text", "text": "Monday", "parameter_name": "day"},
        ]
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
        refusal, requests = refused(error(131053), error(131053), of=answer("Tukaj.", PICTURE))
        assert (refusal.reason, refusal.retry) == ("file_refused", False)
        assert [each.url.rpartition("/")[2] for each in requests] == ["media", "media"]
        _, requests = sent(error(131053), {"id": "449"}, ok(), of=answer("", PICTURE))
        assert [(each.url.rpartition("/")[2], each.wait) for each in requests] == [
            ("media", 0),
            ("media", 5),
            ("messages", 0),
        ]

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
            (131056, "slow_down", True),
            (131057, "network_down", True),
            (131062, "unreachable", False),
            (131064, "slow_down", True),
            (132015, "bad_request", False),
            (133016, "slow_down", True),
            (999999, "bad_request", False),
        ],
    )
    def test_the_errors(self, code: int, reason: str, retry: bool) -> None:
        refusal, _ = refused(error(code))
        assert (refusal.reason, refusal.retry, refusal.code) == (reason, retry, str(code))
        assert refusal.whole_account == (reason == "slow_down" and code not in (131056, 131064))

    def test_an_unknown_error_by_its_status(self) -> None:
        assert refused(error(999999, 503))[0].reason == "network_down"
        assert refused(error(999999, 401))[0].reason == "sign_in_again"
        assert refused(error(132001, 404))[0].reason == "bad_request"

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

"""Connecting a number, its templates and its files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from heed.channels.base import AccountRecord, Checked, Collected, MediaSource, Refusal, Template, Wanted
from heed.channels.meta.tests.sample import SECRET
from heed.channels.meta.tests.script import Script
from heed.channels.whatsapp.adapter import network
from heed.channels.whatsapp.connecting import PERMISSIONS, SUBSCRIBED
from heed.channels.whatsapp.tests.sample import ACCOUNT, NUMBER
from heed.channels.whatsapp.tests.script import API, BUSINESS, LEA, answer, error, ok
from heed.lib.http import Response

NUMBER_NODE = {
    "id": NUMBER,
    "verified_name": "Acme",
    "display_phone_number": "+386 40 123 456",
    "quality_rating": "GREEN",
    "throughput": {"level": "STANDARD"},
}
FACTS = {"quality": "GREEN", "throughput": "STANDARD", "subscribed": ["subscribed_apps"]}
SUBSCRIBED_ALREADY = {"data": [{"whatsapp_business_api_data": {"id": "77", "name": "desk"}}]}
NOBODY: dict[str, Any] = {"data": []}
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

    def test_named_blanks_are_numbered_in_order_and_keep_their_names(self) -> None:
        named = template("n", "Hi {{ first_name }}, {{day}}. Bye {{first_name}}")
        assert Script({"data": [named]}).run(network.templates(ACCOUNT)) == [
            Template("n", "en", "Hi {{1}}, {{2}}. Bye {{1}}", 2, ("first_name", "day"))
        ]

    @pytest.mark.parametrize(
        "row",
        [
            template("x", "Hi {{first name}}"),
            template("x", "Hi {{1}} {{first_name}}"),
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
        script = Script(NUMBER_NODE, {"id": "77"}, WELL, DONE, NOBODY, DONE)
        found = script.run(network.check(replace(ACCOUNT, external_id="")))
        assert found == Checked(NUMBER, "Acme", "+386 40 123 456", facts=FACTS)
        read, _, token, hook, listed, subscribed = script.requests
        assert (listed.method, listed.url) == ("GET", subscribed.url)
        assert read.url == f"{API}/{NUMBER}"
        assert token.params["input_token"] == "EAAB-test-token"
        assert token.headers == {"authorization": f"Bearer 77|{SECRET}"}
        assert hook.url == f"{API}/77/subscriptions"
        assert hook.headers == {"authorization": f"Bearer 77|{SECRET}"}
        assert hook.json == {
            "object": "whatsapp_business_account",
            "callback_url": ACCOUNT.hook_url,
            "verify_token": "shoes",
            "fields": ",".join(SUBSCRIBED),
            "include_values": True,
        }
        assert (subscribed.method, subscribed.url) == ("POST", f"{API}/{BUSINESS}/subscribed_apps")

    def test_merely_looking_subscribes_to_nothing(self) -> None:
        script = Script(NUMBER_NODE, {"id": "77"}, WELL, NOBODY)
        assert script.run(network.check(replace(ACCOUNT, hook_url=""))).facts["subscribed"] == []

    def test_a_subscription_that_ended_is_told_and_set_again(self) -> None:
        account, answers = replace(ACCOUNT, facts=FACTS), (NUMBER_NODE, {"id": "77"}, WELL, DONE)
        assert Script(*answers, NOBODY, DONE).run(network.check(account)).lost == ("subscribed_apps",)
        assert Script(*answers, SUBSCRIBED_ALREADY).run(network.check(account)).lost == ()

    def test_where_meta_does_not_let_us_the_address_is_pasted_by_hand(self) -> None:
        script = Script(NUMBER_NODE, {"id": "77"}, WELL, error(2200), SUBSCRIBED_ALREADY)
        assert script.run(network.check(ACCOUNT)).external_id == NUMBER

    def test_news_that_meta_does_not_know_is_not_asked_for(self) -> None:
        script = Script(NUMBER_NODE, {"id": "77"}, WELL, error(100), DONE, SUBSCRIBED_ALREADY)
        script.run(network.check(ACCOUNT))
        first, second = script.requests[3:5]
        assert {"account_update", "message_template_status_update"} <= set(first.json["fields"].split(","))
        assert second.json == {**first.json, "fields": "messages,smb_message_echoes,user_id_update"}

    @pytest.mark.parametrize("alive", [True, False])
    def test_a_webhook_that_leads_to_another_number_here_stays(self, alive: bool) -> None:
        there = "https://desk.acme.example/hooks/other"
        account = replace(ACCOUNT, siblings=(there,) if alive else ("https://desk.acme.example/hooks/3",))
        pointed = {"data": [{"object": "whatsapp_business_account", "callback_url": there}]}
        script = Script(
            NUMBER_NODE, {"id": "77"}, WELL, pointed, *([] if alive else [DONE]), SUBSCRIBED_ALREADY
        )
        script.run(network.check(account))
        assert script.requests[3].headers == {"authorization": f"Bearer 77|{SECRET}"}

    def test_missing_permissions_are_named(self) -> None:
        few = {"data": {"expires_at": 1800000000, "scopes": ["whatsapp_business_management"]}}
        checked = Script(NUMBER_NODE, {"id": "77"}, few, DONE, SUBSCRIBED_ALREADY).run(network.check(ACCOUNT))
        assert checked.missing == ("whatsapp_business_messaging",)
        assert checked.expires_at == datetime(2027, 1, 15, 8, tzinfo=UTC)
        none: dict[str, Any] = {"data": {"scopes": []}}
        with pytest.raises(Refusal, match="whatsapp_business_management") as caught:
            Script(NUMBER_NODE, {"id": "77"}, none, DONE, error(200)).run(network.check(ACCOUNT))
        assert caught.value.reason == "not_allowed"

    @pytest.mark.parametrize("answer", [error(100), {}, {"data": []}])
    def test_permissions_that_meta_does_not_list_are_not_missed(self, answer: Any) -> None:
        assert (
            Script(NUMBER_NODE, {"id": "77"}, answer, DONE, SUBSCRIBED_ALREADY)
            .run(network.check(ACCOUNT))
            .missing
            == ()
        )

    @pytest.mark.parametrize("response", [error(100, error_subcode=33), error(100)])
    def test_an_id_that_is_none(self, response: Response) -> None:
        with pytest.raises(Refusal) as caught:
            Script(response).run(network.check(ACCOUNT))
        assert caught.value.reason == "not_configured"

    def test_another_number_than_this_account_s(self) -> None:
        with pytest.raises(Refusal) as caught:
            Script(NUMBER_NODE).run(network.check(replace(ACCOUNT, external_id="5")))
        assert (caught.value.reason, caught.value.field) == ("not_configured", "external_id")

    @pytest.mark.parametrize("at", [0, 1, 2, 4])
    def test_a_dead_token(self, at: int) -> None:
        replies: list[Any] = [NUMBER_NODE, {"id": "77"}, WELL, DONE, NOBODY]
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

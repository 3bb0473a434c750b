"""The WhatsApp simulator by what its sheet says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from heed.sandbox import Sandbox
from heed.sandbox.frame import PlayError
from heed.sandbox.networks.whatsapp import WhatsApp
from heed.sandbox.networks.whatsapp.number import FIELDS
from heed.sandbox.tests.receiver import Receiver

client = httpx.Client()


@pytest.fixture
def whatsapp(receiver: Receiver) -> Iterator[WhatsApp]:
    with Sandbox(seed=1) as sandbox:
        simulator = sandbox["whatsapp"]
        assert isinstance(simulator, WhatsApp)
        assert subscribe(simulator, receiver.url).status_code == 200
        assert post(simulator, f"{simulator.business}/subscribed_apps", {}).json() == {"success": True}
        receiver.hooks.clear()
        yield simulator


def subscribe(whatsapp: WhatsApp, url: str, token: str = "") -> httpx.Response:
    wanted = {
        "object": "whatsapp_business_account",
        "callback_url": url,
        "verify_token": "v",
        "fields": ",".join(FIELDS),
    }
    token = token or f"{whatsapp.app}|{whatsapp.secret}"
    return post(whatsapp, f"{whatsapp.app}/subscriptions", wanted, token)


def post(whatsapp: WhatsApp, path: str, body: dict[str, Any], token: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token or whatsapp.token}"}
    return client.post(f"{whatsapp.url}/v25.0/{path}", json=body, headers=headers)


def get(whatsapp: WhatsApp, path: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {whatsapp.token}"}
    return client.get(f"{whatsapp.url}/v25.0/{path}", headers=headers)


def say(whatsapp: WhatsApp, **changes: Any) -> httpx.Response:
    message = {
        "messaging_product": "whatsapp",
        "to": whatsapp.wa_id("lea"),
        "type": "text",
        "text": {"body": "Pozdravljeni"},
        **changes,
    }
    return post(whatsapp, f"{whatsapp.number_id}/messages", message)


def upload(whatsapp: WhatsApp, content: bytes = b"%PDF", mime: str = "application/pdf") -> httpx.Response:
    return client.post(
        f"{whatsapp.url}/v25.0/{whatsapp.number_id}/media",
        headers={"Authorization": f"Bearer {whatsapp.token}"},
        data={"messaging_product": "whatsapp", "type": mime},
        files={"file": ("f", content, mime)},
    )


def values(whatsapp: WhatsApp, receiver: Receiver) -> list[dict[str, Any]]:
    whatsapp.sandbox.settle()
    entries = [entry for hook in receiver.hooks for entry in json.loads(hook.body)["entry"]]
    return [change["value"] for entry in entries for change in entry["changes"]]


def statuses(whatsapp: WhatsApp, receiver: Receiver) -> list[dict[str, Any]]:
    return [status for value in values(whatsapp, receiver) for status in value.get("statuses", [])]


def messages(whatsapp: WhatsApp, receiver: Receiver) -> list[dict[str, Any]]:
    return [message for value in values(whatsapp, receiver) for message in value.get("messages", [])]


def code(response: httpx.Response) -> int:
    return int(response.json()["error"]["code"])


class TestWebhook:
    def test_nothing_is_told_to_an_app_that_is_not_subscribed(
        self, whatsapp: WhatsApp, receiver: Receiver
    ) -> None:
        path = f"{whatsapp.url}/v25.0/{whatsapp.business}/subscribed_apps"
        client.delete(path, headers={"Authorization": f"Bearer {whatsapp.token}"})
        whatsapp.do("message", person="lea", text="hej")
        assert values(whatsapp, receiver) == []

    def test_the_envelope_names_the_number(self, whatsapp: WhatsApp, receiver: Receiver) -> None:
        whatsapp.do("message", person="lea", text="hej")
        (value,) = values(whatsapp, receiver)
        assert value["metadata"]["phone_number_id"] == whatsapp.number_id
        (contact,) = value["contacts"]
        assert contact["wa_id"] == whatsapp.wa_id("lea") == value["messages"][0]["from"]

    def test_who_hides_their_number_has_no_number_anywhere(
        self, whatsapp: WhatsApp, receiver: Receiver
    ) -> None:
        whatsapp.do("hide_number", person="lea")
        whatsapp.do("message", person="lea", text="hej")
        say(whatsapp)
        whatsapp.sandbox.settle()
        assert all(whatsapp.wa_id("lea").encode() not in hook.body for hook in receiver.hooks)


class TestSending:
    def test_taken_sent_delivered_read(self, whatsapp: WhatsApp, receiver: Receiver) -> None:
        whatsapp.do("message", person="lea", text="hej")
        done = say(whatsapp, biz_opaque_callback_data="k1").json()
        assert done["contacts"][0]["user_id"] == whatsapp.user_id("lea")
        whatsapp.sandbox.settle()
        whatsapp.do("read", person="lea")
        found = statuses(whatsapp, receiver)
        assert [each["status"] for each in found] == ["sent", "delivered", "read"]
        assert {each["id"] for each in found} == {done["messages"][0]["id"]}
        assert {each["biz_opaque_callback_data"] for each in found} == {"k1"}

    def test_a_closed_window_is_taken_and_fails_afterwards(
        self, whatsapp: WhatsApp, receiver: Receiver
    ) -> None:
        assert say(whatsapp).status_code == 200
        (status,) = statuses(whatsapp, receiver)
        assert (status["status"], status["errors"][0]["code"]) == ("failed", 131047)
        assert whatsapp.scene("lea").lines() == []

    def test_the_window_closes_after_a_day(self, whatsapp: WhatsApp, receiver: Receiver) -> None:
        whatsapp.do("message", person="lea", text="hej")
        whatsapp.clock.move(24 * 3600 - 60)
        say(whatsapp)
        whatsapp.clock.move(120)
        say(whatsapp)
        assert [each["status"] for each in statuses(whatsapp, receiver)] == ["sent", "failed", "delivered"]

    @pytest.mark.parametrize("to", [{"to": "38699999999"}, {"to": "", "recipient": "SI.999"}])
    def test_nobody_has_this_number(self, whatsapp: WhatsApp, receiver: Receiver, to: dict[str, str]) -> None:
        assert say(whatsapp, **to).status_code == 200
        assert statuses(whatsapp, receiver)[0]["errors"][0]["code"] == 131026

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"messaging_product": "x"}, 100),
            ({"to": "lea"}, 131009),
            ({"to": ""}, 131008),
            ({"text": {"body": ""}}, 131008),
            ({"text": {"body": {"body": "hej"}}}, 131009),
            ({"text": {"body": "a" * 4097}}, 100),
            ({"type": "hologram", "hologram": {}}, 131051),
            ({"type": "image", "image": {"id": "7"}}, 100),
            ({"context": {"message_id": "7"}}, 131009),
            ({"biz_opaque_callback_data": "k" * 513}, 100),
            ({"type": "reaction", "reaction": {"message_id": "7", "emoji": "👍"}}, 131009),
        ],
    )
    def test_what_is_not_taken(self, whatsapp: WhatsApp, change: dict[str, Any], expected: int) -> None:
        response = say(whatsapp, **change)
        assert (response.status_code, code(response)) == (400, expected)

    def test_a_message_of_an_earlier_run_may_be_quoted(self, whatsapp: WhatsApp) -> None:
        assert say(whatsapp, context={"message_id": "wamid.old"}).status_code == 200

    def test_a_dead_token(self, whatsapp: WhatsApp) -> None:
        whatsapp.do("revoke")
        assert (say(whatsapp).status_code, code(say(whatsapp))) == (401, 190)

    def test_after_a_restart_chats_are_open(self, whatsapp: WhatsApp, receiver: Receiver) -> None:
        whatsapp.restore(whatsapp.number_id, receiver.url)
        say(whatsapp)
        assert statuses(whatsapp, receiver)[0]["status"] == "sent"


class TestFiles:
    def test_a_document_with_a_caption(self, whatsapp: WhatsApp) -> None:
        whatsapp.do("message", person="lea", text="hej")
        media = upload(whatsapp).json()["id"]
        document = {"id": media, "filename": "račun.pdf", "caption": "Račun."}
        assert say(whatsapp, type="document", document=document).status_code == 200
        line = whatsapp.scene("lea").lines()[-1]
        assert line.text == "Račun."
        assert client.get(line.files[0]).content == b"%PDF"

    @pytest.mark.parametrize(
        ("content", "mime", "expected"),
        [(b"x", "application/zip", 100), (b"x" * (5 * 1024 * 1024 + 1), "image/png", 131053)],
    )
    def test_what_cannot_be_uploaded(
        self, whatsapp: WhatsApp, content: bytes, mime: str, expected: int
    ) -> None:
        assert code(upload(whatsapp, content, mime)) == expected

    @pytest.mark.parametrize(
        ("mime", "kind", "more"),
        [
            ("application/pdf", "image", {}),
            ("image/png", "video", {}),
            ("audio/ogg", "audio", {"caption": "a"}),
        ],
    )
    def test_a_file_must_fit_its_type(
        self, whatsapp: WhatsApp, mime: str, kind: str, more: dict[str, str]
    ) -> None:
        media = upload(whatsapp, b"x", mime).json()["id"]
        assert code(say(whatsapp, **{"type": kind, kind: {"id": media, **more}})) == 100

    def test_a_deleted_file_is_gone(self, whatsapp: WhatsApp) -> None:
        media = upload(whatsapp).json()["id"]
        path = f"{whatsapp.url}/v25.0/{media}"
        client.delete(path, headers={"Authorization": f"Bearer {whatsapp.token}"})
        assert get(whatsapp, media).json()["error"]["error_subcode"] == 33

    def test_of_another_number(self, whatsapp: WhatsApp) -> None:
        media = upload(whatsapp).json()["id"]
        assert code(get(whatsapp, f"{media}?phone_number_id=5")) == 100

    def test_customers_send_files(self, whatsapp: WhatsApp, receiver: Receiver) -> None:
        whatsapp.do(
            "file", person="lea", kind="document", data="JVBERg==", mime="application/pdf", name="a.pdf"
        )
        (message,) = messages(whatsapp, receiver)
        assert message["document"]["filename"] == "a.pdf"
        found = get(whatsapp, message["document"]["id"]).json()
        headers = {"Authorization": f"Bearer {whatsapp.token}"}
        assert client.get(found["url"], headers=headers).content == b"%PDF"


class TestCustomers:
    def test_a_new_number_changes_both_ids(self, whatsapp: WhatsApp, receiver: Receiver) -> None:
        before = whatsapp.wa_id("lea"), whatsapp.user_id("lea")
        change = whatsapp.do("change_number", person="lea")
        after = whatsapp.wa_id("lea"), whatsapp.user_id("lea")
        assert not set(before) & set(after)
        (message,) = messages(whatsapp, receiver)
        assert (message["type"], message["from"], message["system"]["wa_id"]) == (
            "system",
            before[0],
            after[0],
        )
        assert change == {"previous": before[1], "current": after[1]}
        assert values(whatsapp, receiver)[-1]["user_id_update"][0]["user_id"] == change

    def test_only_one_s_own_messages_can_be_changed(self, whatsapp: WhatsApp) -> None:
        mine = whatsapp.do("message", person="lea", text="hej")["id"]
        with pytest.raises(PlayError):
            whatsapp.do("edit", person="omar", id=mine, text="x")
        whatsapp.do("remove", person="lea", id=mine)
        with pytest.raises(PlayError):
            whatsapp.do("edit", person="lea", id=mine, text="x")

    def test_nothing_is_no_message(self, whatsapp: WhatsApp) -> None:
        with pytest.raises(PlayError):
            whatsapp.do("message", person="lea", text=" ")

    def test_any_message_as_meta_writes_it(self, whatsapp: WhatsApp, receiver: Receiver) -> None:
        place = {"latitude": 46.05, "longitude": 14.5}
        whatsapp.do("raw", person="lea", kind="location", content=place)
        (message,) = messages(whatsapp, receiver)
        assert message["location"] == place

    def test_everybody_is_the_same_at_every_start(self, whatsapp: WhatsApp) -> None:
        with Sandbox() as sandbox:
            other = sandbox["whatsapp"]
            assert isinstance(other, WhatsApp)
            assert other.accounts() == whatsapp.accounts()
            assert other.user_id("lea") == whatsapp.user_id("lea")

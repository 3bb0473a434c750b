"""The Telegram simulator by what its sheet says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault, PlayError
from heed.sandbox.networks.telegram import ASKED_FOR_BY_HEED, SECRET, Telegram
from heed.sandbox.tests.receiver import Receiver

client = httpx.Client()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def bare() -> Iterator[Telegram]:
    """A bot without a webhook."""
    with Sandbox(seed=1) as sandbox:
        simulator = sandbox["telegram"]
        assert isinstance(simulator, Telegram)
        yield simulator


@pytest.fixture
def telegram(bare: Telegram, receiver: Receiver) -> Telegram:
    call(bare, "setWebhook", url=receiver.url, secret_token="s3cret_-", allowed_updates=ASKED_FOR_BY_HEED)
    return bare


def call(telegram: Telegram, method: str, **fields: Any) -> Any:
    """The result of a call that must succeed."""
    answer = client.post(f"{telegram.url}/bot{telegram.token}/{method}", json=fields).json()
    assert answer["ok"], answer
    return answer["result"]


def refused(telegram: Telegram, method: str, **fields: Any) -> tuple[int, str]:
    response = client.post(f"{telegram.url}/bot{telegram.token}/{method}", json=fields)
    answer = response.json()
    assert answer["ok"] is False
    assert response.status_code == answer["error_code"]
    return answer["error_code"], answer["description"]


def say(telegram: Telegram, text: str = "Pozdravljeni", **fields: Any) -> Any:
    return call(telegram, "sendMessage", **{"chat_id": telegram.user_id("lea"), "text": text, **fields})


def told(telegram: Telegram, receiver: Receiver) -> list[tuple[str, dict[str, Any]]]:
    """The events so far, each by its kind."""
    telegram.sandbox.settle()
    found = []
    for hook in receiver.hooks:
        ((kind, event),) = [item for item in json.loads(hook.body).items() if item[0] != "update_id"]
        found.append((kind, event))
    return found


def kinds(telegram: Telegram, receiver: Receiver) -> list[str]:
    return [kind for kind, _ in told(telegram, receiver)]


class TestUpdates:
    def test_the_first_words_come_after_start(self, telegram: Telegram, receiver: Receiver) -> None:
        telegram.do("message", person="lea", text="Kje je paket?")
        telegram.do("message", person="lea", text="Halo?")
        found = told(telegram, receiver)
        assert [event["text"] for _, event in found] == ["/start", "Kje je paket?", "Halo?"]
        assert {event["chat"]["id"] for _, event in found} == {telegram.user_id("lea")}
        assert telegram.user_id("lea") > 2**32
        assert all(event["message_id"] < 2**31 for _, event in found)

    def test_the_secret_is_repeated(self, telegram: Telegram, receiver: Receiver) -> None:
        telegram.do("message", person="lea", text="hej")
        telegram.sandbox.settle()
        assert [hook.headers[SECRET.lower()] for hook in receiver.hooks] == ["s3cret_-"] * 2

    def test_no_secret_without_one(self, bare: Telegram, receiver: Receiver) -> None:
        call(bare, "setWebhook", url=receiver.url)
        bare.do("message", person="lea", text="hej")
        assert SECRET.lower() not in receiver.wait(1)[0].headers

    def test_a_spoilt_secret(self, telegram: Telegram, receiver: Receiver) -> None:
        telegram.sandbox.fault("telegram", Fault("hook", hook="bad_signature"))
        telegram.do("message", person="lea", text="hej")
        assert receiver.wait(1)[0].headers[SECRET.lower()] != "s3cret_-"

    def test_updates_are_counted_one_by_one_until_they_are_renumbered(
        self, telegram: Telegram, receiver: Receiver
    ) -> None:
        telegram.do("message", person="lea", text="hej")
        telegram.do("renumber")
        telegram.do("message", person="lea", text="spet")
        telegram.sandbox.settle()
        first, second, third = (json.loads(hook.body)["update_id"] for hook in receiver.hooks)
        assert second == first + 1
        assert third < first

    def test_what_was_not_asked_for_leaves_a_gap(self, telegram: Telegram, receiver: Receiver) -> None:
        call(telegram, "setWebhook", url=receiver.url, allowed_updates=["message"])
        telegram.do("message", person="lea", text="hej")
        telegram.do("leave", person="lea")
        telegram.do("message", person="lea", text="spet")
        telegram.sandbox.settle()
        numbers = [json.loads(hook.body)["update_id"] for hook in receiver.hooks]
        assert kinds(telegram, receiver) == ["message"] * 4
        assert numbers[2] > numbers[1] + 1

    def test_reactions_must_be_asked_for(self, bare: Telegram, receiver: Receiver) -> None:
        call(bare, "setWebhook", url=receiver.url, allowed_updates=[])
        line = bare.do("message", person="lea", text="hej")
        bare.do("react", person="lea", id=line["id"])
        assert kinds(bare, receiver) == ["message", "message"]
        call(bare, "setWebhook", url=receiver.url)  # left out: as it was
        bare.do("react", person="lea", id=line["id"])
        assert kinds(bare, receiver) == ["message", "message"]

    def test_an_album_is_as_many_messages(self, telegram: Telegram, receiver: Receiver) -> None:
        telegram.do("album", person="lea", pictures=["boot", "box"], text="Oba")
        first, second = [event for _, event in told(telegram, receiver) if "photo" in event]
        assert first["media_group_id"] == second["media_group_id"]
        assert (first["caption"], "caption" in second) == ("Oba", False)

    def test_edits_with_and_without_a_change(self, telegram: Telegram, receiver: Receiver) -> None:
        line = telegram.do("message", person="lea", text="88140")
        telegram.do("edit", person="lea", id=line["id"], text="88141")
        telegram.do("touch", person="lea", id=line["id"])
        edits = [event["text"] for kind, event in told(telegram, receiver) if kind == "edited_message"]
        assert edits == ["88141", "88141"]
        assert [each.edited for each in telegram.scene("lea").lines()] == [False, True]

    def test_one_cannot_edit_another_s_message(self, telegram: Telegram) -> None:
        telegram.do("message", person="lea", text="hej")
        say(telegram)
        ours = telegram.scene("lea").lines()[-1]
        with pytest.raises(PlayError):
            telegram.do("edit", person="lea", id=ours.id, text="x")

    def test_blocking_and_coming_back(self, telegram: Telegram, receiver: Receiver) -> None:
        telegram.do("message", person="lea", text="hej")
        telegram.do("leave", person="lea")
        assert refused(telegram, "sendMessage", chat_id=telegram.user_id("lea"), text="x") == (
            403,
            "Forbidden: bot was blocked by the user",
        )
        telegram.do("join", person="lea")
        assert say(telegram)["text"] == "Pozdravljeni"
        statuses = [
            event["new_chat_member"]["status"]
            for kind, event in told(telegram, receiver)
            if kind == "my_chat_member"
        ]
        assert statuses == ["kicked", "member"]

    def test_polling_confirms_by_offset(self, bare: Telegram, receiver: Receiver) -> None:
        bare.do("message", person="lea", text="hej")
        first, second = call(bare, "getUpdates")
        assert call(bare, "getUpdates", offset=first["update_id"] + 1) == [second]
        assert call(bare, "getUpdates") == [second]
        assert call(bare, "getWebhookInfo")["pending_update_count"] == 1
        call(bare, "setWebhook", url=receiver.url)
        assert json.loads(receiver.wait(1)[0].body) == second
        assert refused(bare, "getUpdates")[0] == 409
        call(bare, "deleteWebhook")
        assert call(bare, "getUpdates") == []


class TestSending:
    def test_nobody_is_written_to_first(self, telegram: Telegram) -> None:
        assert refused(telegram, "sendMessage", chat_id=telegram.user_id("lea"), text="x")[0] == 403
        assert refused(telegram, "sendMessage", chat_id=7, text="x") == (400, "Bad Request: chat not found")

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"text": " "}, "text is empty"),
            ({"text": "👟" * 2049}, "message is too long"),
            ({"text": "5.", "parse_mode": "MarkdownV2"}, "can't parse entities"),
            ({"text": "x", "reply_parameters": {"message_id": 9}}, "message to be replied not found"),
            ({"text": "x", "business_connection_id": "?"}, "business connection not found"),
        ],
    )
    def test_what_a_message_must_be(self, telegram: Telegram, fields: dict[str, Any], words: str) -> None:
        telegram.do("message", person="lea", text="hej")
        code, description = refused(telegram, "sendMessage", chat_id=telegram.user_id("lea"), **fields)
        assert code == 400
        assert words in description

    def test_what_it_may_be(self, telegram: Telegram) -> None:
        telegram.do("message", person="lea", text="hej")
        assert say(telegram, "👟" * 2048)
        assert say(telegram, "5.")
        assert say(telegram, "5\\.", parse_mode="MarkdownV2")
        gone = {"message_id": 9, "allow_sending_without_reply": True}
        assert say(telegram, reply_parameters=gone)

    def test_a_picture_arrives(self, telegram: Telegram) -> None:
        telegram.do("message", person="lea", text="hej")
        self.upload(telegram, "sendPhoto", {"caption": "Tukaj."}, photo=b"\x89PNG picture")
        line = telegram.scene("lea").lines()[-1]
        assert (line.text, line.ours) == ("Tukaj.", True)
        assert httpx.get(line.picture).content == b"\x89PNG picture"

    def test_an_album_arrives(self, telegram: Telegram) -> None:
        telegram.do("message", person="lea", text="hej")
        media = [{"type": "document", "media": f"attach://f{n}"} for n in range(2)]
        made = self.upload(telegram, "sendMediaGroup", {"media": json.dumps(media)}, f0=b"one", f1=b"two")
        assert len({each["media_group_id"] for each in made["result"]}) == 1
        files = [line.files for line in telegram.scene("lea").lines() if line.ours]
        assert [httpx.get(file).content for (file,) in files] == [b"one", b"two"]

    def test_albums_do_not_mix(self, telegram: Telegram) -> None:
        telegram.do("message", person="lea", text="hej")
        media = [{"type": kind, "media": f"attach://{kind}"} for kind in ("photo", "document")]
        made = self.upload(
            telegram, "sendMediaGroup", {"media": json.dumps(media)}, photo=b"1", document=b"2"
        )
        assert "can't be mixed" in made["description"]
        assert [line for line in telegram.scene("lea").lines() if line.ours] == []

    @pytest.mark.parametrize(
        ("fields", "files", "words"),
        [
            ({"caption": "a" * 1025}, {"photo": b"x"}, "caption is too long"),
            ({}, {"other": b"x"}, "there is no photo"),
            ({}, {"photo": b""}, "non-empty"),
        ],
    )
    def test_what_a_picture_must_be(
        self, telegram: Telegram, fields: dict[str, str], files: dict[str, bytes], words: str
    ) -> None:
        telegram.do("message", person="lea", text="hej")
        assert words in self.upload(telegram, "sendPhoto", fields, **files)["description"]

    def upload(self, telegram: Telegram, method: str, fields: dict[str, str], **files: bytes) -> Any:
        return client.post(
            f"{telegram.url}/bot{telegram.token}/{method}",
            data={"chat_id": str(telegram.user_id("lea")), **fields},
            files={name: (f"{name}.png", content, "image/png") for name, content in files.items()},
        ).json()

    def test_too_many(self, telegram: Telegram) -> None:
        telegram.do("message", person="lea", text="hej")
        telegram.do("slow_down", seconds=35)
        response = client.post(
            f"{telegram.url}/bot{telegram.token}/sendMessage", json={"chat_id": telegram.user_id("lea")}
        )
        assert response.status_code == 429
        assert 34 <= response.json()["parameters"]["retry_after"] <= 35
        telegram.clock.move(36)
        assert say(telegram)

    def test_a_chat_that_moved(self, telegram: Telegram, receiver: Receiver) -> None:
        telegram.do("message", person="lea", text="hej")
        new = int(telegram.do("migrate", person="lea")["id"])
        answer = client.post(
            f"{telegram.url}/bot{telegram.token}/sendMessage",
            json={"chat_id": telegram.user_id("lea"), "text": "x"},
        ).json()
        assert answer["parameters"] == {"migrate_to_chat_id": new}
        assert say(telegram, chat_id=new)["chat"]["id"] == new

    def test_typing_and_reactions_are_seen(self, telegram: Telegram, receiver: Receiver) -> None:
        line = telegram.do("message", person="lea", text="hej")
        lea = telegram.user_id("lea")
        call(telegram, "sendChatAction", chat_id=lea, action="typing")
        assert telegram.actions == [("lea", "typing")]
        number = int(line["id"].rpartition(":")[2])
        like = [{"type": "emoji", "emoji": "👍"}]
        call(telegram, "setMessageReaction", chat_id=lea, message_id=number, reaction=like)
        assert telegram.scene("lea").lines()[-1].liked
        call(telegram, "setMessageReaction", chat_id=lea, message_id=number, reaction=[])
        assert not telegram.scene("lea").lines()[-1].liked
        call(telegram, "setMessageReaction", chat_id=lea, message_id=1, reaction=like)  # of an earlier run

    def test_the_customer_s_reaction(self, telegram: Telegram, receiver: Receiver) -> None:
        telegram.do("message", person="lea", text="hej")
        say(telegram)
        ours = telegram.scene("lea").lines()[-1].id
        telegram.do("react", person="lea", id=ours)
        assert telegram.scene("lea").lines()[-1].reacted
        telegram.do("react", person="lea", id=ours, on=False)
        events = [event for kind, event in told(telegram, receiver) if kind == "message_reaction"]
        like = [{"type": "emoji", "emoji": "👍"}]
        assert [(each["old_reaction"], each["new_reaction"]) for each in events] == [([], like), (like, [])]


RIGHTS = ("can_reply", "can_read_messages", "can_delete_sent_messages")


class TestBusiness:
    def test_the_owner_lets_the_bot_in(self, telegram: Telegram, receiver: Receiver) -> None:
        telegram.do("business_message", person="lea", text="Ste odprti?")
        telegram.do("owner_message", person="lea", text="Da.")
        (_, connection), (_, asked), (_, answered) = told(telegram, receiver)
        assert connection["is_enabled"]
        assert connection["rights"]["can_reply"]
        assert asked["from"]["id"] == asked["chat"]["id"] == telegram.user_id("lea")
        assert answered["from"]["id"] == connection["user"]["id"] != answered["chat"]["id"]
        assert kinds(telegram, receiver)[1:] == ["business_message"] * 2

    def test_the_bot_answers_for_the_owner(self, telegram: Telegram, receiver: Receiver) -> None:
        telegram.do("business_message", person="lea", text="Ste odprti?")
        sent = say(telegram, business_connection_id=telegram.connection_id)
        kind, echo = told(telegram, receiver)[-1]
        assert (kind, echo["message_id"]) == ("business_message", sent["message_id"])
        assert echo["sender_business_bot"]["id"] == telegram.bot_id
        bot, business = telegram.scene("lea").chats
        assert (bot.lines, [line.ours for line in business.lines]) == ([], [False, True])

    def test_for_a_day(self, telegram: Telegram) -> None:
        telegram.do("business_message", person="lea", text="Ste odprti?")
        telegram.clock.move(24 * 3600 + 1)
        fields = {"business_connection_id": telegram.connection_id, "text": "x"}
        code, words = refused(telegram, "sendMessage", chat_id=telegram.user_id("lea"), **fields)
        assert (code, words) == (400, "Bad Request: BUSINESS_PEER_USAGE_MISSING")

    @pytest.mark.parametrize(
        ("right", "methods"),
        [
            ("can_reply", ["sendMessage", "editMessageText"]),
            ("can_read_messages", ["readBusinessMessage"]),
            ("can_delete_sent_messages", ["deleteBusinessMessages"]),
        ],
    )
    def test_only_what_the_owner_lets_it_do(self, telegram: Telegram, right: str, methods: list[str]) -> None:
        telegram.do("business_message", person="lea", text="Ste odprti?")
        place = {"business_connection_id": telegram.connection_id, "chat_id": telegram.user_id("lea")}
        sent = say(telegram, business_connection_id=telegram.connection_id)
        message = {"message_id": sent["message_id"], "message_ids": [sent["message_id"]], "text": "x"}
        telegram.do("business_connect", **{right: False})
        for method in methods:
            assert refused(telegram, method, **place, **message) == (403, "Forbidden: BOT_ACCESS_FORBIDDEN")
        telegram.do("business_connect", **{each: each == right for each in RIGHTS})
        for method in methods:
            call(telegram, method, **place, **message)

    def test_a_connection_that_is_closed(self, telegram: Telegram, receiver: Receiver) -> None:
        telegram.do("business_message", person="lea", text="Ste odprti?")
        fields = {"business_connection_id": telegram.connection_id, "text": "x"}
        telegram.do("business_disconnect")
        assert refused(telegram, "sendMessage", chat_id=telegram.user_id("lea"), **fields)[0] == 400
        assert [event["is_enabled"] for kind, event in told(telegram, receiver) if "connection" in kind] == [
            True,
            False,
        ]

    def test_edits_and_deletions_are_told(self, telegram: Telegram, receiver: Receiver) -> None:
        line = telegram.do("business_message", person="lea", text="Ste odprti?")
        telegram.do("edit", person="lea", id=line["id"], text="Ste danes odprti?")
        telegram.do("remove", person="lea", id=line["id"])
        assert kinds(telegram, receiver)[2:] == ["edited_business_message", "deleted_business_messages"]
        assert telegram.scene("lea").lines()[0].removed

    def test_a_bot_s_chat_tells_no_deletion(self, telegram: Telegram) -> None:
        line = telegram.do("message", person="lea", text="hej")
        with pytest.raises(PlayError):
            telegram.do("remove", person="lea", id=line["id"])


class TestFiles:
    def picture(self, telegram: Telegram, receiver: Receiver) -> str:
        telegram.do("message", person="lea", text="Levi", picture="boot")
        _, event = told(telegram, receiver)[-1]
        sizes: list[dict[str, Any]] = event["photo"]
        assert max(sizes, key=lambda size: size["width"]) == sizes[-1]
        return str(sizes[-1]["file_id"])

    def link(self, telegram: Telegram, path: str, token: str = "") -> str:
        return f"{telegram.url}/file/bot{token or telegram.token}/{path}"

    def test_a_link_lives_an_hour_and_wants_the_token(self, telegram: Telegram, receiver: Receiver) -> None:
        file_id = self.picture(telegram, receiver)
        path = call(telegram, "getFile", file_id=file_id)["file_path"]
        assert client.get(self.link(telegram, path)).content.startswith(b"\x89PNG")
        assert client.get(self.link(telegram, path, "1:x")).status_code == 404
        telegram.clock.move(3601)
        assert client.get(self.link(telegram, path)).status_code == 404
        again = call(telegram, "getFile", file_id=file_id)["file_path"]
        assert client.get(self.link(telegram, again)).status_code == 200

    def test_no_more_than_twenty_megabytes(self, telegram: Telegram, receiver: Receiver) -> None:
        telegram.do("file", person="lea", name="film.zip", content="x", size=20 * 1024 * 1024 + 1)
        _, event = told(telegram, receiver)[-1]
        file_id = event["document"]["file_id"]
        assert refused(telegram, "getFile", file_id=file_id) == (400, "Bad Request: file is too big")
        assert refused(telegram, "getFile", file_id="?")[1].startswith("Bad Request: wrong file_id")


class TestAccount:
    def test_who_it_is(self, telegram: Telegram) -> None:
        assert str(call(telegram, "getMe")["id"]) == telegram.accounts()[0].external_id

    def test_tokens(self, telegram: Telegram) -> None:
        def status(token: str) -> int:
            return client.get(f"{telegram.url}/bot{token}/getMe").status_code

        assert status(telegram.token) == 200
        assert status("nonsense") == 404
        assert status("123:x") == 401
        telegram.do("revoke")
        assert status(telegram.token) == 401

    @pytest.mark.parametrize(
        "fields", [{"url": "ftp://x"}, {"url": "http://desk.example"}, {"url": "", "secret_token": "a b"}]
    )
    def test_what_a_webhook_must_be(self, telegram: Telegram, fields: dict[str, Any]) -> None:
        assert refused(telegram, "setWebhook", **fields)[0] == 400

    def test_a_method_nobody_knows(self, telegram: Telegram) -> None:
        assert refused(telegram, "sendHologram") == (404, "Not Found")

    def test_a_restart_keeps_people_and_the_secret(self, telegram: Telegram, receiver: Receiver) -> None:
        with Sandbox(seed=2) as later:
            again = later["telegram"]
            assert isinstance(again, Telegram)
            assert (again.token, again.user_id("lea")) == (telegram.token, telegram.user_id("lea"))
            again.restore(again.accounts()[0].external_id, receiver.url)
            before = say(telegram) if telegram.do("message", person="lea", text="hej") else {}
            assert say(again)["message_id"] > before["message_id"]
            again.do("message", person="lea", text="Spet jaz")
            found = [hook for hook in receiver.wait(3) if b"Spet jaz" in hook.body]
            assert [len(hook.headers[SECRET.lower()]) for hook in found] == [64]

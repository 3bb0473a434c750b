"""Files in, news out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.channels.base import (
    AccountChanged,
    AccountStale,
    Attachment,
    Broken,
    Echo,
    IdentitySeen,
    Inbound,
    Malformed,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
    ReactionChanged,
)
from heed.channels.telegram.adapter import network
from heed.channels.telegram.payload import Entity
from heed.channels.telegram.reading import business_of, number_of, words_between
from heed.channels.telegram.tests.sample import ACCOUNT, PAYLOADS, payload
from heed.lib import clock

LEA = Person("5527065001", name="Lea Marn", handle="lea_marn", language="sl")
AT = datetime(2026, 1, 1, 10, 0, tzinfo=UTC)
CHAT = "5527065001"
CONNECTION = "yPx3kFQ2sUoBAAAAv1m9d3qC"


def news(name: str) -> list[Inbound]:
    return network.read(payload(name), ACCOUNT)


def message(name: str) -> MessageReceived:
    (found,) = [each for each in news(name) if isinstance(each, MessageReceived)]
    return found


def later(seconds: int) -> datetime:
    return AT + timedelta(seconds=seconds)


def test_a_text() -> None:
    assert news("text") == [
        IdentitySeen(person=LEA, reachable=True, at=AT),
        MessageReceived(
            external_id=f"{CHAT}:41",
            at=AT,
            visibility="private",
            kind="message",
            author=LEA,
            text="Pozdravljeni 👟 kje je moj paket št. 88140?",
        ),
    ]


@pytest.mark.parametrize("name", ["start", "start_by_link"])
def test_start_is_no_question(name: str) -> None:
    assert news(name) == [IdentitySeen(person=LEA, reachable=True, at=AT)]


def file(kind: Any, file_id: str, **facts: Any) -> Attachment:
    return Attachment(kind, url=f"media:{file_id}", **facts)


PHOTO = file("image", "AgACAgQAAxkBAAIC-large", mime="image/jpeg", size=70123)


@pytest.mark.parametrize(
    ("name", "text", "attachments"),
    [
        (
            "photo",
            "Levi škorenj 🥾 glej",
            [PHOTO, Attachment("link", url="https://acme.example/boot", name="glej")],
        ),
        ("album_1", "Oba", [PHOTO]),
        ("album_2", "", [file("image", "AgACAgQAAxkBAAIC-second", mime="image/jpeg", size=70123)]),
        (
            "document",
            "",
            [
                file(
                    "file",
                    "BQACAgQAAxkBAAIC-pdf1",
                    name="فاتورة.pdf",
                    mime="application/pdf",
                    size=12345,
                )
            ],
        ),
        ("video", "zadrga", [file("video", "BAACAgQAAxkBAAIC-vid1", mime="video/mp4", size=900123)]),
        ("video_note", "", [file("video", "DQACAgQAAxkBAAIC-note", mime="video/mp4", size=300123)]),
        ("voice", "", [file("audio", "AwACAgQAAxkBAAIC-voic", mime="audio/ogg", size=4567)]),
        (
            "audio",
            "",
            [file("audio", "CQACAgQAAxkBAAIC-song", name="cvilec.mp3", mime="audio/mpeg", size=3456789)],
        ),
        (
            "animation",
            "",
            [file("video", "CgACAgQAAxkBAAIC-anim", name="hop.mp4", mime="video/mp4", size=45678)],
        ),
        ("live_photo", "", [file("video", "LAACAgQAAxkBAAIC-live", mime="video/mp4", size=222333)]),
        (
            "sticker",
            "",
            [file("sticker", "CAACAgQAAxkBAAIC-webp", mime="image/webp", size=14455, text="😡")],
        ),
        (
            "sticker_animated",
            "",
            [file("sticker", "CAACAgQAAxkBAAIC-tgs1", mime="application/x-tgsticker", size=14455, text="😂")],
        ),
        (
            "sticker_video",
            "",
            [file("sticker", "CAACAgQAAxkBAAIC-webm", mime="video/webm", size=14455, text="👋")],
        ),
        ("location", "", [Attachment("location", text="46.0511, 14.5051")]),
        ("venue", "", [Attachment("location", text="Acme, Čopova 1, 46.0511, 14.5051")]),
        ("contact", "", [Attachment("contact", text="Jan Sever, +38640000001")]),
        ("poll", "Katera barva?\n• rjava\n• črna", []),
        ("checklist", "Vračilo\n• škatla\n• račun", []),
        ("dice", "🎲 4", []),
        (
            "links",
            "👟🥾 moj račun in https://acme.example/1",
            [Attachment("link", url="https://acme.example/racun?id=88140", name="moj račun")],
        ),
    ],
)
def test_what_a_message_holds(name: str, text: str, attachments: list[Attachment]) -> None:
    assert message(name).text == text
    assert list(message(name).attachments) == attachments
    assert not [each for each in news(name) if isinstance(each, NotUnderstood)]


@pytest.mark.parametrize(
    ("name", "refs"),
    [
        ("text", {}),
        ("album_1", {"album": "13355501"}),
        ("topic", {"topic": 9}),
        ("business_message", {"business": CONNECTION}),
    ],
)
def test_what_an_answer_must_name(name: str, refs: dict[str, Any]) -> None:
    assert message(name).refs == refs


def test_a_reply_names_its_message() -> None:
    assert message("reply").parent == f"{CHAT}:39"
    assert message("reply_elsewhere").parent == ""


@pytest.mark.parametrize(
    ("name", "known", "against"),
    [
        ("business_connected", [CONNECTION], ""),
        ("business_read_only", [CONNECTION], "Maja Zupan does not let the bot reply"),
        ("business_disconnected", [], "Maja Zupan took the bot out of their chats"),
    ],
)
def test_a_business_account_lets_the_bot_in_and_out(name: str, known: list[str], against: str) -> None:
    """What else it allows the check finds out, which knows by this whom to ask."""
    changed = AccountChanged(
        problem="not_allowed" if against else "",
        detail=against,
        at=datetime(2026, 1, 1, 10, 6, 40, tzinfo=UTC),
        facts={"business_connections": known} if known else {"business_ended": [CONNECTION]},
    )
    assert network.read(payload(name), ACCOUNT) == [changed, AccountStale()]


def test_a_button_that_was_pressed() -> None:
    told = json.loads(payload("callback"))
    told["callback_query"]["message"]["chat"] = {"id": int(CHAT), "type": "private", "first_name": "Lea"}
    (pressed,) = network.read(json.dumps(told).encode(), ACCOUNT)
    assert isinstance(pressed, MessageReceived)
    assert (pressed.kind, pressed.text, pressed.parent) == ("postback", "", f"{CHAT}:39")
    assert pressed.refs == {"payload": "a:1"}
    assert (pressed.author, number_of(pressed.external_id)) == (LEA, 0)


def test_what_stands_on_the_button() -> None:
    told = json.loads(payload("callback"))
    rows = [[{"text": "Nazaj", "callback_data": "back"}], [{"text": "Velikost 42", "callback_data": "a:1"}]]
    told["callback_query"]["message"] |= {
        "chat": {"id": int(CHAT), "type": "private", "first_name": "Lea"},
        "reply_markup": {"inline_keyboard": rows},
    }
    (pressed,) = network.read(json.dumps(told).encode(), ACCOUNT)
    assert isinstance(pressed, MessageReceived)
    assert pressed.text == "Velikost 42"


@pytest.mark.parametrize(("name", "what"), [("story", "story"), ("new_kind", "hologram")])
def test_what_cannot_be_shown_is_kept_and_said(name: str, what: str) -> None:
    assert (message(name).text, message(name).attachments) == ("", ())
    assert NotUnderstood(what=f"message with {what}") in news(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pinned", NotUnderstood(what="message with pinned_message")),
        ("callback", NotUnderstood(what="callback_query in a group")),
        ("channel_post", NotUnderstood(what="channel_post")),
        ("group", NotUnderstood(what="message in a supergroup")),
        ("group_edited", NotUnderstood(what="edited message in a supergroup")),
        ("group_migrated", NotUnderstood(what="message in a group")),
        ("added_to_group", NotUnderstood(what="bot is member in a supergroup")),
        ("reaction_in_group", NotUnderstood(what="reaction in a supergroup")),
        ("blocked", IdentitySeen(person=LEA, reachable=False, at=later(200))),
        ("unblocked", IdentitySeen(person=LEA, reachable=True, at=later(200))),
        (
            "edited",
            MessageEdited(
                external_id=f"{CHAT}:41",
                at=later(60),
                text="Pozdravljeni 👟 kje je moj paket št. 88141?",
            ),
        ),
        ("edited_caption", MessageEdited(external_id=f"{CHAT}:45", at=later(61), text="Desni škorenj")),
        (
            "edited_without_change",
            MessageEdited(
                external_id=f"{CHAT}:41",
                at=later(100),
                text="Pozdravljeni 👟 kje je moj paket št. 88141?",
            ),
        ),
        (
            "reaction",
            ReactionChanged(target=f"{CHAT}:39", at=later(300), author=LEA, reaction="👍", on=True),
        ),
        (
            "reaction_changed",
            ReactionChanged(target=f"{CHAT}:39", at=later(300), author=LEA, reaction="custom_emoji", on=True),
        ),
        (
            "reaction_off",
            ReactionChanged(target=f"{CHAT}:39", at=later(300), author=LEA, reaction="👍", on=False),
        ),
        (
            "business_edited",
            MessageEdited(external_id=f"{CONNECTION}:{CHAT}:41", at=later(500), text="Ste danes še odprti?"),
        ),
    ],
)
def test_events(name: str, expected: Inbound) -> None:
    assert news(name) == [expected]


def test_a_business_chat_is_another_than_the_bot_s() -> None:
    assert message("business_message").external_id == f"{CONNECTION}:{CHAT}:41"
    assert message("business_message").author == LEA
    assert message("business_message").kind == "business"
    assert business_of(message("business_message").external_id) == CONNECTION
    assert business_of(message("text").external_id) == business_of("nonsense") == ""
    assert message("text").external_id == f"{CHAT}:41"


def test_start_typed_to_a_person_is_a_message() -> None:
    assert message("business_start").text == "/start"


@pytest.mark.parametrize(
    ("name", "number", "text", "automatic"),
    [
        ("business_owner", 42, "Do osmih.", False),
        ("business_by_bot", 43, "Do osmih 👟", False),
        ("business_away", 44, "Odgovorimo zjutraj.", True),
    ],
)
def test_the_owner_s_side_is_an_echo(name: str, number: int, text: str, automatic: bool) -> None:
    assert news(name) == [
        Echo(
            external_id=f"{CONNECTION}:{CHAT}:{number}",
            at=AT,
            visibility="private",
            kind="business",
            person=Person(CHAT, name="Lea Marn", handle="lea_marn"),
            text=text,
            refs={"business": CONNECTION},
            automatic=automatic,
        )
    ]


def test_what_was_deleted() -> None:
    before = clock.now()
    found = [each for each in news("deleted_business_messages") if isinstance(each, MessageRemoved)]
    assert [each.external_id for each in found] == [f"{CONNECTION}:{CHAT}:41", f"{CONNECTION}:{CHAT}:45"]
    assert all(each.at is not None and before <= each.at <= clock.now() for each in found)


@pytest.mark.parametrize(
    ("text", "offset", "length", "words"),
    [
        ("👟 čevelj", 0, 2, "👟"),
        ("👟 čevelj", 3, 6, "čevelj"),
        ("مرحبا 🥾", 6, 2, "🥾"),
        ("kratko", 4, 99, "ko"),
        ("👟", 1, 1, "\ufffd"),
        ("", 0, 5, ""),
    ],
)
def test_entities_count_utf_16(text: str, offset: int, length: int, words: str) -> None:
    assert words_between(text, Entity(type="bold", offset=offset, length=length)) == words


@pytest.mark.parametrize(
    ("external_id", "number"),
    [("5527065001:41", 41), ("abc:5527065001:42", 42), ("", 0), ("x", 0), ("1:²", 0)],
)
def test_telegram_s_own_id(external_id: str, number: int) -> None:
    assert number_of(external_id) == number


def test_every_file_is_read() -> None:
    for path in PAYLOADS.glob("*.json"):
        found = network.read(path.read_bytes(), ACCOUNT)
        assert found
        assert not any(isinstance(each, Broken) for each in found), path.name


@pytest.mark.parametrize("number", [2**31, 2**52 - 1, 2**53 + 1])
def test_ids_keep_every_digit(number: int) -> None:
    body = payload("text").replace(CHAT.encode(), str(number).encode())
    (found,) = [each for each in network.read(body, ACCOUNT) if isinstance(each, MessageReceived)]
    assert found.external_id == f"{number}:41"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"{}", b'{"message":{}}', b'{"update_id":"7"}', b"\xff\xfe", b"[" * 9999],
)
def test_what_is_no_update_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        network.read(body, ACCOUNT)


def test_an_update_without_an_event_is_not_understood() -> None:
    assert network.read(b'{"update_id":7}', ACCOUNT) == [NotUnderstood(what="update without an event")]


@pytest.mark.parametrize(
    "change",
    [{"chat": None}, {"message_id": "x"}, {"date": 10**30}, {"from": {"id": None}}, {"entities": 7}],
)
def test_a_broken_event_is_set_aside(change: dict[str, Any]) -> None:
    update = json.loads(payload("text"))
    update["message"] |= change
    (found,) = network.read(json.dumps(update).encode(), ACCOUNT)
    assert isinstance(found, Broken)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
kinds = st.sampled_from(
    ["message", "business_message", "edited_message", "my_chat_member", "message_reaction"]
)
keys = st.sampled_from(["chat", "from", "text", "entities", "photo", "sticker", "venue", "date", "poll"])


@given(st.binary())
def test_garbage_is_malformed_or_read(body: bytes) -> None:
    try:
        network.read(body, ACCOUNT)
    except Malformed:
        return


@given(kinds | st.text(), st.dictionaries(keys | st.text(), json_values) | json_values)
def test_no_event_makes_reading_fail(kind: str, event: Any) -> None:
    body = json.dumps({"update_id": 7, kind: event}).encode()
    try:
        network.read(body, ACCOUNT)
    except Malformed:
        return


@given(st.dictionaries(keys | st.text(), json_values))
def test_no_message_of_a_customer_makes_reading_fail(fields: dict[str, Any]) -> None:
    update = json.loads(payload("text"))
    update["message"] |= fields
    try:
        network.read(json.dumps(update).encode(), ACCOUNT)
    except Malformed:
        return

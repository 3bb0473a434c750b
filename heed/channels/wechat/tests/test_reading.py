"""Files in, news out."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.channels.base import (
    Attachment,
    Broken,
    IdentitySeen,
    Inbound,
    Malformed,
    MessageReceived,
    NotUnderstood,
    Person,
)
from heed.channels.wechat.adapter import network
from heed.channels.wechat.tests.sample import ACCOUNT, PAYLOADS, SAFE, payload, sealed

AT = datetime(2014, 9, 3, 9, 14, 28, tzinfo=UTC)
WRITER = Person("o_demo_user")


def news(name: str) -> list[Inbound]:
    return network.read(payload(name), ACCOUNT)


def message(
    text: str = "",
    *attachments: Attachment,
    id: str = "1234567890123456",
    kind: str = "message",
    opens_window: bool = True,
    refs: dict[str, str] = {},
) -> MessageReceived:
    return MessageReceived(
        external_id=id,
        at=AT,
        visibility="private",
        kind=kind,
        author=WRITER,
        text=text,
        attachments=attachments,
        opens_window=opens_window,
        refs=refs,
    )


MESSAGES = {
    "text": message("Сайн байна уу, хүргэлт хэзээ ирэх вэ? 👟", id="6054768590064713728"),
    "text_of_two_lines": message("مرحبا،\nأين طلبي؟ <88213> & شكراً"),
    "text_from_message_menu": message("Da", kind="postback", opens_window=False),
    "text_without_id": message("Kje je moj paket?", id="o_demo_user:1409735668"),
    "image": message("", Attachment("image", url="media:media-boot_1")),
    "voice": message(
        "", Attachment("audio", url="media:media-voice_1", name="voice.amr"), id="6054768590064713729"
    ),
    "voice_recognised": message(
        "Where is my parcel?", Attachment("audio", url="media:media-voice_2", name="voice.speex")
    ),
    "video": message("", Attachment("video", url="media:media-video_1")),
    "shortvideo": message("", Attachment("video", url="media:media-video_2")),
    "location": message(
        "", Attachment("location", name="Ljubljana, Prešernov trg", text="46.056947, 14.505751")
    ),
    "link": message(
        "",
        Attachment(
            "link", url="https://acme.example/boots?a=1&b=2", name="Levi škorenj", text="Zadrga je pokvarjena"
        ),
    ),
    "click": message(
        id="o_demo_user:1409735668:OPENING_HOURS",
        kind="postback",
        refs={"payload": "OPENING_HOURS"},
        opens_window=False,
    ),
}
EVENTS: dict[str, list[Inbound]] = {
    "subscribe": [IdentitySeen(person=WRITER, reachable=True, at=AT)],
    "subscribe_by_code": [IdentitySeen(person=WRITER, reachable=True, at=AT)],
    "scan": [IdentitySeen(person=WRITER, reachable=True, at=AT)],
    "unsubscribe": [IdentitySeen(person=WRITER, reachable=False, at=AT)],
    "view": [],
    "position": [],
    "template_finished": [],
    "console_session": [NotUnderstood(what="event kf_create_session")],
    "new_type": [message(), NotUnderstood(what="message of type hologram")],
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(name: str) -> None:
    assert news(name) == [MESSAGES[name]]


@pytest.mark.parametrize("name", EVENTS)
def test_events(name: str) -> None:
    assert news(name) == EVENTS[name]


def test_every_file_has_its_line() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.xml")} == MESSAGES.keys() | EVENTS.keys()


def test_events_at_the_same_moment_are_told_apart_by_their_key() -> None:
    other = network.read(payload("click").replace(b"OPENING_HOURS", b"RETURNS"), ACCOUNT)
    assert [each.external_id for each in other if isinstance(each, MessageReceived)] == [
        "o_demo_user:1409735668:RETURNS"
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<xml>",
        b"<xml></xml>",
        b"<html><MsgType>text</MsgType></html>",
        b"<xml><MsgType/></xml>",
        b'<?xml version="1.0" encoding="nonsense"?><xml/>',
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>',
        b'<!DOCTYPE xml SYSTEM "http://evil.example/x.dtd"><xml><MsgType>text</MsgType></xml>',
        b"<xml><MsgType>\xff</MsgType></xml>",
    ],
)
def test_what_is_no_delivery_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        network.read(body, ACCOUNT)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("text", b"o_demo_user", b""),
        ("text", b"1409735668", b"yesterday"),
        ("text", b"1409735668", b"9" * 40),
        ("text", b"Content", b"Contents"),
        ("image", b"media-boot_1", b""),
        ("location", b"46.056947", b"north"),
        ("subscribe", b"Event>", b"Happening>"),
    ],
)
def test_a_broken_message_is_set_aside(name: str, before: bytes, after: bytes) -> None:
    (found,) = network.read(payload(name).replace(before, after), ACCOUNT)
    assert isinstance(found, Broken)


names = st.sampled_from(
    [
        "ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Content", "MediaId", "Format",
        "Location_X", "Location_Y", "Url", "Event", "EventKey", "Encrypt",
    ]
)  # fmt: skip
kinds = st.sampled_from(["text", "image", "voice", "video", "location", "link", "event"])
values = st.text() | st.integers().map(str) | kinds


@given(st.binary() | st.text().map(str.encode))
def test_garbage_is_malformed_or_read(body: bytes) -> None:
    survive(body)


@given(kinds, st.dictionaries(names, values))
def test_no_element_makes_reading_fail(kind: str, fields: dict[str, str]) -> None:
    fields = {"MsgType": kind, **fields}
    survive(
        f"<xml>{''.join(f'<{name}>{escape(text)}</{name}>' for name, text in fields.items())}</xml>".encode(
            errors="replace"
        )
    )


@given(st.sampled_from(sorted(MESSAGES | EVENTS)), st.integers(0, 800), st.binary(max_size=6))
def test_no_damage_makes_reading_fail(name: str, at: int, put: bytes) -> None:
    body = payload(name)
    survive(body[:at] + put + body[at + len(put) :])


@given(st.integers(0, 600), st.binary(max_size=4))
def test_no_damage_to_what_is_sealed_makes_reading_fail(at: int, put: bytes) -> None:
    body = sealed().body
    survive(body[:at] + put + body[at + len(put) :])


def survive(body: bytes) -> None:
    for account in (ACCOUNT, SAFE):
        try:
            network.read(body, account)
        except Malformed:
            continue

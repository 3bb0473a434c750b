"""Files in, news out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

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
    Receipt,
)
from heed.channels.viber.adapter import network
from heed.channels.viber.tests.sample import ACCOUNT, PAYLOADS, payload

WRITER = "xy5/5y6O81+/kbWHpLhBoA=="


def news(name: str) -> list[Inbound]:
    return network.read(payload(name), ACCOUNT)


def message(name: str) -> MessageReceived:
    (found,) = [each for each in news(name) if isinstance(each, MessageReceived)]
    return found


def test_a_text() -> None:
    tuya = Person(
        WRITER,
        name="Tuya Bold",
        avatar_url="https://media-direct.cdn.viber.com/download_photo?dlid=1",
        language="mn",
    )
    assert news("text") == [
        MessageReceived(
            external_id="5741311803571721087",
            at=datetime(2016, 12, 7, 20, 21, 52, 807000, tzinfo=UTC),
            visibility="private",
            kind="message",
            author=tuya,
            text="Сайн байна уу, хүргэлт хэзээ ирэх вэ?",
        ),
    ]


DL = "https://dl-media.viber.com/1/"


@pytest.mark.parametrize(
    ("name", "text", "attachment"),
    [
        ("picture", "Levi škorenj", Attachment("image", url=DL + "boot.jpg", name="boot.jpg", size=70123)),
        ("video", "", Attachment("video", url=DL + "zip.mp4", size=900123)),
        ("file", "", Attachment("file", url=DL + "f.pdf", name="فاتورة.pdf", size=12345)),
        ("sticker", "", Attachment("sticker", text="40133")),
        ("contact", "", Attachment("contact", text="Jan Sever, +38640000001")),
        ("location", "", Attachment("location", text="31.95, 35.91")),
        ("url", "", Attachment("link", url="https://acme.example/boots")),
        ("new_type", "look", Attachment("file", url=DL + "h.bin")),
    ],
)
def test_what_comes_along(name: str, text: str, attachment: Attachment) -> None:
    assert message(name).text == text
    assert message(name).attachments == (attachment,)


def test_a_new_type_is_kept_and_said_to_be_not_understood() -> None:
    assert NotUnderstood(what="message of type hologram") in news("new_type")


NADIA = Person("01234567890A=", name="Nadia Karim", avatar_url="http://avatar.example", language="ar")
AT = datetime(2016, 3, 12, 6, 29, 57, 627000, tzinfo=UTC)
TOKEN = "4912661846655238145"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("conversation_started", [IdentitySeen(person=NADIA, at=AT)]),
        (
            "conversation_started_again",
            [
                IdentitySeen(
                    person=Person("01234567890A=", name="Nadia Karim", language="ar"),
                    reachable=True,
                    at=AT + timedelta(milliseconds=1),
                )
            ],
        ),
        (
            "subscribed",
            [
                IdentitySeen(
                    person=Person("01234567890A=", name="Jan Sever", language="sl"), reachable=True, at=AT
                )
            ],
        ),
        (
            "unsubscribed",
            [
                IdentitySeen(
                    person=Person("KMMqtlNTDxIm/5bZhdQ5uA=="),
                    reachable=False,
                    at=datetime(2018, 1, 23, 3, 33, 7, 902000, tzinfo=UTC),
                )
            ],
        ),
        ("delivered", [Receipt(state="delivered", at=AT, external_ids=(TOKEN,))]),
        ("seen", [Receipt(state="seen", at=AT, external_ids=(TOKEN,))]),
        (
            "failed",
            [
                Receipt(
                    state="failed",
                    at=AT,
                    external_ids=(TOKEN,),
                    detail="Keyboard is not valid. [object has missing required properties]",
                )
            ],
        ),
        ("webhook", []),
        ("client_status", [NotUnderstood(what="client_status")]),
    ],
)
def test_events(name: str, expected: list[Inbound]) -> None:
    assert news(name) == expected


def test_every_file_is_read() -> None:
    for path in PAYLOADS.glob("*.json"):
        assert not any(isinstance(each, Broken) for each in network.read(path.read_bytes(), ACCOUNT)), (
            path.name
        )


@pytest.mark.parametrize("token", [2**53 + 1, 2**63 - 1, 5741311803571721087])
def test_the_token_keeps_every_digit(token: int) -> None:
    body = payload("text").replace(b"5741311803571721087", str(token).encode())
    (found,) = [each for each in network.read(body, ACCOUNT) if isinstance(each, MessageReceived)]
    assert found.external_id == str(token)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"event":7}', b'{"x":1}', b"\xff\xfe", b"[" * 9999]
)
def test_what_is_no_callback_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        network.read(body, ACCOUNT)


@pytest.mark.parametrize(
    "change",
    [{"sender": None}, {"message": 7}, {"timestamp": 10**30}, {"message_token": "x"}, {"sender": {"id": ""}}],
)
def test_a_broken_event_is_set_aside(change: dict[str, Any]) -> None:
    event = {**json.loads(payload("text")), **change}
    (found,) = network.read(json.dumps(event).encode(), ACCOUNT)
    assert isinstance(found, Broken)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
known_keys = st.sampled_from(["sender", "message", "timestamp", "message_token", "user", "user_id", "desc"])
known_events = st.sampled_from(sorted(path.stem for path in PAYLOADS.glob("*.json"))) | st.text()


@given(st.binary())
def test_garbage_is_malformed_or_read(body: bytes) -> None:
    try:
        network.read(body, ACCOUNT)
    except Malformed:
        return


@given(known_events, st.dictionaries(known_keys | st.text(), json_values))
def test_no_event_makes_reading_fail(event: str, fields: dict[str, Any]) -> None:
    body = json.dumps({**fields, "event": event}).encode()
    try:
        network.read(body, ACCOUNT)
    except Malformed:
        return

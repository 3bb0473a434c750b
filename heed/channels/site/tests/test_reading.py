"""Payload files -> the records they become."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.channels.base import (
    Attachment,
    Broken,
    Echo,
    IdentityChanged,
    IdentitySeen,
    Inbound,
    Malformed,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
    ReactionChanged,
    Receipt,
)
from heed.channels.site.payload import SHAPES
from heed.channels.site.reading import read
from heed.channels.site.tests.sample import PAYLOADS, UNKNOWN, payload

AT = datetime(2026, 11, 21, 9, 0, 0, 250_000, tzinfo=UTC)
LEA = Person("c1042", "Lea Marn", "lea.marn@example.com", "", "sl")
SHOP = "https://shop.example"


def message(**facts: object) -> MessageReceived:
    known: dict[str, object] = {"at": AT, "visibility": "private", "kind": "message", "author": LEA}
    return MessageReceived(**(known | facts))  # type: ignore[arg-type]


EXPECTED: dict[str, list[Inbound]] = {
    "message": [message(external_id="m1", text="Kje je moj paket?")],
    "message_widget": [
        message(
            external_id="~Zt4qK1:5f0c",
            author=Person("~Zt4qK1"),
            text="أين طلبي؟",
            permalink=f"{SHOP}/boots",
            attachments=(Attachment("image", "media:upload:77", "zadrga.png", "image/png", 2048),),
        )
    ],
    "message_files": [
        message(
            external_id="m2",
            at=datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
            attachments=(
                Attachment("video", f"{SHOP}/files/1.mp4", "1.mp4", "video/mp4"),
                Attachment("audio", f"{SHOP}/files/2.ogg", "", "audio/ogg"),
                Attachment("file", f"{SHOP}/files/3.pdf", "racun.pdf", "application/pdf", 7),
            ),
        )
    ],
    "answer": [Echo(external_id="a1", at=AT, visibility="private", person=LEA, text="Že na poti.")],
    "answer_automatic": [
        Echo(
            external_id="a2",
            at=AT,
            visibility="private",
            person=LEA,
            text="Zdaj nas ni.",
            key="0f8fad5b",
            automatic=True,
        )
    ],
    "edit": [MessageEdited(external_id="m1", at=AT, text="Kje je moj paket 88140?")],
    "remove": [MessageRemoved(external_id="m1", at=AT)],
    "delivered": [Receipt(state="delivered", at=AT, external_ids=("a1", "a2"))],
    "seen": [Receipt(state="seen", at=AT, person="c1042", watermark=AT)],
    "failed": [
        Receipt(
            state="failed",
            at=AT,
            external_ids=("a1",),
            reason="unreachable",
            detail="the push token is gone",
        )
    ],
    "reaction": [ReactionChanged(target="a1", at=AT, author=LEA, reaction="❤️", on=True)],
    "person": [IdentitySeen(person=LEA, reachable=False)],
    "identified": [IdentityChanged(previous="~Zt4qK1", person=LEA, at=AT)],
    "batch": [
        message(external_id="m3", text="Prvič"),
        message(external_id="m4", author=Person("c2"), text="Drugič"),
        Receipt(state="seen", at=AT, person="c2", watermark=AT),
    ],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_payload_becomes_its_records(name: str) -> None:
    assert read(payload(name)) == EXPECTED[name]


def test_every_payload_file_has_its_records() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.json")} == {*EXPECTED, "poisoned"}


def test_what_cannot_be_read_stays_alone() -> None:
    first, second, third = read(payload("poisoned"))
    assert isinstance(first, Broken)
    assert isinstance(second, MessageReceived)
    assert second.text == "fine"
    assert isinstance(third, Broken)


def test_an_unknown_kind_is_not_understood() -> None:
    assert read(UNKNOWN) == [NotUnderstood(what="moon_landing")]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"events":{}}', b'{"events":[7]}', b'{"events":null}', b"\xff", b"[" * 9999]
)
def test_what_is_no_list_of_events_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read(body)


@pytest.mark.parametrize(
    "change",
    [
        {"at": "yesterday"},
        {"at": 7e30},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"person": {"id": "?x"}},
        {"person": {"id": ""}},
        {"person": {"id": "x" * 201}},
        {"person": {}},
        {"id": "two words"},
        {"text": "x" * 20_001},
        {"attachments": [{"url": "file:///etc/passwd"}]},
        {"attachments": [{"url": "media:somebody/elses"}]},
        {"attachments": [{"url": "https://shop.example/x", "size": -1}]},
    ],
)
def test_a_message_that_is_set_aside(change: dict[str, object]) -> None:
    event = json.loads(payload("message"))["events"][0] | change
    (only,) = read(json.dumps({"events": [event]}).encode())
    assert isinstance(only, Broken)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "at", "person", "text", "url", "ids", "attachments", "type", "on"]), inner
        )
    ),
    max_leaves=12,
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from([*SHAPES, "x"]) | _values},
            optional={
                "id": st.sampled_from(["m1"]) | _values,
                "at": st.sampled_from(["2026-11-21T09:00:00Z", "9999-12-31T23:59:59-14:00"]) | _values,
                "person": st.sampled_from([{"id": "c1"}, "c1"]) | _values,
                "text": _values,
                "ids": _values,
                "attachments": _values,
                "previous": _values,
            },
        ),
        max_size=3,
    )
)
def test_whatever_comes_is_read_or_malformed(events: list[object]) -> None:
    body = json.dumps({"events": events}).encode()
    try:
        news = read(body)
    except Malformed:
        return
    assert len(news) == len(events)

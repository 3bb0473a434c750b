"""Files in, news out."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.channels.base import (
    AccountChanged,
    Attachment,
    Broken,
    IdentitySeen,
    Inbound,
    Malformed,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
)
from heed.channels.line.adapter import network
from heed.channels.line.tests.sample import ACCOUNT, PAYLOADS, payload

LEA = Person("U206d25c2ea6bd87c17655609a1c37cb8")
OMAR = Person("U4af4980629b3b1a1bc0b5a9a4a7c1f2d")
AT = datetime(2026, 1, 1, 10, 0, tzinfo=UTC)


def news(name: str) -> list[Inbound]:
    return network.read(payload(name), ACCOUNT)


def message(name: str) -> MessageReceived:
    (found,) = [each for each in news(name) if isinstance(each, MessageReceived)]
    return found


def test_a_text() -> None:
    assert news("text") == [
        MessageReceived(
            external_id="444573844083572737",
            at=AT,
            visibility="private",
            kind="message",
            author=LEA,
            text="Pozdravljeni 👟 kje je moj paket št. 88140?",
            refs={"quote": "q3Plxr4AgkKsHRNUKOJ1J2Zc2737", "read": "rTdq8ITsTVYFQpBEw2737"},
        )
    ]


def test_what_is_delivered_again_reads_the_same() -> None:
    assert b'"isRedelivery": true' in payload("text_again")
    assert news("text_again") == news("text")


@pytest.mark.parametrize("name", ["text", "postback"])
def test_what_another_system_answers_waits_for_nobody_here(name: str) -> None:
    told = json.loads(payload(name))
    told["events"][0]["mode"] = "standby"
    (heard,) = [
        each for each in network.read(json.dumps(told).encode(), ACCOUNT) if isinstance(each, MessageReceived)
    ]
    assert heard == replace(message(name), kind="standby", elsewhere=True)


def test_a_message_that_quotes_another() -> None:
    assert message("text_quoting").parent == "444573844083572737"


def test_what_is_null_was_not_said() -> None:
    """A word that is said as null costs no message of a customer."""
    told = json.loads(payload("text"))
    event = told["events"][0]
    event["message"] |= {"quotedMessageId": None, "imageSet": None, "contentProvider": None, "keywords": None}
    event["source"]["groupId"] = None
    assert network.read(json.dumps(told).encode(), ACCOUNT) == news("text")


def test_emoji_and_mentions_stay_words() -> None:
    assert message("text_emoji").text == "@Acme Hello, world! (love)"


@pytest.mark.parametrize(
    ("name", "attachment"),
    [
        ("image", Attachment("image", url="media:444573844083572741")),
        ("image_external", Attachment("link", url="https://shop.example.org/boot.jpg", name="image")),
        ("video", Attachment("video", url="media:444573844083572745")),
        ("audio", Attachment("audio", url="media:444573844083572746")),
        ("file", Attachment("file", url="media:444573844083572747", name="račun.pdf", size=2138)),
        (
            "location",
            Attachment("location", text="Acme Ljubljana, Čopova ulica 1, 1000 Ljubljana, 46.0519, 14.5042"),
        ),
        ("location_bare", Attachment("location", text="46.0519, 14.5042")),
        ("sticker", Attachment("sticker", text="happy, thanks")),
        ("sticker_words", Attachment("sticker", text="Najlepša hvala!")),
        ("sticker_bare", Attachment("sticker", text="1988")),
    ],
)
def test_what_is_sent_along(name: str, attachment: Attachment) -> None:
    assert message(name).attachments == (attachment,)
    assert message(name).text == ""


def test_pictures_sent_together() -> None:
    first, second = news("album")
    assert isinstance(first, MessageReceived)
    assert isinstance(second, MessageReceived)
    assert first.external_id != second.external_id
    assert first.refs["album"] == second.refs["album"]


def test_a_message_taken_back() -> None:
    assert news("unsend") == [MessageRemoved(external_id="444573844083572737", at=AT + timedelta(seconds=60))]


@pytest.mark.parametrize(
    ("name", "reachable"), [("follow", True), ("follow_again", True), ("unfollow", False)]
)
def test_who_can_be_written_to(name: str, reachable: bool) -> None:
    assert news(name) == [IdentitySeen(person=LEA, reachable=reachable, at=AT)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("postback", ""),
        ("postback_date", "2026-01-03T10:00"),
    ],
)
def test_a_button(name: str, text: str) -> None:
    pressed = message(name)
    assert (pressed.kind, pressed.author, pressed.text) == ("postback", LEA, text)
    assert pressed.external_id == json.loads(payload(name))["events"][0]["webhookEventId"]


def test_several_events_of_several_people_in_one_delivery() -> None:
    followed, first, second, beacon = news("batch")
    assert followed == IdentitySeen(person=LEA, reachable=True, at=AT)
    assert isinstance(first, MessageReceived)
    assert isinstance(second, MessageReceived)
    assert (first.author, first.text) == (LEA, "Dober dan")
    assert (second.author, second.text) == (OMAR, "مرحبا")
    assert beacon == NotUnderstood(what="beacon")


def test_an_empty_delivery_is_only_a_try() -> None:
    assert news("ping") == []


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("group", ["message in a group", "unsend in a group", "join"]),
        ("room", ["memberJoined"]),
        ("nobody", ["message without a person"]),
        (
            "other_events",
            [
                "videoPlayComplete",
                "accountLink",
                "membership",
                "activated",
                "deactivated",
                "delivery",
                "module attached",
            ],
        ),
        ("new_kind", ["moonLanding"]),
    ],
)
def test_what_is_not_understood(name: str, what: list[str]) -> None:
    assert news(name) == [NotUnderstood(what=each) for each in what]


def test_a_message_of_a_new_type_is_kept_and_said_to_be_strange() -> None:
    kept, strange = news("new_type")
    assert isinstance(kept, MessageReceived)
    assert (kept.external_id, kept.text) == ("444573844083572757", "")
    assert strange == NotUnderstood(what="message of type hologram")


@pytest.mark.parametrize(
    ("name", "problem"), [("suspended", "account_blocked"), ("resumed", ""), ("detached", "not_allowed")]
)
def test_news_of_the_account(name: str, problem: str) -> None:
    (changed,) = news(name)
    assert isinstance(changed, AccountChanged)
    assert changed.problem == problem


def test_a_poison_event_leaves_its_neighbours() -> None:
    broken, fine, *others = news("poisoned")
    assert isinstance(fine, MessageReceived)
    assert fine.text == "Sosedno sporočilo"
    assert len(others) == 2
    assert all(isinstance(each, Broken) for each in (broken, *others))


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{}", b'{"events":{}}', b'{"events":null}', b"\xff"])
def test_what_is_no_delivery(body: bytes) -> None:
    with pytest.raises(Malformed):
        network.read(body, ACCOUNT)


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
EVENTS = [
    event for path in sorted(PAYLOADS.glob("*.json")) for event in json.loads(path.read_bytes())["events"]
]


@given(st.sampled_from(EVENTS), st.data())
def test_whatever_stands_in_an_event(event: Any, data: st.DataObject) -> None:
    if isinstance(event, dict):
        name = data.draw(st.sampled_from(sorted(event)))
        event = {**event, name: data.draw(ANYTHING)}
    with suppress(Malformed):
        network.read(json.dumps({"destination": "U0", "events": [event]}).encode(), ACCOUNT)

"""Files in, news out."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
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
from heed.channels.meta.tests.sample import as_meta_writes
from heed.channels.whatsapp.adapter import network
from heed.channels.whatsapp.tests.sample import ACCOUNT, NUMBER, PAYLOADS, UNKNOWN, payload

LEA = Person("SI.13491208655302741918", "Lea Marn", "+38640111222", also="38640111222")
AT = datetime(2025, 6, 8, 20, 59, 43, tzinfo=UTC)
LATER = datetime(2025, 6, 8, 21, 0, tzinfo=UTC)
NUMBER_ONLY = Person("38640111222", handle="+38640111222")
BUSINESS = ACCOUNT.credentials["business_account_id"]
W = "wamid.HBgLMzg2NDAxMTEyMjI"
KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"
WRITTEN = MessageReceived(
    owner=NUMBER, external_id=W + "A1", at=AT, visibility="private", kind="message", author=LEA
)
PRESSED = replace(WRITTEN, kind="postback")


def news(name: str) -> list[Inbound]:
    return network.read(payload(name), ACCOUNT)


def media(kind: Any, id: str, **more: Any) -> tuple[Attachment, ...]:
    return (Attachment(kind, f"media:{id}", **more),)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", replace(WRITTEN, text="Kje je moj paket? https://acme.example/1 😀")),
        ("text_in_milliseconds", replace(WRITTEN, text="hej")),
        ("text_reply", replace(WRITTEN, text="ta", parent=W + "B7")),
        ("text_forwarded", replace(WRITTEN, text="glej", refs={"forwarded": True})),
        (
            "text_about_product",
            replace(
                WRITTEN,
                text="imate 42?",
                parent=W + "B7",
                refs={"product": {"catalog_id": "194", "product_retailer_id": "boot"}},
            ),
        ),
        (
            "image",
            replace(WRITTEN, text="raztrgan škorenj", attachments=media("image", "1003", mime="image/jpeg")),
        ),
        ("video", replace(WRITTEN, attachments=media("video", "1004", mime="video/mp4"))),
        ("audio", replace(WRITTEN, attachments=media("audio", "1005", mime="audio/ogg"))),
        ("voice", replace(WRITTEN, attachments=media("audio", "1006", mime="audio/ogg"))),
        (
            "document",
            replace(
                WRITTEN,
                text="račun",
                attachments=media("file", "1007", name="račun.pdf", mime="application/pdf"),
            ),
        ),
        ("sticker", replace(WRITTEN, attachments=media("sticker", "1008", mime="image/webp"))),
        (
            "location",
            replace(
                WRITTEN,
                attachments=(
                    Attachment(
                        "location", "https://acme.example/shop", "Acme", text="46.0569, 14.5058\nČopova 1"
                    ),
                ),
            ),
        ),
        (
            "contacts",
            replace(
                WRITTEN,
                attachments=(
                    Attachment(
                        "contact",
                        name="Jan Sever",
                        text="Sever d.o.o.\n+386 40 000 001\njan@acme.example",
                    ),
                ),
            ),
        ),
        ("button_reply", replace(PRESSED, text="Da", refs={"payload": "b1"})),
        ("list_reply", replace(PRESSED, text="Št. 42\nna zalogi", refs={"payload": "r1"})),
        ("form", replace(PRESSED, text="Sent\nsize: 42")),
        ("form_odd", replace(PRESSED, text="flow\n[7]")),
        ("button", replace(PRESSED, text="Ne", refs={"payload": "NO"})),
        ("order", replace(WRITTEN, text="prosim\n2 × boot-42 · 30 EUR")),
        (
            "interactive_left_out",
            replace(
                WRITTEN,
                attachments=(Attachment("file", name="interactive", text="The reply could not be read."),),
            ),
        ),
        (
            "unsupported",
            replace(
                WRITTEN,
                attachments=(
                    Attachment("file", name="poll", text="Message type is currently not supported."),
                ),
            ),
        ),
        (
            "unknown",
            replace(WRITTEN, attachments=(Attachment("file", name="unknown", text="Message type unknown"),)),
        ),
        ("new_type", replace(WRITTEN, attachments=(Attachment("file", name="hologram", text="hologram"),))),
    ],
)
def test_what_customers_write(name: str, expected: MessageReceived) -> None:
    assert news(name)[0] == expected


@pytest.mark.parametrize(
    ("name", "what"),
    [("new_type", "hologram"), ("interactive_left_out", "interactive")],
)
def test_what_we_do_not_know_is_kept_and_said_to_be_so(name: str, what: str) -> None:
    assert news(name)[1:] == [NotUnderstood(owner=NUMBER, what=f"message of type {what}")]


def test_where_they_came_from_is_kept() -> None:
    (found,) = news("text_from_ad")
    assert isinstance(found, MessageReceived)
    assert found.refs["referral"]["ctwa_clid"] == "c1"


@pytest.mark.parametrize(
    ("name", "author"),
    [
        ("text_hidden_number", Person("SI.13491208655302741918", "Lea Marn", "lea.marn")),
        ("text_user_id_as_number", Person("US.1234", "Sam Cole")),
        ("text_number_only", Person("38640111222", "Lea Marn", "+38640111222")),
        ("text_nobody", None),
    ],
)
def test_who_wrote(name: str, author: Person | None) -> None:
    (found,) = news(name)
    assert isinstance(found, MessageReceived)
    assert found.author == author


ARRIVED = Echo(owner=NUMBER, external_id=W + "B7", at=LATER, visibility="private", key=KEY, person=LEA)
TOO_LATE: dict[str, Any] = {
    "reason": "outside_window",
    "code": "131047",
    "detail": "More than 24 hours have passed.",
}
SEEN = Receipt(owner=NUMBER, state="seen", at=LATER, external_ids=(W + "B7",))
DELIVERED = replace(SEEN, state="delivered")
OURS = Echo(owner=NUMBER, external_id=W + "E1", at=AT, visibility="private", person=replace(LEA, name=""))
LIKED = ReactionChanged(
    owner=NUMBER, target=W + "B7", at=AT, author=LEA, reaction="👍", on=True, opens_window=True
)


def moved(previous: str) -> IdentityChanged:
    person = Person("SI.2", handle="+38640333444", also="38640333444")
    return IdentityChanged(owner=NUMBER, previous=previous, person=person, at=AT)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("reaction", [LIKED]),
        ("reaction_taken_back", [replace(LIKED, reaction="", on=False)]),
        ("edit", [MessageEdited(owner=NUMBER, external_id=W + "A0", at=AT, text="Kje je paket 88141?")]),
        ("edit_caption", [MessageEdited(owner=NUMBER, external_id=W + "A0", at=AT, text="desni škorenj")]),
        ("revoke", [MessageRemoved(owner=NUMBER, external_id=W + "A0", at=AT)]),
        ("request_welcome", [IdentitySeen(owner=NUMBER, person=LEA)]),
        ("sent", [ARRIVED]),
        ("sent_by_others", []),
        ("sent_part", []),
        ("delivered", [ARRIVED, DELIVERED]),
        ("read", [SEEN]),
        ("read_hidden_number", [SEEN]),
        ("played", [SEEN]),
        ("failed", [replace(SEEN, state="failed", key=KEY, **TOO_LATE)]),
        ("failed_without_words", [replace(SEEN, state="failed")]),
        ("deleted", [MessageRemoved(owner=NUMBER, external_id=W + "B7", at=LATER)]),
        ("new_status", [NotUnderstood(owner=NUMBER, what="status pondered")]),
        ("echo_text", [replace(OURS, text="Na poti je.", parent=W + "A1")]),
        (
            "echo_image",
            [replace(OURS, text="tukaj", attachments=media("image", "1009", mime="image/png"))],
        ),
        ("echo_edit", [MessageEdited(owner=NUMBER, external_id=W + "E0", at=AT, text="Jutri.")]),
        ("echo_revoke", [MessageRemoved(owner=NUMBER, external_id=W + "E0", at=AT)]),
        (
            "echo_reaction",
            [replace(LIKED, target=W + "A1", author=Person(NUMBER), reaction="❤️", opens_window=False)],
        ),
        ("user_id_update", [moved("SI.1")]),
        ("user_id_update_half", [NotUnderstood(owner=NUMBER, what="user_id_update without two ids")]),
        ("system_number", [moved("SI.13491208655302741918"), moved("38640111222")]),
        (
            "system_nowhere",
            [NotUnderstood(owner=NUMBER, what="system user_changed_number SI.1 : Lea Marn left")],
        ),
        ("group", [NotUnderstood(owner=NUMBER, what="message in the group G1")]),
        (
            "user_preferences",
            [
                IdentitySeen(
                    owner=NUMBER, person=NUMBER_ONLY, at=datetime(2024, 11, 15, 21, 22, 1, tzinfo=UTC)
                )
            ],
        ),
        ("template_status", [AccountStale(owner=BUSINESS)]),
        ("standby", [replace(WRITTEN, text="Hi!", kind="standby", elsewhere=True)]),
        ("errors", [NotUnderstood(owner=NUMBER, what="errors 130429 Rate limit hit")]),
        (
            "errors_locked",
            [
                AccountChanged(
                    owner=NUMBER, problem="account_blocked", detail="131031 Locked for a breach of policy."
                )
            ],
        ),
        ("test_event", [NotUnderstood(what="test event of Meta's dashboard")]),
        ("other_object", [NotUnderstood(what="object 'page'")]),
    ],
)
def test_everything_else(name: str, expected: list[Inbound]) -> None:
    assert news(name) == expected


def test_every_file_is_read() -> None:
    for path in PAYLOADS.glob("*.json"):
        found = network.read(path.read_bytes(), ACCOUNT)
        assert any(isinstance(each, Broken) for each in found) == (path.stem == "poisoned"), path.name


def test_all_of_a_batch_in_its_order_and_to_its_number() -> None:
    found = [(type(each), each.owner) for each in news("batch")]
    assert found == [
        (MessageReceived, NUMBER),
        (MessageReceived, NUMBER),
        (Receipt, NUMBER),
        (Receipt, NUMBER),
        (MessageReceived, "106540352242999"),
    ]
    authors = [each.author for each in news("batch") if isinstance(each, MessageReceived)]
    assert authors == [LEA, Person("EG.77", "Omar Badr", "+20100111222", also="20100111222"), LEA]


def test_a_poison_message_stays_alone() -> None:
    found = news("poisoned")
    assert [each.text for each in found if isinstance(each, MessageReceived)] == ["prej", "potem"]
    assert [each.what for each in found if isinstance(each, Broken)] == ["message", "entry"]


def test_the_same_message_twice_in_one_body_is_the_same_news_twice() -> None:
    first, second = news("same_twice")
    assert first == second


def test_how_meta_writes_it_makes_no_difference() -> None:
    assert network.read(as_meta_writes(payload("text")), ACCOUNT) == news("text")


def test_half_a_surrogate_does_not_hurt() -> None:
    body = payload("text").replace("😀".encode(), b"\\ud83d")
    (found,) = network.read(body, ACCOUNT)
    assert isinstance(found, MessageReceived)


def test_a_field_nobody_knows() -> None:
    assert network.read(UNKNOWN, ACCOUNT) == [NotUnderstood(what="changes moon")]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b"[" * 9999, b'{"object":"whatsapp_business_account"}'],
)
def test_what_is_no_delivery_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        network.read(body, ACCOUNT)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["messages", "statuses", "errors", "contacts", "metadata", "message_echoes"])
PARTS = st.sampled_from(
    ["id", "type", "timestamp", "from", "text", "image", "order", "edit", "reaction", "contacts", "status"]
)
ITEM = st.dictionaries(
    PARTS, JSON | st.sampled_from(["text", "image", "1749416383", "delivered"]), max_size=9
)
FIELDS = st.sampled_from(["messages", "smb_message_echoes", "user_id_update", "x"])
CHANGE = st.fixed_dictionaries(
    {"field": FIELDS, "value": st.dictionaries(NAMES, st.lists(ITEM | JSON, max_size=3) | JSON, max_size=4)}
)


@given(st.lists(CHANGE | JSON, max_size=3))
def test_nothing_but_malformed_is_ever_raised(changes: list[Any]) -> None:
    envelope = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}
    found = network.read(json.dumps(envelope).encode(), ACCOUNT)
    assert all(isinstance(each, Inbound) for each in found)


@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    with suppress(Malformed):
        assert all(isinstance(each, Inbound) for each in network.read(body, ACCOUNT))


@pytest.mark.parametrize(("name", "field"), [("button", "text"), ("button_reply", "title")])
def test_a_button_without_its_words(name: str, field: str) -> None:
    """What its program calls it is not what the customer saw."""
    told = json.loads((PAYLOADS / f"{name}.json").read_text())
    message = told["entry"][0]["changes"][0]["value"]["messages"][0]
    del (message["button"] if name == "button" else message["interactive"]["button_reply"])[field]
    (pressed,) = network.read(json.dumps(told).encode(), ACCOUNT)
    assert isinstance(pressed, MessageReceived)
    assert (pressed.kind, pressed.text) == ("postback", "")
    assert pressed.refs["payload"]

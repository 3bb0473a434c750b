"""A payload file in, records out: one file for every kind of event."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.channels.base import (
    Attachment,
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
    Receipt,
)
from heed.channels.instagram.adapter import network
from heed.channels.instagram.tests.sample import ACCOUNT, BY_FACEBOOK, IG, PAYLOADS, UNKNOWN, payload
from heed.channels.meta.tests.anything import damaged, is_read_or_malformed, samples

AT = datetime(2025, 3, 22, 18, 20, 4, tzinfo=UTC)
AT_MS = AT.replace(microsecond=123000)
LEA = Person("1001", handle="lea.marn")
IGSID = Person("1001")
STORY_URL = "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1&signature=a"
CDN = "https://scontent.cdninstagram.com/v/boot.jpg"
POST = Attachment("file", STORY_URL, "Autumn")
STORY = Attachment("story", STORY_URL, "story")


def comment(**changes: Any) -> MessageReceived:
    plain = MessageReceived(
        owner=IG,
        external_id="1789",
        at=AT,
        visibility="public",
        kind="comment",
        author=LEA,
        text="Where is my parcel?",
        post="1790",
    )
    return replace(plain, **changes)


def own_comment(**changes: Any) -> Echo:
    return replace(
        Echo(owner=IG, external_id="1796", at=AT, visibility="public", kind="comment", post="1790"), **changes
    )


def mention(written: str, what: str) -> MessageReceived:
    refs = {"look_up": True, "mentioned": what, "media": "1801"}
    return comment(external_id=written, kind="mention", author=None, text="", post="1801", refs=refs)


def private(**changes: Any) -> MessageReceived:
    plain = MessageReceived(
        owner=IG, external_id="aWdfX1", at=AT_MS, visibility="private", kind="message", author=IGSID
    )
    return replace(plain, **changes)


def sent_with(*attachments: Attachment, **changes: Any) -> MessageReceived:
    return private(attachments=attachments, **changes)


def echo(**changes: Any) -> Echo:
    return replace(
        Echo(owner=IG, external_id="aWdfOut", at=AT_MS, visibility="private", person=IGSID), **changes
    )


def reaction(emoji: str, **changes: Any) -> ReactionChanged:
    plain = ReactionChanged(owner=IG, target="aWdfOut", at=AT_MS, author=IGSID, reaction=emoji, on=True)
    return replace(plain, **changes)


def postback(external_id: str) -> MessageReceived:
    return private(external_id=external_id, kind="postback", text="Sizes?", refs={"payload": "SIZES"})


def strange(what: str, owner: str = IG) -> NotUnderstood:
    return NotUnderstood(owner=owner, what=what)


SEEN = Receipt(owner=IG, state="seen", at=AT_MS, external_ids=("aWdfOut",), person="1001")

EXPECTED: dict[str, list[Inbound]] = {
    "comment": [comment()],
    "comment_id_key": [comment()],
    "comment_both_keys": [comment()],
    "comment_flat": [comment()],
    "in_an_array": [comment()],
    "comment_reply": [
        comment(external_id="1795", kind="reply", text="Still nothing", parent="1789", refs={"top": "1789"})
    ],
    "comment_own": [own_comment(kind="reply", text="It leaves today.", parent="1789", refs={"top": "1789"})],
    "comment_own_other_id": [own_comment(text="Hello all")],
    "comment_nobody": [comment(author=None, refs={"look_up": True})],
    "comment_wordless": [comment(text="", refs={"look_up": True})],
    "comment_under_an_ad": [comment()],
    "comment_with_nulls": [comment(author=IGSID)],
    "comment_without_a_post": [comment(post="")],
    "live_comment": [comment(refs={"live": True})],
    "mention_in_comment": [mention("1802", "comment")],
    "mention_in_caption": [mention("1801", "media")],
    "mention_empty": [strange("mention without an id")],
    "story_insights": [strange("changes story_insights")],
    "message": [private(text="Hi")],
    "message_seconds": [private(text="Hi", at=AT)],
    "message_as_change": [private(text="Hi", at=AT)],
    "standby": [private(kind="standby", text="Hi", elsewhere=True)],
    "message_quoting": [private(text="and this", parent="aWdfP")],
    "story_reply": [sent_with(STORY, kind="story_reply", text="nice", refs={"story": "17900"})],
    "story_mention": [sent_with(STORY, kind="story_mention")],
    "story_mention_echo_flag": [sent_with(STORY, kind="story_mention")],
    "media": [
        sent_with(
            Attachment("image", CDN),
            Attachment("video", CDN),
            Attachment("audio", CDN),
            Attachment("file", CDN),
        )
    ],
    "share_and_post": [sent_with(POST)],
    "share_only": [sent_with(Attachment("link", "https://www.instagram.com/p/abc/", "post"))],
    "reels": [
        sent_with(Attachment("file", STORY_URL, "Laces"), Attachment("link", name="reel", text="reel"))
    ],
    "story_shared": [sent_with(STORY)],
    "heart": [sent_with(Attachment("sticker", text="❤️"))],
    "ephemeral": [sent_with(Attachment("link", name="ephemeral", text="ephemeral"))],
    "unsupported_type": [sent_with(Attachment("link", name="unsupported_type", text="unsupported_type"))],
    "template": [sent_with(Attachment("link", name="template", text="Boot · $40"))],
    "unsupported": [sent_with(Attachment("link", name="unsupported", text="unsupported"))],
    "unsent": [MessageRemoved(owner=IG, external_id="aWdfX1", at=AT_MS)],
    "echo": [echo(text="It leaves today.")],
    "echo_under_another_id": [echo(text="It leaves today.")],
    "echo_of_picture": [echo(attachments=(Attachment("image", CDN),))],
    "echo_to_ourselves": [strange("messaging message without a customer")],
    "from_an_ad": [
        private(
            text="size 40?",
            refs={
                "quick_reply": "P",
                "referral": {"ref": "r", "ad_id": "1", "source": "ADS", "type": "OPEN_THREAD"},
            },
        )
    ],
    "reaction": [reaction("❤️")],
    "reaction_other": [reaction("👟")],
    "reaction_back": [reaction("", on=False)],
    "reaction_ours": [reaction("❤️", target="aWdfX1", author=Person(IG))],
    "read": [SEEN],
    "edit": [MessageEdited(owner=IG, external_id="aWdfX1", at=AT_MS, text="Hello")],
    "postback": [postback("aWdfP1")],
    "postback_without_mid": [postback("postback:1001:1742667604123:a2989525cfa4911d")],
    "referral": [IdentitySeen(owner=IG, person=IGSID)],
    "optin": [strange("messaging optin")],
    "dashboard_test": [strange("test event of Meta's dashboard", owner="")],
    "changed_fields": [strange("entry without items")],
    "other_object": [strange("object 'page'", owner="")],
    "batch": [
        comment(),
        comment(external_id="1797", text="😀 č"),
        private(owner="17841400000000002", text="Hi"),
        private(text="Hi"),
        SEEN,
    ],
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_payload(name: str) -> None:
    assert network.read(payload(name), ACCOUNT) == EXPECTED[name]


def test_every_payload_is_in_the_table() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.json")} == EXPECTED.keys() | {"poisoned"}


def test_a_broken_item_leaves_its_neighbours() -> None:
    news = network.read(payload("poisoned"), ACCOUNT)
    assert [type(each).__name__ for each in news] == [
        "MessageReceived",
        "Broken",
        "Broken",
        "Broken",
        "Broken",
        "MessageReceived",
    ]


def test_unknown_field() -> None:
    assert network.read(UNKNOWN, ACCOUNT) == [strange("changes moon_phase")]


def test_half_a_surrogate_is_read() -> None:
    body = payload("message").replace(b'"Hi"', rb'"Hi \ud83d"')
    (message,) = network.read(body, ACCOUNT)
    assert isinstance(message, MessageReceived)
    assert message.text.startswith("Hi ")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[7]", b"null", b'{"object":"instagram"}'])
def test_unreadable_bodies(body: bytes) -> None:
    with pytest.raises(Malformed):
        network.read(body, ACCOUNT)


# ------------------------------------------------------------------------- damaged payloads

SEEDS = samples(PAYLOADS)


@given(st.binary(max_size=200) | damaged(SEEDS))
def test_anything_is_read_or_malformed(body: bytes) -> None:
    is_read_or_malformed(network, body, ACCOUNT)


ITEMS = [
    (entry["id"], entry["time"], item)
    for seed in SEEDS
    if isinstance(seed, dict)
    for entry in seed["entry"]
    if isinstance(entry, dict)
    for item in entry.get("messaging", ())
]


@given(st.lists(st.sampled_from(ITEMS), min_size=1, max_size=10))
def test_a_batch_reads_as_its_items_do(items: list[tuple[str, int, Any]]) -> None:
    def body(of: list[tuple[str, int, Any]]) -> bytes:
        entries = [{"id": owner, "time": time, "messaging": [item]} for owner, time, item in of]
        return json.dumps({"object": "instagram", "entry": entries}).encode()

    apart = [news for item in items for news in network.read(body([item]), ACCOUNT)]
    assert network.read(body(items), ACCOUNT) == apart


@pytest.mark.parametrize(
    ("text", "perhaps"),
    [
        ("Look, @acme.", True),
        ("hi,@ACME!", True),
        ("@acme.shoes has it", False),
        ("@acme_fans", False),
        ("acme", False),
    ],
)
def test_a_comment_that_names_us_may_stand_under_somebody_else_s_post(text: str, perhaps: bool) -> None:
    """Only Instagram Login is told of mentions that way."""
    value = {"id": "1789", "from": {"id": "1001"}, "text": text, "media": {"id": "1790"}}
    entry = {"id": IG, "time": 1742667604, "changes": [{"field": "comments", "value": value}]}
    body = json.dumps({"object": "instagram", "entry": [entry]}).encode()
    doubt = {"look_up": True, "mentioned": "perhaps", "media": "1790"} if perhaps else {}
    for account, refs in [(ACCOUNT, doubt), (BY_FACEBOOK, {})]:
        (read,) = network.read(body, replace(account, handle="acme"))
        assert isinstance(read, MessageReceived)
        assert (read.kind, read.refs) == ("comment", refs)

"""A payload file in, records out: one file for every kind of event."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from heed.channels.base import (
    AccountChanged,
    Attachment,
    Broken,
    Echo,
    HiddenChanged,
    IdentitySeen,
    Inbound,
    Malformed,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
    PostSeen,
    PostStale,
    ReactionChanged,
    Receipt,
)
from heed.channels.facebook.adapter import network
from heed.channels.facebook.tests.sample import ACCOUNT, PAGE, PAYLOADS, UNKNOWN, payload

AT = datetime(2025, 3, 22, 18, 20, 4, tzinfo=UTC)
LATER = datetime(2025, 3, 22, 18, 21, 4, tzinfo=UTC)
SENT = datetime(2025, 3, 22, 18, 20, 7, tzinfo=UTC)
AT_MS = AT.replace(microsecond=123000)
MARK = datetime(2025, 3, 22, 18, 20, 3, 123000, tzinfo=UTC)
LEA = Person("555", "Lea Marn")
US = Person(PAGE, "Acme")
OMAR = Person("4444", "Omar Badr")
PSID = Person("222")


def comment(**changes: Any) -> MessageReceived:
    plain = MessageReceived(
        owner=PAGE,
        external_id="122_900",
        at=AT,
        visibility="public",
        kind="comment",
        author=LEA,
        post="448_122",
    )
    return replace(plain, **changes)


def visitor_post(**changes: Any) -> MessageReceived:
    return comment(external_id="448_123", post="448_123", kind="visitor_post", **changes)


def mention(**changes: Any) -> MessageReceived:
    return comment(kind="mention", **changes)


def review(**changes: Any) -> MessageReceived:
    return comment(**{"external_id": "77", "post": "77", "kind": "review", **changes})


def private(**changes: Any) -> MessageReceived:
    plain = MessageReceived(
        owner=PAGE, external_id="m_AbC", at=AT_MS, visibility="private", kind="message", author=PSID
    )
    return replace(plain, **changes)


def sent_with(*attachments: Attachment, **changes: Any) -> MessageReceived:
    return private(attachments=attachments, **changes)


def echo(**changes: Any) -> Echo:
    return replace(
        Echo(owner=PAGE, external_id="m_out", at=AT_MS, visibility="private", person=PSID), **changes
    )


def strange(what: str, owner: str = PAGE) -> NotUnderstood:
    return NotUnderstood(owner=owner, what=what)


CDN = "https://scontent.xx.fbcdn.net"
NOTHING = hashlib.sha256(b"").hexdigest()[:16]
STICKER = Attachment("sticker", f"{CDN}/like.png")

EXPECTED: dict[str, list[Inbound]] = {
    "comment_add": [comment(text="Where is my parcel?")],
    "comment_reply": [
        comment(
            external_id="122_901",
            kind="reply",
            text="Still nothing",
            parent="122_900",
            refs={"top": "122_900"},
        )
    ],
    "comment_photo": [comment(attachments=(Attachment("image", f"{CDN}/v/boot.jpg"),))],
    "comment_video": [comment(attachments=(Attachment("video", "https://video.xx.fbcdn.net/v/boot.mp4"),))],
    "comment_edited": [MessageEdited(owner=PAGE, external_id="122_900", at=LATER, text="Where is my order?")],
    "comment_edited_2017": [
        MessageEdited(owner=PAGE, external_id="122_900", at=LATER, text="Where is my order?")
    ],
    "comment_remove": [MessageRemoved(owner=PAGE, external_id="122_900", at=AT)],
    "comment_hide": [HiddenChanged(owner=PAGE, external_id="122_900", at=AT, hidden=True)],
    "comment_unhide": [HiddenChanged(owner=PAGE, external_id="122_900", at=AT, hidden=False)],
    "comment_own": [
        Echo(
            owner=PAGE,
            external_id="122_902",
            at=AT,
            visibility="public",
            kind="reply",
            text="It leaves today.",
            post="448_122",
            parent="122_900",
            refs={"top": "122_900"},
        )
    ],
    "comment_nobody": [comment(author=None, text="Hello?", refs={"look_up": True})],
    "comment_old_sender": [comment(text="Hi")],
    "comment_under_a_photo": [comment(text="Nice")],
    "comment_with_nulls": [comment(text="Hm", author=Person("555"))],
    "comment_without_time": [comment(text="When?", at=SENT)],
    "reaction_on_comment": [
        ReactionChanged(owner=PAGE, target="122_900", at=AT, author=LEA, reaction="love", on=True)
    ],
    "reaction_on_comment_remove": [
        ReactionChanged(owner=PAGE, target="122_900", at=AT, author=LEA, reaction="love", on=False)
    ],
    "reaction_on_post": [PostStale(owner=PAGE, external_id="448_122", at=SENT)],
    "like_on_post": [PostStale(owner=PAGE, external_id="448_122", at=SENT)],
    "page_like": [strange("feed like add")],
    "visitor_post": [visitor_post(text="My shoes came without laces")],
    "visitor_photo": [visitor_post(text="Torn", attachments=(Attachment("image", f"{CDN}/v/torn.jpg"),))],
    "visitor_photos": [
        visitor_post(
            text="Two",
            attachments=(Attachment("image", f"{CDN}/1.jpg"), Attachment("image", f"{CDN}/2.jpg")),
        )
    ],
    "visitor_video": [
        visitor_post(attachments=(Attachment("video", "https://video.xx.fbcdn.net/v/sole.mp4"),))
    ],
    "visitor_post_edited": [
        MessageEdited(owner=PAGE, external_id="448_123", at=AT, text="My boots came without laces")
    ],
    "visitor_post_remove": [
        MessageRemoved(owner=PAGE, external_id="448_123", at=AT),
        PostSeen(owner=PAGE, external_id="448_123", removed=True, as_of=SENT),
    ],
    "visitor_post_hide": [HiddenChanged(owner=PAGE, external_id="448_123", at=AT, hidden=True)],
    "own_post": [
        PostSeen(
            owner=PAGE,
            external_id="448_124",
            at=AT,
            as_of=SENT,
            author=US,
            text="New boots",
            permalink="https://www.facebook.com/acme/posts/124",
        ),
        PostStale(owner=PAGE, external_id="448_124", at=SENT),
    ],
    "own_photo": [
        PostSeen(
            owner=PAGE,
            external_id="448_124",
            at=AT,
            as_of=SENT,
            author=US,
            text="New boots",
            picture_url=f"{CDN}/v/boots.jpg",
        ),
        PostStale(owner=PAGE, external_id="448_124", at=SENT),
    ],
    "own_post_edited": [
        PostSeen(owner=PAGE, external_id="448_124", author=US, text="New winter boots", as_of=SENT)
    ],
    "own_post_remove": [PostSeen(owner=PAGE, external_id="448_124", removed=True, as_of=SENT)],
    "share": [PostStale(owner=PAGE, external_id="448_122", at=SENT)],
    "own_share": [
        PostSeen(owner=PAGE, external_id="448_125", at=AT, author=US, text="In the shop", as_of=SENT),
        PostStale(owner=PAGE, external_id="448_125", at=SENT),
    ],
    "feed_unknown_item": [strange("feed experience add")],
    "mention_post": [mention(external_id="4444_4444", post="4444_4444", author=OMAR, text="@Acme is slow")],
    "mention_comment_nobody": [
        mention(
            external_id="122_271",
            post="669_122",
            at=SENT,
            author=None,
            text="@Acme what now",
            refs={"look_up": True},
        )
    ],
    "mention_wordless": [
        mention(
            external_id="4444_4445",
            post="4444_4445",
            at=SENT,
            author=OMAR,
            refs={"look_up": True, "no_text": True},
        )
    ],
    "mention_remove": [MessageRemoved(owner=PAGE, external_id="122_271", at=AT)],
    "ratings": [review(text="★★★★★\nGood", refs={"rating": 5})],
    "rating_negative": [review(text="👎\nToo small", refs={"recommendation": "negative"})],
    "rating_wordless": [
        review(
            external_id=f"review:555:{int(AT.timestamp() * 1000)}:{NOTHING}",
            post=f"review:555:{int(AT.timestamp() * 1000)}:{NOTHING}",
            text="★★☆☆☆",
            refs={"rating": 2},
        )
    ],
    "rating_edited": [MessageEdited(owner=PAGE, external_id="77", at=AT, text="👍\nIt fits now")],
    "rating_remove": [MessageRemoved(owner=PAGE, external_id="77", at=AT)],
    "rating_comment": [comment(external_id="77_9", post="77", text="And you?")],
    "rating_reaction": [strange("ratings reaction add")],
    "comment_on_ad": [comment(text="How much?")],
    "comment_sticker": [comment(attachments=(Attachment("image", "media:122_900"),))],
    "comment_photo_id": [comment(text="This one", attachments=(Attachment("image", "media:122_900"),))],
    "comment_video_id": [comment(attachments=(Attachment("video", "media:122_900"),))],
    "unknown_field": [strange("changes leadgen")],
    "flat_field": [comment(text="Flat")],
    "changed_fields": [strange("entry without items")],
    "test_event": [strange("test event of Meta's dashboard", owner="")],
    "other_object": [strange("object 'instagram'", owner="")],
    "in_an_array": [comment(text="In an array")],
    "message_text": [private(text="hello")],
    "message_seconds": [private(text="hello", at=AT)],
    "message_quick_reply": [private(text="Red", refs={"quick_reply": "PICK_RED"})],
    "message_reply_to": [private(text="and this", parent="m_prev")],
    "message_image": [sent_with(Attachment("image", f"{CDN}/v/a.jpg"))],
    "message_media": [
        sent_with(
            Attachment("video", "https://cdn.fbsbx.com/video"),
            Attachment("audio", "https://cdn.fbsbx.com/audio"),
            Attachment("file", "https://cdn.fbsbx.com/file"),
        )
    ],
    "message_sticker": [sent_with(STICKER)],
    "message_sticker_twice": [sent_with(STICKER)],
    "message_reel": [sent_with(Attachment("link", "https://www.facebook.com/reel/1", "Unboxing"))],
    "message_post": [sent_with(Attachment("link", "https://www.facebook.com/p/1", "A post"))],
    "message_fallback": [
        sent_with(Attachment("link", "https://l.facebook.com/x", "Link title"), text="see http://x")
    ],
    "message_fallback_odd": [
        sent_with(Attachment("link", name="fallback", text="/reel/123/"), Attachment("link", name="fallback"))
    ],
    "message_location": [sent_with(Attachment("location", text="46.05, 14.5"))],
    "message_template": [sent_with(Attachment("link", text="Boot · $40"))],
    "message_appointment": [sent_with(Attachment("link", name="appointment_booking", text="requested"))],
    "message_from_ad": [
        private(
            text="hi",
            refs={"referral": {"ref": "r1", "source": "ADS", "type": "OPEN_THREAD", "ad_id": "6045"}},
        )
    ],
    "message_deleted": [MessageRemoved(owner=PAGE, external_id="m_AbC", at=AT_MS)],
    "message_edit": [MessageEdited(owner=PAGE, external_id="m_AbC", at=AT_MS, text="hello there")],
    "postback": [
        private(external_id="m_pb", kind="postback", text="Get started", refs={"payload": "GET_STARTED"})
    ],
    "postback_without_mid": [
        private(
            external_id="postback:222:1742667604123:a09381a2b97fe9b6",
            kind="postback",
            text="Get started",
            refs={
                "payload": "GET_STARTED",
                "referral": {"ref": "r", "source": "SHORTLINK", "type": "OPEN_THREAD"},
            },
        )
    ],
    "reaction": [ReactionChanged(owner=PAGE, target="m_1", at=AT_MS, author=PSID, reaction="❤️", on=True)],
    "reaction_taken_back": [
        ReactionChanged(owner=PAGE, target="m_1", at=AT_MS, author=PSID, reaction="", on=False)
    ],
    "delivery": [
        Receipt(owner=PAGE, state="delivered", at=AT_MS, external_ids=("m_1",), person="222", watermark=MARK)
    ],
    "delivery_without_mids": [Receipt(owner=PAGE, state="delivered", at=AT_MS, person="222", watermark=MARK)],
    "read": [Receipt(owner=PAGE, state="seen", at=AT_MS, person="222", watermark=MARK)],
    "referral": [IdentitySeen(owner=PAGE, person=PSID)],
    "referral_seconds": [IdentitySeen(owner=PAGE, person=PSID)],
    "echo_of_heed": [
        echo(
            key="5f2c7a9e-0d0b-4f5c-9a55-5f3d6a7f1c11",
            text="It leaves today.",
            refs={"app_id": "1517776481860111"},
        )
    ],
    "echo_from_business_suite": [echo(attachments=(Attachment("image", f"{CDN}/v/a.jpg"),))],
    "echo_of_template": [
        echo(
            attachments=(Attachment("link", "https://www.facebook.com/x", text="Boot\nSandal"),),
            automatic=True,
            refs={"app_id": "9"},
        )
    ],
    "standby": [private(kind="standby", text="hello", elsewhere=True)],
    "standby_postback": [private(external_id="m_pb", kind="standby", text="Get started", elsewhere=True)],
    "echo_in_standby": [echo(text="Hi", refs={"app_id": "9"}, automatic=True)],
    "echo_of_machine": [echo(text="We are closed.", refs={"app_id": "9"}, automatic=True)],
    "echo_from_inbox": [echo(text="Hi", refs={"app_id": "263902037430900"})],
    "optin": [strange("messaging optin")],
    "optin_user_ref": [strange("messaging optin without a person")],
    "thread_control": [IdentitySeen(owner=PAGE, person=PSID)],
    "thread_taken": [IdentitySeen(owner=PAGE, person=PSID)],
    "thread_requested": [IdentitySeen(owner=PAGE, person=PSID)],
    "app_roles": [],
    "policy_block": [AccountChanged(owner=PAGE, problem="account_blocked", detail="Spam", at=AT_MS)],
    "policy_unblock": [AccountChanged(owner=PAGE, at=AT_MS)],
    "batch": [
        comment(text="One"),
        comment(text="Two", external_id="122_903"),
        private(owner="449", external_id="m_1", text="three"),
        Receipt(owner="449", state="seen", at=AT_MS, person="223", watermark=AT_MS),
    ],
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_payload(name: str) -> None:
    assert [without_comment_link(each) for each in network.read(payload(name), ACCOUNT)] == EXPECTED[name]


def without_comment_link(news: Inbound) -> Inbound:
    """Facebook names the address of the post; that of the comment is made from it."""
    if isinstance(news, MessageReceived | Echo) and "comment_id=" in news.permalink:
        return replace(news, permalink="")
    return news


@pytest.mark.parametrize(
    ("name", "number"), [("comment_add", "900"), ("comment_reply", "901"), ("comment_own", "902")]
)
def test_a_comment_has_the_address_of_its_post_opened_at_it(name: str, number: str) -> None:
    (read,) = network.read(payload(name), ACCOUNT)
    assert isinstance(read, MessageReceived | Echo)
    assert read.permalink == f"https://www.facebook.com/acme/posts/122?comment_id={number}"


def test_without_knowing_our_app_nothing_is_taken_for_a_machine_s() -> None:
    (news,) = network.read(payload("echo_of_machine"), replace(ACCOUNT, facts={}))
    assert isinstance(news, Echo)
    assert not news.automatic


def test_every_payload_is_expected() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.json")} == {*EXPECTED, "poisoned"}


def test_poison_stays_alone() -> None:
    before, first, second, after = network.read(payload("poisoned"), ACCOUNT)
    assert before == private(external_id="m_1", text="before")
    assert isinstance(first, Broken)
    assert "mid" in first.error
    assert isinstance(second, Broken)
    assert after == private(external_id="m_2", text="after")


def test_item_without_any_time_is_set_aside() -> None:
    body = b'{"object":"page","entry":[{"id":"448","messaging":[{"sender":{"id":"2"},"read":{}}]}]}'
    (only,) = network.read(body, ACCOUNT)
    assert isinstance(only, Broken)
    assert "no time" in only.error


def test_unknown_kind() -> None:
    assert network.read(UNKNOWN, ACCOUNT) == [strange("changes moon_phase")]


def test_half_an_emoji_is_read() -> None:
    body = payload("message_text").replace(b'"hello"', b'"half \\ud83d"')
    (message,) = network.read(body, ACCOUNT)
    assert isinstance(message, MessageReceived)
    assert message.text == "half \ud83d"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"null", b"[]", b"7", b"[1]", b'{"object":"page"}', b"[" * 100_000]
)
def test_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        network.read(body, ACCOUNT)

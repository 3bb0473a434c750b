"""Deliveries in, records out: a payload file for every kind of event, in every spelling."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.channels.base import (
    QUOTED,
    AccountChanged,
    Attachment,
    Broken,
    Echo,
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
from heed.channels.x.messages import CHAT_LINK, CHAT_NAME
from heed.channels.x.reading import read
from heed.channels.x.tests.sample import ACCOUNT, ACME, LEA, OMAR, PAYLOADS, UNKNOWN, bodies, parsed, payload

AT = datetime(2026, 8, 12, 18, 0, tzinfo=UTC)
LATER = datetime(2026, 7, 24, 21, 25, tzinfo=UTC)
SENT = datetime(2026, 7, 24, 21, 23, 44, 372000, tzinfo=UTC)
ROOT = "2080700000000000001"
QUESTION = "2080765813578191303"
MESSAGE = "2080765901528535096"
SHE = Person(LEA, "Lea Marn", "lea_marn", "https://pbs.twimg.com/profile_images/lea_marn.jpg")
HE = Person(OMAR, "Omar Badr", "omar_badr", "https://pbs.twimg.com/profile_images/omar_badr.jpg")
WE = Person(ACME, "Acme", "acme", "https://pbs.twimg.com/profile_images/acme.jpg")
PLAIN_SHE, PLAIN_HE = Person(LEA, "Lea Marn", "lea_marn"), Person(OMAR, "Omar Badr", "omar_badr")


def post(external_id: str, author: Person, text: str, **more: Any) -> PostSeen:
    facts: dict[str, Any] = {
        "owner": ACME,
        "likes": 2,
        "comments": 1,
        "shares": 0,
        "permalink": f"https://x.com/{author.handle or 'i/web'}/status/{external_id}",
        **more,
    }
    return PostSeen(external_id=external_id, at=AT, author=author, text=text, **facts)


def said(external_id: str, author: Person, text: str, kind: str = "mention", **more: Any) -> MessageReceived:
    facts: dict[str, Any] = {
        "owner": ACME,
        "post": external_id,
        "permalink": f"https://x.com/{author.handle or 'i/web'}/status/{external_id}",
        "refs": {"author": author.external_id, "summoned": True},
        **more,
    }
    return MessageReceived(
        external_id=external_id, at=AT, visibility="public", kind=kind, author=author, text=text, **facts
    )


def told(external_id: str, author: Person, text: str, **more: Any) -> MessageReceived:
    facts: dict[str, Any] = {"owner": ACME, "at": SENT, **more}
    return MessageReceived(
        external_id=external_id, visibility="private", kind="message", author=author, text=text, **facts
    )


def quoting(id: str) -> Attachment:
    return Attachment("link", url=f"https://x.com/i/web/status/{id}")


OURS = post(ROOT, Person(ACME), "Zimska kolekcija je tu.")
MENTIONED = "@acme kje je moj paket & račun? https://acme.example/orders/88140"
EDITED_LINK = "https://x.com/lea_marn/status/2080765813578191500"
THANKS = "2080765813578191800"
LONG = "2080765813578191801"
PICTURE = "2080765813578191403"
BOOT = Attachment("image", url="https://pbs.twimg.com/media/boot.jpg", name="A boot")
ZIP = Attachment("video", url="https://video.twimg.com/large.mp4", mime="video/mp4")

EXPECTED: dict[str, list[Inbound]] = {
    "mention": [post(QUESTION, SHE, MENTIONED), said(QUESTION, SHE, MENTIONED)],
    "reply": [
        OURS,
        said(
            "2080765813578191400",
            SHE,
            "Levi škorenj je prišel s pokvarjeno zadrgo.",
            "comment",
            post=ROOT,
            parent=ROOT,
        ),
    ],
    "reply_renamed": [
        said(
            "2080765813578191401",
            Person(OMAR),
            "هل يتوفر اللون البني في فرع القاهرة؟",
            "reply",
            post="2080700000000000002",
            parent="2080700000000000009",
        )
    ],
    "quote": [
        post("2080765813578191402", SHE, "Končno!"),
        OURS,
        said(
            "2080765813578191402",
            SHE,
            "Končno!",
            "quote",
            attachments=(quoting(ROOT),),
            refs={
                "author": LEA,
                "summoned": True,
                QUOTED: {"id": ROOT, "url": f"https://x.com/i/web/status/{ROOT}"},
            },
        ),
    ],
    "edited": [
        post(QUESTION, SHE, "@acme kje je paket 88141?", permalink=EDITED_LINK),
        said(QUESTION, SHE, "@acme kje je paket 88141?", permalink=EDITED_LINK),
        MessageEdited(owner=ACME, external_id=QUESTION, at=AT, text="@acme kje je paket 88141?"),
    ],
    "picture": [
        post(PICTURE, SHE, "@acme glejte", picture_url="https://pbs.twimg.com/media/boot.jpg"),
        said(PICTURE, SHE, "@acme glejte", attachments=(BOOT, ZIP)),
    ],
    "own_reply": [
        Echo(
            owner=ACME,
            external_id="2080765813578191600",
            at=AT,
            visibility="public",
            kind="reply",
            text="Na poti je.",
            post=QUESTION,
            parent=QUESTION,
            permalink="https://x.com/acme/status/2080765813578191600",
        )
    ],
    "own_post": [post(ROOT, WE, "Zimska kolekcija je tu.")],
    "own_repost": [
        ReactionChanged(owner=ACME, target=QUESTION, at=AT, author=WE, reaction="repost", on=True)
    ],
    "deleted": [
        MessageRemoved(owner=ACME, external_id=ROOT, at=None),
        PostStale(owner=ACME, external_id=ROOT),
    ],
    "like": [ReactionChanged(owner=ACME, target=ROOT, at=AT, author=SHE, reaction="like", on=True)],
    "like_bare": [PostStale(owner=ACME, external_id=ROOT)],
    "message": [told(MESSAGE, SHE, "Koliko časa imam za vračilo?")],
    "message_picture": [
        told(
            "2080765901528535097",
            Person(LEA),
            "Takole",
            attachments=(Attachment("image", url="media:2080765901528535097/77/boot.jpg"),),
        )
    ],
    "message_sent": [
        Echo(
            owner=ACME,
            external_id="2080765901528535098",
            at=SENT,
            visibility="private",
            person=SHE,
            text="Trideset dni.",
        )
    ],
    "message_read": [Receipt(owner=ACME, state="seen", at=LATER, person=LEA, watermark=LATER)],
    "encrypted": [
        told(
            "chat:77aa",
            SHE,
            "",
            attachments=(Attachment("link", url=CHAT_LINK, name=CHAT_NAME),),
            opens_window=False,
        )
    ],
    "revoked": [
        AccountChanged(owner=ACME, problem="sign_in_again", detail="access was taken back on X"),
    ],
    "older_posts": [
        post(THANKS, PLAIN_SHE, "@acme hvala!", likes=0, comments=None, shares=None),
        said(THANKS, PLAIN_SHE, "@acme hvala!"),
        said(
            LONG,
            PLAIN_HE,
            "Long story short <3 https://acme.example/boots",
            "comment",
            post=ROOT,
            parent=ROOT,
            attachments=(Attachment("image", url="https://pbs.twimg.com/media/a.jpg"),),
        ),
    ],
    "older_messages": [told("2080765901528535099", PLAIN_HE, "متى تفتحون؟")],
    "older_deleted": [
        MessageRemoved(owner=ACME, external_id=THANKS, at=AT),
        PostStale(owner=ACME, external_id=THANKS),
    ],
    "older_like": [
        ReactionChanged(owner=ACME, target=ROOT, at=AT, author=PLAIN_SHE, reaction="like", on=True)
    ],
    "older_read": [Receipt(owner=ACME, state="seen", at=LATER, person=LEA, watermark=LATER)],
    "older_revoked": [
        AccountChanged(owner=ACME, problem="sign_in_again", detail="access was taken back on X"),
    ],
    "polled_mentions": [
        post("2080765813578191900", HE, "@acme prvi", owner=""),
        said("2080765813578191900", HE, "@acme prvi", owner=""),
        post("2080765813578191901", SHE, "@acme drugi", owner=""),
        said("2080765813578191901", SHE, "@acme drugi", owner=""),
    ],
    "polled_search": [
        post("2080765813578191902", SHE, "Kdo pozna dobre acme čevlje?", owner=""),
        said(
            "2080765813578191902",
            SHE,
            "Kdo pozna dobre acme čevlje?",
            owner="",
            refs={"author": LEA, "summoned": False},
        ),
    ],
    "polled_messages": [
        told(
            "2080765901528535200",
            SHE,
            "Koliko časa imam?",
            owner="",
            at=AT,
            attachments=(Attachment("image", url="media:2080765901528535200/77/boot.jpg"),),
        ),
        Echo(
            external_id="2080765901528535201",
            at=datetime(2026, 8, 12, 18, 1, tzinfo=UTC),
            visibility="private",
            person=SHE,
            text="Trideset dni.",
        ),
    ],
}


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.glob("*.json")))
def test_a_payload_as_records(name: str) -> None:
    assert read(payload(name), ACCOUNT) == EXPECTED[name]


def changed(name: str, **fields: Any) -> bytes:
    """A delivery with fields of its post changed; None takes one away."""
    told = parsed(name)
    told["data"]["payload"].update(fields)
    return json.dumps(told).encode()


def only(news: Iterable[Inbound], kind: type[Any]) -> Any:
    (found,) = [each for each in news if isinstance(each, kind)]
    return found


def test_the_same_post_under_two_kinds_of_events_is_one_message() -> None:
    told = parsed("reply")
    told["data"]["event_type"] = "post.mention.create"
    assert read(json.dumps(told).encode(), ACCOUNT) == EXPECTED["reply"]


def test_null_is_the_same_as_nothing() -> None:
    body = changed("mention", in_reply_to_user_id=None, attachments=None, public_metrics=None)
    assert only(read(body, ACCOUNT), MessageReceived) == EXPECTED["mention"][1]


def test_names_typed_by_the_customer_stay() -> None:
    body = changed("reply", text="Ja @acme hej", display_text_range=[3, 12])
    assert only(read(body, ACCOUNT), MessageReceived).text == "Ja @acme hej"


def test_a_quoted_post_that_did_not_come_along_is_looked_up() -> None:
    told = parsed("quote")
    del told["data"]["includes"]["tweets"]
    news = read(json.dumps(told).encode(), ACCOUNT)
    link = f"https://x.com/i/web/status/{ROOT}"
    assert [each for each in news if getattr(each, "external_id", "") == ROOT] == [
        PostSeen(owner=ACME, external_id=ROOT, permalink=link),
        PostStale(owner=ACME, external_id=ROOT),
    ]


def test_the_address_of_a_quote_stays_where_it_is_part_of_a_sentence() -> None:
    message = only(read(changed("quote", text="Glej https://t.co/q1 in povej"), ACCOUNT), MessageReceived)
    assert message.text == f"Glej https://x.com/acme/status/{ROOT} in povej"


def test_a_quote_that_names_us_is_a_mention() -> None:
    entities = {"mentions": [{"id": ACME, "username": "acme"}]}
    assert only(read(changed("quote", entities=entities), ACCOUNT), MessageReceived).kind == "mention"


def test_a_reply_deep_under_our_own_post_is_a_comment() -> None:
    told = parsed("reply")
    refers = [{"type": "replied_to", "id": "2080700000000000055"}]
    told["data"]["payload"].update(in_reply_to_tweet_id="2080700000000000055", referenced_tweets=refers)
    assert only(read(json.dumps(told).encode(), ACCOUNT), MessageReceived).kind == "comment"


def test_a_customer_s_repost_is_a_reaction() -> None:
    body = changed("own_repost", author_id=LEA)
    repost = only(read(body, ACCOUNT), ReactionChanged)
    assert (repost.target, repost.author, repost.reaction) == (QUESTION, Person(LEA), "repost")


def test_a_handle_is_enough_to_be_named_by() -> None:
    entities = {"mentions": [{"username": "Acme"}]}
    message = only(read(changed("mention", entities=entities), ACCOUNT), MessageReceived)
    assert message.refs["summoned"] is True


def test_another_account_of_the_app() -> None:
    told = parsed("message")
    told["data"]["filter"]["user_id"] = OMAR
    created = told["data"]["payload"]["direct_message_events"][0]["message_create"]
    created["target"]["recipient_id"] = OMAR
    assert only(read(json.dumps(told).encode(), ACCOUNT), MessageReceived).owner == OMAR


def test_what_we_read_ourselves_is_no_receipt() -> None:
    told = parsed("message_read")
    told["data"]["payload"]["direct_message_mark_read_events"][0]["sender_id"] = ACME
    assert read(json.dumps(told).encode(), ACCOUNT) == []


def test_messages_in_groups_are_not_understood() -> None:
    told = parsed("polled_messages")
    told["data"][0]["dm_conversation_id"] = told["data"][0]["dm_conversation_id"].replace("-", "")[:20]
    news = read(json.dumps(told).encode(), ACCOUNT)
    assert only(news, NotUnderstood).what == "message in a group"
    assert only(news, MessageReceived)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (UNKNOWN, "moon.landing"),
        (b'{"for_user_id":"7","moon_events":[{}]}', "moon_events"),
        (b'{"data":7,"hello":1}', "delivery with data, hello"),
    ],
)
def test_what_nobody_knows_is_said(body: bytes, what: str) -> None:
    assert only(read(body, ACCOUNT), NotUnderstood).what == what


def test_the_end_of_a_replay_is_no_news() -> None:
    assert read(b'{"replay_job_status":{"job_state":"Complete","job_id":"1"}}', ACCOUNT) == []


def test_a_broken_event_says_what_it_was() -> None:
    assert only(read(changed("mention", author_id="x"), ACCOUNT), Broken).what == "post.mention.create"


def test_whatever_comes_only_malformed_is_raised() -> None:
    values: st.SearchStrategy[Any] = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    )
    kinds = st.sampled_from(
        ["post.create", "post.delete", "like.create", "dm.received", "dm.read", "chat.received"]
    )
    events = st.builds(
        lambda kind, payload, beside, narrowed: {
            "data": {"event_type": kind, "payload": payload, "includes": beside, "filter": narrowed}
        },
        kinds, values, values, values,
    )  # fmt: skip
    older = st.builds(
        lambda key, items: {"for_user_id": "7", key: items, "users": items},
        st.sampled_from(["tweet_create_events", "direct_message_events", "favorite_events", "user_event"]),
        values,
    )
    polled = st.builds(
        lambda what, items, beside: {"polled": what, "data": items, "includes": beside},
        st.sampled_from(["mentions", "dms"]) | values, values, values,
    )  # fmt: skip
    damaged = st.sampled_from(bodies()).flatmap(
        lambda body: st.integers(0, len(body) - 1).map(lambda at: body[:at] + b'"' + body[at + 1 :])
    )

    @given(st.one_of(events, older, polled).map(orjson_bytes) | damaged | st.binary(max_size=40))
    def attempt(body: bytes) -> None:
        with suppress(Malformed):
            read(body, ACCOUNT)

    attempt()


def orjson_bytes(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # a number beyond 64 bits
        return json.dumps(value).encode()

"""From polled pages to news."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from heed.channels.base import (
    QUOTED,
    AccountChanged,
    Attachment,
    Broken,
    Echo,
    Malformed,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
    PostSeen,
    PostStale,
    ReactionChanged,
)
from heed.channels.bluesky.reading import post_seen, read
from heed.channels.bluesky.tests.sample import ACCOUNT, ACME, LEA, OMAR, PAYLOADS, page

ROOT = f"at://{ACME}/app.bsky.feed.post/3n2triglav222"
MENTION = f"at://{LEA}/app.bsky.feed.post/3n2mention2222"
REPLY = f"at://{OMAR}/app.bsky.feed.post/3n2reply222222"
LEA_MARN = Person(
    LEA,
    "Lea Marn",
    "lea-marn.bsky.example",
    "https://cdn.bsky.app/img/avatar/plain/did:plc:lea/bafkreilea@jpeg",
)
OMAR_BADR = Person(OMAR, "Omar Badr", "omar-badr.bsky.example")


def news(name: str) -> list[Any]:
    return read((PAYLOADS / f"{name}.json").read_bytes(), ACCOUNT)


def test_a_mention_is_a_message_under_itself() -> None:
    post, message = news("notifications")[:2]
    refs = {
        "uri": MENTION,
        "cid": "bafyreimention",
        "root": {"uri": MENTION, "cid": "bafyreimention"},
    }
    text = "@acme.bsky.example škornji so prispeli raztrgani 😢 acme.example/vračila…"
    link = "https://bsky.app/profile/lea-marn.bsky.example/post/3n2mention2222"
    at = datetime(2026, 11, 21, 10, tzinfo=UTC)
    author = replace(LEA_MARN, language="sl")
    assert post == PostSeen(
        external_id=MENTION, at=at, author=author, text=text, permalink=link, removed=False, refs=refs
    )
    assert message == MessageReceived(
        external_id=MENTION,
        at=at,
        visibility="public",
        kind="mention",
        author=author,
        text=text,
        post=MENTION,
        attachments=(
            Attachment(
                "image",
                url=f"https://cdn.bsky.app/img/feed_fullsize/plain/{LEA}/bafkreiboot@jpeg",
                mime="image/jpeg",
                size=48213,
                text="raztrgan škorenj",
            ),
            Attachment("link", url="https://acme.example/vračila/kako", name="acme.example/vračila…"),
        ),
        permalink=link,
        refs=refs,
    )


def test_a_picture_of_a_network_on_one_machine_comes_from_its_server() -> None:
    local = replace(ACCOUNT, base_url="http://localhost:2583")
    message = read((PAYLOADS / "notifications.json").read_bytes(), local)[1]
    assert isinstance(message, MessageReceived)
    assert message.attachments[0].url == (
        "http://localhost:2583/xrpc/com.atproto.sync.getBlob?did=did%3Aplc%3Alea7marn7lea7marn7lea7ma&cid=bafkreiboot"
    )


def test_a_reply_hangs_under_the_root() -> None:
    message = news("notifications")[2]
    assert (message.kind, message.post, message.parent) == ("reply", ROOT, ROOT)
    assert message.author == OMAR_BADR
    assert message.refs["root"] == {"uri": ROOT, "cid": "bafyreitriglav"}
    assert message.refs["cid"] == "bafyreireply"


def test_a_quote_is_a_post_of_its_own_that_shows_ours() -> None:
    post, quoted, stale, message = news("notifications")[3:7]
    link = f"https://bsky.app/profile/{ACME}/post/3n2triglav222"
    assert (quoted, stale) == (PostSeen(external_id=ROOT, permalink=link), PostStale(external_id=ROOT))
    assert message.refs[QUOTED] == {"id": ROOT, "url": link}
    assert isinstance(post, PostSeen)
    assert (message.kind, message.post) == ("quote", message.external_id)
    assert [each.url for each in message.attachments] == [
        "https://acme.example/triglav",
        f"https://bsky.app/profile/{ACME}/post/3n2triglav222",
    ]


def test_the_address_that_the_app_leaves_behind_a_quote_is_left_out() -> None:
    told = json.loads((PAYLOADS / "notifications.json").read_bytes())
    (quote,) = [each for each in told["notifications"] if each["reason"] == "quote"]
    words, address = "Končno!", "bsky.app/profile/acme.bsky.example/post/3n2triglav222"
    span = {"byteStart": len(words.encode()) + 1, "byteEnd": len(words.encode()) + 1 + len(address)}
    feature = {"$type": "app.bsky.richtext.facet#link", "uri": f"https://{address}"}
    quote["record"] |= {"text": f"{words} {address}", "facets": [{"index": span, "features": [feature]}]}
    *_, message = read(json.dumps({**told, "notifications": [quote]}).encode(), ACCOUNT)
    assert isinstance(message, MessageReceived)
    assert message.text == words


def test_likes_and_reposts_are_reactions_and_a_follow_is_nothing() -> None:
    like, repost = news("notifications")[7:]
    assert like == ReactionChanged(
        target=ROOT, at=datetime(2026, 11, 21, 10, 3, tzinfo=UTC), author=OMAR_BADR, reaction="like", on=True
    )
    assert (repost.target, repost.reaction) == (ROOT, "repost")


def test_chat() -> None:
    received, echo, on, off, removed = news("chat")
    convo = {"convo": "3n2convo22222", "request": True}
    assert received == MessageReceived(
        external_id="3n2maaaaaa222",
        at=datetime(2026, 11, 21, 10, 10, tzinfo=UTC),
        visibility="private",
        kind="message",
        author=OMAR_BADR,
        text="هل وصل طلبي رقم 88140؟",
        refs=convo,
    )
    assert isinstance(echo, Echo)
    assert (echo.external_id, echo.text, echo.person, echo.refs) == (
        "3n2mbbbbbb222",
        "Pogledam takoj.",
        OMAR_BADR,
        convo,
    )
    assert (on.target, on.reaction, on.on, on.author) == ("3n2mbbbbbb222", "👍", True, OMAR_BADR)
    assert (off.target, off.on) == ("3n2mbbbbbb222", False)
    assert isinstance(removed, MessageRemoved)
    assert removed.external_id == "3n2maaaaaa222"


def chatted(what: str, *, group: bool = False, view: str = "messageView") -> list[Any]:
    """What a log entry of Omar's conversation tells."""
    told = page("chat")
    entry = {**told["logs"][1], "$type": f"chat.bsky.convo.defs#{what}"}
    entry["message"] = {**entry["message"], "$type": f"chat.bsky.convo.defs#{view}"}
    if view == "systemMessageView":
        del entry["message"]["sender"]
    convo = {**told["convos"][entry["convoId"]], "group": group}
    return read(json.dumps({**told, "logs": [entry], "convos": {entry["convoId"]: convo}}).encode(), ACCOUNT)


def test_a_message_in_a_group_is_not_one_to_us() -> None:
    assert [type(each) for each in chatted("logCreateMessage")] == [MessageReceived]
    assert chatted("logCreateMessage", group=True) == [NotUnderstood(what="message in a group")]
    assert chatted("logDeleteMessage", group=True) == []


@pytest.mark.parametrize("what", ["logAddMember", "logMemberLeave", "logLockConvo", "logEditJoinLink"])
def test_what_happens_to_a_group_is_of_no_concern(what: str) -> None:
    assert chatted(what, group=True, view="systemMessageView") == []


def test_a_message_that_was_deleted_before_we_asked() -> None:
    assert chatted("logCreateMessage", view="deletedMessageView") == []


def test_what_we_wrote_elsewhere() -> None:
    post, echo = news("own")
    assert isinstance(post, PostSeen)
    assert (post.external_id, post.text) == (ROOT, "The Triglav boot is back.")
    assert isinstance(echo, Echo)
    assert (echo.visibility, echo.post, echo.parent, echo.text) == ("public", ROOT, REPLY, "Naslednji teden.")


def test_a_person_whose_handle_broke() -> None:
    changed = page("notifications")
    changed["notifications"] = changed["notifications"][1:2]
    changed["notifications"][0]["author"] = {"did": OMAR, "handle": "handle.invalid", "displayName": ""}
    [message] = read(json.dumps(changed).encode(), ACCOUNT)
    assert isinstance(message, MessageReceived)
    assert message.author == Person(OMAR)
    assert message.permalink == f"https://bsky.app/profile/{OMAR}/post/3n2reply222222"


def test_unknown_kinds_are_kept_apart() -> None:
    one = page("notifications")["notifications"][0]
    body = json.dumps({"kind": "notifications", "notifications": [{**one, "reason": "waved"}]}).encode()
    assert read(body, ACCOUNT) == [NotUnderstood(what="notification waved")]
    assert read(b'{"kind": "weather"}', ACCOUNT) == [NotUnderstood(what="weather")]
    log = {"$type": "chat.bsky.convo.defs#logDance", "rev": "3n2maaaaaa224", "convoId": "x"}
    assert read(json.dumps({"kind": "chat", "logs": [log]}).encode(), ACCOUNT) == [
        NotUnderstood(what="chat logDance")
    ]


def test_a_poison_item_stays_alone() -> None:
    changed = page("notifications")
    changed["notifications"][1]["record"]["reply"] = {"root": None}
    found = read(json.dumps(changed).encode(), ACCOUNT)
    assert [each.what for each in found if isinstance(each, Broken)] == ["notification"]
    assert sum(isinstance(each, MessageReceived) for each in found) == 2


def test_chat_off_is_said() -> None:
    body = b'{"kind": "chat_off", "detail": "not_allowed InvalidToken Bad token method"}'
    assert read(body, ACCOUNT) == [AccountChanged(detail="not_allowed InvalidToken Bad token method")]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"kind": "notifications"}', b'{"kind": 7}'])
def test_what_is_no_page(body: bytes) -> None:
    with pytest.raises(Malformed):
        read(body, ACCOUNT)


def test_a_post_as_the_network_shows_it() -> None:
    seen = post_seen(
        {
            "uri": ROOT,
            "cid": "bafyreitriglav",
            "author": {"did": ACME, "handle": "acme.bsky.example", "displayName": "Acme"},
            "record": {"text": "The Triglav boot is back.", "createdAt": "2026-11-21T09:00:00.000Z"},
            "embed": {
                "$type": "app.bsky.embed.images#view",
                "images": [
                    {"thumb": "https://cdn.bsky.app/t", "fullsize": "https://cdn.bsky.app/f", "alt": ""}
                ],
            },
            "likeCount": 3,
            "replyCount": 2,
            "repostCount": 1,
        }
    )
    assert (seen.likes, seen.comments, seen.shares, seen.removed) == (3, 2, 1, False)
    assert seen.picture_url == "https://cdn.bsky.app/t"
    assert seen.permalink == "https://bsky.app/profile/acme.bsky.example/post/3n2triglav222"

"""From a webhook's body to records."""

from __future__ import annotations

import re
from datetime import datetime
from functools import partial
from typing import Any

from heed.channels import base
from heed.channels.base import AccountRecord, Attachment, AttachmentKind, Inbound, Person
from heed.channels.instagram import calls
from heed.channels.instagram.payloads import (
    Attached,
    Comment,
    Mention,
    Message,
    Messaging,
    Party,
)
from heed.channels.meta import delivery
from heed.channels.meta.shapes import first_of, web_address, word
from heed.lib.http import host_matches

MEDIA_HOSTS = (".cdninstagram.com", ".fbcdn.net", "lookaside.fbsbx.com")
LOOK_UP = "look_up"
"""In `refs`: the network did not say everything, a look-up may."""
TOP = "top"
"""In `refs` of a reply: the comment it hangs under."""
MENTIONED = "mentioned"
"""In `refs` of a mention: what mentions us, a `comment` or the `media` itself; of a comment that names us
`perhaps`, until a look-up tells whose post it stands under."""
MEDIA = "media"
"""In `refs` of what mentions us: the post."""
LIVE = "live"
"""In `refs` of a comment under a live broadcast."""

_PLAIN_KINDS: dict[str, AttachmentKind] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "file",
    "sticker": "sticker",
}
_SHARED = {
    "share": "post",
    "ig_post": "post",
    "ig_reel": "reel",
    "reel": "reel",
}
_STORIES = frozenset({"ig_story", "story_mention"})
_HEART = "❤️"


def read(body: bytes, account: AccountRecord) -> list[Inbound]:
    """All news of a delivery, in its own order. Raises `Malformed`."""
    return delivery.read(body, "instagram", messaging=_messaging, change=partial(_change, account))


def _change(account: AccountRecord, raw: Any, owner: str, sent: datetime | None) -> list[Inbound]:
    field, value = word(raw.get("field")), raw.get("value")
    match field:
        case "comments" | "live_comments":
            comment = Comment.model_validate(value)
            ours = comment.author is not None and _is_us(comment.author, owner, account)
            return [_comment(comment, owner, first_of(sent), field == "live_comments", ours, account)]
        case "mentions" | "mention":
            return [_mention(Mention.model_validate(value), owner, first_of(sent))]
    if field.startswith("messag") and isinstance(value, dict):
        return _messaging(value, owner, sent)
    return [base.NotUnderstood(owner=owner, what=f"changes {field}"[:200])]


# --------------------------------------------------------------------------- private messages


def _messaging(raw: Any, owner: str, sent: datetime | None) -> list[Inbound]:
    item = Messaging.model_validate(raw)
    at = first_of(item.timestamp, sent)
    ours = _is_ours(item, owner)
    person = Person(item.recipient.id if ours else item.sender.id)
    if item.message is not None and item.message.is_deleted:
        return [base.MessageRemoved(owner=owner, external_id=item.message.mid, at=at)]
    if item.message_edit is not None:
        return [item.message_edit.news(owner, at)]
    if person.external_id in ("", owner):
        return [base.NotUnderstood(owner=owner, what=f"{delivery.kind_of(raw)} without a customer")]
    if item.message is not None:
        return [_message(item.message, ours, person, owner, at)]
    if item.postback is not None:
        return [item.postback.news(person, owner, at)]
    if item.reaction is not None:
        author = Person(owner) if ours else person
        return [item.reaction.news(author, owner, at)]
    if item.read is not None:
        ids = (item.read.mid,)
        return [base.Receipt(owner=owner, state="seen", at=at, external_ids=ids, person=person.external_id)]
    if item.referral is not None:
        # They opened the chat by a link and wrote nothing: there is nobody to answer yet.
        return [base.IdentitySeen(owner=owner, person=person)]
    return [base.NotUnderstood(owner=owner, what=delivery.kind_of(raw))]


def _is_ours(item: Messaging, owner: str) -> bool:
    """Ours comes from us. `is_echo` alone proves nothing: it was seen on customers' story mentions."""
    if item.sender.id == owner:
        return True
    return bool(item.message and item.message.is_echo) and item.recipient.id != owner


def _message(message: Message, ours: bool, person: Person, owner: str, at: datetime) -> Inbound:
    attachments = _attachments(message)
    parent = message.reply_to.mid if message.reply_to else ""
    if ours:
        return base.Echo(
            owner=owner,
            external_id=message.mid,
            at=at,
            visibility="private",
            person=person,
            text=message.text,
            parent=parent,
            attachments=attachments,
        )
    return base.MessageReceived(
        owner=owner,
        external_id=message.mid,
        at=at,
        visibility="private",
        kind=_kind(message),
        author=person,
        text=message.text,
        parent=parent,
        attachments=attachments,
        refs=_refs(message),
    )


def _kind(message: Message) -> str:
    if any(each.type == "story_mention" for each in message.attachments):
        return "story_mention"
    return "story_reply" if message.reply_to is not None and message.reply_to.story is not None else "message"


def _refs(message: Message) -> dict[str, Any]:
    refs: dict[str, Any] = {}
    if message.reply_to is not None and message.reply_to.story is not None:
        refs["story"] = message.reply_to.story.id
    if message.quick_reply is not None:
        refs["quick_reply"] = message.quick_reply.payload
    if message.referral is not None:
        refs["referral"] = message.referral.told()
    return refs


# ------------------------------------------------------------------------------- attachments


def _attachments(message: Message) -> tuple[Attachment, ...]:
    types = {each.type for each in message.attachments}
    # While Meta moves from `share` to `ig_post`, one shared post may come as both.
    told = [each for each in message.attachments if each.type != "share" or "ig_post" not in types]
    found = [_attachment(each) for each in told]
    story = message.reply_to.story if message.reply_to else None
    if story is not None:
        found.insert(0, Attachment("story", story.url, "story"))
    if message.is_unsupported and not found:
        found.append(Attachment("link", name="unsupported", text="unsupported"))
    return tuple(found)


def _attachment(attached: Attached) -> Attachment:
    payload = attached.payload
    url = web_address(payload.get("url")) or web_address(payload.get("story_media_url"))
    title = word(payload.get("title"))
    if attached.type in _PLAIN_KINDS:
        return Attachment(_PLAIN_KINDS[attached.type], url, title, text="" if url else attached.type)
    if attached.type in _STORIES:
        return Attachment("story", url, "story")
    if attached.type in _SHARED:
        return _shared(url, title or _SHARED[attached.type])
    if attached.type == "like_heart":
        return Attachment("sticker", text=_HEART)
    # ephemeral, unsupported_type, template, and whatever comes next
    return Attachment(
        "link", url, title or attached.type, text="" if url else delivery.lines_of(payload) or attached.type
    )


def _shared(url: str, name: str) -> Attachment:
    """A post or reel passed on. Meta's own addresses hold the file and soon expire."""
    kind: AttachmentKind = "file" if host_matches(url, MEDIA_HOSTS) else "link"
    return Attachment(kind, url, name, text="" if url else name)


# -------------------------------------------------------------------------- comments, mentions


def _is_us(author: Party, owner: str, account: AccountRecord) -> bool:
    """By id, or by the name alone where that is all Meta says."""
    if author.id == owner or author.self_ig_scoped_id:
        return True
    ours = calls.username(account) if owner == account.external_id else ""
    return bool(ours) and author.username.lower() == ours


def names_us(account: AccountRecord, text: str) -> bool:
    """Whether these words mention the account."""
    handle = calls.username(account)
    return bool(handle) and re.search(rf"@{re.escape(handle)}(?!\.?\w)", text.lower()) is not None


def _comment(
    comment: Comment, owner: str, at: datetime, live: bool, ours: bool, account: AccountRecord
) -> Inbound:
    """With Instagram Login what mentions us under others' posts comes as a comment, too, and nothing in it
    says whose post that is."""
    post = comment.media.original_media_id or comment.media.id
    refs: dict[str, Any] = {TOP: comment.parent_id} if comment.parent_id else {}
    if live:
        refs[LIVE] = True
    kind = "reply" if comment.parent_id else "comment"
    if ours:
        return base.Echo(
            owner=owner,
            external_id=comment.id,
            at=at,
            visibility="public",
            kind=kind,
            text=comment.text or "",
            post=post,
            parent=comment.parent_id,
            refs=refs,
        )
    person = _person(comment.author)
    if person is None or comment.text is None:
        refs[LOOK_UP] = True
    elif not calls.by_facebook(account) and names_us(account, comment.text):
        refs |= {LOOK_UP: True, MENTIONED: "perhaps", MEDIA: post}
    return base.MessageReceived(
        owner=owner,
        external_id=comment.id,
        at=at,
        visibility="public",
        kind=kind,
        author=person,
        text=comment.text or "",
        post=post,
        parent=comment.parent_id,
        refs=refs,
    )


def _person(party: Party | None) -> Person | None:
    return Person(party.id, handle=party.username) if party is not None and party.id else None


def _mention(mention: Mention, owner: str, at: datetime) -> Inbound:
    """Only ids come: who and what is looked up by `looking`."""
    written = mention.comment_id or mention.media_id
    if not written:
        return base.NotUnderstood(owner=owner, what="mention without an id")
    return base.MessageReceived(
        owner=owner,
        external_id=written,
        at=at,
        visibility="public",
        kind="mention",
        author=None,
        post=mention.media_id,
        refs={
            LOOK_UP: True,
            MENTIONED: "comment" if mention.comment_id else "media",
            MEDIA: mention.media_id,
        },
    )

"""From a webhook's body to records."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from heed.channels import base
from heed.channels.base import Attachment, AttachmentKind, Inbound, Person
from heed.channels.facebook.connecting import APP
from heed.channels.facebook.payloads import Attached, Feed, Message, Messaging, Rating, Referral
from heed.channels.meta import webhook
from heed.channels.meta.shapes import first_of, sent_at, web_address, word

LOOK_UP = "look_up"
"""In `refs`: the network did not say everything, a look-up may."""
NO_TEXT = "no_text"
"""In `refs` beside it: its words are missing too, not only its author."""
TOP = "top"
"""In `refs` of a reply: the comment it hangs under."""
STANDBY = "standby"
"""The kind of a message in a chat that another app answers."""
MEDIA = "media:"
"""Before the id of a comment whose file has to be asked for."""
PAGE_INBOX = "263902037430900"
"""Meta's own inbox, in which people write."""
MOST_STARS = 5

_PLAIN_KINDS: dict[str, AttachmentKind] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "file",
    "sticker": "sticker",
}


def read(body: bytes, account: base.AccountRecord) -> list[Inbound]:
    """All news of a delivery, in its own order. Raises `Malformed`."""
    own_app = str(account.facts.get(APP) or "")
    return [_marked_if_by_machine(each, own_app) for each in _news(body)]


def _marked_if_by_machine(news: Inbound, own_app: str) -> Inbound:
    """People write by Heed, or in Meta's own inbox (then no app or that one is named); what any other
    program sends is a machine's, and answers nobody."""
    if not isinstance(news, base.Echo) or news.visibility != "private" or not own_app:
        return news
    by_people = ("", own_app, PAGE_INBOX)
    return replace(news, automatic=str(news.refs.get("app_id", "")) not in by_people)


def _news(body: bytes) -> list[Inbound]:
    found: list[Inbound] = []
    for envelope in webhook.envelopes(body):
        if envelope.get("object") != "page":
            found.append(base.NotUnderstood(what=f"object {envelope.get('object')!r}"[:200]))
            continue
        found += base.each(webhook.entries(envelope), _entry, "entry")
    return found


def _entry(entry: dict[str, Any]) -> list[Inbound]:
    owner = word(entry.get("id"))
    if owner in ("", "0"):
        return [base.NotUnderstood(what="test event of Meta's dashboard")]
    sent = sent_at(entry)
    found: list[Inbound] = []
    known = False
    for key, read_item in _LISTS.items():
        if key in entry:
            known = True
            items = entry[key] if isinstance(entry[key], list) else [entry[key]]
            found += base.each(items, _reader(read_item, owner, sent), key)
    if "field" in entry:
        known = True
        found += base.each([entry], _reader(_change, owner, sent), "changes")
    if not known:
        found.append(base.NotUnderstood(owner=owner, what="entry without items"))
    return found


Reader = Callable[[Any, str, datetime | None], list[Inbound]]


def _reader(read_item: Reader, owner: str, sent: datetime | None) -> Callable[[Any], list[Inbound]]:
    return lambda item: read_item(item, owner, sent)


# ------------------------------------------------------------------------------- Messenger


def _messaging(raw: Any, owner: str, sent: datetime | None) -> list[Inbound]:
    item = Messaging.model_validate(raw)
    mark = item.delivery or item.read
    at = first_of(item.timestamp, sent, mark.watermark if mark else None)
    them = item.recipient if item.sender.id == owner else item.sender
    person = Person(them.id, them.name)
    if item.message is not None:
        return _message(item.message, item.sender.id == owner, person, owner, at)
    if item.message_edit is not None:
        edit = item.message_edit
        return [base.MessageEdited(owner=owner, external_id=edit.mid, at=at, text=edit.text)]
    if item.app_roles is not None:
        return []  # which app takes part in the Page's chats: nothing about any of them
    if item.policy_enforcement is not None:
        return [_policy(item.policy_enforcement.action, item.policy_enforcement.reason, owner)]
    if not person.external_id:
        return [base.NotUnderstood(owner=owner, what=f"{_event_kind(raw)} without a person")]
    if item.postback is not None:
        return [_postback(item, person, owner, at)]
    if item.reaction is not None:
        reaction = item.reaction
        return [
            base.ReactionChanged(
                owner=owner,
                target=reaction.mid,
                at=at,
                author=person if item.sender.id != owner else Person(owner),
                reaction=(reaction.emoji or reaction.reaction)[:40],
                on=reaction.action != "unreact",
            )
        ]
    if item.delivery is not None:
        return [_receipt(item, "delivered", person, owner, at)]
    if item.read is not None:
        return [_receipt(item, "seen", person, owner, at)]
    if item.pass_thread_control or item.take_thread_control or item.request_thread_control:
        # Whose turn it is changed; nothing was said. Answering takes the thread back where it must.
        return [base.IdentitySeen(owner=owner, person=person)]
    if item.referral is not None:
        # They opened the chat by a link and wrote nothing: there is nobody to answer yet.
        return [base.IdentitySeen(owner=owner, person=person)]
    return [base.NotUnderstood(owner=owner, what=_event_kind(raw))]


def _message(message: Message, ours: bool, person: Person, owner: str, at: datetime) -> list[Inbound]:
    if message.is_deleted:
        return [base.MessageRemoved(owner=owner, external_id=message.mid, at=at)]
    if not person.external_id:
        return [base.NotUnderstood(owner=owner, what="message without a person")]
    attachments = _attachments(message.attachments)
    parent = message.reply_to.mid if message.reply_to else ""
    if ours:
        return [
            base.Echo(
                owner=owner,
                external_id=message.mid,
                at=at,
                visibility="private",
                key=message.metadata,
                person=person,
                text=message.text,
                parent=parent,
                attachments=attachments,
                refs={"app_id": message.app_id} if message.app_id else {},
            )
        ]
    refs: dict[str, Any] = {}
    if message.quick_reply is not None:
        refs["quick_reply"] = message.quick_reply.payload
    if message.referral is not None:
        refs["referral"] = _referral(message.referral)
    return [
        base.MessageReceived(
            owner=owner,
            external_id=message.mid,
            at=at,
            visibility="private",
            kind="message",
            author=person,
            text=message.text,
            parent=parent,
            attachments=attachments,
            refs=refs,
        )
    ]


def _postback(item: Messaging, person: Person, owner: str, at: datetime) -> Inbound:
    postback = item.postback
    assert postback is not None
    refs: dict[str, Any] = {"payload": postback.payload} if postback.payload else {}
    if postback.referral is not None:
        refs["referral"] = _referral(postback.referral)
    return base.MessageReceived(
        owner=owner,
        external_id=postback.mid or _made_id("postback", person.external_id, at, postback.payload),
        at=at,
        visibility="private",
        kind="postback",
        author=person,
        text=postback.title or postback.payload,
        refs=refs,
    )


def _made_id(kind: str, person: str, at: datetime, payload: str) -> str:
    """The same for the same event however often it is delivered."""
    digest = hashlib.sha256(payload.encode("utf-8", "replace")).hexdigest()[:16]
    return f"{kind}:{person}:{int(at.timestamp() * 1000)}:{digest}"


def _receipt(item: Messaging, state: str, person: Person, owner: str, at: datetime) -> Inbound:
    mark = item.delivery if state == "delivered" else item.read
    assert mark is not None
    return base.Receipt(
        owner=owner,
        state="delivered" if state == "delivered" else "seen",
        at=at,
        external_ids=tuple(mark.mids),
        person=person.external_id,
        watermark=mark.watermark,
    )


def _policy(action: str, reason: str, owner: str) -> Inbound:
    if action == "block":
        return base.AccountChanged(owner=owner, problem="account_blocked", detail=reason)
    if action == "unblock":
        return base.AccountChanged(owner=owner)
    return base.NotUnderstood(owner=owner, what=f"policy_enforcement {action}: {reason}"[:200])


def _referral(referral: Referral) -> dict[str, str]:
    return {key: value for key, value in referral.model_dump().items() if value}


def _event_kind(raw: dict[str, Any]) -> str:
    names = sorted(str(key) for key in raw if key not in ("sender", "recipient", "timestamp"))
    return f"messaging {', '.join(names)}"[:200]


# ---------------------------------------------------------------------- Messenger's attachments


def _attachments(attached: Iterable[Attached]) -> tuple[Attachment, ...]:
    found: list[Attachment] = []
    for each in attached:
        attachment = _attachment(each)
        # For a while Meta sent every sticker twice, as a sticker and as an image.
        if attachment.kind != "sticker" or attachment not in found:
            found.append(attachment)
    return tuple(found)


def _attachment(attached: Attached) -> Attachment:
    payload = attached.payload
    url = web_address(payload.get("url")) or attached.url
    title = word(payload.get("title")) or attached.title
    if attached.type in _PLAIN_KINDS:
        kind = "sticker" if payload.get("sticker_id") else _PLAIN_KINDS[attached.type]
        return Attachment(kind, url, title, text="" if url else attached.type)
    match attached.type:
        case "location":
            return Attachment("location", url, title, text=_place(payload))
        case "template":
            return _template(payload, url, title)
        case "appointment_booking":
            return Attachment("link", name=attached.type, text=word(payload.get("status")))
        case _:
            # fallback, reel, ig_reel, post, ig_post, and whatever comes next: what was shared
            raw = word(payload.get("url"))
            return Attachment("link", url, title or attached.type, text="" if url else raw or title)


def _place(payload: dict[str, Any]) -> str:
    coordinates = payload.get("coordinates")
    if not isinstance(coordinates, dict):
        return ""
    return f"{coordinates.get('lat')}, {coordinates.get('long')}"


def _template(payload: dict[str, Any], url: str, title: str) -> Attachment:
    product = payload.get("product")
    elements = (product if isinstance(product, dict) else payload).get("elements")
    lines: list[str] = []
    for element in elements if isinstance(elements, list) else []:
        if isinstance(element, dict):
            lines.append(" · ".join(w for w in (word(element.get(k)) for k in ("title", "subtitle")) if w))
    return Attachment("link", url, title, text="\n".join(line for line in lines if line) or "template")


# ------------------------------------------------------------------------------- the Page


def _change(raw: Any, owner: str, sent: datetime | None) -> list[Inbound]:
    field = word(raw.get("field"))
    if field == "ratings":
        return _rating(raw.get("value"), owner, sent)
    if field not in ("feed", "mention"):
        return [base.NotUnderstood(owner=owner, what=f"changes {field}"[:200])]
    value = Feed.model_validate(raw.get("value"))
    if field == "mention":
        return _mention(value, owner, sent)
    return _feed(value, owner, sent)


def _feed(value: Feed, owner: str, sent: datetime | None) -> list[Inbound]:
    match value.item:
        case "comment" if value.comment_id:
            return _comment(value, owner, sent)
        case "reaction" | "like" if value.post_id or value.comment_id:
            return _reaction(value, owner, sent)
        case "share" if value.post_id and _author_id(value) != owner:
            return [base.PostStale(owner=owner, external_id=value.post_id)]
        case "post" | "status" | "photo" | "video" | "link" | "share" | "album" | "event" if value.post_id:
            return _post(value, owner, sent)
    return [base.NotUnderstood(owner=owner, what=f"feed {value.item} {value.verb}"[:200])]


def _comment(value: Feed, owner: str, sent: datetime | None) -> list[Inbound]:
    at = first_of(value.created_time, sent)
    match value.verb:
        case "add":
            return [_written(value, owner, at, "reply" if _parent(value, owner) else "comment")]
        case "edited" | "edit":
            return [_edited(value, owner, at)]
        case "remove" | "delete":
            return [base.MessageRemoved(owner=owner, external_id=value.comment_id, at=at)]
        case "hide" | "unhide":
            return [_hidden(value, owner, at)]
    return [base.NotUnderstood(owner=owner, what=f"feed comment {value.verb}"[:200])]


def _rating(raw: Any, owner: str, sent: datetime | None) -> list[Inbound]:
    """A review. Comments under one come as they do under a post."""
    value = Rating.model_validate(raw)
    if value.item == "comment":
        return _comment(Feed.model_validate({**raw, "post_id": value.open_graph_story_id}), owner, sent)
    if value.item != "rating":
        return [base.NotUnderstood(owner=owner, what=f"ratings {value.item} {value.verb}"[:200])]
    at = first_of(value.created_time, sent)
    story = value.open_graph_story_id or _made_id("review", value.reviewer_id, at, "")
    match value.verb:
        case "add":
            return [_review(value, story, owner, at)]
        case "edited" | "edit" | "update":
            return [base.MessageEdited(owner=owner, external_id=story, at=at, text=_verdict(value))]
        case "remove" | "delete":
            return [base.MessageRemoved(owner=owner, external_id=story, at=at)]
    return [base.NotUnderstood(owner=owner, what=f"ratings rating {value.verb}"[:200])]


def _review(value: Rating, story: str, owner: str, at: datetime) -> Inbound:
    refs: dict[str, Any] = {"rating": value.rating, "recommendation": value.recommendation_type}
    return base.MessageReceived(
        owner=owner,
        external_id=story,
        at=at,
        visibility="public",
        kind="review",
        author=Person(value.reviewer_id, value.reviewer_name) if value.reviewer_id else None,
        text=_verdict(value),
        post=story,
        refs={name: given for name, given in refs.items() if given},
    )


def _verdict(value: Rating) -> str:
    """Stars or a thumb, which everybody reads, and the words."""
    stars = min(max(value.rating, 0), MOST_STARS)
    thumb = {"positive": "👍", "negative": "👎"}.get(value.recommendation_type, "")
    mark = "★" * stars + "☆" * (MOST_STARS - stars) if stars else thumb
    return "\n".join(filter(None, (mark, value.review_text)))


def _post(value: Feed, owner: str, sent: datetime | None) -> list[Inbound]:
    at = first_of(value.created_time, sent)
    ours = _author_id(value) == owner
    match value.verb:
        case "add":
            if not ours:
                return [_written(value, owner, at, "visitor_post")]
            # The news of a post carries no counts and not always its picture: read it once.
            return [_own_post(value, owner, at), base.PostStale(owner=owner, external_id=value.post_id)]
        case "edited" | "edit" | "update":
            return [_own_post(value, owner, None)] if ours else [_edited(value, owner, at)]
        case "remove" | "delete":
            gone = base.PostSeen(owner=owner, external_id=value.post_id, removed=True)
            removed = base.MessageRemoved(owner=owner, external_id=value.post_id, at=at)
            return [gone] if ours else [removed, gone]
        case "hide" | "unhide":
            return [] if ours else [_hidden(value, owner, at)]
    return [base.NotUnderstood(owner=owner, what=f"feed {value.item} {value.verb}"[:200])]


def _mention(value: Feed, owner: str, sent: datetime | None) -> list[Inbound]:
    at = first_of(value.created_time, sent)
    if not value.post_id and not value.comment_id:
        return [base.NotUnderstood(owner=owner, what="mention without an id")]
    match value.verb:
        case "add":
            return [_written(value, owner, at, "mention")]
        case "edited" | "edit" | "update":
            return [_edited(value, owner, at)]
        case "remove" | "delete":
            return [base.MessageRemoved(owner=owner, external_id=_written_id(value), at=at)]
    return [base.NotUnderstood(owner=owner, what=f"mention {value.verb}"[:200])]


def _written(value: Feed, owner: str, at: datetime, kind: str) -> Inbound:
    author = _author(value)
    parent = _parent(value, owner)
    refs: dict[str, Any] = {TOP: parent} if parent else {}
    if author is not None and author.external_id == owner:
        return base.Echo(
            owner=owner,
            external_id=_written_id(value),
            at=at,
            visibility="public",
            kind=kind,
            text=value.message or "",
            post=value.post_id,
            parent=parent,
            attachments=_pictures(value),
            permalink=value.permalink_url,
            refs=refs,
        )
    wordless = kind == "mention" and value.message is None
    if author is None or wordless:
        refs[LOOK_UP] = True
    if wordless:
        refs[NO_TEXT] = True
    return base.MessageReceived(
        owner=owner,
        external_id=_written_id(value),
        at=at,
        visibility="public",
        kind=kind,
        author=author,
        text=value.message or "",
        post=value.post_id,
        parent=parent,
        attachments=_pictures(value),
        permalink=value.permalink_url or _post_link(value, kind),
        refs=refs,
    )


def _edited(value: Feed, owner: str, at: datetime) -> Inbound:
    return base.MessageEdited(
        owner=owner,
        external_id=_written_id(value),
        at=value.edited_time or at,
        text=value.message or "",
    )


def _hidden(value: Feed, owner: str, at: datetime) -> Inbound:
    return base.HiddenChanged(owner=owner, external_id=_written_id(value), at=at, hidden=value.verb == "hide")


def _own_post(value: Feed, owner: str, at: datetime | None) -> Inbound:
    pictures = [each.url for each in _pictures(value) if each.kind == "image"]
    return base.PostSeen(
        owner=owner,
        external_id=value.post_id,
        at=at,
        author=_author(value),
        text=value.message,
        picture_url=pictures[0] if pictures else None,
        permalink=value.permalink_url or _post_link(value, "post") or None,
    )


def _reaction(value: Feed, owner: str, sent: datetime | None) -> list[Inbound]:
    author = _author(value)
    if value.comment_id and author is not None:
        return [
            base.ReactionChanged(
                owner=owner,
                target=value.comment_id,
                at=first_of(value.created_time, sent),
                author=author,
                reaction=(value.reaction_type or "like")[:40],
                on=value.verb not in ("remove", "delete"),
            )
        ]
    if value.post_id:
        return [base.PostStale(owner=owner, external_id=value.post_id)]
    return [base.NotUnderstood(owner=owner, what=f"feed {value.item} {value.verb} without an author"[:200])]


def _author_id(value: Feed) -> str:
    return (value.author.id if value.author else "") or value.sender_id


def _author(value: Feed) -> Person | None:
    external_id = _author_id(value)
    if not external_id:
        return None
    return Person(external_id, (value.author.name if value.author else "") or value.sender_name)


def _written_id(value: Feed) -> str:
    return value.comment_id or value.post_id


def _parent(value: Feed, owner: str) -> str:
    """The comment this one answers; empty right under the post, which is then named as parent."""
    parent = value.parent_id
    if not value.comment_id or parent == value.post_id or parent.startswith(f"{owner}_"):
        return ""
    return parent


def _pictures(value: Feed) -> tuple[Attachment, ...]:
    found: list[Attachment] = []
    links = [value.photo, *value.photos, value.link if value.item == "photo" else ""]
    found += [Attachment("image", url) for url in dict.fromkeys(links) if url]
    video = value.video or (value.link if value.item == "video" else "")
    if video:
        found.append(Attachment("video", video))
    if value.link and value.item in ("link", "share"):
        found.append(Attachment("link", value.link))
    if not found and value.comment_id and _has_a_file(value):
        found.append(Attachment("video" if value.video_id else "image", f"{MEDIA}{value.comment_id}"))
    return tuple(found)


def _has_a_file(value: Feed) -> bool:
    """Stickers and moving pictures come with an id at most: a comment without words is one of them."""
    named = bool(value.photo_id or value.video_id)
    return value.item == "comment" and value.verb == "add" and (named or value.message is None)


def _post_link(value: Feed, kind: str) -> str:
    """The address of the post, for what is itself a post."""
    return value.post.permalink_url if value.post and kind in ("post", "visitor_post") else ""


def _standby(raw: Any, owner: str, sent: datetime | None) -> list[Inbound]:
    """What is said while another app answers: shown as that."""
    return [
        replace(each, kind=STANDBY, elsewhere=True) if isinstance(each, base.MessageReceived) else each
        for each in _messaging(raw, owner, sent)
    ]


_LISTS: dict[str, Reader] = {"messaging": _messaging, "standby": _standby, "changes": _change}

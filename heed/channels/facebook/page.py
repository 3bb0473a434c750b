"""From the Page's changes to records: comments, visitors' posts, mentions, reviews, reactions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from heed.channels import base
from heed.channels.base import Attachment, Inbound, Person
from heed.channels.facebook.payloads import Feed, Rating
from heed.channels.meta import delivery
from heed.channels.meta.shapes import first_of, word

LOOK_UP = "look_up"
"""In `refs`: the network did not say everything, a look-up may."""
NO_TEXT = "no_text"
"""In `refs` beside it: its words are missing too, not only its author."""
TOP = "top"
"""In `refs` of a reply: the comment it hangs under."""
MEDIA = "media:"
"""Before the id of a comment whose file has to be asked for."""
UNREAD = "unread"
"""A change of our own: comments that Facebook did not give out afterwards."""
MOST_STARS = 5


def read(raw: Any, owner: str, sent: datetime | None) -> list[Inbound]:
    """One change of the Page `owner`."""
    field = word(raw.get("field"))
    if field == "ratings":
        return _rating(raw.get("value"), owner, sent)
    if field == UNREAD:
        return [base.Broken(owner=owner, what="comments", error=word(raw["value"]["error"])[:500])]
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
            return [base.PostStale(owner=owner, external_id=value.post_id, at=sent)]
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
    story = value.open_graph_story_id or delivery.id_of("review", value.reviewer_id, at, "")
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
            stale = base.PostStale(owner=owner, external_id=value.post_id, at=sent)
            return [_own_post(value, owner, at, sent), stale]
        case "edited" | "edit" | "update":
            return [_own_post(value, owner, None, sent)] if ours else [_edited(value, owner, at)]
        case "remove" | "delete":
            gone = base.PostSeen(owner=owner, external_id=value.post_id, removed=True, as_of=sent)
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
            permalink=value.permalink_url or _comment_link(value),
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
        permalink=value.permalink_url or _post_link(value, kind) or _comment_link(value),
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


def _own_post(value: Feed, owner: str, at: datetime | None, sent: datetime | None) -> Inbound:
    pictures = [each.url for each in _pictures(value) if each.kind == "image"]
    return base.PostSeen(
        owner=owner,
        external_id=value.post_id,
        at=at,
        author=_author(value),
        text=value.message,
        picture_url=pictures[0] if pictures else None,
        permalink=value.permalink_url or _post_link(value, "post") or None,
        as_of=sent,
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
        return [base.PostStale(owner=owner, external_id=value.post_id, at=sent)]
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
    return _link_of(value) if kind in ("post", "visitor_post") else ""


def _comment_link(value: Feed) -> str:
    """The address of a comment: that of its post, which opens at the comment."""
    link, number = _link_of(value), value.comment_id.rpartition("_")[2]
    return f"{link}{'&' if '?' in link else '?'}comment_id={number}" if link and number else ""


def _link_of(value: Feed) -> str:
    return value.post.permalink_url if value.post else ""

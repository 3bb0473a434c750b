"""A post as records: a repost, an answer or a post of ours, or what somebody wrote to us."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from heed.channels.base import (
    QUOTED,
    Attachment,
    Echo,
    Inbound,
    MessageEdited,
    MessageReceived,
    PostSeen,
    PostStale,
    ReactionChanged,
)
from heed.channels.x.around import Around
from heed.channels.x.payload import KINDS, Entities, Post, utc

WEB = "https://x.com"
REPOST = "repost"

_OWN_PREFIX = re.compile(r"(?:@\w{1,20}\s+)+")


def news_of(post: Post, around: Around, *, quotes_us: bool = False) -> Iterator[Inbound]:
    """What a post says; `quotes_us` where X told it as a quote of ours."""
    reposted = post.refers("retweeted")
    if reposted:
        yield from _repost(post, reposted, around)
    elif post.author_id == around.us:
        yield from _ours(post, around)
    else:
        yield from _theirs(post, around, quotes_us)


def _repost(post: Post, reposted: str, around: Around) -> Iterator[Inbound]:
    author, at = around.person(post.author_id), utc(post.created_at)
    yield ReactionChanged(target=reposted, at=at, author=author, reaction=REPOST, on=True)


def _ours(post: Post, around: Around) -> Iterator[Inbound]:
    """What the account wrote: an answer, or a post under which customers will write."""
    parent = post.parent or post.refers("quoted")
    if not parent:
        yield post_seen(post, around)
        return
    yield Echo(
        external_id=post.first_id,
        at=utc(post.created_at),
        visibility="public",
        kind="reply" if post.parent else "quote",
        text=text_of(post, around),
        post=post.conversation_id or post.id,
        parent=parent,
        attachments=tuple(_files(post, around)),
        permalink=permalink(post, around),
        refs=_quoting(post),
    )


def _theirs(post: Post, around: Around, quotes_us: bool) -> Iterator[Inbound]:
    text, at = text_of(post, around), utc(post.created_at)
    place = post.conversation_id or post.first_id
    root = post if place == post.first_id else around.posts.get(place)
    if root is not None:
        yield post_seen(root, around, place)
    yield from _quoted_seen(post, around)
    quoted = around.posts.get(post.refers("quoted"))
    quotes_us = quotes_us or (quoted is not None and quoted.author_id == around.us)
    to_us = post.in_reply_to_user_id == around.us
    yield MessageReceived(
        external_id=post.first_id,
        at=at,
        visibility="public",
        kind=_kind(post, root, to_us, quotes_us, around),
        author=around.person(post.author_id),
        text=text,
        post=place,
        parent=post.parent,
        attachments=(*_files(post, around), *_quoted(post)),
        permalink=permalink(post, around),
        refs={
            "author": post.author_id,
            "summoned": to_us or quotes_us or _names_us(post, around),
            **_quoting(post),
        },
    )
    if post.first_id != post.id:
        yield MessageEdited(external_id=post.first_id, at=at, text=text)


def _kind(post: Post, root: Post | None, to_us: bool, quotes_us: bool, around: Around) -> str:
    """A comment hangs under a post of ours, where we may hide it."""
    if to_us:
        under_ours = post.parent == post.conversation_id or (root is not None and root.author_id == around.us)
        return "comment" if under_ours else "reply"
    return "quote" if quotes_us and not _names_us(post, around) else "mention"


def _names_us(post: Post, around: Around) -> bool:
    entities = [*post.entities.mentions, *(post.note.entities.mentions if post.note else ())]
    handle = around.handle.casefold()
    return any(
        named.id == around.us or (handle and named.username.casefold() == handle) for named in entities
    )


def post_seen(post: Post, around: Around, external_id: str = "") -> PostSeen:
    """A post that people write under, as it stands."""
    files = [each for each in _files(post, around) if each.kind == "image"]
    return PostSeen(
        external_id=external_id or post.first_id,
        at=utc(post.created_at),
        author=around.person(post.author_id),
        text=text_of(post, around),
        picture_url=files[0].url if files else None,
        permalink=permalink(post, around),
        likes=post.public_metrics.like_count,
        comments=post.public_metrics.reply_count,
        shares=post.public_metrics.retweet_count,
    )


def text_of(post: Post, around: Around) -> str:
    """The words as people see them: whole, links in full, without the names that X puts before a reply,
    without the addresses of files and without that of a quoted post at the end."""
    quoted = post.refers("quoted")
    if post.note and post.note.text:
        return readable(post.note.text, post.note.entities, quoted=quoted)
    start = post.display_text_range[0] if post.display_text_range else 0
    text = post.text
    if 0 < start <= len(text) and _OWN_PREFIX.fullmatch(text[:start].rstrip() + " "):
        text = text[start:]
    return readable(text, post.entities, quoted=quoted)


def readable(text: str, entities: Entities, *, without_files: bool = False, quoted: str = "") -> str:
    """A text with its shortened links written out; links that only stand for a file are left out, and so is
    that of the `quoted` post where X put it behind the words."""
    for link in entities.urls:
        its_own = bool(link.media_key) or re.search(r"/(photo|video|messages/media)/", link.expanded_url)
        if its_own or (without_files and "/messages/" in link.expanded_url):
            text = text.replace(link.url, "")
    for link in entities.urls:
        if link.url and _leads_to(quoted, link.expanded_url):
            text = text.rstrip().removesuffix(link.url)
    for link in entities.urls:
        if link.url:
            text = text.replace(link.url, link.expanded_url or link.url)
    return html.unescape(text).strip()


def _leads_to(post: str, address: str) -> bool:
    return bool(post) and re.search(rf"/status/{re.escape(post)}(?:$|[/?#])", address) is not None


def permalink(post: Post, around: Around) -> str:
    user = around.people.get(post.author_id)
    return address_of(post.id, user.username if user else "")


def address_of(post: str, handle: str = "") -> str:
    """Where people see a post: by its author's handle, where that is known."""
    return f"{WEB}/{handle or 'i/web'}/status/{post}"


def _files(post: Post, around: Around) -> Iterator[Attachment]:
    for media in [*around.known(post.attachments.media_keys), *post.media]:
        kind = KINDS.get(media.type, "file")
        videos = [each for each in media.variants if each.content_type == "video/mp4" and each.url]
        best = max(videos, key=lambda each: each.bit_rate, default=None)
        if best is not None:
            yield Attachment(kind, url=best.url, mime="video/mp4", name=media.alt_text)
        elif media.url or media.preview_image_url:
            # Without the video itself its first picture is better than nothing.
            yield Attachment("image", url=media.url or media.preview_image_url, name=media.alt_text)


def _quoting(post: Post) -> Mapping[str, Any]:
    """What it quotes, for `refs`."""
    quoted = post.refers("quoted")
    return {QUOTED: {"id": quoted, "url": address_of(quoted)}} if quoted else {}


def _quoted_seen(post: Post, around: Around) -> Iterator[Inbound]:
    """The quoted post, of which X may have sent nothing along but its number."""
    quoted = post.refers("quoted")
    known = around.posts.get(quoted)
    if known is not None:
        yield post_seen(known, around, quoted)
    elif quoted:
        yield PostSeen(external_id=quoted, permalink=address_of(quoted))
        yield PostStale(external_id=quoted)


def _quoted(post: Post) -> Iterator[Attachment]:
    quoted = post.refers("quoted")
    if quoted:
        yield Attachment("link", url=address_of(quoted))

"""What hangs on a post or a message: pictures, a video, a card, a quote, links behind other words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from heed.channels.base import QUOTED, AccountRecord, Attachment
from heed.channels.bluesky.payload import PostRecord
from heed.channels.bluesky.records import permalink
from heed.channels.bluesky.richtext import segments


def attachments_of(record: PostRecord, did: str, link: str, account: AccountRecord) -> tuple[Attachment, ...]:
    """Those of a post by `did`; `link` is where people see it."""
    embed = record.embed or {}
    media = embed.get("media") if isinstance(embed.get("media"), dict) else embed
    return (
        *_pictures(media, did, account),
        *_video(media, did, link, account),
        *_card(media),
        *quoted_post(_quoted_in(record)),
        *hidden_links(record.text, record.facets),
    )


def _quoted_in(record: PostRecord) -> Any:
    quoted = (record.embed or {}).get("record")
    if isinstance(quoted, dict) and isinstance(quoted.get("record"), dict):
        return quoted["record"]  # a quote with pictures keeps its reference one level deeper
    return quoted


def quoting(record: PostRecord) -> dict[str, Any]:
    """What a post quotes, for `refs`; nothing where it quotes no post."""
    for link in quoted_post(_quoted_in(record)):
        return {QUOTED: {"id": str(_quoted_in(record)["uri"]), "url": link.url}}
    return {}


def words_of(record: PostRecord) -> str:
    """What a post says. The app leaves the address of a post that it made into a quote behind the words."""
    quoted = quoting(record).get(QUOTED)
    last = segments(record.text.rstrip(), record.facets or [])[-1:]
    if quoted and last and last[0].kind == "link":
        same = quoted["url"].rpartition("/")[2]
        if re.fullmatch(rf"https://bsky\.app/profile/[^/]+/post/{re.escape(same)}", last[0].value):
            return record.text.rstrip().removesuffix(last[0].text).rstrip()
    return record.text


def _pictures(media: Any, did: str, account: AccountRecord) -> Iterable[Attachment]:
    for image in media.get("images") or []:
        blob = image["image"]
        yield Attachment(
            "image",
            url=_blob_url(account, did, blob["ref"]["$link"]),
            mime=str(blob.get("mimeType") or ""),
            size=blob.get("size"),
            text=str(image.get("alt") or ""),
        )


def _video(media: Any, did: str, link: str, account: AccountRecord) -> Iterable[Attachment]:
    video = media.get("video")
    if not isinstance(video, dict):
        return
    if _has_cdn(account):
        # Only the author's own server holds the file, and streaming is not a file: we point to the post.
        yield Attachment("link", url=link, name="video", mime=str(video.get("mimeType") or ""))
    else:
        yield Attachment(
            "video",
            url=_blob_url(account, did, video["ref"]["$link"]),
            mime=str(video.get("mimeType") or ""),
            size=video.get("size"),
        )


def _card(media: Any) -> Iterable[Attachment]:
    card = media.get("external")
    if isinstance(card, dict):
        yield Attachment("link", url=str(card["uri"]), name=str(card.get("title") or "")[:255])


def quoted_post(ref: Any) -> Iterable[Attachment]:
    if isinstance(ref, dict) and "/app.bsky.feed.post/" in str(ref.get("uri")):
        yield Attachment("link", url=permalink(str(ref["uri"])))


def hidden_links(text: str, facets: list[dict[str, Any]] | None) -> Iterable[Attachment]:
    """Links whose words do not show where they lead: apps shorten them, and people hide them."""
    for piece in segments(text, facets or []):
        if piece.kind == "link" and piece.text not in (piece.value, piece.value.partition("://")[2]):
            yield Attachment("link", url=piece.value, name=piece.text[:255])


def picture_of(embed: Mapping[str, Any] | None) -> str | None:
    """The address of the picture by which a post is known, as the network shows it."""
    if not embed:
        return None
    media = embed.get("media") if isinstance(embed.get("media"), dict) else embed
    images = (media or {}).get("images") or []
    if images and isinstance(images[0], dict):
        return str(images[0].get("thumb") or images[0].get("fullsize") or "") or None
    card = (media or {}).get("external")
    thumb = card.get("thumb") if isinstance(card, dict) else (media or {}).get("thumbnail")
    return thumb if isinstance(thumb, str) else None


def _blob_url(account: AccountRecord, did: str, cid: str) -> str:
    if _has_cdn(account):
        return f"https://cdn.bsky.app/img/feed_fullsize/plain/{did}/{cid}@jpeg"
    return f"{account.base_url}/xrpc/com.atproto.sync.getBlob?did={quote(did)}&cid={quote(cid)}"


def _has_cdn(account: AccountRecord) -> bool:
    """The public network shows pictures from one place, wherever they live; a network on one
    machine, without https, has only the server itself."""
    return urlsplit(account.base_url).scheme == "https"

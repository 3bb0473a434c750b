"""What a server says of itself: its name, its limits, its age."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from heed.channels.base import AccountRecord, Refusal
from heed.channels.mastodon.calls import record
from heed.lib.http import Steps

MOST_CHARACTERS = 500
PER_URL = 23
MOST_FILES = 4
IMAGE_BYTES = 16 * 1024 * 1024
VIDEO_BYTES = 99 * 1024 * 1024
TYPES = (
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "audio/mpeg",
    "audio/ogg",
    "audio/mp4",
)
QUOTES_SINCE = (4, 5)


def facts(account: AccountRecord) -> Steps[dict[str, Any]]:
    """The facts to keep of a server. Old ones know only the first form of the question; who answers
    neither has the usual limits."""
    for version in ("v2", "v1"):
        try:
            told = yield from record(account, f"/api/{version}/instance")
        except Refusal as refusal:
            if refusal.retry:
                raise
        else:
            return facts_in(told, account)
    return {}


def facts_in(told: Mapping[str, Any], account: AccountRecord) -> dict[str, Any]:
    settings = _object(told, "configuration")
    statuses, media = _object(settings, "statuses"), _object(settings, "media_attachments")
    types = media.get("supported_mime_types")
    known = {
        "domain": _name(told, account),
        "version": str(told.get("version") or "")[:100],
        "max_characters": _whole(statuses.get("max_characters") or told.get("max_toot_chars")),
        "per_url": _whole(statuses.get("characters_reserved_per_url")),
        "max_files": _whole(statuses.get("max_media_attachments")),
        "types": [str(each) for each in types if "/" in str(each)][:100] if isinstance(types, list) else [],
        "image_bytes": _whole(media.get("image_size_limit")),
        "video_bytes": _whole(media.get("video_size_limit")),
        "streaming": _streaming(told, settings, account),
        "private_to_named": "snac/" in str(told.get("version") or ""),
    }
    return {name: value for name, value in known.items() if value}


def can_quote(facts: Mapping[str, Any]) -> bool:
    """Whether the server is new enough to quote. Others than Mastodon say which Mastodon they equal."""
    found = re.match(r"(\d+)\.(\d+)", str(facts.get("version", "")))
    return found is not None and (int(found[1]), int(found[2])) >= QUOTES_SINCE


def _name(told: Mapping[str, Any], account: AccountRecord) -> str:
    named = str(told.get("domain") or told.get("uri") or "").strip()
    named = urlsplit(named).hostname or "" if "://" in named else named
    return named or urlsplit(account.base_url).hostname or ""


def _streaming(told: Mapping[str, Any], settings: Mapping[str, Any], account: AccountRecord) -> str:
    """Where events are streamed, as an address for HTTP. Some name wss although they speak http."""
    named = _object(settings, "urls").get("streaming") or _object(told, "urls").get("streaming_api")
    parts = urlsplit(named if isinstance(named, str) else "")
    home = urlsplit(account.base_url)
    if not parts.netloc:
        return ""
    scheme = home.scheme if parts.netloc == home.netloc else "https"
    return f"{scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _object(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = holder.get(key)
    return found if isinstance(found, dict) else {}


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0

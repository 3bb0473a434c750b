"""What every record has: its address, who made it, and what an answer to it needs."""

from __future__ import annotations

from typing import Any

from heed.channels.base import Person
from heed.channels.bluesky.payload import PostRecord, Profile


def split(uri: str) -> tuple[str, str, str]:
    """An `at://` address as (DID, collection, record key). Raises `ValueError` when it is none."""
    parts = uri.removeprefix("at://").split("/")
    if not uri.startswith("at://did:") or len(parts) != 3 or not all(parts):
        raise ValueError(f"not the address of a record: {uri[:100]}")
    return parts[0], parts[1], parts[2]


def permalink(uri: str, handle: str = "") -> str:
    """Where people see a post: by its author's handle, or by their DID where that is not known."""
    did, _, rkey = split(uri)
    author = handle if handle and handle != "handle.invalid" else did
    return f"https://bsky.app/profile/{author}/post/{rkey}"


def person(profile: Profile, language: str = "") -> Person:
    known = profile.handle != "handle.invalid"
    return Person(
        external_id=profile.did,
        name=profile.display_name or (profile.handle if known else ""),
        handle=profile.handle if known else "",
        avatar_url=profile.avatar or "",
        language=language,
    )


def refs_of(uri: str, cid: str, record: PostRecord) -> dict[str, Any]:
    """What a later answer to this post needs."""
    root = record.reply.root if record.reply else None
    return {
        "uri": uri,
        "cid": cid,
        "root": {"uri": root.uri, "cid": root.cid} if root else {"uri": uri, "cid": cid},
    }

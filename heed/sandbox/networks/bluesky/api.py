"""Which call does what."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.bluesky.answers import No
from heed.sandbox.networks.bluesky.playing import MORE
from heed.sandbox.networks.bluesky.seeing import Seeing


class Bluesky(Seeing):
    """Acme has one account here; everyone of the cast has one too."""

    name = "bluesky"
    label = "Bluesky"
    short = "b"
    colour = "#0a7aff"
    offers: ClassVar[frozenset[str]] = frozenset({"mention", "comment", "message", "remove", "react"})
    bare = frozenset({"message"})
    more = MORE
    has_outlet = True
    backstage = frozenset({"reply"})

    def answer(self, call: Call) -> Reply:
        nsid = call.path.removeprefix("/xrpc/")
        try:
            if nsid.startswith("chat.bsky."):
                return self._proxied(nsid, call)
            method = _METHODS.get((call.method, nsid))
            if method is None:
                raise No(501, "MethodNotImplemented", "Method Not Implemented")
            return method(self, call)
        except No as no:
            return no.reply


_METHODS: dict[tuple[str, str], Callable[[Bluesky, Call], Reply]] = {
    ("POST", "com.atproto.server.createSession"): Bluesky._create_session,
    ("POST", "com.atproto.server.refreshSession"): Bluesky._refresh_session,
    ("GET", "com.atproto.server.getSession"): Bluesky._get_session,
    ("GET", "com.atproto.identity.resolveHandle"): Bluesky._resolve_handle,
    ("POST", "com.atproto.repo.createRecord"): Bluesky._create_record,
    ("POST", "com.atproto.repo.deleteRecord"): Bluesky._delete_record,
    ("GET", "com.atproto.repo.getRecord"): Bluesky._get_record,
    ("GET", "com.atproto.repo.listRecords"): Bluesky._list_records,
    ("POST", "com.atproto.repo.uploadBlob"): Bluesky._upload_blob,
    ("GET", "com.atproto.sync.getBlob"): Bluesky._get_blob,
    ("GET", "app.bsky.notification.listNotifications"): Bluesky._list_notifications,
    ("POST", "app.bsky.notification.updateSeen"): Bluesky._update_seen,
    ("GET", "app.bsky.feed.getPosts"): Bluesky._get_posts,
    ("GET", "app.bsky.actor.getProfile"): Bluesky._get_profile,
}

"""Bluesky as a network of Heed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from heed.channels.base import (
    AccountRecord,
    Action,
    Admission,
    Answer,
    Capabilities,
    Checked,
    Collected,
    CredentialField,
    Files,
    Finding,
    Hook,
    IdentitySeen,
    Inbound,
    Limit,
    MessageRemoved,
    Network,
    PostSeen,
    Refusal,
    Sent,
    Target,
    Wanted,
    Writing,
)
from heed.channels.bluesky import polling, reading, writing, xrpc
from heed.channels.bluesky.payload import Profile
from heed.lib import clock
from heed.lib.http import Steps

_IMAGES = Files(
    types=("image/jpeg", "image/png", "image/webp", "image/gif"),
    most_bytes={"": 2_000_000},
    count=writing.MOST_PICTURES,
)


class Bluesky(Network):
    """One Bluesky account. Its news is polled: there is no webhook."""

    name = "bluesky"
    label = "Bluesky"
    short = "b"
    colour = "#0a7aff"
    base_url = xrpc.PUBLIC
    body_limit = 1024 * 1024
    polls = True
    media_hosts: tuple[str, ...] = ("cdn.bsky.app", "video.bsky.app")
    fields: tuple[CredentialField, ...] = (
        CredentialField(
            "identifier",
            _("Handle"),
            _("Such as acme.bsky.social, or the e-mail address of the account."),
            secret=False,
        ),
        CredentialField(
            "app_password",
            _("App password"),
            _(
                "Bluesky: Settings, Privacy and security, App passwords. "
                "Tick “Allow access to your direct messages” to answer messages too."
            ),
        ),
    )
    capabilities = Capabilities(
        public_from="network",
        public=Writing(limits=(Limit("graphemes", 300), Limit("bytes", 3000)), files=_IMAGES),
        private=Writing(limits=(Limit("graphemes", 1000), Limit("bytes", 10000))),
        on_theirs=frozenset({"like", "unlike", "repost", "unrepost"}),
        on_ours=frozenset({"like", "unlike", "repost", "unrepost", "delete"}),
        on_private=frozenset({"seen"}),
    )

    lost_in_outage = _(
        "Nothing people wrote is lost that still stands. Of what was deleted meanwhile only the newest "
        "hundred mentions and replies are noticed, and likes and reposts taken back are not."
    )

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        return Admission(404, body=b"Bluesky sends nothing here: Heed asks it for news.")

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body, account)

    def check(self, account: AccountRecord) -> Steps[Checked]:
        session = yield from xrpc.query(account, "com.atproto.server.getSession", needs=("did",))
        did, handle = str(session["did"]), str(session.get("handle") or "")
        return Checked(
            external_id=did, name=(yield from _display_name(account, did)) or handle, handle=handle
        )

    def renew(self, account: AccountRecord) -> Steps[dict[str, str]]:
        return xrpc.renew(account)

    def collect(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        return polling.collect(account, cursor)

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        match wanted.what:
            case "post":
                view = yield from _shown(account, wanted.external_id)
                return [
                    reading.post_seen(view)
                    if view
                    else PostSeen(external_id=wanted.external_id, removed=True)
                ]
            case "message":
                if not wanted.external_id.startswith("at://"):
                    return []  # a chat message: its removal comes with the chat log
                if (yield from _shown(account, wanted.external_id)) is None:
                    return [MessageRemoved(external_id=wanted.external_id, at=clock.now())]
                return []
            case "person":
                found = yield from _profile(account, wanted.external_id)
                return [IdentitySeen(person=reading.person(Profile.model_validate(found)))] if found else []

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        return writing.send(account, answer)

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        return writing.find(account, answer)

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        return writing.act(account, action, target)


def _shown(account: AccountRecord, uri: str) -> Steps[dict[str, Any] | None]:
    answer = yield from xrpc.query(account, "app.bsky.feed.getPosts", {"uris": [uri]}, needs=("posts",))
    posts = answer["posts"]
    return posts[0] if posts else None


def _display_name(account: AccountRecord, did: str) -> Steps[str]:
    """The account's name. A new account has no profile yet, and that is no fault."""
    profile = yield from _profile(account, did)
    return str(profile.get("displayName") or "")


def _profile(account: AccountRecord, did: str) -> Steps[dict[str, Any]]:
    """Somebody's profile; an empty one where the network shows none, as of a closed account."""
    try:
        return (yield from xrpc.query(account, "app.bsky.actor.getProfile", {"actor": did}, needs=("did",)))
    except Refusal as refusal:
        if refusal.retry or refusal.reason in ("sign_in_again", "account_blocked"):
            raise
        return {}


network = Bluesky()

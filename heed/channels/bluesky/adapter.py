"""Bluesky as a network of Heed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
    Guide,
    Hook,
    IdentitySeen,
    Inbound,
    Limit,
    MessageRemoved,
    Network,
    Permission,
    PostSeen,
    Refusal,
    Sent,
    Target,
    Wanted,
    Writing,
)
from heed.channels.bluesky import acting, polling, reading, records, writing, xrpc
from heed.channels.bluesky.payload import Profile
from heed.lib import clock
from heed.lib.http import Steps, TooLarge, Unreachable

DIRECT_MESSAGES = "direct messages"
_NO_MESSAGES = _("This account is connected without direct messages.")
_REACTING: frozenset[Action] = frozenset({"react", "unreact"})
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
        on_private=_REACTING | {"seen"},
        on_private_ours=_REACTING,
        why_not={
            "edit": _("On Bluesky what was sent cannot be changed."),
            "hide": _("On Bluesky only replies under your own posts can be hidden, in its own app."),
            "delete": _("Bluesky deletes a message for oneself only: the customer would still see it."),
        },
        reactions=("*",),
        quote=True,
    )
    guide = Guide(
        steps=(
            _("In Bluesky, signed in as the account, open Settings, Privacy and security, App passwords."),
            _(
                "Add an app password for Heed, tick “Allow access to your direct messages” and copy it: "
                "Bluesky shows it only once."
            ),
            _("Paste the handle and the app password into this form, never the account’s own password."),
            _("In Bluesky’s chat settings allow new messages from everyone, so that customers can write."),
            _("Mention the account from another one. A ticket appears within a minute."),
        ),
        permissions=(
            Permission("App password", _("To read what people write publicly, to answer, like and repost.")),
            Permission(DIRECT_MESSAGES, _("To read and answer direct messages."), needed=False),
        ),
        console="https://bsky.app/settings/app-passwords",
    )
    lost_in_outage = _(
        "Nothing people wrote is lost that still stands. Of what was deleted meanwhile only the newest "
        "hundred mentions and replies are noticed, and likes and reposts taken back are not."
    )

    def able(self, facts: Mapping[str, Any]) -> Capabilities:
        """Without the right to chat there are no direct messages, also not to who wrote publicly."""
        can = self.capabilities
        if facts.get("messages") is not False:
            return can
        none = frozenset[Action]()
        return replace(can, private=None, why_no_private=_NO_MESSAGES, on_private=none, on_private_ours=none)

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        return Admission(404, body=b"Bluesky sends nothing here: Heed asks it for news.")

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body, account)

    def check(self, account: AccountRecord) -> Steps[Checked]:
        session = yield from xrpc.query(account, "com.atproto.server.getSession", needs=("did",))
        did, handle = str(session["did"]), str(session.get("handle") or "")
        messages = yield from _may_chat(account)
        refused = messages is False and polling.chat_proxy(account)
        return Checked(
            external_id=did,
            name=(yield from _display_name(account, did)) or handle,
            handle=handle,
            missing=(DIRECT_MESSAGES,) if refused else (),
            facts={} if messages is None else {"messages": messages},
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
                return [IdentitySeen(person=records.person(Profile.model_validate(found)))] if found else []

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        return writing.send(account, answer)

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        return writing.find(account, answer)

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        return acting.act(account, action, target, value)


def _may_chat(account: AccountRecord) -> Steps[bool | None]:
    """Whether the app password was made with the right to chat, and chat is not switched off. Where the
    network does not say, what the last check learned stands; None when there was none."""
    proxy = polling.chat_proxy(account)
    known: bool | None = account.facts.get("messages")
    if not proxy:
        return False
    try:
        yield from xrpc.query(account, "chat.bsky.convo.getLog", needs=("logs",), proxy=proxy)
    except (Unreachable, TooLarge):
        return known
    except Refusal as refusal:
        if refusal.reason in polling.BREAKS:
            raise
        return False if refusal.reason == "not_allowed" else known
    return True


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

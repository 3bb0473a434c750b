"""Instagram: comments, mentions and direct messages of a professional account, by either login."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from heed.channels import base
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
    Inbound,
    Limit,
    MediaSource,
    Refusal,
    Sent,
    Target,
    Wanted,
    Writing,
    plain_media,
)
from heed.channels.instagram import connecting, graph, looking, reading, writing
from heed.lib.crypto import hmac_sha256_hex
from heed.lib.http import Steps

DAY = 24 * 60 * 60


class Instagram(base.Network):
    name = "instagram"
    label = "Instagram"
    short = "ig"
    colour = "#c13584"
    base_url = graph.BY_INSTAGRAM
    body_limit = 4 * writing.MEGABYTE
    polls = False
    media_hosts: tuple[str, ...] = reading.MEDIA_HOSTS
    shared_secret = "app_secret"  # noqa: S105  the name of a field, not a secret
    fields: tuple[CredentialField, ...] = (
        CredentialField(
            "access_token",
            _("Access token"),
            _("Of the Instagram account or, with Facebook Login, of the Page it is linked to."),
        ),
        CredentialField(
            "app_secret",
            _("App secret"),
            _("With Instagram Login: Instagram's app secret, then Meta's, with a comma between them."),
        ),
        CredentialField(
            "verify_token",
            _("Verify token"),
            _("A word of your choice. Enter the same one in your Meta app, beside the webhook address."),
        ),
        CredentialField(
            "page_id",
            _("Page ID"),
            _("With Facebook Login only: the Page that the Instagram account is linked to."),
            secret=False,
            required=False,
        ),
        CredentialField(
            "app_id",
            _("App ID"),
            _("Lets Heed enter the webhook address in your Meta app, where Meta allows it."),
            secret=False,
            required=False,
        ),
    )
    capabilities = Capabilities(
        public=Writing(limits=(Limit("chars", 300),)),
        private=Writing(
            limits=(Limit("bytes", 1000),),
            files=Files(
                (
                    "image/jpeg",
                    "image/png",
                    "audio/aac",
                    "audio/mp4",
                    "audio/x-m4a",
                    "audio/wav",
                    "audio/x-wav",
                    "video/mp4",
                    "video/ogg",
                    "video/x-msvideo",
                    "video/quicktime",
                    "video/webm",
                    "application/pdf",
                ),
                writing.MOST_BYTES,
                count=1,
                with_text=False,
                fetched=True,
            ),
            window=DAY,
        ),
        private_reply=True,
        private_reply_within=7 * DAY,
        on_theirs=frozenset({"hide", "unhide", "delete"}),
        on_ours=frozenset({"delete"}),
        on_private=frozenset({"like", "unlike", "seen", "typing"}),
        receipts=frozenset({"seen"}),
    )

    # --------------------------------------------------------------------------- the door

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        if hook.method == "GET":
            return _handshake(hook, account)
        if hook.method != "POST":
            return base.WRONG_METHOD
        return base.ADMITTED if _is_signed(hook, account) else base.REFUSED

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body)

    # ------------------------------------------------------------------------ connecting

    def check(self, account: AccountRecord) -> Steps[Checked]:
        return connecting.checked(account)

    def renew(self, account: AccountRecord) -> Steps[dict[str, str]]:
        if graph.by_facebook(account):  # a Page's token cannot be renewed by itself
            raise Refusal("sign_in_again")
        return (yield from graph.renewed(account))

    def collect(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        """All news comes by webhook."""
        yield from ()
        return Collected((), cursor)

    # --------------------------------------------------------------------------- reading

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        return looking.look_up(account, wanted)

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        return plain_media(url)

    # --------------------------------------------------------------------------- writing

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        return writing.send(account, answer)

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        return writing.find(account, answer)

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        if target.visibility == "private":
            yield from _act_privately(account, action, target, person)
            return {}
        if target.kind == "mention" and not target.ours:
            raise Refusal("not_allowed", detail="It stands under somebody else's post.")
        match action:
            case "hide" | "unhide":
                # Instagram overlooks this parameter in the body: it must stand in the address.
                hide = "true" if action == "hide" else "false"
                yield from graph.post(account, target.external_id, hide=hide)
            case "delete":
                yield from _delete(account, target)
            case _:
                raise Refusal("bad_request", detail=action)
        return {}


# ------------------------------------------------------------------------------- the door


def _handshake(hook: Hook, account: AccountRecord) -> Admission:
    expected = account.credentials.get("verify_token", "").encode()
    given = hook.query.get("hub.verify_token", "").encode()
    if not expected or hook.query.get("hub.mode") != "subscribe" or not hmac.compare_digest(given, expected):
        return Admission(403, body=b"The verify token does not fit.")
    return Admission(200, body=hook.query.get("hub.challenge", "").encode(), content_type="text/plain")


def _is_signed(hook: Hook, account: AccountRecord) -> bool:
    given = hook.headers.get("x-hub-signature-256", "").encode()
    right = [hmac_sha256_hex(secret, hook.body) for secret in graph.secrets(account) if secret]
    return any(hmac.compare_digest(given, f"sha256={each}".encode()) for each in right)


# --------------------------------------------------------------------------------- acting


def _act_privately(account: AccountRecord, action: Action, target: Target, person: str) -> Steps[None]:
    body: dict[str, Any] = {"recipient": {"id": person}}
    match action:
        case "seen":
            body["sender_action"] = "mark_seen"
        case "typing":
            body["sender_action"] = "typing_on"
        case "like":
            body["sender_action"] = "react"
            body["payload"] = {"message_id": target.external_id, "reaction": "love"}
        case "unlike":
            body["sender_action"] = "unreact"
            body["payload"] = {"message_id": target.external_id}
        case _:
            raise Refusal("bad_request", detail=action)
    yield from graph.post(account, f"{graph.sender(account)}/messages", body)


def _delete(account: AccountRecord, target: Target) -> Steps[None]:
    try:
        yield from graph.delete(account, target.external_id)
    except Refusal as refusal:
        if refusal.reason != "gone":  # then it is deleted, which is what was wanted
            raise


network: base.Network = Instagram()

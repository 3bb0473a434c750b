"""Instagram: comments, mentions and direct messages of a professional account, by either login."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from heed.channels import base
from heed.channels.base import (
    DIGITS,
    ONLY_DIGITS,
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
    Inbound,
    Late,
    Limit,
    Live,
    OAuth,
    Permission,
    Refusal,
    Sent,
    Target,
    Wanted,
    Writing,
)
from heed.channels.instagram import calls, connecting, looking, missed, reading, signin, writing
from heed.channels.meta import quick, turns, webhook
from heed.lib.http import Steps

DAY = 24 * 60 * 60
LONGEST_BROADCAST = 4 * 60 * 60
LATE = Late(
    writing.HUMAN_AGENT,
    7 * DAY,
    _("Meta allows this for 7 days after the customer wrote, and only for what a person writes."),
)


class Instagram(base.Network):
    name = "instagram"
    label = "Instagram"
    short = "ig"
    colour = "#c13584"
    base_url = calls.BY_INSTAGRAM
    body_limit = 4 * writing.MEGABYTE
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
            made_up=True,
        ),
        CredentialField(
            "page_id",
            _("Page ID"),
            _("With Facebook Login only: the Page that the Instagram account is linked to."),
            secret=False,
            required=False,
            shape=DIGITS,
            misfit=ONLY_DIGITS,
        ),
        CredentialField(
            "app_id",
            _("App ID"),
            _("Lets Heed enter the webhook address in your Meta app, where Meta allows it."),
            secret=False,
            required=False,
            shape=DIGITS,
            misfit=ONLY_DIGITS,
        ),
        CredentialField(
            "instagram_app_id",
            _("Instagram app ID"),
            _("Only to sign in with Instagram: in your Meta app, beside the Instagram app secret."),
            secret=False,
            required=False,
            shape=DIGITS,
            misfit=ONLY_DIGITS,
        ),
        CredentialField(
            "human_agent",
            _("Human Agent"),
            _("Tick it if Meta approved this feature for your app: then you can answer for 7 days."),
            secret=False,
            required=False,
            kind="yes_no",
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
            choices=(quick.FORM,),
        ),
        private_reply=True,
        private_reply_to=frozenset({"comment", "reply"}),
        private_reply_within=7 * DAY,
        private_reply_live=Live(reading.LIVE, LONGEST_BROADCAST),
        on_theirs=frozenset({"hide", "unhide", "delete"}),
        on_ours=frozenset({"delete"}),
        on_private=frozenset({"like", "unlike", "seen", "typing"}),
        on_private_ours=frozenset({"hand_back"}),
        only={"mention": frozenset({"like", "unlike", "seen", "typing"})},
        why_not={
            "like": _("Instagram does not let programs like comments."),
            "hide": _("Instagram hides only comments under your own posts."),
            "edit": _("Instagram does not let programs change what was sent."),
            "delete": _("Instagram does not let programs take a message back."),
        },
        receipts=frozenset({"seen"}),
    )
    guide = Guide(
        steps=(
            _("Make the Instagram account a professional one, and let connected tools read its messages."),
            _("At developers.facebook.com make an app of the type Business with the product Instagram."),
            _("Without a Page: copy the Instagram app ID and its secret, and sign in with Instagram."),
            _("With a Page: enter the Page's ID, the app ID and the app secret, and sign in with Facebook."),
            _("Connect. Heed subscribes the account, and enters its webhook address where Meta lets it."),
            _("Have Meta review the app: until then only people with a role in it are seen."),
            _("Write a comment under a post of the account from another profile. A ticket appears."),
        ),
        permissions=(
            *connecting.BY_INSTAGRAM_LOGIN,
            *connecting.BY_FACEBOOK_LOGIN,
            Permission("Human Agent", _("To answer for 7 days instead of 24 hours."), needed=False),
        ),
        console="https://developers.facebook.com/apps/",
    )
    lost_in_outage = _(
        "Meta stops sending messages after an hour, and repeats comments for 36 hours. Heed reads back the "
        "comments under your last 50 posts, up to 500 each, the last 20 messages of each chat and, with "
        "Facebook Login, posts of others that mention you and have you tagged. Other mentions, mentions in "
        "comments, reactions, edits and deletions of that time are lost."
    )
    oauth: OAuth | None = signin.SignIn()

    def able(self, facts: Mapping[str, Any]) -> Capabilities:
        """With the feature Human Agent there is a way to answer after the window."""
        can = self.capabilities
        if not facts.get(writing.HUMAN_AGENT) or can.private is None:
            return can
        return replace(can, private=replace(can.private, late=LATE))

    # --------------------------------------------------------------------------- the door

    def private_link(self, external_id: str, handle: str) -> str:
        return f"https://ig.me/m/{handle.lstrip('@')}" if handle else ""

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        return webhook.admit(hook, account)

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body, account)

    # ------------------------------------------------------------------------ connecting

    def check(self, account: AccountRecord) -> Steps[Checked]:
        return connecting.checked(account)

    def renew(self, account: AccountRecord) -> Steps[dict[str, str]]:
        if calls.by_facebook(account):  # a Page's token cannot be renewed by itself
            raise Refusal("sign_in_again")
        return (yield from calls.renewed(account))

    def backfill(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        return missed.backfilled(account, cursor)

    # --------------------------------------------------------------------------- reading

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        return looking.look_up(account, wanted)

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
                yield from calls.post(account, target.external_id, hide=hide)
            case "delete":
                yield from _delete(account, target)
            case _:
                raise Refusal("bad_request", detail=action)
        return {}


# --------------------------------------------------------------------------------- acting


def _act_privately(account: AccountRecord, action: Action, target: Target, person: str) -> Steps[None]:
    us, body = calls.sender(account), dict[str, Any](recipient={"id": person})
    match action:
        case "hand_back":
            yield from calls.post(account, f"{us}/{turns.RELEASE}", body)
            return
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
    yield from calls.post(account, f"{us}/messages", body)


def _delete(account: AccountRecord, target: Target) -> Steps[None]:
    try:
        yield from calls.delete(account, target.external_id)
    except Refusal as refusal:
        if refusal.reason != "gone":  # then it is deleted, which is what was wanted
            raise


network: base.Network = Instagram()

"""Facebook Pages with Messenger: comments, visitor posts, mentions and private messages."""

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
    MediaSource,
    OAuth,
    Permission,
    Refusal,
    Sent,
    Target,
    Wanted,
    Writing,
    plain_media,
)
from heed.channels.facebook import calls, connecting, looking, missed, page, reading, signin, writing
from heed.channels.meta import quick, turns, webhook
from heed.channels.meta.shapes import record
from heed.lib.http import Steps

MEGABYTE = 1024 * 1024
DAY = 24 * 60 * 60
LATE = Late(
    connecting.HUMAN_AGENT,
    7 * DAY,
    _("Meta allows this for 7 days after the customer wrote, and only for what a person writes."),
)


class Facebook(base.Network):
    name = "facebook"
    label = "Facebook"
    short = "f"
    colour = "#1877f2"
    base_url = "https://graph.facebook.com"
    body_limit = 4 * MEGABYTE
    media_hosts: tuple[str, ...] = (".fbcdn.net", ".fbsbx.com", ".cdninstagram.com")
    shared_secret = "app_secret"  # noqa: S105  the name of a field, not a secret
    oauth: OAuth | None = signin.SignIn()
    fields: tuple[CredentialField, ...] = (
        CredentialField(
            "app_secret",
            _("App secret"),
            _("In your Meta app: App settings, Basic. While you exchange it, enter the new and the old one."),
        ),
        CredentialField(
            "page_token",
            _("Page access token"),
            _("Signing in with Facebook fills it in. Or paste a token of the Page that does not expire."),
        ),
        CredentialField(
            "verify_token",
            _("Verify token"),
            _("A word of your choice. Enter the same one in your Meta app, beside the webhook address."),
            made_up=True,
        ),
        CredentialField(
            "app_id",
            _("App ID"),
            _("At the top of your Meta app's page. Needed to sign in with Facebook."),
            secret=False,
            required=False,
            shape=DIGITS,
            misfit=ONLY_DIGITS,
        ),
        CredentialField(
            "page_id",
            _("Page ID"),
            _("Only if you manage several Pages and sign in with Facebook: the one to connect."),
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
        public=Writing(
            limits=(Limit("chars", 8000),),
            files=Files(("image/jpeg", "image/png", "image/gif"), {"": 8 * MEGABYTE}, count=1),
        ),
        private=Writing(
            limits=(Limit("chars", 2000),),
            files=Files(
                ("image/*", "video/*", "audio/*", "application/*", "text/*"),
                {"image/": 8 * MEGABYTE, "": 25 * MEGABYTE},
                count=10,
                with_text=False,
            ),
            window=DAY,
            choices=(quick.FORM,),
        ),
        private_reply=True,
        private_reply_to=frozenset({"comment", "reply", "visitor_post"}),
        private_reply_within=7 * DAY,
        on_theirs=frozenset({"like", "unlike", "hide", "unhide", "delete"}),
        on_ours=frozenset({"like", "unlike", "edit", "delete"}),
        on_private=frozenset({"react", "unreact", "seen", "typing"}),
        on_private_ours=frozenset({"react", "unreact", "hand_back"}),
        only={"mention": frozenset({"like", "unlike"}), "review": frozenset()},
        why_not={
            "like": _("Facebook does not let programs like reviews."),
            "hide": _("Facebook hides only what stands under your own posts or on your Page."),
            "edit": _("Messenger does not let programs change a message."),
            "delete": _("Messenger does not let programs take a message back."),
        },
        reactions=("*",),
        receipts=frozenset({"delivered", "seen"}),
    )
    guide = Guide(
        steps=(
            _("At developers.facebook.com make an app of the type Business with Messenger and Webhooks."),
            _("From App settings, Basic, copy the app ID and the app secret into this form."),
            _("Sign in with Facebook as an admin of the Page and grant all that is asked for."),
            _("Or paste a token of a system user that has the Page and the permissions below."),
            _("Connect. Heed enters its webhook address in your app and subscribes the Page."),
            _("Have Meta review the app: until then only people with a role in it are seen."),
            _("Write a comment under a post of the Page from another profile. A ticket appears."),
        ),
        permissions=(
            *connecting.PERMISSIONS,
            Permission("Human Agent", _("To answer for 7 days instead of 24 hours."), needed=False),
            Permission(
                "Business Asset User Profile Access",
                _("To see the names of people in Messenger."),
                needed=False,
            ),
        ),
        console="https://developers.facebook.com/apps/",
    )
    lost_in_outage = _(
        "Meta repeats for 36 hours what it could not deliver, and stops after an hour for Messenger. Heed "
        "reads back comments under the last 250 posts, posts that mention you and the last 20 messages of "
        "each chat. Comments on ads under which nobody had written in the month before, likes, reviews, "
        "mentions in comments, edits and deletions of that time are lost."
    )

    def private_link(self, external_id: str, handle: str) -> str:
        return f"https://m.me/{external_id}" if external_id else ""

    def able(self, facts: Mapping[str, Any]) -> Capabilities:
        """With the feature Human Agent there is a way to answer after the window."""
        can = self.capabilities
        if not facts.get(connecting.HUMAN_AGENT) or can.private is None:
            return can
        return replace(can, private=replace(can.private, late=LATE))

    # --------------------------------------------------------------------------- the door

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        return webhook.admit(hook, account)

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body, account)

    # ------------------------------------------------------------------------ connecting

    def check(self, account: AccountRecord) -> Steps[Checked]:
        return connecting.checked(account)

    def backfill(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        return missed.backfilled(account, cursor)

    # --------------------------------------------------------------------------- reading

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        return looking.look_up(account, wanted)

    # --------------------------------------------------------------------------- writing

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        """Files of comments that came with an id only are asked for; all others lie open."""
        if not url.startswith(page.MEDIA):
            return (yield from plain_media(url))
        comment = yield from calls.get(account, url.removeprefix(page.MEDIA), fields="attachment")
        address = calls.picture_of(record(comment.get("attachment")))
        if not address:
            raise Refusal("gone", detail="Meta names no address for this file.")
        return MediaSource(address)

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        return writing.send(account, answer)

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        return writing.find(account, answer)

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        if target.visibility == "private":
            yield from _act_privately(account, action, target, person, value)
            return {}
        match action:
            case "like":
                yield from calls.post(account, f"{target.external_id}/likes", {})
            case "unlike":
                yield from calls.delete(account, f"{target.external_id}/likes")
            case "hide" | "unhide":
                yield from calls.post(account, target.external_id, {"is_hidden": action == "hide"})
            case "edit" if target.ours:
                yield from calls.post(account, target.external_id, {"message": value})
            case "delete":
                yield from _delete(account, target)
            case _:
                raise Refusal("bad_request", detail=action)
        return {}


# --------------------------------------------------------------------------------- acting


def _act_privately(
    account: AccountRecord, action: Action, target: Target, person: str, value: str
) -> Steps[None]:
    us, body = account.external_id or "me", dict[str, Any](recipient={"id": person})
    match action:
        case "hand_back":
            yield from calls.post(account, f"{us}/{turns.RELEASE}", body)
            return
        case "seen":
            body["sender_action"] = "mark_seen"
        case "typing":
            body["sender_action"] = "typing_on"
        case "react":
            body["sender_action"] = "react"
            body["payload"] = {"message_id": target.external_id, "reaction": value}
        case "unreact":
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


network: base.Network = Facebook()

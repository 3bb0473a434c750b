"""The company's own site and app: visitors read from Heed, an app is called back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _

from heed.channels.base import (
    ADDRESS,
    ADMITTED,
    NO_ADDRESS,
    REFUSED,
    WRONG_METHOD,
    AccountRecord,
    Action,
    Admission,
    Answer,
    CannotTell,
    Capabilities,
    Checked,
    CredentialField,
    Files,
    Finding,
    Guide,
    Hook,
    Inbound,
    Limit,
    MediaSource,
    Network,
    NotThere,
    Option,
    Refusal,
    Sent,
    Target,
    Writing,
    plain_media,
)
from heed.channels.site import reading
from heed.channels.site.calls import call, callback_of
from heed.channels.site.signing import HEADER, LEAST_SECRET, is_signed, public_key
from heed.lib import clock
from heed.lib.http import Steps

T = TypeVar("T")

NAMELESS = "~"
"""How the ids of visitors begin whom nobody vouched for. They are only ever reached in the widget."""

TEXT_LIMIT = 8000
MOST_FILES = 10
FILE_BYTES = 20 * 1024 * 1024
ANY_TYPE = ("image/*", "video/*", "audio/*", "application/*", "text/*")
KEY = re.compile(r"[A-Za-z0-9_-]{4,64}")
_ORIGIN = r"https?://[^/\s]+/?"


class Site(Network):
    name = "site"
    label = _("Site chat")
    short = "w"
    colour = "#35757d"
    base_url = "https://www.example.com"
    body_limit = 1024 * 1024
    fields = (
        CredentialField(
            "secret",
            _("Secret"),
            _("Your server signs with it who your visitors are. At least 24 characters."),
            shape=rf"(?s).{{{LEAST_SECRET},}}",
            misfit=_("The secret has at least 24 characters, or somebody may guess it."),
            made_up=True,
        ),
        CredentialField(
            "callback_url",
            _("Callback address"),
            _("Only when your own app is a channel: where Heed posts the answers."),
            secret=False,
            place=True,
            required=False,
            shape=ADDRESS,
            misfit=NO_ADDRESS,
        ),
        CredentialField(
            "chat_name",
            _("Name in the chat"),
            _("What visitors see at the top. Empty: the name of the account."),
            secret=False,
            required=False,
        ),
        CredentialField(
            "greeting",
            _("Greeting"),
            _("The first line of an empty chat. Empty: a friendly one in the visitor's language."),
            secret=False,
            required=False,
        ),
        CredentialField(
            "colour",
            _("Colour"),
            _("Of your brand. Empty: Heed’s own."),
            secret=False,
            required=False,
            kind="colour",
            usual="#0a6b74",
        ),
        CredentialField(
            "position",
            _("Position"),
            secret=False,
            required=False,
            kind="choice",
            options=(
                Option("end", _("On the right, in Arabic on the left")),
                Option("start", _("On the left, in Arabic on the right")),
            ),
            usual="end",
        ),
        CredentialField(
            "origins",
            _("Sites that may show the chat"),
            _("Such as https://shop.example, separated by spaces. Empty: every site."),
            secret=False,
            required=False,
            shape=rf"{_ORIGIN}(\s+{_ORIGIN})*",
            misfit=_("Each begins with https:// and ends with its host, such as https://shop.example."),
        ),
    )
    capabilities = Capabilities(
        private=Writing(
            limits=(Limit("chars", TEXT_LIMIT),),
            files=Files(types=ANY_TYPE, most_bytes={"": FILE_BYTES}, count=MOST_FILES),
        ),
        on_private=frozenset({"seen", "typing"}),
        on_private_ours=frozenset({"edit", "delete"}),
        why_not={"react": _("The chat on your site has no reactions.")},
        receipts=frozenset({"delivered", "seen"}),
    )
    guide = Guide(
        steps=(
            _("As base address, name your site. Files that your app sends must lie on its host."),
            _("Save, and copy the script tag with the account's public key into your pages."),
            _("If people sign in on your site, sign their id with the secret that Heed shows then."),
            _("If your own app is a channel, name its callback address and sign its events."),
        ),
        sets_webhook=True,
    )

    server_label = _("Address of your site")
    lost_in_outage = _(
        "What visitors wrote waits in their browsers and comes when they open a page again. What an app of "
        "yours sent must be sent again where Heed did not answer 200."
    )
    when_silent = _(
        "See whether the script tag still stands in your pages, and whether your app still sends."
    )

    def snippet(self, desk: str, external_id: str) -> str:
        return f'<script async src="{desk}/widget/{external_id}.js"></script>' if external_id else ""

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        """An app signs the raw body with the account's secret."""
        if hook.method != "POST":
            return WRONG_METHOD
        given = hook.headers.get(HEADER.lower(), "")
        if not is_signed(account.credentials.get("secret", ""), hook.body, given):
            return REFUSED
        return ADMITTED

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body)

    def check(self, account: AccountRecord) -> Steps[Checked]:
        """Look at what was entered; an app is greeted and told where to send its events."""
        secret = account.credentials.get("secret", "")
        if len(secret) < LEAST_SECRET:
            said = f"the secret has fewer than {LEAST_SECRET} characters"
            raise Refusal("sign_in_again", detail=said, field="secret")
        key = account.external_id or public_key(secret)
        if not KEY.fullmatch(key):
            said = "the public key takes 4 to 64 letters, digits, - and _"
            raise Refusal("not_configured", detail=said, field="external_id")
        if callback_of(account) and account.hook_url:
            hello = {"type": "hello", "at": _now(), "account": key, "hook_url": account.hook_url}
            yield from call(account, hello)
        return Checked(external_id=key, handle=key, facts={"callback": bool(callback_of(account))})

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        if url.startswith("media:"):
            raise Refusal("gone", detail="the upload is no longer there")
        return plain_media(url)

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        """Visitors read it from Heed at once; known people's answers go to the app as well."""
        if not answer.person:
            raise Refusal("unreachable", detail="no receiver")
        if not _is_called_back(account, answer.person):
            return Sent(external_id=answer.key)
        event = {
            "type": "answer",
            "key": answer.key,
            "at": _now(),
            "person": answer.person,
            "text": answer.text,
            "reply_to": answer.to.external_id if answer.to and answer.chosen else None,
            "files": [
                {"name": each.name, "mime": each.mime, "size": each.size, "url": each.url}
                for each in answer.files
            ],
        }
        said = yield from call(account, event, decisive=True)
        return Sent(external_id=_id_in(said) or answer.key)

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        """Ask the app. One that cannot say gets the answer again: by its key it shows it once."""
        if not _is_called_back(account, answer.person):
            return NotThere()
        try:
            said = yield from call(account, {"type": "lookup", "key": answer.key, "at": _now()})
        except Refusal as refusal:
            if refusal.reason in ("bad_request", "unreachable"):
                return NotThere()
            return CannotTell(refusal.after or 20.0)
        return Sent(external_id=_id_in(said) or answer.key) if said.get("found") is True else NotThere()

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        """In the widget all of this is read from Heed; an app is told."""
        if action not in ("seen", "typing", "edit", "delete"):
            raise Refusal("not_allowed", detail=f"the site has no {action}")
        if _is_called_back(account, person):
            event = {"type": action, "at": _now(), "person": person, "id": target.external_id}
            yield from call(account, {**event, "text": value} if action == "edit" else event)
        return {}


def _is_called_back(account: AccountRecord, person: str) -> bool:
    return bool(callback_of(account)) and not person.startswith(NAMELESS)


def _id_in(said: Mapping[str, Any]) -> str:
    given = said.get("id")
    return given[:200] if isinstance(given, str) else ""


def _now() -> str:
    return clock.now().isoformat(timespec="milliseconds")


network = Site()

"""WhatsApp by Meta's Cloud API: private chats with one business number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from heed.channels import base
from heed.channels.base import (
    DIGITS,
    ONLY_DIGITS,
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
    OutgoingFile,
    Refusal,
    Sent,
    Target,
    Template,
    Writing,
)
from heed.channels.meta import webhook
from heed.channels.whatsapp import (
    business,
    calls,
    connecting,
    content,
    interactive,
    reading,
    receipts,
    templates,
)
from heed.lib import clock
from heed.lib.http import AnswerLost, Steps, Unreachable, at_once

T = TypeVar("T")

MEGABYTE = 1024 * 1024
DAY = 24 * 60 * 60
TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
A_RECEIPT_MAY_STILL_COME = 60.0
ASK_AGAIN = 20.0
OFFICE = "application/vnd.openxmlformats-officedocument."
TYPES = (
    "image/jpeg",
    "image/png",
    "video/mp4",
    "video/3gpp",
    "audio/aac",
    "audio/amr",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "text/plain",
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    f"{OFFICE}wordprocessingml.document",
    f"{OFFICE}spreadsheetml.sheet",
    f"{OFFICE}presentationml.presentation",
)
_WITHOUT_CAPTION = frozenset({"audio"})
_BUSINESS_SCOPED = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]+")


class WhatsApp(base.Network):
    name = "whatsapp"
    label = "WhatsApp"
    short = "w"
    colour = "#128c7e"
    base_url = "https://graph.facebook.com"
    body_limit = 4 * MEGABYTE
    media_hosts: tuple[str, ...] = (".fbsbx.com", ".fbcdn.net", ".whatsapp.net")
    shared_secret = "app_secret"  # noqa: S105  the name of a field, not a secret
    fields: tuple[CredentialField, ...] = (
        CredentialField(
            "phone_number_id",
            _("Phone number ID"),
            _("In your Meta app: WhatsApp, API Setup, below the number. It is not the number itself."),
            secret=False,
            shape=DIGITS,
            misfit=ONLY_DIGITS,
        ),
        CredentialField(
            "business_account_id",
            _("WhatsApp Business account ID"),
            _("On the same page, beside the phone number ID."),
            secret=False,
            shape=DIGITS,
            misfit=ONLY_DIGITS,
        ),
        CredentialField(
            "access_token",
            _("Access token"),
            _("A system user's token that does not expire, with permission to manage and to message."),
        ),
        CredentialField(
            "app_secret",
            _("App secret"),
            _("In your Meta app: App settings, Basic. While you exchange it, enter the new and the old one."),
        ),
        CredentialField(
            "verify_token",
            _("Verify token"),
            _("A word of your choice. Enter the same one in your Meta app, beside the webhook address."),
            made_up=True,
        ),
    )
    capabilities = Capabilities(
        private=Writing(
            limits=(Limit("chars", TEXT_LIMIT),),
            files=Files(
                TYPES,
                {
                    "image/": 5 * MEGABYTE,
                    "audio/": 16 * MEGABYTE,
                    "video/": 16 * MEGABYTE,
                    "": 100 * MEGABYTE,
                },
                count=1,
            ),
            window=DAY,
            templates=True,
            choices=interactive.FORMS,
        ),
        on_private=frozenset({"react", "unreact", "seen", "typing"}),
        why_not={
            "edit": _("WhatsApp does not let programs change a message."),
            "delete": _("WhatsApp does not let programs take a message back."),
        },
        reactions=("*",),
        receipts=frozenset({"delivered", "seen"}),
    )
    guide = Guide(
        steps=(
            _("At developers.facebook.com make an app of the type Business with the product WhatsApp."),
            _("Under WhatsApp, API Setup, register the number and copy the two IDs into this form."),
            _("In Meta Business settings make a system user and give it the app and the WhatsApp account."),
            _("Generate a token for it that never expires, with the permissions below."),
            _("From App settings, Basic, copy the app secret."),
            _("Connect. Heed enters its webhook address in your app and subscribes the WhatsApp account."),
            _("Write to the number from a phone. A ticket appears."),
        ),
        permissions=connecting.PERMISSIONS,
        console="https://developers.facebook.com/apps/",
    )
    lost_in_outage = _(
        "Meta repeats for up to 7 days what it could not deliver. It keeps no history that could be asked "
        "for: what a longer outage swallowed is lost."
    )

    def known_as(self, account: AccountRecord) -> frozenset[str]:
        return business.known_as(account)

    # --------------------------------------------------------------------------- the door

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        return webhook.admit(hook, account)

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body)

    # ------------------------------------------------------------------------ connecting

    def check(self, account: AccountRecord) -> Steps[Checked]:
        return connecting.checked(account)

    def templates(self, account: AccountRecord) -> Steps[list[Template]]:
        return templates.approved(account)

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        """The id becomes an address that lives for five minutes and wants our token."""
        media_id = quote(url.removeprefix(content.MEDIA), safe="")
        found = yield from calls.get(account, media_id, phone_number_id=account.external_id)
        address = str(found.get("url") or "")
        if not address:
            raise Refusal("gone", detail="Meta names no address for this file.")
        return MediaSource(address, calls.bearer(account))

    # --------------------------------------------------------------------------- writing

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        """One message; two where the text cannot stand under the file."""
        parts = yield from _parts(account, answer)
        sent: list[Sent] = []
        for part in parts:
            body = {**_envelope(answer, whole=len(parts) == 1), **part}
            try:
                sent.append((yield from self._send_one(account, body)))
            except (Refusal, Unreachable) as error:
                if not sent:
                    raise
                # The file is with the customer: sending all of it again would repeat that.
                raise AnswerLost(f"only the file went out: {error}") from error
        last = sent[-1]
        return Sent(last.external_id, person=last.person, more=tuple(each.external_id for each in sent[:-1]))

    def _send_one(self, account: AccountRecord, body: dict[str, Any]) -> Steps[Sent]:
        done = yield from calls.post(account, f"{account.external_id}/messages", body, decisive=True)
        message_id = _first(done, "messages").get("id")
        if not message_id:
            raise AnswerLost("WhatsApp took the message and gave no id")
        return Sent(str(message_id), person=str(_first(done, "contacts").get("user_id") or ""))

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        """Nothing can be asked. A receipt with our key may still come for a while; then a person decides."""
        started = answer.tried or answer.started or answer.created or clock.now()
        waited = (clock.now() - started).total_seconds()
        return at_once(CannotTell(ASK_AGAIN if waited < A_RECEIPT_MAY_STILL_COME else None))

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        if not target.external_id:
            raise Refusal("bad_request", detail=f"{action} needs a message")
        deed = _deed(action, target, person, value)
        yield from calls.post(account, f"{account.external_id}/messages", deed)
        return {}


# --------------------------------------------------------------------------------- writing


def _envelope(answer: Answer, *, whole: bool) -> dict[str, Any]:
    """To whom, about what, and what the receipts bring back.

    A receipt holds no words, so it can stand for an answer only where one message is all of it.
    """
    provable = whole and not (answer.text and answer.files)
    quoted = answer.to.external_id if answer.to is not None and answer.chosen else ""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_receiver(answer.person),
        **({"context": {"message_id": quoted}} if quoted else {}),
        "biz_opaque_callback_data": f"{receipts.KEY if provable else 'part:'}{answer.key}",
    }


def _receiver(person: str) -> dict[str, str]:
    """Two kinds of id, each with a field of its own: one that Meta scopes to the business, or a number."""
    if not person:
        raise Refusal("unreachable", detail="no receiver")
    return {"recipient" if _BUSINESS_SCOPED.fullmatch(person) else "to": person}


def _parts(account: AccountRecord, answer: Answer) -> Steps[list[dict[str, Any]]]:
    """The messages that make up an answer, its file already uploaded. Raises `Refusal`."""
    if not answer.person:
        raise Refusal("unreachable", detail="no receiver")
    if answer.template is not None:
        return [templates.part_of(answer.template)]
    if len(answer.text) > TEXT_LIMIT:
        raise Refusal("too_long")
    if len(answer.files) > 1:
        raise Refusal("file_refused", detail="one file at a time")
    if answer.choices is not None and answer.files:
        raise Refusal("file_refused", detail="choices stand under a text alone")
    if answer.choices is not None:
        return [interactive.part_of(answer.key, answer.text, answer.choices)]
    text = {"type": "text", "text": {"body": answer.text, "preview_url": False}}
    if not answer.files:
        return [text]
    kind, named = yield from _uploaded(account, answer.files[0])
    if answer.text and kind not in _WITHOUT_CAPTION and len(answer.text) <= CAPTION_LIMIT:
        return [{"type": kind, kind: {**named, "caption": answer.text}}]
    file = {"type": kind, kind: named}
    return [file, text] if answer.text else [file]


def _uploaded(account: AccountRecord, file: OutgoingFile) -> Steps[tuple[str, dict[str, str]]]:
    made = yield from calls.upload(account, f"{account.external_id}/media", file)
    media_id = str(made.get("id") or "")
    if not media_id:
        raise Refusal("file_refused", detail="Meta gave no id for the file.")
    kind = file.mime.partition("/")[0]
    if kind in ("image", "video", "audio"):
        return kind, {"id": media_id}
    return "document", {"id": media_id, "filename": file.name}


def _deed(action: Action, target: Target, person: str, value: str) -> dict[str, Any]:
    about = {"messaging_product": "whatsapp", "message_id": target.external_id}
    match action:
        case "seen":
            return {**about, "status": "read"}
        case "typing":  # it marks the message as read as well
            return {**about, "status": "read", "typing_indicator": {"type": "text"}}
        case "react" | "unreact":
            emoji = value if action == "react" else ""
            return {
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                **_receiver(person),
                "type": "reaction",
                "reaction": {"message_id": target.external_id, "emoji": emoji},
            }
    raise Refusal("not_allowed", detail=f"WhatsApp has no {action}")


def _first(record: dict[str, Any], name: str) -> dict[str, Any]:
    rows = record.get(name)
    row = rows[0] if isinstance(rows, list) and rows else None
    return row if isinstance(row, dict) else {}


network: base.Network = WhatsApp()

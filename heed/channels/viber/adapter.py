"""Viber business accounts (bots): private chats over one webhook per account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from heed.channels.base import (
    ADMITTED,
    REFUSED,
    SEEN_TO,
    WRONG_METHOD,
    AccountRecord,
    Action,
    Admission,
    Answer,
    CannotTell,
    Capabilities,
    Checked,
    ChoiceForm,
    CredentialField,
    Files,
    Finding,
    Guide,
    Hook,
    IdentitySeen,
    Inbound,
    Limit,
    Network,
    OutgoingFile,
    Refusal,
    Sent,
    Target,
    Wanted,
    Writing,
)
from heed.channels.viber import reading
from heed.channels.viber.calls import NO_WEBHOOK, call
from heed.channels.viber.payload import User
from heed.lib import clock
from heed.lib.crypto import hmac_sha256_hex, same
from heed.lib.http import AnswerLost, Steps, Unreachable, at_once

T = TypeVar("T")

TEXT_LIMIT = 7000
CAPTION_LIMIT = 512
SENDER_NAME_LIMIT = 28
FILE_NAME_LIMIT = 256
MEGABYTE = 1024 * 1024
PICTURES = ("image/jpeg", "image/png")
VIDEO = "video/mp4"
ANY_TYPE = ("image/*", "video/*", "audio/*", "application/*", "text/*")
MOST_BYTES = {**dict.fromkeys(PICTURES, MEGABYTE), VIDEO: 26 * MEGABYTE, "": 50 * MEGABYTE}
KEYBOARD = ChoiceForm(most=12, title=Limit("chars", 64))
"""Viber only limits the whole message, to 30 KB; with these all of it is seen on a phone."""
EVENT_TYPES = ["delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started"]
A_RECEIPT_MAY_STILL_COME = 60.0
ASK_AGAIN = 20.0


class Viber(Network):
    """Sources: the vendor's REST pages; the figures are theirs."""

    name = "viber"
    label = "Viber"
    short = "v"
    colour = "#7360f2"
    base_url = "https://chatapi.viber.com"
    body_limit = 256 * 1024
    fields = (
        CredentialField(
            "auth_token",
            _("Authentication token"),
            _("You find it in the Viber Admin Panel, on the page of your bot, under Edit info."),
        ),
    )
    media_hosts = (".viber.com",)
    capabilities = Capabilities(
        private=Writing(
            limits=(Limit("chars", TEXT_LIMIT),),
            files=Files(types=ANY_TYPE, most_bytes=MOST_BYTES, count=1, fetched=True),
            choices=(KEYBOARD,),
        ),
        why_not={
            "react": _("Viber does not let bots react to a message."),
            "seen": _("Viber does not let bots show that they read a message."),
            "edit": _("Viber does not let bots change a message."),
            "delete": _("Viber does not let bots take a message back."),
        },
        receipts=frozenset({"delivered", "seen"}),
    )
    guide = Guide(
        steps=(
            _("Have a Viber partner, or Viber's own form for businesses, make a bot; it costs money."),
            _("In the Viber Admin Panel open the bot, Edit info, and copy the token into this form."),
            _("Connect. Heed sets the webhook by itself; Viber tries at once whether it answers."),
            _("Write to the bot from a phone. A ticket appears."),
        ),
        console="https://partners.viber.com/",
    )
    lost_in_outage = _(
        "Viber repeats for about an hour what it could not deliver. It keeps no history that could be asked "
        "for: what a longer outage swallowed is lost."
    )

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        """The signature is over the raw body, keyed by the account's own token."""
        if hook.method != "POST":
            return WRONG_METHOD
        token = account.credentials.get("auth_token", "")
        signature = hook.headers.get("x-viber-content-signature", "")
        if not token or not same(signature, hmac_sha256_hex(token, hook.body)):
            return REFUSED
        return ADMITTED

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body)

    def check(self, account: AccountRecord) -> Steps[Checked]:
        """While the webhook is set, Viber calls it once and wants a 200."""
        info = yield from call(account, "get_account_info", {})
        if account.hook_url:
            yield from _set_webhook(account)
        is_known = bool(account.facts.keys() - {SEEN_TO})
        is_ours = info.get("webhook") == account.hook_url
        uri = str(info.get("uri", ""))
        subscribers = info.get("subscribers_count")
        return Checked(
            external_id=str(info.get("id") or uri),
            name=str(info.get("name", "")),
            handle=uri,
            facts={"subscribers": subscribers} if isinstance(subscribers, int) else {},
            lost=("webhook",) if is_known and not is_ours else (),
        )

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        """People only; Viber allows two calls per person in twelve hours."""
        if wanted.what != "person":
            return []
        answer = yield from call(account, "get_user_details", {"id": wanted.external_id})
        try:
            user = User.model_validate(answer.get("user"))
        except ValidationError:
            return []
        return [IdentitySeen(person=reading.person_of(user))]

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        """A picture takes a short text along; any other file and its text are two messages."""
        tokens: list[str] = []
        for message in _messages(answer):
            try:
                tokens.append((yield from self._send_one(account, answer, message)))
            except (Refusal, Unreachable) as error:
                if not tokens:
                    raise
                # The first half is with the customer: sending all of it again would repeat that.
                raise AnswerLost(f"only the file went out: {error}") from error
        return Sent(external_id=tokens[0], more=tuple(tokens[1:]))

    def _send_one(self, account: AccountRecord, answer: Answer, message: dict[str, Any]) -> Steps[str]:
        fields = {
            "receiver": answer.person,
            "min_api_version": 1,
            "sender": {"name": account.name[:SENDER_NAME_LIMIT]},
            "tracking_data": answer.key,
            **message,
        }
        try:
            done = yield from _call_with_webhook(account, "send_message", fields)
        except Refusal as refusal:
            if refusal.reason == "bad_request" and "media" in message:
                raise Refusal("file_refused", code=refusal.code, detail=refusal.detail) from refusal
            raise
        token = done.get("message_token")
        if not isinstance(token, int):
            raise AnswerLost("Viber took the message and gave no token")
        return str(token)

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        """Viber offers nothing to ask. A receipt may still come for a while; then a person decides."""
        started = answer.tried or answer.started or clock.now()
        waited = (clock.now() - started).total_seconds()
        return at_once(CannotTell(ASK_AGAIN if waited < A_RECEIPT_MAY_STILL_COME else None))

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        yield from ()
        raise Refusal("not_allowed", detail=f"Viber has no {action}")


def _set_webhook(account: AccountRecord) -> Steps[None]:
    hook = {"url": account.hook_url, "event_types": EVENT_TYPES, "send_name": True, "send_photo": True}
    yield from call(account, "set_webhook", hook)


def _call_with_webhook(account: AccountRecord, method: str, fields: dict[str, Any]) -> Steps[dict[str, Any]]:
    """Viber sends nothing for a bot without a webhook: where it has lost ours, it is set again first."""
    try:
        return (yield from call(account, method, fields, decisive=True))
    except Refusal as refusal:
        if refusal.code != NO_WEBHOOK:
            raise
    yield from _set_webhook(account)
    return (yield from call(account, method, fields, decisive=True))


def _messages(answer: Answer) -> Iterator[dict[str, Any]]:
    """The messages that make up an answer. Raises `Refusal` for what Viber would not take."""
    if not answer.person:
        raise Refusal("unreachable", detail="no receiver")
    if len(answer.text) > TEXT_LIMIT:
        raise Refusal("too_long")
    if len(answer.files) > 1:
        raise Refusal("file_refused", detail="one file at a time")
    text = {"type": "text", "text": answer.text, **_keyboard(answer)}
    if not answer.files:
        return iter([text])
    file = _file(answer.files[0])
    if not answer.text:
        return iter([file])
    if file["type"] == "picture" and len(answer.text) <= CAPTION_LIMIT:
        return iter([{**file, "text": answer.text}])
    return iter([file, text])


def _keyboard(answer: Answer) -> dict[str, Any]:
    """The choices as buttons where the customer types: a tap sends the words as their own message. Raises
    `Refusal` for what would not fit."""
    if answer.choices is None:
        return {}
    if answer.files or not KEYBOARD.takes(answer.choices.items):
        raise Refusal("bad_request", detail="choices that Viber cannot show")
    buttons = [
        {"Columns": 6, "Rows": 1, "ActionType": "reply", "ActionBody": each.title, "Text": each.title}
        for each in answer.choices.items
    ]
    return {"keyboard": {"Type": "keyboard", "DefaultHeight": False, "Buttons": buttons}}


def _file(file: OutgoingFile) -> dict[str, Any]:
    """A file as Viber wants it: an address from where it fetches it."""
    if not file.url:
        raise Refusal("file_refused", detail="Viber fetches files from a public address, and there is none")
    if file.size > MOST_BYTES.get(file.mime, MOST_BYTES[""]):
        raise Refusal("file_refused", detail="too large")
    if file.mime in PICTURES:
        return {"type": "picture", "text": "", "media": file.url}
    if file.mime == VIDEO:
        return {"type": "video", "media": file.url, "size": file.size}
    return {"type": "file", "media": file.url, "size": file.size, "file_name": _short_name(file.name)}


def _short_name(name: str) -> str:
    """The name within Viber's limit, its ending kept."""
    stem, dot, ending = name.rpartition(".")
    if len(name) <= FILE_NAME_LIMIT or not dot:
        return name[:FILE_NAME_LIMIT]
    return f"{stem[: FILE_NAME_LIMIT - len(ending) - 1]}.{ending}"[:FILE_NAME_LIMIT]


network = Viber()

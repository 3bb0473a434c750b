"""Telegram bots: private chats with the bot, and those of a business account it is connected to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _

from heed.channels.base import (
    ADMITTED,
    REFUSED,
    SEEN_TO,
    WRONG_METHOD,
    AccountRecord,
    Action,
    Admission,
    Answer,
    Barred,
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
    Permission,
    Refusal,
    Sent,
    Target,
    Writing,
    plain_media,
)
from heed.channels.telegram import acting, reading, writing
from heed.channels.telegram.calls import address, call
from heed.channels.telegram.payload import Connection
from heed.lib import clock
from heed.lib.crypto import hmac_sha256_hex, same
from heed.lib.http import Steps, at_once

T = TypeVar("T")

ANY_TYPE = ("image/*", "video/*", "audio/*", "application/*", "text/*")
DAY = 24 * 60 * 60


RIGHTS = (
    Permission("can_reply", _("Business accounts only: to answer in their chats."), needed=False),
    Permission("can_read_messages", _("Business accounts only: to show that we read."), needed=False),
    Permission("can_delete_sent_messages", _("Business accounts only: to take answers back."), needed=False),
)

GIVEN = "business_rights"
"""The fact of which rights some open business connection gives."""
MUTE = "business_mute"
"""The fact of which open business connections give us no right to reply."""
_NO_REPLY = _("The owner of this business account does not let the bot write.")

_LET_IT = _("In that account, in Settings, Telegram Business, Chatbots, the owner can let the bot reply.")
_PUT_OUT = _("The owner of this business account took the bot out of their chats.")
_LET_IN = _("In that account, in Settings, Telegram Business, Chatbots, the owner can let the bot in again.")
MOST_ENDED = 50
"""So many business connections that ended are kept in mind, and asked for again at each check."""

_ONLY_WITH: tuple[tuple[str, Action, Any], ...] = (
    ("can_reply", "edit", _NO_REPLY),
    (
        "can_read_messages",
        "seen",
        _("The owner of this business account does not let the bot mark messages as seen."),
    ),
    (
        "can_delete_sent_messages",
        "delete",
        _("The owner of this business account does not let the bot delete what it sent."),
    ),
)
"""What needs a right in the chats of business accounts, and why it cannot be done without."""


class Telegram(Network):
    """Sources: the Bot API as of 10.3, by way of its clients; the figures are theirs."""

    name = "telegram"
    label = "Telegram"
    short = "tg"
    colour = "#1a78a8"
    base_url = "https://api.telegram.org"
    body_limit = 1024 * 1024
    fields = (
        CredentialField(
            "bot_token",
            _("Bot token"),
            _("@BotFather gives it when the bot is made, and again with /token."),
            shape=r"\d+:[A-Za-z0-9_-]{30,}",
            misfit=_("A bot token is a number, a colon and some 35 letters, as @BotFather gives it."),
        ),
    )
    media_hosts = ("api.telegram.org",)
    capabilities = Capabilities(
        private=Writing(
            limits=(Limit("utf16", writing.TEXT_LIMIT),),
            files=Files(types=ANY_TYPE, most_bytes={"": writing.FILE_BYTES}, count=writing.ALBUM_LIMIT),
            windows={reading.BUSINESS: DAY},
            choices=(writing.KEYBOARD,),
            caption=Limit("utf16", writing.CAPTION_LIMIT),
        ),
        on_private=frozenset({"react", "unreact", "seen", "typing"}),
        on_private_ours=frozenset({"edit", "delete"}),
        only={reading.BUSINESS: frozenset({"seen", "typing", "edit", "delete"})},
        why_not={"react": _("Telegram lets bots react only in their own chats.")},
        reactions=acting.REACTIONS,
        delete_within=2 * DAY,
    )
    guide = Guide(
        steps=(
            _("In Telegram, write /newbot to @BotFather and choose a name and a username."),
            _("Copy the token it gives into this form, and connect. Heed sets the webhook by itself."),
            _("To answer in the chats of a business account, let @BotFather switch on Business Mode."),
            _("Then, in that account: Settings, Telegram Business, Chatbots; give the bot the rights below."),
            _("Write to the bot from another account. A ticket appears."),
        ),
        permissions=RIGHTS,
        console="https://t.me/BotFather",
    )
    lost_in_outage = _(
        "Telegram keeps for up to 24 hours what it could not deliver. It has no history that could be asked "
        "for: what a longer outage swallowed is lost."
    )

    def able(self, facts: Mapping[str, Any]) -> Capabilities:
        """In the chats of business accounts no more than some owner lets the bot do: what one of several
        keeps back, Telegram refuses in that one's chats."""
        can, given = self._answering(facts), facts.get(GIVEN) or {}
        without = {action: why for right, action, why in _ONLY_WITH if given.get(right) is False}
        if not without:
            return can
        only = {**can.only, reading.BUSINESS: can.only[reading.BUSINESS].difference(without)}
        return replace(can, only=only, why_not={**can.why_not, **without})

    def _answering(self, facts: Mapping[str, Any]) -> Capabilities:
        """No answers in the chats of an owner who put the bot out, or does not let it reply."""
        can = self.capabilities
        ended, mute = (frozenset(facts.get(name, ())) for name in (reading.ENDED, MUTE))
        if can.private is None or not ended | mute:
            return can
        barred = (
            Barred("business", ended, _PUT_OUT, _LET_IN),
            Barred("business", mute, _NO_REPLY, _LET_IT),
        )
        return replace(can, private=replace(can.private, barred=barred))

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        """Telegram signs nothing: it repeats the secret we gave it with the webhook's address."""
        if hook.method != "POST":
            return WRONG_METHOD
        given = hook.headers.get("x-telegram-bot-api-secret-token", "")
        if not account.credentials.get("bot_token") or not same(given, secret_of(account)):
            return REFUSED
        return ADMITTED

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body)

    def check(self, account: AccountRecord) -> Steps[Checked]:
        """Set the webhook, having asked how the last one fared. The kinds of updates are always named:
        what is left out would stay as it was before."""
        me = yield from call(account, "getMe", {})
        if not isinstance(me, dict) or not isinstance(me.get("id"), int):
            raise Refusal("network_down", retry=True, detail="Telegram did not say which bot this is")
        info = yield from call(account, "getWebhookInfo", {})
        hook = {
            "url": account.hook_url,
            "secret_token": secret_of(account),
            "allowed_updates": reading.UPDATES,
        }
        try:
            if account.hook_url:
                yield from call(account, "setWebhook", hook)
        except Refusal as refusal:
            if refusal.reason != "bad_request":
                raise
            raise Refusal("not_configured", code=refusal.code, detail=refusal.detail) from refusal
        open_ones, ended = yield from _connections(account)
        rights = [each.rights.model_dump() for each in open_ones]
        facts = _facts(info if isinstance(info, dict) else {}) | _business(open_ones, ended)
        return Checked(
            str(me["id"]),
            str(me.get("first_name", "")),
            str(me.get("username", "")),
            missing=tuple(each.name for each in RIGHTS if not all(one[each.name] for one in rights)),
            facts=facts,
            lost=_lost(account, info),
        )

    def permissions(self, facts: Mapping[str, Any]) -> tuple[Permission, ...]:
        """Only who connected the bot to a business account is asked for its rights."""
        return RIGHTS if facts.get(reading.CONNECTIONS) else ()

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        """A file's address holds the token and is good for an hour: it is asked for at the last moment."""
        if not url.startswith(reading.MEDIA):
            return (yield from plain_media(url))
        file = yield from call(account, "getFile", {"file_id": url.removeprefix(reading.MEDIA)})
        path = file.get("file_path") if isinstance(file, dict) else None
        if not isinstance(path, str) or not path:
            raise Refusal("network_down", retry=True, detail="Telegram did not say where the file is")
        return MediaSource(address(account, "file", path))

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        return writing.send(account, answer)

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        """There is nothing to ask and no receipt to wait for: a person decides."""
        return at_once(CannotTell(None))

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        yield from acting.act(account, action, target, person, value)
        return {}


def _lost(account: AccountRecord, info: Any) -> tuple[str, ...]:
    """A webhook that was ours at the last check and is another's, or gone."""
    there = info.get("url") if isinstance(info, dict) else None
    is_known = bool(account.facts.keys() - {SEEN_TO})
    return ("webhook",) if is_known and there not in (None, account.hook_url) else ()


def _connections(account: AccountRecord) -> Steps[tuple[list[Connection], list[str]]]:
    """Of the business connections that we have been told of: those that are open, and the ids of those that
    ended, the last ones last. One that ended may have been opened again without our hearing of it."""
    found: list[Connection] = []
    told, ended = account.facts.get(reading.CONNECTIONS, ()), account.facts.get(reading.ENDED, ())
    for each in dict.fromkeys([*told, *ended]):
        try:
            raw = yield from call(account, "getBusinessConnection", {"business_connection_id": each})
        except Refusal as refusal:
            if refusal.retry or refusal.reason == "sign_in_again":
                raise
            continue
        found.append(Connection.model_validate(raw))
    open_ones = [each for each in found if each.is_enabled]
    opened = {each.id for each in open_ones}
    return open_ones, [each for each in dict.fromkeys([*ended, *told]) if each not in opened][-MOST_ENDED:]


def _business(open_ones: list[Connection], ended: list[str]) -> dict[str, Any]:
    """What is known of business connections; nothing without any. Where all have ended no right is given."""
    if not open_ones and not ended:
        return {}
    rights = [each.rights.model_dump() for each in open_ones]
    facts: dict[str, Any] = {
        GIVEN: {each.name: any(one[each.name] for one in rights) for each in RIGHTS},
        MUTE: [each.id for each in open_ones if not each.rights.can_reply],
    }
    if open_ones:
        facts[reading.CONNECTIONS] = [each.id for each in open_ones]
    if ended:
        facts[reading.ENDED] = ended
    return facts


def secret_of(account: AccountRecord) -> str:
    """The webhook's secret. Made from the token, it needs no place of its own and changes with it."""
    return hmac_sha256_hex(account.credentials.get("bot_token", ""), b"heed telegram webhook")


def _facts(info: Mapping[str, Any]) -> dict[str, Any]:
    """How many updates wait at Telegram, and what went wrong when it last tried to deliver one."""
    failed_at, words = info.get("last_error_date"), info.get("last_error_message")
    facts: dict[str, Any] = {"waiting": info.get("pending_update_count", 0)}
    if isinstance(failed_at, int) and words:
        facts |= {"last_error": str(words)[:300], "last_error_at": clock.from_unix(failed_at).isoformat()}
    return facts


network = Telegram()

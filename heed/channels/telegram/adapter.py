"""Telegram bots: private chats with the bot, and those of a business account it is connected to."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, TypeVar

from django.utils.translation import gettext_lazy as _

from heed.channels.base import (
    ADMITTED,
    REFUSED,
    WRONG_METHOD,
    AccountRecord,
    Action,
    Admission,
    Answer,
    CannotTell,
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
    Network,
    Refusal,
    Sent,
    Target,
    Wanted,
    Writing,
    plain_media,
)
from heed.channels.telegram import reading, writing
from heed.channels.telegram.calls import address, call
from heed.lib.crypto import hmac_sha256_hex, same
from heed.lib.http import Request, Response, Steps

T = TypeVar("T")

ANY_TYPE = ("image/*", "video/*", "audio/*", "application/*", "text/*")
LIKE = {"type": "emoji", "emoji": "👍"}


class Telegram(Network):
    """Sources: the Bot API as of 10.3, by way of its clients; the figures are theirs."""

    name = "telegram"
    label = "Telegram"
    short = "tg"
    colour = "#1a78a8"
    base_url = "https://api.telegram.org"
    body_limit = 1024 * 1024
    polls = False
    shared_secret = ""
    fields = (
        CredentialField(
            "bot_token",
            _("Bot token"),
            _("@BotFather gives it when the bot is made, and again with /token."),
        ),
    )
    media_hosts = ("api.telegram.org",)
    capabilities = Capabilities(
        private=Writing(
            limits=(Limit("utf16", writing.TEXT_LIMIT),),
            files=Files(types=ANY_TYPE, most_bytes={"": writing.FILE_BYTES}, count=writing.ALBUM_LIMIT),
        ),
        on_private=frozenset({"like", "unlike", "seen", "typing"}),
    )

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
        """The kinds of updates are always named: what is left out would stay as it was before."""
        me = yield from call(account, "getMe", {})
        if not isinstance(me, dict) or not isinstance(me.get("id"), int):
            raise Refusal("network_down", retry=True, detail="Telegram did not say which bot this is")
        hook = {
            "url": account.hook_url,
            "secret_token": secret_of(account),
            "allowed_updates": reading.UPDATES,
        }
        try:
            yield from call(account, "setWebhook", hook)
        except Refusal as refusal:
            if refusal.reason != "bad_request":
                raise
            raise Refusal("not_configured", code=refusal.code, detail=refusal.detail) from refusal
        return Checked(str(me["id"]), str(me.get("first_name", "")), str(me.get("username", "")))

    def renew(self, account: AccountRecord) -> Steps[dict[str, str]]:
        """The token does not expire; when it is refused only a new one helps."""
        yield from ()
        raise Refusal("sign_in_again")

    def collect(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        """Telegram keeps no history that could be asked for."""
        return _at_once(Collected((), cursor))

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        """Every update brings what Telegram tells of a person."""
        return _at_once([])

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
        return _at_once(CannotTell(None))

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        place = {"chat_id": writing.chat_of(person), **writing.whereabouts(target)}
        business = "business_connection_id" in place
        message = {"chat_id": place["chat_id"], "message_id": reading.number_of(target.external_id)}
        match action:
            case "typing":
                yield from call(account, "sendChatAction", {**place, "action": "typing"})
            case "seen" if business:
                connection = {"business_connection_id": place["business_connection_id"]}
                yield from call(account, "readBusinessMessage", {**connection, **message})
            case "seen":
                pass  # in its own chats a bot cannot show that it read anything
            case "like" | "unlike" if not business:
                reaction = [LIKE] if action == "like" else []
                yield from call(account, "setMessageReaction", {**message, "reaction": reaction})
            case _:
                raise Refusal("not_allowed", detail=f"Telegram lets bots do no {action} here")
        return {}


def secret_of(account: AccountRecord) -> str:
    """The webhook's secret. Made from the token, it needs no place of its own and changes with it."""
    return hmac_sha256_hex(account.credentials.get("bot_token", ""), b"heed telegram webhook")


def _at_once(result: T) -> Generator[Request, Response, T]:
    """Steps that need to ask nobody."""
    yield from ()
    return result


network = Telegram()

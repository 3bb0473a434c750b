"""LINE official accounts: private chats over one webhook per account."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from heed.channels.base import (
    ADMITTED,
    DIGITS,
    ONLY_DIGITS,
    REFUSED,
    WRONG_METHOD,
    AccountRecord,
    Action,
    Admission,
    Answer,
    Capabilities,
    Checked,
    CredentialField,
    Files,
    Finding,
    Guide,
    Hook,
    IdentitySeen,
    Inbound,
    Limit,
    MediaSource,
    Network,
    Permission,
    Quota,
    Refusal,
    Sent,
    Target,
    Wanted,
    Writing,
    plain_media,
)
from heed.channels.line import calls, reading, writing
from heed.channels.line.calls import call
from heed.channels.line.payload import Profile
from heed.lib import clock
from heed.lib.crypto import hmac_sha256_hex, same
from heed.lib.http import Steps

T = TypeVar("T")

DOTS_SHOWN = 20
"""Seconds; an answer ends them. LINE wants a multiple of five from 5 to 60."""
USE_WEBHOOK = "Use webhook"
WEBHOOK = "webhook"
"""In `facts`: whether our webhook was set and switched on at the last check."""


class Line(Network):
    """Sources: the vendor's OpenAPI description of July 2026 and its pages."""

    name = "line"
    label = "LINE"
    short = "l"
    colour = "#06873c"
    base_url = calls.PUBLIC
    body_limit = 1024 * 1024
    fields = (
        CredentialField(
            "channel_id",
            _("Channel ID"),
            _("LINE Developers Console, your Messaging API channel, tab Basic settings."),
            secret=False,
            shape=DIGITS,
            misfit=ONLY_DIGITS,
        ),
        CredentialField(
            "channel_secret",
            _("Channel secret"),
            _("On the same tab. Heed makes the short-lived access tokens with it by itself."),
            shape=r"[0-9a-fA-F]{32}",
            misfit=_("A channel secret has 32 digits and letters from a to f."),
        ),
    )
    media_hosts = ("api-data.line.me", ".line-scdn.net", "obs.line-apps.com")
    capabilities = Capabilities(
        private=Writing(
            limits=(Limit("utf16", writing.TEXT_LIMIT),),
            files=Files(
                types=(*writing.PICTURES, *writing.FILMS, *writing.SOUNDS),
                most_bytes={"image/": writing.PICTURE_BYTES, "": writing.FILE_BYTES},
                count=writing.MOST_MESSAGES - 1,
                fetched=True,
                timed=writing.SOUNDS,
            ),
            quota=writing.QUOTA,
            choices=(writing.QUICK_REPLIES,),
        ),
        on_private=frozenset({"seen", "typing"}),
        why_not={
            "delete": _("LINE does not let an official account take a message back."),
            "edit": _("LINE does not let an official account change a message."),
            "react": _("LINE does not let an official account react to a message."),
        },
    )
    guide = Guide(
        steps=(
            _("Open your provider in the LINE Developers Console, and in it your Messaging API channel."),
            _("On the tab Basic settings, copy the channel ID and the channel secret into this form."),
            _("Connect. Heed enters its webhook address at LINE and has LINE try it."),
            _("On the tab Messaging API, switch on Use webhook and Webhook redelivery."),
            _("In LINE Official Account Manager, switch off auto-response messages: they answer for you."),
            _("Write to the account from a phone. A ticket appears."),
        ),
        permissions=(Permission(USE_WEBHOOK, _("Without it LINE sends nothing that customers write.")),),
        console="https://developers.line.biz/console/",
    )
    lost_in_outage = _(
        "LINE keeps no history that can be asked for. What it could not deliver comes later only if "
        "Webhook redelivery is on, and not after a long outage."
    )

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        """The signature is over the raw body, keyed by the channel's secret."""
        if hook.method != "POST":
            return WRONG_METHOD
        secret = account.credentials.get("channel_secret", "")
        given = hook.headers.get("x-line-signature", "")
        if not secret or not same(given, signature(secret, hook.body)):
            return REFUSED
        return ADMITTED

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body)

    def check(self, account: AccountRecord) -> Steps[Checked]:
        """Who the account is, whether LINE reaches us, and what may still be sent this month."""
        bot = yield from call(account, "GET", "info")
        if not isinstance(bot.get("userId"), str):
            raise Refusal("network_down", retry=True, detail="LINE did not say which account this is")
        is_on = stood = not account.hook_url
        if account.hook_url:
            is_on, stood = yield from _point_webhook_at_us(account)
        left = yield from writing.messages_left(account)
        return Checked(
            external_id=bot["userId"],
            name=str(bot.get("displayName", "")),
            handle=str(bot.get("premiumId") or bot.get("basicId") or ""),
            missing=() if is_on else (USE_WEBHOOK,),
            quotas=(Quota(writing.QUOTA, max(left[0], 0), left[1]),) if left else (),
            again_at=writing.next_month(clock.now()) if left else None,
            facts={WEBHOOK: is_on},
            lost=() if stood or not account.facts.get(WEBHOOK) else (WEBHOOK,),
        )

    def renew(self, account: AccountRecord) -> Steps[dict[str, str]]:
        return calls.renew(account)

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        """People only: no delivery brings their names. LINE shows nothing of who blocked the account."""
        if wanted.what != "person":
            return []
        try:
            found = yield from call(account, "GET", f"profile/{quote(wanted.external_id, safe='')}")
            profile = Profile.model_validate(found)
        except ValidationError:
            return []
        except Refusal as refusal:
            if refusal.retry or refusal.code not in ("400", "404"):
                raise
            return []
        return [IdentitySeen(person=reading.person_of(profile))]

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        """What customers sent lies behind our token. While LINE still prepares it, it answers 202."""
        if not url.startswith(reading.MEDIA):
            return (yield from plain_media(url))
        message = quote(url.removeprefix(reading.MEDIA), safe="")
        place = f"{calls.data_url(account)}/v2/bot/message/{message}/content"
        return MediaSource(place, calls.headers(account))

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        return writing.send(account, answer)

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        return writing.find(account, answer)

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        match action:
            case "typing":
                dots = {"chatId": person, "loadingSeconds": DOTS_SHOWN}
                yield from call(account, "POST", "chat/loading/start", dots)
            case "seen" if target.refs.get("read"):
                token = {"markAsReadToken": target.refs["read"]}
                yield from call(account, "POST", "chat/markAsRead", token)
            case "seen":
                pass  # a button that was pressed, say: there is no message the customer could see as read
            case _:
                raise Refusal("not_allowed", detail=f"LINE has no {action}")
        return {}


def signature(secret: str, body: bytes) -> str:
    """The value of the header `X-Line-Signature` for a body."""
    return base64.b64encode(bytes.fromhex(hmac_sha256_hex(secret, body))).decode()


def _point_webhook_at_us(account: AccountRecord) -> Steps[tuple[bool, bool]]:
    """Enter our address where it is not yet, and have LINE try it. Gives back whether the switch beside
    it is on, and whether our address stood there. Raises `Refusal` when LINE cannot reach us."""
    endpoint = yield from _endpoint(account)
    stood = endpoint.get("endpoint") == account.hook_url
    if not stood:
        yield from call(account, "PUT", "channel/webhook/endpoint", {"endpoint": account.hook_url})
        endpoint = yield from _endpoint(account)
    tried = yield from call(account, "POST", "channel/webhook/test", {"endpoint": account.hook_url})
    if tried.get("success") is not True:
        raise _not_reached(tried)
    return endpoint.get("active") is True, stood


def _endpoint(account: AccountRecord) -> Steps[dict[str, Any]]:
    """What LINE knows of our webhook; nothing while none is set."""
    try:
        return (yield from call(account, "GET", "channel/webhook/endpoint"))
    except Refusal as refusal:
        if refusal.code != "404":
            raise
        return {}


def _not_reached(tried: Mapping[str, Any]) -> Refusal:
    """LINE tried our address in vain. That our own door turned it away (403) means the secret does not
    fit; anything else may pass."""
    words = f"LINE tried the webhook: {tried.get('reason', '')} {tried.get('detail', '')}".strip()
    code = str(tried.get("statusCode", ""))
    if code == "403":
        return Refusal("sign_in_again", code=code, detail=f"{words} (the channel secret does not fit)")
    return Refusal("not_configured", retry=True, code=code, detail=words)


network = Line()

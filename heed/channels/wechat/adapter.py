"""WeChat official accounts: private chats over one address that the admin enters at WeChat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from heed.channels.base import (
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
    IdentitySeen,
    Inbound,
    Limit,
    Malformed,
    MediaSource,
    Network,
    Permission,
    Person,
    Quota,
    Refusal,
    Sent,
    Target,
    Wanted,
    Writing,
    plain_media,
    refuse_unanswered,
)
from heed.channels.wechat import calls, reading, writing
from heed.channels.wechat.envelope import fields_of, signature
from heed.lib import clock
from heed.lib.crypto import same
from heed.lib.http import Request, Response, Steps, TooLarge, at_once

T = TypeVar("T")

SENDING = "/cgi-bin/message/custom/send"
TWO_DAYS = 48 * 60 * 60
MOST_SENDS = 5
AFTER_A_CLICK, SENDS_AFTER_A_CLICK = 60, 3
"""What a click in a menu lets us write, in seconds and messages."""
TAKEN = Admission(200, keep=True, body=b"success")
NO_PERMISSION = frozenset({"48001", "76022"})
NOT_NOW = frozenset({"45080", "45081"})
"""Typing shows only to who wrote within 30 seconds, and is not shown twice."""

MESSAGES = Permission(
    "客服消息 (message/custom/send)",
    _("Answering customers. WeChat gives it to verified accounts."),
)


class WeChat(Network):
    """Sources: the vendor's pages for service and subscription accounts; the figures are theirs."""

    name = "wechat"
    label = "WeChat"
    short = "wc"
    colour = "#087f43"
    base_url = "https://api.weixin.qq.com"
    body_limit = 256 * 1024
    fields = (
        CredentialField(
            "app_id",
            _("AppID"),
            _("At WeChat, under Settings and development, Basic configuration. It begins with wx."),
            secret=False,
            shape=r"wx[0-9A-Za-z]{16}",
            misfit=_("An AppID is wx and 16 letters and digits."),
        ),
        CredentialField("app_secret", _("AppSecret"), _("On the same page. WeChat shows it only once.")),
        CredentialField(
            "token",
            _("Token"),
            _("3 to 32 letters and digits. Enter the same at WeChat, under Server configuration."),
            shape=r"[A-Za-z0-9]{3,32}",
            misfit=_("WeChat takes 3 to 32 letters and digits."),
            made_up=True,
        ),
        CredentialField(
            "aes_key",
            _("EncodingAESKey"),
            _("For the safe mode: 43 characters, under Server configuration. Leave it empty in plain mode."),
            required=False,
            shape=r"[A-Za-z0-9+/]{43}",
            misfit=_("The key has 43 letters and digits."),
        ),
    )
    media_hosts = (".qq.com", ".qpic.cn")
    capabilities = Capabilities(
        private=Writing(
            limits=(Limit("bytes", writing.TEXT_BYTES),),
            files=Files(types=writing.TYPES, most_bytes=writing.MOST_BYTES, count=1, with_text=False),
            window=TWO_DAYS,
            sends=MOST_SENDS,
            brief={reading.CLICK: (AFTER_A_CLICK, SENDS_AFTER_A_CLICK)},
        ),
        on_private=frozenset({"typing"}),
        why_not={
            "delete": _("WeChat does not let an official account take a message back."),
            "edit": _("WeChat does not let an official account change a message."),
            "react": _("WeChat does not let an official account react to a message."),
            "seen": _("WeChat does not let an official account show that it read a message."),
        },
    )
    guide = Guide(
        steps=(
            _("Sign in to the WeChat official accounts platform as the administrator of a verified account."),
            _("Open Settings and development, Basic configuration. Copy the AppID; make an AppSecret."),
            _("Add the address from which Heed calls WeChat to the IP allow-list on that page."),
            _("Connect the account here. Heed makes up a token and shows it to you."),
            _(
                "Back at WeChat, under Server configuration, enter the address that Heed shows, the same "
                "token and the key, and choose the safe mode. WeChat calls Heed at once and must be answered."
            ),
            _("Switch the server configuration on. Write to the account from a phone: a ticket appears."),
        ),
        permissions=(MESSAGES,),
        console="https://mp.weixin.qq.com",
        sets_webhook=False,
    )
    lost_in_outage = _(
        "WeChat tries a message four times within some twenty seconds and keeps none: what came while Heed "
        "was away cannot be had back. The customer was told that the service was unavailable."
    )

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        """The query is signed; in safe mode so is the body. An account with a key takes nothing without."""
        if hook.method not in ("GET", "POST"):
            return WRONG_METHOD
        token = account.credentials.get("token", "")
        stamp = [token, hook.query.get("timestamp", ""), hook.query.get("nonce", "")]
        if not token or not same(hook.query.get("signature", ""), signature(*stamp)):
            return REFUSED
        if hook.method == "GET":
            return Admission(200, body=hook.query.get("echostr", "").encode())
        if account.credentials.get("aes_key") and not _seals(hook, stamp):
            return REFUSED
        return TAKEN

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body, account)

    def check(self, account: AccountRecord) -> Steps[Checked]:
        """The webhook is set by hand. What is left of the day's messages also says whether we may send."""
        app_id = account.credentials.get("app_id", "")
        try:
            answer = yield from calls.call(account, "openapi/quota/get", {"cgi_path": SENDING})
        except Refusal as refusal:
            if refusal.code not in NO_PERMISSION:
                raise
            return Checked(app_id, missing=(MESSAGES.name,))
        return Checked(app_id, quotas=_quotas(answer.get("quota")))

    def renew(self, account: AccountRecord) -> Steps[dict[str, str]]:
        return calls.renew(account)

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        """People only. WeChat tells no names any more; what the company noted as theirs stands in."""
        if wanted.what != "person":
            return []
        user = yield from calls.ask(account, "user/info", {"openid": wanted.external_id, "lang": "en"})
        person = Person(
            wanted.external_id,
            name=_word(user, "remark") or _word(user, "nickname"),
            avatar_url=_word(user, "headimgurl"),
            language=_word(user, "language"),
            also=_word(user, "unionid"),
        )
        follows = user.get("subscribe")
        return [IdentitySeen(person=person, reachable=bool(follows) if isinstance(follows, int) else None)]

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        """WeChat answers 200 with a file, with an error, or for a video with an address. Which it is shows
        only in the answer, so that the file is asked for here before it is fetched."""
        if not url.startswith(reading.MEDIA):
            return (yield from plain_media(url))
        params = {
            "access_token": calls.token_of(account),
            "media_id": url.removeprefix(reading.MEDIA),
        }
        here = MediaSource(f"{account.base_url}/cgi-bin/media/get?{urlencode(params)}")
        try:
            response = yield Request("GET", here.url)
        except TooLarge:
            return here  # errors are small
        return _source(response, here)

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        return writing.send(account, answer)

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        """There is nothing to ask and no receipt to wait for: a person decides."""
        return at_once(CannotTell(None))

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        if action != "typing":
            raise Refusal("not_allowed", detail=f"WeChat has no {action}")
        try:
            yield from calls.call(account, "message/custom/typing", {"touser": person, "command": "Typing"})
        except Refusal as refusal:
            if refusal.code not in NOT_NOW:
                raise
        return {}


def _seals(hook: Hook, stamp: list[str]) -> bool:
    """Whether the encrypted part of the body is signed as it should be."""
    try:
        encrypted = fields_of(hook.body).get("Encrypt", "")
    except Malformed:
        return False
    return bool(encrypted) and same(hook.query.get("msg_signature", ""), signature(*stamp, encrypted))


def _source(response: Response, here: MediaSource) -> MediaSource:
    """Where the file is, by what came back when it was asked for."""
    refuse_unanswered(response)
    error = calls.refused(response)
    if error is not None:
        raise error
    if response.status != 200:
        raise Refusal("network_down", retry=True, code=str(response.status))
    video = response.record.get("video_url")
    return MediaSource(video) if isinstance(video, str) and video else here


def _quotas(quota: Any) -> tuple[Quota, ...]:
    """How many messages are left today; nothing when WeChat did not say."""
    if not isinstance(quota, dict) or not isinstance(quota.get("remain"), int):
        return ()
    most = quota.get("daily_limit")
    return (
        Quota(
            gettext_noop("messages a day"),
            left=quota["remain"],
            of=most if isinstance(most, int) else None,
            resets_at=calls.next_midnight(clock.now()),
        ),
    )


def _word(user: Mapping[str, Any], name: str) -> str:
    value = user.get(name)
    return value if isinstance(value, str) else ""


network = WeChat()

"""Which call does what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.telegram.fields import Fields, Refused, refusal
from heed.sandbox.networks.telegram.playing import MORE
from heed.sandbox.networks.telegram.seeing import Seeing


class Telegram(Seeing):
    name = "telegram"
    label = "Telegram"
    short = "tg"
    colour = "#1a78a8"
    offers = frozenset({"message", "choose", "edit", "react"})
    more = MORE
    has_outlet = True
    backstage = frozenset({"touch", "migrate"})

    def answer(self, call: Call) -> Reply:
        if call.path.startswith("/file/bot"):
            return self._file(call.path.removeprefix("/file/bot"))
        try:
            if not call.path.startswith("/bot"):
                raise Refused(404, "Not Found")
            token, _slash, method = call.path.removeprefix("/bot").partition("/")
            self._admit(token)
            answer = self._methods.get(method.lower())
            if answer is None:
                raise Refused(404, "Not Found")
            return Reply(200, {"ok": True, "result": answer(self, Fields(call))})
        except Refused as refused:
            return refusal(refused)

    def _admit(self, token: str) -> None:
        if ":" not in token:
            raise Refused(404, "Not Found")
        if token != self.token or self.revoked:
            raise Refused(401, "Unauthorized")

    _methods: dict[str, Callable[[Telegram, Fields], Any]] = {
        "getme": Seeing._get_me,
        "setwebhook": Seeing._set_webhook,
        "deletewebhook": Seeing._delete_webhook,
        "getwebhookinfo": Seeing._get_webhook_info,
        "getupdates": Seeing._get_updates,
        "sendmessage": Seeing._send_message,
        "sendphoto": Seeing._send_photo,
        "senddocument": Seeing._send_document,
        "sendvideo": Seeing._send_video,
        "sendaudio": Seeing._send_audio,
        "sendmediagroup": Seeing._send_media_group,
        "sendchataction": Seeing._send_chat_action,
        "setmessagereaction": Seeing._set_message_reaction,
        "editmessagetext": Seeing._edit_text,
        "editmessagecaption": Seeing._edit_caption,
        "deletemessage": Seeing._delete_message,
        "deletebusinessmessages": Seeing._delete_business,
        "readbusinessmessage": Seeing._read_business_message,
        "getbusinessconnection": Seeing._get_business_connection,
        "getfile": Seeing._get_file,
    }

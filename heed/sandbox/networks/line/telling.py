"""Its webhooks: what they say, how they are signed, and that they come again."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

from heed.lib.crypto import hmac_sha256_hex
from heed.sandbox.frame import Sandbox
from heed.sandbox.hooks import Hooks, Parcel
from heed.sandbox.networks.line.account import Account, Chat

SIGNATURE = "X-Line-Signature"
REPLY_TOKEN_LIVES = timedelta(minutes=1)


class Redelivery(Hooks):
    """Webhooks that were not taken come again, marked as such, if the account wants that; else never."""

    def __init__(self, line: Telling) -> None:
        super().__init__(line.name, line.sandbox.faults)
        self._line = line

    def _settle(self, parcel: Parcel, status: int) -> None:
        if not 200 <= status < 300 and not self._line.redelivers:
            status = 200  # dropped for good
        if not 200 <= status < 300:
            parcel.body = parcel.body.replace(b'"isRedelivery":false', b'"isRedelivery":true')
            parcel.headers = self._line.signed(parcel.body)
        super()._settle(parcel, status)


class Telling(Account):
    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.hooks = Redelivery(self)

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers of a delivery."""
        signature = base64.b64encode(bytes.fromhex(hmac_sha256_hex(self.secret, body))).decode()
        return {"Content-Type": "application/json; charset=utf-8", SIGNATURE: signature}

    def _delivery(self, events: list[dict[str, Any]]) -> bytes:
        delivery = {"destination": self.accounts()[0].external_id, "events": events}
        return json.dumps(delivery, ensure_ascii=False, separators=(",", ":")).encode()

    def _tell(self, events: list[dict[str, Any]]) -> None:
        """All events in one delivery."""
        self.told.extend(events)
        if not self.use_webhook:
            return
        body = self._delivery(events)
        self.hooks.send(self.hook_url, body, self.signed(body), signed=SIGNATURE)

    def _event(
        self, kind: str, chat: Chat | None, content: dict[str, Any], *, answerable: bool = True
    ) -> dict[str, Any]:
        event: dict[str, Any] = {
            "type": kind,
            "mode": "standby" if self.standby else "active",
            "timestamp": int(self.clock.now().timestamp() * 1000),
            "webhookEventId": f"01KAHQ{self.ids.name().upper()}",
            "deliveryContext": {"isRedelivery": False},
        }
        if chat is not None:
            event["source"] = {"type": "user", "userId": self.user_id(chat.person.key)}
        if chat is not None and answerable and not self.standby:
            event["replyToken"] = token = self.ids.name()
            self.reply_tokens[token] = (chat.person.key, self.clock.now() + REPLY_TOKEN_LIVES)
        return {**event, **content}

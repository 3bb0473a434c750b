"""Updates: to the webhook, or kept until they are asked for."""

from __future__ import annotations

import json
import re
from typing import Any

from heed.sandbox.networks.telegram.bot import SECRET, Bot, Chat
from heed.sandbox.networks.telegram.fields import Fields, Refused

ASKED_FOR_ONLY = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class Telling(Bot):
    def _get_me(self, fields: Fields) -> dict[str, Any]:
        return {
            **self._bot(),
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_guest_queries": False,
            "supports_inline_queries": False,
            "can_connect_to_business": True,
            "has_main_web_app": False,
            "has_topics_enabled": False,
            "allows_users_to_create_topics": False,
            "can_manage_bots": False,
            "supports_join_request_queries": False,
        }

    def _set_webhook(self, fields: Fields) -> bool:
        """Only the form of the address is looked at; updates that wait are sent there at once."""
        url, secret = fields.text("url"), fields.text("secret_token")
        if url and not url.startswith(("https://", "http://127.0.0.1")):
            raise Refused(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise Refused(400, "Bad Request: secret token contains unallowed characters")
        self.hook_url, self.secret, self.last_error = url, secret, {}
        self._take_allowed(fields)
        if fields.value("drop_pending_updates"):
            self.pending.clear()
        if url:
            waiting, self.pending = self.pending, []
            for update in waiting:
                self._post(update)
        return True

    def _delete_webhook(self, fields: Fields) -> bool:
        self.hook_url = self.secret = ""
        if fields.value("drop_pending_updates"):
            self.pending.clear()
        return True

    def _get_webhook_info(self, fields: Fields) -> dict[str, Any]:
        return {
            "url": self.hook_url,
            "has_custom_certificate": False,
            "pending_update_count": len(self.pending),
            "max_connections": 40,
            "allowed_updates": self.allowed,
            **self.last_error,
        }

    def _get_updates(self, fields: Fields) -> list[dict[str, Any]]:
        """An offset confirms all updates before it."""
        if self.hook_url:
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
        self._take_allowed(fields)
        offset = fields.number("offset")
        self.pending = [update for update in self.pending if update["update_id"] >= offset]
        return self.pending[: fields.number("limit") or 100]

    def _take_allowed(self, fields: Fields) -> None:
        """Left out, it stays as it was."""
        if (allowed := fields.value("allowed_updates")) is not None:
            self.allowed = list(allowed)

    def _tell(self, kind: str, event: dict[str, Any]) -> None:
        """Send an update, if its kind was asked for; without a webhook it waits for getUpdates."""
        self._update_number += 1
        wanted = kind in self.allowed if self.allowed else kind not in ASKED_FOR_ONLY
        if not wanted:
            return
        update = {"update_id": self._update_number, kind: dict(event)}
        if self.hook_url:
            self._post(update)
        else:
            self.pending.append(update)

    def _post(self, update: dict[str, Any]) -> None:
        body = json.dumps(update, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json"}
        if self.secret:
            headers[SECRET] = self.secret
        self.hooks.send(self.hook_url, body, headers, signed=SECRET)

    def _message(self, chat: Chat, sender: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
        message = {
            "message_id": self._next_message(),
            "from": sender,
            "chat": self._chat_of(chat),
            "date": int(self.clock.now().timestamp()),
            **content,
        }
        return {**message, "business_connection_id": self.connection_id} if chat.business else message

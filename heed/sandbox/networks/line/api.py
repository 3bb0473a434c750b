"""Its API: which call does what, and who may make it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.line.account import HAS_QUOTE_TOKEN, Accepted, Chat, Entry
from heed.sandbox.networks.line.acting import Acting
from heed.sandbox.networks.line.checking import Refused, check_messages, is_address, shown_as
from heed.sandbox.networks.line.playing import MORE

TOKEN_LIVES = timedelta(seconds=899)
KEY_LIVES = timedelta(hours=24)
PREPARING = timedelta(seconds=3)
"""How long videos and sounds are prepared before they can be had."""


class LineSimulator(Acting):
    name = "line"
    label = "LINE"
    short = "l"
    colour = "#06873c"
    offers = frozenset({"message", "choose", "remove"})
    more = MORE

    def answer(self, call: Call) -> Reply:
        request = self.ids.name()
        try:
            status, body = self._answered(call, request)
            headers: dict[str, str] = {}
        except Refused as refused:
            status, body = refused.status, {"message": refused.message, **refused.more}
            headers = refused.headers
        if isinstance(body, Reply):
            return body
        return Reply(status, body, {"x-line-request-id": request, **headers})

    def _answered(self, call: Call, request: str) -> tuple[int, Any]:
        if (call.method, call.path) == ("POST", "/oauth2/v3/token"):
            return self._issue_token(call)
        self._admit(call)
        for method, pattern, answer in self._routes:
            found = re.fullmatch(pattern, call.path) if method == call.method else None
            if found:
                return answer(self, call, request, *found.groups())
        raise Refused(404, "Not found")

    def _issue_token(self, call: Call) -> tuple[int, Any]:
        """A stateless token; it cannot be taken back, only run out."""
        given, account = call.form, self.accounts()[0].credentials
        if given.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type", "error_description": "unsupported grant_type"}
        fits = given.get("client_id"), given.get("client_secret")
        if self.revoked or fits != (account["channel_id"], account["channel_secret"]):
            return 401, {"error": "invalid_client", "error_description": "invalid client_id or client_secret"}
        token = self.ids.name("eyJhbGciOiJIUzI1NiJ9.")
        self.tokens[token] = self.clock.now() + TOKEN_LIVES
        lives = int(TOKEN_LIVES.total_seconds())
        return 200, {"token_type": "Bearer", "access_token": token, "expires_in": lives}

    def _admit(self, call: Call) -> None:
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if self.revoked or self.tokens.get(token, self.clock.now()) <= self.clock.now():
            words = "Confirm that the access token in the authorization header is valid."
            raise Refused(401, f"Authentication failed. {words}")
        if self.hurried:
            self.hurried = False
            raise Refused(429, "The API rate limit has been exceeded. Try again later.")

    def _info(self, call: Call, request: str) -> tuple[int, Any]:
        account = self.accounts()[0]
        return 200, {
            "userId": account.external_id,
            "basicId": "@271acmeq",
            "premiumId": "@acmeshoes",
            "displayName": account.name,
            "chatMode": "chat",
            "markAsReadMode": "manual",
        }

    def _get_endpoint(self, call: Call, request: str) -> tuple[int, Any]:
        if not self.hook_url:
            raise Refused(404, "Webhook endpoint not found")
        return 200, {"endpoint": self.hook_url, "active": self.use_webhook}

    def _put_endpoint(self, call: Call, request: str) -> tuple[int, Any]:
        url = str(_fields(call).get("endpoint", ""))
        if not is_address(url) or len(url) > 500:
            raise Refused(400, "Invalid webhook endpoint URL")
        self.hook_url = url
        return 200, {}

    def _test_endpoint(self, call: Call, request: str) -> tuple[int, Any]:
        """An empty delivery, signed as any other, whether the webhook is used or not."""
        url = str(_fields(call).get("endpoint") or self.hook_url)
        if not url:
            raise Refused(404, "Webhook endpoint not found")
        body = self._delivery([])
        status, _content = self.hooks.call("POST", url, body, self.signed(body))
        reason = "OK" if status == 200 else "ERROR_STATUS_CODE" if status else "COULD_NOT_CONNECT"
        return 200, {
            "success": status == 200,
            "timestamp": self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "statusCode": status,
            "reason": reason,
            "detail": str(status) if status else "TCP connection failed",
        }

    def _get_quota(self, call: Call, request: str) -> tuple[int, Any]:
        return 200, {"type": "limited", "value": self.quota}

    def _get_consumption(self, call: Call, request: str) -> tuple[int, Any]:
        return 200, {"totalUsage": self.used}

    def _profile(self, call: Call, request: str, user_id: str) -> tuple[int, Any]:
        """Nothing of who blocked the account or never added it."""
        chat = self._chat_of(user_id)
        if chat is None or chat.blocked or not chat.friend:
            raise Refused(404, "Not found")
        named = {"displayName": chat.person.name, "userId": user_id, "language": chat.person.language}
        return 200, named

    def _followers(self, call: Call, request: str) -> tuple[int, Any]:
        friends = [key for key, chat in self.chats.items() if chat.friend and not chat.blocked]
        return 200, {"userIds": [self.user_id(key) for key in friends]}

    def _validate(self, call: Call, request: str) -> tuple[int, Any]:
        check_messages(_fields(call).get("messages"))
        return 200, {}

    def _push(self, call: Call, request: str) -> tuple[int, Any]:
        """A key is taken once; a repeat is told what became of the first. A person who blocked the
        account gets nothing, and LINE does not say so."""
        fields, key = _fields(call), _retry_key(call)
        if (before := self._accepted_before(key)) is not None:
            taken = {"x-line-accepted-request-id": before.request}
            raise Refused(409, "The retry key is already accepted", taken, sentMessages=before.sent)
        messages = check_messages(fields.get("messages"))
        chat = self._chat_of(str(fields.get("to", "")))
        if chat is None:
            raise Refused(400, "The property, 'to', in the request body is invalid (line: -, column: -)")
        if not chat.friend:
            raise Refused(400, "Failed to send messages")
        if self.used >= self.quota:
            raise Refused(429, "You have reached your monthly limit.")
        self.used += 1
        sent = [self._sent(chat, message) for message in messages]
        if key:
            self.accepted[key] = Accepted(self.clock.now(), request, sent)
        return 200, {"sentMessages": sent}

    def _accepted_before(self, key: str) -> Accepted | None:
        before = self.accepted.get(key)
        return before if before and self.clock.now() - before.at < KEY_LIVES else None

    def _reply(self, call: Call, request: str) -> tuple[int, Any]:
        """A token answers once, soon, and for nothing."""
        fields = _fields(call)
        if _retry_key(call):
            raise Refused(400, "The retry key is not supported by this endpoint")
        messages = check_messages(fields.get("messages"))
        key, until = self.reply_tokens.pop(str(fields.get("replyToken", "")), ("", self.clock.now()))
        if until <= self.clock.now():
            raise Refused(400, "Invalid reply token")
        return 200, {"sentMessages": [self._sent(self.chats[key], message) for message in messages]}

    def _sent(self, chat: Chat, message: dict[str, Any]) -> dict[str, Any]:
        entry = Entry(self._next_id(), "", self.clock.now(), message)
        if not chat.blocked:
            chat.entries.append(entry)
            if "originalContentUrl" in message:
                self.sandbox.agenda.add(0.1, lambda: self._fetch(entry))
        quote = {"quoteToken": self._token("q", entry.id)} if message["type"] in HAS_QUOTE_TOKEN else {}
        return {"id": entry.id, **quote}

    def _fetch(self, entry: Entry) -> None:
        """Get the account's file from its address, and the picture before it, as the customer's phone does.
        What is not as the vendor's page demands is not shown."""
        kind, url = str(entry.message["type"]), str(entry.message["originalContentUrl"])
        copy = self._copy(kind, url)
        before = str(entry.message.get("previewImageUrl", ""))
        preview = self._copy("preview", before) if before else ""
        with self.lock:
            entry.faulty = not copy or bool(before and not preview)
            if not entry.faulty:
                entry.copy, entry.preview = copy, preview
            self.changed()

    def _copy(self, kind: str, url: str) -> str:
        """Where the customer finds what lies at this address; empty when LINE would not show it."""
        status, content = self.hooks.call("GET", url)
        mime = shown_as(kind, content) if status == 200 else ""
        if not mime:
            return ""
        with self.lock:
            return self.keep(content, mime, PurePosixPath(urlsplit(url).path).name or "file")

    def _start_loading(self, call: Call, request: str) -> tuple[int, Any]:
        fields = _fields(call)
        chat = self._chat_of(str(fields.get("chatId", "")))
        seconds = fields.get("loadingSeconds", 20)
        if chat is None or not isinstance(seconds, int) or seconds % 5 or not 5 <= seconds <= 60:
            raise Refused(400, "The request body has 1 error(s)")
        self.actions.append((chat.person.key, "typing"))
        return 202, {}

    def _mark_as_read(self, call: Call, request: str) -> tuple[int, Any]:
        """All the customer's messages up to the one of the token. One of an earlier run is taken."""
        token = str(_fields(call).get("markAsReadToken", ""))
        if not token.startswith("r-"):
            raise Refused(400, "Invalid markAsReadToken")
        for chat in self.chats.values():
            places = [place for place, each in enumerate(chat.entries) if self._token("r", each.id) == token]
            for entry in chat.entries[: places[0] + 1] if places else ():
                entry.read = entry.read or bool(entry.by)
            if places:
                self.actions.append((chat.person.key, "seen"))
        return 200, {}

    def _content(self, call: Call, request: str, message: str) -> tuple[int, Any]:
        """Videos and sounds are prepared first. What was taken back is gone."""
        entry = self._file_of(message)
        if not self._is_prepared(entry):
            return 202, {}
        return 200, Reply(200, entry.content, {"Content-Type": entry.mime})

    def _transcoding(self, call: Call, request: str, message: str) -> tuple[int, Any]:
        entry = self._file_of(message)
        return 200, {"status": "succeeded" if self._is_prepared(entry) else "processing"}

    def _is_prepared(self, entry: Entry) -> bool:
        slow = entry.message["type"] in ("video", "audio")
        return not slow or self.clock.now() - entry.at >= PREPARING

    def _file_of(self, message: str) -> Entry:
        found = [each for chat in self.chats.values() for each in chat.entries if each.id == message]
        if not found or not found[0].mime or found[0].removed:
            raise Refused(404, "Not found")
        return found[0]

    _routes: tuple[tuple[str, str, Callable[..., tuple[int, Any]]], ...] = (
        ("GET", "/v2/bot/info", _info),
        ("GET", "/v2/bot/channel/webhook/endpoint", _get_endpoint),
        ("PUT", "/v2/bot/channel/webhook/endpoint", _put_endpoint),
        ("POST", "/v2/bot/channel/webhook/test", _test_endpoint),
        ("GET", "/v2/bot/message/quota", _get_quota),
        ("GET", "/v2/bot/message/quota/consumption", _get_consumption),
        ("GET", "/v2/bot/profile/([^/]+)", _profile),
        ("GET", "/v2/bot/followers/ids", _followers),
        ("POST", "/v2/bot/message/validate/push", _validate),
        ("POST", "/v2/bot/message/push", _push),
        ("POST", "/v2/bot/message/reply", _reply),
        ("POST", "/v2/bot/chat/loading/start", _start_loading),
        ("POST", "/v2/bot/chat/markAsRead", _mark_as_read),
        ("GET", "/v2/bot/message/([^/]+)/content", _content),
        ("GET", "/v2/bot/message/([^/]+)/content/preview", _content),
        ("GET", "/v2/bot/message/([^/]+)/content/transcoding", _transcoding),
    )


def _fields(call: Call) -> dict[str, Any]:
    if not isinstance(call.json, dict):
        raise Refused(400, "The request body could not be parsed as JSON")
    return call.json


def _retry_key(call: Call) -> str:
    key = call.headers.get("x-line-retry-key", "")
    try:
        return str(UUID(key)) if key else ""
    except ValueError as error:
        raise Refused(400, "The retry key is invalid") from error

"""LINE: one official account, private chats, pushes that a key makes safe to repeat."""

from __future__ import annotations

import base64
import json
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.utils.translation import gettext as _

from heed.lib.crypto import hmac_sha256_hex
from heed.lib.text import measure
from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, Person, person_named
from heed.sandbox.frame import Call, ChatView, DemoAccount, Line, PlayError, Reply, Sandbox, Scene, Simulator
from heed.sandbox.hooks import Hooks, Parcel

SIGNATURE = "X-Line-Signature"
TOKEN_LIVES = timedelta(seconds=899)
REPLY_TOKEN_LIVES = timedelta(minutes=1)
KEY_LIVES = timedelta(hours=24)
PREPARING = timedelta(seconds=3)
"""How long videos and sounds are prepared before they can be had."""
MOST_QUICK_REPLIES = 13
MOST_LABEL = 20
MOST_ACTION_TEXT = 300
TEXT_LIMIT = 5000
KINDS = frozenset({"text", "image", "video", "audio", "location", "sticker"})
NEEDED = {
    "text": ("text",),
    "image": ("originalContentUrl", "previewImageUrl"),
    "video": ("originalContentUrl", "previewImageUrl"),
    "audio": ("originalContentUrl", "duration"),
    "location": ("title", "address", "latitude", "longitude"),
    "sticker": ("packageId", "stickerId"),
}
HAS_QUOTE_TOKEN = frozenset({"text", "image", "video", "sticker"})


class Refused(Exception):
    """An error as LINE tells it. `more` goes into the body, `headers` beside it."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}
        self.more = more


@dataclass(slots=True)
class Entry:
    """A message in a chat. `by` is the customer's key, empty for the account's own; `content` is a
    file the customer sent, `copy` where a file can be looked at; `read` says that the account
    marked it as read."""

    id: str
    by: str
    at: datetime
    message: dict[str, Any]
    content: bytes = b""
    mime: str = ""
    copy: str = ""
    read: bool = False
    removed: bool = False


@dataclass(slots=True)
class Chat:
    """The chat with one customer. `friend` says that they added the account, `blocked` that they
    blocked it since."""

    person: Person
    friend: bool = False
    blocked: bool = False
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Accepted:
    """A push that was accepted under a retry key."""

    at: datetime
    request: str
    sent: list[dict[str, Any]]


class Redelivery(Hooks):
    """Webhooks that were not taken come again, marked as such, if the account wants that; else never."""

    def __init__(self, line: LineSimulator) -> None:
        super().__init__(line.name, line.sandbox.faults)
        self._line = line

    def _settle(self, parcel: Parcel, status: int) -> None:
        if not 200 <= status < 300 and not self._line.redelivers:
            status = 200  # dropped for good
        if not 200 <= status < 300:
            parcel.body = parcel.body.replace(b'"isRedelivery":false', b'"isRedelivery":true')
            parcel.headers = self._line.signed(parcel.body)
        super()._settle(parcel, status)


class LineSimulator(Simulator):
    name = "line"
    label = "LINE"
    short = "l"
    colour = "#06873c"
    offers = frozenset({"message", "choose", "remove", "join", "leave"})

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.redelivers = True
        self.hooks = Redelivery(self)
        people = (*CUSTOMERS, OUTSIDER)
        self.chats = {person.key: Chat(person) for person in people}
        self.by_id = {self.user_id(person.key): person.key for person in people}
        self.hook_url = ""
        self.use_webhook = True
        self.standby = False
        self.tokens: dict[str, datetime] = {}
        self.reply_tokens: dict[str, tuple[str, datetime]] = {}
        self.accepted: dict[str, Accepted] = {}
        self.told: list[dict[str, Any]] = []
        self.actions: list[tuple[str, str]] = []
        self.quota = 5000
        self.used = 0
        self.hurried = False
        self.revoked = False

    # ------------------------------------------------------------------------ its data

    def accounts(self) -> list[DemoAccount]:
        channel = str(2_000_000_000 + int(self.ids.stable("line", "channel", size=6), 16))
        secret = self.ids.stable("line", "secret", size=32)
        credentials = {"channel_id": channel, "channel_secret": secret}
        return [DemoAccount(f"{COMPANY} on LINE", self.user_id("account"), credentials)]

    @property
    def secret(self) -> str:
        return self.accounts()[0].credentials["channel_secret"]

    def user_id(self, key: str) -> str:
        """The same for ever; other accounts would see another id of the same person."""
        return "U" + self.ids.stable("line", key, size=32)

    def restore(self, external_id: str, hook_url: str) -> None:
        """Whoever wrote in an earlier run is still a friend."""
        self.hook_url = hook_url
        for person in CUSTOMERS:
            self.chats[person.key].friend = True

    # ------------------------------------------------------------------------- its API

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
        if not _is_address(url) or len(url) > 500:
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
        _check_messages(_fields(call).get("messages"))
        return 200, {}

    def _push(self, call: Call, request: str) -> tuple[int, Any]:
        """A key is taken once; a repeat is told what became of the first. A person who blocked the
        account gets nothing, and LINE does not say so."""
        fields, key = _fields(call), _retry_key(call)
        if (before := self._accepted_before(key)) is not None:
            taken = {"x-line-accepted-request-id": before.request}
            raise Refused(409, "The retry key is already accepted", taken, sentMessages=before.sent)
        messages = _check_messages(fields.get("messages"))
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
        messages = _check_messages(fields.get("messages"))
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
        """Get the account's file from its address, as the customer's phone does."""
        url = str(entry.message["originalContentUrl"])
        status, content = self.hooks.call("GET", url)
        with self.lock:
            if status == 200:
                name = PurePosixPath(urlsplit(url).path).name or "file"
                mime = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
                entry.copy = self.keep(content, mime, name)
            self.changed()

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

    # ---------------------------------------------------------------------- its events

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

    def _next_id(self) -> str:
        return str(self.ids.number() * 331)

    def _token(self, kind: str, message: str) -> str:
        """The token that quotes a message (`q`) or marks it as read (`r`)."""
        return f"{kind}-{self.ids.stable('line', kind, message, size=40)}"

    def _chat_of(self, user_id: str) -> Chat | None:
        key = self.by_id.get(user_id)
        return self.chats[key] if key else None

    # ------------------------------------------------------------------ what customers do

    def play_message(self, person: str, text: str = "", picture: str = "", quote: str = "") -> dict[str, Any]:
        """Write; who did not add the account does so first. A picture is a message of its own, and
        both come in one delivery. `quote` is the id of the message it points to."""
        if not text.strip() and not picture:
            raise PlayError(_("Write something first."))
        messages: list[tuple[dict[str, Any], bytes, str]] = []
        if picture:
            content, mime = self._bytes_of(self.picture(picture))
            messages.append(({"type": "image", "contentProvider": {"type": "line"}}, content, mime))
        if text.strip():
            quoted = {"quotedMessageId": quote} if quote else {}
            messages.append(({"type": "text", "text": text, **quoted}, b"", ""))
        return self._written(person, messages)

    def play_raw(self, person: str, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message of any type: sticker, location …"""
        return self._written(person, [(message, b"", "")])

    def play_choose(self, person: str, id: str, choice: str) -> dict[str, Any]:
        """Tap a quick reply: its words are sent as the customer's own message."""
        chat = self._chat(person)
        actions = [each for entry in chat.entries if entry.id == id for each in _open_actions(entry, chat)]
        found = [each for each in actions if each["label"] == choice]
        if not found:
            raise PlayError(_("This choice is no longer there."))
        return self.play_message(person, found[0]["text"])

    def play_file(self, person: str, name: str, content: str = "", kind: str = "file") -> dict[str, Any]:
        """Send a file of these words; `kind` is file, image, video or audio."""
        about: dict[str, Any] = {"contentProvider": {"type": "line"}}
        if kind == "file":
            about = {"fileName": name, "fileSize": len(content.encode())}
        if kind in ("video", "audio"):
            about["duration"] = 3000
        mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return self._written(person, [({"type": kind, **about}, content.encode(), mime)])

    def play_burst(self, person: str, texts: list[str]) -> dict[str, Any]:
        """Write several messages that come in one delivery."""
        return self._written(person, [({"type": "text", "text": text}, b"", "") for text in texts])

    def play_album(self, person: str, pictures: list[str]) -> dict[str, Any]:
        """Send pictures together."""
        album = self._next_id()
        messages = []
        for place, picture in enumerate(pictures, 1):
            about = {"imageSet": {"id": album, "index": place, "total": len(pictures)}}
            content, mime = self._bytes_of(self.picture(picture))
            provider = {"contentProvider": {"type": "line"}}
            messages.append(({"type": "image", **provider, **about}, content, mime))
        return self._written(person, messages)

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        """Take a message back."""
        chat = self._chat(person)
        own = [entry for entry in chat.entries if entry.id == id and entry.by and not entry.removed]
        if not own:
            raise PlayError(_("This message is not yours."))
        own[0].removed = True
        self._tell([self._event("unsend", chat, {"unsend": {"messageId": id}}, answerable=False)])
        return {"id": id}

    def play_join(self, person: str) -> dict[str, Any]:
        """Add the account, or unblock it."""
        chat = self._chat(person)
        event = self._event("follow", chat, {"follow": {"isUnblocked": chat.blocked}})
        chat.friend, chat.blocked = True, False
        self._tell([event])
        return {}

    def play_leave(self, person: str) -> dict[str, Any]:
        """Block the account."""
        chat = self._chat(person)
        chat.friend = chat.blocked = True
        self._tell([self._event("unfollow", chat, {}, answerable=False)])
        return {}

    def play_postback(self, person: str, data: str, params: dict[str, str] | None = None) -> dict[str, Any]:
        """Press a button of the menu."""
        event = self._event(
            "postback",
            self._chat(person),
            {"postback": {"data": data, **({"params": params} if params else {})}},
        )
        self._tell([event])
        return {"id": event["webhookEventId"]}

    def play_group_message(self, person: str, text: str) -> dict[str, Any]:
        """Write in a group in which the account is."""
        message = {**self._described({"type": "text", "text": text}, self._next_id())}
        event = self._event("message", self._chat(person), {"message": message})
        group = "C" + self.ids.stable("line", "group", size=32)
        event["source"] = {"type": "group", "groupId": group, "userId": self.user_id(person)}
        self._tell([event])
        return {"id": message["id"]}

    def play_redeliver(self, last: int = 2) -> dict[str, Any]:
        """Deliver the last events once more, in another order and marked as such."""
        again = [{**event, "deliveryContext": {"isRedelivery": True}} for event in self.told[-last:]]
        body = self._delivery(again[::-1])
        self.hooks.send(self.hook_url, body, self.signed(body), signed=SIGNATURE)
        return {"events": len(again)}

    def play_deliver(self, body: Any) -> dict[str, Any]:
        """Deliver any body, rightly signed: an unknown kind, a broken item."""
        content = json.dumps(body).encode()
        self.hooks.send(self.hook_url, content, self.signed(content), signed=SIGNATURE)
        return {}

    def play_switch(self, use_webhook: bool = True, redelivery: bool = True) -> dict[str, Any]:
        """The two switches of the console."""
        self.use_webhook, self.redelivers = use_webhook, redelivery
        return {}

    def play_standby(self, on: bool = True) -> dict[str, Any]:
        """Another system answers the chats; the account only hears them."""
        self.standby = on
        return {}

    def play_suspend(self, on: bool = True) -> dict[str, Any]:
        """LINE suspends the account, or lets it work again."""
        self._tell([self._event("botSuspended" if on else "botResumed", None, {})])
        return {}

    def play_use_up(self, left: int = 0) -> dict[str, Any]:
        """So many messages may still go out this month."""
        self.used = self.quota - left
        return {}

    def play_hurry(self) -> dict[str, Any]:
        """The next call is one too many in this second."""
        self.hurried = True
        return {}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """The channel's secret was made anew: no token is good, and none is given for the old one."""
        self.revoked = True
        return {}

    def _written(self, person: str, messages: list[tuple[dict[str, Any], bytes, str]]) -> dict[str, Any]:
        chat = self._chat(person)
        if chat.blocked or not chat.friend:
            self.play_join(person)
        events = []
        for message, content, mime in messages:
            described = self._described(message, self._next_id())
            copy = self.keep(content, mime, described.get("fileName", described["type"])) if mime else ""
            at = self.clock.now()
            chat.entries.append(Entry(described["id"], person, at, described, content, mime, copy))
            events.append(self._event("message", chat, {"message": described}))
        self._tell(events)
        ids = [event["message"]["id"] for event in events]
        return {"id": ids[-1], "ids": ids}

    def _described(self, message: dict[str, Any], id: str) -> dict[str, Any]:
        quote = {"quoteToken": self._token("q", id)} if message["type"] in HAS_QUOTE_TOKEN else {}
        return {"id": id, **message, **quote, "markAsReadToken": self._token("r", id)}

    def _bytes_of(self, url: str) -> tuple[bytes, str]:
        """The picture itself: LINE shows accounts no address of it."""
        if url.startswith(self.url):
            kept = self.kept(url.removeprefix(self.url))
            return kept.content(), kept.headers["Content-Type"]
        return self.hooks.call("GET", url)[1], "image/jpeg"

    def _chat(self, person: str) -> Chat:
        if person not in self.chats:
            raise PlayError(f"Nobody is called {person!r} here.")
        return self.chats[person]

    # ------------------------------------------------------------------- what customers see

    def scene(self, person: str) -> Scene:
        chat = self._chat(person)
        lines = [self._line(entry, chat) for entry in chat.entries]
        return Scene(chats=[ChatView(id=person, title=self.accounts()[0].name, lines=lines)])

    def _line(self, entry: Entry, chat: Chat) -> Line:
        is_picture = entry.message["type"] == "image"
        file = entry.copy or str(entry.message.get("originalContentUrl", ""))
        return Line(
            id=entry.id,
            author=person_named(entry.by).name if entry.by else COMPANY,
            text=str(entry.message.get("text", "")),
            at=entry.at,
            ours=not entry.by,
            mine=bool(entry.by),
            picture=file if is_picture else "",
            files=[file] if file and not is_picture else [],
            removed=entry.removed,
            state="seen" if entry.read else "",
            choices=[each["label"] for each in _open_actions(entry, chat)],
        )

    def seen(self) -> dict[str, Any]:
        return {
            key: [entry.message for entry in chat.entries if not entry.by] for key, chat in self.chats.items()
        }


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


def _check_messages(messages: Any) -> list[dict[str, Any]]:
    """What the vendor's page demands of messages."""
    if not isinstance(messages, list) or not 1 <= len(messages) <= 5:
        raise _wrong("messages", "Size must be between 1 and 5")
    for place, message in enumerate(messages):
        where = f"messages[{place}]"
        kind = message.get("type") if isinstance(message, dict) else None
        if kind not in KINDS:
            raise _wrong(f"{where}.type", "May not be an unknown type")
        for name in NEEDED[kind]:
            if message.get(name) in (None, ""):
                raise _wrong(f"{where}.{name}", "May not be empty")
        _check_values(message, where)
    return messages


def _open_actions(entry: Entry, chat: Chat) -> list[dict[str, Any]]:
    """The quick replies that still show: they go as soon as anything follows."""
    if chat.entries[-1] is not entry or "quickReply" not in entry.message:
        return []
    return [each["action"] for each in entry.message["quickReply"]["items"]]


def _check_quick_reply(quick: Any, where: str) -> None:
    items = quick.get("items") if isinstance(quick, dict) else None
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_QUICK_REPLIES:
        raise _wrong(f"{where}.quickReply.items", f"Size must be between 1 and {MOST_QUICK_REPLIES}")
    for place, item in enumerate(items):
        action = item.get("action") if isinstance(item, dict) else None
        if not isinstance(action, dict) or item.get("type") != "action" or action.get("type") != "message":
            raise _wrong(f"{where}.quickReply.items[{place}].action", "May not be an unknown type")
        label, text = str(action.get("label") or ""), str(action.get("text") or "")
        if not 1 <= len(label) <= MOST_LABEL:
            raise _wrong(
                f"{where}.quickReply.items[{place}].action.label", f"Length must be 1 to {MOST_LABEL}"
            )
        if not 1 <= len(text) <= MOST_ACTION_TEXT:
            raise _wrong(f"{where}.quickReply.items[{place}].action.text", "Length is out of bounds")


def _check_values(message: dict[str, Any], where: str) -> None:
    if measure(str(message.get("text", "")), "utf16") > TEXT_LIMIT:
        raise _wrong(f"{where}.text", f"Length must be between 0 and {TEXT_LIMIT}")
    for name in ("originalContentUrl", "previewImageUrl"):
        url = message.get(name)
        if url is not None and (not _is_address(str(url)) or len(str(url)) > 2000):
            raise _wrong(f"{where}.{name}", "Must be a valid HTTPS URL")
    if "quickReply" in message:
        _check_quick_reply(message["quickReply"], where)
    quote = message.get("quoteToken")
    if quote is not None and not str(quote).startswith("q-"):
        raise _wrong(f"{where}.quoteToken", "Invalid quote token")


def _wrong(name: str, why: str) -> Refused:
    return Refused(400, "The request body has 1 error(s)", details=[{"message": why, "property": name}])


def _is_address(url: str) -> bool:
    return url.startswith(("https://", "http://127.0.0.1"))


simulator = LineSimulator

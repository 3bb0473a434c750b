"""Telegram: one bot, its private chats, and the chats of a business account it is connected to."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from heed.lib.crypto import hmac_sha256_hex
from heed.lib.text import measure
from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, Person
from heed.sandbox.frame import (
    Call,
    ChatView,
    DemoAccount,
    Line,
    Part,
    PlayError,
    Reply,
    Sandbox,
    Scene,
    Simulator,
)

SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
MEGABYTE = 1024 * 1024
MOST_TO_FETCH = 20 * MEGABYTE
MOST_BYTES = {"photo": 10 * MEGABYTE}
LINK_LIFE = timedelta(hours=1)
BUSINESS_WINDOW = timedelta(hours=24)
ASKED_FOR_ONLY = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
ASKED_FOR_BY_HEED = (
    "message",
    "edited_message",
    "message_reaction",
    "my_chat_member",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
)
LIKE = {"type": "emoji", "emoji": "👍"}
REACTIONS = frozenset("👍👎❤🔥🥰👏😁🤔😢🎉🙏👌💯🤣⚡🏆🤝🤗😍🕊")
"""Some of those on Telegram's list."""
DELETED_WITHIN = timedelta(hours=48)
RESERVED = re.compile(r"(?<!\\)[_*\[\]()~`>#+\-=|{}.!]")
OWNER_NAME = ("Maja", "Zupan")


class Refused(Exception):
    """An error of the Bot API: a code, a description and perhaps parameters."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass(slots=True)
class Entry:
    """A message in a chat. `by` is the customer's key, `owner`, or empty for the bot's own;
    `copy` is where the customer finds its file; `liked` by the bot, `reacted` by the customer."""

    by: str
    at: datetime
    message: dict[str, Any]
    copy: str = ""
    edited: bool = False
    removed: bool = False
    liked: bool = False
    reacted: bool = False
    keyboard: list[str] = field(default_factory=list)

    @property
    def number(self) -> int:
        return int(self.message["message_id"])

    @property
    def text(self) -> str:
        return str(self.message.get("text") or self.message.get("caption") or "")


@dataclass(slots=True)
class Chat:
    """A customer's chat. `started` says that they pressed Start; `moved_to` is its new id."""

    person: Person
    business: bool = False
    started: bool = False
    blocked: bool = False
    moved_to: int = 0
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class File:
    """A file Telegram keeps. Its links expire and are made anew."""

    kind: str
    name: str
    mime: str
    content: bytes
    size: int


@dataclass(slots=True)
class Connection:
    """The business account's consent."""

    enabled: bool = False
    can_reply: bool = False


class Telegram(Simulator):
    name = "telegram"
    label = "Telegram"
    short = "tg"
    colour = "#1a78a8"
    offers = frozenset({"message", "choose", "edit", "react", "join", "leave"})

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        people = (*CUSTOMERS, OUTSIDER)
        self.chats = {person.key: Chat(person) for person in people}
        self.business_chats = {person.key: Chat(person, business=True, started=True) for person in people}
        self.by_id = {self.user_id(person.key): person.key for person in people}
        self.hook_url = self.secret = ""
        self.allowed: list[str] = []
        self.pending: list[dict[str, Any]] = []
        self.files: dict[str, File] = {}
        self.links: dict[str, tuple[str, datetime]] = {}
        self.connection = Connection()
        self.slow_until: datetime | None = None
        self.revoked = False
        self.last_error: dict[str, Any] = {}
        self.actions: list[tuple[str, str]] = []
        # Ids of messages and updates are 32 bits on Telegram; ten a second leave room for a restart.
        self._message_number = self.ids.number() // 1_000_000 * 10 % 2**31
        self._update_number = self._message_number // 3

    # ------------------------------------------------------------------------ its data

    def accounts(self) -> list[DemoAccount]:
        token = f"{self.bot_id}:AA{self.ids.stable('telegram', 'token', size=33)}"
        return [DemoAccount(f"{COMPANY} on Telegram", str(self.bot_id), {"bot_token": token})]

    @property
    def token(self) -> str:
        return self.accounts()[0].credentials["bot_token"]

    @property
    def bot_id(self) -> int:
        return self.user_id("bot")

    def user_id(self, key: str) -> int:
        """A number above 32 bits; the same for ever."""
        return 5_000_000_000 + int(self.ids.stable("telegram", key, size=7), 16)

    @property
    def connection_id(self) -> str:
        return self.ids.stable("telegram", "connection", size=22)

    def restore(self, external_id: str, hook_url: str) -> None:
        """Telegram would know the secret and the kinds of updates: Heed makes the secret from the
        token. Whoever wrote in an earlier run has pressed Start."""
        self.hook_url = hook_url
        self.secret = hmac_sha256_hex(self.token, b"heed telegram webhook")
        self.allowed = list(ASKED_FOR_BY_HEED)
        for person in CUSTOMERS:
            self.chats[person.key].started = True

    # ------------------------------------------------------------------------- its API

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
            return _refusal(refused)

    def _admit(self, token: str) -> None:
        if ":" not in token:
            raise Refused(404, "Not Found")
        if token != self.token or self.revoked:
            raise Refused(401, "Unauthorized")

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

    def _send_message(self, fields: Fields) -> dict[str, Any]:
        chat = self._receiver(fields)
        text = fields.text("text").strip()
        if not text:
            raise Refused(400, "Bad Request: message text is empty")
        _check_text(text, TEXT_LIMIT, "message is too long", fields)
        return self._sent(chat, fields, {"text": text}, _keyboard(fields, chat))

    def _send_photo(self, fields: Fields) -> dict[str, Any]:
        return self._send_file("photo", fields)

    def _send_document(self, fields: Fields) -> dict[str, Any]:
        return self._send_file("document", fields)

    def _send_video(self, fields: Fields) -> dict[str, Any]:
        return self._send_file("video", fields)

    def _send_audio(self, fields: Fields) -> dict[str, Any]:
        return self._send_file("audio", fields)

    def _send_file(self, kind: str, fields: Fields) -> dict[str, Any]:
        chat = self._receiver(fields)
        caption = _caption(fields.text("caption"), fields)
        return self._sent(chat, fields, {**self._taken(kind, fields.file(kind)), **caption})

    def _send_media_group(self, fields: Fields) -> list[dict[str, Any]]:
        """Two to ten files of one kind; only photos and videos mix."""
        chat = self._receiver(fields)
        media = fields.value("media")
        if not isinstance(media, list) or not 2 <= len(media) <= 10:
            raise Refused(400, "Bad Request: media group must include 2-10 items")
        kinds = {str(each.get("type")) for each in media}
        if len(kinds) > 1 and kinds != {"photo", "video"}:
            raise Refused(400, "Bad Request: this kind of media can't be mixed with other media types")
        album = {"media_group_id": str(self._next_message())}
        contents = [
            {
                **album,
                **self._taken(str(each["type"]), fields.file(str(each["media"]).removeprefix("attach://"))),
                **_caption(str(each.get("caption", "")), fields),
            }
            for each in media
        ]
        return [self._sent(chat, fields, content) for content in contents]

    def _send_chat_action(self, fields: Fields) -> bool:
        chat = self._receiver(fields)
        self.actions.append((chat.person.key, fields.text("action")))
        return True

    def _set_message_reaction(self, fields: Fields) -> bool:
        """A message of an earlier run cannot be known: the reaction is taken."""
        chat = self._receiver(fields)
        reaction = fields.value("reaction") or []
        if len(reaction) > 1:
            raise Refused(400, "Bad Request: REACTIONS_TOO_MANY")
        if any(each.get("emoji") not in REACTIONS for each in reaction):
            raise Refused(400, "Bad Request: REACTION_INVALID")
        if (entry := _entry(chat, fields.number("message_id"))) is not None:
            entry.liked = bool(reaction)
        return True

    def _edit_text(self, fields: Fields) -> dict[str, Any]:
        return self._edit(fields, "text", TEXT_LIMIT)

    def _edit_caption(self, fields: Fields) -> dict[str, Any]:
        return self._edit(fields, "caption", CAPTION_LIMIT)

    def _edit(self, fields: Fields, part: str, most: int) -> dict[str, Any]:
        """Change the bot's own message: its text, or what stands under its file."""
        entry = self._bots_own(self._receiver(fields), fields.number("message_id"), "edit")
        if part == "text" and "text" not in entry.message:
            raise Refused(400, "Bad Request: there is no text in the message to edit")
        text = fields.text(part).strip()
        if entry.text == text:
            raise Refused(400, "Bad Request: message is not modified")
        _check_text(text, most, f"message {part} is too long", fields)
        entry.message[part], entry.edited = text, True
        return entry.message

    def _delete_message(self, fields: Fields) -> bool:
        entry = self._bots_own(self._receiver(fields), fields.number("message_id"), "delete")
        if self.clock.now() - entry.at > DELETED_WITHIN:
            raise Refused(400, "Bad Request: message can't be deleted")
        entry.removed = True
        return True

    def _delete_business(self, fields: Fields) -> bool:
        """The connection alone says whose chats they are."""
        if fields.text("business_connection_id") != self.connection_id or not self.connection.enabled:
            raise Refused(400, "Bad Request: business connection not found")
        numbers = fields.value("message_ids") or []
        for chat in self.business_chats.values():
            for entry in chat.entries:
                if entry.number in numbers and not entry.by:
                    entry.removed = True
        return True

    def _bots_own(self, chat: Chat, number: int, verb: str) -> Entry:
        entry = _entry(chat, number)
        if entry is None or entry.removed:
            raise Refused(400, f"Bad Request: message to {verb} not found")
        if entry.by:
            raise Refused(400, f"Bad Request: message can't be {verb.removesuffix('e')}ed")
        return entry

    def _read_business_message(self, fields: Fields) -> bool:
        chat = self._receiver(fields)
        if not chat.business:
            raise Refused(400, "Bad Request: business connection not found")
        self.actions.append((chat.person.key, "read"))
        return True

    def _get_business_connection(self, fields: Fields) -> dict[str, Any]:
        if fields.text("business_connection_id") != self.connection_id:
            raise Refused(400, "Bad Request: business connection not found")
        return self._connection()

    def _get_file(self, fields: Fields) -> dict[str, Any]:
        file_id = fields.text("file_id")
        file = self.files.get(file_id)
        if file is None:
            raise Refused(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if file.size > MOST_TO_FETCH:
            raise Refused(400, "Bad Request: file is too big")
        path = f"{file.kind}s/file_{self._next_message()}.{file.name.rpartition('.')[2]}"
        self.links[path] = (file_id, self.clock.now() + LINK_LIFE)
        return {
            "file_id": file_id,
            "file_unique_id": file_id[-15:],
            "file_size": file.size,
            "file_path": path,
        }

    def _file(self, rest: str) -> Reply:
        """A file's address holds the token, and is good for an hour."""
        token, _slash, path = rest.partition("/")
        file_id, until = self.links.get(path, ("", self.clock.now()))
        if token != self.token or self.revoked or self.clock.now() >= until:
            return _refusal(Refused(404, "Not Found"))
        file = self.files[file_id]
        return Reply(200, file.content, {"Content-Type": "application/octet-stream"})

    _methods: dict[str, Callable[[Telegram, Fields], Any]] = {
        "getme": _get_me,
        "setwebhook": _set_webhook,
        "deletewebhook": _delete_webhook,
        "getwebhookinfo": _get_webhook_info,
        "getupdates": _get_updates,
        "sendmessage": _send_message,
        "sendphoto": _send_photo,
        "senddocument": _send_document,
        "sendvideo": _send_video,
        "sendaudio": _send_audio,
        "sendmediagroup": _send_media_group,
        "sendchataction": _send_chat_action,
        "setmessagereaction": _set_message_reaction,
        "editmessagetext": _edit_text,
        "editmessagecaption": _edit_caption,
        "deletemessage": _delete_message,
        "deletebusinessmessages": _delete_business,
        "readbusinessmessage": _read_business_message,
        "getbusinessconnection": _get_business_connection,
        "getfile": _get_file,
    }

    def _receiver(self, fields: Fields) -> Chat:
        """The chat a call is for. Raises `Refused` where the bot may not write."""
        if self.slow_until is not None and (left := self.slow_until - self.clock.now()) > timedelta():
            seconds = int(left.total_seconds()) + 1
            raise Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        number = fields.number("chat_id")
        key = self.by_id.get(number)
        if key is None:
            raise Refused(400, "Bad Request: chat not found")
        if connection := fields.text("business_connection_id"):
            return self._business_receiver(key, connection)
        chat = self.chats[key]
        if chat.moved_to and number != chat.moved_to:
            raise Refused(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.moved_to,
            )
        if chat.blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        if not chat.started:
            raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
        return chat

    def _business_receiver(self, key: str, connection: str) -> Chat:
        if connection != self.connection_id or not self.connection.enabled:
            raise Refused(400, "Bad Request: business connection not found")
        chat = self.business_chats[key]
        heard = [entry.at for entry in chat.entries if entry.by == key]
        if not self.connection.can_reply:
            raise Refused(400, "Bad Request: business connection has no right to reply")
        if not heard or self.clock.now() - max(heard) > BUSINESS_WINDOW:
            raise Refused(400, "Bad Request: BUSINESS_PEER_USAGE_MISSING")
        return chat

    def _sent(
        self, chat: Chat, fields: Fields, content: dict[str, Any], keyboard: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Put the bot's message into the chat. What goes through a business account is shown back."""
        self._check_reply(chat, fields)
        sender = self._owner() if chat.business else self._bot()
        message = self._message(chat, sender, content)
        reply = fields.value("reply_parameters")
        if isinstance(reply, dict) and (about := _entry(chat, int(reply["message_id"]))) is not None:
            message["reply_to_message"] = about.message
        if chat.business:
            message["sender_business_bot"] = self._bot()
        copy = self._copy(content)
        chat.entries.append(Entry("", self.clock.now(), message, copy=copy, keyboard=list(keyboard)))
        if chat.business:
            self._tell("business_message", message)
        return message

    def _check_reply(self, chat: Chat, fields: Fields) -> None:
        reply = fields.value("reply_parameters")
        if not isinstance(reply, dict) or reply.get("allow_sending_without_reply"):
            return
        entry = _entry(chat, int(reply["message_id"]))
        if entry is None or entry.removed:
            raise Refused(400, "Bad Request: message to be replied not found")

    # --------------------------------------------------------------------- files

    def _taken(self, kind: str, part: Part) -> dict[str, Any]:
        """Keep the bot's file, and describe it as a message does."""
        if not part.content:
            raise Refused(400, "Bad Request: file must be non-empty")
        if len(part.content) > MOST_BYTES.get(kind, 50 * MEGABYTE):
            raise Refused(413, "Request Entity Too Large")
        return self.described(kind, part.content, part.filename, part.mime)

    def described(
        self, kind: str, content: bytes, name: str, mime: str = "", size: int | None = None
    ) -> dict[str, Any]:
        """Keep a file; gives back the key of a message that shows it."""
        file_id = self.ids.name("AgACAgIAAxk")
        mime = mime or mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.files[file_id] = file = File(kind, name, mime, content, len(content) if size is None else size)
        about = {"file_id": file_id, "file_unique_id": file_id[-15:], "file_size": file.size}
        match kind:
            case "photo":
                small = {**about, "file_id": self.ids.name("AgACAgIAAxk"), "width": 90, "height": 67}
                return {"photo": [{**small, "file_size": 900}, {**about, "width": 480, "height": 360}]}
            case "video":
                shape = {"width": 640, "height": 480, "duration": 3}
                return {kind: {**about, **shape, "file_name": name, "mime_type": mime}}
            case "audio" | "voice":
                return {kind: {**about, "duration": 3, "mime_type": mime}}
        return {kind: {**about, "file_name": name, "mime_type": mime}}

    def _copy(self, content: dict[str, Any]) -> str:
        """Where the customer finds the file of a message."""
        for kind in ("photo", "video", "audio", "voice", "document"):
            if kind in content:
                about = content[kind][-1] if kind == "photo" else content[kind]
                file = self.files[about["file_id"]]
                return self.keep(file.content, file.mime, file.name)
        return ""

    # --------------------------------------------------------------------- its updates

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

    def _next_message(self) -> int:
        self._message_number += 1
        return self._message_number

    def _bot(self) -> dict[str, Any]:
        return {"id": self.bot_id, "is_bot": True, "first_name": COMPANY, "username": "acme_shoes_bot"}

    def _owner(self) -> dict[str, Any]:
        first, last = OWNER_NAME
        return {"id": self.user_id("owner"), "is_bot": False, "first_name": first, "last_name": last}

    def _user(self, person: Person) -> dict[str, Any]:
        return {"is_bot": False, "language_code": person.language, **self._named(person)}

    def _chat_of(self, chat: Chat) -> dict[str, Any]:
        named = self._named(chat.person)
        return {**named, "id": chat.moved_to or named["id"], "type": "private"}

    def _named(self, person: Person) -> dict[str, Any]:
        first, _space, last = person.name.partition(" ")
        names = {"first_name": first, "last_name": last, "username": person.handle.replace(".", "_")}
        return {"id": self.user_id(person.key), **names}

    def _connection(self) -> dict[str, Any]:
        return {
            "id": self.connection_id,
            "user": self._owner(),
            "user_chat_id": self.user_id("owner"),
            "date": int(self.clock.now().timestamp()),
            "rights": {"can_reply": True, "can_read_messages": True} if self.connection.can_reply else {},
            "is_enabled": self.connection.enabled,
        }

    # ------------------------------------------------------------------ what customers do

    def play_message(self, person: str, text: str = "", picture: str = "") -> dict[str, Any]:
        """Write to the bot. Before the first words the customer presses Start."""
        if not text.strip() and not picture:
            raise PlayError(_("Write something first."))
        return self.play_raw(person, self._content(text, picture))

    def play_trouble(self, words: str = "Wrong response from the webhook: 502 Bad Gateway") -> dict[str, Any]:
        """Telegram could not deliver, and remembers why until the webhook is set again."""
        self.last_error = {"last_error_date": int(self.clock.now().timestamp()), "last_error_message": words}
        return {}

    def play_raw(self, person: str, content: dict[str, Any]) -> dict[str, Any]:
        """Send a message of any kind: sticker, location, contact, voice, poll …"""
        chat = self._chat(person)
        if chat.blocked or not chat.started:
            self.play_join(person)
        return self._written(chat, person, self._user(chat.person), content)

    def play_choose(self, person: str, id: str, choice: str) -> dict[str, Any]:
        """Press a button of the keyboard: its words are sent as the customer's own message."""
        chat, entry = self._find(person, id)
        if choice not in _open_keyboard(chat, entry):
            raise PlayError(_("This choice is no longer there."))
        return self.play_message(person, choice)

    def play_file(
        self, person: str, name: str, content: str = "", size: int | None = None, kind: str = "document"
    ) -> dict[str, Any]:
        """Send a file of these words; `size` makes it look larger."""
        return self.play_raw(person, self.described(kind, content.encode(), name, size=size))

    def play_album(self, person: str, pictures: list[str], text: str = "") -> dict[str, Any]:
        """Send pictures together: as many messages with one album, and no end to tell."""
        album = {"media_group_id": str(self._next_message())}
        texts = [text, *[""] * (len(pictures) - 1)]
        made = [
            self.play_raw(person, {**self._content(words, picture), **album})
            for words, picture in zip(texts, pictures, strict=True)
        ]
        return {"id": made[0]["id"], "ids": [each["id"] for each in made]}

    def play_join(self, person: str) -> dict[str, Any]:
        """Press Start, or let a blocked bot write again."""
        chat = self._chat(person)
        if chat.blocked:
            self._member(chat, "kicked", "member")
        chat.started, chat.blocked = True, False
        start = {"text": "/start", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}
        return self._written(chat, person, self._user(chat.person), start)

    def play_leave(self, person: str) -> dict[str, Any]:
        """Block the bot."""
        chat = self._chat(person)
        if not chat.blocked:
            self._member(chat, "member", "kicked")
        chat.blocked = True
        return {}

    def play_edit(self, person: str, id: str, text: str) -> dict[str, Any]:
        chat, entry = self._own(person, id)
        entry.message["text" if "text" in entry.message else "caption"] = text
        entry.edited = True
        return self._tell_edited(chat, entry)

    def play_touch(self, person: str, id: str) -> dict[str, Any]:
        """Have a message reported as edited though nothing one can see has changed."""
        return self._tell_edited(*self._own(person, id))

    def play_react(self, person: str, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        chat, entry = self._find(person, id)
        before = [LIKE] if entry.reacted else []
        entry.reacted = on
        if not chat.business:
            emoji = {"type": "emoji", "emoji": "👍" if reaction == "like" else reaction}
            event = {
                "chat": self._chat_of(chat),
                "message_id": entry.number,
                "user": self._user(chat.person),
                "date": int(self.clock.now().timestamp()),
                "old_reaction": before,
                "new_reaction": [emoji] if on else [],
            }
            self._tell("message_reaction", event)
        return {"id": id}

    def play_business_connect(self, can_reply: bool = True) -> dict[str, Any]:
        """The owner lets the bot into the chats of the business account."""
        self.connection = Connection(enabled=True, can_reply=can_reply)
        self._tell("business_connection", self._connection())
        return {"id": self.connection_id}

    def play_business_disconnect(self) -> dict[str, Any]:
        self.connection = Connection()
        self._tell("business_connection", self._connection())
        return {}

    def play_business_message(self, person: str, text: str = "", picture: str = "") -> dict[str, Any]:
        """Write to the business account instead of the bot."""
        chat = self._business_chat(person)
        return self._written(chat, person, self._user(chat.person), self._content(text, picture))

    def play_owner_message(self, person: str, text: str, automatic: bool = False) -> dict[str, Any]:
        """The owner answers on their own phone, or their away message does."""
        content: dict[str, Any] = {"text": text, **({"is_from_offline": True} if automatic else {})}
        return self._written(self._business_chat(person), "owner", self._owner(), content)

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        """Delete a message. Telegram tells only of a business account's chats."""
        chat, entry = self._own(person, id)
        if not chat.business:
            raise PlayError(_("Telegram does not tell a bot what was deleted."))
        entry.removed = True
        event = {"business_connection_id": self.connection_id, "chat": self._chat_of(chat)}
        self._tell("deleted_business_messages", {**event, "message_ids": [entry.number]})
        return {"id": id}

    def play_migrate(self, person: str) -> dict[str, Any]:
        """The chat gets another id; the old one answers only where it went."""
        chat = self._chat(person)
        chat.moved_to = self.user_id(f"{person} moved")
        self.by_id[chat.moved_to] = person
        return {"id": str(chat.moved_to)}

    def play_slow_down(self, seconds: int = 35) -> dict[str, Any]:
        """The bot has sent too much and must wait."""
        self.slow_until = self.clock.now() + timedelta(seconds=seconds)
        return {}

    def play_renumber(self) -> dict[str, Any]:
        """Updates are counted from another number, lower than before: so it is after a quiet week."""
        self._update_number = self._update_number // 2
        return {"update_id": self._update_number}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """The bot's token is void from now on."""
        self.revoked = True
        return {}

    def _content(self, text: str, picture: str) -> dict[str, Any]:
        if not picture:
            return {"text": text}
        url = self.picture(picture)
        name = urlsplit(url).path.rpartition("/")[2]
        if url.startswith(self.url):
            content = self.kept(url.removeprefix(self.url)).content()
        else:
            content = self.hooks.call("GET", url)[1]
        return {**self.described("photo", content, name), **({"caption": text} if text else {})}

    def _written(
        self, chat: Chat, by: str, sender: dict[str, Any], content: dict[str, Any]
    ) -> dict[str, Any]:
        message = self._message(chat, sender, content)
        chat.entries.append(Entry(by, self.clock.now(), message, copy=self._copy(content)))
        self._tell("business_message" if chat.business else "message", message)
        return {"id": self._line_id(chat, message["message_id"])}

    def _tell_edited(self, chat: Chat, entry: Entry) -> dict[str, Any]:
        entry.message["edit_date"] = int(self.clock.now().timestamp())
        self._tell("edited_business_message" if chat.business else "edited_message", entry.message)
        return {"id": self._line_id(chat, entry.number)}

    def _member(self, chat: Chat, before: str, after: str) -> None:
        def member(status: str) -> dict[str, Any]:
            until = {"until_date": 0} if status == "kicked" else {}
            return {"status": status, "user": self._bot(), **until}

        event = {
            "chat": self._chat_of(chat),
            "from": self._user(chat.person),
            "date": int(self.clock.now().timestamp()),
            "old_chat_member": member(before),
            "new_chat_member": member(after),
        }
        self._tell("my_chat_member", event)

    def _chat(self, person: str) -> Chat:
        if person not in self.chats:
            raise PlayError(f"Nobody is called {person!r} here.")
        return self.chats[person]

    def _business_chat(self, person: str) -> Chat:
        self._chat(person)
        if not self.connection.enabled:
            self.play_business_connect()
        return self.business_chats[person]

    def _find(self, person: str, id: str) -> tuple[Chat, Entry]:
        for chat in (self._chat(person), self.business_chats[person]):
            for entry in chat.entries:
                if self._line_id(chat, entry.number) == id:
                    return chat, entry
        raise PlayError(_("This message is no longer there."))

    def _own(self, person: str, id: str) -> tuple[Chat, Entry]:
        chat, entry = self._find(person, id)
        if entry.by != person or entry.removed:
            raise PlayError(_("This message is not yours."))
        return chat, entry

    def _line_id(self, chat: Chat, number: int) -> str:
        place = f"{self._chat_of(chat)['id']}:{number}"
        return f"{self.connection_id}:{place}" if chat.business else place

    # ------------------------------------------------------------------- what customers see

    def scene(self, person: str) -> Scene:
        """The chat with the bot, and where there is one that with the business account."""
        chat, business = self._chat(person), self.business_chats[person]
        bot = ChatView(id=person, title=self.accounts()[0].name, lines=self._lines(chat, person))
        if not business.entries:
            return Scene(chats=[bot])
        lines = self._lines(business, person)
        return Scene(chats=[bot, ChatView(id=self.connection_id, title=" ".join(OWNER_NAME), lines=lines)])

    def _lines(self, chat: Chat, person: str) -> list[Line]:
        return [self._line(chat, entry, person) for entry in chat.entries]

    def _line(self, chat: Chat, entry: Entry, person: str) -> Line:
        ours = entry.by != person
        is_picture = "photo" in entry.message
        return Line(
            id=self._line_id(chat, entry.number),
            author=" ".join(OWNER_NAME) if chat.business and ours else COMPANY if ours else chat.person.name,
            text=entry.text,
            at=entry.at,
            ours=ours,
            mine=not ours,
            picture=entry.copy if is_picture else "",
            files=[entry.copy] if entry.copy and not is_picture else [],
            liked=entry.liked,
            reacted=entry.reacted,
            edited=entry.edited,
            removed=entry.removed,
            choices=_open_keyboard(chat, entry),
        )

    def seen(self) -> dict[str, Any]:
        return {
            person.key: [
                entry.message
                for chat in (self.chats[person.key], self.business_chats[person.key])
                for entry in chat.entries
                if not entry.by
            ]
            for person in CUSTOMERS
        }


class Fields:
    """The fields of a call, however they came: query, form, JSON or multipart."""

    def __init__(self, call: Call) -> None:
        self._call = call
        given = call.json
        self.given: dict[str, Any] = {
            **call.query,
            **(given if isinstance(given, dict) else call.form),
        }

    def value(self, name: str) -> Any:
        """A field that is not text: it may stand as JSON inside a form."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise Refused(400, f"Bad Request: can't parse {name} JSON object") from error

    def text(self, name: str) -> str:
        return str(self.given.get(name, ""))

    def number(self, name: str) -> int:
        try:
            return int(self.given.get(name) or 0)
        except (TypeError, ValueError):
            return 0

    def file(self, name: str) -> Part:
        """The uploaded file of a field."""
        for part in self._call.parts:
            if part.name == name and part.filename:
                return part
        raise Refused(400, f"Bad Request: there is no {name} in the request")


def _check_text(text: str, most: int, otherwise: str, fields: Fields) -> None:
    if measure(text, "utf16") > most:
        raise Refused(400, f"Bad Request: {otherwise}")
    if fields.text("parse_mode") == "MarkdownV2" and (found := RESERVED.search(text)):
        raise Refused(
            400,
            f"Bad Request: can't parse entities: Character '{found.group()}' is reserved and must be "
            "escaped with the preceding '\\'",
        )


def _keyboard(fields: Fields, chat: Chat) -> list[str]:
    """The words on the buttons of a reply keyboard, where one is asked for."""
    markup = fields.value("reply_markup")
    if markup is None:
        return []
    if chat.business:
        raise Refused(400, "Bad Request: BUSINESS_CONNECTION_NOT_ALLOWED")
    rows = markup.get("keyboard") if isinstance(markup, dict) else None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        raise Refused(400, "Bad Request: can't parse reply keyboard markup JSON object")
    buttons = [button if isinstance(button, str) else button.get("text") for row in rows for button in row]
    if not all(isinstance(words, str) and words for words in buttons):
        raise Refused(400, 'Bad Request: field "text" must be of type String')
    return buttons


def _open_keyboard(chat: Chat, entry: Entry) -> list[str]:
    """One that is shown once goes when it was used."""
    return entry.keyboard if chat.entries[-1] is entry else []


def _caption(text: str, fields: Fields) -> dict[str, str]:
    _check_text(text, CAPTION_LIMIT, "message caption is too long", fields)
    return {"caption": text} if text else {}


def _entry(chat: Chat, number: int) -> Entry | None:
    return next((entry for entry in chat.entries if entry.number == number), None)


def _refusal(refused: Refused) -> Reply:
    body: dict[str, Any] = {"ok": False, "error_code": refused.code, "description": refused.description}
    if refused.parameters:
        body["parameters"] = refused.parameters
    return Reply(refused.code, body)


simulator = Telegram

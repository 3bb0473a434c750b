"""WhatsApp: one business number of Meta's Cloud API and its private chats.

Webhooks are signed over escaped ASCII JSON. A message is taken with an id; what became of it,
a closed window included, comes afterwards as a status.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from heed.lib.crypto import hmac_sha256_hex
from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, person_named
from heed.sandbox.frame import Call, ChatView, DemoAccount, Line, PlayError, Reply, Sandbox, Scene, Simulator

SIGNATURE = "X-Hub-Signature-256"
OBJECT = "whatsapp_business_account"
WINDOW = timedelta(hours=24)
ADDRESS_LIVES = timedelta(minutes=5)
MOST_TEXT = 4096
MOST_CAPTION = 1024
MOST_KEY = 512
MEGABYTE = 1024 * 1024
MOST_BYTES = {
    "image": 5 * MEGABYTE,
    "audio": 16 * MEGABYTE,
    "video": 16 * MEGABYTE,
    "document": 100 * MEGABYTE,
}
OFFICE = r"application/(msword|vnd\.ms-(excel|powerpoint)|vnd\.openxmlformats-officedocument\..+)"
UPLOADABLE = re.compile(
    r"image/(jpeg|png|webp)|video/(mp4|3gpp)|audio/(aac|amr|mp4|mpeg|ogg)|text/plain|application/pdf|"
    + OFFICE
)
PREFIXES = {"SI": "386", "EG": "20", "MN": "976", "JO": "962", "GB": "44"}
EMOJI = {"like": "👍", "love": "❤️"}
FIELDS = frozenset({"messages", "smb_message_echoes", "smb_app_state_sync", "history", "user_id_update"})
SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")
TEMPLATES: list[dict[str, Any]] = [
    {
        "id": "1",
        "name": "order_update",
        "language": "en",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [
            {"type": "BODY", "text": "Hello {{1}}, your order {{2}} is on its way."},
            {"type": "FOOTER", "text": "Acme"},
        ],
    },
    {
        "id": "2",
        "name": "we_are_back",
        "language": "sl",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Spet smo tu. Vam lahko pomagamo?"}],
    },
    {
        "id": "3",
        "name": "invoice",
        "language": "en",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [
            {"type": "HEADER", "format": "DOCUMENT"},
            {"type": "BODY", "text": "Your invoice, {{1}}."},
        ],
    },
    {
        "id": "4",
        "name": "sale",
        "language": "en",
        "status": "PENDING",
        "category": "MARKETING",
        "components": [{"type": "BODY", "text": "Boots are cheaper."}],
    },
]
TITLES = {
    131026: ("Message undeliverable", "Message Undeliverable."),
    131047: (
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied "
        "to this number.",
    ),
    131049: ("This message was not delivered to maintain healthy ecosystem engagement.", "Not delivered."),
    131053: ("Media upload error", "The media could not be processed."),
}


class Refused(Exception):
    """An error of the Graph API."""

    def __init__(self, code: int, message: str, sub: int = 0, *, status: int = 400, minutes: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.sub = sub
        self.status = status
        self.minutes = minutes


@dataclass(slots=True)
class Stored:
    """A file at Meta, sent by a customer or uploaded by the company; `url` is its copy for the pages."""

    content: bytes
    mime: str
    url: str
    name: str = ""


@dataclass(slots=True)
class Entry:
    """A message in a chat. `by` is the customer's key, empty for the company; `key` is what the
    company sent along to have it back in the statuses."""

    id: str
    by: str
    at: datetime
    kind: str
    content: dict[str, Any]
    context: str = ""
    key: str | None = None
    state: str = ""
    text: str = ""
    file: Stored | None = None
    edited: bool = False
    removed: bool = False
    reactions: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Chat:
    """The chat with one customer; `last_in` opens the window in which the company may write."""

    entries: list[Entry] = field(default_factory=list)
    last_in: datetime | None = None
    number_hidden: bool = False
    numbers: int = 1
    company_types: bool = False


class WhatsApp(Simulator):
    name = "whatsapp"
    label = "WhatsApp"
    short = "w"
    colour = "#128c7e"
    offers = frozenset({"message", "edit", "remove", "react", "read"})

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.hook_url = ""
        self.app_fields: set[str] = set()
        self.subscribed = False
        self.chats = {person.key: Chat() for person in (*CUSTOMERS, OUTSIDER)}
        self.files: dict[str, Stored] = {}
        self.addresses: dict[str, tuple[str, datetime]] = {}
        self.dead = False
        self.scopes = [*SCOPES]
        self.throttled: list[Refused] = []
        self.hurries = False
        self.fails_with = 0
        self.restored = False
        self.batch: list[dict[str, Any]] | None = None

    # ------------------------------------------------------------------------- its data

    def accounts(self) -> list[DemoAccount]:
        credentials = {
            "phone_number_id": self.number_id,
            "business_account_id": self.business,
            "access_token": "EAAW" + self.ids.stable("whatsapp", "token", size=40),
            "app_secret": self.secret,
            "verify_token": "acme-" + self.ids.stable("whatsapp", "verify", size=12),
        }
        return [DemoAccount(f"{COMPANY} on WhatsApp", self.number_id, credentials)]

    @property
    def number_id(self) -> str:
        return self._digits("number")

    @property
    def business(self) -> str:
        return self._digits("business")

    @property
    def app(self) -> str:
        return self._digits("app")

    @property
    def secret(self) -> str:
        return self.ids.stable("whatsapp", "secret", size=32)

    @property
    def token(self) -> str:
        return self.accounts()[0].credentials["access_token"]

    def wa_id(self, person: str) -> str:
        """The customer's number; another one after they changed it."""
        digits = int(self.ids.stable("whatsapp", "phone", person, str(self.chats[person].numbers)), 16)
        return PREFIXES[person_named(person).country] + str(10**7 + digits % (9 * 10**7))

    def user_id(self, person: str) -> str:
        """The customer's id within this business; it changes with the number."""
        digits = self._digits("user", person, str(self.chats[person].numbers))
        return f"{person_named(person).country}.{digits}"

    def _digits(self, *words: str) -> str:
        return str(10**14 + int(self.ids.stable("whatsapp", *words), 16) % (9 * 10**14))

    def restore(self, external_id: str, hook_url: str) -> None:
        """Chats of an earlier run are taken for open."""
        if external_id == self.number_id:
            self.hook_url, self.app_fields, self.subscribed = hook_url, set(FIELDS), True
            self.restored = True

    # ------------------------------------------------------------------------- its API

    def answer(self, call: Call) -> Reply:
        words = [word for word in call.path.split("/") if word]
        if words and re.fullmatch(r"v\d+\.\d+", words[0]):
            words = words[1:]
        given = {**call.query, **call.form, **(call.json if isinstance(call.json, dict) else {})}
        try:
            self._admit(call, given, words)
            if words == ["whatsapp_business", "attachments"]:
                return self._download(given)
            return Reply(200, self._answer(call, words, given), self._usage(0))
        except Refused as refused:
            return self._error(refused)

    def _answer(self, call: Call, words: list[str], given: dict[str, Any]) -> dict[str, Any]:
        match call.method, words:
            case "GET", ["app"]:
                return {"id": self.app, "name": f"{COMPANY} desk"}
            case "GET", ["debug_token"]:
                valid = given.get("input_token") == self.token and not self.dead
                data = {"app_id": self.app, "type": "SYSTEM_USER", "is_valid": valid, "expires_at": 0}
                return {"data": {**data, "scopes": self.scopes}}
            case "GET", [self.business, "message_templates"]:
                wanted = given.get("status")
                rows = [each for each in TEMPLATES if wanted in (None, "", each["status"])]
                return {"data": rows, "paging": {"cursors": {"before": "a", "after": "b"}}}
            case "GET", [self.app, "subscriptions"]:
                return {"data": [{"object": OBJECT, "callback_url": self.hook_url, "active": True}]}
            case "POST", [self.app, "subscriptions"]:
                return self._set_callback(given)
            case method, [self.business, "subscribed_apps"]:
                if "whatsapp_business_management" not in self.scopes:
                    raise Refused(200, "You do not have the necessary permissions", status=403)
                return self._subscriptions(method)
            case "GET", [self.business, "phone_numbers"]:
                return {"data": [self._number()]}
            case "GET", [self.number_id]:
                return self._number()
            case "POST", [self.number_id, "messages"]:
                return self._take(given)
            case "POST", [self.number_id, "media"]:
                return {"id": self._upload(call, given)}
            case "GET", [media] if media in self.files:
                return self._described(media, given)
            case "DELETE", [media] if media in self.files:
                del self.files[media]
                return {"success": True}
        raise Refused(
            100,
            f"Unsupported request. Object with ID '{'/'.join(words)}' does not exist, cannot be loaded due "
            "to missing permissions, or does not support this operation",
            33,
        )

    def _number(self) -> dict[str, Any]:
        return {
            "id": self.number_id,
            "verified_name": COMPANY,
            "display_phone_number": "+386 40 123 456",
            "quality_rating": "GREEN",
            "throughput": {"level": "STANDARD"},
            "code_verification_status": "VERIFIED",
        }

    def _admit(self, call: Call, given: dict[str, Any], words: list[str]) -> None:
        token = call.headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = token or str(given.get("access_token", ""))
        as_app = token == f"{self.app}|{self.secret}"
        if not as_app and (token != self.token or self.dead):
            raise Refused(190, "Error validating access token: the session is invalid", 467, status=401)
        proof = given.get("appsecret_proof")
        if proof is not None and proof != hmac_sha256_hex(self.secret, token.encode()):
            raise Refused(100, "Invalid appsecret_proof provided in the API argument")
        if words[-1:] == ["subscriptions"] and not as_app:
            raise Refused(15, "(#15) This method must be called with an app access_token.")
        if self.throttled:
            raise self.throttled.pop()

    def _error(self, refused: Refused) -> Reply:
        error: dict[str, Any] = {
            "message": f"(#{refused.code}) {refused}",
            "type": "OAuthException",
            "code": refused.code,
            "error_data": {"messaging_product": "whatsapp", "details": str(refused)},
            "fbtrace_id": self.ids.name("A"),
        }
        if refused.sub:
            error["error_subcode"] = refused.sub
        return Reply(refused.status, {"error": error}, self._usage(refused.minutes))

    def _usage(self, minutes: int) -> dict[str, str]:
        """Meta's own rate header, in percent; the last figure is in minutes."""
        case = {
            "type": "whatsapp",
            "call_count": 100 if minutes else 1,
            "total_cputime": 1,
            "total_time": 1,
            "estimated_time_to_regain_access": minutes,
        }
        return {"X-Business-Use-Case-Usage": json.dumps({self.business: [case]})}

    # -------------------------------------------------------------------- its webhook

    def _set_callback(self, given: dict[str, Any]) -> dict[str, Any]:
        fields = {name.strip() for name in str(given.get("fields", "")).split(",") if name.strip()}
        if given.get("object") != OBJECT or not fields <= FIELDS:
            raise Refused(100, "Invalid parameter: object or fields")
        url = str(given.get("callback_url", ""))
        if not self._shakes_hands(url, str(given.get("verify_token", ""))):
            raise Refused(2200, "Callback verification failed")
        self.hook_url, self.app_fields = url, fields
        return {"success": True}

    def _shakes_hands(self, url: str, verify_token: str) -> bool:
        """Ask the address for the challenge; only one that gives it back gets webhooks."""
        challenge = str(self.ids.number())
        asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        return self.hooks.call("GET", f"{url}?{urlencode(asked)}") == (200, challenge.encode())

    def _subscriptions(self, method: str) -> dict[str, Any]:
        if method == "GET":
            app = {"whatsapp_business_api_data": {"id": self.app, "name": f"{COMPANY} desk", "link": ""}}
            return {"data": [app] if self.subscribed else []}
        self.subscribed = method == "POST"
        return {"success": True}

    def _tell(self, name: str, value: dict[str, Any], *, at_once: bool = False) -> None:
        """Deliver a change, if the app asked for its field; in a batch it waits for the others."""
        if name not in self.app_fields or not self.subscribed:
            return
        metadata = {"display_phone_number": "38640123456", "phone_number_id": self.number_id}
        change = {"value": {"messaging_product": "whatsapp", "metadata": metadata, **value}, "field": name}
        if self.batch is not None:
            self.batch.append(change)
        else:
            self._post([{"id": self.business, "changes": [change]}], at_once=at_once)

    def _post(self, entries: list[dict[str, Any]], *, at_once: bool = False) -> None:
        body = as_meta_writes({"object": OBJECT, "entry": entries})
        signature = f"sha256={hmac_sha256_hex(self.secret, body)}"
        headers = {"Content-Type": "application/json", SIGNATURE: signature}
        if at_once and self.hook_url:
            self.hooks.call("POST", self.hook_url, body, headers)
        else:
            self.hooks.send(self.hook_url, body, headers, signed=SIGNATURE)

    def _contact(self, person: str) -> dict[str, Any]:
        """Who wrote, or is written to. One who hides their number has a username instead."""
        who = person_named(person)
        if self.chats[person].number_hidden:
            return {"profile": {"name": who.name, "username": who.handle}, "user_id": self.user_id(person)}
        return {
            "profile": {"name": who.name},
            "wa_id": self.wa_id(person),
            "user_id": self.user_id(person),
        }

    def _tell_message(self, person: str, message: dict[str, Any]) -> None:
        sender = {"from_user_id": self.user_id(person), "id": self.ids.name("wamid.HBg")}
        if not self.chats[person].number_hidden:
            sender["from"] = self.wa_id(person)
        full = {**sender, "timestamp": self._seconds(), **message}
        self._tell("messages", {"contacts": [self._contact(person)], "messages": [full]})

    def _tell_status(
        self, to: dict[str, str], entry: Entry, status: str, code: int = 0, *, at_once: bool = False
    ) -> None:
        told: dict[str, Any] = {"id": entry.id, "status": status, "timestamp": self._seconds(), **to}
        if entry.key is not None:
            told["biz_opaque_callback_data"] = entry.key
        if code:
            title, details = TITLES.get(code, ("Message failed", "Message failed."))
            error = {"code": code, "title": title, "message": title, "error_data": {"details": details}}
            told["errors"] = [error]
        else:
            told["pricing"] = {"billable": False, "pricing_model": "PMP", "category": "service"}
        self._tell("messages", {"statuses": [told]}, at_once=at_once)

    def _seconds(self) -> str:
        return str(int(self.clock.now().timestamp()))

    # ------------------------------------------------------------------------- its files

    def _upload(self, call: Call, given: dict[str, Any]) -> str:
        part = next((part for part in call.parts if part.name == "file" and part.filename), None)
        if given.get("messaging_product") != "whatsapp" or part is None:
            raise Refused(100, "Parameters messaging_product and file are required")
        mime = part.mime.partition(";")[0]
        if not UPLOADABLE.fullmatch(mime):
            raise Refused(100, f"Param file must be a file of a supported type, not {mime}")
        if len(part.content) > MOST_BYTES[_kind_of(mime)]:
            raise Refused(131053, "The file is too large")
        return self._store(part.content, mime, part.filename)

    def _store(self, content: bytes, mime: str, name: str, url: str = "") -> str:
        media = str(self.ids.number())
        self.files[media] = Stored(content, mime, url or self.keep(content, mime, name), name)
        return media

    def _described(self, media: str, given: dict[str, Any]) -> dict[str, Any]:
        """A new address for the file, good for five minutes."""
        if given.get("phone_number_id", self.number_id) != self.number_id:
            raise Refused(100, "The media does not belong to this number", 33)
        stored, address = self.files[media], self.ids.name()
        self.addresses[address] = (media, self.clock.now() + ADDRESS_LIVES)
        return {
            "messaging_product": "whatsapp",
            "url": f"{self.url}/whatsapp_business/attachments/?mid={address}",
            "mime_type": stored.mime,
            "sha256": hashlib.sha256(stored.content).hexdigest(),
            "file_size": str(len(stored.content)),
            "id": media,
        }

    def _download(self, given: dict[str, Any]) -> Reply:
        media, until = self.addresses.get(str(given.get("mid", "")), ("", self.clock.now()))
        if media not in self.files or self.clock.now() >= until:
            return Reply(404, "Not found")
        return Reply(200, self.files[media].content, {"Content-Type": self.files[media].mime})

    # -------------------------------------------------------------------------- writing

    def _take(self, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("messaging_product") != "whatsapp":
            raise Refused(100, "The parameter messaging_product is required")
        if given.get("status") == "read":
            return self._read_by_company(given)
        to = str(given.get("to") or given.get("recipient") or "")
        if not re.fullmatch(r"\+?\d{6,15}", str(given.get("to") or "1234567")):
            raise Refused(131009, "Parameter value is not valid: to")
        if not to:
            raise Refused(131008, "Required parameter is missing: to or recipient")
        person = self._person(to)
        entry = self._compose(given)
        if given.get("type") == "reaction":
            self._react_by_company(person, entry)
        else:
            self._send(person, entry, to)
        contact: dict[str, str] = {"input": to}
        if person:
            contact |= {k: v for k, v in self._contact(person).items() if k in ("wa_id", "user_id")}
        return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": entry.id}]}

    def _person(self, to: str) -> str:
        """The customer of this number or id; empty when nobody has it (any more)."""
        number = to.removeprefix("+")
        return next((key for key in self.chats if number in (self.wa_id(key), self.user_id(key))), "")

    def _read_by_company(self, given: dict[str, Any]) -> dict[str, Any]:
        message_id = str(given.get("message_id", ""))
        if not message_id.startswith("wamid."):
            raise Refused(131009, "Parameter value is not valid: message_id")
        for chat in self.chats.values():
            seen = [each.id for each in chat.entries if each.by]
            if message_id in seen:
                for entry in chat.entries:
                    if entry.by and seen.index(entry.id) <= seen.index(message_id):
                        entry.state = "seen"
                chat.company_types = "typing_indicator" in given
        return {"success": True}

    def _compose(self, given: dict[str, Any]) -> Entry:
        """The message as asked for. Raises `Refused` for what the API does not take."""
        kind = str(given.get("type", "text"))
        content = given.get(kind)
        if not isinstance(content, dict):
            raise Refused(131008, f"Required parameter is missing: {kind}")
        context, key = given.get("context"), given.get("biz_opaque_callback_data")
        quoted = str(context.get("message_id", "")) if isinstance(context, dict) else ""
        if quoted and not quoted.startswith("wamid."):
            raise Refused(131009, "Parameter value is not valid: context")
        if len(str(key or "")) > MOST_KEY:
            raise Refused(100, f"Param biz_opaque_callback_data must be at most {MOST_KEY} characters long")
        entry = Entry(self.ids.name("wamid.HBg"), "", self.clock.now(), kind, content, quoted, key, "sent")
        if kind == "text":
            entry.text = _checked(content.get("body"), "text['body']", MOST_TEXT)
        elif kind in MOST_BYTES:
            self._attach(entry, content)
        elif kind == "template":
            entry.text = _filled(content)
        elif kind == "reaction":
            if not str(content.get("message_id", "")).startswith("wamid."):
                raise Refused(131009, "Parameter value is not valid: reaction['message_id']")
        else:
            raise Refused(131051, f"Unsupported message type: {kind}")
        return entry

    def _attach(self, entry: Entry, content: dict[str, Any]) -> None:
        stored = self.files.get(str(content.get("id", "")))
        if stored is None or _kind_of(stored.mime) not in (
            entry.kind,
            "image" if entry.kind == "document" else "",
        ):
            raise Refused(100, f"Param {entry.kind}['id'] is not a valid media attachment ID")
        if "caption" in content:
            if entry.kind == "audio":
                raise Refused(100, "Unexpected key caption on param audio")
            entry.text = _checked(content["caption"], f"{entry.kind}['caption']", MOST_CAPTION)
        entry.file = stored

    def _send(self, person: str, entry: Entry, to: str) -> None:
        """Taken; whether it reaches anybody is told afterwards."""
        code, self.fails_with = self.fails_with, 0
        if not person:
            code = 131026
        elif not code and entry.kind != "template" and not self._window_open(person):
            code = 131047
        receiver = self._receiver(person, to)
        if code:
            self.later(0.3, lambda: self._tell_status(receiver, entry, "failed", code))
            return
        chat = self.chats[person]
        chat.entries.append(entry)
        chat.company_types = False
        self._tell_status(receiver, entry, "sent", at_once=self.hurries)
        self.later(0.8, lambda: self._delivered(receiver, entry))

    def _receiver(self, person: str, to: str) -> dict[str, str]:
        if not person:
            return {"recipient_id": to.removeprefix("+")}
        hidden = {"recipient_user_id": self.user_id(person)}
        return hidden if self.chats[person].number_hidden else {"recipient_id": self.wa_id(person), **hidden}

    def _delivered(self, receiver: dict[str, str], entry: Entry) -> None:
        """It may be told after the read receipt: nothing orders them."""
        if entry.state == "sent":
            entry.state = "delivered"
        self._tell_status(receiver, entry, "delivered")

    def _window_open(self, person: str) -> bool:
        last = self.chats[person].last_in
        return self.restored if last is None else self.clock.now() - last <= WINDOW

    def _react_by_company(self, person: str, reaction: Entry) -> None:
        about, emoji = str(reaction.content["message_id"]), str(reaction.content.get("emoji", ""))
        entry = (
            next((each for each in self.chats[person].entries if each.id == about), None) if person else None
        )
        if entry is not None:
            _set(entry.reactions, "", emoji)

    # ------------------------------------------------------------------ what customers do

    def play_message(
        self, person: str, text: str = "", picture: str = "", context: str = ""
    ) -> dict[str, Any]:
        """Write to the company, perhaps with a picture, perhaps in answer to a message."""
        if picture:
            url = self.picture(picture)
            content, mime = self._content_of(url)
            image = self._file(content, mime, url) | ({"caption": text} if text else {})
            return self.play_raw(person, "image", image, context)
        if not text.strip():
            raise PlayError(_("Write something first."))
        return self.play_raw(person, "text", {"body": text}, context)

    def play_file(self, person: str, kind: str, data: str, mime: str, name: str = "") -> dict[str, Any]:
        """Send a file of any kind: video, audio, document, sticker. `data` is base 64."""
        content = self._file(base64.b64decode(data), mime, "")
        if kind == "document":
            content["filename"] = name
        return self.play_raw(person, kind, content)

    def play_raw(
        self, person: str, kind: str, content: dict[str, Any] | list[Any], context: str = ""
    ) -> dict[str, Any]:
        """Send a message of any type, its part given as Meta writes it."""
        chat = self._chat(person)
        entry = Entry(self.ids.name("wamid.HBg"), person, self.clock.now(), kind, {}, context)
        if isinstance(content, dict):
            entry.content = content
            entry.text = str(content.get("body") or content.get("caption") or content.get("text") or "")
            entry.file = self.files.get(str(content.get("id", "")))
        chat.entries.append(entry)
        chat.last_in = entry.at
        message: dict[str, Any] = {"id": entry.id, "type": kind, kind: content}
        if context:
            message["context"] = {"from": "38640123456", "id": context}
        self._tell_message(person, message)
        return {"id": entry.id}

    def _file(self, content: bytes, mime: str, url: str) -> dict[str, Any]:
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        media = self._store(content, mime, "file", url)
        return {"id": media, "mime_type": mime, "sha256": digest}

    def _content_of(self, url: str) -> tuple[bytes, str]:
        if url.startswith(self.url):
            reply = self.kept(url.removeprefix(self.url))
            return reply.content(), reply.headers.get("Content-Type", "image/png")
        status, content = self.hooks.call("GET", url)
        if status != 200:
            raise PlayError(f"{url} cannot be fetched")
        return content, "image/jpeg" if content.startswith(b"\xff\xd8") else "image/png"

    def play_edit(self, person: str, id: str, text: str) -> dict[str, Any]:
        entry = self._own(person, id)
        entry.text, entry.edited = text, True
        part = "body" if entry.kind == "text" else "caption"
        now = {"type": entry.kind, entry.kind: {**entry.content, part: text}}
        edit = {"original_message_id": id, "message": now}
        self._tell_message(person, {"type": "edit", "edit": edit})
        return {"id": id}

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        self._own(person, id).removed = True
        self._tell_message(person, {"type": "revoke", "revoke": {"original_message_id": id}})
        return {"id": id}

    def play_react(self, person: str, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        """React with an emoji, or take it back."""
        chat = self._chat(person)
        entry = next((each for each in chat.entries if each.id == id), None)
        if entry is None:
            raise PlayError(_("This message is no longer there."))
        emoji = EMOJI.get(reaction, reaction) if on else ""
        _set(entry.reactions, person, emoji)
        chat.last_in = self.clock.now()
        told = {"message_id": id, **({"emoji": emoji} if emoji else {})}
        self._tell_message(person, {"type": "reaction", "reaction": told})
        return {"id": id}

    def play_read(self, person: str) -> dict[str, Any]:
        """Open the chat and see what the company wrote, perhaps before its delivery was told."""
        unread = [
            each for each in self._chat(person).entries if not each.by and each.state in ("sent", "delivered")
        ]
        for entry in unread:
            entry.state = "seen"
            self._tell_status(self._receiver(person, ""), entry, "read")
        return {"seen": len(unread)}

    def play_open(self, person: str) -> dict[str, Any]:
        """Open the chat for the first time without writing."""
        self._chat(person)
        self._tell_message(person, {"type": "request_welcome"})
        return {}

    def play_hide_number(self, person: str, on: bool = True) -> dict[str, Any]:
        """Take a username: from now on the company no longer sees the number."""
        self._chat(person).number_hidden = on
        return {}

    def play_change_number(self, person: str) -> dict[str, Any]:
        """Move to another number: both ids become others, which is told twice."""
        chat = self._chat(person)
        old_id, old_number = self.user_id(person), self.wa_id(person)
        chat.numbers += 1
        system = {
            "type": "user_changed_number",
            "body": f"{person_named(person).name} changed from {old_number} to {self.wa_id(person)}",
            "wa_id": self.wa_id(person),
            "user_id": self.user_id(person),
        }
        message = {
            "id": self.ids.name("wamid.HBg"),
            "from": old_number,
            "from_user_id": old_id,
            "timestamp": self._seconds(),
            "type": "system",
            "system": system,
        }
        self._tell("messages", {"messages": [message]})
        change = {"previous": old_id, "current": self.user_id(person)}
        update = {"wa_id": self.wa_id(person), "timestamp": self._seconds(), "user_id": change}
        self._tell("user_id_update", {"user_id_update": [update]})
        return change

    # ------------------------------------------------------------- what else may happen

    def play_phone(self, person: str, text: str) -> dict[str, Any]:
        """A colleague answers on the company's phone, in the WhatsApp Business app."""
        entry = Entry(
            self.ids.name("wamid.HBg"),
            "",
            self.clock.now(),
            "text",
            {"body": text},
            state="delivered",
            text=text,
        )
        self._chat(person).entries.append(entry)
        echo = {
            "from": "38640123456",
            "to": self.wa_id(person),
            "to_user_id": self.user_id(person),
            "id": entry.id,
            "timestamp": self._seconds(),
            "type": "text",
            "text": {"body": text},
        }
        self._tell("smb_message_echoes", {"message_echoes": [echo]})
        return {"id": entry.id}

    def play_batch(self, on: bool = True) -> dict[str, Any]:
        """Hold what is told; when switched off, deliver it all in one body of two entries."""
        held, self.batch = self.batch or [], [] if on else None
        half = len(held) // 2
        entries = [{"id": self.business, "changes": each} for each in (held[:half], held[half:]) if each]
        if entries:
            self._post(entries)
        return {"held": len(held)}

    def play_fail(self, code: int = 131026) -> dict[str, Any]:
        """Take the next message and report its failure afterwards."""
        self.fails_with = code
        return {}

    def play_throttle(self, code: int = 130429, minutes: int = 0) -> dict[str, Any]:
        """Refuse the next call: too many."""
        self.throttled.append(Refused(code, "Rate limit hit", status=403, minutes=minutes))
        return {}

    def play_hurry(self, on: bool = True) -> dict[str, Any]:
        """Tell that a message was sent before the call that sends it has its answer."""
        self.hurries = on
        return {}

    def play_grant(self, name: str, on: bool = True) -> dict[str, Any]:
        """Give the token a permission, or take it."""
        self.scopes = [*(each for each in self.scopes if each != name), *([name] if on else [])]
        return {}

    def play_unsubscribe(self) -> dict[str, Any]:
        """Somebody ends the subscription at Meta."""
        self.subscribed = False
        return {}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """The token is void from now on."""
        self.dead = True
        return {}

    def _chat(self, person: str) -> Chat:
        if person not in self.chats:
            raise PlayError(f"Nobody is called {person!r} here.")
        return self.chats[person]

    def _own(self, person: str, id: str) -> Entry:
        entry = next(
            (each for each in self._chat(person).entries if each.id == id and each.by == person), None
        )
        if entry is None or entry.removed:
            raise PlayError(_("This message is no longer there."))
        return entry

    # ------------------------------------------------------------------- what customers see

    def scene(self, person: str) -> Scene:
        lines = [self._line(entry, person) for entry in self._chat(person).entries]
        return Scene(chats=[ChatView(id=person, title=self.accounts()[0].name, lines=lines)])

    def _line(self, entry: Entry, person: str) -> Line:
        is_picture = entry.file is not None and entry.file.mime.startswith("image/")
        url = entry.file.url if entry.file else ""
        return Line(
            id=entry.id,
            author=person_named(person).name if entry.by else COMPANY,
            text=entry.text,
            at=entry.at,
            ours=not entry.by,
            mine=bool(entry.by),
            picture=url if is_picture else "",
            files=[url] if url and not is_picture else [],
            likes=len(entry.reactions),
            liked="" in entry.reactions,
            reacted=person in entry.reactions,
            edited=entry.edited,
            removed=entry.removed,
            state=entry.state,
        )

    def seen(self) -> dict[str, Any]:
        return {
            key: [
                {"id": each.id, "type": each.kind, each.kind: dict(each.content), "context": each.context}
                for each in chat.entries
                if not each.by
            ]
            for key, chat in self.chats.items()
        }


def as_meta_writes(body: Any) -> bytes:
    """JSON in Meta's own spelling, over which it signs: ASCII with \\u00e9, and \\/ for a slash."""
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


def _kind_of(mime: str) -> str:
    kind = mime.partition("/")[0]
    return kind if kind in ("image", "audio", "video") else "document"


def _checked(value: Any, name: str, most: int) -> str:
    if not isinstance(value or "", str):
        raise Refused(131009, f"Parameter value is not valid: {name}")
    if not value or not value.strip():
        raise Refused(131008, f"Required parameter is missing: {name}")
    if len(value) > most:
        raise Refused(100, f"Param {name} must be at most {most} characters long.")
    return str(value)


def _filled(content: dict[str, Any]) -> str:
    """The text of a template with its blanks filled. Raises `Refused`."""
    language = content.get("language")
    code = language.get("code") if isinstance(language, dict) else ""
    known = [each for each in TEMPLATES if (each["name"], each["language"]) == (content.get("name"), code)]
    if not known or known[0]["status"] != "APPROVED":
        raise Refused(132001, "Template name does not exist in the translation", status=404)
    texts = {part["type"]: str(part.get("text", "")) for part in known[0]["components"]}
    given = [part for part in content.get("components", ()) if part.get("type") == "body"]
    values = [str(each.get("text", "")) for part in given for each in part.get("parameters", ())]
    if len(values) != len(set(re.findall(r"{{\d+}}", texts["BODY"]))) or not all(values):
        raise Refused(132000, "Number of parameters does not match the expected number of params")
    texts["BODY"] = re.sub(r"{{(\d+)}}", lambda blank: values[int(blank[1]) - 1], texts["BODY"])
    return "\n".join(texts[name] for name in ("HEADER", "BODY", "FOOTER") if texts.get(name))


def _set(reactions: dict[str, str], by: str, emoji: str) -> None:
    if emoji:
        reactions[by] = emoji
    else:
        reactions.pop(by, None)


simulator = WhatsApp

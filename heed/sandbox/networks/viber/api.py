"""The bot: its calls, its callbacks, and what its customers do and see."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from heed.lib.crypto import hmac_sha256_hex
from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, Person, person_named
from heed.sandbox.frame import Call, ChatView, DemoAccount, Line, PlayError, Reply, Sandbox, Scene, Simulator
from heed.sandbox.networks.viber.chats import Chat, Entry, buttons_of
from heed.sandbox.networks.viber.checking import (
    BAD_DATA,
    BAD_TOKEN,
    INVALID_URL,
    MISSING_DATA,
    NO_WEBHOOK,
    NOT_REGISTERED,
    NOT_SUBSCRIBED,
    OK,
    TOO_MANY,
    Refused,
    answered,
    check_message,
)
from heed.sandbox.networks.viber.playing import MORE

SIGNATURE = "X-Viber-Content-Signature"
MOST_UNANSWERED = 100
AN_HOUR = timedelta(hours=1)
MOST_JSON = 30 * 1024
OPTIONAL_EVENTS = ["delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started"]


class Viber(Simulator):
    name = "viber"
    label = "Viber"
    short = "v"
    colour = "#7360f2"
    offers = frozenset({"message", "choose", "read"})
    more = MORE

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.hook_url = ""
        self.event_types: list[str] = []
        self.chats = {person.key: Chat() for person in (*CUSTOMERS, OUTSIDER)}
        self.people = {self.user_id(person): person for person in (*CUSTOMERS, OUTSIDER)}
        self.revoked = False
        self.hurries = False
        self.fails_with = ""

    # ------------------------------------------------------------------------ its data

    def accounts(self) -> list[DemoAccount]:
        parts = (self.ids.stable("viber", "token", part, size=16) for part in "abc")
        return [DemoAccount(f"{COMPANY} on Viber", "pa:5023451798360", {"auth_token": "-".join(parts)})]

    @property
    def token(self) -> str:
        return self.accounts()[0].credentials["auth_token"]

    def user_id(self, person: Person) -> str:
        """Sixteen bytes in base 64, as Viber's are; the same for ever."""
        return base64.b64encode(bytes.fromhex(self.ids.stable("viber", person.key, size=32))).decode()

    def restore(self, external_id: str, hook_url: str) -> None:
        """Whoever wrote in an earlier run is still a subscriber."""
        self.hook_url, self.event_types = hook_url, OPTIONAL_EVENTS
        for person in CUSTOMERS:
            self.chats[person.key].subscribed = True

    # ------------------------------------------------------------------------- its API

    def answer(self, call: Call) -> Reply:
        method = call.path.removeprefix("/pa/")
        answer = self._methods.get(method) if call.path.startswith("/pa/") else None
        if call.method != "POST" or answer is None:
            return Reply(404, "Not found")
        try:
            fields = self._admitted(call)
            return answered(OK, answer(self, fields))
        except Refused as refused:
            return answered(refused.status, {}, str(refused))

    def _admitted(self, call: Call) -> dict[str, Any]:
        fields = call.json
        if not isinstance(fields, dict):
            raise Refused(BAD_DATA)
        given = call.headers.get("x-viber-auth-token") or fields.get("auth_token")
        if given != self.token or self.revoked:
            raise Refused(BAD_TOKEN)
        if len(call.body) > MOST_JSON:
            raise Refused(BAD_DATA, "the JSON is over 30 KB")
        return fields

    def _set_webhook(self, fields: dict[str, Any]) -> dict[str, Any]:
        """An address is tried before it is taken; an empty one removes the webhook."""
        url = fields.get("url")
        if not isinstance(url, str):
            raise Refused(MISSING_DATA)
        before, self.hook_url = self.hook_url, url
        if url and not self._is_there():
            self.hook_url = before
            raise Refused(INVALID_URL)
        self.event_types = list(fields.get("event_types") or OPTIONAL_EVENTS)
        return {"event_types": sorted({*self.event_types, "message", "subscribed", "unsubscribed"})}

    def _is_there(self) -> bool:
        if not self.hook_url.startswith(("https://", "http://")):
            return False
        body, headers = self._signed({"event": "webhook", **self._stamp()})
        return self.hooks.call("POST", self.hook_url, body, headers)[0] == 200

    def _get_account_info(self, fields: dict[str, Any]) -> dict[str, Any]:
        account = self.accounts()[0]
        return {
            "id": account.external_id,
            "name": account.name,
            "uri": "acmeshoes",
            "icon": "",
            "category": "Companies, Brands & Products",
            "webhook": self.hook_url,
            "event_types": self.event_types,
            "subscribers_count": sum(chat.subscribed for chat in self.chats.values()),
            "members": [],
        }

    def _get_user_details(self, fields: dict[str, Any]) -> dict[str, Any]:
        person = self.people.get(str(fields.get("id")))
        if person is None:
            raise Refused(NOT_REGISTERED)
        return {
            "message_token": self._token(),
            "user": {**self._user(person), "primary_device_os": "Android 16", "viber_version": "26.1"},
        }

    def _get_online(self, fields: dict[str, Any]) -> dict[str, Any]:
        wanted = [str(each) for each in fields.get("ids", [])][:100]
        return {"users": [{"id": each, "online_status": 0 if each in self.people else 3} for each in wanted]}

    def _send_message(self, fields: dict[str, Any]) -> dict[str, Any]:
        check_message(fields)
        person = self.people.get(str(fields["receiver"]))
        if person is None:
            raise Refused(NOT_REGISTERED)
        if not self.hook_url:
            raise Refused(NO_WEBHOOK)
        chat = self.chats[person.key]
        if not chat.subscribed:
            raise Refused(NOT_SUBSCRIBED)
        self._count(chat)
        entry = Entry(self._token(), "", self.clock.now(), fields, "sent")
        chat.entries.append(entry)
        if "media" in fields:
            self.sandbox.agenda.add(0.1, lambda: self._fetch(person, entry))
        else:
            self._tell_what_became_of(person, entry)
        return {"message_token": entry.token, "chat_hostname": "SN-CHAT-05_", "billing_status": 1}

    def _count(self, chat: Chat) -> None:
        now = self.clock.now()
        chat.unanswered = [at for at in chat.unanswered if now - at < AN_HOUR]
        if len(chat.unanswered) >= MOST_UNANSWERED:
            raise Refused(TOO_MANY)
        chat.unanswered.append(now)

    _methods: dict[str, Callable[[Viber, dict[str, Any]], dict[str, Any]]] = {
        "set_webhook": _set_webhook,
        "get_account_info": _get_account_info,
        "get_user_details": _get_user_details,
        "get_online": _get_online,
        "send_message": _send_message,
    }

    # --------------------------------------------------------------------- its callbacks

    def _fetch(self, person: Person, entry: Entry) -> None:
        """Get the bot's file from its address: what cannot be fetched fails afterwards."""
        media = str(entry.message["media"])
        status, content = self.hooks.call("GET", media)
        with self.lock:
            if status == 200:
                entry.copy = self.keep(content, _mime(content), PurePosixPath(urlsplit(media).path).name)
                self._tell_what_became_of(person, entry)
            else:
                self._receipt(person, entry, "failed", desc="The media could not be downloaded")
            self.changed()

    def _tell_what_became_of(self, person: Person, entry: Entry) -> None:
        if self.fails_with:
            reason, self.fails_with = self.fails_with, ""
            self.later(0.3, lambda: self._receipt(person, entry, "failed", desc=reason))
        elif self.hurries:
            self._receipt(person, entry, "delivered", at_once=True)
        else:
            self.later(0.8, lambda: self._receipt(person, entry, "delivered"))

    def _receipt(
        self, person: Person, entry: Entry, state: str, *, desc: str = "", at_once: bool = False
    ) -> None:
        entry.state = state
        event: dict[str, Any] = {"event": state, **self._stamp(entry.token), "user_id": self.user_id(person)}
        if desc:
            event["desc"] = desc
        self._tell(event, at_once=at_once)

    def _tell(self, event: dict[str, Any], *, at_once: bool = False) -> None:
        """Send a callback, if the bot asked for its kind. Slashes are escaped as Viber does it."""
        if event["event"] in OPTIONAL_EVENTS and event["event"] not in self.event_types:
            return
        body, headers = self._signed(event)
        if at_once:
            self.hooks.call("POST", self.hook_url, body, headers)
        else:
            self.hooks.send(self.hook_url, body, headers, signed=SIGNATURE)

    def _signed(self, event: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/").encode()
        signature = hmac_sha256_hex(self.token, body)
        return body, {"Content-Type": "application/json", SIGNATURE: signature}

    def _stamp(self, token: int = 0) -> dict[str, Any]:
        return {
            "timestamp": int(self.clock.now().timestamp() * 1000),
            "message_token": token or self._token(),
            "chat_hostname": "SN-CHAT-05_",
        }

    def _token(self) -> int:
        """A number above 2^53 that loses its last digits in a float."""
        return self.ids.number() * 3137 + 1

    def _user(self, person: Person) -> dict[str, Any]:
        return {
            "id": self.user_id(person),
            "name": person.name,
            "avatar": "",
            "country": person.country,
            "language": person.language,
            "api_version": 10,
        }

    # ------------------------------------------------------------------ what customers do

    def play_message(self, person: str, text: str = "", picture: str = "") -> dict[str, Any]:
        """Write to the bot. The first message subscribes, without an event that says so."""
        if picture:
            return self.play_raw(person, {"type": "picture", "text": text, "media": self.picture(picture)})
        if not text.strip():
            raise PlayError(_("Write something first."))
        return self.play_raw(person, {"type": "text", "text": text})

    def play_choose(self, person: str, id: str, choice: str) -> dict[str, Any]:
        """Press a button of the keyboard: what is behind it is sent as the customer's own message."""
        chat = self._chat(person)
        shown = [each for entry in chat.entries if str(entry.token) == id for each in buttons_of(entry, chat)]
        found = [each for each in shown if each["Text"] == choice]
        if not found:
            raise PlayError(_("This choice is no longer there."))
        return self.play_message(person, found[0]["ActionBody"])

    def play_raw(self, person: str, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message of any type: sticker, location, contact, video, file, url …"""
        chat = self._chat(person)
        chat.subscribed, chat.unanswered = True, []
        entry = Entry(self._token(), person, self.clock.now(), message)
        chat.entries.append(entry)
        sender = self._user(person_named(person))
        self._tell({"event": "message", **self._stamp(entry.token), "sender": sender, "message": message})
        return {"id": str(entry.token)}

    def play_open(self, person: str, context: str = "") -> dict[str, Any]:
        """Open the chat without writing."""
        event = {"event": "conversation_started", **self._stamp(), "type": "open", "context": context}
        user = self._user(person_named(person))
        self._tell({**event, "user": user, "subscribed": self._chat(person).subscribed})
        return {}

    def play_join(self, person: str) -> dict[str, Any]:
        self._chat(person).subscribed = True
        self._tell({"event": "subscribed", **self._stamp(), "user": self._user(person_named(person))})
        return {}

    def play_leave(self, person: str) -> dict[str, Any]:
        self._chat(person).subscribed = False
        user_id = self.user_id(person_named(person))
        self._tell({"event": "unsubscribed", **self._stamp(), "user_id": user_id})
        return {}

    def play_read(self, person: str) -> dict[str, Any]:
        """Open the chat and see what the bot wrote."""
        unread = [
            entry for entry in self._chat(person).entries if not entry.by and entry.state == "delivered"
        ]
        for entry in unread:
            self._receipt(person_named(person), entry, "seen")
        return {"seen": len(unread)}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """The bot's token is void from now on."""
        self.revoked = True
        return {}

    def play_hurry(self, on: bool = True) -> dict[str, Any]:
        """Send the delivered callback before the call that sends the message has its answer."""
        self.hurries = on
        return {}

    def play_fail(self, reason: str = "Keyboard is not valid") -> dict[str, Any]:
        """Take the next message and report its failure afterwards."""
        self.fails_with = reason
        return {}

    def _chat(self, person: str) -> Chat:
        if person not in self.chats:
            raise PlayError(f"Nobody is called {person!r} here.")
        return self.chats[person]

    # ------------------------------------------------------------------- what customers see

    def scene(self, person: str) -> Scene:
        chat = self._chat(person)
        lines = [self._line(entry, person) for entry in chat.entries]
        return Scene(chats=[ChatView(id=person, title=self.accounts()[0].name, lines=lines)])

    def _line(self, entry: Entry, person: str) -> Line:
        message = entry.message
        is_picture = message.get("type") == "picture"
        media = entry.copy or str(message.get("media", ""))
        return Line(
            id=str(entry.token),
            author=person_named(person).name if entry.by else str(message["sender"]["name"]),
            text=str(message.get("text", "")),
            at=entry.at,
            ours=not entry.by,
            mine=bool(entry.by),
            picture=media if is_picture else "",
            files=[media] if media and not is_picture else [],
            state=entry.state,
            choices=[str(each["Text"]) for each in buttons_of(entry, self._chat(person))],
        )

    def seen(self) -> dict[str, Any]:
        return {
            key: [entry.message for entry in chat.entries if not entry.by] for key, chat in self.chats.items()
        }


def _mime(content: bytes) -> str:
    if content.startswith(b"\x89PNG"):
        return "image/png"
    return "image/jpeg" if content.startswith(b"\xff\xd8") else "application/octet-stream"

"""The company's own shop: an app of its own that is a channel, and a page with the chat widget.

The app signs what its customers write and sends it to Heed; Heed posts the answers back, signed.
The shop's page knows of Heed only the address of one script.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.template import Context, Engine
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from heed.lib.crypto import hmac_sha256_hex, same
from heed.sandbox.cast import COMPANY, CUSTOMERS, OUTSIDER, Person, person_named
from heed.sandbox.frame import Call, ChatView, DemoAccount, Line, PlayError, Reply, Sandbox, Scene, Simulator
from heed.sandbox.kinds import elsewhere, like, own, reactions

SIGNATURE = "X-Heed-Signature"
MOST_TEXT = 8000
HERE = Path(__file__).parent.parent
LANGUAGES = ("en", "sl", "ar", "mn")


class Refused(Exception):
    """An answer that is not 2xx; its words go into `error`."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


@dataclass(slots=True)
class Entry:
    """A message in the app. `key` is Heed's for an answer, empty for what the customer wrote."""

    id: str
    at: datetime
    text: str
    key: str = ""
    author: str = ""
    files: list[str] = field(default_factory=list)
    picture: str = ""
    state: str = ""
    edited: bool = False
    removed: bool = False
    reacted: bool = False


class Site(Simulator):
    name = "site"
    label = "Site chat"
    short = "w"
    colour = "#35757d"
    offers = frozenset({"message", "edit", "remove", "react", "read"})
    more = (
        like("message"),
        *reactions(("❤️", "❤️"), at=("message",)),
        own("edit", gettext_lazy("Edit"), "message"),
        own("remove", gettext_lazy("Delete"), "message"),
        elsewhere("answer_elsewhere", gettext_lazy("A colleague answers in the shop’s own app")),
    )
    shop = "/site/shop"
    """The page with the widget, for the front page of the sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.hook_url = ""
        self.revoked = False
        self.chats: dict[str, list[Entry]] = {person.key: [] for person in (*CUSTOMERS, OUTSIDER)}
        self.by_id = {self.user_id(person.key): person for person in (*CUSTOMERS, OUTSIDER)}
        self.shown_typing: set[str] = set()
        self.looks_up = True
        self.pictures: dict[str, str] = {}

    # ------------------------------------------------------------------------ its data

    def accounts(self) -> list[DemoAccount]:
        facts = {"secret": self.secret, "callback_url": f"{self.url}/callback", "chat_name": COMPANY}
        return [DemoAccount(f"{COMPANY} shop", "acme-shop", facts)]

    @property
    def secret(self) -> str:
        return self.ids.stable("site", "secret", size=40)

    def user_id(self, person: str) -> str:
        """The shop's own number of a customer; the same for ever."""
        return f"c{int(self.ids.stable('site', person, size=8), 16)}"

    def restore(self, external_id: str, hook_url: str) -> None:
        self.hook_url = hook_url

    # ------------------------------------------------------------------------- its API

    def answer(self, call: Call) -> Reply:
        match call.method, call.path:
            case "POST", "/callback":
                return self._called(call)
            case "GET", "/shop":
                return self._shop(call)
        return Reply(404, {"error": "There is nothing here."})

    def _called(self, call: Call) -> Reply:
        try:
            return Reply(200, self._taken(self._admitted(call)))
        except Refused as refused:
            return Reply(refused.status, {"error": str(refused)})

    def _admitted(self, call: Call) -> dict[str, Any]:
        expected = "sha256=" + hmac_sha256_hex(self.secret, call.body)
        if self.revoked or not same(call.headers.get(SIGNATURE.lower(), ""), expected):
            raise Refused(401, "The signature does not fit.")
        if not isinstance(call.json, dict):
            raise Refused(400, "An object was expected.")
        return call.json

    def _taken(self, event: dict[str, Any]) -> dict[str, Any]:
        match event.get("type"):
            case "hello":
                self.hook_url = str(event.get("hook_url", ""))
            case "answer":
                return self._answered(event)
            case "lookup" if self.looks_up:
                found = self._by_key(str(event.get("key")))
                return {"found": found is not None, **({"id": found.id} if found else {})}
            case "edit":
                self._changed_by_us(event).text = str(event.get("text", ""))
            case "delete":
                self._changed_by_us(event).removed = True
            case "seen":
                for entry in self._chat_of(event):
                    entry.state = entry.state if entry.key else "seen"
            case "typing":
                self.shown_typing.add(str(event.get("person")))
            case kind:
                raise Refused(400, f"The app does not know {kind}.")
        return {"ok": True}

    def _answered(self, event: dict[str, Any]) -> dict[str, Any]:
        """Show an answer, once: the same key is the same answer."""
        chat, text = self._chat_of(event), str(event.get("text", ""))
        if known := self._by_key(str(event.get("key"))):
            return {"id": known.id}
        if len(text) > MOST_TEXT:
            raise Refused(413, "The text is too long.")
        files = [str(each["url"]) for each in event.get("files", [])]
        entry = Entry(self._id("a"), self.clock.now(), text, str(event["key"]), COMPANY, files, state="sent")
        chat.append(entry)
        person = str(event["person"])
        self.shown_typing.discard(person)
        self.later(0.5, lambda: self._receipt(entry, person))
        return {"id": entry.id}

    def _receipt(self, entry: Entry, person: str) -> None:
        if entry.state == "sent":
            entry.state = "delivered"
        self._tell({"type": "delivered", "at": self._now(), "person": person, "ids": [entry.id]})

    def _chat_of(self, event: dict[str, Any]) -> list[Entry]:
        person = self.by_id.get(str(event.get("person")))
        if person is None:
            raise Refused(404, "Nobody has this id.")
        return self.chats[person.key]

    def _by_key(self, key: str) -> Entry | None:
        entries = (entry for chat in self.chats.values() for entry in chat)
        return next((entry for entry in entries if entry.key == key and key), None)

    def _changed_by_us(self, event: dict[str, Any]) -> Entry:
        """The answer that is edited or deleted. One of an earlier run is nowhere to be seen any more."""
        entry = next((each for each in self._chat_of(event) if each.id == event.get("id")), None)
        if entry is None:
            return Entry("", self.clock.now(), "")
        entry.edited = event["type"] == "edit"
        return entry

    # ---------------------------------------------------------------------- its events

    def play_deliver(self, body: Any) -> dict[str, Any]:
        """Deliver any body, rightly signed: an unknown kind, a broken item."""
        self._post(json.dumps(body).encode())
        return {}

    def _tell(self, *events: dict[str, Any]) -> None:
        self._post(json.dumps({"events": events}, ensure_ascii=False).encode())

    def _post(self, body: bytes) -> None:
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: "sha256=" + hmac_sha256_hex(self.secret, body),
        }
        self.hooks.send(self.hook_url, body, headers, signed=SIGNATURE)

    def _who(self, person: Person) -> dict[str, Any]:
        return {
            "id": self.user_id(person.key),
            "name": person.name,
            "email": f"{person.handle}@example.com",
            "language": person.language,
        }

    def _now(self) -> str:
        return self.clock.now().isoformat(timespec="milliseconds")

    def _id(self, prefix: str) -> str:
        return f"{prefix}{self.ids.number()}"

    # ------------------------------------------------------------------ what customers do

    def play_message(self, person: str, text: str = "", picture: str = "") -> dict[str, Any]:
        """Write in the app."""
        chat = self._chat(person)
        if not text.strip() and not picture:
            raise PlayError(_("Write something first."))
        url = self.picture(picture)
        entry = Entry(self._id("m"), self.clock.now(), text, picture=url)
        chat.append(entry)
        files = [{"url": url, "name": "picture.png", "mime": "image/png"}] if url else []
        who = self._who(person_named(person))
        event = {"type": "message", "id": entry.id, "at": self._now(), "person": who, "text": text}
        self._tell({**event, "attachments": files})
        return {"id": entry.id}

    def play_edit(self, person: str, id: str, text: str) -> dict[str, Any]:
        entry = self._own(person, id)
        entry.text, entry.edited = text, True
        self._tell({"type": "edit", "id": id, "at": self._now(), "text": text})
        return {"id": id}

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        self._own(person, id).removed = True
        self._tell({"type": "remove", "id": id, "at": self._now()})
        return {"id": id}

    def play_react(self, person: str, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        entry = self._find(person, id)
        entry.reacted = on
        who = self._who(person_named(person))
        event = {"type": "reaction", "id": id, "at": self._now(), "person": who}
        self._tell({**event, "reaction": reaction, "on": on})
        return {"id": id}

    def play_read(self, person: str) -> dict[str, Any]:
        """Open the chat and see what the company wrote."""
        unread = [entry for entry in self._chat(person) if entry.key and entry.state != "seen"]
        for entry in unread:
            entry.state = "seen"
        if unread:
            self._tell({"type": "seen", "at": self._now(), "person": self.user_id(person)})
        return {"seen": len(unread)}

    def play_answer_elsewhere(self, person: str, text: str) -> dict[str, Any]:
        """A colleague answers in the app itself."""
        entry = Entry(self._id("a"), self.clock.now(), text, key="elsewhere", author=COMPANY)
        self._chat(person).append(entry)
        who = self._who(person_named(person))
        self._tell({"type": "answer", "id": entry.id, "at": self._now(), "person": who, "text": text})
        return {"id": entry.id}

    def play_forget_lookups(self) -> dict[str, Any]:
        """From now on the app does not know what became of an answer, as simple apps do not."""
        self.looks_up = False
        return {}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """The secret is another one now; the app was told and Heed was not."""
        self.revoked = True
        return {}

    def _chat(self, person: str) -> list[Entry]:
        if person not in self.chats:
            raise PlayError(f"Nobody is called {person!r} here.")
        return self.chats[person]

    def _find(self, person: str, id: str) -> Entry:
        found = next((entry for entry in self._chat(person) if entry.id == id), None)
        if found is None or found.removed:
            raise PlayError(_("This message is no longer there."))
        return found

    def _own(self, person: str, id: str) -> Entry:
        entry = self._find(person, id)
        if entry.key:
            raise PlayError(_("This message is not yours."))
        return entry

    # ------------------------------------------------------------------- what customers see

    def scene(self, person: str) -> Scene:
        lines = [self._line(entry, person) for entry in self._chat(person)]
        return Scene(chats=[ChatView(id=person, title=self.accounts()[0].name, lines=lines)])

    def _line(self, entry: Entry, person: str) -> Line:
        return Line(
            id=entry.id,
            author=entry.author or person_named(person).name,
            text=entry.text,
            at=entry.at,
            ours=bool(entry.key),
            mine=not entry.key,
            picture=entry.picture,
            files=entry.files,
            reacted=entry.reacted,
            edited=entry.edited,
            removed=entry.removed,
            state=entry.state,
        )

    def seen(self) -> dict[str, Any]:
        return {
            key: [{"key": entry.key, "id": entry.id, "text": entry.text} for entry in chat if entry.key]
            for key, chat in self.chats.items()
        }

    # ------------------------------------------------------------------------- its shop

    def _shop(self, call: Call) -> Reply:
        """The shop's page. `?person=lea` is a customer who signed in; `?lang=ar` another language."""
        wanted = call.query.get("lang") or call.headers.get("accept-language", "")[:2]
        language = wanted if wanted in LANGUAGES else "en"
        person = next((each for each in CUSTOMERS if each.key == call.query.get("person")), None)
        heed = urlsplit(self.hook_url)
        desk = f"{heed.scheme}://{heed.netloc}" if self.hook_url else ""
        with translation.override(language):
            html = _engine().get_template("shop.html").render(Context(self._facts(language, person, desk)))
        policy = (
            f"default-src 'none'; style-src 'self'; script-src {desk}; connect-src {desk}; "
            f"img-src 'self' {desk}; media-src {desk}; base-uri 'none'; form-action 'self'"
        )
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
        }
        return Reply(200, html, headers)

    def _facts(self, language: str, person: Person | None, desk: str) -> dict[str, Any]:
        return {
            "company": COMPANY,
            "language": language,
            "languages": LANGUAGES,
            "direction": "rtl" if language == "ar" else "ltr",
            "goods": [(_goods(name), self._drawn(name), price) for name, price in _PRICES.items()],
            "customers": CUSTOMERS,
            "person": person,
            "user": self._who(person) if person else None,
            "signature": hmac_sha256_hex(self.secret, self.user_id(person.key).encode()) if person else "",
            "script": f"{desk}/widget/{self.accounts()[0].external_id}.js" if desk else "",
        }

    def _drawn(self, word: str) -> str:
        if word not in self.pictures:
            self.pictures[word] = self.picture(word)
        return self.pictures[word]


_PRICES = {"boot": "149 €", "sandal": "69 €", "box": "39 €"}


def _goods(name: str) -> str:
    return {"boot": _("Triglav boot"), "sandal": _("Bled sandal"), "box": _("Gift box")}[name]


@cache
def _engine() -> Engine:
    return Engine(dirs=[str(HERE / "templates" / "sandbox")], builtins=["django.templatetags.i18n"])


simulator = Site

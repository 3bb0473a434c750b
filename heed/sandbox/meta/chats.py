"""Private messages about which single events are told: one chat with each customer."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from heed.sandbox.cast import CUSTOMERS, OUTSIDER, person_named
from heed.sandbox.frame import Call, ChatView, Line, PlayError, Sandbox
from heed.sandbox.meta.app import MetaApp
from heed.sandbox.meta.calls import iso, milliseconds, record
from heed.sandbox.meta.entries import Entry
from heed.sandbox.meta.errors import Refused, blocked, not_there
from heed.sandbox.meta.fields import Node, Row, Wanted, page_of

WINDOW = timedelta(hours=24)
HUMAN_AGENT_WINDOW = timedelta(days=7)
MOST_READABLE = 20


@dataclass(slots=True)
class Chat:
    """Our chat with one customer; `last_in` opens the window in which we may write."""

    entries: list[Entry] = field(default_factory=list)
    last_in: datetime | None = None
    blocked: bool = False


class Chats(MetaApp):
    """A Meta app that is written to privately. `elsewhere` says that another app has the chats."""

    mids: ClassVar[str]
    """What the ids of its messages begin with."""
    most_in_list: ClassVar[int]
    link: ClassVar[str]
    """Where those come from who open the chat by a link."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.chats = {person.key: Chat() for person in (*CUSTOMERS, OUTSIDER)}
        self.elsewhere = False
        self._by_id = {self.chat_id(key): key for key in self.chats}

    @abstractmethod
    def chat_id(self, person: str) -> str:
        """The id of a customer in the chat."""

    def _person_name(self, person: str) -> str:
        """How a customer is called here; the company for an empty key."""
        return person_named(person).name if person else self.company

    # ------------------------------------------------------------------------------- reading

    def _edge(self, call: Call, given: dict[str, Any], rows: list[Row]) -> dict[str, Any]:
        return page_of(rows, call, given, self.url, self.most_in_list)

    def _conversations(self, call: Call, given: dict[str, Any]) -> dict[str, Any]:
        """The chats, the newest first, or the one with `user_id`."""
        wanted = given.get("user_id")
        people = [key for key, chat in self.chats.items() if chat.entries]
        if wanted is not None:
            people = [key for key in people if self.chat_id(key) == str(wanted)]
        people.sort(key=lambda key: self.chats[key].entries[-1].at, reverse=True)
        return self._edge(call, given, [(key, self._chat_node(key)) for key in people])

    @abstractmethod
    def _chat_node(self, person: str) -> Node: ...

    def _entry(self, mid: str) -> tuple[str, Entry]:
        """A message and whose chat it is in. Raises `Refused`."""
        for key, chat in self.chats.items():
            for entry in chat.entries:
                if entry.mid == mid:
                    return key, entry
        raise not_there(mid)

    def _readable(self, mid: str) -> tuple[str, Entry]:
        """Only the newest of each chat can be read."""
        person, entry = self._entry(mid)
        if entry not in self.chats[person].entries[-MOST_READABLE:]:
            raise Refused(9000001, "This message is deleted or too old to be read.")
        return person, entry

    # ------------------------------------------------------------------------------- writing

    def _check_tag(self, kinds: tuple[str | None, ...], given: dict[str, Any]) -> bool:
        """Whether it is written as a person after the window. Raises `Refused`."""
        kind, tag = given.get("messaging_type"), given.get("tag")
        if kind not in kinds:
            raise Refused(100, "(#100) Param messaging_type must be one of RESPONSE, UPDATE, MESSAGE_TAG")
        if (kind == "MESSAGE_TAG") != (tag is not None) or tag not in (None, "HUMAN_AGENT"):
            raise Refused(100, f"(#100) Param tag: {tag} is not supported")
        return tag is not None

    def _window_open(self, person: str, window: timedelta = WINDOW) -> bool:
        """Chats of an earlier run are taken for open."""
        chat = self.chats[person]
        if chat.last_in is None:
            return self.restored and not chat.entries
        return self.clock.now() - chat.last_in <= window

    def _demand_reachable(self, person: str) -> None:
        if self.chats[person].blocked:
            raise blocked()

    def _sender_action(self, person: str, action: str, given: dict[str, Any]) -> dict[str, Any]:
        """Show that we read or write, or react."""
        payload = record(given.get("payload"))
        match action:
            case "typing_on" | "typing_off" | "mark_seen" if not given.get("message"):
                pass
            case "react" | "unreact":
                entry = self._entry(str(payload.get("message_id", "")))[1]
                entry.reactions.pop("", None)
                if action == "react":
                    entry.reactions[""] = self._emoji(str(payload.get("reaction", "")))
            case _:
                raise Refused(100, "(#100) Sender action and message cannot go together", 2018014)
        return {"recipient_id": self.chat_id(person)}

    def _emoji(self, word: str) -> str:
        """The emoji of a reaction that has a name."""
        return word

    # ------------------------------------------------------------------------------- telling

    @abstractmethod
    def _echo(self, person: str, entry: Entry) -> None:
        """Tell us what we wrote, by whatever program."""

    def _echo_of(self, person: str, entry: Entry, more: dict[str, Any]) -> dict[str, Any]:
        message: dict[str, Any] = {"is_echo": True, "mid": entry.mid, **more}
        if entry.text:
            message["text"] = entry.text
        if entry.about:
            message["reply_to"] = {"mid": entry.about}
        if entry.files:
            kind = "image" if entry.picture else "file"
            message["attachments"] = [{"type": kind, "payload": {"url": url}} for url in entry.files]
        return {
            "sender": {"id": self.owner},
            "recipient": {"id": self.chat_id(person)},
            "timestamp": milliseconds(entry.at),
            "message": message,
        }

    @abstractmethod
    def _tell_messaging(self, person: str, part: dict[str, Any], at: datetime | None = None) -> None:
        """Tell us what a customer did in the chat."""

    def _from_customer(self, person: str, part: dict[str, Any], at: datetime | None) -> dict[str, Any]:
        return {
            "sender": {"id": self.chat_id(person)},
            "recipient": {"id": self.owner},
            "timestamp": milliseconds(at or self.clock.now()),
            **part,
        }

    # --------------------------------------------------------------------- what customers do

    def play_message(self, person: str, text: str = "", picture: str = "") -> dict[str, Any]:
        demand_words(text, picture)
        url = self.picture(picture)
        ids = []
        if url:
            attachment = {"type": "image", "payload": {"url": url}}
            ids.append(self.play_raw(person, {"attachments": [attachment]})["id"])
        if text:
            ids.append(self.play_raw(person, {"text": text})["id"])
        return {"id": ids[-1], "ids": ids}

    def play_raw(self, person: str, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message of any kind: sticker, location, shared post, several attachments …"""
        entry = self._new_entry(self._key(person), str(message.get("text", "")))
        entry.hold(message)
        self._take_in(person, entry)
        self._tell_messaging(person, {"message": {"mid": entry.mid, **message}}, entry.at)
        return {"id": entry.mid}

    def play_choose(self, person: str, id: str, choice: str) -> dict[str, Any]:
        """Tap a quick reply: its words come as the customer's own, with what the company put behind them."""
        found = [each for each in self._open_replies(self._entry_in(person, id)) if each["title"] == choice]
        if not found:
            raise PlayError(_("This choice is no longer there."))
        return self.play_raw(person, {"text": choice, "quick_reply": {"payload": found[0]["payload"]}})

    def _open_replies(self, entry: Entry) -> list[dict[str, str]]:
        """Quick replies go as soon as anything follows."""
        newest = any(chat.entries and chat.entries[-1] is entry for chat in self.chats.values())
        return entry.quick_replies if newest else []

    def play_postback(self, person: str, title: str, payload: str) -> dict[str, Any]:
        """Press a button or an icebreaker."""
        entry = self._new_entry(self._key(person), title)
        self._take_in(person, entry)
        part = {"mid": entry.mid, "title": title, "payload": payload}
        self._tell_messaging(person, {"postback": part}, entry.at)
        return {"id": entry.mid}

    def play_referral(self, person: str, ref: str = "shop-window") -> dict[str, Any]:
        """Come into the chat by a link and write nothing."""
        part = {"ref": ref, "source": self.link, "type": "OPEN_THREAD"}
        self._tell_messaging(self._key(person), {"referral": part})
        return {}

    def play_read(self, person: str) -> dict[str, Any]:
        """Open the chat and see what we wrote; the newest that was not seen before is told of."""
        unread = [e for e in self.chats[self._key(person)].entries if not e.by and e.state != "seen"]
        for entry in unread:
            entry.state = "seen"
        if unread:
            self._tell_messaging(person, {"read": self._read_mark(unread[-1])})
        return {"seen": len(unread)}

    def _read_mark(self, entry: Entry) -> dict[str, Any]:
        """How it is told up to where a customer read."""
        return {"mid": entry.mid}

    def play_leave(self, person: str) -> dict[str, Any]:
        """Block us."""
        self.chats[self._key(person)].blocked = True
        return {}

    def play_join(self, person: str) -> dict[str, Any]:
        self.chats[self._key(person)].blocked = False
        return {}

    def _edit_message(self, person: str, mid: str, text: str) -> dict[str, Any]:
        entry = self._own_entry(person, mid)
        entry.text, entry.edits = text, entry.edits + 1
        part = {"mid": mid, "text": text, "num_edit": entry.edits}
        self._tell_messaging(person, {"message_edit": part})
        return {"id": mid}

    def _unsend(self, person: str, mid: str) -> dict[str, Any]:
        entry = self._own_entry(person, mid)
        entry.removed, entry.text = True, ""
        self._tell_messaging(person, {"message": {"mid": mid, "is_deleted": True}})
        return {"id": mid}

    def _react_to_message(self, person: str, mid: str, reaction: str, emoji: str, on: bool) -> dict[str, Any]:
        """`reaction` is Meta's name for it."""
        entry = self._entry_in(person, mid)
        part: dict[str, Any] = {"mid": mid, "action": "react" if on else "unreact"}
        entry.reactions.pop(person, None)
        if on:
            entry.reactions[person] = emoji
            part |= {"reaction": reaction, "emoji": emoji}
        self._tell_messaging(person, {"reaction": part})
        return {"id": mid}

    # ------------------------------------------------------------ what the company and Meta do

    def _write_outside(self, person: str, text: str) -> Entry:
        """A message of ours that did not come from this app."""
        entry = self._new_entry("", text)
        self.chats[self._key(person)].entries.append(entry)
        return entry

    def play_hand_over(self, on: bool = True) -> dict[str, Any]:
        """Another app has the conversations: we only stand by."""
        self.elsewhere = on
        return {}

    def play_gather(self, on: bool = True) -> dict[str, Any]:
        """Keep what happens from now on, and deliver it all in one batch with `on` False."""
        entries, self.batch = self.batch, [] if on else None
        if entries:
            self._post_body({"object": self.about, "entry": entries})
        return {}

    # --------------------------------------------------------------------- finding one's way

    def _new_entry(self, by: str, text: str) -> Entry:
        state = "" if by else "sent"
        return Entry(self.ids.name(self.mids), by, self.clock.now(), text, state=state)

    def _take_in(self, person: str, entry: Entry) -> None:
        chat = self.chats[self._key(person)]
        chat.entries.append(entry)
        chat.last_in, chat.blocked = entry.at, False

    def _key(self, person: str) -> str:
        if person not in self.chats:
            raise PlayError(_("Nobody is called “%(name)s” here.") % {"name": person})
        return person

    def _entry_in(self, person: str, mid: str) -> Entry:
        for entry in self.chats[self._key(person)].entries:
            if entry.mid == mid and not entry.removed:
                return entry
        raise PlayError(_("That is not there any more."))

    def _own_entry(self, person: str, mid: str) -> Entry:
        entry = self._entry_in(person, mid)
        if entry.by != person:
            raise PlayError(_("Only who wrote it can do that."))
        return entry

    # ------------------------------------------------------------------ what customers see

    def _chat_view(self, person: str) -> ChatView:
        lines = [self._chat_line(entry, person) for entry in self.chats[self._key(person)].entries]
        return ChatView(id=self.chat_id(person), title=self.company, lines=lines)

    def _chat_line(self, entry: Entry, person: str) -> Line:
        return Line(
            id=entry.mid,
            author=self._person_name(entry.by),
            text=entry.text,
            at=entry.at,
            ours=not entry.by,
            mine=bool(entry.by),
            picture=entry.picture,
            files=entry.links,
            likes=len(entry.reactions),
            liked="" in entry.reactions,
            reacted=person in entry.reactions,
            edited=bool(entry.edits),
            removed=entry.removed,
            state=entry.state,
            choices=[each["title"] for each in self._open_replies(entry)],
        )

    def _messages_seen(self) -> list[dict[str, Any]]:
        """What we wrote privately."""
        return [
            {"id": e.mid, "person": key, "text": e.text, "files": e.files, "state": e.state}
            for key, chat in self.chats.items()
            for e in chat.entries
            if not e.by
        ]


def demand_words(text: str, picture: str) -> None:
    """Raises `PlayError`."""
    if not text.strip() and not picture:
        raise PlayError(_("Write something first."))


def updated_at(entries: list[Entry]) -> str | None:
    return iso(entries[-1].at) if entries else None


def part_of(rows: list[dict[str, Any]], wanted: Wanted) -> list[dict[str, Any]]:
    """What `.limit(n)` leaves of a list inside an object."""
    return rows[: int(wanted.arguments.get("limit", 25))]

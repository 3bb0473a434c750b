"""What customers do and see, and what else may happen."""

from __future__ import annotations

import base64
from typing import Any

from django.utils.translation import gettext as _

from heed.sandbox.cast import COMPANY, person_named
from heed.sandbox.frame import ChatView, Line, PlayError, Scene
from heed.sandbox.meta.errors import Refused
from heed.sandbox.networks.whatsapp import interactive
from heed.sandbox.networks.whatsapp.number import PHONE, Entry
from heed.sandbox.networks.whatsapp.sending import Sending, set_reaction
from heed.sandbox.networks.whatsapp.telling import digits_of

EMOJI = {"like": "👍", "love": "❤️"}


class Acting(Sending):
    # ------------------------------------------------------------------- what customers do

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
            message["context"] = {"from": digits_of(PHONE), "id": context}
        self._tell_message(person, message)
        return {"id": entry.id}

    def play_choose(self, person: str, id: str, choice: str) -> dict[str, Any]:
        """Tap one of the choices under a message."""
        reply = interactive.reply_of(self._named(person, id).content, choice)
        if reply is None:
            raise PlayError(_("This choice is no longer there."))
        told = self.play_raw(person, "interactive", reply, id)
        self._named(person, told["id"]).text = choice
        return told

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
        entry = self._named(person, id)
        emoji = EMOJI.get(reaction, reaction) if on else ""
        set_reaction(entry.reactions, person, emoji)
        self._chat(person).last_in = self.clock.now()
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
            "timestamp": self._timestamp(),
            "type": "system",
            "system": system,
        }
        self._tell("messages", {"messages": [message]})
        change = {"previous": old_id, "current": self.user_id(person)}
        update = {"wa_id": self.wa_id(person), "timestamp": self._timestamp(), "user_id": change}
        self._tell("user_id_update", {"user_id_update": [update]})
        return change

    def _own(self, person: str, id: str) -> Entry:
        entry = self._named(person, id)
        if entry.by != person:
            raise PlayError(_("This message is no longer there."))
        return entry

    # ---------------------------------------------------------------- what else may happen

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
            "from": digits_of(PHONE),
            "to": self.wa_id(person),
            "to_user_id": self.user_id(person),
            "id": entry.id,
            "timestamp": self._timestamp(),
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
            self._deliver(entries)
        return {"held": len(held)}

    def play_fail(self, code: int = 131026) -> dict[str, Any]:
        """Take the next message and report its failure afterwards."""
        self.fails_with = code
        return {}

    def play_throttle(
        self, times: int = 1, code: int = 130429, sub: int = 0, minutes: int = 0
    ) -> dict[str, Any]:
        """Refuse the next calls: too many."""
        refused = Refused(code, "Rate limit hit", sub, status=403, minutes=minutes)
        self.throttled += [refused] * times
        return {}

    def play_pause(self, template: str, on: bool = True) -> dict[str, Any]:
        """Meta pauses a template, or lets it be sent again."""
        (self.paused.add if on else self.paused.discard)(template)
        told = {"event": "PAUSED" if on else "APPROVED", "message_template_name": template}
        self._tell_of_account("message_template_status_update", told)
        return {}

    def play_unsubscribe(self) -> dict[str, Any]:
        """Somebody ends the subscription at Meta."""
        self.subscribed.clear()
        return {}

    def play_say_of_account(
        self, event: str, ban: str = "", phone: str = "", second: bool = False
    ) -> dict[str, Any]:
        """Meta says something of the business account, or of the `second` one; `phone` names one number."""
        value: dict[str, Any] = {"event": event}
        if ban:
            value["ban_info"] = {"waba_ban_state": [ban]}
        if phone:
            value["phone_number"] = digits_of(phone)
        business = self.second_business if second else self.business
        self._tell_of_account("account_update", value, business)
        return {}

    # ----------------------------------------------------------------- what customers see

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
            choices=_titles(entry),
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


def _titles(entry: Entry) -> list[str]:
    if entry.by or entry.kind != "interactive":
        return []
    return [str(each["title"]) for each in interactive.choices_of(entry.content)]

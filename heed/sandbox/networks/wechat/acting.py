"""What customers do, what happens at the company, and what customers see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from heed.sandbox.cast import person_named
from heed.sandbox.frame import ChatView, Line, PlayError, Scene
from heed.sandbox.networks.wechat.account import Entry
from heed.sandbox.networks.wechat.telling import QUERY, Telling, signature

MODES = ("plain", "compatible", "safe")


class Acting(Telling):
    def play_message(self, person: str, text: str = "", picture: str = "") -> dict[str, Any]:
        """Write to the account. Words and a picture are two messages."""
        if not text.strip() and not picture:
            raise PlayError(_("Write something first."))
        self._must_follow(person)
        made: dict[str, Any] = {}
        if picture:
            made = self.play_media(person, "image", picture)
        if text.strip():
            made = self._write(person, "text", {"Content": text}, text=text)
        return made

    def play_media(self, person: str, kind: str, picture: str = "boot") -> dict[str, Any]:
        """Send a picture, voice message (`voice`) or `video`."""
        self._must_follow(person)
        if kind == "image":
            url = self.picture(picture)
            content, mime = self._kept.get(url.partition("/_media/")[2].split("/")[0], (b"", "image/png"))
            id = self._store("image", content, mime, "picture.png")
            fields = {"PicUrl": self.stored[id].url, "MediaId": id}
            return self._write(person, kind, fields, picture=url)
        if kind == "voice":
            id = self._store("voice", b"#!AMR\n" + b"\0" * 64, "audio/amr", "voice.amr")
            return self._write(person, kind, {"MediaId": id, "Format": "amr"}, file=self.stored[id].url)
        id = self._store("video", b"\0\0\0\x18ftypmp42" + b"\0" * 64, "video/mp4", "film.mp4")
        fields = {"MediaId": id, "ThumbMediaId": self.ids.name("media-")}
        return self._write(person, "video", fields, file=self.stored[id].url)

    def play_raw(self, person: str, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Send a message of any type: location, link …"""
        self._must_follow(person)
        return self._write(person, kind, fields)

    def play_join(self, person: str) -> dict[str, Any]:
        chat = self._chat(person)
        chat.follows = True
        chat.after_menu = self._allowance(timedelta(minutes=1), 3)
        self._tell(person, "event", {"Event": "subscribe", "EventKey": ""})
        return {}

    def play_leave(self, person: str) -> dict[str, Any]:
        self._chat(person).follows = False
        self._tell(person, "event", {"Event": "unsubscribe", "EventKey": ""})
        return {}

    def play_click(self, person: str, key: str = "OPENING_HOURS") -> dict[str, Any]:
        """Choose an entry of the account's menu: that gives a minute and three messages."""
        self._must_follow(person)
        self._chat(person).after_menu = self._allowance(timedelta(minutes=1), 3)
        self._tell(person, "event", {"Event": "CLICK", "EventKey": key})
        return {}

    def play_event(self, person: str, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Any other event."""
        self._tell(person, "event", {"Event": event, **fields})
        return {}

    def play_paste(self, url: str) -> dict[str, Any]:
        """The admin enters an address under Server configuration: WeChat takes it if it echoes."""
        stamp, echo = self._stamp(), str(self.ids.number())
        query = {"signature": signature(*stamp), "timestamp": stamp[1], "nonce": stamp[2], "echostr": echo}
        if self.hooks.call("GET", url, headers={QUERY: urlencode(query)}) != (200, echo.encode()):
            raise PlayError(_("The address did not answer as WeChat wants it."))
        self.hook_url = url
        return {}

    def play_mode(self, mode: str) -> dict[str, Any]:
        """Choose the plain, compatible or safe mode."""
        if mode not in MODES:
            raise PlayError(f"The modes are {', '.join(MODES)}.")
        self.mode = mode
        return {}

    def play_remark(self, person: str, text: str) -> dict[str, Any]:
        """Note on WeChat's own platform who a follower is."""
        self.remarks[person] = text
        return {}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        """The secret was made anew, and no token holds."""
        self.revoked = True
        self.tokens.clear()
        return {}

    def play_expire_token(self) -> dict[str, Any]:
        """Somebody ended the token before its time."""
        self.tokens.pop(self.token, None)
        self.token = ""
        return {}

    def play_lock_out(self, on: bool = True) -> dict[str, Any]:
        """Take our address off the account's allow-list."""
        self.locked_out = on
        return {}

    def play_unverify(self, on: bool = True) -> dict[str, Any]:
        """The account's verification ran out: no more customer service messages."""
        self.unverified = on
        return {}

    def play_use_up(self) -> dict[str, Any]:
        """All messages of the day are spent."""
        self.sent[self.today] = self.daily_limit
        return {}

    def _must_follow(self, person: str) -> None:
        """Nobody can write to an account they do not follow: the app has them follow it first."""
        if not self._chat(person).follows:
            self.play_join(person)

    def _write(
        self,
        person: str,
        kind: str,
        fields: dict[str, Any],
        text: str = "",
        picture: str = "",
        file: str = "",
    ) -> dict[str, Any]:
        chat = self._chat(person)
        self._wrote(chat)
        id = str(self.ids.number() * 3)
        files = [file] if file else []
        chat.entries.append(Entry(id, person, self.clock.now(), text, picture, files))
        self._tell(person, kind, {**fields, "MsgId": id})
        return {"id": id}

    def scene(self, person: str) -> Scene:
        chat = self._chat(person)
        lines = [self._line(entry) for entry in chat.entries]
        return Scene(chats=[ChatView(id=person, title=self.accounts()[0].name, lines=lines)])

    def _line(self, entry: Entry) -> Line:
        return Line(
            id=entry.id,
            author=person_named(entry.by).name if entry.by else self.accounts()[0].name,
            text=entry.text,
            at=entry.at,
            ours=not entry.by and not entry.notice,
            mine=bool(entry.by),
            picture=entry.picture,
            files=list(entry.files),
        )

    def seen(self) -> dict[str, Any]:
        return {
            key: [
                {"text": entry.text, "picture": entry.picture, "files": entry.files, "notice": entry.notice}
                for entry in chat.entries
                if not entry.by
            ]
            for key, chat in self.chats.items()
        }

"""Files that Telegram keeps, and links to them that expire."""

from __future__ import annotations

import mimetypes
from datetime import timedelta
from typing import Any

from heed.sandbox.frame import Part, Reply
from heed.sandbox.networks.telegram.bot import File
from heed.sandbox.networks.telegram.fields import Fields, Refused, refusal
from heed.sandbox.networks.telegram.telling import Telling

MEGABYTE = 1024 * 1024
MOST_TO_FETCH = 20 * MEGABYTE
MOST_BYTES = {"photo": 10 * MEGABYTE}
LINK_LIFE = timedelta(hours=1)


class Files(Telling):
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
            return refusal(Refused(404, "Not Found"))
        file = self.files[file_id]
        return Reply(200, file.content, {"Content-Type": "application/octet-stream"})

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

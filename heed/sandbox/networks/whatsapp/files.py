"""Files at Meta: uploaded, described by a new address each time, fetched from there."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime, timedelta
from typing import Any

from heed.sandbox.frame import Call, PlayError, Reply, Sandbox
from heed.sandbox.meta.errors import Refused
from heed.sandbox.networks.whatsapp.number import Stored
from heed.sandbox.networks.whatsapp.telling import Telling

ADDRESS_LIVES = timedelta(minutes=5)
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


class Files(Telling):
    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.addresses: dict[str, tuple[str, datetime]] = {}

    def _upload(self, call: Call, given: dict[str, Any]) -> str:
        part = next((part for part in call.parts if part.name == "file" and part.filename), None)
        if given.get("messaging_product") != "whatsapp" or part is None:
            raise Refused(100, "Parameters messaging_product and file are required")
        mime = part.mime.partition(";")[0]
        if not UPLOADABLE.fullmatch(mime):
            raise Refused(100, f"Param file must be a file of a supported type, not {mime}")
        if len(part.content) > MOST_BYTES[kind_of(mime)]:
            raise Refused(131053, "The file is too large")
        return self._store(part.content, mime, part.filename)

    def _store(self, content: bytes, mime: str, name: str, url: str = "") -> str:
        media = str(self.ids.number())
        self.files[media] = Stored(content, mime, url or self.keep(content, mime, name), name)
        return media

    def _address_of(self, media: str, given: dict[str, Any]) -> dict[str, Any]:
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


def kind_of(mime: str) -> str:
    kind = mime.partition("/")[0]
    return kind if kind in ("image", "audio", "video") else "document"

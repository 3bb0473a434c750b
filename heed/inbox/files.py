"""Files in the data folder: kept under a name of their own, with the type we see, not the one claimed."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import BinaryIO, NamedTuple

import puremagic
from django.conf import settings
from django.core import signing
from tinytag import TinyTag, TinyTagException

from heed.channels.base import AttachmentKind
from heed.inbox.models import Attachment, Post
from heed.lib import clock

MOST_BYTES = 50 * 1024 * 1024
SHOWN = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "video/mp4",
        "video/webm",
        "audio/mpeg",
        "audio/mp4",
        "audio/ogg",
    }
)
"""Types a browser may show in place. All others are only ever downloaded."""

_CHUNK = 64 * 1024
_LINK_LIFE = 7 * 24 * 3600


class TooLarge(Exception):
    """The file is larger than Heed keeps (50 MB)."""


class Kept(NamedTuple):
    path: str
    mime: str
    size: int


def keep(file: BinaryIO) -> Kept:
    """Write a file into the data folder. Raises `TooLarge`; then nothing stays behind."""
    name = secrets.token_urlsafe(18)
    path = f"{name[:2]}/{name}"
    target = Path(settings.MEDIA_ROOT) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    try:
        with target.open("xb") as out:
            while chunk := file.read(_CHUNK):
                size += len(chunk)
                if size > MOST_BYTES:
                    raise TooLarge
                out.write(chunk)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    with target.open("rb") as kept:
        return Kept(path, sniffed(kept), size)


def open_file(path: str) -> BinaryIO:
    """A kept file, for reading. Raises `FileNotFoundError`."""
    return _place(path).open("rb")


def forget(path: str) -> None:
    """Remove a file that no attachment and no post uses any more; nothing while one does. Call it
    after the row that used it is gone."""
    if Attachment.objects.filter(path=path).exists() or Post.objects.filter(picture=path).exists():
        return
    with contextlib.suppress(FileNotFoundError):
        _place(path).unlink()


def forget_unused() -> int:
    """Remove the files that nothing has used for a day; gives back how many. A file is written
    before the row that uses it, hence the day."""
    root = Path(settings.MEDIA_ROOT)
    old = (clock.now() - _LEFT_ALONE).timestamp()
    gone = 0
    for folder in sorted(root.glob("??")):
        paths = {
            f"{folder.name}/{each.name}": each for each in folder.iterdir() if each.stat().st_mtime < old
        }
        used = set(Attachment.objects.filter(path__in=paths).values_list("path", flat=True))
        used |= set(Post.objects.filter(picture__in=paths).values_list("picture", flat=True))
        for path in paths.keys() - used:
            paths[path].unlink(missing_ok=True)
            gone += 1
    return gone


_LEFT_ALONE = timedelta(days=1)


def _place(path: str) -> Path:
    root = Path(settings.MEDIA_ROOT).resolve()
    target = (root / path).resolve()
    if not path or not target.is_relative_to(root):
        raise FileNotFoundError(path)
    return target


def sniffed(file: BinaryIO) -> str:
    """The MIME type by the file's first bytes; plain text when it is text, else unknown bytes."""
    head = file.read(4096)
    if sound := _sound(head):
        return sound
    try:
        found = puremagic.from_string(head, mime=True)
    except (puremagic.PureError, ValueError):
        found = ""
    if found:
        return str(found)
    return "text/plain" if head and _is_text(head) else "application/octet-stream"


def _sound(head: bytes) -> str:
    """Sound that the table of types takes for film or does not know: M4A by its brand, MP3 by the tags
    before it or by its first frame; empty when it is neither."""
    if head[4:8] == b"ftyp" and head[8:12] in (b"M4A ", b"M4B "):
        return "audio/mp4"
    tags = head[:3] == b"ID3" and head[3:4] in (b"\2", b"\3", b"\4")
    return "audio/mpeg" if tags or _begins_a_frame(head) else ""


def _begins_a_frame(head: bytes) -> bool:
    """Whether these are the first bytes of a frame of MPEG audio, layer III, at a rate that exists."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or head[1] & 0x18 == 0x08:
        return False
    return head[2] & 0xF0 not in (0x00, 0xF0) and head[2] & 0x0C != 0x0C


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4 and b"\x00" not in head
    return b"\x00" not in head


def kind_of(mime: str) -> AttachmentKind:
    match mime.split("/")[0]:
        case "image":
            return "image"
        case "video":
            return "video"
        case "audio":
            return "audio"
    return "file"


def matches(mime: str, types: Iterable[str]) -> bool:
    return any(fnmatch(mime, pattern) for pattern in types)


def most_bytes(mime: str, limits: Mapping[str, int]) -> int:
    """The limit for a type: its own, its family's (`image/`), else the one under an empty name."""
    for prefix in (mime, mime.split("/")[0] + "/", mime.split("/")[0], mime.split("/")[0] + "/*", ""):
        if prefix in limits:
            return limits[prefix]
    return MOST_BYTES


def lasts(path: str) -> int | None:
    """How many milliseconds a kept sound or film plays; None where the file does not say, or is gone."""
    try:
        with open_file(path) as file:
            seconds = TinyTag.get(file_obj=file, tags=False).duration
    except (FileNotFoundError, TinyTagException):
        return None
    return round(seconds * 1000) or None if seconds else None


FILM = Path(__file__).with_name("film.png")
"""The picture that stands for a film where a network wants one: a piece of film, and nothing of what this
one shows."""


def film_link() -> str:
    """The public address of that picture."""
    return f"{settings.HEED_PUBLIC_URL}/media/{FILM.name}"


def public_link(attachment_id: int) -> str:
    """An address where a network can fetch a file of an answer, good for a week."""
    token = signing.dumps(attachment_id, salt="heed.files", compress=False)
    return f"{settings.HEED_PUBLIC_URL}/media/{token}"


def linked(token: str) -> int:
    """The attachment a public link stands for. Raises `signing.BadSignature`."""
    return int(signing.loads(token, salt="heed.files", max_age=_LINK_LIFE))

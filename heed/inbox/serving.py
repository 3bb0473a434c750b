"""A kept file on its way to whoever opens it. It may be a stranger's: it must not be able to do harm."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from typing import BinaryIO, NamedTuple

from django.utils.http import content_disposition_header

from heed.inbox.files import SHOWN, open_file, sniffed

_PIECE = 256 * 1024
_ALWAYS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=86400, immutable",
    "Accept-Ranges": "bytes",
}


class Content:
    """So many bytes of a file from where it stands, read a piece at a time while they are sent."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._size
        while left and (piece := await asyncio.to_thread(self._file.read, min(_PIECE, left))):
            left -= len(piece)
            yield piece

    def close(self) -> None:
        self._file.close()


class Served(NamedTuple):
    """What to answer. Whoever does not send the content closes it."""

    status: int
    headers: dict[str, str]
    content: Content


def served(path: str, name: str, wanted: str = "") -> Served:
    """A file by its path in the data folder, under the name a download gets.

    Its type is what we see in its bytes now. Pictures, sound and film are shown in place, all else
    is only downloaded. `wanted` is a Range header: film is asked for in parts. Raises
    `FileNotFoundError`.
    """
    file = open_file(path)
    mime = sniffed(file)
    shown = mime in SHOWN
    size = os.fstat(file.fileno()).st_size
    start, end = _part(wanted, size)
    file.seek(start)
    status, length = _measured(start, end, size)
    headers = {
        **_ALWAYS,
        "Content-Type": mime if shown else "application/octet-stream",
        "Content-Disposition": str(content_disposition_header(not shown, _printable(name))),
        **length,
    }
    return Served(status, headers, Content(file, end - start))


def passing(content: bytes, mime: str, wanted: str = "") -> tuple[int, dict[str, str], bytes]:
    """The status, headers and bytes of what is shown and not kept, not even by the browser. `wanted` is a
    Range header: some browsers play no film whose parts they cannot have. Raises `FileNotFoundError` for what
    a browser may not show."""
    if mime not in SHOWN:
        raise FileNotFoundError(mime)
    start, end = _part(wanted, len(content))
    status, length = _measured(start, end, len(content))
    headers = {**_ALWAYS, "Content-Type": mime, "Cache-Control": "no-store", **length}
    return status, headers, content[start:end]


def _printable(name: str) -> str:
    """The name without line ends and the like, which a header cannot carry."""
    return "".join(letter for letter in name if letter.isprintable())


def _measured(start: int, end: int, size: int) -> tuple[int, dict[str, str]]:
    """The status of an answer with these bytes of so many, and the headers that say which they are."""
    length = {"Content-Length": str(end - start)}
    if end - start == size:
        return 200, length
    return 206, length | {"Content-Range": f"bytes {start}-{end - 1}/{size}"}


def _part(wanted: str, size: int) -> tuple[int, int]:
    """The bytes a Range header asks for; everything when there is none we can serve."""
    asked = re.fullmatch(r"bytes=(\d{1,15})-(\d{0,15})", wanted)
    if asked is None or int(asked[1]) >= size:
        return 0, size
    end = min(int(asked[2]) + 1, size) if asked[2] else size
    return (int(asked[1]), end) if end > int(asked[1]) else (0, size)

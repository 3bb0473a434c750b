"""Kept files: forgotten when nothing uses them, sent a piece at a time."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from heed.channels.models import Account
from heed.inbox import files, serving
from heed.inbox.models import Attachment, Post
from heed.inbox.tests.sounds import film, m4a, mp3


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    return tmp_path


@pytest.mark.django_db
def test_a_file_that_nothing_uses_is_removed() -> None:
    path, other = files.keep(BytesIO(b"left")).path, files.keep(BytesIO(b"right")).path
    files.forget(path)
    with pytest.raises(FileNotFoundError):
        files.open_file(path)
    files.open_file(other).close()


@pytest.mark.django_db
def test_a_file_in_use_stays() -> None:
    path = files.keep(BytesIO(b"left")).path
    attachment = Attachment.objects.create(kind="file", path=path, state="kept")
    files.forget(path)
    files.open_file(path).close()
    attachment.delete()
    files.forget(path)
    with pytest.raises(FileNotFoundError):
        files.open_file(path)


@pytest.mark.django_db
def test_a_posts_picture_stays(account: Account) -> None:
    path = files.keep(BytesIO(b"left")).path
    Post.objects.create(account=account, external_id="p", picture=path)
    files.forget(path)
    files.open_file(path).close()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "aa/none", "../outside"])
def test_only_kept_files_are_removed(folder: Path, path: str) -> None:
    outside = folder / "outside"
    outside.write_text("ours")
    files.forget(path)
    assert outside.exists()


@pytest.mark.parametrize(
    ("content", "mime", "lasts"),
    [
        (mp3(115), "audio/mpeg", 3004),
        (mp3(115, b"ID3\x04" + bytes(6)), "audio/mpeg", 3004),
        (m4a(2345), "audio/mp4", 2345),
        (film(60_000), "video/mp4", 60_000),
        (m4a(0), "audio/mp4", None),
        (b"\x89PNG\r\n\x1a\n", "image/png", None),
        (b"ID is short for identity", "text/plain", None),
        ("Ženski čevelj".encode("utf-16"), "text/plain", None),
    ],
)
def test_what_a_file_is_and_how_long_it_plays(content: bytes, mime: str, lasts: int | None) -> None:
    found = files.keep(BytesIO(content))
    assert (found.mime, files.lasts(found.path)) == (mime, lasts)


def test_a_file_is_read_a_piece_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_PIECE", 4)
    path = files.keep(BytesIO(b"left and right")).path

    async def pieces(wanted: str) -> list[bytes]:
        status, headers, content = serving.served(path, "boots.txt", wanted)
        found = [piece async for piece in content]
        content.close()
        assert headers["Content-Length"] == str(sum(map(len, found)))
        assert status == (206 if wanted else 200)
        return found

    with ThreadPoolExecutor(1) as pool:  # this thread may already have a loop: a browser's
        assert pool.submit(asyncio.run, pieces("")).result() == [b"left", b" and", b" rig", b"ht"]
        assert pool.submit(asyncio.run, pieces("bytes=5-9")).result() == [b"and ", b"r"]

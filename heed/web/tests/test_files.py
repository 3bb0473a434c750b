"""Files of messages, shown so that they can do no harm."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import fetch, verbs
from heed.inbox import files as kept
from heed.inbox.models import Attachment, Message, Post, Ticket
from heed.lib import clock
from heed.web.tests import cast


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def lea(ana: User, ivo: User) -> Ticket:
    return cast.a_morning(ana, ivo)


def attachment(ticket: Ticket, name: str, content: bytes) -> Attachment:
    """A file that came with a customer's message."""
    file = kept.keep(BytesIO(content))
    message = cast.said(ticket, "See this")
    return Attachment.objects.create(
        message=message, kind="image", name=name, path=file.path, mime=file.mime, size=file.size, state="kept"
    )


def upload(page: Client, ticket: Ticket, name: str, content: bytes) -> Any:
    file = BytesIO(content)
    file.name = name
    return page.post(f"/tickets/{ticket.pk}/files/", {"file": file})


def content(answer: Any) -> bytes:
    """The body of an answer that is sent piece by piece."""

    async def whole() -> bytes:
        return b"".join([piece async for piece in answer])

    return asyncio.run(whole())


def test_whoever_asks_gets_the_picture_that_stands_for_a_film(client: Client) -> None:
    answer = client.get(urlsplit(kept.film_link()).path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.content == kept.FILM.read_bytes()
    assert len(answer.content) < 1024 * 1024
    assert client.get("/media/other.png").status_code == 404


def test_a_picture_is_shown_in_place(page: Client, lea: Ticket) -> None:
    file = attachment(lea, "boot.png", cast.PICTURE)
    answer = page.get(f"/files/{file.pk}/")
    assert content(answer) == cast.PICTURE
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Disposition"] == 'inline; filename="boot.png"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    text = page.get(f"/inbox/open/{lea.pk}/").content.decode()
    assert f'<img src="/files/{file.pk}/" alt="boot.png"' in text


@pytest.mark.parametrize(
    ("wanted", "got", "status"),
    [
        ("bytes=0-3", cast.PICTURE[:4], 206),
        ("bytes=60-", cast.PICTURE[60:], 206),
        ("bytes=8-100000", cast.PICTURE[8:], 206),
        ("bytes=100000-", cast.PICTURE, 200),
        ("bytes=9-2", cast.PICTURE, 200),
        ("lines=1-2", cast.PICTURE, 200),
    ],
)
def test_film_is_served_in_parts(page: Client, lea: Ticket, wanted: str, got: bytes, status: int) -> None:
    file = attachment(lea, "boot.png", cast.PICTURE)
    answer = page.get(f"/files/{file.pk}/", headers={"Range": wanted})
    assert (content(answer), answer.status_code) == (got, status)
    assert answer.headers["Content-Length"] == str(len(got))
    if status == 206:
        start = cast.PICTURE.index(got)
        end = start + len(got) - 1
        assert answer.headers["Content-Range"] == f"bytes {start}-{end}/{len(cast.PICTURE)}"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("boot.png", b"<html><script>alert(1)</script></html>"),
        ("boot.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("order.pdf", b"%PDF-1.7 and so on"),
    ],
)
def test_anything_else_is_only_downloaded(page: Client, lea: Ticket, name: str, content: bytes) -> None:
    file = attachment(lea, name, content)
    answer = page.get(f"/files/{file.pk}/")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert f'<img src="/files/{file.pk}/"' not in page.get(f"/inbox/open/{lea.pk}/").content.decode()


def test_what_is_shown_is_decided_by_the_bytes(page: Client, lea: Ticket) -> None:
    """Whatever the network, or an old row, says about the type."""
    script = b"<html><script>alert(1)</script></html>"
    file = attachment(lea, "boot.png", script)
    Attachment.objects.filter(pk=file.pk).update(mime="image/png")
    Post.objects.filter(tickets=lea).update(picture=file.path)
    link = urlsplit(kept.public_link(file.pk)).path
    for address in (f"/files/{file.pk}/", f"/tickets/{lea.pk}/picture/", link):
        answer = page.get(address)
        assert content(answer) == script
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_name_that_no_header_can_carry(page: Client, lea: Ticket) -> None:
    file = attachment(lea, "left\r\nboot\x01.png", cast.PICTURE)
    answer = page.get(f"/files/{file.pk}/")
    assert answer.headers["Content-Disposition"] == 'inline; filename="leftboot.png"'


@pytest.fixture
def story(lea: Ticket, monkeypatch: pytest.MonkeyPatch) -> Attachment:
    """A story of a customer that its network still shows."""
    monkeypatch.setattr(fetch, "_answered", lambda account, url: cast.PICTURE)
    message = cast.said(lea, "", visibility="private", kind="story_mention")
    return Attachment.objects.create(
        message=message,
        kind="story",
        name="story",
        url="https://ig.example/1",
        mime="image/png",
        state="link",
    )


def test_a_story_is_shown_as_the_network_has_it(page: Client, lea: Ticket, story: Attachment) -> None:
    thread = page.get(f"/inbox/all/{lea.pk}/").content.decode()
    assert "mention in a story" in thread
    assert f'<img src="/files/{story.pk}/" alt="Story"' in thread
    answer = page.get(f"/files/{story.pk}/")
    assert (answer.content, answer.headers["Cache-Control"]) == (cast.PICTURE, "no-store")
    part = page.get(f"/files/{story.pk}/", headers={"Range": "bytes=0-1"})
    assert (part.status_code, part.content) == (206, cast.PICTURE[:2]), "some browsers play no film without"
    assert part.headers["Content-Range"] == f"bytes 0-1/{len(cast.PICTURE)}"
    assert part.headers["Cache-Control"] == "no-store"


def test_a_story_that_cannot_be_had_now_is_not_called_gone(
    page: Client, lea: Ticket, story: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hiccup(account: Account, url: str) -> bytes:
        raise fetch.TryAgain("the network answered 500")

    monkeypatch.setattr(fetch, "_answered", hiccup)
    answer = page.get(f"/files/{story.pk}/")
    assert answer.status_code == 503
    words = answer.content.decode()
    assert words == "The story cannot be shown right now. Try again in a moment."
    assert f'data-later="{words}"' in page.get(f"/inbox/all/{lea.pk}/").content.decode()


def test_the_head_of_a_story_asks_no_network(
    page: Client, story: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(fetch, "_answered")
    answer = page.head(f"/files/{story.pk}/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert story.message is not None
    Message.objects.filter(pk=story.message.pk).update(at=clock.now() - timedelta(days=1))
    assert page.head(f"/files/{story.pk}/").status_code == 404


def test_a_story_that_is_gone_says_so(page: Client, lea: Ticket, story: Attachment) -> None:
    page.get(f"/inbox/all/{lea.pk}/")
    assert story.message is not None
    Message.objects.filter(pk=story.message.pk).update(at=clock.now() - timedelta(days=1))
    thread = page.get(f"/inbox/all/{lea.pk}/").content.decode()
    assert '<span class="file">The story can no longer be seen.</span>' in thread
    assert page.get(f"/files/{story.pk}/").status_code == 404


def test_the_head_alone(page: Client, lea: Ticket) -> None:
    file = attachment(lea, "boot.png", cast.PICTURE)
    answer = page.head(f"/files/{file.pk}/")
    assert (answer.content, answer.headers["Content-Length"]) == (b"", str(len(cast.PICTURE)))


def test_a_file_whose_bytes_are_gone_is_not_found(page: Client, lea: Ticket) -> None:
    file = attachment(lea, "boot.png", cast.PICTURE)
    Attachment.objects.filter(pk=file.pk).update(path="zz/none")
    assert page.get(f"/files/{file.pk}/").status_code == 404
    Attachment.objects.filter(pk=file.pk).update(path="../../etc/passwd")
    assert page.get(f"/files/{file.pk}/").status_code == 404


def test_files_on_their_way_and_lost_say_so(page: Client, lea: Ticket) -> None:
    message = cast.said(lea, "Two files")
    Attachment.objects.create(message=message, position=0, kind="image", url="https://cdn.example/1")
    Attachment.objects.create(message=message, position=1, kind="image", state="failed", problem="too large")
    text = page.get(f"/inbox/open/{lea.pk}/").content.decode()
    assert "Fetching the file…" in text
    assert "could not be fetched" in text
    assert "too large" in text


def test_attaching_sending_and_removing(page: Client, lea: Ticket) -> None:
    answer = upload(page, lea, "boot.png", cast.PICTURE)
    assert answer.status_code == 201
    file = Attachment.objects.get()
    assert f'data-file="{file.pk}"' in answer.content.decode()
    assert "boot.png" in page.get(f"/inbox/open/{lea.pk}/").content.decode()
    sent = page.post(
        f"/tickets/{lea.pk}/messages/", {"text": "", "visibility": "private", "files": str(file.pk)}
    )
    assert sent.status_code == 200
    file.refresh_from_db()
    assert file.message is not None
    other = upload(page, lea, "boot.png", cast.PICTURE)
    assert other.status_code == 201
    draft = Attachment.objects.get(message=None)
    assert page.delete(f"/files/{draft.pk}/").status_code == 200
    assert not Attachment.objects.filter(message=None).exists()


def test_a_picture_is_described(page: Client, ivo: User, lea: Ticket) -> None:
    upload = BytesIO(cast.PICTURE)
    upload.name = "zip.png"
    line = page.post(f"/tickets/{lea.pk}/files/", {"file": upload}).content.decode()
    kept = Attachment.objects.get()
    assert "What it shows" in line
    where = f"/files/{kept.pk}/description/"
    assert page.post(where, {"alt": " A broken zip "}).status_code == 204
    kept.refresh_from_db()
    assert kept.text == "A broken zip"
    his = Client()
    his.force_login(ivo)
    assert his.post(where, {"alt": "Something else"}).status_code == 404


def test_a_draft_file_is_ones_own(page: Client, ivo: User, lea: Ticket) -> None:
    file = verbs.attach(ivo, lea, "secret.png", BytesIO(cast.PICTURE))
    assert page.get(f"/files/{file.pk}/").status_code == 404
    assert page.delete(f"/files/{file.pk}/").status_code == 404
    assert Attachment.objects.filter(pk=file.pk).exists()


def test_too_large_and_missing_files_are_refused_in_words(
    page: Client, lea: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_BYTES", 10)
    answer = upload(page, lea, "boot.png", cast.PICTURE)
    assert answer.status_code == 422
    assert "larger than" in answer.content.decode()
    assert page.post(f"/tickets/{lea.pk}/files/").status_code == 422


def test_the_posts_picture(page: Client, lea: Ticket) -> None:
    assert page.get(f"/tickets/{lea.pk}/picture/").status_code == 404
    Post.objects.filter(tickets=lea).update(picture=kept.keep(BytesIO(cast.PICTURE)).path)
    answer = page.get(f"/tickets/{lea.pk}/picture/")
    assert answer.headers["Content-Type"] == "image/png"
    assert f'src="/tickets/{lea.pk}/picture/"' in page.get(f"/inbox/open/{lea.pk}/").content.decode()


def test_a_network_fetches_an_answers_file_by_its_link(lea: Ticket, settings: Any) -> None:
    file = attachment(lea, "boot.png", cast.PICTURE)
    link = kept.public_link(file.pk).removeprefix(settings.HEED_PUBLIC_URL)
    answer = Client().get(link)
    assert (answer.status_code, content(answer)) == (200, cast.PICTURE)
    assert answer.headers["Content-Type"] == "image/png"
    assert Client().get(link + "x").status_code == 404
    file.delete()
    assert Client().get(link).status_code == 404

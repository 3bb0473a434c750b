"""Which files an answer on LINE may carry, from the guard to the push, and what the customer then sees."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from heed.accounts.models import User
from heed.accounts.verbs import ensure_person
from heed.channels.base import OutgoingFile, Refusal
from heed.channels.line.tests.sample import payload
from heed.channels.line.writing import FILE_BYTES
from heed.channels.models import Account
from heed.channels.tests.contract import NETWORKS, Desk
from heed.inbox import files as kept
from heed.inbox import verbs
from heed.inbox.models import Attachment, Message, Ticket
from heed.inbox.outgoing import answer_of
from heed.inbox.tests.deliveries import deliver
from heed.inbox.tests.sounds import film, m4a, mp3
from heed.sandbox.networks.line import LineSimulator
from heed.sandbox.picture import draw

MB = 1024 * 1024


@pytest.fixture
def ana(db: None) -> User:
    return ensure_person("ana@acme.example", "Ana Kovač")


@pytest.fixture
def ticket(db: None, settings: Any, tmp_path: Path) -> Ticket:
    settings.MEDIA_ROOT = str(tmp_path)
    settings.HEED_PUBLIC_URL = "https://desk.acme.com"
    account = Account.objects.create(network="line", name="Acme", external_id="U0", state="connected")
    deliver(account, payload("text"))
    return Ticket.objects.get()


def attached(ana: User, ticket: Ticket, content: bytes, size: int = 0) -> Attachment:
    """A file of the draft; `size` makes it look larger."""
    file = verbs.attach(ana, ticket, "file", BytesIO(content))
    if size:
        Attachment.objects.filter(pk=file.pk).update(size=size)
    return file


@pytest.mark.parametrize(
    ("content", "size", "words"),
    [
        (draw("boot"), 0, ""),
        (film(9000), 0, ""),
        (film(9000), 50 * MB, ""),
        (mp3(115), 0, ""),
        (m4a(3000), 0, ""),
        (draw("boot"), MB + 1, "too large"),
        (film(9000), FILE_BYTES + 1, "too large"),
        (m4a(3000), FILE_BYTES + 1, "too large"),
        (m4a(0), 0, "how long a sound plays"),
        (m4a(3000)[:24], 0, "how long a sound plays"),
        (b"%PDF-1.7 bill", 0, "does not take files of this kind"),
        (b"OggS" + bytes(40), 0, "does not take files of this kind"),
    ],
)
def test_what_the_guard_lets_pass(ticket: Ticket, ana: User, content: bytes, size: int, words: str) -> None:
    file = attached(ana, ticket, content, size)
    if words:
        with pytest.raises(verbs.CannotAnswer) as caught:
            verbs.answer(ticket, ana, "Poglejte.", "private", files=[file.pk])
        assert words in str(caught.value.sentence)
    else:
        verbs.answer(ticket, ana, "Poglejte.", "private", files=[file.pk])
    assert Message.objects.filter(direction="out").exists() is not bool(words)


def test_what_the_guard_let_pass_leaves_as_line_wants_it(ticket: Ticket, ana: User) -> None:
    """The same when it is asked for what became of it, without the bytes."""
    found = [attached(ana, ticket, content).pk for content in (film(9000), mp3(115))]
    message = verbs.answer(ticket, ana, "", "private", files=found)
    for asking in (False, True):
        video, audio = answer_of(message, asking=asking).files
        assert (video.mime, video.lasts) == ("video/mp4", None)
        assert video.preview == "https://desk.acme.com/media/film.png"
        assert (audio.mime, audio.lasts, audio.preview) == ("audio/mpeg", 3004, "")


def test_of_a_sound_that_is_gone_nobody_knows_how_long_it_plays(
    ticket: Ticket, ana: User, tmp_path: Path
) -> None:
    file = attached(ana, ticket, m4a(3000))
    (tmp_path / file.path).unlink()
    assert kept.lasts(file.path) is None


# -------------------------------------------------------------------------- over real HTTP


def files_of(line: LineSimulator) -> list[OutgoingFile]:
    """A film and two sounds where LINE finds them."""
    preview = line.keep(kept.FILM.read_bytes(), "image/png", kept.FILM.name)
    clip = outgoing(line, "zip.mp4", "video/mp4", film(9000))
    voice = outgoing(line, "glas.m4a", "audio/mp4", m4a(2345))
    song = outgoing(line, "glas.mp3", "audio/mpeg", mp3(115))
    return [replace(clip, preview=preview), replace(voice, lasts=2345), replace(song, lasts=3004)]


def outgoing(line: LineSimulator, name: str, mime: str, content: bytes) -> OutgoingFile:
    return OutgoingFile(name, mime, content, line.keep(content, mime, name))


def test_films_and_sounds_arrive_with_the_text(desk: Desk, line: LineSimulator) -> None:
    before = line.used
    message = desk.customer_writes("private", "Pozdravljeni")
    line_files = files_of(line)
    sent = desk.send(replace(desk.answer_to(message, "Oboje."), files=tuple(line_files)))
    assert line.used == before + 1  # one message of the month, as a text alone
    line.sandbox.settle()
    shown = [each for each in line.scene("lea").lines() if each.ours]
    assert [each.id for each in shown] == [sent.external_id, *sent.more]
    assert [bool(each.picture) for each in shown] == [False, True, False, False]
    fetched = [desk.client.fetch(each.files[0], hosts=["127.0.0.1"], limit=MB).body for each in shown[1:]]
    assert fetched == [file.content for file in line_files]
    told = line.seen()["lea"][2:]
    assert [each["duration"] for each in told] == [2345, 3004]


def test_a_lost_film_is_settled_by_its_key_without_its_bytes(desk: Desk, line: LineSimulator) -> None:
    message = desk.customer_writes("private", "Pozdravljeni")
    answer = replace(desk.answer_to(message, ""), files=tuple(files_of(line)))
    asked = replace(answer, files=tuple(replace(each, content=b"") for each in answer.files))
    found = desk.run(lambda record: NETWORKS["line"].find(record, asked))
    assert desk.send(answer) == found


@pytest.mark.parametrize("place", [0, 1])
def test_what_our_own_check_refuses_line_refuses_too(desk: Desk, line: LineSimulator, place: int) -> None:
    """Without the picture before it, without its length: neither leaves here, nor would LINE take it."""
    message = desk.customer_writes("private", "Pozdravljeni")
    file = replace(files_of(line)[place], preview="", lasts=None)
    with pytest.raises(Refusal) as caught:
        desk.send(replace(desk.answer_to(message, ""), files=(file,)))
    assert caught.value.reason == "file_refused"
    assert line.seen()["lea"] == []

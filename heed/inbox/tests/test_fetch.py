"""Files that networks point to: kept, failed, or waiting for a better moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.db import connection

from heed.channels.base import AccountRecord, MediaSource, Refusal
from heed.channels.models import Account
from heed.channels.reasons import UNTIL_A_PERSON_ACTS
from heed.inbox import fetch
from heed.inbox.models import Attachment, Customer, Identity, Message, Post, Ticket
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock
from heed.lib.http import AddressRefused, AnswerLost, Response, Steps, TooLarge, Unreachable

pytestmark = pytest.mark.django_db
PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def file(account: Account) -> Attachment:
    """A file that the network has told of."""
    customer = Customer.objects.create(name="Lea Marn")
    identity = Identity.objects.create(account=account, customer=customer, external_id="lea")
    ticket = Ticket.objects.create(account=account, identity=identity, customer=customer, kind="private")
    message = Message.objects.create(account=account, ticket=ticket, direction="in", visibility="private")
    return Attachment.objects.create(message=message, kind="image", url="http://127.0.0.1:1/boot.png")


class Web:
    """Gives one outcome to every fetch."""

    def __init__(self, outcome: Response | Exception) -> None:
        self.outcome = outcome

    def fetch(self, url: str, **_: Any) -> Response:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def state(file: Attachment) -> str:
    file.refresh_from_db()
    return file.state


def number(file: Attachment) -> int:
    assert file.message_id is not None
    return file.message_id


def refuse(rubber: Rubber, monkeypatch: pytest.MonkeyPatch, refusal: Refusal) -> None:
    def media(account: AccountRecord, url: str) -> Steps[MediaSource]:
        yield from ()
        raise refusal

    monkeypatch.setattr(rubber, "media", media)


def test_a_file_is_kept(file: Attachment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "client", lambda: Web(Response(200, {}, PICTURE)))
    fetch.files_of(number(file))
    assert (state(file), file.mime, file.size) == ("kept", "image/png", len(PICTURE))


def test_a_story_is_looked_at_and_never_kept(
    file: Attachment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Attachment.objects.filter(pk=file.pk).update(kind="story")
    monkeypatch.setattr(fetch, "client", lambda: Web(Response(200, {}, PICTURE)))
    fetch.files_of(number(file))
    assert (state(file), file.mime, file.path) == ("link", "image/png", "")
    assert not list(tmp_path.iterdir())
    assert fetch.story(file) == (PICTURE, "image/png")
    Message.objects.update(at=clock.now() - timedelta(days=1))
    with pytest.raises(fetch.Gone):
        fetch.story(Attachment.objects.get(pk=file.pk))


def test_a_page_waits_for_few_stories_and_not_for_long(
    file: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, asked, held = Event(), Event(), list[bool]()

    def slow(account: Account, url: str) -> bytes:
        asked.set()
        let_go.wait(20)
        held.append(connection.connection is not None)
        return PICTURE

    monkeypatch.setattr(fetch, "_answered", slow)
    with ThreadPoolExecutor(1) as one, monkeypatch.context() as hurried:
        hurried.setattr(fetch, "_SHOWN", one)
        hurried.setattr(fetch, "_PATIENCE", 0.0)
        with pytest.raises(fetch.TryAgain):
            fetch.shown(file)
        assert asked.wait(20)
        with pytest.raises(fetch.TryAgain):
            fetch.shown(file)  # there is no room, and it is not fetched later either
        let_go.set()
    assert held == [False]
    assert fetch.shown(file) == (PICTURE, "image/png")


def test_no_connection_is_held_while_a_story_is_fetched(
    file: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def answered(account: Account, url: str) -> bytes:
        order.append("asked")
        return PICTURE

    monkeypatch.setattr(fetch, "_let_go", lambda: order.append("let go"))
    monkeypatch.setattr(fetch, "_answered", answered)
    fetch.shown(file)
    assert order == ["let go", "asked", "let go"]


@pytest.mark.parametrize("outcome", [Response(404, {}, b""), AddressRefused("x"), TooLarge("x")])
def test_what_cannot_be_had_has_failed(
    file: Attachment, monkeypatch: pytest.MonkeyPatch, outcome: Any
) -> None:
    monkeypatch.setattr(fetch, "client", lambda: Web(outcome))
    fetch.files_of(number(file))
    assert state(file) == "failed"
    assert file.problem


@pytest.mark.parametrize("outcome", [Response(500, {}, b""), Unreachable("x"), AnswerLost("x")])
def test_after_the_last_try_the_file_has_failed(
    file: Attachment, monkeypatch: pytest.MonkeyPatch, outcome: Any
) -> None:
    monkeypatch.setattr(fetch, "client", lambda: Web(outcome))
    with pytest.raises(fetch.TryAgain):
        fetch.files_of(number(file))
    assert state(file) == "waiting"
    fetch.give_up(number(file))
    assert state(file) == "failed"
    assert file.problem


def test_giving_up_leaves_what_was_had(file: Attachment) -> None:
    Attachment.objects.filter(pk=file.pk).update(state="kept")
    fetch.give_up(number(file))
    assert state(file) == "kept"
    fetch.give_up(10**9)


@pytest.mark.parametrize("reason", UNTIL_A_PERSON_ACTS)
def test_a_file_waits_until_somebody_signs_in(
    account: Account, rubber: Rubber, file: Attachment, monkeypatch: pytest.MonkeyPatch, reason: Any
) -> None:
    with monkeypatch.context() as meanwhile:
        refuse(rubber, meanwhile, Refusal(reason))
        with pytest.raises(fetch.TryAgain):
            fetch.files_of(number(file))
        assert state(file) == "waiting"
        Account.objects.update(state="broken", problem=reason)
        fetch.give_up(number(file))
    assert state(file) == "waiting"
    with clock.moved(timedelta(minutes=11)):
        assert fetch.left_behind() == []
        Account.objects.update(state="connecting", problem="")  # entered, and still to be checked
        assert fetch.left_behind() == []
        fetch.give_up(number(file))
        Account.objects.update(state="connected")
        assert fetch.left_behind() == [number(file)]
    monkeypatch.setattr(fetch, "client", lambda: Web(Response(200, {}, PICTURE)))
    fetch.files_of(number(file))
    assert state(file) == "kept"
    with clock.moved(timedelta(minutes=11)):
        assert fetch.left_behind() == []


def test_another_refusal_is_for_good(
    rubber: Rubber, file: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(rubber, monkeypatch, Refusal("bad_request"))
    fetch.files_of(number(file))
    assert state(file) == "failed"


def test_a_posts_picture_comes_after_signing_in_too(
    account: Account, rubber: Rubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Post.objects.create(account=account, external_id="p", picture_url="http://127.0.0.1:1/p.png")
    with monkeypatch.context() as meanwhile:
        refuse(rubber, meanwhile, Refusal("sign_in_again"))
        with pytest.raises(fetch.TryAgain):
            fetch.picture_of(post.pk)
    monkeypatch.setattr(fetch, "client", lambda: Web(Response(200, {}, PICTURE)))
    fetch.picture_of(post.pk)
    post.refresh_from_db()
    assert post.picture

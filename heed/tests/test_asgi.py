"""What reaches the pages: no body that is too large for the one who sends it. And how files leave."""

from __future__ import annotations

import asyncio
import json
import re
import warnings
from collections.abc import MutableMapping
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from heed import asgi
from heed.accounts.models import AuditRow, User
from heed.accounts.verbs import ensure_person, grant_token
from heed.channels.models import Account
from heed.inbox import files
from heed.inbox.models import Attachment, Customer, Identity, Ticket
from heed.pages import Pages

pytestmark = pytest.mark.django_db(transaction=True)

MB = 1024 * 1024


class Visitor:
    """Sends a body of so many megabytes in pieces of one, announced or not."""

    def __init__(self, path: str, megabytes: int, *, announced: bool, **headers: str) -> None:
        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if announced:
            named.append((b"content-length", str(megabytes * MB).encode()))
        self.scope: dict[str, Any] = {
            "type": "http", "method": "POST", "path": path, "query_string": b"",
            "headers": [(b"host", b"127.0.0.1"), *named],
        }  # fmt: skip
        self.left = megabytes
        self.taken = 0
        self.told: list[MutableMapping[str, Any]] = []

    async def receive(self) -> MutableMapping[str, Any]:
        if not self.left:
            return {"type": "http.disconnect"}
        self.left -= 1
        self.taken += 1
        return {"type": "http.request", "body": b"x" * MB, "more_body": self.left > 0}

    async def send(self, event: MutableMapping[str, Any]) -> None:
        self.told.append(event)

    def visit(self, application: Any = asgi.app) -> int:
        asyncio.run(application(self.scope, self.receive, self.send))
        return int(self.told[0]["status"])


async def reads_all(scope: Any, receive: Any, send: Any) -> None:
    """An application that takes whatever comes, as Django does."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.fixture
def ana() -> User:
    return ensure_person("ana@acme.example", "Ana Kovač")


@pytest.fixture
def session(ana: User) -> str:
    client = Client()
    client.force_login(ana)
    return f"theme={{}}; {settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


@pytest.mark.parametrize("announced", [True, False])
def test_a_strangers_large_body_is_not_kept(announced: bool) -> None:
    visitor = Visitor("/sign-in/", 80, announced=announced)
    assert visitor.visit() == 413
    assert visitor.taken <= 2
    assert b"too large" in visitor.told[1]["body"]


def test_a_program_gets_a_problem_document() -> None:
    visitor = Visitor("/api/v1/tickets", 80, announced=False, authorization="Bearer made-up")
    assert visitor.visit() == 413
    assert dict(visitor.told[0]["headers"])[b"content-type"] == b"application/problem+json"
    assert json.loads(visitor.told[1]["body"])["type"] == "urn:heed:too-large"


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    ("megabytes", "cookie", "status"),
    [
        (1, "", 200),
        (2, "", 413),
        (2, "{name}=made-up", 413),
        (2, "{session}", 200),
        (60, "{session}", 200),
        (61, "{session}", 413),
    ],
)
def test_how_much_is_taken_from_whom(
    session: str, announced: bool, megabytes: int, cookie: str, status: int
) -> None:
    sent = cookie.format(name=settings.SESSION_COOKIE_NAME, session=session)
    visitor = Visitor("/", megabytes, announced=announced, cookie=sent)
    assert visitor.visit(asgi.Measured(reads_all)) == status


@pytest.mark.parametrize(("token", "status"), [("heed_ana", 200), ("heed_old", 413)])
def test_a_token_opens_the_door_for_files(ana: User, token: str, status: int) -> None:
    grant_token(ana, "Tests", "heed_ana")
    visitor = Visitor("/api/v1/tickets", 2, announced=False, authorization=f"Bearer {token}")
    assert visitor.visit(asgi.Measured(reads_all)) == status


def test_the_refusal_speaks_the_visitors_language(monkeypatch: pytest.MonkeyPatch) -> None:
    spoken: list[str] = []

    def said(sentence: str) -> str:
        spoken.append(translation.get_language() or "")
        return sentence

    monkeypatch.setattr(asgi, "_", said)
    Visitor("/", 80, announced=True, cookie="heed_language=sl").visit()
    assert spoken == ["sl"]


class Looker(Visitor):
    """Looks at one address."""

    def __init__(self, path: str, **headers: str) -> None:
        super().__init__(path, 0, announced=False, **headers)
        self.scope["method"] = "GET"
        self.asked = False

    async def receive(self) -> MutableMapping[str, Any]:
        if self.asked:
            await asyncio.sleep(3600)
        self.asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    @property
    def body(self) -> bytes:
        return b"".join(event.get("body", b"") for event in self.told)


def test_files_leave_without_being_read_whole(session: str, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    content = b"left and right " * 40_000
    kept = files.keep(BytesIO(content))
    file = Attachment.objects.create(kind="file", path=kept.path, state="kept", owner=User.objects.get())
    link = urlsplit(files.public_link(file.pk)).path
    looker = Looker(link, cookie=session)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert looker.visit() == 200
    assert looker.body == content
    assert len(looker.told) > 3
    assert not [each for each in warned if "iterator" in str(each.message)]


def test_static_files_leave_without_a_warning(settings: Any) -> None:
    style = Path(settings.STATIC_ROOT) / "made-for-a-test.css"
    style.write_text("body { color: red }")
    try:
        looker = Looker("/static/made-for-a-test.css")
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            assert looker.visit(Pages()) == 200
        again = Looker("/static/made-for-a-test.css", range="bytes=0-3")
        assert (again.visit(Pages()), again.body) == (206, b"body")
    finally:
        style.unlink()
    assert looker.body == b"body { color: red }"
    assert not [each for each in warned if "iterator" in str(each.message)]
    assert dict(looker.told[0]["headers"])[b"Content-Type"].startswith(b"text/css")


class TestPrograms:
    """A request of a program goes past what is for people only."""

    def test_it_is_answered_as_a_page_would_be(self, ana: User) -> None:
        grant_token(ana, "Tests", "heed_ana")
        asked = {"authorization": "Bearer heed_ana", "accept_language": "sl"}
        for path in ("/api/v1/tickets", "/api/v1/tickets/7", "/api/v1/nothing", "/api/v1/openapi.json"):
            short, whole = Looker(path, **asked), Looker(path, **asked)
            assert short.visit() == whole.visit(asgi.pages)
            assert short.body == whole.body
            theirs = _headers(whole)
            theirs["Vary"] = theirs["Vary"].replace(", Cookie", "")
            assert _headers(short) == theirs
            assert {"X-Content-Type-Options", "X-Frame-Options", "Content-Security-Policy"} <= theirs.keys()

    def test_a_session_does_not_open_it(self, session: str) -> None:
        assert Looker("/api/v1/tickets", cookie=session).visit() == 401

    def test_a_host_that_is_not_ours_is_refused(self, ana: User) -> None:
        grant_token(ana, "Tests", "heed_ana")
        looker = Looker("/api/v1/tickets", authorization="Bearer heed_ana")
        looker.scope["headers"][0] = (b"host", b"elsewhere.example")
        assert looker.visit() == 400

    def test_the_audit_knows_where_it_came_from(self, ana: User) -> None:
        grant_token(ana, "Tests", "heed_ana")
        account = Account.objects.create(network="mastodon", name="Acme", base_url="https://social.example")
        customer = Customer.objects.create(name="Lea Marn")
        lea = Identity.objects.create(account=account, customer=customer, external_id="lea", name="Lea Marn")
        ticket = Ticket.objects.create(account=account, identity=lea, customer=customer, kind="public")
        looker = Looker(f"/api/v1/tickets/{ticket.pk}", authorization="Bearer heed_ana")
        looker.scope["client"] = ("192.0.2.7", 4182)
        assert looker.visit() == 200
        assert AuditRow.objects.get(what="opened").ip == "192.0.2.7"


def _headers(looker: Looker) -> dict[str, str]:
    """Without the number that is another one each time."""
    told = {name.decode(): value.decode() for name, value in looker.told[0]["headers"]}
    return {name: re.sub("'nonce-[^']+'", "", value) for name, value in told.items()}

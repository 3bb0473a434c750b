"""Heed calls its own public address: why it cannot be reached, who is told, and when it is over."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings as heed_settings
from django.core import mail
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.verbs import ensure_person
from heed.channels import doorstep, health, jobs, missed, outside
from heed.channels.models import Account
from heed.channels.outgoing import Outgoing
from heed.channels.tests.pigeon import Pigeon, acme
from heed.lib import clock
from heed.lib.crypto import KeyRing, key_ring
from heed.lib.http import Client
from heed.lib.loopback import Loopback

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pigeon")]

OTHER_KEY = b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
Answer = Callable[[BaseHTTPRequestHandler], tuple[int, bytes]]


def ring() -> KeyRing:
    return key_ring(heed_settings.HEED_DATA, heed_settings.HEED_SECRET_KEYS)


def like_the_door(asked: BaseHTTPRequestHandler) -> tuple[int, bytes]:
    word = asked.path.removeprefix(f"/hooks/{doorstep.PLACE}")
    return 200, doorstep.proof(ring(), word) or b""


class House:
    """A server on this machine that answers as it is told, and keeps what it was asked for."""

    def __init__(self, certified: Path | None = None) -> None:
        self.answer: Answer = like_the_door
        self.asked: list[str] = []
        house = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                house.asked.append(self.path)
                status, body = house.answer(self)
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        self.server = Loopback(Handler)
        if certified is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certified)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = self.server.server_port
        self.server.begin()

    def close(self) -> None:
        self.server.end()


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    yield house
    house.close()


@pytest.fixture(autouse=True)
def way_out(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outgoing]:
    """Allowed to call this machine, and in no mood to wait."""
    made = Outgoing({"127.0.0.1", "heed.example"})
    made._web = Client({"127.0.0.1", "heed.example"}, total=1.0)
    monkeypatch.setattr(outside, "client", lambda: made)
    monkeypatch.setattr(outside, "AGAIN_AFTER", 0.0)
    yield made
    made.close()


@pytest.fixture
def account(house: House, settings: Any) -> Account:
    settings.HEED_PUBLIC_URL = f"http://127.0.0.1:{house.port}"
    return acme()


def problem(account: Account) -> str:
    account.refresh_from_db()
    return account.door_problem


def test_all_is_well_where_our_own_door_answers(account: Account, house: House) -> None:
    assert outside.look() == outside.Seen("")
    assert problem(account) == ""
    assert health.warnings(account) == []
    outside.look()
    assert len(set(house.asked)) == 2  # another word each time: an answer that was kept proves nothing


def test_nobody_is_called_while_no_account_waits_for_calls(
    account: Account, house: House, pigeon: Pigeon
) -> None:
    pigeon.polls = True
    outside.look()
    Account.objects.update(locked_credentials=b"")
    pigeon.polls = False
    outside.look()
    assert house.asked == []


def test_an_account_whose_network_is_gone_waits_for_none_and_holds_up_no_other(
    account: Account, house: House
) -> None:
    house.answer = lambda _: (502, b"")
    Account.objects.update(network="gone")
    outside.look()
    assert (house.asked, problem(account)) == ([], "")
    other = acme(name="Acme outlet", external_id="18")
    outside.look()
    assert (problem(account), problem(other)) == ("", "another")


def test_x_waits_for_calls_where_it_has_a_webhook(account: Account, house: House) -> None:
    Account.objects.update(network="x", facts={"webhooks": False})
    outside.look()
    assert house.asked == []
    Account.objects.update(facts={"webhooks": True})
    outside.look()
    assert len(house.asked) == 1


def test_the_name_is_not_found(account: Account, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HEED_PUBLIC_URL = "https://heed.example"

    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert outside.look().problem == "name"
    assert "name of its public address" in str(health.warnings(account_again(account))[0].sentence)


def test_the_connection_is_refused(account: Account, settings: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.HEED_PUBLIC_URL = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert outside.look().problem == "refused"


def test_it_does_not_answer_in_time(account: Account, house: House) -> None:
    over = threading.Event()

    def asleep(_: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        over.wait(20)
        return 200, b""

    house.answer = asleep
    try:
        assert outside.look().problem == "timeout"
    finally:
        over.set()


def test_it_breaks_off(account: Account, house: House) -> None:
    def hung_up(asked: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        asked.connection.close()
        raise ConnectionAbortedError

    house.answer = hung_up
    assert outside.look().problem == "broken_off"


def test_the_certificate_is_not_valid(account: Account, settings: Any, tmp_path: Path) -> None:
    house = House(certified=self_signed(tmp_path))
    try:
        settings.HEED_PUBLIC_URL = f"https://127.0.0.1:{house.port}"
        seen = outside.look()
    finally:
        house.close()
    assert seen.problem == "certificate"
    assert "self" in seen.detail


def test_no_secure_connection(account: Account, house: House, settings: Any) -> None:
    settings.HEED_PUBLIC_URL = f"https://127.0.0.1:{house.port}"
    assert outside.look().problem == "insecure"


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: (200, b"It works!"),
        lambda _: (200, b"x" * 10_000),
        lambda _: (502, b"Bad gateway"),
        lambda _: (301, b""),
        lambda asked: (404, like_the_door(asked)[1]),
        lambda _: (200, ring().lock({"here": "the word of yesterday"})),
        lambda asked: (200, KeyRing([OTHER_KEY]).lock({"here": asked.path.rpartition("/")[2]})),
    ],
)
def test_another_server_answers(account: Account, house: House, answer: Answer) -> None:
    house.answer = answer
    assert outside.look().problem == "another"


def test_a_private_address_is_not_tried_unless_it_is_allowed(
    account: Account, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.answer = lambda _: (502, b"")
    strict = Outgoing()
    monkeypatch.setattr(outside, "client", lambda: strict)
    assert outside.look() == outside.Seen("")
    assert house.asked == []
    strict.close()


def test_one_call_that_fails_is_no_trouble(account: Account, house: House) -> None:
    answers = [(502, b"")]
    house.answer = lambda asked: answers.pop() if answers else like_the_door(asked)
    assert outside.look() == outside.Seen("")
    assert (len(house.asked), problem(account)) == (2, "")


def test_since_when_is_kept_and_all_is_forgotten_when_it_is_over(account: Account, house: House) -> None:
    house.answer = lambda _: (502, b"")
    outside.look()
    since = account_again(account).door_since
    assert since is not None
    with clock.moved(timedelta(minutes=5)):
        house.answer = lambda _: (503, b"")
        outside.look()
    known = account_again(account)
    assert (known.door_problem, known.door_since) == ("another", since)
    assert known.door_detail.endswith("answered 503")
    house.answer = like_the_door
    outside.look()
    known = account_again(account)
    assert (known.door_problem, known.door_detail, known.door_since) == ("", "", None)
    assert health.warnings(known) == []


def test_what_was_missed_until_it_is_over_is_read_and_the_account_checked(
    account: Account, house: House, pigeon: Pigeon
) -> None:
    ProcrastinateJob.objects.all().delete()
    house.answer = lambda _: (502, b"")
    outside.look()
    since = account_again(account).door_since
    assert since is not None
    assert not ProcrastinateJob.objects.exists()
    house.answer = like_the_door
    outside.look()
    outside.look()  # it is over already
    mind, check = ProcrastinateJob.objects.order_by("id")
    earlier = (since - outside.LOOK_EVERY).isoformat()
    assert (mind.task_name, mind.args) == (missed.MIND_GAP, {"account": account.pk, "since": earlier})
    assert (check.task_name, check.args) == (missed.CHECK, {"account_id": account.pk})


def test_where_news_comes_in_all_the_same_nobody_is_alarmed(account: Account, house: House) -> None:
    """Some routers do not let us call ourselves by our public address, while all others reach us."""
    house.answer = lambda _: (502, b"")
    Account.objects.update(last_delivery_at=clock.now() - timedelta(minutes=1))
    outside.look()
    assert [each.kind for each in health.warnings(account_again(account))] == ["door"]
    Account.objects.update(last_delivery_at=clock.now())
    assert health.warnings(account_again(account)) == []


def test_it_is_said_once_for_all_accounts(account: Account, house: House, pigeon: Pigeon) -> None:
    other = acme(name="Acme outlet", external_id="18")
    ensure_person("owner@acme.example", "Maja Zupan", role="owner")
    house.answer = lambda _: (502, b"")
    jobs.call_ourselves(0)
    accounts = [account_again(account), account_again(other)]
    assert [[each.kind for each in health.warnings(one)] for one in accounts] == [["door"], ["door"]]
    assert [(one.pk, each.kind) for one, each in health.alarms(accounts)] == [(account.pk, "door")]
    mail.outbox.clear()
    jobs.warn_admins(0)
    jobs.warn_admins(0)
    (letter,) = mail.outbox
    assert "another server answers at its public address" in str(letter.body)
    assert "answered 502" in str(letter.body)
    house.answer = like_the_door
    jobs.call_ourselves(0)
    jobs.warn_admins(0)
    house.answer = lambda _: (502, b"")
    jobs.call_ourselves(0)
    jobs.warn_admins(0)
    assert len(mail.outbox) == 2  # it came back


def account_again(account: Account) -> Account:
    account.refresh_from_db()
    return account


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(days=1))
        .not_valid_after(clock.now() + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "own.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file

"""Lines kept open: a nudge collects at once, a broken line comes back, one process listens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from django.db.models import QuerySet
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.channels.base import Ear
from heed.channels.models import Account
from heed.inbox import collect, ears
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock
from heed.lib.loopback import Loopback
from heed.lib.postgres import conninfo
from heed.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 120


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ears, "WAITS", (0.05,))
    monkeypatch.setattr(ears, "_LOOK_EVERY", 0.05)


@contextmanager
def listening() -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=ears.keep_open, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def until(found: Callable[[], Any]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < end
        time.sleep(0.02)


def nudged(account: Account) -> None:
    """Wait until the account is to be collected, and take the job away."""
    waiting = jobs_of(account).filter(status="todo")
    until(waiting.exists)
    waiting.delete()


def jobs_of(account: Account) -> QuerySet[ProcrastinateJob]:
    """Those that collect for it. A listener of the test before may leave one for another account."""
    return ProcrastinateJob.objects.filter(queueing_lock=f"collect:{account.pk}")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=1) as running:
        yield running


@pytest.fixture
def mailbox(sandbox: Sandbox) -> Account:
    given = sandbox["email"].accounts()[0]
    account = Account(
        network="email", name="Acme", external_id=given.external_id, base_url="https://mail.invalid"
    )
    account.credentials = dict(given.credentials)
    account.save()
    return account


def test_new_mail_is_collected_at_once(mailbox: Account, sandbox: Sandbox) -> None:
    with listening():
        nudged(mailbox)
        sandbox["email"].do("message", person="lea", text="Kje je paket?")
        nudged(mailbox)
        sandbox["email"].do("hang_up")
        nudged(mailbox)
        sandbox["email"].do("message", person="lea", text="Halo?")
        nudged(mailbox)


def test_a_database_that_was_away_is_listened_beside_again(
    mailbox: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, away = ears._wanted, [OperationalError("the database is shutting down")]

    def once_away() -> dict[int, Ear]:
        if away:
            raise away.pop()
        return wanted()

    monkeypatch.setattr(ears, "_wanted", once_away)
    with listening():
        nudged(mailbox)
    assert not away


def test_secrets_that_cannot_be_opened_leave_the_others_heard(mailbox: Account) -> None:
    Account.objects.create(
        network="email", external_id="b@acme.example", locked_credentials=b"of another key"
    )
    with listening():
        nudged(mailbox)


def test_who_is_heard_is_asked_less_often(mailbox: Account) -> None:
    Account.objects.filter(pk=mailbox.pk).update(collected_at=clock.now())
    with clock.moved(timedelta(seconds=30)):
        assert collect.due() == [mailbox.pk]
        with listening():
            nudged(mailbox)
            Account.objects.filter(pk=mailbox.pk).update(collected_at=clock.now() - timedelta(seconds=30))
            assert collect.due() == []
            with clock.moved(timedelta(seconds=31)):
                assert collect.due() == [mailbox.pk]
        until(lambda: collect.due() == [mailbox.pk])


def test_one_process_listens(mailbox: Account) -> None:
    with psycopg.connect(conninfo(django_settings.DATABASES["default"]), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [collect.EARS, mailbox.pk])
        with listening():
            time.sleep(0.3)
            assert not jobs_of(mailbox).exists()
            other.execute("SELECT pg_advisory_unlock(%s, %s)", [collect.EARS, mailbox.pk])
            nudged(mailbox)


def test_an_account_that_is_turned_away_is_not_listened_to(mailbox: Account) -> None:
    with listening():
        nudged(mailbox)
        Account.objects.filter(pk=mailbox.pk).update(problem="sign_in_again")
        until(lambda: collect._heard() == set())


class Events(BaseHTTPRequestHandler):
    """An event stream: a comment, then one event for each thing put into `told`, then the end."""

    told = threading.Semaphore(0)
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.headers.get("authorization", ""))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b":)\n\n")
        self.wfile.flush()
        self.told.acquire(timeout=PATIENCE)
        self.wfile.write(b"event: notification\ndata: {}\n\n")

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_an_event_stream(account: Account, rubber: Rubber, monkeypatch: pytest.MonkeyPatch) -> None:
    account.credentials = {"token": "secret"}
    account.save()
    with Loopback(Events) as server:
        ear = Ear("events", f"{server.url}/streaming", headers={"authorization": "Bearer secret"})
        monkeypatch.setattr(rubber, "ear", lambda record: ear)
        with listening():
            nudged(account)
            Events.told.release()
            nudged(account)
            nudged(account)  # the stream ended and was opened again
            Events.told.release(5)
    assert set(Events.asked) == {"Bearer secret"}


def test_a_nudge_while_somebody_collects_is_not_lost(
    mailbox: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    from heed.inbox.jobs import collect_account

    def busy(account: int) -> int:
        raise collect.Busy(account)

    monkeypatch.setattr(collect, "collect", busy)
    collect_account(mailbox.pk)
    nudged(mailbox)

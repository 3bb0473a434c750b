"""Lines kept open to networks that tell at once when there is news: each nudge has the account collected.

One process holds the ear of an account, by an advisory lock on a connection of its own; another takes
over when it is gone. Nothing is read from the line itself, so whatever it tells may be lost or doubled.
"""

from __future__ import annotations

import logging
import random
import threading
import time

import psycopg
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.models import Q

from heed.channels.base import Ear
from heed.channels.models import Account
from heed.channels.outgoing import client
from heed.channels.registry import networks
from heed.inbox.collect import EARS
from heed.inbox.jobs import collect_account
from heed.lib.http import AnswerLost, Unreachable
from heed.lib.jobs import defer_once
from heed.lib.postgres import conninfo

log = logging.getLogger("heed.ears")

WAITS = (2, 5, 15, 60, 180)
"""Seconds before a broken line is opened again; the last one repeats."""

_STEADY = 60.0  # seconds after which a line that broke had been a good one
_LOOK_EVERY = 5.0
_HOPELESS = ("sign_in_again", "not_configured", "wrong_server", "already_connected", "private_address")


def keep_open(stop: threading.Event) -> None:
    """Keep the ears of all accounts open until told to stop."""
    while not stop.is_set():
        try:
            _keep_open(stop)
        except (psycopg.Error, DatabaseError, OSError) as error:
            log.warning("the ears lost the database: %s", error)
            stop.wait(_LOOK_EVERY)


def _keep_open(stop: threading.Event) -> None:
    lines: dict[int, Line] = {}
    with psycopg.connect(conninfo(settings.DATABASES["default"]), autocommit=True) as locks:
        try:
            while not stop.is_set():
                _tend(lines, locks)
                stop.wait(_LOOK_EVERY)
        finally:
            for line in lines.values():
                line.end()
            connections.close_all()


def _tend(lines: dict[int, Line], locks: psycopg.Connection) -> None:
    """Open what is missing, end what is no longer wanted. A broken line gives up its account for the
    while of its wait: another process may have more luck."""
    wanted = _wanted()
    for account, line in list(lines.items()):
        if line.ear != wanted.get(account):
            line.end()
        if line.over:
            del lines[account]
        if not line.listening and line.locked:
            locks.execute("SELECT pg_advisory_unlock(%s, %s)", [EARS, account])
            line.locked = False
    for account, ear in wanted.items():
        line = lines.get(account) or Line(account, ear)
        if line.due and not line.locked and _take(locks, account):
            lines[account] = line
            line.locked = True
            line.open()


def _take(locks: psycopg.Connection, account: int) -> bool:
    row = locks.execute("SELECT pg_try_advisory_lock(%s, %s)", [EARS, account]).fetchone()
    return bool(row and row[0])


def _wanted() -> dict[int, Ear]:
    """What to listen to, by account."""
    sound = Account.objects.filter(network__in=[network.name for network in networks().values()])
    wanted: dict[int, Ear] = {}
    for account in sound.exclude(Q(problem__in=_HOPELESS) | Q(external_id="") | Q(locked_credentials=b"")):
        ear = _ear(account)
        if ear is not None:
            wanted[account.pk] = ear
    connection.close()
    return wanted


def _ear(account: Account) -> Ear | None:
    """What to listen to for an account; nothing when its secrets cannot be opened with the keys we have."""
    try:
        return account.adapter.ear(account.record())
    except InvalidToken:
        return None


class Line:
    """One ear: opened in a thread of its own, as often as it breaks."""

    def __init__(self, account: int, ear: Ear) -> None:
        self.account = account
        self.ear = ear
        self.locked = False
        self._broken = 0
        self._rest = threading.Event()
        self._rest.set()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def listening(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def due(self) -> bool:
        """Whether it is closed and has rested since it broke."""
        return not self.listening and self._rest.is_set() and not self._ended.is_set()

    @property
    def over(self) -> bool:
        return self._ended.is_set() and not self.listening

    def open(self) -> None:
        self._thread = threading.Thread(target=self._listen, name=f"ear-{self.account}", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop listening. The thread notices within some seconds; nobody waits for it."""
        self._ended.set()

    def _listen(self) -> None:
        began = time.monotonic()
        try:
            for _ in client().listen(self.ear, self._ended.is_set):
                if self._ended.is_set():
                    return
                _nudge(self.account)
        except (Unreachable, AnswerLost) as error:
            log.info("the ear of account %s: %s", self.account, error)
        except Exception:  # a line that cannot be understood is like none: polling goes on
            log.exception("the ear of account %s", self.account)
        finally:
            connections.close_all()
            self._wait(steady=time.monotonic() - began > _STEADY)

    def _wait(self, *, steady: bool) -> None:
        self._broken = 0 if steady else self._broken
        wait = WAITS[min(self._broken, len(WAITS) - 1)] * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        self._broken += 1
        self._rest.clear()
        timer = threading.Timer(wait, self._rest.set)
        timer.daemon = True
        timer.start()


def _nudge(account: int) -> None:
    """Have the account collected now."""
    defer_once(collect_account, f"collect:{account}", account=account)
    connection.close()

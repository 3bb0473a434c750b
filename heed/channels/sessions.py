"""Short-lived sign-ins at a network: used by many, renewed by one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from django.db import connection, transaction

from heed.channels.base import AccountRecord, Refusal, SessionExpired
from heed.channels.models import Account
from heed.channels.outgoing import client
from heed.lib import clock, live
from heed.lib.http import AnswerLost, Request, Response, Steps, TooLarge, Unreachable, drive

T = TypeVar("T")

log = logging.getLogger("heed.accounts")

_RENEWALS = 2
_LOCK_SPACE = 7101  # the first key of our advisory locks: "sessions of accounts"
_BREAKS_ACCOUNT = frozenset({"sign_in_again", "account_blocked"})
BLOCK_HOLDS = timedelta(days=1)
"""So long a network that refuses to send for an account is believed, though a check of the sign-in works."""


def with_session(account: Account, make_steps: Callable[[AccountRecord], Steps[T]]) -> T:
    """Run a network's steps for an account and give back their result.

    A session that ran out is renewed and the steps start again, at most twice. Raises what the
    steps raise (`Refusal`, `Unreachable`, `AnswerLost`, `TooLarge`). A refusal that concerns the
    whole account also marks it broken. Call it outside a transaction.
    """
    try:
        return with_renewals(account, make_steps)
    except Refusal as refusal:
        if refusal.reason in _BREAKS_ACCOUNT:
            _mark_broken(account, refusal)
        raise


def with_renewals(account: Account, make_steps: Callable[[AccountRecord], Steps[T]]) -> T:
    """The same for a check, which writes down itself what is refused."""
    record = account.record()
    for _ in range(_RENEWALS):
        try:
            return drive(make_steps(record), client().send)
        except SessionExpired:
            record = _renewed(account, record)
    try:
        return drive(make_steps(record), client().send)
    except SessionExpired as error:
        raise Refusal("sign_in_again", detail=str(error) or "every new session expired at once") from error


def _renewed(account: Account, used: AccountRecord) -> AccountRecord:
    """The record with a session newer than the one used.

    One owner renews, because a network may void the old session as soon as it gives a new one:
    whoever waited takes what the owner kept. The new session is committed before it is used.
    The lock is an advisory one: a lock on the row would hold up the door and the intake, which
    write the account's last delivery, for as long as the network takes to answer.
    """
    with transaction.atomic():
        _hold(account)
        fresh = Account.objects.get(pk=account.pk)
        record = fresh.record()
        if record.session == used.session:
            fresh.session = drive(fresh.adapter.renew(record), client().send)
            same = Account.objects.filter(pk=fresh.pk, locked_credentials=fresh.locked_credentials)
            same.update(locked_session=fresh.locked_session)  # newer credentials have a session of their own
            record = fresh.record()
    account.locked_session = fresh.locked_session
    return record


def renew_ahead(account: Account) -> None:
    """Renew a sign-in before it ends.

    What the network says against it breaks nothing: the old sign-in still holds, and the page warns.
    """
    try:
        _renewed(account, account.record())
    except (Refusal, Unreachable, AnswerLost, TooLarge) as error:
        log.info("renewing the sign-in of account %s ahead of time: %s", account.pk, error)


def renew_with_others(account: Account, seen: bytes | memoryview) -> None:
    """Renew the session of an account with the credentials that it has here, while the database has those
    that were `seen`. The new session is kept at once, because a network may have voided the old one. Nothing
    where a network can renew none: it says so without being asked. Raises what `Network.renew` raises, and
    `RuntimeError` inside a transaction, with which the new session would be lost."""
    with transaction.atomic(durable=True):
        _hold(account)
        fresh = Account.objects.filter(pk=account.pk, locked_credentials=seen).first()
        if fresh is None:  # somebody changed it meanwhile: whoever keeps the credentials finds out
            return
        record = replace(fresh.record(), credentials=account.credentials)
        was_asked = False

        def send(request: Request) -> Response:
            nonlocal was_asked
            was_asked = True
            return client().send(request)

        try:
            fresh.session = drive(account.adapter.renew(record), send)
        except Refusal:
            if was_asked:
                raise
            return
        same = Account.objects.filter(pk=account.pk, locked_credentials=seen)
        same.update(locked_session=fresh.locked_session)
    account.locked_session = fresh.locked_session


def _hold(account: Account) -> None:
    """Be the one who renews, until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_SPACE, account.pk % 2**31])


def _mark_broken(account: Account, refusal: Refusal) -> None:
    """Say on the accounts page that the network turned us away; nothing when it was reconnected since."""
    now, detail = clock.now(), f"{refusal.code} {refusal.detail}".strip()[:500]
    with transaction.atomic():
        same = Account.objects.filter(pk=account.pk, locked_credentials=account.locked_credentials)
        row = same.select_for_update(no_key=True).first()  # the door refers to it
        if row is None:
            return
        row.state, row.problem, row.problem_detail = Account.State.BROKEN, refusal.reason, detail
        row.broken_at = row.broken_at or now
        if refusal.reason == "account_blocked" and not row.told.get("problem"):
            row.told = {
                "at": now.isoformat(),
                "problem": refusal.reason,
                "detail": detail,
                "until": (now + BLOCK_HOLDS).isoformat(),
            }
        row.save(update_fields=["state", "problem", "problem_detail", "broken_at", "told"])
    live.tell(["accounts"])

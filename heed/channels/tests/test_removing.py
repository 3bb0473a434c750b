"""Removing an account altogether: only one that never worked, and what comes meanwhile belongs nowhere."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.models import AuditRow, Grant, Invitation, User
from heed.channels import jobs, verbs
from heed.channels.base import AccountRecord, Checked, SessionExpired
from heed.channels.models import Account
from heed.channels.reach import NoSuchAccount
from heed.channels.tests.pigeon import Pigeon, Wire, acme, jobs_waiting, put_on_wire
from heed.channels.verbs import CannotRemove
from heed.inbox.models import Customer, Delivery, Identity, Ticket
from heed.lib import clock
from heed.lib.http import Steps, Unreachable
from heed.library.models import Guideline
from heed.routing.models import AutomaticMessage

pytestmark = pytest.mark.usefixtures("pigeon")


def delivery(account: Account) -> None:
    Delivery.objects.create(account=account, body=b"{}")


def ticket(account: Account) -> None:
    identity = somebody(account)
    Ticket.objects.create(account=account, identity=identity, customer=identity.customer)


def somebody(account: Account) -> Identity:
    return Identity.objects.create(account=account, external_id="u-1", customer=Customer.objects.create())


def read_once(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(last_delivery_at=clock.now())


def sent_once(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(last_sent_at=clock.now())


@pytest.fixture
def maja(db: None) -> User:
    return User.objects.create_user("maja@acme.example", "blue suede shoes", name="Maja Zupan", role="owner")


@pytest.mark.django_db
class TestRemoving:
    def test_it_goes_with_all_that_was_set_for_it(self, maja: User) -> None:
        account = acme()
        AutomaticMessage.objects.create(kind="away", account=account, texts={"en": "Back soon."})
        Guideline.objects.create(account=account.pk, text="Be kind.")
        verbs.remove(account, by=maja)
        assert not Account.objects.exists()
        assert not AutomaticMessage.objects.filter(kind="away", account=account.pk).exists()
        assert not Guideline.objects.exists()
        row = AuditRow.objects.get(what="removed")
        assert (row.kind, row.target, row.target_name) == ("account", str(account.pk), "Acme")
        assert (row.actor, row.facts) == (maja.pk, {"network": "pigeon"})

    def test_one_that_is_disconnected_can_go_too(self) -> None:
        account = acme()
        verbs.disconnect(account)
        verbs.remove(account)
        assert not Account.objects.exists()

    @pytest.mark.parametrize("had", [delivery, ticket, somebody, read_once, sent_once])
    def test_what_was_taken_in_or_sent_stays(self, had: Callable[[Account], Any]) -> None:
        account = acme()
        had(account)
        with pytest.raises(CannotRemove, match="Disconnect the account instead"):
            verbs.remove(account)
        assert Account.objects.filter(pk=account.pk).exists()
        assert not AuditRow.objects.filter(what="removed").exists()

    def test_nor_does_one_go_that_a_role_holds_for(self, maja: User) -> None:
        account = acme()
        grant = Grant.objects.create(user=maja, role="agent", account=account.pk)
        with pytest.raises(CannotRemove, match="holds a role for this account"):
            verbs.remove(account)
        grant.delete()
        asked = Invitation.objects.create(
            email="new@acme.example", role="agent", account=account.pk, digest="d", invited_by=maja,
            expires_at=clock.now(),
        )  # fmt: skip
        with pytest.raises(CannotRemove, match="is invited to one"):
            verbs.remove(account)
        Invitation.objects.filter(pk=asked.pk).update(withdrawn_at=clock.now())
        verbs.remove(account)
        assert not Account.objects.exists()

    def test_somebody_was_quicker(self) -> None:
        account = acme()
        Account.objects.filter(pk=account.pk).delete()
        with pytest.raises(NoSuchAccount):
            verbs.remove(account)

    def test_those_whose_news_came_to_its_address_are_looked_after(self) -> None:
        account, other = acme(), acme(external_id="18")
        ProcrastinateJob.objects.all().delete()
        verbs.remove(account)
        [(task, args)] = jobs_waiting()
        assert task == "heed.channels.jobs.check_account"
        assert str(other.pk) in args


@pytest.mark.django_db
class TestWhileItIsChecked:
    """The check that runs meanwhile ends, and has nothing to write down."""

    @pytest.mark.parametrize("statuses", [[200], [503], [401], [Unreachable("no route")]])
    def test_once_the_network_has_answered(
        self, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch, statuses: list[int | Exception]
    ) -> None:
        account = acme()
        put_on_wire(monkeypatch, Wire(*statuses))
        check = pigeon.check

        def and_goes(record: AccountRecord) -> Steps[Checked]:
            Account.objects.filter(pk=account.pk).delete()
            return check(record)

        monkeypatch.setattr(pigeon, "check", and_goes)
        with suppress(jobs.TryAgain):
            jobs.check_account(account.pk)
        assert not Account.objects.exists()

    def test_before_its_sign_in_is_renewed(self, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch) -> None:
        account = acme()
        wire = put_on_wire(monkeypatch, Wire())

        def over(record: AccountRecord) -> Steps[Checked]:
            yield from ()
            Account.objects.filter(pk=account.pk).delete()
            raise SessionExpired

        monkeypatch.setattr(pigeon, "check", over)
        jobs.check_account(account.pk)
        assert wire.asked == []


@pytest.mark.django_db(transaction=True)
def test_a_delivery_that_comes_while_it_goes_belongs_nowhere() -> None:
    account = acme()
    with transaction.atomic():
        verbs.remove(account)
        arriving = _Beside(lambda: delivery(account))
        arriving.until_it_waits()
    assert isinstance(arriving.ended(), IntegrityError)
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_that_came_just_before_keeps_the_account() -> None:
    account = acme()
    with transaction.atomic():
        Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        delivery(account)
        removing = _Beside(lambda: verbs.remove(account))
        removing.until_it_waits()
    assert isinstance(removing.ended(), CannotRemove)
    assert Delivery.objects.get().account_id == account.pk


class _Beside:
    """What somebody does at the same time, on a connection of their own."""

    def __init__(self, deed: Callable[[], object]) -> None:
        self._deed = deed
        self._refused: Exception | None = None
        self._thread = threading.Thread(target=self._do)
        self._thread.start()

    def _do(self) -> None:
        try:
            self._deed()
        except Exception as refused:
            self._refused = refused
        finally:
            connection.close()

    def until_it_waits(self) -> None:
        """For a row that this transaction holds."""
        for _each in range(500):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT 1 FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock' AND datname = current_database()"  # others test, too
                )
                if cursor.fetchone() or not self._thread.is_alive():
                    return
            self._thread.join(0.02)

    def ended(self) -> Exception | None:
        self._thread.join(60)
        return self._refused

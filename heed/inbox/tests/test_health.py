"""How an account does: its rhythm, its figures, and that it still takes in what comes while broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import health, jobs, ledger, verbs
from heed.inbox.models import Delivery, Message, Ticket
from heed.inbox.tests.deliveries import deliver, news, private
from heed.inbox.tests.rubber import Rubber, body
from heed.lib import clock

pytestmark = pytest.mark.django_db


def came(account: Account, hours: list[float]) -> None:
    """Deliveries so many hours ago."""
    now = clock.now()
    Delivery.objects.bulk_create(
        Delivery(account=account, body=b"x", state="done", at=now - timedelta(hours=each)) for each in hours
    )


def learned(account: Account) -> float | None:
    jobs.learn_rhythms(0)
    account.refresh_from_db()
    return account.usual_silence


def test_the_longest_silence_of_two_weeks_is_learned(account: Account) -> None:
    came(account, [hour / 2 for hour in range(2, 40)])  # every half hour
    came(account, [100, 103.5])  # and one of 80 hours, none of 3.5 is longer
    assert learned(account) == pytest.approx(80.5 * 3600, abs=5)


def test_what_was_longer_ago_is_forgotten(account: Account) -> None:
    came(account, [float(hour) for hour in range(1, 40)])
    came(account, [24 * 14 + 1.0])
    assert learned(account) == pytest.approx(3600, abs=5)


def test_from_too_little_nothing_is_learned(account: Account) -> None:
    came(account, [float(hour) for hour in range(1, health.ENOUGH)])
    assert learned(account) is None
    came(account, [0.5])
    assert learned(account) is not None


def test_every_account_has_its_own_rhythm(account: Account) -> None:
    other = Account.objects.create(
        network="rubber", name="Acme", external_id="2", base_url="http://127.0.0.1:1"
    )
    came(account, [float(hour) for hour in range(1, 40)])
    came(other, [each / 4 for each in range(1, 40)])
    assert learned(account) == pytest.approx(3600, abs=5)
    assert learned(other) == pytest.approx(900, abs=5)


class TestOneAddressForTheWholeApp:
    """A network calls one address with the news of all accounts of an app."""

    @pytest.fixture
    def sibling(self, account: Account, rubber: Rubber) -> Account:
        rubber.shared_secret = "app_secret"
        other = Account.objects.create(
            network="rubber", name="Acme", external_id="2", base_url=account.base_url
        )
        for each in (account, other):
            each.credentials = {"app_secret": "s"}
            each.save()
        return other

    def last_in(self, *accounts: Account) -> list[bool]:
        for each in accounts:
            each.refresh_from_db()
        return [each.last_delivery_at is not None for each in accounts]

    def test_what_counts_is_whom_it_is_about(self, account: Account, sibling: Account) -> None:
        deliver(account, body(private("1", owner="2")))
        assert self.last_in(account, sibling) == [False, True]
        deliver(account, body(private("2"), private("3", owner="2")), b"nonsense")
        assert self.last_in(account) == [True]
        assert list(Delivery.objects.order_by("id").values_list("owners", flat=True)) == [
            [sibling.pk],
            [account.pk, sibling.pk],
            None,
        ]

    def test_so_does_its_rhythm(self, account: Account, sibling: Account) -> None:
        came(account, [float(hour) for hour in range(1, 40)])
        Delivery.objects.update(owners=[sibling.pk])
        came(account, [each / 4 for each in range(1, 40)])
        Delivery.objects.filter(owners=None).update(owners=[account.pk, sibling.pk])
        came(account, [20.0])
        assert learned(account) == pytest.approx((20 - 39 / 4) * 3600, abs=5)
        assert learned(sibling) == pytest.approx(3600, abs=5)

    def test_an_old_delivery_read_again_does_not_look_like_silence(
        self, account: Account, maja: User
    ) -> None:
        news(account, private("1"), private("2", 1))
        account.refresh_from_db()
        last = account.last_delivery_at
        verbs.replay(Delivery.objects.earliest("id"), maja)
        deliver(account)
        account.refresh_from_db()
        assert account.last_delivery_at == last


def test_the_figures(account: Account, ana: User, rubber: Rubber) -> None:
    news(account, replace(private("1"), at=clock.now()))
    ticket = Ticket.objects.get()
    for reason in ("too_long", "too_long", "gone", ""):
        failed = verbs.answer(ticket, ana, "no", "private")
        Message.objects.filter(pk=failed.pk).update(state="failed", reason=reason)
    Message.objects.filter(reason="gone").update(created_at=clock.now() - timedelta(days=8))
    verbs.answer(ticket, ana, "still here", "private")
    deliver(account, b"nonsense")
    ledger.append(account.pk, [body(private("2"))])
    figures = health.of_account(account)
    assert (figures.to_read, figures.to_send, figures.set_aside) == (1, 1, 1)
    assert figures.failed == {"too_long": 2, "bad_request": 1}


@pytest.mark.parametrize("problem", ["sign_in_again", "not_allowed", "network_down"])
def test_what_comes_while_the_sign_in_is_broken_is_read_all_the_same(account: Account, problem: str) -> None:
    Account.objects.update(state="broken", problem=problem)
    deliver(account, body(private("1", text="Is anybody there?")))
    assert Ticket.objects.get().last_text == "Is anybody there?"
    assert Delivery.objects.get().state == "done"

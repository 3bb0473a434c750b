"""Who connects accounts sees what came to grief; what customers wrote in it, only who sees their tickets."""

from __future__ import annotations

from typing import Any

import pytest

from heed.accounts.models import Grant, OwnRole, Team, User
from heed.channels.models import Account
from heed.channels.registry import networks
from heed.inbox import reach
from heed.inbox.models import Delivery

SECRET = b"The sole came off."


@pytest.fixture
def connecting(ana: User) -> User:
    """Ana connects accounts, and sees no tickets."""
    ana.grants.all().delete()
    Grant.objects.create(user=ana, own=OwnRole.objects.create(name="Wires", permissions=["accounts"]))
    return User.objects.get(pk=ana.pk)


def seeing(user: User, **place: Any) -> User:
    Grant.objects.create(user=user, role="viewer", **place)
    return User.objects.get(pk=user.pk)


def delivered(account: Account, **facts: Any) -> Delivery:
    problems = [{"what": "feed", "error": "DataError: The sole came off."}]
    return Delivery.objects.create(
        account=account,
        body=SECRET,
        headers={"x": "y"},
        **({"state": "set_aside", "problems": problems} | facts),
    )


def test_what_came_is_withheld_from_who_sees_no_tickets(connecting: User, account: Account) -> None:
    made = delivered(account)
    [listed] = reach.deliveries(connecting, "set_aside").items
    for each in (listed, reach.delivery(connecting, made.pk)):
        assert (each.withheld, bytes(each.body), each.headers) == (True, b"", {})
        assert each.problems == [{"what": "feed", "error": "DataError"}]
        assert (each.state, each.account, each.at) == ("set_aside", account, made.at)
    assert bytes(Delivery.objects.get().body) == SECRET


def test_who_sees_all_tickets_of_the_account_reads_it(connecting: User, account: Account) -> None:
    made = delivered(account)
    of_a_team = seeing(connecting, team=Team.objects.create(name="Returns"))
    assert reach.delivery(of_a_team, made.pk).withheld
    of_the_account = seeing(connecting, account=account.pk)
    assert bytes(reach.delivery(of_the_account, made.pk).body) == SECRET


def test_it_may_tell_of_all_accounts_of_an_app(
    connecting: User, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(networks()[account.network]), "shared_secret", "app_secret", raising=False)
    other = Account.objects.create(network=account.network, name="Acme Kids", external_id="kids")
    reader = seeing(connecting, account=account.pk)
    unread, own = delivered(account), delivered(account, state="done")
    of_other = delivered(account, state="done", owners=[other.pk])
    shared = delivered(account, state="done", owners=[account.pk, other.pk])
    rows = (unread, own, of_other, shared)
    assert [reach.delivery(reader, each.pk).withheld for each in rows] == [True, False, True, True]
    both = seeing(reader, account=other.pk)
    assert not any(reach.delivery(both, each.pk).withheld for each in rows)

"""An account of Bluesky inside Heed: what is done outside it shows, and what others do breaks nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from heed.channels.jobs import check_account
from heed.channels.models import Account
from heed.channels.verbs import connect
from heed.inbox import collect
from heed.inbox.intake import take_batch
from heed.inbox.jobs import look_up
from heed.inbox.models import Message
from heed.lib import clock
from heed.sandbox.frame import Simulator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account(bluesky: Simulator) -> Account:
    account = connect("bluesky", "", "", bluesky.accounts()[0].credentials, base_url=bluesky.url)
    check_account(account.pk)
    gather(account, 0)
    account.refresh_from_db()
    return account


def gather(account: Account, minutes: int) -> None:
    with clock.moved(timedelta(minutes=minutes)):
        collect.collect(account.pk)
        take_batch()


def test_a_like_made_and_taken_back_in_the_app(account: Account, bluesky: Simulator) -> None:
    post = bluesky.do("mention", person="lea", text="Krasni škornji!")["id"]
    bluesky.do("react_elsewhere", id=post)
    gather(account, 2)
    assert Message.objects.get().liked
    bluesky.do("react_elsewhere", id=post, on=False)
    gather(account, 4)
    assert not Message.objects.get().liked


def test_a_customer_who_closes_their_account(account: Account, bluesky: Simulator) -> None:
    bluesky.do("mention", person="lea", text="Kje je paket?")
    gather(account, 0)
    message = Message.objects.select_related("identity").get()
    assert message.identity is not None
    bluesky.do("close_account", person="lea")
    look_up.func(account.pk, "person", message.identity.external_id, {})
    gather(account, 2)
    account.refresh_from_db()
    assert account.state == Account.State.CONNECTED
    assert Message.objects.get().removed_at is not None

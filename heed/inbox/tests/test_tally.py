from __future__ import annotations

import pytest
from django.db.models import Sum

from heed.channels.models import Account
from heed.inbox import tally
from heed.inbox.models import Customer, Identity, TallyChange, Ticket

pytestmark = pytest.mark.django_db


def sums() -> dict[str, int]:
    return dict(
        TallyChange.objects.aggregate(open=Sum("open"), unanswered=Sum("unanswered"), tickets=Sum("tickets"))
    )


def test_counters_follow_tickets() -> None:
    account = Account.objects.create(network="viber", name="Acme", base_url="http://x")
    customer = Customer.objects.create(name="Lea")
    identity = Identity.objects.create(account=account, customer=customer, external_id="1")
    ticket = Ticket.objects.create(account=account, identity=identity, customer=customer, kind="private")
    assert sums() == {"open": 1, "unanswered": 1, "tickets": 1}
    Ticket.objects.filter(pk=ticket.pk).update(unanswered=False)
    assert sums() == {"open": 1, "unanswered": 0, "tickets": 1}
    Ticket.objects.filter(pk=ticket.pk).update(status="solved")
    assert sums() == {"open": 0, "unanswered": 0, "tickets": 1}
    tally.fold()
    assert sums() == {"open": 0, "unanswered": 0, "tickets": 1}
    ticket.delete()
    assert sums() == {"open": 0, "unanswered": 0, "tickets": 0}
    tally.fold()
    assert not TallyChange.objects.exists()

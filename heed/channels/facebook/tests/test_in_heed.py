"""A Page inside Heed that took nothing for an hour: Meta tells it no more, until the check sees to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.channels.jobs import check_account
from heed.channels.models import Account
from heed.channels.verbs import connect
from heed.inbox import gaps, jobs
from heed.inbox.intake import take_batch
from heed.inbox.models import Message
from heed.sandbox import Sandbox
from heed.sandbox.networks.facebook import Facebook
from heed.sandbox.tests.receiver import Receiver, Taken

pytestmark = pytest.mark.django_db(transaction=True)


class Door(Receiver):
    """It gives back the challenge, and takes what is delivered as long as it is open."""

    open = True

    def __init__(self) -> None:
        super().__init__()
        self.answer = self._answered

    def _answered(self, hook: Taken) -> tuple[int, bytes]:
        if hook.method == "GET":
            return 200, hook.query.get("hub.challenge", "").encode()
        return (200 if self.open else 500), b""


@pytest.fixture
def door(settings: Any) -> Iterator[Door]:
    door = Door()
    with door:
        settings.HEED_PUBLIC_URL = door.url.removesuffix("/hooks/here")
        yield door


@pytest.fixture
def facebook(door: Door) -> Iterator[Facebook]:
    with Sandbox(seed=1) as sandbox:
        found = sandbox["facebook"]
        assert isinstance(found, Facebook)
        found.hooks.waits = (0.01,)
        yield found


@pytest.fixture
def account(facebook: Facebook) -> Account:
    account = connect("facebook", "", "", facebook.accounts()[0].credentials, base_url=facebook.url)
    check_account(account.pk)
    account.refresh_from_db()
    assert account.state == "connected"
    return account


def test_what_meta_no_longer_told_is_read_back(account: Account, facebook: Facebook, door: Door) -> None:
    told = facebook.subscribed
    post = facebook.do("post", text="Nova kolekcija")["id"]
    facebook.sandbox.settle()
    door.open = False
    facebook.do("message", person="lea", text="Ste tam?")
    facebook.sandbox.settle()
    facebook.clock.move(3600)
    facebook.do("comment", person="omar", text="Koliko stane?", parent=post)
    facebook.sandbox.settle()
    assert facebook.subscribed == []
    door.open = True
    facebook.do("message", person="lea", text="Halo?")
    facebook.sandbox.settle()
    assert not any(b"Halo?" in each.body for each in door.hooks)

    ProcrastinateJob.objects.all().delete()  # what is asked after is this check
    check_account(account.pk)
    assert facebook.subscribed == told
    minded = ProcrastinateJob.objects.get(task_name="heed.mind_gap")
    jobs.mind_gap(**minded.args)
    (gap,) = gaps.latest(account)
    gaps.fill(gap.pk)
    take_batch()
    said = Message.objects.filter(direction="in").values_list("text", flat=True)
    assert sorted(said) == ["Halo?", "Koliko stane?", "Ste tam?"]
    gap.refresh_from_db()
    assert gap.state == "filled"

"""Who left and writes again can be answered again."""

from __future__ import annotations

import pytest

from heed.channels.base import IdentitySeen, Inbound, MessageReceived, Person, Visibility
from heed.channels.models import Account
from heed.inbox.intake import apply_news
from heed.inbox.models import Identity
from heed.lib import clock

LEA = Person("u-lea", name="Lea Marn")


def wrote(visibility: Visibility, *, opens_window: bool = True) -> MessageReceived:
    return MessageReceived(
        external_id=f"m-{visibility}-{opens_window}",
        at=clock.now(),
        visibility=visibility,
        kind="message",
        author=LEA,
        text="Pozdravljeni",
        post="p-1" if visibility == "public" else "",
        opens_window=opens_window,
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("news", "reachable"),
    [(wrote("private"), True), (wrote("private", opens_window=False), False), (wrote("public"), False)],
)
def test_a_private_message_makes_reachable_again(news: Inbound, reachable: bool) -> None:
    account = Account.objects.create(network="viber", name="Acme", base_url="https://example.org")
    apply_news(account, [IdentitySeen(person=LEA, reachable=False), news])
    assert Identity.objects.get(account=account).reachable is reachable

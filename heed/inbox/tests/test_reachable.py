"""Who can be written to and who people are: what the network said last counts, in whatever order it comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from heed.channels.base import IdentitySeen, Inbound, MessageReceived, Person, Visibility
from heed.channels.models import Account
from heed.inbox import intake, ledger
from heed.inbox.intake import apply_news
from heed.inbox.models import Identity
from heed.inbox.tests.rubber import body

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEA = Person("u-lea", name="Lea Marn")


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def wrote(visibility: Visibility, minutes: float = 1, *, opens_window: bool = True) -> MessageReceived:
    return MessageReceived(
        external_id=f"m-{visibility}-{opens_window}-{minutes}",
        at=at(minutes),
        visibility=visibility,
        kind="message",
        author=LEA,
        text="Pozdravljeni",
        post="p-1" if visibility == "public" else "",
        opens_window=opens_window,
    )


def seen(minutes: float, reachable: bool | None = None, name: str = "") -> IdentitySeen:
    return IdentitySeen(person=Person("u-lea", name=name), reachable=reachable, at=at(minutes))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("news", "reachable"),
    [(wrote("private"), True), (wrote("private", opens_window=False), False), (wrote("public"), False)],
)
def test_a_private_message_makes_reachable_again(news: Inbound, reachable: bool) -> None:
    account = Account.objects.create(network="viber", name="Acme", base_url="https://example.org")
    apply_news(account, [seen(0, False), news])
    assert Identity.objects.get(account=account).reachable is reachable


LEFT_AND_WROTE = (wrote("private", 1), seen(2, False), wrote("private", 3))
WROTE_AND_LEFT = (seen(1, True), wrote("private", 2), seen(3, False))
CAME_BACK = (seen(1, True), seen(2, False), seen(3, True))


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("found", "reachable"), [(LEFT_AND_WROTE, True), (WROTE_AND_LEFT, False), (CAME_BACK, True)]
)
def test_the_last_word_counts_in_whatever_order_it_comes(
    account: Account, found: tuple[Inbound, ...], reachable: bool, together: bool
) -> None:
    for order in permutations(found):
        Identity.objects.all().delete()
        ledger.append(account.pk, [body(*order)] if together else [body(each) for each in order])
        while intake.take_batch(1):
            pass
        assert Identity.objects.get().reachable is reachable, order


def test_who_writes_privately_has_said_so_by_that(account: Account) -> None:
    """Some networks say with every message that its writer can be reached: no row is to be written for it."""
    for minutes in (1, 2):
        ledger.append(account.pk, [body(seen(minutes, True), wrote("private", minutes))])
        intake.take_batch()
    assert Identity.objects.get().reachable_at is None
    ledger.append(account.pk, [body(seen(4, True), wrote("public", 4))])
    intake.take_batch()
    assert Identity.objects.get().reachable_at == at(4)


def test_nobody_gets_an_earlier_name_back(account: Account) -> None:
    for order in permutations([seen(1, name="Lea M."), seen(2, name="Lea Marn"), seen(3, name="Lea Kovač")]):
        Identity.objects.all().delete()
        apply_news(account, [seen(0, True, "Lea"), *order])
        assert Identity.objects.get().name == "Lea Kovač"


def test_nor_one_from_before_they_wrote(account: Account) -> None:
    apply_news(account, [wrote("private", 5), seen(1, name="Lea M.")])
    assert Identity.objects.get().name == "Lea Marn"
    apply_news(account, [seen(6, name="Lea Kovač")])
    assert Identity.objects.get().name == "Lea Kovač"


def test_of_whom_nothing_is_to_be_kept_nothing_is(account: Account) -> None:
    apply_news(account, [seen(1, name="Lea Marn")])
    assert not Identity.objects.exists()

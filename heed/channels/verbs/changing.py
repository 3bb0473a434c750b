"""What an account is called, which brand it belongs to, what solved means for it; and its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from heed.accounts import audit, renaming
from heed.accounts.models import Brand, User
from heed.channels.jobs import OPENS
from heed.channels.missed import check_soon
from heed.channels.models import Account
from heed.channels.reach import NoSuchAccount
from heed.channels.siblings import siblings
from heed.channels.verbs.entered import checked_choice
from heed.lib import clock, live


def disconnect(account: Account, *, by: User | None = None) -> None:
    """Forget the credentials. What was said stays; nothing more comes in or goes out.

    The webhook address dies too: without credentials no signature could be told from a forged
    one. Reconnecting sets up a new address, and has read what was missed meanwhile. A sign-in that was begun
    is over. Raises `NoSuchAccount`.
    """
    others = siblings(account)
    account.locked_credentials = account.locked_session = b""
    account.hook_token = Account._meta.get_field("hook_token").get_default()
    account.state = Account.State.BROKEN
    account.problem, account.problem_detail = "not_configured", ""
    account.broken_at = account.broken_at or clock.now()
    with transaction.atomic():
        now = Account.objects.select_for_update(no_key=True).filter(pk=account.pk).first()
        if now is None:  # it was removed meanwhile
            raise NoSuchAccount(account.pk)
        account.sign_ins.all().delete()  # who comes back from one would connect it again
        account.facts = {name: fact for name, fact in now.facts.items() if name != OPENS}  # news adds to them
        account.save(
            update_fields=[
                "locked_credentials",
                "locked_session",
                "hook_token",
                "state",
                "problem",
                "problem_detail",
                "broken_at",
                "facts",
            ]
        )
        for other in others:  # their news may come to the address that dies now
            check_soon(other.pk)
        audit.record(by, "disconnected", account)
        live.tell(["accounts"])


def rename(account: Account, name: str, *, by: User | None = None) -> None:
    """Call the account something else. An empty name changes nothing."""
    name = name.strip()[:120]
    if name and name != account.name:
        before = account.name
        with transaction.atomic():
            _change(account, by, name=name)
            renaming.tell("account", account.pk, before, name)


def choose_after_solved(account: Account, choice: str, *, by: User | None = None) -> None:
    """Say what a customer's new message does to a solved ticket. Raises `CannotConnect`."""
    if checked_choice(choice) != account.after_solved:
        _change(account, by, after_solved=choice)


def give_brand(account: Account, brand: Brand | None, *, by: User | None = None) -> None:
    """Have the account belong to a brand, or to none."""
    if brand != account.brand:
        numbers = [account.brand_id or 0, brand.pk if brand else 0]  # the figures read which hours held when
        with transaction.atomic():
            _change(account, by, {"numbers": numbers}, brand=brand)
            for moved in _at_brands:
                moved()
        live.tell(["people"])  # who holds a role for the brand sees other tickets now


def when_brands_change(moved: Callable[[], None]) -> None:
    """A room above has what hangs on the brands of accounts: it is told within the transaction."""
    if moved not in _at_brands:
        _at_brands.append(moved)


_at_brands: list[Callable[[], None]] = []


def _change(account: Account, by: User | None, told: Mapping[str, Any] | None = None, **facts: Any) -> None:
    before = {name: str(getattr(account, name) or "") for name in facts}
    for name, value in facts.items():
        setattr(account, name, value)
    with transaction.atomic():
        account.save(update_fields=list(facts))
        after = {name: str(value or "") for name, value in facts.items()}
        audit.record(by, "changed", account, before=before, after=after, **(told or {}))
        live.tell(["accounts"])

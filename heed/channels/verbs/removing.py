"""The end of an account that never worked: a typo, or a sign-in that nobody finished."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from heed.accounts import audit
from heed.accounts.models import Grant, Invitation, User
from heed.accounts.refusals import CannotChange
from heed.channels.missed import check_soon
from heed.channels.models import Account
from heed.channels.reach import NoSuchAccount
from heed.channels.siblings import siblings
from heed.lib import live

HAS_HISTORY = _(
    "Something was taken in or sent with this account, and that stays. Disconnect the account instead."
)
HAS_ROLES = _("Somebody holds a role for this account alone, or is invited to one. Take that away first.")


class CannotRemove(CannotChange):
    """The account cannot be removed altogether. The sentence says why."""


def remove(account: Account, *, by: User | None = None) -> None:
    """Forget the account altogether, with what was set for it. Raises `CannotRemove` where anything was ever
    taken in or sent with it, `NoSuchAccount` where somebody was quicker.

    Its row is locked before anybody looks: what came until then is seen, and what comes later finds no
    account to belong to and is not taken in.
    """
    others = siblings(account)
    with transaction.atomic():
        held = Account.objects.select_for_update().filter(pk=account.pk).first()
        if held is None:
            raise NoSuchAccount(account.pk)
        _demand_unused(held)
        held.delete()
        for other in others:  # their news may come to the address that dies now
            check_soon(other.pk)
        audit.record(by, "removed", account, network=account.network)
        live.tell(["accounts"])


def when_removing(told: Callable[[int], None]) -> None:
    """A room above may hold something of accounts: it is told the id within the transaction, before the
    account goes. It raises `CannotRemove` where that must stay, and forgets what must not."""
    if told not in _at_removals:
        _at_removals.append(told)


_at_removals: list[Callable[[int], None]] = []


def _demand_unused(account: Account) -> None:
    if account.last_delivery_at is not None or account.last_sent_at is not None:
        raise CannotRemove(HAS_HISTORY)
    invited = Invitation.objects.filter(account=account.pk, accepted_at=None, withdrawn_at=None)
    if Grant.objects.filter(account=account.pk).exists() or invited.exists():
        raise CannotRemove(HAS_ROLES)
    for told in _at_removals:
        told(account.pk)

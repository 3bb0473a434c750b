"""What accounts are called: one whose name another one has too says its network as well; how they
stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from heed.channels import health
from heed.channels import reach as channels
from heed.channels.models import Account

STATES: dict[str, tuple[str, Promise]] = {
    Account.State.CONNECTED: ("good", _("Connected")),
    Account.State.CONNECTING: ("warn", _("Connecting…")),
    Account.State.BROKEN: ("bad", _("Needs attention")),
}
"""How an account stands: the tone, and in words."""

_DISCONNECTED: tuple[str, Promise] = ("quiet", _("disconnected"))


def standing(account: Account) -> tuple[str, Promise]:
    """How this account stands; one that somebody disconnected on purpose calls for nobody, one that is signed
    in and cannot do its work does."""
    gone = (
        account.problem == "not_configured" and not account.problem_detail and not account.locked_credentials
    )
    if gone:
        return _DISCONNECTED
    crippled = account.state == Account.State.CONNECTED and health.is_crippled(account)
    return STATES[Account.State.BROKEN if crippled else account.state]


def names_of(found: Iterable[Account]) -> dict[int, str]:
    """The names of these accounts, as they stand beside each other."""
    accounts = list(found)
    often = Counter(each.name for each in accounts)
    return {
        each.pk: each.name if often[each.name] == 1 else f"{each.name} · {each.adapter.label}"
        for each in accounts
    }


def all_names() -> dict[int, str]:
    """The names of all accounts there are."""
    return names_of(channels.accounts())

"""The connected accounts, to read."""

from __future__ import annotations

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from heed.accounts.refusals import NotHere
from heed.channels.models import Account
from heed.channels.reasons import REASONS, Words
from heed.lib.rows import Joined


class NoSuchAccount(NotHere):
    """No account with this id."""


_FOR_ADMINS: dict[str, Words] = {
    "sign_in_again": Words(
        _("The network no longer accepts our sign-in."),
        _("Reconnect the account with fresh credentials."),
    ),
    "not_allowed": Words(
        _("The account lacks a permission on the network."),
        _("Grant it there, then reconnect the account."),
    ),
    "script_refused": Words(
        _("The outgoing server takes no sender’s address in this script."),
        _("Use a server that knows SMTPUTF8, or an address in Latin letters, and reconnect the account."),
    ),
    "account_blocked": Words(
        _("The network has restricted this account for now."),
        _("Look at the account on the network itself, then check again."),
    ),
    "bad_request": Words(
        _("The network did not accept what was entered."),
        _("Compare it with what the network shows you and reconnect."),
    ),
    "not_configured": Words(
        _("The account is disconnected: nothing comes in and nothing goes out."),
        _("Reconnect it with its credentials."),
    ),
    "wrong_server": Words(
        _("{server} cannot be a server and its port."),
        _("Correct them and reconnect."),
    ),
    "network_down": Words(
        _("The network cannot be reached at this address."),
        _("Heed keeps trying for a while. If it stays so, look at the base address."),
    ),
    "slow_down": Words(
        _("The network asks us to slow down."),
        _("Heed tries again by itself."),
    ),
    "already_connected": Words(
        _("The credentials belong to an account that is already connected."),
        _("Use that one, and disconnect this one."),
    ),
    "private_address": Words(
        _("The base address leads to a private host, which Heed does not call."),
        _("Name the host in HEED_ALLOW_PRIVATE_HOSTS, or correct the address."),
    ),
}

_NOT_ACCEPTED = Words(
    _("The network does not accept this sign-in."),
    _("Compare what was entered with what the network shows you and reconnect."),
)
"""Of a sign-in that never worked."""

_OTHER = Words(
    _("The network reported a problem with this account."),
    _("Look at the account on the network itself, then reconnect it."),
)


def accounts() -> list[Account]:
    """All accounts, network by network."""
    return _ACCOUNTS.read("ORDER BY channels_account.network, channels_account.name, channels_account.id")


_ACCOUNTS = Joined(Account, "brand")


def account(account_id: int) -> Account:
    """The account with this id; raises `NoSuchAccount`."""
    try:
        return Account.objects.select_related("brand").get(pk=account_id)
    except Account.DoesNotExist:
        raise NoSuchAccount(account_id) from None


def words(account: Account) -> Words | None:
    """What is wrong with the account and the way out, for an admin; None when all is well."""
    if not account.problem:
        return None
    found = at_first(account.problem) if account.connected_at is None else _of(account.problem)
    return _naming(found, account, account.problem, account.problem_detail)


def words_for_entered(account: Account, problem: str, detail: str) -> Words:
    """The same of what was entered for the account just now."""
    return _naming(at_first(problem), account, problem, detail)


def _naming(found: Words, account: Account, problem: str, detail: str) -> Words:
    """These words, with the server that they are about."""
    if problem == "network_down" and account.adapter.when_down is not None:
        return Words(*account.adapter.when_down)
    if problem == "wrong_server":
        return found._replace(sentence=format_lazy(str(found.sentence), server=detail))
    return found


def at_first(problem: str) -> Words:
    """What is wrong with what was entered and never worked."""
    return _NOT_ACCEPTED if problem == "sign_in_again" else _of(problem)


def _of(problem: str) -> Words:
    for_everyone = {str(reason): words for reason, words in REASONS.items()}
    return _FOR_ADMINS.get(problem) or for_everyone.get(problem) or _OTHER

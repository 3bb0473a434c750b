"""From where a mail leaves that brings a customer what was said elsewhere: from a mailbox of the brand, else
through Heed's own server."""

from __future__ import annotations

from django.conf import settings

from heed.channels.models import Account
from heed.channels.registry import networks
from heed.lib.letters import can_mail


def mailbox_of(account: Account) -> Account | None:
    """The mailbox of the account's brand that can send now; of several the oldest."""
    return next((each for each in _mailboxes(account) if _works(each)), None)


def is_awaited(account: Account) -> bool:
    """Whether the brand has a mailbox that cannot send now, and may again."""
    return any(not _works(each) for each in _mailboxes(account))


def can_send(account: Account) -> bool:
    """Whether a mail for a customer of this account would leave now."""
    return can_mail() or mailbox_of(account) is not None


def sender_of(account: Account) -> str:
    """The address that such a mail comes from; empty where none would leave."""
    box = mailbox_of(account)
    if box is not None:
        return box.handle or box.external_id
    return settings.DEFAULT_FROM_EMAIL if can_mail() else ""


def _mailboxes(account: Account) -> list[Account]:
    names = [name for name, network in networks().items() if network.mails]
    found = Account.objects.filter(brand=account.brand_id, network__in=names).order_by("id")
    return [each for each in found if each.locked_credentials]


def _works(account: Account) -> bool:
    return account.state == Account.State.CONNECTED and not account.problem

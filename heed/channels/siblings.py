"""Accounts of one app at a network, which calls one address with the news of them all."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import InvalidToken

from heed.channels.base import secrets_in
from heed.channels.models import Account


def siblings(account: Account, **which: Any) -> list[Account]:
    """The other connected accounts of the network that prove a secret of this one; `which` narrows them."""
    mine = _secrets(account)
    if not mine:
        return []
    others = Account.objects.filter(network=account.network, **which).exclude(pk=account.pk)
    return [other for other in others.order_by("pk") if mine & _secrets(other)]


def _secrets(account: Account) -> set[str]:
    """What the account may share with others of its app; nothing where it shares nothing, or where it cannot
    be opened with the keys we have."""
    if not account.locked_credentials:
        return set()
    try:
        return set(secrets_in(account.credentials.get(account.adapter.shared_secret, "")))
    except InvalidToken:
        return set()

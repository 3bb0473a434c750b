"""Accounts of one app at a network, which calls one address with the news of them all."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import InvalidToken

from heed.channels.models import Account


def siblings(account: Account, **which: Any) -> list[Account]:
    """The other connected accounts of the network that prove the same secret; `which` narrows them."""
    mine = _secret(account)
    if not mine:
        return []
    others = Account.objects.filter(network=account.network, **which).exclude(pk=account.pk)
    return [other for other in others.order_by("pk") if _secret(other) == mine]


def _secret(account: Account) -> str:
    """What the account shares with others of its app; nothing where it shares nothing, or where it cannot be
    opened with the keys we have."""
    try:
        return (
            account.credentials.get(account.adapter.shared_secret, "") if account.locked_credentials else ""
        )
    except InvalidToken:
        return ""

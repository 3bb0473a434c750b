"""A new account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from heed.accounts import audit
from heed.accounts.models import User
from heed.channels.models import Account
from heed.channels.verbs.asking import have_checked
from heed.channels.verbs.entered import checked_credentials, network_meant, new_account
from heed.channels.verbs.refusals import ALREADY_CONNECTED, CannotConnect
from heed.channels.verbs.trying import demand_taken


def connect(
    network: str,
    name: str,
    external_id: str,
    credentials: Mapping[str, str],
    base_url: str = "",
    settings: Mapping[str, Any] | None = None,
    after_solved: str = Account.AfterSolved.REOPEN,
    by: User | None = None,
    tried: bool = False,
) -> Account:
    """Connect an account and have its network asked, by the worker, whether it works.

    An empty `name` is filled with the network's own; an empty `base_url` is the network's usual
    one. Where it is to be `tried`, the network is asked at once, too, while somebody waits: what it does not
    take is not kept. Raises `CannotConnect`.
    """
    adapter = network_meant(network)
    account = new_account(adapter, name, external_id, base_url, after_solved, settings=dict(settings or {}))
    account.credentials = checked_credentials(adapter, credentials)
    if tried:
        demand_taken(account)
    try:
        with transaction.atomic():
            account.save()
            audit.record(by, "connected", account, network=account.network)
            have_checked(account)
    except IntegrityError as error:
        raise CannotConnect(ALREADY_CONNECTED, "external_id" if external_id.strip() else "network") from error
    return account

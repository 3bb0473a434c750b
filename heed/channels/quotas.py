"""What a network still lets an account send, as far as we know."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from heed.channels.base import Writing
from heed.channels.models import Account
from heed.lib import clock, live


def is_spent(account: Account, writing: Writing) -> bool:
    """Whether nothing is left of what each message uses up. A quota that does not say when it begins anew
    holds until a check finds more."""
    return any(is_empty(each) for each in account.quotas if writing.quota and each["what"] == writing.quota)


def note_spent(account: Account) -> None:
    """The network refused a message because nothing is left: the next need not find out for themselves."""
    ways = (account.able.public, account.able.private)
    names = {way.quota for way in ways if way is not None and way.quota}
    with transaction.atomic():
        row = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        row.quotas = [each | {"left": 0} if each["what"] in names else each for each in row.quotas]
        row.save(update_fields=["quotas"])
    live.tell(["accounts"])


def is_empty(quota: dict[str, Any]) -> bool:
    """Whether nothing is left of this entry of `Account.quotas` now."""
    anew = quota.get("resets_at")
    return bool(quota["left"] <= 0 and (anew is None or clock.from_iso(anew) > clock.now()))

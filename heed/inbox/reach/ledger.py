"""Deliveries, and how far the log has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from django.db import connection

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox.models import Delivery
from heed.inbox.reach.pages import Page
from heed.inbox.reach.refusals import BadCursor, NoSuchDelivery
from heed.inbox.reach.seeing import may_administer, sight
from heed.lib.text import whole


def deliveries(user: User, state: str, *, after: str = "", limit: int = 50) -> Page[Delivery]:
    """Deliveries in a state, newest first, each as this person may see it: see `_for`. Raises `NotAllowed`,
    `BadCursor`."""
    may_administer(user)
    found = Delivery.objects.filter(state=state).select_related("account").order_by("-id")
    if after:
        start = whole(after)
        if start is None:
            raise BadCursor(after)
        found = found.filter(pk__lt=start)
    rows = list(found[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(_for(user, rows), str(rows[-1].pk) if more else "")


def delivery(user: User, delivery_id: int) -> Delivery:
    """One delivery, as this person may see it. Raises `NotAllowed`, `NoSuchDelivery`."""
    may_administer(user)
    found = Delivery.objects.select_related("account").filter(pk=delivery_id).first()
    if found is None:
        raise NoSuchDelivery(delivery_id)
    return _for(user, [found])[0]


def _for(user: User, found: list[Delivery]) -> list[Delivery]:
    """Who connects accounts sees that something came, and what is wrong with it. What came is what customers
    wrote: it is `withheld` from those who do not see all tickets of the accounts it may tell of."""
    seen = sight(user) if user.rights.may("see") else None
    if seen is not None and seen.everywhere:
        return found
    of_network = defaultdict(list)
    for pk, network in Account.objects.values_list("pk", "network"):
        of_network[network].append(pk)
    for each in found:
        if seen is None or not all(map(seen.holds_on, _accounts_in(each, of_network))):
            _withhold(each)
    return found


def _accounts_in(delivery: Delivery, of_network: Mapping[str, list[int]]) -> list[int]:
    """The accounts a delivery may tell of. Until it is read it may be any of those that its network tells of
    at one address."""
    account = delivery.account
    if delivery.state == Delivery.State.DONE or not account.adapter.shared_secret:
        return delivery.owners or [account.pk]
    return of_network[account.network]


def _withhold(delivery: Delivery) -> None:
    """Leave of each problem only its kind and its field: the rest quotes what came."""
    delivery.withheld, delivery.body, delivery.headers = True, b"", {}
    delivery.problems = [
        {name: said for name, said in each.items() if name != "value"}
        | {"error": each.get("error", "").partition(":")[0]}
        for each in delivery.problems
    ]


def latest_event() -> int:
    """How far the log has come: a page that saw a smaller number missed something."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM inbox_event")
        return cursor.fetchone()[0] or 0

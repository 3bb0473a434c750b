"""What tickets are sorted by: tags, the company's own fields, kinds of customers; and sweeps."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Count, Q

from heed.accounts.models import User
from heed.inbox.models import Customer, Field, Sweep, Tag, Ticket
from heed.inbox.reach.refusals import NoSuchField, NoSuchGroup, NoSuchSweep, NoSuchTag
from heed.inbox.reach.seeing import signed_in
from heed.lib.rows import Joined


def tags(user: User, beginning: str = "", limit: int = 50) -> list[Tag]:
    """Tags by name, those that begin like this."""
    signed_in(user)
    return list(Tag.objects.filter(name__startswith=beginning.lower().strip()).order_by("name")[:limit])


def tag(user: User, tag_id: int) -> Tag:
    signed_in(user)
    found = Tag.objects.filter(pk=tag_id).first()
    if found is None:
        raise NoSuchTag(tag_id)
    return found


MOST_USES = 1000


def tag_uses(names: list[str]) -> dict[str, int]:
    """How many tickets have each of these tags, counted up to one more than `MOST_USES`."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT name, (SELECT count(*) FROM (
                   SELECT FROM inbox_ticket WHERE tags @> ARRAY[name] AND tags <> '{}' LIMIT %s) AS had)
               FROM unnest(%s::varchar[]) AS name""",
            [MOST_USES + 1, names],
        )
        return dict(cursor.fetchall())


def fields(user: User, *, archived: bool = False) -> list[Field]:
    """The company's own fields in their order; with `archived`, also those no longer asked."""
    signed_in(user)
    return _FIELDS.read("WHERE NOT archived OR %s ORDER BY archived, position, id", [archived])


_FIELDS = Joined(Field)


def field(user: User, field_id: int) -> Field:
    signed_in(user)
    found = Field.objects.filter(pk=field_id).first()
    if found is None:
        raise NoSuchField(field_id)
    return found


def filled(ticket: Ticket, asked: list[Field]) -> list[tuple[Field, Any]]:
    """The fields of a ticket with their values, None where empty."""
    return [(each, ticket.fields.get(each.key)) for each in asked]


def groups(user: User) -> list[str]:
    """The kinds of customers there are."""
    signed_in(user)
    found = Customer.objects.exclude(group="").order_by("group").values_list("group", flat=True)
    return list(found.distinct()[:100])


def group_sizes(user: User) -> list[tuple[str, int]]:
    """The customer groups by name, with how many people are in each. Who was joined to somebody is counted as
    one with them; a group that only such people are in is empty, and may come back when they are parted."""
    signed_in(user)
    sizes = Count("pk", filter=Q(joined_into=None))
    found = Customer.objects.exclude(group="").values("group").annotate(people=sizes).order_by("group")
    return [(each["group"], each["people"]) for each in found[:MOST_GROUPS]]


MOST_GROUPS = 500


def group_size(user: User, name: str) -> int:
    """How many people are in a group. Raises `NoSuchGroup`."""
    signed_in(user)
    rows = Customer.objects.filter(group=name).exclude(group="")
    if not rows.exists():
        raise NoSuchGroup(name)
    return rows.filter(joined_into=None).count()


def sweep(user: User, sweep_id: int) -> Sweep:
    """What this person did to many tickets."""
    signed_in(user)
    found = Sweep.objects.filter(pk=sweep_id, user=user).first()
    if found is None:
        raise NoSuchSweep(sweep_id)
    return found

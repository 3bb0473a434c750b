"""Keeping customer groups in order: called another name, made one, taken away. For people who may `desk`.

A group is a word at each customer; one begins where somebody writes it beside a ticket. Customers and all
that names the group change in one transaction: at no time does a target ask for a group that nobody is in.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from heed.accounts import audit
from heed.accounts.models import User
from heed.accounts.rights import need
from heed.inbox.conditions import NOBODY, names_group, with_group_renamed
from heed.inbox.models import Customer, SavedView
from heed.inbox.verbs.places import must_fit, place_of
from heed.inbox.verbs.refusals import CannotTend
from heed.lib import live
from heed.lib.text import clean

LONGEST_GROUP = 60


def group_name(text: str) -> str:
    """A group as it is kept, with single blanks; empty for none. Raises `CannotTend`."""
    name = " ".join(clean(text).split())
    if len(name) > LONGEST_GROUP:
        raise CannotTend(_("A group has at most %(most)d letters.") % {"most": LONGEST_GROUP})
    return name


@transaction.atomic
def rename_group(user: User, old: str, name: str) -> bool:
    """Call a group another name, in targets, views and rules that ask for it too. Where there is one of that
    name already, the two become one; True then. Raises `CannotTend`."""
    need(user, "desk")
    new = group_name(name.replace('"', " "))
    if not new:
        raise CannotTend(_("A group needs a name."))
    if new.lower() in NOBODY:
        raise CannotTend(_("In searches “%(name)s” means: in no group. Choose another name.") % {"name": new})
    if old == new:
        return False
    merged = Customer.objects.filter(group=new).exists()
    _move_customers(old, new)
    _rename_in_views(old, new)
    for rename, _where in _above:
        rename(old, new)
    audit.record(user, "removed" if merged else "renamed", "customergroup", before=old, after=new)
    live.tell(["queue"])
    return merged


def _rename_in_views(old: str, new: str) -> None:
    asked = SavedView.objects.filter(condition__icontains="group:").select_related("owner")
    for view in asked.select_for_update(of=("self",)).order_by("pk"):
        with must_fit(place_of(view)):
            condition = with_group_renamed(view.condition, old, new)
        if condition != view.condition:
            SavedView.objects.filter(pk=view.pk).update(condition=condition)


@transaction.atomic
def drop_group(user: User, name: str) -> None:
    """Take all customers out of a group. Raises `CannotTend` while something the team shares names it: a
    target would hold for nobody, a view stay empty without a word."""
    need(user, "desk")
    if found := where_group_named(name):
        places = ", ".join(found)
        raise CannotTend(
            _("The group “%(name)s” is still needed here: %(places)s. Change that first.")
            % {"name": name, "places": places}
        )
    _move_customers(name, "")
    audit.record(user, "removed", "customergroup", before=name)
    live.tell(["queue"])


def where_group_named(name: str) -> list[str]:
    """Where a group is asked for, in words: shared views, and what rooms above keep."""
    views = SavedView.objects.filter(shared=True, condition__icontains="group:").order_by("name")
    found = [place_of(each) for each in views if names_group(each.condition, name)]
    return found + [place for _rename, where in _above for place in where(name)]


def groups_also_kept(rename: Callable[[str, str], None], where: Callable[[str], list[str]]) -> None:
    """A room above keeps names of groups too: it takes a new one over in the same transaction, and says in
    words where one is kept."""
    _above.append((rename, where))


_above: list[tuple[Callable[[str, str], None], Callable[[str], list[str]]]] = []


def _move_customers(old: str, new: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [old, new])


# No key changes: what comes in meanwhile may go on naming these customers.
_MOVE = """
WITH those AS (
    SELECT id FROM inbox_customer WHERE "group" = %s AND "group" <> '' ORDER BY id FOR NO KEY UPDATE
)
UPDATE inbox_customer AS c SET "group" = %s FROM those WHERE c.id = those.id
"""

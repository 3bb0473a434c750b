"""Where a role can hold, to choose from and to show."""

from __future__ import annotations

from django.utils.translation import gettext as _

from heed.accounts import reach
from heed.accounts.granting import EVERYWHERE, Place
from heed.accounts.models import Grant
from heed.accounts.refusals import CannotChange
from heed.web.account_names import all_names

Choices = list[tuple[str, str]]


def choices() -> list[tuple[str, str | Choices]]:
    """Everywhere, then brands, teams and accounts, for a list to choose from."""
    kinds: list[tuple[str, Choices]] = [
        (_("One brand"), [(f"brand:{each.pk}", each.name) for each in reach.brands()]),
        (_("One team"), [(f"team:{each.pk}", each.name) for each in reach.teams()]),
        (_("One account"), [(f"account:{key}", name) for key, name in all_names().items()]),
    ]
    return [("", _("Everywhere")), *((title, rows) for title, rows in kinds if rows)]


def chosen(value: str) -> Place:
    """The place of one of the choices. Raises `CannotChange`."""
    if not value:
        return EVERYWHERE
    for _title, rows in choices():
        for key, name in rows if isinstance(rows, list) else []:
            if key == value:
                kind, _colon, number = key.partition(":")
                return Place(kind, int(number), name)  # type: ignore[arg-type]
    raise CannotChange(_("This place is gone. Choose another."), "place")


def where(grant: Grant, names: dict[int, str]) -> str:
    """What the place of a grant is called; empty for everywhere. `names` are those of the accounts."""
    if grant.brand is not None:
        return grant.brand.name
    if grant.team is not None:
        return grant.team.name
    if grant.account is not None:
        return names.get(grant.account, f"#{grant.account}")
    return ""

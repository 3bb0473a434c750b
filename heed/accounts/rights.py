"""What someone may do, and where.

A *grant* gives a person a *role* everywhere, or for one brand, one team or one account. A role is a set of
permissions: the six built in stand here, a company's own ones in `OwnRole`. Rooms above ask two questions:
`may` (is it allowed at all) and `where` (on which tickets), and make the answer part of their queries.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from django.core.exceptions import PermissionDenied
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from heed.accounts.models import Grant, User

Permission = Literal[
    "see",
    "answer",
    "note",
    "tend",
    "moderate",
    "block",
    "publish",
    "share",
    "desk",
    "routing",
    "figures",
    "export",
    "accounts",
    "people",
    "audit",
]

PERMISSIONS: dict[Permission, Promise] = {
    "see": _("See tickets and customers"),
    "answer": _("Answer customers"),
    "note": _("Write notes"),
    "tend": _("Assign tickets, set status, priority, tags and fields, merge and split"),
    "moderate": _("Hide, delete, like and repost on the networks"),
    "block": _("Mark spam and block people"),
    "publish": _("Write posts"),
    "share": _("Share views with others"),
    "desk": _("Change tags, fields, shared texts and guidelines"),
    "routing": _("Change teams, rules, hours, targets and automatic messages"),
    "figures": _("See figures"),
    "export": _("Export"),
    "accounts": _("Connect accounts"),
    "people": _("Invite people and change what they may do"),
    "audit": _("Read the audit"),
}

ON_TICKETS: frozenset[Permission] = frozenset(
    {"see", "answer", "note", "tend", "moderate", "block", "publish", "figures", "export"}
)
"""Permissions that can hold for a part of the tickets only. The others hold for the whole desk, and only a
grant that holds everywhere gives them."""

_AGENT: frozenset[Permission] = frozenset({"see", "answer", "note", "tend", "moderate", "block"})
_LEAD: frozenset[Permission] = _AGENT | {"publish", "share", "desk", "routing", "figures", "export"}
_ALL: frozenset[Permission] = frozenset(PERMISSIONS)

BUILT_IN: dict[str, frozenset[Permission]] = {
    "owner": _ALL,
    "admin": _ALL,
    "lead": _LEAD,
    "agent": _AGENT,
    "publisher": frozenset({"see", "note", "publish"}),
    "viewer": frozenset({"see"}),
}
"""What each role of Heed's own may do. An admin may do all an owner may, except change owners."""

ROLES: dict[str, Promise] = {
    "owner": _("Owner"),
    "admin": _("Admin"),
    "lead": _("Lead"),
    "agent": _("Agent"),
    "publisher": _("Publisher"),
    "viewer": _("Viewer"),
}


class NotAllowed(PermissionDenied):
    """This person may not do this. `permission` names what they lack, where it was asked by name."""

    def __init__(self, permission: Permission | Literal[""] = "") -> None:
        super().__init__(permission)
        self.permission = permission


@dataclass(frozen=True, slots=True)
class Where:
    """On which tickets a permission holds: on all, or on those of these brands, accounts and teams."""

    everywhere: bool = False
    brands: frozenset[int] = frozenset()
    accounts: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()

    @property
    def nowhere(self) -> bool:
        return not (self.everywhere or self.brands or self.accounts or self.teams)


@dataclass(frozen=True, slots=True)
class Rights:
    """All that one person may do. Made once a request."""

    by_permission: dict[Permission, Where] = field(default_factory=dict)
    owner: bool = False
    roles: frozenset[str] = frozenset()
    """The keys of their roles (`Grant.key`), wherever these hold."""

    def may(self, permission: Permission) -> bool:
        """Whether they may do this at all, be it only on some tickets."""
        return permission in self.by_permission

    def where(self, permission: Permission) -> Where:
        return self.by_permission.get(permission, Where())


def rights_of(grants: Iterable[Grant]) -> Rights:
    """The rights that these grants (with their own roles loaded) give together."""
    found: dict[Permission, Where] = {}
    owner = False
    roles: set[str] = set()
    for grant in grants:
        roles.add(grant.key)
        owner = owner or (grant.role == "owner" and grant.everywhere)
        for permission in grant.permissions:
            if grant.everywhere or permission in ON_TICKETS:
                found[permission] = _joined(found.get(permission, _NOWHERE), grant)
    return Rights(found, owner, frozenset(roles))


def need(user: User, permission: Permission) -> None:
    """Raises `NotAllowed` unless the person may do this at all."""
    if not user.rights.may(permission):
        raise NotAllowed(permission)


def need_everywhere(user: User, permission: Permission) -> None:
    """Raises `NotAllowed` unless the person may do this on all tickets. Whoever sees a part of them does not
    move accounts into that part."""
    if not user.rights.where(permission).everywhere:
        raise NotAllowed(permission)


_EVERYWHERE = Where(everywhere=True)
_NOWHERE = Where()


def _joined(where: Where, grant: Grant) -> Where:
    if where is _NOWHERE and grant.everywhere:
        return _EVERYWHERE
    return Where(
        where.everywhere or grant.everywhere,
        where.brands | _only(grant.brand_id),
        where.accounts | _only(grant.account),
        where.teams | _only(grant.team_id),
    )


def _only(one: int | None) -> frozenset[int]:
    return frozenset() if one is None else frozenset({one})

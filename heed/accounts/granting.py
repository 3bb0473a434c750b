"""Roles: who is given which, and where. Nobody gives what they may not do themselves, nobody changes
somebody who may do more than they, and an owner is always left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from heed.accounts import audit, losing
from heed.accounts.models import Brand, Grant, Invitation, OwnRole, Team, User
from heed.accounts.refusals import CannotChange
from heed.accounts.rights import BUILT_IN, ON_TICKETS, PERMISSIONS, ROLES, Permission, rights_of
from heed.lib import live


@dataclass(frozen=True, slots=True)
class Place:
    """Where a role holds: everywhere, or for one brand, team or account. `name` is what it is called."""

    kind: Literal["", "brand", "team", "account"] = ""
    id: int | None = None
    name: str = ""


EVERYWHERE = Place()


@dataclass(frozen=True, slots=True)
class Role:
    """A role, built in or of the company's own. `key` is `lead` or `own:3`."""

    key: str
    title: str | Promise
    permissions: frozenset[Permission]
    own: OwnRole | None = None


def roles() -> list[Role]:
    """All there are, the company's own ones last."""
    built_in = [Role(key, ROLES[key], permissions) for key, permissions in BUILT_IN.items()]
    own = [Role(f"own:{each.pk}", each.name, _known(each.permissions), each) for each in _own_roles()]
    return built_in + own


def role(key: str) -> Role:
    """The role of this key; raises `CannotChange`."""
    for each in roles():
        if each.key == key:
            return each
    raise CannotChange(_("Choose a role."), "role")


def may_give(by: User, given: Role) -> bool:
    """Whether they may give this role: they hold all of it, everywhere; an owner is made by owners."""
    if given.key == "owner" and not by.rights.owner:
        return False
    return all(by.rights.where(each).everywhere for each in given.permissions)


def may_change(by: User, person: User) -> bool:
    """Whether they may change this person, who must not be more than they."""
    theirs = rights_of(person.grants.select_related("own"))  # also of somebody who is shut out
    if theirs.owner and not by.rights.owner:
        return False
    return all(by.rights.where(each).everywhere for each in theirs.by_permission)


def demand(by: User, person: User) -> None:
    """Raises `CannotChange` unless they may change this person."""
    if not may_change(by, person):
        raise CannotChange(_("%(name)s may do more than you. Ask an owner.") % {"name": person}, "person")


def unsaved(key: str, place: Place) -> Grant:
    """A role at a place, nobody's yet. Raises `CannotChange`."""
    given = role(key)
    if given.key == "owner" and place.kind:
        raise CannotChange(_("An owner is an owner everywhere."), "place")
    if place.kind and not any(each in ON_TICKETS for each in given.permissions):
        raise CannotChange(_("This role is about the whole desk and holds everywhere."), "place")
    grant = Grant(role="" if given.own else given.key, own=given.own)
    if place.kind == "brand":
        grant.brand = Brand.objects.filter(pk=place.id or 0).first()
    elif place.kind == "team":
        grant.team = Team.objects.filter(pk=place.id or 0, archived=False).first()
    elif place.kind == "account":
        grant.account = place.id
    if place.kind and grant.everywhere:
        raise CannotChange(_("This place is gone. Choose another."), "place")
    return grant


def give(by: User, person: User, key: str, place: Place = EVERYWHERE) -> Grant:
    """Give somebody a role. Raises `CannotChange`."""
    demand(by, person)
    if not may_give(by, role(key)):
        raise CannotChange(_("You cannot give what you may not do yourself."), "role")
    grant = unsaved(key, place)
    grant.user = person
    try:
        with transaction.atomic():
            grant.save()
            audit.record(by, "role_given", person, role=grant.title, where=place.name)
            live.tell(["people"])
    except IntegrityError as twice:
        raise CannotChange(_("%(name)s has this role there already.") % {"name": person}, "role") from twice
    return grant


def take(by: User, grant: Grant, where: str = "") -> int:
    """Take a role away; `where` is what its place is called. What they have and may not answer any more goes
    back; how many tickets that were. Raises `CannotChange`."""
    person = grant.user
    demand(by, person)
    with transaction.atomic():
        if grant.role == "owner":
            demand_another_owner(person)
        lost = losing.Losing([person])
        grant.delete()
        given = lost.follow()
        audit.record(by, "role_taken", person, role=grant.title, where=where, **losing.told(given))
        live.tell(["people"])
    return given


def demand_another_owner(person: User) -> None:
    """Raises `CannotChange` when this is the last owner who may sign in. Inside a transaction: whoever
    does the same to another owner at this moment waits."""
    owners = Grant.objects.filter(role="owner", brand=None, team=None, account=None).order_by("pk")
    list(owners.select_for_update())
    if not owners.filter(user__is_active=True).exclude(user=person).exists():
        raise CannotChange(_("This is the last owner. Make somebody else an owner first."), "person")


def make_role(by: User, name: str, permissions: Iterable[str]) -> OwnRole:
    """A role of the company's own. Raises `CannotChange`."""
    own = OwnRole()
    return _keep_role(by, own, name, permissions)


def change_role(by: User, own: OwnRole, name: str, permissions: Iterable[str]) -> OwnRole:
    """Call a role something else, and change what it permits. Raises `CannotChange`."""
    if not may_give(by, Role("", "", _known(own.permissions))):
        raise CannotChange(_("This role may do more than you. Ask an owner."), "permissions")
    return _keep_role(by, own, name, permissions)


def remove_role(by: User, own: OwnRole) -> None:
    """Forget a role that nobody has. Raises `CannotChange`."""
    invited = Invitation.objects.filter(own=own, accepted_at=None, withdrawn_at=None)
    with transaction.atomic():
        list(OwnRole.objects.select_for_update().filter(pk=own.pk))
        if own.grants.exists() or invited.exists():
            raise CannotChange(_("Somebody still has this role or is invited with it."), "role")
        Invitation.objects.filter(own=own).delete()
        audit.record(by, "removed", own)
        own.delete()


def own_role(role_id: int) -> OwnRole | None:
    return OwnRole.objects.filter(pk=role_id).first()


def grant_of(person: User, grant_id: int) -> Grant | None:
    """One of somebody's roles."""
    return person.grants.select_related("own", "user", "brand", "team").filter(pk=grant_id).first()


def _keep_role(by: User, own: OwnRole, name: str, permissions: Iterable[str]) -> OwnRole:
    new = own.pk is None
    before = sorted(own.permissions)
    own.name = name.strip()[:60]
    known = _known(permissions)
    own.permissions = [each for each in PERMISSIONS if each in known]
    if not own.name or own.name.lower() in {str(title).lower() for title in ROLES.values()}:
        raise CannotChange(_("Enter a name that no other role has."), "name")
    if not known:
        raise CannotChange(_("Choose what this role may do."), "permissions")
    if "see" not in known and known & ON_TICKETS:
        raise CannotChange(_("Whoever works on tickets must see them. Add that."), "permissions")
    if not may_give(by, Role("", "", known)):
        raise CannotChange(_("You cannot give what you may not do yourself."), "permissions")
    try:
        with transaction.atomic():
            lost = losing.Losing([] if new else User.objects.filter(grants__own=own).distinct())
            own.save()
            facts = {"before": before, "after": own.permissions, **losing.told(lost.follow())}
            audit.record(by, "made" if new else "changed", own, **facts)
            live.tell(["people"])
    except IntegrityError as twice:
        raise CannotChange(_("Enter a name that no other role has."), "name") from twice
    return own


def _own_roles() -> list[OwnRole]:
    return list(OwnRole.objects.order_by("name"))


def _known(permissions: Iterable[str]) -> frozenset[Permission]:
    named = set(permissions)
    return frozenset(each for each in PERMISSIONS if each in named)

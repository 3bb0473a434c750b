"""Who someone is."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import prefetch_related_objects

from heed.accounts.models import RIGHTS, ApiToken, Brand, Team, User, rights_from
from heed.accounts.refusals import NotHere
from heed.accounts.rights import Permission, rights_of
from heed.lib import clock
from heed.lib.rows import Joined


class NoSuchPerson(NotHere):
    """Nobody with this id."""


_TOKENS = Joined(ApiToken, "user", also=RIGHTS)


def person_with_token(token: str) -> User | None:
    """The active person a bearer token acts for, with their rights."""
    found = _TOKENS.first_and_also('WHERE digest = %s AND "user".is_active', [ApiToken.digest_of(token)])
    if found is None:
        return None
    shown, granted = found
    shown.user.rights = rights_from(granted)
    _note_use(shown)
    return shown.user


def _note_use(token: ApiToken) -> None:
    """When it was last shown, to the hour: programs ask many times a second."""
    now = clock.now()
    if token.used_at is None or now - token.used_at > timedelta(hours=1):
        ApiToken.objects.filter(pk=token.pk).update(used_at=now)


def tokens() -> list[ApiToken]:
    """All tokens, by their people."""
    return list(ApiToken.objects.select_related("user").order_by("user__name", "name"))


def token(token_id: int) -> ApiToken:
    """The token of this id; raises `NoSuchPerson`."""
    found = ApiToken.objects.select_related("user").filter(pk=token_id).first()
    if found is None:
        raise NoSuchPerson(token_id)
    return found


def brands() -> list[Brand]:
    """All brands, by name."""
    return list(Brand.objects.order_by("name"))


def brand(brand_id: int) -> Brand | None:
    return Brand.objects.filter(pk=brand_id).first()


def teams() -> list[Team]:
    """The teams that take tickets, by name."""
    return _TEAMS.read("WHERE NOT archived ORDER BY name")


_TEAMS = Joined(Team)


_PEOPLE = Joined(User)


def colleagues(*, with_rights: bool = False) -> list[User]:
    """Everyone who works here, by name; with what they may do where it is asked of many of them."""
    found = _PEOPLE.read("WHERE is_active ORDER BY name, id")
    if not with_rights:
        return found
    prefetch_related_objects(found, "grants__own")
    for each in found:
        each.rights = rights_of(each.grants.all())
    return found


def who_may(permission: Permission) -> list[User]:
    """The active people who may do this, be it only for some tickets, by name."""
    return [each for each in colleagues(with_rights=True) if each.rights.may(permission)]


def can_be_given_tickets(user: User) -> bool:
    """Whether somebody may answer the tickets they have. A ticket is in the sight of whoever has it (see
    docs/decisions/0012), so they need not see it before; but they must be one who answers, somewhere."""
    return user.is_active and user.rights.may("answer")


def who_can_be_given_tickets() -> list[User]:
    """Everybody of whom `can_be_given_tickets` is true, by name."""
    return who_may("answer")


def administrators() -> list[User]:
    """The active people who may administer, by name."""
    return who_may("accounts")


def people() -> list[User]:
    """Everyone who may or once could sign in, by name."""
    found = User.objects.prefetch_related("grants__own", "grants__brand", "grants__team")
    return list(found.order_by("-is_active", "name", "pk"))


def by_email(email: str) -> User | None:
    """Who signs in with this address, active or not."""
    return User.objects.filter(email__iexact=email.strip()).first() if email.strip() else None


def someone(person_id: int) -> User:
    """The person with this id, active or not; raises `NoSuchPerson`."""
    try:
        return User.objects.get(pk=person_id)
    except User.DoesNotExist:
        raise NoSuchPerson(person_id) from None

"""Who someone is."""

from __future__ import annotations

from heed.accounts.models import ApiToken, User
from heed.accounts.rights import Permission, rights_of


class NoSuchPerson(LookupError):
    """Nobody with this id."""


def person_with_token(token: str) -> User | None:
    """The active person a bearer token acts for."""
    granted = (
        ApiToken.objects.select_related("user")
        .filter(digest=ApiToken.digest_of(token), user__is_active=True)
        .first()
    )
    return granted.user if granted else None


def colleagues() -> list[User]:
    """Everyone a ticket can be given to, by name."""
    return list(User.objects.filter(is_active=True).order_by("name", "pk"))


def who_may(permission: Permission) -> list[User]:
    """The active people who may do this, be it only for some tickets, by name."""
    everybody = User.objects.filter(is_active=True).prefetch_related("grants__own")
    found = [each for each in everybody if rights_of(each.grants.all()).may(permission)]
    return sorted(found, key=lambda each: (each.name, each.pk))


def administrators() -> list[User]:
    """The active people who may administer, by name."""
    return who_may("accounts")


def people() -> list[User]:
    """Everyone who may or once could sign in, by name."""
    return list(User.objects.order_by("-is_active", "name", "pk"))


def someone(person_id: int) -> User:
    """The person with this id, active or not; raises `NoSuchPerson`."""
    try:
        return User.objects.get(pk=person_id)
    except User.DoesNotExist:
        raise NoSuchPerson(person_id) from None

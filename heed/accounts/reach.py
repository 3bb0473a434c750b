"""Who someone is."""

from __future__ import annotations

from heed.accounts.models import ApiToken, User


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


def administrators() -> list[User]:
    """The active people who may administer, by name."""
    return [each for each in colleagues() if each.may_administer]


def people() -> list[User]:
    """Everyone who may or once could sign in, by name."""
    return list(User.objects.order_by("-is_active", "name", "pk"))


def someone(person_id: int) -> User:
    """The person with this id, active or not; raises `NoSuchPerson`."""
    try:
        return User.objects.get(pk=person_id)
    except User.DoesNotExist:
        raise NoSuchPerson(person_id) from None

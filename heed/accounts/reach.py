"""Who someone is."""

from __future__ import annotations

from heed.accounts.models import ApiToken, User


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

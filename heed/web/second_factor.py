"""Who has a second factor, and who must set one up before anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allauth.mfa.models import Authenticator

from heed.accounts import policy
from heed.accounts.models import User

_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_factor(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type__in=_FACTORS).exists()


def with_factor() -> set[int]:
    """The ids of all who have one."""
    return set(Authenticator.objects.filter(type__in=_FACTORS).values_list("user_id", flat=True))


def must_set_up(user: User, session: Mapping[str, Any]) -> bool:
    """Whether this person, in this session, must set one up before they go on."""
    standing = policy.current()
    if not policy.demands_factor(user, standing):
        return False
    if standing.company_factor and by_company(session):
        return False
    return not has_factor(user)


def by_company(session: Mapping[str, Any]) -> bool:
    """Whether one came in by the company's sign-in."""
    steps = session.get("account_authentication_methods", [])
    return any(step.get("method") == "socialaccount" for step in steps)

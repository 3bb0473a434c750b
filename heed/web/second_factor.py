"""Who has a second factor, and who must set one up before anything else."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.http.request import split_domain_port

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


def passkeys_work(request: HttpRequest) -> bool:
    """Whether browsers make and use passkeys at this address. A key belongs to a name, never to digits, and
    they hand it out over https alone, or to this very machine (Web Authentication, *relying party
    identifier*; Secure Contexts, *potentially trustworthy origin*)."""
    name, _port = split_domain_port(request.get_host())
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return request.is_secure() and not _is_bare(name)


def _is_bare(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True

"""How people sign in: what the admin decided, from the database or the environment."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from heed.accounts import audit
from heed.accounts.granting import may_give, role
from heed.accounts.models import SignInPolicy, User
from heed.accounts.refusals import CannotChange
from heed.lib import live
from heed.lib.crypto import key_ring

LEAST, MOST = 8, 128
"""A password may be asked to have from 8 to 128 characters."""

_FRESH = 3.0
"""Seconds for which a process goes on with what it read. It is asked for with every page."""


@dataclass(frozen=True, slots=True)
class Company:
    """The company's own sign-in: an OpenID Connect server."""

    name: str
    server: str
    client_id: str
    client_secret: str
    domains: tuple[str, ...]
    joins: bool
    role: str
    from_environment: bool = False

    def vouches_for(self, email: str) -> bool:
        """Whether the address is of a domain that the admin named as the company's."""
        return email.rpartition("@")[2].lower() in self.domains


class _Known:
    """What this process read last."""

    policy: SignInPolicy | None = None
    until = 0.0


def current() -> SignInPolicy:
    """The policy as it stands, at most a few seconds old."""
    if _Known.policy is None or time.monotonic() > _Known.until:
        _Known.policy = stored()
        _Known.until = time.monotonic() + _FRESH
    return _Known.policy


def stored() -> SignInPolicy:
    """The policy as the database has it; without a row, how Heed comes."""
    return SignInPolicy.objects.order_by("pk").first() or SignInPolicy()


def forget() -> None:
    """Read it anew next time."""
    _Known.policy = None


def demands_factor(user: User, policy: SignInPolicy | None = None) -> bool:
    """Whether this person must have a second factor."""
    policy = policy or current()
    if policy.second_factor == SignInPolicy.SecondFactor.ALL:
        return True
    if policy.second_factor == SignInPolicy.SecondFactor.SOME:
        return not user.rights.roles.isdisjoint(policy.second_factor_roles)
    return False


def company() -> Company | None:
    """The company's sign-in, when there is one. The environment goes before the page."""
    given = os.environ.get
    policy = current()
    domains = tuple(policy.company_domains)
    if server := given("HEED_OPENID_SERVER", ""):
        return Company(
            given("HEED_OPENID_NAME", "") or policy.company_name or _host(server),
            server.rstrip("/"),
            given("HEED_OPENID_CLIENT_ID", ""),
            given("HEED_OPENID_CLIENT_SECRET", ""),
            domains,
            policy.company_joins,
            policy.company_role,
            from_environment=True,
        )
    if not policy.company_server:
        return None
    locked = _opened(policy)
    return Company(
        policy.company_name or _host(policy.company_server),
        policy.company_server,
        locked.get("client_id", ""),
        locked.get("client_secret", ""),
        domains,
        policy.company_joins,
        policy.company_role,
    )


def choose_passwords(by: User, least_length: int) -> None:
    """How long a new password must be at least. Passwords never expire: changing them again and again
    makes them worse (NIST SP 800-63B, 5.1.1.2). Raises `CannotChange`."""
    if not LEAST <= least_length <= MOST:
        most = {"least": LEAST, "most": MOST}
        raise CannotChange(_("Choose from %(least)d to %(most)d characters.") % most, "least_length")
    _change(by, "passwords", least_length=least_length)


def choose_factor(by: User, who: str, roles: Iterable[str] = ()) -> None:
    """Who must have a second factor: "" nobody, "some" those with one of these roles, "all". Raises
    `CannotChange`: only an owner chooses this."""
    _demand_owner(by)
    if who not in SignInPolicy.SecondFactor.values:
        raise CannotChange(_("Choose who needs a second factor."), "second_factor")
    named = sorted({role(key).key for key in roles}) if who == SignInPolicy.SecondFactor.SOME else []
    if who == SignInPolicy.SecondFactor.SOME and not named:
        raise CannotChange(_("Choose at least one role."), "second_factor_roles")
    _change(by, "second factor", second_factor=who, second_factor_roles=named)


def connect_company(
    by: User,
    *,
    name: str,
    server: str,
    client_id: str,
    client_secret: str,
    domains: Iterable[str],
    joins: bool,
    role_key: str,
    factor: bool,
) -> None:
    """Have people sign in at the company's server. An empty secret keeps the one before. Raises
    `CannotChange`: only an owner does this, for whoever names the server can sign in as anybody."""
    _demand_owner(by)
    policy = stored()
    known = _opened(policy)
    server = _checked_server(server) if server.strip() else ""
    named = sorted({_checked_domain(each) for each in domains if each.strip()})
    locked = {
        "client_id": client_id.strip(),
        "client_secret": client_secret.strip() or known.get("client_secret", ""),
    }
    if server and not os.environ.get("HEED_OPENID_SERVER") and not all(locked.values()):
        raise CannotChange(_("Enter the client's id and secret."), "client_id")
    if joins and not named:
        raise CannotChange(_("Name the mail domains whose people may come in."), "company_domains")
    if joins and (role_key == "owner" or not may_give(by, role(role_key))):
        raise CannotChange(_("You cannot give what you may not do yourself."), "company_role")
    ring = key_ring(settings.HEED_DATA, settings.HEED_SECRET_KEYS)
    _change(
        by,
        "company",
        company_name=name.strip()[:60],
        company_server=server,
        locked_company=ring.lock(locked) if server else b"",
        company_domains=named,
        company_joins=joins,
        company_role=role_key,
        company_factor=factor,
    )


def _demand_owner(by: User) -> None:
    if not by.rights.owner:
        raise CannotChange(_("Only an owner can change this."))


def _change(by: User, part: str, **facts: Any) -> None:
    with transaction.atomic():
        policy = SignInPolicy.objects.select_for_update().order_by("pk").first() or SignInPolicy(pk=1)
        told = {name: value for name, value in facts.items() if not name.startswith("locked_")}
        before = {name: getattr(policy, name) for name in told}
        for name, value in facts.items():
            setattr(policy, name, value)
        policy.save()
        audit.record(by, "changed", policy, part=part, before=before, after=told)
        live.tell(["people"])
    forget()


def _opened(policy: SignInPolicy) -> dict[str, str]:
    try:
        return key_ring(settings.HEED_DATA, settings.HEED_SECRET_KEYS).open(policy.locked_company)
    except InvalidToken:
        return {}


def _checked_server(server: str) -> str:
    server = server.strip().rstrip("/")
    parts = urlsplit(server)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query:
        raise CannotChange(
            _("Enter the address of the server, such as https://login.acme.example."), "server"
        )
    return server


def _checked_domain(domain: str) -> str:
    domain = domain.strip().lower().removeprefix("@")
    if "." not in domain or "@" in domain or any(each.isspace() for each in domain) or len(domain) > 120:
        raise CannotChange(_("“%(domain)s” is not a mail domain.") % {"domain": domain}, "company_domains")
    return domain


def _host(server: str) -> str:
    return urlsplit(server).hostname or server

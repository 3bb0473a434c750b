"""Signing in at Google or Microsoft in place of a password, and staying signed in."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from heed.channels.base import AccountRecord, Begun, Reason, Refusal
from heed.channels.email.calls import address_of, is_by_token
from heed.lib import clock
from heed.lib.http import Request, Steps


@dataclass(frozen=True, slots=True)
class Provider:
    """Where one grants access, where tokens are given, and what for."""

    consent: str
    tokens: str
    scopes: tuple[str, ...]
    more: Mapping[str, str] = field(default_factory=dict)


GOOGLE = Provider(
    "https://accounts.google.com/o/oauth2/v2/auth",
    "https://oauth2.googleapis.com/token",
    ("https://mail.google.com/",),
    {"access_type": "offline", "prompt": "consent"},  # else only the first sign-in brings a lasting token
)
MICROSOFT = Provider(
    "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    (
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://outlook.office.com/SMTP.Send",
        "offline_access",
    ),
)
_PROVIDERS = {"gmail.com": GOOGLE, "google": GOOGLE, "office365": MICROSOFT, "outlook": MICROSOFT}
"""By what the incoming server's name holds."""
_NEVER_SAID = "offline_access"


class SignIn:
    """The way through the provider's consent page."""

    fills: tuple[str, ...] = ("refresh_token",)

    def begin(self, account: AccountRecord, redirect: str, state: str) -> Steps[Begun]:
        yield from ()
        provider, client_id = _provider(account), account.credentials.get("client_id", "")
        if not client_id:
            raise Refusal("not_configured", detail="The client ID is missing.")
        if not provider.consent:
            raise Refusal("not_configured", detail=f"no sign-in page is known beside {provider.tokens}")
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect,
            "scope": " ".join(provider.scopes),
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "login_hint": address_of(account),
            **provider.more,
        }
        return Begun(f"{provider.consent}?{urlencode(asked)}", {"verifier": verifier})

    def finish(
        self, account: AccountRecord, keep: Mapping[str, str], query: Mapping[str, str], redirect: str
    ) -> Steps[Mapping[str, str]]:
        if not query.get("code"):
            detail = query.get("error_description") or "No access was given."
            raise Refusal("not_allowed", code=query.get("error", ""), detail=detail[:300])
        form = {
            "grant_type": "authorization_code",
            "code": query["code"],
            "redirect_uri": redirect,
            "code_verifier": keep.get("verifier", ""),
        }
        given = yield from _tokens(account, form, refused="not_configured")
        if missing := _missing(given, _provider(account)):
            raise Refusal("not_allowed", code="scope", detail=" ".join(missing))
        if not given.get("refresh_token"):
            raise Refusal("not_allowed", code=_NEVER_SAID, detail="No token to stay signed in was given.")
        return {"refresh_token": str(given["refresh_token"])}


def renew(account: AccountRecord) -> Steps[dict[str, str]]:
    """A fresh token for the one that lasts (RFC 6749, 6). Some give another of those as well."""
    if not is_by_token(account):
        raise Refusal("sign_in_again", detail="there is no password and no refresh token")
    lasting = account.session.get("refresh_token") or account.credentials["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": lasting}
    given = yield from _tokens(account, form, refused="sign_in_again")
    session = {
        "access_token": str(given["access_token"]),
        "refresh_token": str(given.get("refresh_token") or lasting),
    }
    seconds = given.get("expires_in")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        session["expires_at"] = (clock.now() + timedelta(seconds=seconds)).isoformat()
    return session


def _tokens(account: AccountRecord, form: Mapping[str, str], refused: Reason) -> Steps[dict[str, Any]]:
    """Ask for tokens; a no is a refusal for the reason `refused`."""
    whose = {name: account.credentials.get(name, "") for name in ("client_id", "client_secret")}
    form = {**form, **{name: value for name, value in whose.items() if value}}
    response = yield Request("POST", _provider(account).tokens, form=form)
    said = response.record if response.body else {}
    if response.status in (400, 401, 403):
        words = f"{said.get('error', '')} {said.get('error_description', '')}".strip()
        raise Refusal(refused, code=str(response.status), detail=words[:300])
    token = said.get("access_token")
    if response.status != 200 or not isinstance(token, str) or not token:
        raise Refusal("network_down", retry=True, code=str(response.status), detail="no token was given")
    return said


def _provider(account: AccountRecord) -> Provider:
    """Whom to ask: by the address for tokens that was entered, else by the mail server. Raises `Refusal`."""
    entered = account.credentials.get("token_url", "").strip()
    host = account.credentials.get("imap_host", "").lower()
    usual = next((provider for part, provider in _PROVIDERS.items() if part in host), None)
    if not entered and usual is not None:
        return usual
    if not entered.startswith(("https://", "http://")):
        raise Refusal("not_configured", detail="the address where tokens are given is missing")
    if usual is GOOGLE:
        return replace(GOOGLE, tokens=entered)
    # An organisation at Microsoft has both addresses to itself, side by side.
    consent = f"{entered.removesuffix('token')}authorize" if entered.endswith("/token") else ""
    return replace(MICROSOFT, consent=consent, tokens=entered)


def _missing(given: Mapping[str, Any], provider: Provider) -> list[str]:
    """What was asked for and not granted; nothing where the provider does not say."""
    granted = str(given.get("scope") or "").casefold().split()
    wanted = [each for each in provider.scopes if each != _NEVER_SAID]
    return [each for each in wanted if granted and each.casefold() not in granted]

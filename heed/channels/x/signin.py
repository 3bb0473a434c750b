"""Signing in with OAuth 2 and PKCE, and staying signed in."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from heed.channels.base import AccountRecord, Begun, Refusal
from heed.channels.x import calls
from heed.lib import clock
from heed.lib.http import Request, Steps

API = "https://api.x.com"
SCOPES = (
    "tweet.read",
    "tweet.write",
    "tweet.moderate.write",
    "users.read",
    "dm.read",
    "dm.write",
    "media.write",
    "offline.access",
)
WITH_LIKES = ("like.read", "like.write")
ENTERPRISE = "enterprise"


def scopes(account: AccountRecord) -> tuple[str, ...]:
    """The permissions to ask for; likes only where the contract has them."""
    return SCOPES + (WITH_LIKES if level(account) == ENTERPRISE else ())


def level(account: AccountRecord) -> str:
    """`enterprise`, or `self_serve` for everybody who pays per use."""
    said = account.credentials.get("access_level", "").strip().casefold()
    return ENTERPRISE if said in (ENTERPRISE, "partner") else "self_serve"


class SignIn:
    """The way through X's consent page. The code it gives lives for thirty seconds."""

    fills: tuple[str, ...] = ("access_token", "refresh_token")

    def begin(self, account: AccountRecord, redirect: str, state: str) -> Steps[Begun]:
        yield from ()
        client_id = account.credentials.get("client_id", "")
        if not client_id:
            raise Refusal("not_configured", detail="The client ID is missing.")
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect,
            "scope": " ".join(scopes(account)),
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        home = "https://x.com" if account.base_url == API else account.base_url
        return Begun(f"{home}/i/oauth2/authorize?{urlencode(asked)}", {"verifier": verifier})

    def finish(
        self, account: AccountRecord, keep: Mapping[str, str], query: Mapping[str, str], redirect: str
    ) -> Steps[Mapping[str, str]]:
        if not query.get("code"):
            raise Refusal("not_allowed", code=query.get("error", ""), detail="X gave no access.")
        form = {
            "grant_type": "authorization_code",
            "code": query["code"],
            "redirect_uri": redirect,
            "code_verifier": keep.get("verifier", ""),
        }
        given = yield from _tokens(account, form)
        if not given.get("refresh_token"):
            raise Refusal("not_allowed", code="offline.access", detail="X gave no token to stay signed in.")
        return {name: str(given[name]) for name in self.fills}


def renew(account: AccountRecord) -> Steps[dict[str, str]]:
    """A fresh session. The refresh token is spent by it: the new one must be kept before all else."""
    used = account.session.get("refresh_token") or account.credentials.get("refresh_token", "")
    if calls.is_oauth1(account) or not used:
        raise Refusal("sign_in_again")
    given = yield from _tokens(account, {"grant_type": "refresh_token", "refresh_token": used})
    seconds = given.get("expires_in")
    life = timedelta(seconds=seconds if isinstance(seconds, int) else 7200)
    return {
        "access_token": str(given["access_token"]),
        "refresh_token": str(given.get("refresh_token") or used),
        "expires_at": (clock.now() + life).isoformat(),
        "scope": str(given.get("scope") or ""),
    }


def _tokens(account: AccountRecord, form: Mapping[str, str]) -> Steps[dict[str, Any]]:
    """Ask for tokens: as a confidential client where there is a secret, else as a public one."""
    client_id = account.credentials.get("client_id", "")
    secret = account.credentials.get("client_secret", "")
    headers: dict[str, str] = {}
    if secret:
        pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    else:
        form = {**form, "client_id": client_id}
    response = yield Request("POST", f"{account.base_url}/2/oauth2/token", headers=headers, form=form)
    if response.status in (400, 401, 403):
        problem = calls.problem_in(response.record)
        raise Refusal("sign_in_again", code=str(response.record.get("error", "")), detail=problem.detail)
    given = calls.understood(response)
    if not isinstance(given.get("access_token"), str):
        raise Refusal("network_down", retry=True, detail="X answered without a token")
    return given

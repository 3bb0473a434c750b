"""Signing in at a server: Heed registers itself there, the admin says yes in the browser."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from heed.channels.base import AccountRecord, Begun, Refusal
from heed.channels.mastodon.calls import checked
from heed.lib.http import Request, Steps

SCOPES = (
    "read:accounts",
    "read:statuses",
    "read:notifications",
    "write:statuses",
    "write:media",
    "write:favourites",
)


class SignIn:
    """OAuth with PKCE. Every server has its own registration of Heed, for all accounts there."""

    fills: tuple[str, ...] = ("access_token",)

    def begin(self, account: AccountRecord, redirect: str, state: str) -> Steps[Begun]:
        app = (yield from _known(account, redirect)) or (yield from _registered(account, redirect))
        verifier = secrets.token_urlsafe(48)
        asked = {
            "response_type": "code",
            "client_id": app["client_id"],
            "redirect_uri": redirect,
            "scope": " ".join(SCOPES),
            "state": state,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
            "force_login": "true",
        }
        keep = {
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "verifier": verifier,
        }
        return Begun(f"{account.base_url}/oauth/authorize?{urlencode(asked)}", keep, app)

    def finish(
        self, account: AccountRecord, keep: Mapping[str, str], query: Mapping[str, str], redirect: str
    ) -> Steps[Mapping[str, str]]:
        if not query.get("code"):
            detail = query.get("error_description") or query.get("error") or "no code came back"
            raise Refusal("not_allowed", code=query.get("error", ""), detail=detail[:300])
        response = yield Request(
            "POST",
            f"{account.base_url}/oauth/token",
            form={
                "grant_type": "authorization_code",
                "code": query["code"],
                "client_id": keep.get("client_id", ""),
                "client_secret": keep.get("client_secret", ""),
                "redirect_uri": redirect,
                "code_verifier": keep.get("verifier", ""),
            },
        )
        if response.status in (400, 401):
            detail = str(response.record.get("error_description") or "")[:300]
            raise Refusal("bad_request", code=str(response.record.get("error") or ""), detail=detail)
        token = checked(response).record.get("access_token")
        if not isinstance(token, str) or not token:
            raise Refusal("network_down", retry=True, detail="the server gave no token")
        return {"access_token": token}


def _known(account: AccountRecord, redirect: str) -> Steps[Mapping[str, str] | None]:
    """The registration of the last sign-in here, if it was made for the same and the server still knows it:
    servers forget those that nobody came back with."""
    app = account.app
    if (app.get("redirect"), app.get("scopes")) != (redirect, " ".join(SCOPES)):
        return None
    response = yield Request(
        "POST",
        f"{account.base_url}/oauth/token",
        form={
            "grant_type": "client_credentials",
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "scope": SCOPES[0],
        },
    )
    if 400 <= response.status < 500 and response.status != 429:
        return None
    checked(response)
    return app


def _registered(account: AccountRecord, redirect: str) -> Steps[Mapping[str, str]]:
    scopes = " ".join(SCOPES)
    response = yield Request(
        "POST",
        f"{account.base_url}/api/v1/apps",
        json={"client_name": "Heed", "redirect_uris": redirect, "scopes": scopes},
    )
    app = checked(response).record
    if not app.get("client_id") or not app.get("client_secret"):
        raise Refusal("network_down", retry=True, detail="the server did not register Heed")
    return {
        "client_id": str(app["client_id"]),
        "client_secret": str(app["client_secret"]),
        "redirect": redirect,
        "scopes": scopes,
    }


def challenge(verifier: str) -> str:
    """What the server is shown of the verifier before it sees the verifier itself."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def missing(granted: object) -> tuple[str, ...]:
    """The scopes we need and have not; none when the server does not say. A scope such as `read`
    holds all below it."""
    if not isinstance(granted, list) or not granted:
        return ()
    given = {str(each) for each in granted}
    return tuple(each for each in SCOPES if each not in given and each.partition(":")[0] not in given)

"""Calls to the Graph API by either login: address, token, proof, and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from heed.channels.base import AccountRecord, Quota, Refusal, SessionExpired, asked
from heed.channels.meta import graph, webhook
from heed.channels.meta.errors import refusal
from heed.lib import clock
from heed.lib.http import Request, Response, Steps

BY_INSTAGRAM = "https://graph.instagram.com"
BY_FACEBOOK = "https://graph.facebook.com"
DAY = timedelta(days=1)
LEFT_AT_RENEWAL = 10 * DAY
"""How long before its end a token is exchanged for a fresh one."""
TOO_YOUNG = timedelta(hours=25)
"""Instagram exchanges a token only when it is a day old."""


def by_facebook(account: AccountRecord) -> bool:
    """Facebook Login (a Page's token) when a Page's id is given or the base address is Facebook's own;
    else Instagram Login (a token of the Instagram account)."""
    return bool(account.credentials.get("page_id")) or _host(account) == _host_of(BY_FACEBOOK)


def sender(account: AccountRecord) -> str:
    """Whose `messages` and `conversations` these are: the Page's or the account's own."""
    if by_facebook(account):
        return account.credentials.get("page_id") or "me"
    return account.external_id or "me"


def username(account: AccountRecord) -> str:
    """What the account is called there, in small letters and without the @."""
    return account.handle.lstrip("@").lower()


def home(account: AccountRecord) -> str:
    """The base address; Facebook's where the usual one is Instagram's but a Page's token is used."""
    if by_facebook(account) and _host(account) == _host_of(BY_INSTAGRAM):
        return BY_FACEBOOK
    return account.base_url.rstrip("/")


def app_home(account: AccountRecord) -> str:
    """Where the app itself is set up: always at Facebook."""
    return BY_FACEBOOK if _host(account) == _host_of(BY_INSTAGRAM) else account.base_url.rstrip("/")


def public(account: AccountRecord, home: str) -> str:
    """`home`, a page or address of Meta's beside its API; all are one where another base is given."""
    known = (_host_of(BY_INSTAGRAM), _host_of(BY_FACEBOOK))
    return home if _host(account) in known else account.base_url.rstrip("/")


def _host(account: AccountRecord) -> str:
    return _host_of(account.base_url)


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


# --------------------------------------------------------------------------------- tokens


def token(account: AccountRecord) -> str:
    """The token to use now. Raises `SessionExpired` when it is time for a fresh one.

    A Page's token does not end by itself; one of Instagram Login lives sixty days.
    """
    if by_facebook(account):
        return account.credentials.get("access_token", "")
    kept = account.session.get("token", "")
    renew_at = account.session.get("renew_at", "")
    if not kept or not renew_at or clock.now() >= clock.from_iso(renew_at):
        raise SessionExpired
    return kept


def renewed(account: AccountRecord) -> Steps[dict[str, str]]:
    """A session with a token that lives sixty days from now; the one we have, when it is too young
    to be exchanged. Raises `Refusal`."""
    kept = account.session.get("token", "")
    used = kept or account.credentials.get("access_token", "")
    try:
        response = yield Request(
            "GET",
            f"{home(account)}/refresh_access_token",
            params={"grant_type": "ig_refresh_token", "access_token": used},
        )
        fresh = accepted(response, account)
    except Refusal as refusal:
        if refusal.retry or (kept and refusal.reason == "sign_in_again"):
            raise
        return _session(used, TOO_YOUNG)  # whether it is good the next call will tell
    lives = timedelta(seconds=graph.number(fresh.get("expires_in")))
    renewed = _session(str(fresh.get("access_token") or used), max(lives - LEFT_AT_RENEWAL, DAY))
    return {**renewed, "expires_at": (clock.now() + lives).isoformat()} if lives else renewed


def _session(token: str, renew_in: timedelta) -> dict[str, str]:
    return {"token": token, "renew_at": (clock.now() + renew_in).isoformat()}


def expires_at(account: AccountRecord) -> datetime | None:
    """When the token ends unless it is renewed, as far as that was said."""
    ends = account.session.get("expires_at", "")
    return clock.from_iso(ends) if ends else None


# ---------------------------------------------------------------------------------- calls


def get(account: AccountRecord, path: str, **params: str) -> Steps[dict[str, Any]]:
    return (yield from _call(account, "GET", path, params))


def measured(
    account: AccountRecord, path: str, **params: str
) -> Steps[tuple[dict[str, Any], tuple[Quota, ...]]]:
    """As `get`, with what is left of the calls that are allowed."""
    response = yield _request(account, "GET", path, params)
    return accepted(response, account), graph.quotas(response, _owners(account))


def delete(account: AccountRecord, path: str) -> Steps[dict[str, Any]]:
    return (yield from _call(account, "DELETE", path, {}))


def post(
    account: AccountRecord,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    decisive: bool = False,
    **params: str,
) -> Steps[dict[str, Any]]:
    """Post JSON, or only parameters: Instagram takes those of comments in the address alone.
    `decisive` calls say something in public or to a person."""
    return (yield from _call(account, "POST", path, params, body, decisive))


def about_token(account: AccountRecord, app_token: str) -> Steps[dict[str, Any]]:
    """What Meta says of the account's token, asked in the name of the app."""
    return (yield from _by_app(account, "GET", "debug_token", app_token, {"input_token": token(account)}))


def read_as_app(account: AccountRecord, path: str, app_token: str) -> Steps[dict[str, Any]]:
    """Read in the name of the app."""
    return (yield from _by_app(account, "GET", path, app_token, {}))


def as_app(account: AccountRecord, path: str, app_token: str, **params: str) -> Steps[dict[str, Any]]:
    """Post in the name of the app."""
    return (yield from _by_app(account, "POST", path, app_token, params))


def _by_app(
    account: AccountRecord,
    method: Literal["GET", "POST"],
    path: str,
    app_token: str,
    params: Mapping[str, str],
) -> Steps[dict[str, Any]]:
    response = yield Request(
        method,
        graph.versioned(app_home(account), path),
        params=params,
        headers={"authorization": f"Bearer {app_token}"},
    )
    return accepted(response, account)


def _call(
    account: AccountRecord,
    method: Literal["GET", "POST", "DELETE"],
    path: str,
    params: Mapping[str, str],
    body: Mapping[str, Any] | None = None,
    decisive: bool = False,
) -> Steps[dict[str, Any]]:
    request = _request(account, method, path, params, body, decisive)
    return (yield from asked(request, lambda response: accepted(response, account, decisive=decisive)))


def _request(
    account: AccountRecord,
    method: Literal["GET", "POST", "DELETE"],
    path: str,
    params: Mapping[str, str],
    body: Mapping[str, Any] | None = None,
    decisive: bool = False,
) -> Request:
    key = token(account)
    return Request(
        method,
        graph.versioned(home(account), path),
        params={**params, **_proof(account, key)},
        headers={"authorization": f"Bearer {key}"},
        json=None if body is None else dict(body),
        decisive=decisive,
    )


def _proof(account: AccountRecord, key: str) -> dict[str, str]:
    """Only Facebook's API is known to take it."""
    secret = webhook.secrets(account)[0]
    return {"appsecret_proof": webhook.proof(secret, key)} if secret and by_facebook(account) else {}


# -------------------------------------------------------------------------------- answers


def accepted(response: Response, account: AccountRecord, *, decisive: bool = False) -> dict[str, Any]:
    """The answer's record. Raises `Refusal`, or `AnswerLost` when nobody knows what happened."""
    return graph.accepted(
        response, lambda error, response: refusal(error, response, _owners(account)), decisive=decisive
    )


def _owners(account: AccountRecord) -> tuple[str, ...]:
    return (account.external_id, account.credentials.get("page_id", ""))

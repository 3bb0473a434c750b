"""Signing in by either login, to a token that lives long.

Instagram Login gives the account's own token, good for sixty days; Facebook Login (with a Page's id)
that of the Page, which does not expire by time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from heed.channels.base import AccountRecord, Begun, Permission, Refusal
from heed.channels.instagram import calls
from heed.channels.instagram.connecting import BY_FACEBOOK_LOGIN, BY_INSTAGRAM_LOGIN
from heed.channels.meta import graph, webhook
from heed.lib.http import Request, Steps

INSTAGRAM_APP = "instagram_app_id"


class SignIn:
    fills: tuple[str, ...] = ("access_token",)

    def begin(self, account: AccountRecord, redirect: str, state: str) -> Steps[Begun]:
        yield from ()
        permissions, page = _consent(account)
        asked = {
            "client_id": _app(account),
            "redirect_uri": redirect,
            "response_type": "code",
            "scope": ",".join(each.name for each in permissions if each.needed),
            "state": state,
        }
        return Begun(f"{page}?{urlencode(asked)}")

    def finish(
        self, account: AccountRecord, keep: Mapping[str, str], query: Mapping[str, str], redirect: str
    ) -> Steps[Mapping[str, str]]:
        if not query.get("code"):
            words = query.get("error_description", "Meta gave no access.")
            raise Refusal("not_allowed", code=query.get("error", ""), detail=words[:300])
        take = _by_facebook if calls.by_facebook(account) else _by_instagram
        return {"access_token": (yield from take(account, query["code"], redirect))}


def _app(account: AccountRecord) -> str:
    name = "app_id" if calls.by_facebook(account) else INSTAGRAM_APP
    app_id = account.credentials.get(name, "").strip()
    if not app_id:
        raise Refusal("not_configured", detail=f"{name} is missing.")
    return app_id


def _consent(account: AccountRecord) -> tuple[tuple[Permission, ...], str]:
    if calls.by_facebook(account):
        home = calls.public(account, "https://www.facebook.com")
        return BY_FACEBOOK_LOGIN, f"{home}/{graph.VERSION}/dialog/oauth"
    return BY_INSTAGRAM_LOGIN, f"{calls.public(account, 'https://www.instagram.com')}/oauth/authorize"


def _by_instagram(account: AccountRecord, code: str, redirect: str) -> Steps[str]:
    """The code becomes a token of an hour, that one of sixty days."""
    secret = webhook.secrets(account)[0]
    form = {
        "client_id": _app(account),
        "client_secret": secret,
        "grant_type": "authorization_code",
        "redirect_uri": redirect,
        "code": code.removesuffix("#_"),
    }
    home = calls.public(account, "https://api.instagram.com")
    short = yield from _token(account, Request("POST", f"{home}/oauth/access_token", form=form))
    exchange = {"grant_type": "ig_exchange_token", "client_secret": secret, "access_token": short}
    return (
        yield from _token(account, Request("GET", f"{calls.home(account)}/access_token", params=exchange))
    )


def _by_facebook(account: AccountRecord, code: str, redirect: str) -> Steps[str]:
    """The code becomes the token of a person, that one a longer one, and it gives the Page's."""
    app = {"client_id": _app(account), "client_secret": webhook.secrets(account)[0]}
    address = graph.versioned(calls.home(account), "oauth/access_token")
    first = {**app, "redirect_uri": redirect, "code": code}
    short = yield from _token(account, Request("GET", address, params=first))
    longer = {**app, "grant_type": "fb_exchange_token", "fb_exchange_token": short}
    person = yield from _token(account, Request("GET", address, params=longer))
    page = graph.versioned(calls.home(account), account.credentials.get("page_id", ""))
    headers = {"authorization": f"Bearer {person}"}
    asked = {"fields": "access_token"}
    return (yield from _token(account, Request("GET", page, params=asked, headers=headers)))


def _token(account: AccountRecord, request: Request) -> Steps[str]:
    """The token in the answer, which may be wrapped in a list."""
    given = calls.accepted((yield request), account)
    found: Any = next((row.get("access_token") for row in graph.rows(given)), given.get("access_token"))
    if not found:
        raise Refusal("not_allowed", detail="Meta answered without a token.")
    return str(found)

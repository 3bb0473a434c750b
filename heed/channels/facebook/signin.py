"""Facebook Login: from the admin's consent to a Page's token that does not expire by time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from heed.channels.base import AccountRecord, Begun, Refusal
from heed.channels.facebook import calls
from heed.channels.facebook.connecting import APP, PERMISSIONS
from heed.channels.meta import graph, webhook
from heed.lib.http import Steps

API = "https://graph.facebook.com"
PAGES_OF_PAGES = 10


class SignIn:
    """Asks for all permissions at once, and takes the token of one Page."""

    fills: tuple[str, ...] = ("page_token",)

    def begin(self, account: AccountRecord, redirect: str, state: str) -> Steps[Begun]:
        yield from ()
        if not account.credentials.get(APP):
            raise Refusal("not_configured", detail="The app ID is missing.")
        asked = {
            "client_id": account.credentials[APP],
            "redirect_uri": redirect,
            "state": state,
            "scope": ",".join(each.name for each in PERMISSIONS),
            "response_type": "code",
        }
        home = "https://www.facebook.com" if account.base_url == API else account.base_url
        return Begun(f"{home}/{graph.VERSION}/dialog/oauth?{urlencode(asked)}")

    def finish(
        self, account: AccountRecord, keep: Mapping[str, str], query: Mapping[str, str], redirect: str
    ) -> Steps[Mapping[str, str]]:
        if not query.get("code"):
            words = query.get("error_description", "Meta gave no access.")
            raise Refusal("not_allowed", code=query.get("error", ""), detail=words[:300])
        short = yield from _token(account, redirect_uri=redirect, code=query["code"])
        long = yield from _token(account, grant_type="fb_exchange_token", fb_exchange_token=short)
        pages = yield from _pages(account, long)
        return {"page_token": str(_chosen(pages, account)["access_token"])}


def _token(account: AccountRecord, **asked: str) -> Steps[str]:
    app = {"client_id": account.credentials.get(APP, ""), "client_secret": webhook.secrets(account)[0]}
    given = yield from calls.ask(account, "oauth/access_token", **app, **asked)
    if not given.get("access_token"):
        raise Refusal("network_down", retry=True, detail="Meta answered without a token")
    return str(given["access_token"])


def _pages(account: AccountRecord, token: str) -> Steps[list[dict[str, Any]]]:
    """The Pages this person manages, each with its token."""
    user = AccountRecord("", "", {**account.credentials, "page_token": token}, account.base_url)
    found: list[dict[str, Any]] = []
    after = ""
    for _page in range(PAGES_OF_PAGES):
        more = {"after": after} if after else {}
        listed = yield from calls.get(user, "me/accounts", fields="id,name,access_token", limit="100", **more)
        found += [row for row in graph.rows(listed) if row.get("access_token")]
        after = graph.next_cursor(listed)
        if not after:
            break
    return found


def _chosen(pages: list[dict[str, Any]], account: AccountRecord) -> dict[str, Any]:
    """The Page that is this account's, or was named; else the only one."""
    wanted = account.external_id or account.credentials.get("page_id", "").strip()
    fitting = [page for page in pages if not wanted or str(page.get("id")) == wanted]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(f"{page.get('name')} ({page.get('id')})" for page in pages)
    if not names:
        raise Refusal("not_allowed", detail="You granted access to no Page.")
    raise Refusal("not_configured", detail=f"Enter the ID of one Page. You granted: {names}"[:300])

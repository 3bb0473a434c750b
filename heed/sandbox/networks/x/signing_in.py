"""Tokens of three kinds, the consent page, and how many calls are left."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from heed.sandbox.cast import COMPANY
from heed.sandbox.frame import Call, DemoAccount, Reply
from heed.sandbox.networks.x.account import Account
from heed.sandbox.networks.x.answers import No, legacy, problem, unauthorized

SCOPES = "tweet.read tweet.write tweet.moderate.write users.read dm.read dm.write media.write offline.access"
ACCESS_LIVES = timedelta(hours=2)
_CODE = timedelta(seconds=30)
_QUARTER = timedelta(minutes=15)
_LIMITS = {
    "me": 75,
    "post": 100,
    "remove": 50,
    "hide": 50,
    "like": 50,
    "liked": 75,
    "repost": 50,
    "mentions": 300,
    "search": 300,
    "own": 900,
    "read messages": 15,
    "send messages": 15,
    "upload": 1875,
}
"""Calls per user in fifteen minutes."""


def _escaped(word: str) -> str:
    return quote(word, safe="-._~")


class SigningIn(Account):
    def accounts(self) -> list[DemoAccount]:
        credentials = {
            "consumer_key": self.consumer_key,
            "consumer_secret": self.consumer_secret,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "access_token": self._signed("access", "first", 0),
            "refresh_token": self._signed("refresh", "first", 0),
            "access_level": "enterprise",
        }
        return [DemoAccount(COMPANY, self.us, credentials)]

    def _signed(self, kind: str, name: str, ends: float) -> str:
        """A token that says itself what it is, so that it is known again after a restart."""
        said = f"{kind}.{name}.{int(ends)}"
        return f"{said}.{self.ids.stable('x token', said, size=32)}"

    def _token(self, given: str, kind: str) -> str:
        """The token's name. Raises for one that is none, spent or over."""
        parts = given.split(".")
        if len(parts) != 4 or not parts[2].isdigit() or parts[0] != kind:
            raise unauthorized()
        known = given == self._signed(kind, parts[1], int(parts[2]))
        if not known or given in self._spent_tokens or self._revoked:
            raise unauthorized()
        ends = float(parts[2]) or (self._began + ACCESS_LIVES).timestamp()
        if kind == "access" and (ends <= self.clock.now().timestamp() or ends <= self._dead_before):
            raise unauthorized()
        return parts[1]

    def _user(self, call: Call) -> str:
        """Whose call this is: signed in with OAuth 2, or signed with OAuth 1.0a."""
        if not self.credit:
            detail = "Your enrolled account does not have any credits to fulfill this request."
            raise problem(402, "credits", detail, "CreditsDepleted")
        given = call.headers.get("authorization", "")
        if given.startswith("OAuth "):
            self._check_oauth1(call, given)
        else:
            self._token(given.removeprefix("Bearer ").strip(), "access")
        return self.us

    def _needs(self, scope: str) -> None:
        if scope in self.withheld:
            words = {"title": "Forbidden", "type": "about:blank", "detail": "Forbidden"}
            raise No(403, {**words, "status": 403})

    def _app(self, call: Call) -> None:
        if call.headers.get("authorization") != f"Bearer {self._bearer()}":
            raise unauthorized()

    def _bearer(self) -> str:
        return "AAAAAAAAAAAAAAAAAAAAA" + self.ids.stable("x", "bearer", size=60)

    def _check_oauth1(self, call: Call, header: str) -> None:
        said = dict(re.findall(r'(\w+)="([^"]*)"', header))
        signature = unquote(said.pop("oauth_signature", ""))
        pairs = [(name, unquote(value)) for name, value in said.items()] + list(call.pairs)
        if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            pairs += parse_qsl(call.body.decode(), keep_blank_values=True)
        joined = "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in sorted(pairs))
        text = "&".join(map(_escaped, (call.method, self.url + call.path, joined)))
        key = f"{_escaped(self.consumer_secret)}&{_escaped(self.token_secret)}"
        right = base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha1")).decode()
        stamp = said.get("oauth_timestamp", "")
        fresh = stamp.isdigit() and abs(int(stamp) - self.clock.now().timestamp()) < 300
        if signature != right or not fresh or self._revoked:
            raise legacy(401, 32, "Could not authenticate you.")

    def _app_token(self, call: Call) -> Reply:
        if call.form.get("grant_type") != "client_credentials" or not self._is_client(
            call, self.consumer_key, self.consumer_secret
        ):
            raise legacy(403, 99, "Unable to verify your credentials")
        return Reply(200, {"token_type": "bearer", "access_token": self._bearer()})

    def _authorize(self, call: Call) -> Reply:
        """The consent page, at which everybody says yes at once."""
        asked = call.query
        wanted = ("redirect_uri", "state", "code_challenge", "scope")
        if asked.get("client_id") != self.client_id or not all(asked.get(name) for name in wanted):
            raise No(400, {"error": "invalid_request", "error_description": "Something went wrong."})
        code = self.ids.name()
        self._codes[code] = (self.clock.now(), dict(asked))
        back = urlencode({"state": asked["state"], "code": code})
        return Reply(302, b"", {"Location": f"{asked['redirect_uri']}?{back}"})

    def _tokens(self, call: Call) -> Reply:
        form = call.form
        public = form.get("client_id") == self.client_id and "authorization" not in call.headers
        if not public and not self._is_client(call, self.client_id, self.client_secret):
            raise No(
                401, {"error": "unauthorized_client", "error_description": "Missing valid authorization"}
            )
        invalid = No(
            400,
            {"error": "invalid_request", "error_description": "Value passed for the token was invalid."},
        )
        if form.get("grant_type") == "refresh_token":
            given = form.get("refresh_token", "")
            try:
                self._token(given, "refresh")
            except No:
                raise invalid from None
            self._spent_tokens.add(given)
            return Reply(200, self._new_tokens(SCOPES))
        at, asked = self._codes.pop(form.get("code", ""), (datetime.min.replace(tzinfo=UTC), {}))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        fits = (asked.get("code_challenge"), asked.get("redirect_uri")) == (
            challenge,
            form.get("redirect_uri"),
        )
        if not fits or self.clock.now() - at > _CODE:
            raise invalid
        return Reply(200, self._new_tokens(asked["scope"]))

    def _new_tokens(self, scope: str) -> dict[str, Any]:
        self._revoked = False
        ends = (self.clock.now() + ACCESS_LIVES).timestamp()
        return {
            "token_type": "bearer",
            "expires_in": int(ACCESS_LIVES.total_seconds()),
            "access_token": self._signed("access", self.ids.name(), ends),
            "refresh_token": self._signed("refresh", self.ids.name(), 0),
            "scope": " ".join(each for each in scope.split() if each not in self.withheld),
        }

    def _is_client(self, call: Call, name: str, secret: str) -> bool:
        pair = base64.b64encode(f"{name}:{secret}".encode()).decode()
        return call.headers.get("authorization") == f"Basic {pair}"

    def _count(self, what: str) -> dict[str, str]:
        """Take one call from a bucket; gives back the headers that tell of it."""
        most, now = _LIMITS[what], self.clock.now()
        recent = [at for at in self._calls.get(what, []) if at > now - _QUARTER]
        reset = str(int(((recent[0] if recent else now) + _QUARTER).timestamp()) + 1)
        headers = {"x-rate-limit-limit": str(most), "x-rate-limit-reset": reset}
        if self.limits and len(recent) >= most:
            body = {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank"}
            raise No(429, {**body, "status": 429}, {**headers, "x-rate-limit-remaining": "0"})
        self._calls[what] = [*recent, now]
        return {**headers, "x-rate-limit-remaining": str(max(0, most - len(recent) - 1))}

    def _own_only(self, call: Call, id: str) -> None:
        if self._user(call) != id:
            raise problem(403, "not-authorized-for-resource", "That is another user")

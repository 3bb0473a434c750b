"""Sessions, and how much may be done in a time."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.bluesky.account import Account
from heed.sandbox.networks.bluesky.answers import No, fields_of

_ACCESS = timedelta(hours=2)
_REFRESH = timedelta(days=60)
_SIGN_INS = (30, timedelta(minutes=5))
_POINTS = (5000, timedelta(hours=1))
_SECRET = b"the sandbox signs its own tokens"


class SigningIn(Account):
    def _create_session(self, call: Call) -> Reply:
        self._count_sign_in()
        given = fields_of(call)
        known = str(given.get("identifier", "")).casefold() in (self._handles[self.us], self.us)
        if not known or given.get("password") != self.app_password or self._revoked:
            raise No(401, "AuthenticationRequired", "Invalid identifier or password")
        return Reply(200, self._session())

    def _refresh_session(self, call: Call) -> Reply:
        token = self._claims(call, "refresh")
        # The real one keeps the old token for a while; the strictest reading of it does not.
        self._dead.add(token["jti"])
        return Reply(200, self._session())

    def _get_session(self, call: Call) -> Reply:
        did = self._signed_in(call)
        return Reply(200, {"did": did, "handle": self._handles[did], "active": True})

    def _session(self) -> dict[str, Any]:
        return {
            "did": self.us,
            "handle": self._handles[self.us],
            "accessJwt": self._token("access", _ACCESS),
            "refreshJwt": self._token("refresh", _REFRESH),
            "active": True,
            "didDoc": {
                "id": self.us,
                "service": [
                    {
                        "id": "#atproto_pds",
                        "type": "AtprotoPersonalDataServer",
                        "serviceEndpoint": self.url,
                    }
                ],
            },
        }

    def _token(self, scope: str, life: timedelta) -> str:
        now = self.clock.now().timestamp()
        claims = {
            "scope": scope,
            "sub": self.us,
            "jti": self.ids.name(),
            "iat": now,
            "exp": int(now + life.total_seconds()),
        }
        signed = f"{_b64(b'{}')}.{_b64(json.dumps(claims).encode())}"
        return f"{signed}.{_b64(hmac.digest(_SECRET, signed.encode(), 'sha256'))}"

    def _claims(self, call: Call, scope: str) -> dict[str, Any]:
        token = call.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not token:
            raise No(401, "AuthMissing", "Authentication Required")
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature, _b64(hmac.digest(_SECRET, signed.encode(), "sha256"))):
            raise No(400, "InvalidToken", "Token could not be verified")
        claims: dict[str, Any] = json.loads(_unb64(signed.split(".")[1]))
        if claims["scope"] != scope:
            raise No(400, "InvalidToken", "Invalid token scope")
        ended = claims["exp"] <= self.clock.now().timestamp() or claims["iat"] < self._issued_from
        if ended or claims["jti"] in self._dead or self._revoked:
            raise No(400, "ExpiredToken", "Token has expired")
        return claims

    def _signed_in(self, call: Call) -> str:
        return str(self._claims(call, "access")["sub"])

    def _count_sign_in(self) -> None:
        most, span = _SIGN_INS
        now = self.clock.now()
        self._sign_ins = [at for at in self._sign_ins if at > now - span]
        if len(self._sign_ins) >= most:
            raise self._too_many(most, span, self._sign_ins[0])
        self._sign_ins.append(now)

    def _spend(self, points: int) -> dict[str, str]:
        """Take points from the account's budget; gives back the headers that tell of it."""
        most, span = _POINTS
        now = self.clock.now()
        self._spent = [(at, cost) for at, cost in self._spent if at > now - span]
        left = most - sum(cost for _, cost in self._spent)
        if left < points:
            raise self._too_many(most, span, self._spent[0][0])
        self._spent.append((now, points))
        return {
            "ratelimit-limit": str(most),
            "ratelimit-remaining": str(left - points),
            "ratelimit-reset": str(int((now + span).timestamp())),
            "ratelimit-policy": f"{most};w={int(span.total_seconds())}",
        }

    def _too_many(self, most: int, span: timedelta, oldest: datetime) -> No:
        reset = int((oldest + span).timestamp()) + 1
        headers = {
            "ratelimit-limit": str(most),
            "ratelimit-remaining": "0",
            "ratelimit-reset": str(reset),
            "ratelimit-policy": f"{most};w={int(span.total_seconds())}",
        }
        return No(429, "RateLimitExceeded", "Rate Limit Exceeded", headers)


def _b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

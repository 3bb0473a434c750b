"""Signing in to a mailbox without its password: the provider's consent page, and the tokens it gives."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from urllib.parse import urlencode

from heed.sandbox.frame import Call, Reply

CLIENT, REFRESH_TOKEN = "heed-of-acme", "lasting-token-of-the-mailbox"
HOUR = 3600


@dataclass
class Tokens:
    """One token lasts; each of the others lives for an hour, and the one before ends. `willing`: whether the
    mailbox's owner says yes; `scopes`: what they grant, where it is not all that is asked for."""

    willing: bool = True
    scopes: str = ""
    revoked: bool = False
    lasting: set[str] = field(default_factory=lambda: {REFRESH_TOKEN})
    now: str = ""
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def consent(self, call: Call, code: str) -> Reply:
        """The page on which the mailbox's owner says yes or no: here they do so at once."""
        asked = call.query
        wanted = ("redirect_uri", "state", "code_challenge", "scope")
        if asked.get("client_id") != CLIENT or not all(asked.get(name) for name in wanted):
            return Reply(400, "AADSTS900144: The request is not complete.")
        if self.willing:
            self._codes[code] = asked
            answer = {"code": code}
        else:
            words = "The user has denied access to the scope requested by the client application."
            answer = {"error": "access_denied", "error_description": words}
        back = urlencode({**answer, "state": asked["state"]})
        return Reply(302, b"", {"Location": f"{asked['redirect_uri']}?{back}"})

    def give(self, call: Call, name: str) -> Reply:
        """A token, called `name`, for the one that lasts or for a code."""
        form = call.form
        if form.get("client_id") != CLIENT:
            return _no("unauthorized_client", "Application was not found.")
        if form.get("grant_type") == "refresh_token":
            known = form.get("refresh_token") in self.lasting and not self.revoked
            return self._fresh(name, {}) if known else _no("invalid_grant", "Token has been revoked.")
        asked = self._codes.pop(form.get("code", ""), {})
        challenge = _challenge(form.get("code_verifier", ""))
        if (asked.get("code_challenge"), asked.get("redirect_uri")) != (challenge, form.get("redirect_uri")):
            return _no("invalid_grant", "The provided value for the code is not valid.")
        scope = self.scopes or asked["scope"].replace(" offline_access", "")
        more = {"scope": scope}
        if "offline_access" in asked["scope"]:
            more["refresh_token"] = f"lasting-{name}"
            self.lasting.add(more["refresh_token"])
        self.revoked = False
        return self._fresh(name, more)

    def _fresh(self, name: str, more: dict[str, str]) -> Reply:
        self.now = name
        return Reply(200, {"access_token": name, "expires_in": HOUR, "token_type": "Bearer", **more})


def _no(error: str, words: str) -> Reply:
    return Reply(400, {"error": error, "error_description": words})


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

"""Apps, tokens and what they may do; what the server says of itself, and how many calls are left."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from urllib.parse import urlencode

from heed.sandbox.cast import COMPANY
from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.mastodon.account import HOME, Account
from heed.sandbox.networks.mastodon.answers import No, iso, oauth_error

CHARACTERS = 500
PER_URL = 23
MOST_FILES = 4
IMAGE_BYTES = 16 * 1024 * 1024
VIDEO_BYTES = 99 * 1024 * 1024
TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "audio/mpeg")
_BUCKETS = {
    "requests": (300, timedelta(minutes=5)),
    "posts": (300, timedelta(hours=3)),
    "deletions": (30, timedelta(minutes=30)),
    "uploads": (30, timedelta(minutes=30)),
}


class SigningIn(Account):
    def _signed_in(self, call: Call) -> None:
        token = call.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if not token and call.path.startswith("/api/v1/streaming"):
            raise No(401, "Missing access token")
        if token != self.token or self._revoked:
            raise No(401, "Dostopni žeton ni veljaven")

    def _spend(self, bucket: str) -> dict[str, str]:
        most, span = _BUCKETS[bucket]
        now = self.clock.now()
        spent = [at for at in self._spent.get(bucket, []) if at > now - span]
        reset = iso((spent[0] if spent else now) + span)
        headers = {"X-RateLimit-Limit": str(most), "X-RateLimit-Reset": reset}
        if len(spent) >= most:
            raise No(429, "Preveč zahtev", {**headers, "X-RateLimit-Remaining": "0"})
        self._spent[bucket] = [*spent, now]
        return {**headers, "X-RateLimit-Remaining": str(most - len(spent) - 1)}

    def _register(self, call: Call) -> Reply:
        given = call.json if isinstance(call.json, dict) else call.form
        redirects = given.get("redirect_uris")
        redirect = redirects[0] if isinstance(redirects, list) and redirects else redirects
        if not given.get("client_name") or not redirect:
            raise No(422, "Preverjanje ni uspelo: Ime aplikacije ne sme biti prazno")
        app = {
            "id": str(self.ids.number()),
            "name": str(given["client_name"]),
            "scopes": str(given.get("scopes") or "read"),
            "redirect_uri": str(redirect),
            "client_id": self.ids.name("client-"),
            "client_secret": self.ids.name("secret-"),
        }
        self._apps[app["client_id"]] = app
        more = {"redirect_uris": [redirect], "website": None, "client_secret_expires_at": 0}
        return Reply(200, {**app, **more, "scopes": app["scopes"].split()})

    def _authorize(self, call: Call) -> Reply:
        """The page on which the account's owner says yes: here they do so at once."""
        app = self._apps.get(call.query.get("client_id", ""))
        redirect = call.query.get("redirect_uri", "")
        if app is None or redirect != app["redirect_uri"]:
            return Reply(400, "The redirect uri included is not valid.")
        if not set(call.query.get("scope", "read").split()) <= set(app["scopes"].split()):
            return Reply(400, "The requested scope is invalid, unknown, or malformed.")
        code = self.ids.name("code-")
        self._codes[code] = {
            "client": app["client_id"],
            "redirect": redirect,
            "challenge": call.query.get("code_challenge", ""),
        }
        back = urlencode({"code": code, "state": call.query.get("state", "")})
        return Reply(302, "", {"Location": f"{redirect}?{back}"})

    def _token(self, call: Call) -> Reply:
        form = call.form
        app = self._apps.get(form.get("client_id", ""))
        if app is None or form.get("client_secret") != app["client_secret"]:
            return oauth_error(401, "invalid_client")
        if form.get("grant_type") == "client_credentials":
            return self._given(app, self.ids.name("app-"), form.get("scope", "read"))
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code["client"] != app["client_id"] or code["redirect"] != form.get("redirect_uri"):
            return oauth_error(400, "invalid_grant")
        if code["challenge"] and code["challenge"] != _challenge(form.get("code_verifier", "")):
            return oauth_error(400, "invalid_grant")
        self.scopes, self._revoked = tuple(app["scopes"].split()), False
        return self._given(app, self.token, app["scopes"])

    def _given(self, app: dict[str, str], token: str, scopes: str) -> Reply:
        if not set(scopes.split()) <= set(app["scopes"].split()):
            return oauth_error(400, "invalid_scope")
        made = int(self.clock.now().timestamp())
        return Reply(
            200, {"access_token": token, "token_type": "Bearer", "scope": scopes, "created_at": made}
        )

    def _instance(self, call: Call) -> Reply:
        statuses = {
            "max_characters": CHARACTERS,
            "max_media_attachments": MOST_FILES,
            "characters_reserved_per_url": PER_URL,
        }
        media = {
            "supported_mime_types": list(TYPES),
            "description_limit": 1500,
            "image_size_limit": IMAGE_BYTES,
            "video_size_limit": VIDEO_BYTES,
        }
        urls = {"streaming": self.url.replace("http://", "wss://")}
        return Reply(
            200,
            {
                "domain": HOME,
                "title": "Mastodon",
                "version": self.server_version,
                "configuration": {"urls": urls, "statuses": statuses, "media_attachments": media},
            },
        )

    def _verify_app(self, call: Call) -> Reply:
        return Reply(200, {"id": "1", "name": "Heed", "scopes": list(self.scopes)})

    def _verify(self, call: Call) -> Reply:
        return Reply(200, {**self._profile(COMPANY), "source": {"language": "sl"}})

    def _needs(self, scope: str) -> None:
        if scope not in self.scopes and scope.partition(":")[0] not in self.scopes:
            raise No(403, "To dejanje je zunaj odobrenih obsegov")


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

"""Signatures: of webhooks, and of calls that go out with OAuth 1.0a."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

PREFIX = "sha256="


def webhook_signature(consumer_secret: str, body: bytes) -> str:
    """What X sends along with a body, and what it wants to hear about a `crc_token`."""
    digest = hmac.digest(consumer_secret.encode(), body, hashlib.sha256)
    return PREFIX + base64.b64encode(digest).decode()


def oauth1_header(
    method: str, url: str, params: Mapping[str, str], keys: Mapping[str, str], nonce: str, timestamp: int
) -> str:
    """The `Authorization` header of a call. `params` are those of query and form: neither JSON nor
    multipart bodies are part of what is signed. `keys` are the account's credentials."""
    said = {
        "oauth_consumer_key": keys.get("consumer_key", ""),
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(timestamp),
        "oauth_token": keys.get("access_token", ""),
        "oauth_version": "1.0",
    }
    pairs = sorted((_escaped(name), _escaped(value)) for name, value in {**params, **said}.items())
    words = [method, url, "&".join(f"{name}={value}" for name, value in pairs)]
    key = "&".join(_escaped(keys.get(name, "")) for name in ("consumer_secret", "token_secret"))
    signed = hmac.digest(key.encode(), "&".join(map(_escaped, words)).encode(), hashlib.sha1)
    said["oauth_signature"] = base64.b64encode(signed).decode()
    return "OAuth " + ", ".join(f'{name}="{_escaped(value)}"' for name, value in sorted(said.items()))


def _escaped(word: str) -> str:
    return quote(word, safe="-._~")

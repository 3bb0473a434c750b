"""The webhook of a Meta app: its handshake, its signature, and the frame its news comes in."""

from __future__ import annotations

import json
from typing import Any

import orjson

from heed.channels.base import (
    ADMITTED,
    REFUSED,
    WRONG_METHOD,
    AccountRecord,
    Admission,
    Hook,
    Malformed,
    secrets_in,
)
from heed.lib.crypto import hmac_sha256_hex, same


def secrets(account: AccountRecord) -> list[str]:
    """The app secrets that may sign, the first the current one: empty where there is none."""
    return secrets_in(account.credentials.get("app_secret", "")) or [""]


def proof(secret: str, token: str) -> str:
    """Shows Meta that whoever uses the token also has the app's secret."""
    return hmac_sha256_hex(secret, token.encode())


def admit(hook: Hook, account: AccountRecord) -> Admission:
    if hook.method == "GET":
        return _handshake(hook, account)
    if hook.method != "POST":
        return WRONG_METHOD
    return ADMITTED if _is_signed(hook, account) else REFUSED


def _handshake(hook: Hook, account: AccountRecord) -> Admission:
    expected = account.credentials.get("verify_token", "")
    given = hook.query.get("hub.verify_token", "")
    if not expected or hook.query.get("hub.mode") != "subscribe" or not same(given, expected):
        return Admission(403, body=b"The verify token does not fit.")
    return Admission(200, body=hook.query.get("hub.challenge", "").encode(), content_type="text/plain")


def _is_signed(hook: Hook, account: AccountRecord) -> bool:
    given = hook.headers.get("x-hub-signature-256", "")
    right = [hmac_sha256_hex(secret, hook.body) for secret in secrets(account) if secret]
    return any(same(given, f"sha256={each}") for each in right)


def envelopes(body: bytes) -> list[dict[str, Any]]:
    """The records of a delivery; Meta's pages also show them wrapped in a list. Raises `Malformed`."""
    parsed = _parse(body)
    found = parsed if isinstance(parsed, list) else [parsed]
    if not found or not all(isinstance(each, dict) for each in found):
        raise Malformed("not a JSON object")
    return found


def entries(envelope: dict[str, Any]) -> list[Any]:
    """Raises `Malformed`."""
    found = envelope.get("entry")
    if not isinstance(found, list):
        raise Malformed("no list of entries")
    return found


def _parse(body: bytes) -> Any:
    """orjson is strict about half surrogates, which people's phones do send; json is not."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}"[:300]) from error

"""Signatures of events and callbacks: HMAC-SHA256 with the account's secret, in hex."""

from __future__ import annotations

from heed.lib.crypto import hmac_sha256_hex, same

HEADER = "X-Heed-Signature"
PREFIX = "sha256="
LEAST_SECRET = 24


def signature(secret: str, body: bytes) -> str:
    """The value of `X-Heed-Signature` for a body, in both directions."""
    return PREFIX + hmac_sha256_hex(secret, body)


def is_signed(secret: str, body: bytes, given: str) -> bool:
    """Whether the signature is the one of this body. Without a secret nothing is."""
    return bool(secret) and same(given, signature(secret, body))


def public_key(secret: str) -> str:
    """The account's public name, made from its secret. Nothing leads back from it."""
    return hmac_sha256_hex(secret, b"heed site public key")[:20]

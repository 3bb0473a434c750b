"""A delivery with the signature Meta gives for it, and how Meta spells and signs."""

from __future__ import annotations

import hashlib
import hmac
import json

from heed.channels.base import Hook

SECRET = "0123456789abcdef0123456789abcdef"
GOLDEN = (
    rb'{"object":"page","entry":[{"id":"111","time":1700000000000,"messaging":[{"sender":{"id":"222"},'
    rb'"recipient":{"id":"111"},"timestamp":1700000000000,"message":{"mid":"m_1",'
    rb'"text":"caf\u00e9 \ud83d\ude00 http:\/\/a.b"}}]}]}'
)
RIGHT = "2b4df453b5ba204fe900992bea178aa866c36b34ba2aafb40c0f5b8dcc010e0f"
WRONG = "21047a7c9c03e8e460c44c6c78f6fda7624946fbc77e7274a2125beac0b25103"
"""The digest a receiver gets that parses first and signs what it wrote itself."""


def as_meta_writes(body: bytes) -> bytes:
    """The same JSON as Meta puts it on the wire: ASCII, and every slash escaped."""
    return json.dumps(json.loads(body), separators=(",", ":")).replace("/", "\\/").encode()


def signed(body: bytes, secret: str = SECRET) -> Hook:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Hook("POST", {}, {"x-hub-signature-256": f"sha256={digest}"}, body)

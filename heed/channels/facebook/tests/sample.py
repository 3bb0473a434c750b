"""What the contract suite and the tests here start from."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

from heed.channels.base import AccountRecord, Hook

SECRET = "0123456789abcdef0123456789abcdef"
PAGE = "448"
ACCOUNT = AccountRecord(
    external_id=PAGE,
    name="Acme",
    credentials={"app_secret": SECRET, "page_token": "EAAB-test-token", "verify_token": "shoes"},
    base_url="https://graph.facebook.com",
    hook_url="https://desk.acme.example/hooks/abc",
    facts={"app_id": "1517776481860111"},
)
PAYLOADS = Path(__file__).parent / "payloads"
UNKNOWN = b'{"object":"page","entry":[{"id":"448","time":1,"changes":[{"field":"moon_phase","value":{}}]}]}'


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def as_meta_writes(body: bytes) -> bytes:
    """The same JSON as Meta puts it on the wire: ASCII, and every slash escaped."""
    return json.dumps(json.loads(body), separators=(",", ":")).replace("/", "\\/").encode()


def signed(body: bytes, secret: str = SECRET) -> Hook:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Hook("POST", {}, {"x-hub-signature-256": f"sha256={digest}"}, body)


def signed_samples() -> list[tuple[Hook, AccountRecord]]:
    return [
        (signed(as_meta_writes(payload(name))), ACCOUNT) for name in ("comment_add", "message_text", "batch")
    ]


def bodies() -> list[bytes]:
    return [payload(name) for name in ("comment_add", "message_image", "visitor_post", "batch")]


def poisoned() -> bytes:
    return payload("poisoned")

"""What the contract suite and the tests here start from."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

from heed.channels.base import AccountRecord, Hook

SECRET = "0123456789abcdef0123456789abcdef"
NUMBER = "106540352242922"
ACCOUNT = AccountRecord(
    external_id=NUMBER,
    name="Acme",
    credentials={
        "phone_number_id": NUMBER,
        "business_account_id": "102290129340398",
        "access_token": "EAAB-test-token",
        "app_secret": SECRET,
        "verify_token": "shoes",
    },
    base_url="https://graph.facebook.com",
    hook_url="https://desk.acme.example/hooks/abc",
)
PAYLOADS = Path(__file__).parent / "payloads"
UNKNOWN = (
    b'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"moon","value":{}}]}]}'
)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def as_meta_writes(body: bytes) -> bytes:
    """The same JSON as Meta puts it on the wire: ASCII, and every slash escaped."""
    return json.dumps(json.loads(body), separators=(",", ":")).replace("/", "\\/").encode()


def signed(body: bytes, secret: str = SECRET) -> Hook:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Hook("POST", {}, {"x-hub-signature-256": f"sha256={digest}"}, body)


def signed_samples() -> list[tuple[Hook, AccountRecord]]:
    return [(signed(as_meta_writes(payload(name))), ACCOUNT) for name in ("text", "sent", "batch")]


def bodies() -> list[bytes]:
    names = (
        "text",
        "image",
        "contacts",
        "form",
        "order",
        "edit",
        "failed",
        "echo_text",
        "errors_locked",
        "batch",
    )
    return [payload(name) for name in names]


def poisoned() -> bytes:
    return payload("poisoned")

"""What the contract suite and the tests here start from."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from heed.channels.base import AccountRecord, Hook

SECRET = "0123456789abcdef0123456789abcdef"
TOKEN = "IGAA-test-token"
IG = "17841400000000001"
PAGE = "448"
APP = "777"
ACCOUNT = AccountRecord(
    external_id=IG,
    name="Acme",
    credentials={"access_token": TOKEN, "app_secret": SECRET, "verify_token": "shoes", "app_id": APP},
    base_url="https://graph.instagram.com",
    session={"token": TOKEN, "renew_at": datetime(2999, 1, 1, tzinfo=UTC).isoformat()},
    hook_url="https://desk.acme.example/hooks/abc",
)
BY_FACEBOOK = replace(
    ACCOUNT,
    credentials={**ACCOUNT.credentials, "access_token": "EAAB-test-token", "page_id": PAGE},
    session={},
)
PAYLOADS = Path(__file__).parent / "payloads"
UNKNOWN = (
    b'{"object":"instagram","entry":[{"id":"17841400000000001","time":1,'
    b'"changes":[{"field":"moon_phase","value":{}}]}]}'
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
    return [
        (signed(as_meta_writes(payload("comment"))), ACCOUNT),
        (signed(as_meta_writes(payload("message"))), BY_FACEBOOK),
        (signed(as_meta_writes(payload("batch"))), ACCOUNT),
    ]


def bodies() -> list[bytes]:
    return [payload(name) for name in ("comment", "comment_flat", "media", "share_and_post", "batch")]


def poisoned() -> bytes:
    return payload("poisoned")

"""What the contract suite and the tests here start from."""

from __future__ import annotations

from pathlib import Path

from heed.channels.base import AccountRecord, Hook
from heed.channels.meta.tests.sample import SECRET, as_meta_writes, signed

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

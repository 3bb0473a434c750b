"""Deliveries of Viber for the contract suite."""

from __future__ import annotations

from pathlib import Path

from heed.channels.base import AccountRecord, Hook
from heed.lib.crypto import hmac_sha256_hex

PAYLOADS = Path(__file__).parent / "payloads"
TOKEN = "44b935abea139fd6-53fa53b32559c4a6-12dbd3d883b06835"
ACCOUNT = AccountRecord(
    external_id="pa:1",
    name="Acme on Viber",
    credentials={"auth_token": TOKEN},
    base_url="https://chatapi.viber.com",
    hook_url="https://desk.example.org/hooks/here",
)
UNKNOWN = b'{"event":"moon_landing","timestamp":1457764197627,"message_token":4912661846655238145}'


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def signed(body: bytes, key: str = TOKEN) -> Hook:
    return Hook("POST", {}, {"x-viber-content-signature": hmac_sha256_hex(key, body)}, body)


def signed_samples() -> list[tuple[Hook, AccountRecord]]:
    return [(signed(payload(name)), ACCOUNT) for name in ("text", "conversation_started", "webhook")]


def bodies() -> list[bytes]:
    return [path.read_bytes() for path in sorted(PAYLOADS.glob("*.json"))]


def poisoned() -> bytes | None:
    """Viber sends one event per delivery."""
    return None

"""Deliveries of the site for the contract suite."""

from __future__ import annotations

from pathlib import Path

from heed.channels.base import AccountRecord, Hook
from heed.channels.site.signing import signature

PAYLOADS = Path(__file__).parent / "payloads"
SECRET = "a-secret-for-the-acme-shop-2026"
ACCOUNT = AccountRecord(
    external_id="acme-shop",
    name="Acme shop",
    credentials={"secret": SECRET, "callback_url": "https://shop.example/heed"},
    base_url="https://shop.example",
    hook_url="https://desk.example.org/hooks/here",
)
UNKNOWN = b'{"events":[{"type":"moon_landing","at":"2026-11-21T09:00:00Z"}]}'


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def signed(body: bytes, secret: str = SECRET) -> Hook:
    return Hook("POST", {}, {"x-heed-signature": signature(secret, body)}, body)


def signed_samples() -> list[tuple[Hook, AccountRecord]]:
    return [(signed(payload(name)), ACCOUNT) for name in ("message", "batch", "seen")]


def bodies() -> list[bytes]:
    return [path.read_bytes() for path in sorted(PAYLOADS.glob("*.json")) if path.stem != "poisoned"]


def poisoned() -> bytes | None:
    return payload("poisoned")

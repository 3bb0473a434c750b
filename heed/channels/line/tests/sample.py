"""Deliveries of LINE for the contract suite."""

from __future__ import annotations

from pathlib import Path

from heed.channels.base import AccountRecord, Hook
from heed.channels.line.adapter import signature

PAYLOADS = Path(__file__).parent / "payloads"
SECRET = "channel-secret-demo"
ACCOUNT = AccountRecord(
    external_id="U00000000000000000000000000000000",
    name="Acme on LINE",
    credentials={"channel_id": "2001234567", "channel_secret": SECRET},
    base_url="https://api.line.me",
    session={"token": "eyJhbGciOiJIUzI1NiJ9.demo", "renew_at": "4102444800"},
    hook_url="https://desk.example.org/hooks/here",
)
FINDS_BY_SENDING_AGAIN = True
"""The retry key makes one message of any number of pushes: looking for it brings it, if it had not come."""

UNKNOWN = (PAYLOADS / "new_kind.json").read_bytes()


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def signed(body: bytes, secret: str = SECRET) -> Hook:
    return Hook("POST", {}, {"x-line-signature": signature(secret, body)}, body)


def signed_samples() -> list[tuple[Hook, AccountRecord]]:
    return [(signed(payload(name)), ACCOUNT) for name in ("text", "batch", "unfollow")]


def bodies() -> list[bytes]:
    return [path.read_bytes() for path in sorted(PAYLOADS.glob("*.json")) if path.stem != "poisoned"]


def poisoned() -> bytes | None:
    return payload("poisoned")

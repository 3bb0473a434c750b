"""Deliveries of X for the contract suite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from heed.channels.base import AccountRecord, Hook
from heed.channels.x.signing import webhook_signature

PAYLOADS = Path(__file__).parent / "payloads"
ACME, LEA, OMAR = "1111000011110000111", "2222000022220000222", "3333000033330000333"
SECRET = "consumer-secret-demo"
ACCOUNT = AccountRecord(
    external_id=ACME,
    name="Acme",
    handle="acme",
    credentials={
        "consumer_key": "consumer-key-demo",
        "consumer_secret": SECRET,
        "client_id": "client-demo",
        "client_secret": "client-secret-demo",
        "access_token": "access-demo",
        "refresh_token": "refresh-demo",
        "access_level": "enterprise",
    },
    base_url="https://api.x.com",
    hook_url="https://desk.example.org/hooks/here",
)
UNKNOWN = json.dumps(
    {"data": {"event_uuid": "-7", "filter": {"user_id": ACME}, "event_type": "moon.landing", "payload": {}}}
).encode()


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def parsed(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(payload(name))
    return found


def signed(body: bytes, secret: str = SECRET) -> Hook:
    return Hook("POST", {}, {"x-twitter-webhooks-signature": webhook_signature(secret, body)}, body)


def signed_samples() -> list[tuple[Hook, AccountRecord]]:
    return [(signed(payload(name)), ACCOUNT) for name in ("mention", "message", "older_posts")]


def bodies() -> list[bytes]:
    return [path.read_bytes() for path in sorted(PAYLOADS.glob("*.json"))]


def poisoned() -> bytes | None:
    """The second of two posts has lost its author."""
    broken = parsed("older_posts")
    del broken["tweet_create_events"][1]["user"]
    return json.dumps(broken).encode()

"""Bluesky for the contract suite: pages as they are polled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from heed.channels.base import AccountRecord, Hook

ACME = "did:plc:acme5shoes5acme5shoes5ac"
LEA = "did:plc:lea7marn7lea7marn7lea7ma"
OMAR = "did:plc:omar2badr2omar2badr2omar"
PAYLOADS = Path(__file__).parent / "payloads"

ACCOUNT = AccountRecord(
    external_id=ACME,
    name="Acme",
    credentials={"identifier": "acme.bsky.example", "app_password": "abcd-efgh-ijkl-mnop"},
    base_url="https://bsky.social",
)


def page(name: str) -> dict[str, Any]:
    """A polled page of the folder `payloads`."""
    parsed: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return parsed


def signed_samples() -> list[tuple[Hook, AccountRecord]]:
    return []


def bodies() -> list[bytes]:
    return [(PAYLOADS / f"{name}.json").read_bytes() for name in ("notifications", "chat", "own")]


UNKNOWN = json.dumps(
    {
        "kind": "notifications",
        "notifications": [{**page("notifications")["notifications"][0], "reason": "waved"}],
    }
).encode()


def poisoned() -> bytes | None:
    """The second notification has lost its address."""
    broken = page("notifications")
    del broken["notifications"][1]["uri"]
    return json.dumps(broken).encode()

"""Mastodon for the contract suite: pages as they are polled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from heed.channels.base import AccountRecord, Hook

ACME, LEA, OMAR = "109000000000000001", "109000000000000002", "109000000000000003"
TOKEN = "VLxnzsZHzNnZZvnZZ0MOtlWEYXw1GxCO7bDqALRaCuI"
PAYLOADS = Path(__file__).parent / "payloads"

ACCOUNT = AccountRecord(
    external_id=ACME,
    name="Acme",
    credentials={"access_token": TOKEN},
    base_url="https://mastodon.example",
    handle="acme@mastodon.example",
)


def page(name: str) -> dict[str, Any]:
    """A polled page of the folder `payloads`."""
    parsed: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return parsed


def signed_samples() -> list[tuple[Hook, AccountRecord]]:
    return []


def bodies() -> list[bytes]:
    return [(PAYLOADS / f"{name}.json").read_bytes() for name in ("notifications", "own", "changed")]


UNKNOWN = json.dumps(
    {
        "kind": "notifications",
        "notifications": [{**page("notifications")["notifications"][0], "type": "waved"}],
    }
).encode()


def poisoned() -> bytes | None:
    """The second notification has lost its status."""
    broken = page("notifications")
    del broken["notifications"][1]["status"]
    return json.dumps(broken).encode()

"""Deliveries of Telegram for the contract suite."""

from __future__ import annotations

from pathlib import Path

from heed.channels.base import AccountRecord, Hook

PAYLOADS = Path(__file__).parent / "payloads"
TOKEN = "5123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0"
SECRET = "91e68c30597dcd1b669f43c7728a388ccff0767fb4071cae7e93fa19344bdc07"
ACCOUNT = AccountRecord(
    external_id="5123456789",
    name="Acme on Telegram",
    credentials={"bot_token": TOKEN},
    base_url="https://api.telegram.org",
    hook_url="https://desk.example.org/hooks/here",
)
UNKNOWN = b'{"update_id":174114370,"moon_landing":{"date":1454119029}}'
COVERS_THE_BODY = False
"""Telegram repeats a secret instead of signing: a changed body is admitted with it."""

WITHOUT_A_TIME = "deleted_business_messages"
"""Telegram does not say when these were deleted: each reading gives the time of reading."""


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def signed(body: bytes, secret: str = SECRET) -> Hook:
    return Hook("POST", {}, {"x-telegram-bot-api-secret-token": secret}, body)


def signed_samples() -> list[tuple[Hook, AccountRecord]]:
    return [(signed(payload(name)), ACCOUNT) for name in ("text", "edited", "blocked")]


def bodies() -> list[bytes]:
    return [path.read_bytes() for path in sorted(PAYLOADS.glob("*.json")) if path.stem != WITHOUT_A_TIME]


def poisoned() -> bytes | None:
    """Telegram sends one event per delivery."""
    return None

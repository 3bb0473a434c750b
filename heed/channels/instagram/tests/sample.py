"""What the contract suite and the tests here start from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from heed.channels.base import AccountRecord, Answer, Hook, OutgoingFile, Target
from heed.channels.meta.tests.sample import SECRET, as_meta_writes, signed
from heed.lib.http import Request

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
BY_IG = "https://graph.instagram.com/v25.0"
BY_FB = "https://graph.facebook.com/v25.0"
COMMENT = Target("1789", "public", "comment", "1790", {})
REPLY = Target("1795", "public", "reply", "1790", {"top": "1789"})
POST = Target("1790", "public", "comment", "1790", {})
MENTION = Target("1802", "public", "mention", "1801", {"mentioned": "comment", "media": "1801"})
IN_CAPTION = Target("1801", "public", "mention", "1801", {"mentioned": "media", "media": "1801"})
MESSAGE = Target("aWdfX1", "private", "message", "", {})
PICTURE = OutgoingFile("boot.png", "image/png", b"\x89PNG", "https://desk.acme.example/f/1")
BILL = OutgoingFile("bill.pdf", "application/pdf", b"%PDF", "https://desk.acme.example/f/2")
PUBLIC = Answer("key-1", "public", "It leaves today.", "1001", COMMENT)
PRIVATE = Answer("key-1", "private", "It leaves today.", "1001", MESSAGE)
FILE = Answer("key-1", "private", "", "1001", MESSAGE, files=(PICTURE,))
PRIVATE_REPLY = Answer("key-1", "private", "It leaves today.", "1001", COMMENT)
STARTED = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SENT_MESSAGE = {"recipient_id": "1001", "message_id": "aWdfOut"}
PAYLOADS = Path(__file__).parent / "payloads"
UNKNOWN = (
    b'{"object":"instagram","entry":[{"id":"17841400000000001","time":1,'
    b'"changes":[{"field":"moon_phase","value":{}}]}]}'
)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def as_app(request: Request) -> bool:
    return request.headers["authorization"] == f"Bearer {APP}|{SECRET}"


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

"""What the contract suite and the tests here start from."""

from __future__ import annotations

from pathlib import Path

from heed.channels.base import AccountRecord, Answer, Hook, OutgoingFile, Target
from heed.channels.meta.tests.sample import SECRET, as_meta_writes, signed

PAGE = "448"
ACCOUNT = AccountRecord(
    external_id=PAGE,
    name="Acme",
    credentials={"app_secret": SECRET, "page_token": "EAAB-test-token", "verify_token": "shoes"},
    base_url="https://graph.facebook.com",
    hook_url="https://desk.acme.example/hooks/abc",
    facts={"app_id": "1517776481860111"},
)
GRAPH = "https://graph.facebook.com/v25.0"
COMMENT = Target("122_900", "public", "comment", "448_122", {})
REPLY = Target("122_901", "public", "reply", "448_122", {"top": "122_900"})
VISITOR_POST = Target("448_123", "public", "visitor_post", "448_123", {})
MESSAGE = Target("m_1", "private", "message", "", {})
PICTURE = OutgoingFile("boot.png", "image/png", b"\x89PNG", "https://desk.acme.example/f/1")
INVOICE = OutgoingFile("bill.pdf", "application/pdf", b"%PDF", "https://desk.acme.example/f/2")
PUBLIC = Answer("key-1", "public", "It leaves today.", "555", COMMENT)
PRIVATE = Answer("key-1", "private", "It leaves today.", "222", MESSAGE)
PRIVATE_REPLY = Answer("key-1", "private", "It leaves today.", "", COMMENT)
OURS = {"id": PAGE, "name": "Acme"}
"""How the Graph API names us."""
PAYLOADS = Path(__file__).parent / "payloads"
UNKNOWN = b'{"object":"page","entry":[{"id":"448","time":1,"changes":[{"field":"moon_phase","value":{}}]}]}'


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def signed_samples() -> list[tuple[Hook, AccountRecord]]:
    return [
        (signed(as_meta_writes(payload(name))), ACCOUNT) for name in ("comment_add", "message_text", "batch")
    ]


def bodies() -> list[bytes]:
    return [payload(name) for name in ("comment_add", "message_image", "visitor_post", "batch")]


def poisoned() -> bytes:
    return payload("poisoned")

"""Mails for the contract suite: the letters of this folder, each as it lies in the ledger."""

from __future__ import annotations

import base64
from pathlib import Path

import orjson

from heed.channels.base import AccountRecord, Hook

LETTERS = Path(__file__).parent / "letters"
AT = "2026-11-20T09:30:00+00:00"
ACCOUNT = AccountRecord(
    external_id="help@acme.example",
    name="Acme",
    credentials={
        "address": "help@acme.example",
        "name": "Acme",
        "password": "app-password-of-a-mailbox",
        "imap_host": "imap.acme.example",
        "smtp_host": "smtp.acme.example",
    },
    base_url="https://mail.invalid",
)
UNKNOWN = b'{"kind":"appointment","uid":7}'


def letter(name: str) -> bytes:
    return (LETTERS / f"{name}.eml").read_bytes()


def body(raw: bytes, box: str = "INBOX", uid: int = 7, whole: bool = True) -> bytes:
    """A mail as it was polled."""
    return orjson.dumps(
        {
            "kind": "mail",
            "box": box,
            "uidvalidity": "3",
            "uid": uid,
            "internaldate": AT,
            "whole": whole,
            "raw": base64.b64encode(raw).decode(),
        }
    )


def signed_samples() -> list[tuple[Hook, AccountRecord]]:
    return []


def bodies() -> list[bytes]:
    return [body(path.read_bytes()) for path in sorted(LETTERS.glob("*.eml"))]


def poisoned() -> bytes | None:
    """Every mail is a delivery of its own."""
    return None

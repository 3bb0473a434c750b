"""Secrets at rest (Fernet with a key ring) and signatures (HMAC)."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet


class KeyRing:
    """Encrypts with the first key and decrypts with any, so keys can be rotated."""

    def __init__(self, keys: list[bytes]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def lock(self, record: Mapping[str, object]) -> bytes:
        return self._fernet.encrypt(json.dumps(dict(record)).encode())

    def open(self, locked: bytes | memoryview) -> dict[str, str]:
        """The record that was locked; raises `InvalidToken` when no key of the ring fits."""
        if not locked:
            return {}
        opened: dict[str, str] = json.loads(self._fernet.decrypt(bytes(locked)))
        return opened


@lru_cache(maxsize=4)
def key_ring(data_folder: str, from_environment: str = "") -> KeyRing:
    """The ring of `HEED_SECRET_KEYS` (comma separated, newest first), else of the data folder."""
    if from_environment:
        return KeyRing([key.strip().encode() for key in from_environment.split(",")])
    return KeyRing(_keep(Path(data_folder) / "keys", Fernet.generate_key).split())


def signing_key(data_folder: str) -> str:
    """Django's secret key, made once and kept in the data folder."""
    return _keep(Path(data_folder) / "signing-key", lambda: secrets.token_urlsafe(48).encode()).decode()


def _keep(path: Path, make: Callable[[], bytes]) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes().strip()
    with os.fdopen(handle, "wb") as file:
        file.write(make())
    return path.read_bytes().strip()


def hmac_sha256_hex(key: str, body: bytes) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())

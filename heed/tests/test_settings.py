"""What the settings make of the environment."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

SETTINGS = str(Path(__file__).resolve().parent.parent / "settings.py")


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("https://desk.acme.example", ("HTTP_X_FORWARDED_PROTO", "https")),
        ("http://127.0.0.1:8000", None),
    ],
)
def test_a_forwarded_scheme_counts_only_behind_a_proxy(
    monkeypatch: pytest.MonkeyPatch, address: str, trusted: Any
) -> None:
    monkeypatch.setenv("HEED_PUBLIC_URL", address)
    assert runpy.run_path(SETTINGS)["SECURE_PROXY_SSL_HEADER"] == trusted

"""What set-up puts in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from heed import setup
from heed.accounts.reach import person_with_token
from heed.accounts.verbs import ensure_person, grant_token


@pytest.mark.django_db
def test_a_rotated_token_is_void(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    settings.HEED_DATA = str(tmp_path)
    for token in ("leaked", "fresh"):
        monkeypatch.setenv("HEED_API_TOKEN", token)
        setup.welcome(demo=True)
    monkeypatch.setenv("HEED_OWNER_EMAIL", "maja@acme.example")
    monkeypatch.setenv("HEED_API_TOKEN", "newest")
    another = ensure_person("ana@acme.example", "Ana Kovač")
    grant_token(another, "Tests", "heed_ana")
    setup.welcome(demo=True)
    held = [person_with_token(token) for token in ("leaked", "fresh", "newest", "heed_ana")]
    assert [person and person.email for person in held] == [None, None, "maja@acme.example", another.email]

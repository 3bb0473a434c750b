"""What set-up puts in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from heed import setup
from heed.accounts.models import Brand, Team, User
from heed.accounts.reach import person_with_token
from heed.accounts.verbs import ensure_person, grant_token
from heed.inbox.reach.saved import saved_views
from heed.library.models import Guideline, QuickText
from heed.routing import desk_hours
from heed.routing.models import AutomaticMessage, Policy, Rule
from heed.routing.rules import made_ready


@pytest.mark.django_db
def test_the_demo_has_a_desk_that_is_set_up_once(settings: Any, tmp_path: Path) -> None:
    settings.HEED_DATA = str(tmp_path)
    setup.welcome(demo=True)
    assert set(Team.objects.values_list("name", flat=True)) == {"Shop", "Returns"}
    assert set(Brand.objects.values_list("name", flat=True)) == {"Acme", "Acme Outlet"}
    assert [rule.on for rule in Rule.objects.all()] == [True, True]
    assert AutomaticMessage.objects.get().on is False
    for rule in Rule.objects.all():
        assert made_ready(rule) is not None, rule.problem
    maja = User.objects.get(email="owner@acme.example")
    assert [view.name for view in saved_views(maja)] == ["Broken zips"]
    hours = [version for _schedule, _places, version in desk_hours.schedules()]
    assert [each["name"] for each in hours[0].holidays] == ["New Year", "Christmas"]
    Policy.objects.all().delete()
    QuickText.objects.all().delete()
    setup.welcome(demo=True)
    assert (Team.objects.count(), Rule.objects.count(), Guideline.objects.count()) == (2, 2, 2)
    assert not Policy.objects.exists()
    assert not QuickText.objects.exists()


@pytest.mark.django_db
def test_a_company_of_its_own_begins_with_an_empty_desk(settings: Any, tmp_path: Path) -> None:
    settings.HEED_DATA = str(tmp_path)
    setup.welcome(demo=False)
    assert not Team.objects.exists()
    assert not Rule.objects.exists()


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


@pytest.mark.django_db
def test_a_later_start_keeps_the_owner(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when it no longer says who that is, or they have another address since."""
    settings.HEED_DATA = str(tmp_path)
    monkeypatch.setenv("HEED_OWNER_EMAIL", "maja@acme.example")
    setup.welcome(demo=False)
    first = capsys.readouterr().out
    monkeypatch.delenv("HEED_OWNER_EMAIL")
    User.objects.update(email="zupan@acme.example")
    setup.welcome(demo=False)
    assert User.objects.get().email == "zupan@acme.example"
    assert "maja@acme.example  password " in first
    assert capsys.readouterr().out.strip() == "Sign in as          zupan@acme.example"


@pytest.mark.django_db
def test_only_a_password_that_opens_the_door_is_told(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.HEED_DATA = str(tmp_path)
    monkeypatch.setenv("HEED_OWNER_PASSWORD", "chosen-by-maja")
    setup.welcome(demo=True)
    monkeypatch.delenv("HEED_OWNER_PASSWORD")
    setup.welcome(demo=True)
    assert "password" not in capsys.readouterr().out
    made = (tmp_path / "demo-password").read_text()
    ivo = User.objects.get(email="ivo@acme.example")
    ivo.set_password(made)
    ivo.save()
    setup.welcome(demo=True)
    told = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in told if made in line] == [f"ivo@acme.example  password {made}"]

"""Who decides how people sign in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heed.accounts import policy
from heed.accounts.models import User
from heed.accounts.refusals import CannotChange

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _policy_anew() -> Iterator[None]:
    policy.forget()
    yield
    policy.forget()


def connect(by: User, server: str) -> None:
    policy.connect_company(
        by,
        name="Acme",
        server=server,
        client_id="heed",
        client_secret="hush",
        domains=["acme.example"],
        joins=False,
        role_key="agent",
        factor=True,
    )


def test_an_admin_turns_nobody_to_another_sign_in_server() -> None:
    maja = User.objects.create_user("maja@acme.example", None, role="owner", name="Maja Zupan")
    admin = User.objects.create_user("ivo@acme.example", None, role="admin", name="Ivo Horvat")
    connect(maja, "https://login.acme.example")
    with pytest.raises(CannotChange, match="Only an owner"):
        connect(admin, "https://login.oto.example")
    with pytest.raises(CannotChange, match="Only an owner"):
        connect(admin, "")
    assert policy.stored().company_server == "https://login.acme.example"


def test_only_an_owner_says_who_needs_a_second_factor() -> None:
    maja = User.objects.create_user("maja@acme.example", None, role="owner", name="Maja Zupan")
    admin = User.objects.create_user("ivo@acme.example", None, role="admin", name="Ivo Horvat")
    policy.choose_factor(maja, "all")
    with pytest.raises(CannotChange, match="Only an owner"):
        policy.choose_factor(admin, "")
    assert policy.stored().second_factor == "all"
    policy.choose_passwords(admin, 20)
    assert policy.stored().least_length == 20

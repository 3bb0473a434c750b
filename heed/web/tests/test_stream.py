"""Who may listen to the live stream."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from heed.accounts.models import User
from heed.web import stream


@pytest.mark.parametrize("other", ["", 'theme={"a": 1}; ', "a b; ", 'x="; ', "=; ", "č=ž; "])
def test_whatever_else_a_browser_sends_along(page: Client, ana: User, other: str) -> None:
    key = page.cookies[settings.SESSION_COOKIE_NAME].value
    assert stream._check(f"{other}{settings.SESSION_COOKIE_NAME}={key}")


@pytest.mark.parametrize("cookies", ["", "{name}=", "{name}=nobody", "other={key}"])
def test_strangers_hear_nothing(page: Client, cookies: str) -> None:
    key = page.cookies[settings.SESSION_COOKIE_NAME].value
    assert not stream._check(cookies.format(name=settings.SESSION_COOKIE_NAME, key=key))


def test_a_colleague_without_access_hears_nothing(page: Client, ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(is_active=False)
    key = page.cookies[settings.SESSION_COOKIE_NAME].value
    assert not stream._check(f"{settings.SESSION_COOKIE_NAME}={key}")

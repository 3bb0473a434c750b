"""An account with credentials, and a page as it is shown."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from heed.channels.models import Account
from heed.web.tests import cast

GOOD = {"app_secret": "hush-secret", "page_token": "hush-token", "verify_token": "hush-verify"}


def facebook(**facts: Any) -> Account:
    account = cast.account(**facts)
    account.credentials = GOOD
    account.save()
    return account


def shown(client: Client, name: str, *args: object) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200, name
    return response.content.decode()

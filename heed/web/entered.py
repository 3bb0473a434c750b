"""What somebody entered before they went away to sign in, for the form that they come back to in vain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from heed.channels.models import Account

_KEPT = "entered"


def keep(request: HttpRequest, account: Account, entered: Mapping[str, str]) -> None:
    """Keep it in the session until the page of the account is shown: of what is secret the names only."""
    secret = {field.name for field in account.adapter.fields if field.secret}
    held = {name: "" if name in secret else value for name, value in entered.items()}
    if held:
        request.session[_KEPT] = {str(account.pk): held}


def taken(request: HttpRequest, account: Account) -> dict[str, str]:
    """What was kept for this account, once: nothing is entered, empty for what is secret."""
    found: Any = request.session.get(_KEPT, {}).get(str(account.pk), {})
    if found:
        del request.session[_KEPT]
    return dict(found)

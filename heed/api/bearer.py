"""Who asks: the person a bearer token acts for."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from heed.accounts.models import User
from heed.accounts.reach import person_with_token


class Asking(HttpRequest):
    """A request whose token was recognised; `auth` is the person it acts for."""

    auth: User


class Bearer(HttpBearer):
    """`Authorization: Bearer heed_…`"""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        return person_with_token(token)

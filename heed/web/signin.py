"""Sign-in is allauth's; here is only what differs at Heed."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from heed.accounts.models import User

_YEAR = 365 * 24 * 3600


class SignInAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves: an owner makes people."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The visitor's address; `::` where the server in front of us hands none on, as over a socket of the
        file system."""
        try:
            return str(super().get_client_ip(request))
        except PermissionDenied:
            return "::"

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **facts: Any) -> HttpResponse:
        """Go on in the person's own language, whatever this browser spoke before."""
        response: HttpResponse = super().post_login(request, user, **facts)
        if isinstance(user, User) and user.language:
            remember_language(response, user.language)
        return response


def remember_language(response: HttpResponse, language: str) -> None:
    """Have this browser's pages come in a language from now on."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=_YEAR,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )

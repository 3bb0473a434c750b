"""Sign-in is allauth's; here is only what differs at Heed."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User

_YEAR = 365 * 24 * 3600
_WAYS = {
    "reauthenticate": _("Your password"),
    "mfa_reauthenticate": _("Digits or recovery code"),
    "mfa_reauthenticate:webauthn": _("A passkey or security key"),
}
_TOO_MANY = _("Too many wrong tries. Wait a few minutes, then try again.")
_ERRORS = {
    **DefaultAccountAdapter.error_messages,
    "incorrect_password": _("This is not your password."),
    "rate_limited": _TOO_MANY,
    "too_many_login_attempts": _TOO_MANY,
}


class SignInAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves: an owner makes people."""

    error_messages = _ERRORS

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The visitor's address; `::` where the server in front of us hands none on, as over a socket of the
        file system."""
        try:
            return str(super().get_client_ip(request))
        except PermissionDenied:
            return "::"

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """The ways to confirm that it is you, the usual one first."""
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [{**each, "description": _WAYS.get(each["id"], each["description"])} for each in ways]

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

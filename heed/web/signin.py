"""Sign-in is allauth's; here is only what differs at Heed."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class SignInAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by themselves: an owner makes people."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

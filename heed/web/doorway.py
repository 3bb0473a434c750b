"""What happens at the door of every page: where the request comes from, that the session lives, and that a
second factor is there where one must be."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from heed.accounts import audit
from heed.accounts.models import User
from heed.web import open_sessions
from heed.web.gate import from_page, sentence
from heed.web.second_factor import must_set_up

_NOT_PAGES = ("/api/", "/widget/")
"""Programs show a token and visitors a key of their own: nobody is signed in there."""

_ON_THE_WAY = frozenset(
    {"account_logout", "account_reauthenticate", "account_login", "set_language", "factor_needed"}
)
"""Open to those who must set up a second factor, besides the pages for it."""


class DoorwayMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        audit.came_from(partial(address_of, request))
        try:
            return self.get_response(request)
        finally:
            audit.came_from(str)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if request.path.startswith(_NOT_PAGES) or not isinstance(request.user, User):
            return None
        open_sessions.note(request)
        name = str(request.resolver_match.url_name) if request.resolver_match else ""
        if name in _ON_THE_WAY or name.startswith("mfa_"):
            return None
        if not must_set_up(request.user, request.session):
            return None
        if from_page(request):
            return sentence(_("Set up a second factor first. What you wrote is kept."), status=403)
        return redirect("factor_needed")


def address_of(request: HttpRequest) -> str:
    """The address of whoever asks, as far as it can be known; empty when not."""
    try:
        return str(get_adapter().get_client_ip(request))
    except (ImproperlyConfigured, PermissionDenied):
        return ""

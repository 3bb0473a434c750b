"""Per-request matters of the pages."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.utils import timezone
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Static files sent whole: they are small, and the handler would read them to their end anyway
    and warn about it, for they can only be read by a thread that waits."""

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        found = WhiteNoiseMiddleware.serve(static_file, request)
        whole = HttpResponse(b"".join(found), status=found.status_code)
        found.close()
        whole.headers = found.headers
        return whole


class LanguageMiddleware(LocaleMiddleware):
    """The language a person chose (kept in a cookie), else what their browser asks for; and the
    time zone their browser told us (in a cookie too), so that days begin when theirs do."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        try:
            timezone.activate(ZoneInfo(request.COOKIES["heed_zone"]))
        except (KeyError, ValueError, OSError, ZoneInfoNotFoundError):
            timezone.deactivate()


class ContentPolicyMiddleware:
    """Nothing on our pages comes from elsewhere, and no inline script runs without its nonce.

    `style` attributes are allowed, for the colour of a network or the tone of an avatar; style
    elements are not. A view that sets its own policy (a customer's file) keeps it.
    """

    _POLICY = "; ".join(
        [
            "default-src 'self'",
            "script-src 'self' 'nonce-{nonce}'",
            "style-src 'self'",
            "style-src-attr 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self._POLICY.format(nonce=nonce))
        return response

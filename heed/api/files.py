"""Sending a kept file so that it cannot harm the one who opens it."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from heed.api.problems import Problem
from heed.inbox.files import SHOWN, open_file, sniffed


def sent_file(path: str, name: str, mime: str = "") -> HttpResponse:
    """The file as a response: shown in place only when its type is known to be harmless."""
    try:
        with open_file(path) as file:
            content = file.read()
    except FileNotFoundError:
        sentence = _("The file is not there: it was not fetched yet, or not kept.")
        raise Problem(404, "no-file", sentence) from None
    mime = mime or sniffed(Path(settings.MEDIA_ROOT) / path)
    shown = mime in SHOWN
    response = HttpResponse(content, content_type=mime if shown else "application/octet-stream")
    response.headers["Content-Disposition"] = content_disposition_header(not shown, name or "file") or ""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response

"""Sending a kept file."""

from __future__ import annotations

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _

from heed.api.problems import Problem
from heed.inbox.serving import served


def sent_file(request: HttpRequest, path: str, name: str) -> StreamingHttpResponse:
    """The file as a response, or the part of it that was asked for."""
    try:
        status, headers, content = served(path, name or "file", request.headers.get("Range", ""))
    except FileNotFoundError:
        sentence = _("The file is not there: it was not fetched yet, or not kept.")
        raise Problem(404, "no-file", sentence) from None
    return StreamingHttpResponse(content, status=status, headers=headers)

"""Files of messages: shown, downloaded, attached and detached."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import BinaryIO, cast

from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heed.inbox import files as kept
from heed.inbox import reach, verbs
from heed.inbox.models import Attachment
from heed.web.gate import person, sentence, signed_in

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=86400, immutable",
    "Accept-Ranges": "bytes",
}


@require_http_methods(["GET", "HEAD", "DELETE"])
@signed_in
def file(request: HttpRequest, attachment: int) -> HttpResponse:
    """A kept file; DELETE takes it out of one's own draft."""
    user = person(request)
    found = reach.attachment(user, attachment)
    if request.method == "DELETE":
        verbs.detach(user, found)
        return HttpResponse(status=200)
    return _served(request, found.path, found.mime, found.name or f"file-{found.pk}")


@signed_in
def picture(request: HttpRequest, number: int) -> HttpResponse:
    """The picture of the post a ticket hangs under."""
    post = reach.ticket(person(request), number).post
    if post is None or not post.picture:
        raise Http404
    with _opened(post.picture) as content:
        mime = kept.sniffed(Path(content.name))
    return _served(request, post.picture, mime, f"post-{post.pk}")


@require_safe
def linked(request: HttpRequest, token: str) -> HttpResponse:
    """A file of an answer for the network that is to deliver it: whoever has the signed link may
    fetch it. Nobody is signed in."""
    try:
        found = Attachment.objects.get(pk=kept.linked(token))
    except (BadSignature, Attachment.DoesNotExist) as error:
        raise Http404 from error
    return _served(request, found.path, found.mime, found.name or f"file-{found.pk}")


@require_POST
@signed_in
def attach(request: HttpRequest, number: int) -> HttpResponse:
    """Keep a file for the answer being written; gives back its line for the composer."""
    user = person(request)
    upload = request.FILES.get("file")
    if upload is None or not upload.name:
        return sentence(_("No file arrived. Choose it again."), status=422)
    try:
        attachment = verbs.attach(user, reach.ticket(user, number), upload.name, cast(BinaryIO, upload))
    except kept.TooLarge:
        return sentence(_("The file is larger than 50 MB."), status=422)
    return render(request, "inbox/_draft_file.html", {"file": attachment}, status=201)


def _served(request: HttpRequest, path: str, mime: str, name: str) -> HttpResponse:
    """A stranger's file, so that it can do no harm: its sniffed type, no scripts, nothing but
    pictures, sound and film in place, all else as a download. Film is asked for in parts."""
    shown = mime in kept.SHOWN
    with _opened(path) as content:
        size = os.fstat(content.fileno()).st_size
        start, end = _wanted(request.headers.get("Range", ""), size)
        content.seek(start)
        body = content.read(end - start)
    response = HttpResponse(
        body, content_type=mime if shown else "application/octet-stream", headers=_HEADERS
    )
    response.headers["Content-Disposition"] = str(content_disposition_header(not shown, name))
    if len(body) < size:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return response


def _wanted(header: str, size: int) -> tuple[int, int]:
    """The bytes a Range header asks for; everything when there is none we can serve."""
    asked = re.fullmatch(r"bytes=(\d{1,15})-(\d{0,15})", header)
    if asked is None or int(asked[1]) >= size:
        return 0, size
    end = min(int(asked[2]) + 1, size) if asked[2] else size
    return (int(asked[1]), end) if end > int(asked[1]) else (0, size)


def _opened(path: str) -> BinaryIO:
    try:
        return kept.open_file(path)
    except FileNotFoundError as gone:
        raise Http404 from gone


urlpatterns = [
    path("media/<str:token>", linked, name="linked_file"),
    path("files/<int:attachment>/", file, name="file"),
    path("tickets/<int:number>/files/", attach, name="attach"),
    path("tickets/<int:number>/picture/", picture, name="picture"),
]

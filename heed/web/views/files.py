"""Files of messages: shown, downloaded, attached and detached."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, cast

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from heed.inbox import files as kept
from heed.inbox import reach, verbs
from heed.web.gate import person, sentence, signed_in

_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"


@require_http_methods(["GET", "HEAD", "DELETE"])
@signed_in
def file(request: HttpRequest, attachment: int) -> HttpResponseBase:
    """A kept file; DELETE takes it out of one's own draft."""
    user = person(request)
    found = reach.attachment(user, attachment)
    if request.method == "DELETE":
        verbs.detach(user, found)
        return HttpResponse(status=200)
    return _served(found.path, found.mime, found.name or f"file-{found.pk}")


@signed_in
def picture(request: HttpRequest, number: int) -> HttpResponseBase:
    """The picture of the post a ticket hangs under."""
    post = reach.ticket(person(request), number).post
    if post is None or not post.picture:
        raise Http404
    with _opened(post.picture) as content:
        mime = kept.sniffed(Path(content.name))
    return _served(post.picture, mime, f"post-{post.pk}")


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


def _served(path: str, mime: str, name: str) -> FileResponse:
    """A stranger's file, so that it can do no harm: its sniffed type, no scripts, nothing but
    pictures, sound and film in place, all else as a download."""
    shown = mime in kept.SHOWN
    response = FileResponse(
        _opened(path),
        as_attachment=not shown,
        filename=name,
        content_type=mime if shown else "application/octet-stream",
    )
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def _opened(path: str) -> BinaryIO:
    try:
        return kept.open_file(path)
    except FileNotFoundError as gone:
        raise Http404 from gone


urlpatterns = [
    path("files/<int:attachment>/", file, name="file"),
    path("tickets/<int:number>/files/", attach, name="attach"),
    path("tickets/<int:number>/picture/", picture, name="picture"),
]

"""Files of messages: shown, downloaded, attached and detached."""

from __future__ import annotations

from typing import BinaryIO, cast

from django.core.signing import BadSignature
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heed.inbox import fetch, reach, verbs
from heed.inbox import files as kept
from heed.inbox.looking import looked_into
from heed.inbox.models import Attachment
from heed.inbox.serving import passing, served
from heed.web.gate import person, sentence, signed_in


@require_http_methods(["GET", "HEAD", "DELETE"])
@signed_in
def file(request: HttpRequest, attachment: int) -> HttpResponseBase:
    """A kept file; DELETE takes it out of one's own draft."""
    user = person(request)
    found = reach.attachment(user, attachment)
    if request.method == "DELETE":
        verbs.detach(user, found)
        return HttpResponse(status=200)
    looked_into(user, found)
    if found.kind == "story":
        return _passing(request, found)
    return _served(request, found.path, found.name or f"file-{found.pk}")


@require_POST
@signed_in
def description(request: HttpRequest, attachment: int) -> HttpResponse:
    """What a picture of one's own draft shows, in words."""
    user = person(request)
    verbs.describe(user, reach.attachment(user, attachment), request.POST.get("alt", ""))
    return HttpResponse(status=204)


@signed_in
def picture(request: HttpRequest, number: int) -> HttpResponseBase:
    """The picture of the post a ticket hangs under."""
    post = reach.ticket(person(request), number).post
    if post is None:
        raise Http404
    return _served(request, post.picture, f"post-{post.pk}")


@require_safe
def linked(request: HttpRequest, token: str) -> HttpResponseBase:
    """A file of an answer for the network that is to deliver it: whoever has the signed link may
    fetch it. Nobody is signed in."""
    try:
        found = Attachment.objects.get(pk=kept.linked(token))
    except (BadSignature, Attachment.DoesNotExist) as error:
        raise Http404 from error
    return _served(request, found.path, found.name or f"file-{found.pk}")


@require_safe
def film(request: HttpRequest) -> HttpResponse:
    """The picture that stands for a film, for the networks that want one. Nobody is signed in."""
    headers = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(kept.FILM.read_bytes(), content_type="image/png", headers=headers)


@require_POST
@signed_in
def attach(request: HttpRequest, number: int) -> HttpResponse:
    """Keep a file for the answer being written; gives back its line for the composer."""
    user = person(request)
    upload = request.FILES.get("file")
    if upload is None or not upload.name:
        return sentence(_("No file arrived. Choose it again."), status=422)
    try:
        attachment = verbs.attach(
            user, reach.ticket(user, number, "answer"), upload.name, cast(BinaryIO, upload)
        )
    except kept.TooLarge:
        return sentence(_("The file is larger than 50 MB."), status=422)
    return render(request, "inbox/_draft_file.html", {"file": attachment}, status=201)


def _passing(request: HttpRequest, story: Attachment) -> HttpResponse:
    """A story as its network has it now."""
    if request.method == "HEAD":
        return _still_there(story)
    try:
        status, headers, content = passing(*fetch.shown(story), request.headers.get("Range", ""))
    except fetch.TryAgain:
        return sentence(_("The story cannot be shown right now. Try again in a moment."), status=503)
    except (fetch.Gone, FileNotFoundError) as gone:
        raise Http404 from gone
    return HttpResponse(content, status=status, headers=headers)


def _still_there(story: Attachment) -> HttpResponse:
    """What is known of a story without asking its network."""
    try:
        fetch.lasting(story)
    except fetch.Gone as gone:
        raise Http404 from gone
    return HttpResponse(headers={"Content-Type": story.mime, "Cache-Control": "no-store"})


def _served(request: HttpRequest, path: str, name: str) -> HttpResponseBase:
    try:
        status, headers, content = served(path, name, request.headers.get("Range", ""))
    except FileNotFoundError as gone:
        raise Http404 from gone
    if request.method == "HEAD":
        content.close()
        return HttpResponse(status=status, headers=headers)
    return StreamingHttpResponse(content, status=status, headers=headers)


urlpatterns = [
    path(f"media/{kept.FILM.name}", film, name="film"),
    path("media/<str:token>", linked, name="linked_file"),
    path("files/<int:attachment>/", file, name="file"),
    path("files/<int:attachment>/description/", description, name="file_description"),
    path("tickets/<int:number>/files/", attach, name="attach"),
    path("tickets/<int:number>/picture/", picture, name="picture"),
]

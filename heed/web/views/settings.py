"""The door to the settings: the first page of them that one may see."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from heed.accounts.rights import NotAllowed
from heed.web.desk_settings import sections
from heed.web.gate import person, signed_in


@signed_in
def settings(request: HttpRequest) -> HttpResponse:
    found = sections(person(request))
    if not found:
        raise NotAllowed
    return redirect(found[0].url)


urlpatterns = [path("settings/", settings, name="settings")]

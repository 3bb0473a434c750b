"""Preferences: what each person sets for themselves."""

from __future__ import annotations

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_http_methods, require_POST

from heed.accounts import verbs
from heed.accounts.models import User
from heed.web import open_sessions
from heed.web.gate import person, signed_in
from heed.web.signin import remember_language

THEMES = [
    ("", gettext_lazy("As this device")),
    ("light", gettext_lazy("Light")),
    ("dark", gettext_lazy("Dark")),
]


class PreferencesForm(forms.Form):
    """Language and look."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    theme = forms.ChoiceField(label=gettext_lazy("Look"), choices=THEMES, required=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for code, field in (("language", self.fields["language"]), ("theme", self.fields["theme"])):
            field.widget.attrs["id"] = f"preferred-{code}"


@require_http_methods(["GET", "POST"])
@signed_in
def preferences(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = PreferencesForm(request.POST or None, initial=_known(user, request))
    if not form.is_valid():
        facts = {
            "form": form,
            "second_factor": is_mfa_enabled(user),
            "sessions": open_sessions.sessions_of(user, request.session.session_key or ""),
        }
        return render(request, "preferences/preferences.html", facts)
    language = form.cleaned_data["language"]
    verbs.choose_language(user, language)
    verbs.choose_theme(user, form.cleaned_data["theme"])
    with override(language):
        messages.success(request, _("Saved."))
    response = redirect("preferences")
    remember_language(response, language)
    return response


@require_POST
@signed_in
def end_session(request: HttpRequest, session: int) -> HttpResponse:
    """Sign one of one's browsers out; signing out of this one leads to the sign-in page."""
    user = person(request)
    open_sessions.end(user, session, user)
    messages.success(request, _("Signed out there."))
    return redirect("preferences")


@require_POST
@signed_in
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    user = person(request)
    open_sessions.end_all(user, user, besides=request.session.session_key or "")
    messages.success(request, _("You are signed in here only."))
    return redirect("preferences")


def _known(user: User, request: HttpRequest) -> dict[str, str]:
    return {"language": user.language or request.LANGUAGE_CODE, "theme": user.theme}


urlpatterns = [
    path("preferences/", preferences, name="preferences"),
    path("preferences/sessions/<int:session>/end/", end_session, name="end_session"),
    path("preferences/sessions/others/end/", end_other_sessions, name="end_other_sessions"),
]

"""API tokens: programs that act for people."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from heed.accounts import reach, verbs
from heed.accounts.refusals import CannotChange
from heed.web.admins import permitted
from heed.web.gate import person


class TokenForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("What it is for"), max_length=120)


@require_http_methods(["GET", "POST"])
@permitted("people")
def tokens(request: HttpRequest) -> HttpResponse:
    """Everybody's tokens. One makes them for oneself only: a token acts for its person."""
    form, made = TokenForm(request.POST or None), ""
    if form.is_valid():
        try:
            made = verbs.make_token(person(request), form.cleaned_data["name"])
            form = TokenForm()
        except CannotChange as cannot:
            form.add_error("name", str(cannot.sentence))
    facts = {"form": form, "made": made, "tokens": reach.tokens(), "me": person(request)}
    return render(request, "settings/tokens.html", facts)


@require_POST
@permitted("people")
def remove(request: HttpRequest, token: int) -> HttpResponse:
    found = reach.token(token)
    try:
        verbs.remove_token(person(request), found)
    except CannotChange as cannot:
        messages.error(request, str(cannot.sentence))
    else:
        messages.success(request, _("The token “%(name)s” is void.") % {"name": found.name})
    return redirect("tokens")


urlpatterns = [
    path("settings/tokens/", tokens, name="tokens"),
    path("settings/tokens/<int:token>/removal/", remove, name="remove_token"),
]

"""Everyone's own keys."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from heed.accounts import verbs
from heed.web import actions
from heed.web.gate import person, signed_in


@require_http_methods(["GET", "POST"])
@signed_in
def shortcuts(request: HttpRequest) -> HttpResponse:
    """Keep the keys somebody gives their actions, or go back to those Heed comes with."""
    user = person(request)
    if request.method == "GET":
        return render(request, "preferences/shortcuts.html")
    if request.POST.get("reset"):
        verbs.choose_keys(user, {}, single_keys=True)
        messages.success(request, _("The shortcuts are again as Heed comes with."))
        return redirect("shortcuts")
    given = {name: key for name, key in request.POST.items() if isinstance(key, str)}
    # What somebody may not do is not on their page: their key for it stays.
    given = {**user.keys, **given}
    try:
        keys = actions.chosen({name: key[:20] for name, key in given.items() if name in actions.NAMES})
    except actions.BadKeys as bad:
        facts = {"given": given, "wrong": bad.sentences}
        return render(request, "preferences/shortcuts.html", facts, status=422)
    verbs.choose_keys(user, keys, single_keys=request.POST.get("single_keys") == "on")
    messages.success(request, _("Saved."))
    return redirect("shortcuts")


urlpatterns = [path("preferences/shortcuts/", shortcuts, name="shortcuts")]

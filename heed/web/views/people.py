"""People: an owner lets colleagues in and ends their access."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from heed.accounts import reach, verbs
from heed.accounts.models import User
from heed.accounts.verbs import CannotChange
from heed.web.admins import permitted
from heed.web.gate import person

ROLES = [
    ("agent", gettext_lazy("Agent: answers customers")),
    ("admin", gettext_lazy("Admin: also connects accounts")),
    ("owner", gettext_lazy("Owner: also lets people in")),
]
_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "new-password"})


class PersonForm(forms.Form):
    """A new colleague."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    email = forms.CharField(label=gettext_lazy("E-mail"), widget=forms.EmailInput, max_length=254)
    password = forms.CharField(
        label=gettext_lazy("First password"),
        widget=_PASSWORD,
        help_text=gettext_lazy(
            "At least 10 characters. Hand it over in person; it can be changed in the preferences."
        ),
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=ROLES)


class PasswordForm(forms.Form):
    """A new password for someone who forgot theirs."""

    password = forms.CharField(label=gettext_lazy("New password"), widget=_PASSWORD)


@require_http_methods(["GET", "POST"])
@permitted("people")
def people(request: HttpRequest) -> HttpResponse:
    form = PersonForm(request.POST or None)
    if form.is_valid():
        try:
            someone = verbs.add_person(**form.cleaned_data)
        except CannotChange as cannot:
            form.add_error(cannot.field, str(cannot.sentence))
        else:
            messages.success(request, _("%(name)s can sign in now.") % {"name": someone.name})
            return redirect("people")
    return render(
        request, "people/people.html", {"people": reach.people(), "form": form, "me": person(request)}
    )


@require_http_methods(["GET", "POST"])
@permitted("people")
def password(request: HttpRequest, someone: int) -> HttpResponse:
    """Give a colleague a new password."""
    colleague = _someone(someone)
    form = PasswordForm(request.POST or None)
    if form.is_valid():
        try:
            verbs.renew_password(colleague, form.cleaned_data["password"])
        except CannotChange as cannot:
            form.add_error("password", str(cannot.sentence))
        else:
            messages.success(request, _("%(name)s has a new password.") % {"name": colleague.name})
            return redirect("people")
    return render(request, "people/password.html", {"colleague": colleague, "form": form})


@require_POST
@permitted("people")
def access(request: HttpRequest, someone: int) -> HttpResponse:
    """End a colleague's access, or give it back."""
    colleague = _someone(someone)
    if request.POST.get("access") == "yes":
        verbs.let_in(colleague)
        messages.success(request, _("%(name)s can sign in now.") % {"name": colleague.name})
        return redirect("people")
    try:
        verbs.shut_out(colleague, person(request))
    except CannotChange as cannot:
        messages.error(request, str(cannot.sentence))
    else:
        messages.success(request, _("%(name)s can no longer sign in.") % {"name": colleague.name})
    return redirect("people")


def _someone(person_id: int) -> User:
    try:
        return reach.someone(person_id)
    except reach.NoSuchPerson as nobody:
        raise Http404 from nobody


urlpatterns = [
    path("people/", people, name="people"),
    path("people/<int:someone>/password/", password, name="person_password"),
    path("people/<int:someone>/access/", access, name="person_access"),
]

"""People: who may come in, with which roles, and inviting somebody new."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heed.accounts import audit, granting, inviting, reach, verbs
from heed.accounts.models import Grant, Invitation, User
from heed.accounts.refusals import CannotChange
from heed.web import invitation_mail, open_sessions, places, second_factor
from heed.web.account_names import all_names
from heed.web.admins import permitted
from heed.web.forms import Refusing
from heed.web.gate import person

_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "new-password"})


class RoleForm(Refusing):
    """A role, and where it holds."""

    role = forms.ChoiceField(label=gettext_lazy("Role"))
    place = forms.ChoiceField(label=gettext_lazy("Holds for"), required=False)

    def __init__(self, by: User, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        given = [each for each in granting.roles() if granting.may_give(by, each)]
        self.fields["role"].choices = [(each.key, str(each.title)) for each in given]  # type: ignore[attr-defined]
        self.fields["role"].initial = "agent"
        self.fields["place"].choices = places.choices()  # type: ignore[attr-defined]


class InviteForm(RoleForm):
    """Somebody new."""

    email = forms.CharField(label=gettext_lazy("E-mail"), widget=forms.EmailInput, max_length=254)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, required=False)
    field_order = ("email", "name", "role", "place")


class PasswordForm(forms.Form):
    """A new password for someone who forgot theirs."""

    password = forms.CharField(label=gettext_lazy("New password"), widget=_PASSWORD)


@dataclass(frozen=True, slots=True)
class Held:
    """A role somebody has, as the pages show it."""

    grant: Grant
    title: str
    where: str


@dataclass(frozen=True, slots=True)
class Row:
    person: User
    roles: list[Held]
    factor: bool
    changeable: bool


@require_http_methods(["GET", "POST"])
@permitted("people")
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, who is invited, and a form to invite with."""
    by = person(request)
    form = InviteForm(by, request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            place = places.chosen(given["place"])
            invitation, token = inviting.invite(by, given["email"], given["role"], place, given["name"])
        except CannotChange as cannot:
            form.refuse(cannot)
        else:
            return _invited(request, invitation, token)
    return _page(request, form=form)


@require_POST
@permitted("people")
def invite_again(request: HttpRequest, invitation: int) -> HttpResponse:
    found = inviting.one(invitation)
    try:
        token = inviting.invite_again(person(request), found)
    except CannotChange as cannot:
        messages.error(request, str(cannot.sentence))
        return redirect("people")
    return _invited(request, found, token)


@require_POST
@permitted("people")
def withdraw(request: HttpRequest, invitation: int) -> HttpResponse:
    found = inviting.one(invitation)
    try:
        inviting.withdraw(person(request), found)
    except CannotChange as cannot:
        messages.error(request, str(cannot.sentence))
    else:
        messages.success(request, _("%(email)s is no longer invited.") % {"email": found.email})
    return redirect("people")


@require_safe
@permitted("people")
def colleague(request: HttpRequest, someone: int) -> HttpResponse:
    """One person: roles, access, devices."""
    return _one(request, reach.someone(someone))


@require_POST
@permitted("people")
def give_role(request: HttpRequest, someone: int) -> HttpResponse:
    found, by = reach.someone(someone), person(request)
    form = RoleForm(by, request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            granting.give(by, found, given["role"], places.chosen(given["place"]))
        except CannotChange as cannot:
            form.refuse(cannot)
        else:
            messages.success(request, _("Saved."))
            return redirect("colleague", found.pk)
    return _one(request, found, form)


@require_POST
@permitted("people")
def take_role(request: HttpRequest, someone: int, grant: int) -> HttpResponse:
    found = reach.someone(someone)
    held = granting.grant_of(found, grant)
    if held is not None:
        with _said(request):
            given = granting.take(person(request), held, places.where(held, all_names()))
            messages.success(request, _("Saved."))
            _say_given_back(request, given)
    return redirect("colleague", found.pk)


@require_http_methods(["GET", "POST"])
@permitted("people")
def password(request: HttpRequest, someone: int) -> HttpResponse:
    """Give a colleague a new password."""
    found = reach.someone(someone)
    form = PasswordForm(request.POST or None)
    if form.is_valid():
        try:
            verbs.renew_password(found, form.cleaned_data["password"], person(request))
        except CannotChange as cannot:
            form.add_error("password", str(cannot.sentence))
        else:
            messages.success(request, _("%(name)s has a new password.") % {"name": found.name})
            return redirect("colleague", found.pk)
    return render(request, "people/password.html", {"colleague": found, "form": form})


@require_POST
@permitted("people")
def access(request: HttpRequest, someone: int) -> HttpResponse:
    """End a colleague's access, or give it back."""
    found, by = reach.someone(someone), person(request)
    with _said(request):
        if request.POST.get("access") == "yes":
            verbs.let_in(found, by)
            messages.success(request, _("%(name)s can sign in now.") % {"name": found.name})
        else:
            given = verbs.shut_out(found, by)
            messages.success(request, _("%(name)s can no longer sign in.") % {"name": found.name})
            _say_given_back(request, given)
    return redirect("colleague", found.pk)


@require_POST
@permitted("people")
def sign_out_everywhere(request: HttpRequest, someone: int) -> HttpResponse:
    """End all of a colleague's sessions."""
    found, by = reach.someone(someone), person(request)
    with _said(request):
        granting.demand(by, found)
        open_sessions.end_all(found, by, besides=request.session.session_key or "")
        messages.success(request, _("%(name)s is signed out everywhere.") % {"name": found.name})
    return redirect("colleague", found.pk)


@require_http_methods(["GET", "POST"])
@permitted("people")
def remove_factor(request: HttpRequest, someone: int) -> HttpResponse:
    """For somebody who lost the device: they sign in with the password alone, until they set up another. Asks
    first."""
    found, by = reach.someone(someone), person(request)
    with _said(request), transaction.atomic():
        granting.demand(by, found)
        if request.method == "GET":
            return render(request, "people/remove_factor.html", {"person": found})
        removed, _each = Authenticator.objects.filter(user=found).delete()
        if removed:
            audit.record(by, "factor_removed", found)
        messages.success(request, _("%(name)s has no second factor now.") % {"name": found.name})
    return redirect("colleague", found.pk)


def _say_given_back(request: HttpRequest, given: int) -> None:
    if given:
        said = ngettext(
            "%(n)d ticket they had went back to its team, or to nobody.",
            "%(n)d tickets they had went back to their teams, or to nobody.",
            given,
        )
        messages.success(request, said % {"n": given})


class _said:  # noqa: N801
    """What cannot be done is said at the foot of the next page."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, CannotChange):
            messages.error(self.request, str(error.sentence))
        return isinstance(error, CannotChange)


def _page(request: HttpRequest, **more: Any) -> HttpResponse:
    by, names = person(request), all_names()
    factors = second_factor.with_factor()
    facts = {
        "people": [_row(each, by, names, factors) for each in reach.people()],
        "invitations": [(each, _held([each.grant], names)[0]) for each in inviting.open_invitations()],
        "form": InviteForm(by),
        "me": by,
        "can_mail": invitation_mail.can_mail(),
    }
    return render(request, "people/people.html", facts | more)


def _one(request: HttpRequest, found: User, form: RoleForm | None = None) -> HttpResponse:
    by, names = person(request), all_names()
    row = _row(found, by, names, second_factor.with_factor())
    facts = {
        "row": row,
        "form": form or RoleForm(by),
        "sessions": open_sessions.sessions_of(found, request.session.session_key or ""),
        "me": by,
    }
    return render(request, "people/person.html", facts)


def _row(found: User, by: User, names: dict[int, str], factors: set[int]) -> Row:
    held = _held(found.grants.all(), names)
    return Row(found, held, found.pk in factors, granting.may_change(by, found))


def _held(grants: Iterable[Grant], names: dict[int, str]) -> list[Held]:
    return [Held(each, each.title, places.where(each, names)) for each in grants]


def _invited(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    """Mail the link. Where no mail goes out, show it once, to be handed over."""
    link = invitation_mail.link(token)
    if invitation_mail.send(invitation, link, person(request)):
        messages.success(request, _("%(email)s gets an invitation by mail.") % {"email": invitation.email})
        return redirect("people")
    return _page(request, link=link, invited=invitation, mail_failed=bool(settings.EMAIL_HOST))


urlpatterns = [
    path("people/", people, name="people"),
    path("people/invitations/<int:invitation>/again/", invite_again, name="invite_again"),
    path("people/invitations/<int:invitation>/withdrawal/", withdraw, name="withdraw_invitation"),
    path("people/<int:someone>/", colleague, name="colleague"),
    path("people/<int:someone>/roles/", give_role, name="give_role"),
    path("people/<int:someone>/roles/<int:grant>/", take_role, name="take_role"),
    path("people/<int:someone>/password/", password, name="person_password"),
    path("people/<int:someone>/access/", access, name="person_access"),
    path("people/<int:someone>/sessions/", sign_out_everywhere, name="person_sessions"),
    path("people/<int:someone>/second-factor/", remove_factor, name="person_factor"),
]

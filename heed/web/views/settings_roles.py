"""Roles: what each may do, and those of the company's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heed.accounts import granting
from heed.accounts.models import Grant, OwnRole
from heed.accounts.refusals import CannotChange
from heed.accounts.rights import ON_TICKETS, PERMISSIONS
from heed.web.admins import permitted
from heed.web.forms import Refusing
from heed.web.gate import person


class OwnRoleForm(Refusing):
    """A name and what it permits."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)
    permissions = forms.MultipleChoiceField(
        label=gettext_lazy("May"), widget=forms.CheckboxSelectMultiple, choices=list(PERMISSIONS.items())
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A permission, and which of the roles have it."""

    title: Promise
    anywhere: bool
    """Whether it can hold for one brand, team or account only."""
    marks: list[bool]


@require_safe
@permitted("people")
def roles(request: HttpRequest) -> HttpResponse:
    found = granting.roles()
    counts = _holders()
    facts = {
        "roles": [(each, counts.get(each.key, 0)) for each in found],
        "own": [
            (each, counts.get(each.key, 0), granting.may_give(person(request), each))
            for each in found
            if each.own
        ],
        "lines": [
            Line(title, key in ON_TICKETS, [key in each.permissions for each in found])
            for key, title in PERMISSIONS.items()
        ],
    }
    return render(request, "settings/roles.html", facts)


@require_http_methods(["GET", "POST"])
@permitted("people")
def make(request: HttpRequest) -> HttpResponse:
    initial = {"permissions": ["see", "note"]}
    form = OwnRoleForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            own = granting.make_role(person(request), **form.cleaned_data)
        except CannotChange as cannot:
            form.refuse(cannot)
        else:
            messages.success(request, _("%(name)s can be given to people now.") % {"name": own.name})
            return redirect("roles")
    return render(request, "settings/role.html", {"form": form})


@require_http_methods(["GET", "POST"])
@permitted("people")
def change(request: HttpRequest, role: int) -> HttpResponse:
    own = _own(role)
    initial = {"name": own.name, "permissions": own.permissions}
    form = OwnRoleForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            granting.change_role(person(request), own, **form.cleaned_data)
        except CannotChange as cannot:
            form.refuse(cannot)
        else:
            messages.success(request, _("Saved."))
            return redirect("roles")
    return render(request, "settings/role.html", {"form": form, "own": own})


@require_POST
@permitted("people")
def remove(request: HttpRequest, role: int) -> HttpResponse:
    own = _own(role)
    try:
        granting.remove_role(person(request), own)
    except CannotChange as cannot:
        messages.error(request, str(cannot.sentence))
    else:
        messages.success(request, _("%(name)s is gone.") % {"name": own.name})
    return redirect("roles")


def _own(role_id: int) -> OwnRole:
    own = granting.own_role(role_id)
    if own is None:
        raise Http404
    return own


def _holders() -> dict[str, int]:
    """How many people have each role."""
    found: list[Any] = list(
        Grant.objects.filter(user__is_active=True)
        .values_list("role", "own")
        .annotate(people=Count("user", distinct=True))
        .order_by()
    )
    return {role or f"own:{own}": people for role, own, people in found}


urlpatterns = [
    path("settings/roles/", roles, name="roles"),
    path("settings/roles/new/", make, name="make_role"),
    path("settings/roles/<int:role>/", change, name="change_role"),
    path("settings/roles/<int:role>/removal/", remove, name="remove_role"),
]

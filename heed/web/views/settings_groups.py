"""Customer groups: who is in them, what names them; renamed, made one, removed."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from heed.inbox import reach, verbs
from heed.inbox.verbs import CannotTend
from heed.web.admins import permitted
from heed.web.gate import person


class GroupForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=60)


@require_safe
@permitted("desk")
def groups(request: HttpRequest) -> HttpResponse:
    """All groups, with how many people are in each."""
    user = person(request)
    rows = [(name, people, address(name)) for name, people in reach.group_sizes(user)]
    return render(request, "settings/groups.html", {"rows": rows, "targets": user.rights.may("routing")})


def address(name: str) -> str:
    """The page of a group: its name may hold anything, so it stands in no path."""
    return f"{reverse('group')}?{urlencode({'of': name})}"


@require_http_methods(["GET", "POST"])
@permitted("desk")
def group(request: HttpRequest) -> HttpResponse:
    """Call a group something else; where there is one of that name, the two become one."""
    user, name = person(request), request.POST.get("of") or request.GET.get("of", "")
    people = reach.group_size(user, name)
    form = GroupForm(request.POST or None, initial={"name": name})
    if form.is_valid():
        try:
            merged = verbs.rename_group(user, name, form.cleaned_data["name"])
        except CannotTend as cannot:
            form.add_error("name", str(cannot.sentence))
        else:
            messages.success(request, _("The two groups are one now.") if merged else _("Saved."))
            return redirect("groups")
    facts = {"form": form, "name": name, "people": people, "places": verbs.where_group_named(name)}
    return render(request, "settings/group.html", facts)


@require_POST
@permitted("desk")
def group_removal(request: HttpRequest) -> HttpResponse:
    user, name = person(request), request.POST.get("of", "")
    reach.group_size(user, name)
    try:
        verbs.drop_group(user, name)
    except CannotTend as cannot:
        messages.error(request, str(cannot.sentence))
        return redirect(address(name))
    messages.success(request, _("The group “%(name)s” is gone.") % {"name": name})
    return redirect("groups")


urlpatterns = [
    path("settings/groups/", groups, name="groups"),
    path("settings/groups/group/", group, name="group"),
    path("settings/groups/removal/", group_removal, name="group_removal"),
]

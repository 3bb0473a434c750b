"""Brands: groups of accounts with their own people, hours and look."""

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
from heed.accounts.models import Brand
from heed.accounts.refusals import CannotChange
from heed.accounts.rights import need_everywhere
from heed.channels import reach as channels
from heed.channels import verbs as channel_verbs
from heed.lib.text import whole
from heed.web.admins import permitted
from heed.web.gate import person


class BrandForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name of the brand"), max_length=120)


@require_http_methods(["GET", "POST"])
@permitted("accounts")
def brands(request: HttpRequest) -> HttpResponse:
    """All brands with their accounts, and those that belong to none."""
    form = BrandForm(request.POST or None)
    if form.is_valid() and _named(request, Brand(), form):
        return redirect("brands")
    accounts = channels.accounts()
    found = reach.brands()
    facts = {
        "form": form,
        "brands": [(each, [one for one in accounts if one.brand_id == each.pk]) for each in found],
        "accounts": accounts,
        "all_brands": found,
    }
    return render(request, "settings/brands.html", facts)


@require_http_methods(["GET", "POST"])
@permitted("accounts")
def brand(request: HttpRequest, brand: int) -> HttpResponse:
    """Call a brand something else."""
    found = reach.brand(brand)
    if found is None:
        raise Http404
    form = BrandForm(request.POST or None, initial={"name": found.name})
    if form.is_valid() and _named(request, found, form):
        return redirect("brands")
    return render(request, "settings/brand.html", {"form": form, "brand": found})


@require_POST
@permitted("accounts")
def account_brand(request: HttpRequest, account_id: int) -> HttpResponse:
    """Which brand an account belongs to: for those who see all tickets, as a brand decides who sees what."""
    need_everywhere(person(request), "see")
    account = channels.account(account_id)
    chosen = request.POST.get("brand", "")
    number = whole(chosen)
    found = reach.brand(number) if number is not None else None
    if chosen and found is None:
        messages.error(request, _("This place is gone. Choose another."))
    else:
        channel_verbs.give_brand(account, found, by=person(request))
        messages.success(request, _("Saved."))
    return redirect("brands")


def _named(request: HttpRequest, found: Brand, form: BrandForm) -> bool:
    try:
        verbs.name_brand(person(request), found, form.cleaned_data["name"])
    except CannotChange as cannot:
        form.add_error("name", str(cannot.sentence))
        return False
    messages.success(request, _("Saved."))
    return True


urlpatterns = [
    path("settings/brands/", brands, name="brands"),
    path("settings/brands/<int:brand>/", brand, name="brand"),
    path("settings/brands/accounts/<int:account_id>/", account_brand, name="account_brand"),
]

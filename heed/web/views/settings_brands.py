"""Brands: groups of accounts with their own people, hours and look."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db import transaction
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
from heed.web.account_names import names_of
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
    found, names = reach.brands(), names_of(accounts)
    facts = {
        "form": form,
        "brands": [(each, [names[one.pk] for one in accounts if one.brand_id == each.pk]) for each in found],
        "accounts": [(each, names[each.pk]) for each in accounts],
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
def account_brands(request: HttpRequest) -> HttpResponse:
    """Which brand each account belongs to: for those who see all tickets, as a brand decides who sees what.
    All that was chosen holds, or nothing."""
    by = person(request)
    need_everywhere(by, "see")
    known: dict[str, Brand | None] = {"": None, **{str(each.pk): each for each in reach.brands()}}
    chosen = dict(zip(request.POST.getlist("account"), request.POST.getlist("brand"), strict=False))
    wanted = [(each, chosen[str(each.pk)]) for each in channels.accounts() if str(each.pk) in chosen]
    if any(brand not in known for _each, brand in wanted):
        messages.error(request, _("This place is gone. Choose another."))
        return redirect("brands")
    with transaction.atomic():
        for account, brand in wanted:
            channel_verbs.give_brand(account, known[brand], by=by)
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
    path("settings/brands/accounts/", account_brands, name="account_brands"),
]

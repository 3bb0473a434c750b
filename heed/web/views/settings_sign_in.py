"""How people sign in: passwords, the second factor, the company's own sign-in."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from heed.accounts import granting, policy, reach
from heed.accounts.models import SignInPolicy
from heed.accounts.refusals import CannotChange
from heed.web import second_factor
from heed.web.admins import permitted
from heed.web.company_sign_in import PROVIDER
from heed.web.forms import Refusing
from heed.web.gate import person

WHO = [
    (SignInPolicy.SecondFactor.NOBODY, gettext_lazy("Nobody has to; everybody may")),
    (SignInPolicy.SecondFactor.SOME, gettext_lazy("Those with one of these roles")),
    (SignInPolicy.SecondFactor.ALL, gettext_lazy("Everybody")),
]


class PasswordsForm(Refusing):
    least_length = forms.IntegerField(
        label=gettext_lazy("Characters at least"),
        min_value=policy.LEAST,
        max_value=policy.MOST,
        help_text=gettext_lazy(
            "Holds for passwords chosen from now on. Passwords never run out: whoever must change them "
            "again and again chooses worse ones."
        ),
    )


class FactorForm(Refusing):
    second_factor = forms.ChoiceField(
        label=gettext_lazy("Who must have one"), choices=WHO, widget=forms.RadioSelect, required=False
    )
    second_factor_roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [(each.key, str(each.title)) for each in granting.roles()]
        self.fields["second_factor_roles"].choices = choices  # type: ignore[attr-defined]


class CompanyForm(Refusing):
    company_name = forms.CharField(
        label=gettext_lazy("Name on the button"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("“Sign in with …”"),
    )
    server = forms.CharField(
        label=gettext_lazy("Server"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Such as https://login.acme.example. Left empty, people sign in here only."),
        widget=forms.TextInput(attrs={"dir": "ltr", "spellcheck": "false", "autocomplete": "off"}),
    )
    client_id = forms.CharField(
        label=gettext_lazy("Client id"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"dir": "ltr", "spellcheck": "false", "autocomplete": "off"}),
    )
    client_secret = forms.CharField(
        label=gettext_lazy("Client secret"),
        max_length=1000,
        required=False,
        widget=forms.PasswordInput(attrs={"dir": "ltr", "autocomplete": "off"}),
    )
    company_domains = forms.CharField(
        label=gettext_lazy("Your mail domains"),
        max_length=2000,
        required=False,
        help_text=gettext_lazy("By commas, such as acme.example."),
        widget=forms.TextInput(attrs={"dir": "ltr", "spellcheck": "false"}),
    )
    company_joins = forms.BooleanField(
        label=gettext_lazy("Whoever has an address there comes in without an invitation"), required=False
    )
    company_role = forms.ChoiceField(label=gettext_lazy("They get the role"), required=False)
    company_factor = forms.BooleanField(
        label=gettext_lazy("Signing in there counts as a second factor"), required=False
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        given = [each for each in granting.roles() if each.key != "owner"]
        self.fields["company_role"].choices = [(each.key, str(each.title)) for each in given]  # type: ignore[attr-defined]
        if policy.stored().company_server:
            self.fields["client_secret"].widget.attrs["placeholder"] = _("unchanged")


@require_safe
@permitted("people")
def sign_in(request: HttpRequest) -> HttpResponse:
    return _page(request)


@require_POST
@permitted("people")
def passwords(request: HttpRequest) -> HttpResponse:
    form = PasswordsForm(request.POST)
    if form.is_valid():
        try:
            policy.choose_passwords(person(request), form.cleaned_data["least_length"])
            return _saved(request)
        except CannotChange as cannot:
            form.refuse(cannot)
    return _page(request, passwords=form)


@require_POST
@permitted("people")
def factor(request: HttpRequest) -> HttpResponse:
    form = FactorForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            policy.choose_factor(person(request), given["second_factor"], given["second_factor_roles"])
            return _saved(request)
        except CannotChange as cannot:
            form.refuse(cannot)
    return _page(request, factor=form)


@require_POST
@permitted("people")
def company(request: HttpRequest) -> HttpResponse:
    form = CompanyForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            policy.connect_company(
                person(request),
                name=given["company_name"],
                server=given["server"],
                client_id=given["client_id"],
                client_secret=given["client_secret"],
                domains=re.split(r"[,;\s]+", given["company_domains"]),
                joins=given["company_joins"],
                role_key=given["company_role"] or "agent",
                factor=given["company_factor"],
            )
            return _saved(request)
        except CannotChange as cannot:
            form.refuse(cannot)
    return _page(request, company=form)


def _saved(request: HttpRequest) -> HttpResponse:
    messages.success(request, _("Saved."))
    return redirect("sign_in_policy")


def _page(
    request: HttpRequest,
    passwords: PasswordsForm | None = None,
    factor: FactorForm | None = None,
    company: CompanyForm | None = None,
) -> HttpResponse:
    stored, connected = policy.stored(), policy.company()
    known = {
        "company_name": stored.company_name,
        "server": stored.company_server,
        "client_id": connected.client_id if connected and stored.company_server else "",
        "company_domains": ", ".join(stored.company_domains),
        "company_joins": stored.company_joins,
        "company_role": stored.company_role,
        "company_factor": stored.company_factor,
    }
    asked = {"second_factor": stored.second_factor, "second_factor_roles": stored.second_factor_roles}
    facts = {
        "passwords": passwords or PasswordsForm(initial={"least_length": stored.least_length}),
        "factor": factor or FactorForm(initial=asked),
        "company": company or CompanyForm(initial=known),
        "connected": connected,
        "way_back": settings.HEED_PUBLIC_URL + reverse("openid_connect_callback", args=[PROVIDER]),
        "lacking": _lacking(stored),
    }
    return render(request, "settings/sign_in.html", facts)


def _lacking(stored: SignInPolicy) -> list[str]:
    """The names of those who will be led to set up a second factor when they come next."""
    having = second_factor.with_factor()
    active = [each for each in reach.people() if each.is_active and each.pk not in having]
    return [each.name for each in active if policy.demands_factor(each, stored)]


urlpatterns = [
    path("settings/sign-in/", sign_in, name="sign_in_policy"),
    path("settings/sign-in/passwords/", passwords, name="choose_passwords"),
    path("settings/sign-in/second-factor/", factor, name="choose_factor"),
    path("settings/sign-in/company/", company, name="connect_company"),
]

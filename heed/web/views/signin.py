"""Where allauth's pages hang. Only those that Heed offers: nobody signs up by themselves."""

from __future__ import annotations

from allauth.account import views
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path
from django.views.decorators.http import require_safe
from django.views.i18n import set_language

from heed.web import company_sign_in
from heed.web.gate import person, signed_in
from heed.web.second_factor import must_set_up


@require_safe
@signed_in
def factor_needed(request: HttpRequest) -> HttpResponse:
    """Where those are led who must have a second factor and have none."""
    if not must_set_up(person(request), request.session):
        return redirect("home")
    return render(request, "mfa/needed.html", {"enabled": is_mfa_enabled(person(request))})


urlpatterns = [
    path("sign-in/", views.login, name="account_login"),
    path("sign-in/closed/", views.signup, name="account_signup"),
    path("sign-in/inactive/", views.account_inactive, name="account_inactive"),
    path("sign-in/with/<slug:provider_id>/", company_sign_in.begin, name="openid_connect_login"),
    path("sign-in/with/<slug:provider_id>/back/", company_sign_in.finish, name="openid_connect_callback"),
    path("sign-out/", views.logout, name="account_logout"),
    path("me/confirm/", views.reauthenticate, name="account_reauthenticate"),
    path("me/password/", views.password_change, name="account_change_password"),
    path("me/password/first/", views.password_set, name="account_set_password"),
    path("me/second-factor/needed/", factor_needed, name="factor_needed"),
    path("me/second-factor/", include("allauth.mfa.urls")),
    path("language/", set_language, name="set_language"),
]

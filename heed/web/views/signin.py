"""Where allauth's pages hang. Only those that Heed offers: nobody signs up, nothing is mailed."""

from __future__ import annotations

from allauth.account import views
from django.urls import include, path
from django.views.i18n import set_language

urlpatterns = [
    path("sign-in/", views.login, name="account_login"),
    path("sign-in/closed/", views.signup, name="account_signup"),
    path("sign-in/inactive/", views.account_inactive, name="account_inactive"),
    path("sign-out/", views.logout, name="account_logout"),
    path("me/confirm/", views.reauthenticate, name="account_reauthenticate"),
    path("me/password/", views.password_change, name="account_change_password"),
    path("me/password/first/", views.password_set, name="account_set_password"),
    path("me/second-factor/", include("allauth.mfa.urls")),
    path("language/", set_language, name="set_language"),
]

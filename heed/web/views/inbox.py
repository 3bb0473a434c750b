"""The inbox: a view's list, the open ticket, the customer beside it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path


@login_required
def home(request: HttpRequest) -> HttpResponse:
    return redirect("view", "unanswered")


@login_required
def view(request: HttpRequest, view: str) -> HttpResponse:
    return render(request, "inbox/inbox.html", {})


@login_required
def account_view(request: HttpRequest, account: int) -> HttpResponse:
    return render(request, "inbox/inbox.html", {})


urlpatterns = [
    path("", home, name="home"),
    path("inbox/account/<int:account>/", account_view, name="account_view"),
    path("inbox/<str:view>/", view, name="view"),
]

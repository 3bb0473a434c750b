"""The chat's addresses."""

from __future__ import annotations

from django.urls import path, re_path

from heed.widget import views

urlpatterns = [
    re_path(r"^(?P<key>[A-Za-z0-9_-]{4,64})\.js$", views.code),
    path("<str:key>/words/<str:language>", views.words_in),
    path("<str:key>/visitors", views.visitors),
    path("<str:key>/returns", views.returns),
    path("<str:key>/messages", views.messages),
    path("<str:key>/typing", views.typing),
    path("<str:key>/receipts", views.receipts),
    path("<str:key>/email", views.email),
    path("<str:key>/uploads", views.uploads),
    path("<str:key>/files/<str:token>", views.file),
    path("<str:key>/live", views.live),
]

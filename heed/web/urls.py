"""The pages. Each module of `views` names its own addresses."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("heed.web.views.search")),
    path("", include("heed.web.views.inbox")),
    path("", include("heed.web.views.ticket")),
    path("", include("heed.web.views.tending")),
    path("", include("heed.web.views.taking")),
    path("", include("heed.web.views.many")),
    path("", include("heed.web.views.notices")),
    path("", include("heed.web.views.settings_sorting")),
    path("", include("heed.web.views.merging")),
    path("", include("heed.web.views.here")),
    path("", include("heed.web.views.files")),
    path("", include("heed.web.views.signin")),
    path("", include("heed.web.views.accounts")),
    path("", include("heed.web.views.deliveries")),
    path("", include("heed.web.views.preferences")),
    path("", include("heed.web.views.settings")),
    path("", include("heed.web.views.people")),
    path("", include("heed.web.views.invitation")),
    path("", include("heed.web.views.settings_roles")),
    path("", include("heed.web.views.settings_teams")),
    path("", include("heed.web.views.settings_rules")),
    path("", include("heed.web.views.settings_brands")),
    path("", include("heed.web.views.settings_sign_in")),
    path("", include("heed.web.views.settings_tokens")),
    path("", include("heed.web.views.settings_audit")),
    path("", include("heed.web.views.settings_hours")),
    path("", include("heed.web.views.settings_targets")),
    path("", include("heed.web.views.settings_automatic")),
]

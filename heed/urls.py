"""Where the surfaces hang."""

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("heed.api.urls")),
    path("widget/", include("heed.widget.urls")),
    path("", include("heed.web.urls")),
]

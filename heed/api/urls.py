"""The API's addresses, below /api/v1/. The document at openapi.json describes them all."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, include, path, re_path
from ninja import NinjaAPI
from ninja.renderers import BaseRenderer

from heed.api import (
    accounts,
    deliveries,
    figures,
    library,
    many,
    merging,
    messages,
    notices,
    problems,
    routing,
    search,
    sorting,
    tickets,
    time,
)
from heed.api.bearer import Bearer


class Json(BaseRenderer):
    """Times keep their microseconds, so that a time read can be compared with one written."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data)


api = NinjaAPI(
    title="Heed",
    version="1",
    description="Everything a person can do in Heed's inbox. Errors are problem documents (RFC 9457).",
    docs_url=None,
    openapi_url="/openapi.json",
    auth=Bearer(),
    renderer=Json(),
    urls_namespace="api",
)
problems.handle(api)
for router in (accounts.router, tickets.router, messages.router, deliveries.router):
    api.add_router("", router)
for router in (sorting.router, notices.router, many.router, merging.router, search.router, library.router):
    api.add_router("", router)
for router in (routing.router, time.router, figures.router):
    api.add_router("", router)

_addresses, _, _namespace = api.urls
for _address in _addresses:
    if isinstance(_address, URLPattern) and _address.callback is not None:
        _address.callback = problems.with_problems(_address.callback)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((_addresses, "ninja"), namespace=_namespace)),
    re_path(r"^(?P<rest>.*)$", problems.no_such_address),
]

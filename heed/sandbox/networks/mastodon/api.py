"""Which call does what."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.mastodon.answers import No
from heed.sandbox.networks.mastodon.playing import MORE
from heed.sandbox.networks.mastodon.seeing import Seeing


class Mastodon(Seeing):
    """Acme has its account on `mastodon.example`; half of the cast lives there, half elsewhere."""

    name = "mastodon"
    label = "Mastodon"
    short = "m"
    colour = "#563acc"
    offers: ClassVar[frozenset[str]] = frozenset({"mention", "comment", "message", "edit", "remove", "react"})
    more = MORE
    backstage = frozenset({"reply"})

    def answer(self, call: Call) -> Reply:
        try:
            for method, pattern, answer in _OPEN:
                if method == call.method and pattern.fullmatch(call.path):
                    return answer(self, call)
            self._signed_in(call)
            for method, pattern, handle in _SIGNED:
                found = pattern.fullmatch(call.path)
                if method == call.method and found:
                    headers = self._spend("requests")
                    reply = handle(self, call, *found.groups())
                    return replace(reply, headers={**headers, **reply.headers})
        except No as no:
            return no.reply
        return Reply(404, {"error": "Not Found"})


def _route(method: str, path: str) -> tuple[str, re.Pattern[str]]:
    return method, re.compile(path.replace(":id", "([^/]+)"))


_OPEN: list[tuple[str, re.Pattern[str], Callable[[Mastodon, Call], Reply]]] = [
    (*_route("POST", "/api/v1/apps"), Mastodon._register),
    (*_route("GET", "/oauth/authorize"), Mastodon._authorize),
    (*_route("POST", "/oauth/token"), Mastodon._token),
    (*_route("GET", "/api/v2/instance"), Mastodon._instance),
    (*_route("GET", "/api/v1/streaming/health"), lambda _mastodon, _call: Reply(200, "OK")),
]


_SIGNED: list[tuple[str, re.Pattern[str], Callable[..., Reply]]] = [
    (*_route("GET", "/api/v1/accounts/verify_credentials"), Mastodon._verify),
    (*_route("GET", "/api/v1/apps/verify_credentials"), Mastodon._verify_app),
    (*_route("GET", "/api/v1/notifications"), Mastodon._list_notifications),
    (*_route("GET", "/api/v1/streaming/user/notification"), Mastodon._stream),
    (*_route("GET", "/api/v1/accounts/:id"), Mastodon._get_account),
    (*_route("GET", "/api/v1/accounts/:id/statuses"), Mastodon._account_statuses),
    (*_route("GET", "/api/v1/statuses"), Mastodon._get_statuses),
    (*_route("POST", "/api/v1/statuses"), Mastodon._post),
    (*_route("GET", "/api/v1/statuses/:id"), Mastodon._get_status),
    (*_route("PUT", "/api/v1/statuses/:id"), Mastodon._put),
    (*_route("DELETE", "/api/v1/statuses/:id"), Mastodon._delete),
    (*_route("GET", "/api/v1/statuses/:id/context"), Mastodon._context),
    (*_route("GET", "/api/v1/statuses/:id/source"), Mastodon._source),
    (*_route("GET", "/api/v1/statuses/:id/history"), Mastodon._history),
    (*_route("POST", "/api/v1/statuses/:id/(favourite|unfavourite|reblog|unreblog)"), Mastodon._react),
    (*_route("POST", "/api/v2/media"), Mastodon._upload),
    (*_route("GET", "/api/v1/media/:id"), Mastodon._get_media),
]

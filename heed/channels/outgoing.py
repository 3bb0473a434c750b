"""The way out of this process: one guarded HTTP client."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from heed.lib.http import Client


def client() -> Client:
    """The client of this process. It may call the private hosts that the admin named, no others."""
    return _client(tuple(settings.HEED_ALLOW_PRIVATE_HOSTS))


@cache
def _client(allowed: tuple[str, ...]) -> Client:
    return Client(allowed)

"""The addresses of the servers that an admin enters."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from django.conf import settings as heed_settings
from django.utils.translation import gettext as _

from heed.channels.base import Network
from heed.channels.verbs.refusals import CannotConnect
from heed.lib.http import is_allowed


def checked_address(base_url: str, adapter: Network) -> str:
    """The address as it is kept: http(s), no slash at the end, public or named by the admin."""
    if not base_url.strip():
        return adapter.base_url.rstrip("/")
    url = base_url.strip().rstrip("/")
    parts, port = _parts(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise CannotConnect(
            _("The base address must start with http:// or https:// and name a host."), "base_url"
        )
    if parts.username or parts.query or parts.fragment or len(url) > 500:
        raise CannotConnect(
            _("The base address is only scheme, host, port and path, such as %(example)s.")
            % {"example": adapter.base_url},
            "base_url",
        )
    if not _may_call(parts.hostname, port):
        raise CannotConnect(
            _(
                "%(host)s is a private address, which Heed does not call. If it is meant, name it in "
                "HEED_ALLOW_PRIVATE_HOSTS and start Heed again."
            )
            % {"host": parts.netloc},
            "base_url",
        )
    return url


def _parts(url: str) -> tuple[SplitResult | None, int]:
    try:
        parts = urlsplit(url)
        return parts, parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None, 0


def _may_call(host: str, port: int) -> bool:
    """Whether every address of the host may be called. A host without one is found out by the check."""
    allowed = frozenset(heed_settings.HEED_ALLOW_PRIVATE_HOSTS)
    try:
        addresses = [str(ipaddress.ip_address(host))]
    except ValueError:
        addresses = _addresses(host, port)
    return all(is_allowed(host, port, address, allowed) for address in addresses)


def _addresses(host: str, port: int) -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []

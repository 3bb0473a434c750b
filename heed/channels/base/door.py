"""What the door asks a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hook:
    """A request at the door. Header names are lower case; `body` is exactly what was sent."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Admission:
    """What the door answers. `keep` says whether the body goes to the ledger first."""

    status: int
    keep: bool = False
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


ADMITTED = Admission(200, keep=True, body=b"{}", content_type="application/json")
REFUSED = Admission(403, body=b"The signature does not fit.")
WRONG_METHOD = Admission(405, body=b"This address takes POST.")

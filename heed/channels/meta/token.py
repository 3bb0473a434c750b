"""What Meta says of a token when it is asked by `debug_token`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from heed.channels.base import Permission, Refusal
from heed.channels.meta.shapes import record
from heed.lib import clock


@dataclass(frozen=True, slots=True)
class Token:
    """`scopes` is None where Meta does not say; `expires_at` where it does not end."""

    scopes: frozenset[str] | None = None
    expires_at: datetime | None = None

    def missing(self, permissions: Iterable[Permission]) -> tuple[str, ...]:
        """The names of those that were not granted, as far as Meta says."""
        if self.scopes is None:
            return ()
        return tuple(each.name for each in permissions if each.needed and each.name not in self.scopes)


def told(answer: Any) -> Token:
    """Read the answer of `debug_token`."""
    data = record(record(answer).get("data"))
    scopes, ends = data.get("scopes"), data.get("expires_at")
    return Token(
        frozenset(map(str, scopes)) if isinstance(scopes, list) else None,
        clock.from_unix(ends) if isinstance(ends, int) and ends > 0 else None,
    )


def let_pass(refusal: Refusal) -> None:
    """What Meta does not let every app do is no reason to stop; a dead token or a busy network is."""
    if refusal.retry or refusal.reason == "sign_in_again":
        raise refusal


def named(refusal: Refusal, missing: tuple[str, ...]) -> Refusal:
    """The refusal for want of a permission, saying which are missing."""
    if refusal.reason != "not_allowed" or not missing:
        return refusal
    detail = f"Not granted: {', '.join(missing)}. {refusal.detail}"
    return Refusal("not_allowed", code=refusal.code, detail=detail[:300])

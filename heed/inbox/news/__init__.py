"""All other news a network brings, one at a time. Each may come twice, late, or before its message."""

from __future__ import annotations

from heed.inbox.news.applying import apply
from heed.inbox.news.echoes import apply_parked

__all__ = ["apply", "apply_parked"]

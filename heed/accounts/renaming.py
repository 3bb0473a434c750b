"""What keeps names of teams, brands and accounts, in rooms above, takes a new one over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Kind = Literal["team", "brand", "account"]
Keeper = Callable[[Kind, int, str], None]
"""Gets what it is, its id, and the name it had."""
_keepers: list[Keeper] = []


def also_kept(keeper: Keeper) -> None:
    """From now on this is told of every new name."""
    if keeper not in _keepers:
        _keepers.append(keeper)


def tell(kind: Kind, pk: int, before: str, now: str) -> None:
    """Something is called otherwise; in the transaction that wrote it."""
    if before != now:
        for keeper in _keepers:
            keeper(kind, pk, before)

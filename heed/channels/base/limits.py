"""How long a text may be, in a network's own unit."""

from __future__ import annotations

from dataclasses import dataclass

from heed.lib.text import Unit, measure


@dataclass(frozen=True, slots=True)
class Limit:
    unit: Unit
    most: int

    def takes(self, text: str) -> bool:
        return self.over(text) <= 0

    def over(self, text: str) -> int:
        """By how much the text is too long; zero or less where it fits."""
        return measure(text, self.unit) - self.most

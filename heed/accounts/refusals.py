"""Why something is not done."""

from __future__ import annotations

from django.utils.functional import Promise


class CannotChange(Exception):
    """What was asked for cannot be done. `sentence` says why, `field` where."""

    def __init__(self, sentence: str | Promise, field: str = "") -> None:
        super().__init__(str(sentence))
        self.sentence = sentence
        self.field = field


class NotHere(LookupError):
    """There is nothing of this number or name for whoever asks."""

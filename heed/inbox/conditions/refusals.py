"""What is wrong with a condition."""

from __future__ import annotations


class BadCondition(ValueError):
    """A condition that cannot be understood: at which letter, which word, why, and what to write instead
    (empty where we have no idea)."""

    def __init__(self, position: int, word: str, sentence: str, suggestion: str = "") -> None:
        super().__init__(sentence)
        self.position = position
        self.word = word
        self.sentence = sentence
        self.suggestion = suggestion

    @property
    def end(self) -> int:
        return self.position + max(1, len(self.word))

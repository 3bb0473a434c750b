"""How the Graph API says no."""

from __future__ import annotations


class Refused(Exception):
    """An error of the Graph API. `minutes` is the wait that its usage header asks for."""

    def __init__(self, code: int, message: str, sub: int = 0, *, status: int = 400, minutes: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.sub = sub
        self.status = status
        self.minutes = minutes


def not_there(id: str) -> Refused:
    words = (
        f"Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation"
    )
    return Refused(100, words, 33)


def blocked() -> Refused:
    return Refused(551, "(#551) This person isn't available right now.", 1545041)


def check_length(name: str, text: str, most: int) -> None:
    """Raises `Refused`."""
    if len(text) > most:
        raise Refused(100, f"(#100) Length of param {name} must be less than or equal to {most}")

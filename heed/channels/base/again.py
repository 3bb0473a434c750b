"""Faults of a network that pass by themselves: one more try, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from heed.channels.base.outbound import Refusal
from heed.lib.http import Request, Response, Steps

T = TypeVar("T")

REST = 5.0
"""Seconds before the second try."""


class Passing(Refusal):
    """A refusal that may be over in a moment. When it comes twice, it stays."""


def asked(request: Request, understood: Callable[[Response], T]) -> Steps[T]:
    """Send the request and give back what `understood` makes of the answer; where that raises `Passing`,
    send it once more. Whatever was refused did not happen."""
    try:
        return understood((yield request))
    except Passing:
        return understood((yield replace(request, wait=REST)))

"""Whose turn it is in a chat: another app may have it, until a person answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from heed.channels.base import TAKEN_OVER, Refusal, Sent
from heed.channels.meta.errors import thread_is_elsewhere
from heed.lib.http import Steps

TAKE = "take_thread_control"
RELEASE = "release_thread_control"
"""Gives the chat to the app that has those nobody took."""


def sent_in_turn(attempt: Callable[[], Steps[Sent]], take: Callable[[], Steps[Any]]) -> Steps[Sent]:
    """Send; where another app has the chat, it is taken first, once, and the message says so."""
    try:
        return (yield from attempt())
    except Refusal as refusal:
        if not thread_is_elsewhere(refusal):
            raise
    yield from take()
    sent = yield from attempt()
    return replace(sent, refs={**sent.refs, TAKEN_OVER: True})

"""The page on which one plays the customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heed.sandbox.frame import Call, Reply

if TYPE_CHECKING:
    from heed.sandbox.frame import Sandbox


def answer(sandbox: Sandbox, call: Call) -> Reply:
    return Reply(404, "There is nothing here.")

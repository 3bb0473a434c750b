"""What is done to accounts: connect, reconnect, move, rename, disconnect, remove."""

from __future__ import annotations

from heed.channels.verbs.changing import (
    choose_after_solved,
    disconnect,
    give_brand,
    rename,
    when_brands_change,
)
from heed.channels.verbs.connecting import connect
from heed.channels.verbs.entered import made_up
from heed.channels.verbs.moving import move
from heed.channels.verbs.reconnecting import check_again, reconnect
from heed.channels.verbs.refusals import CannotConnect
from heed.channels.verbs.removing import HAS_HISTORY, CannotRemove, remove, when_removing
from heed.channels.verbs.signing_in import Away, begin_sign_in, finish_sign_in, way_back

__all__ = [
    "HAS_HISTORY",
    "Away",
    "CannotConnect",
    "CannotRemove",
    "begin_sign_in",
    "check_again",
    "choose_after_solved",
    "connect",
    "disconnect",
    "finish_sign_in",
    "give_brand",
    "made_up",
    "move",
    "reconnect",
    "remove",
    "rename",
    "way_back",
    "when_brands_change",
    "when_removing",
]

"""What a rule can do to a ticket. Each action says what it needs, checks it, tells what it does, does it to
many at once, and knows whether it would change anything.

`shapes` (what an action is), `table` (all of them), `checks` (what is kept of what somebody chose), `wording`
(what it does, in words), `changes` (what it changes of tickets), `messages` (what it writes, answers and
hides), `calls` (whom it tells and what it calls).
"""

from __future__ import annotations

from heed.routing.actions.shapes import PRIORITIES, STATUSES, Action, BadAction, Failed
from heed.routing.actions.table import ACTIONS, checked, do, gone, noted, tell, would_change
from heed.routing.actions.wording import called, host_of

__all__ = [
    "ACTIONS",
    "PRIORITIES",
    "STATUSES",
    "Action",
    "BadAction",
    "Failed",
    "called",
    "checked",
    "do",
    "gone",
    "host_of",
    "noted",
    "tell",
    "would_change",
]

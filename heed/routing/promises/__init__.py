"""The running promises of tickets, and from them the due time the lists show.

They are brought to what ticket and thread say now. What is, is read, not what happened, so it may be done
twice, late, or for several events at once. Only pauses and changes of place need the time at which they
happened: that comes from the log, from where the promise was last counted.

`batch` (which tickets, and all of it for many of them), `matters` (a ticket as far as promises ask),
`thread` (what its thread and the log say), `course` (how a ticket went, told from its log alone), `whole`
(who was answered where several tickets are one), `clocks` (a promise as it stands, read and written),
`work` (what follows for a ticket), `telling` (what is said of it, and when), `policies` (what is promised).
"""

from __future__ import annotations

from heed.routing.promises.batch import keep, keep_all, keep_promises, open_tickets
from heed.routing.promises.policies import keep_policy, move_policy, put_policy_away
from heed.routing.promises.telling import AT_ONCE, say_what_is_due

__all__ = [
    "AT_ONCE",
    "keep",
    "keep_all",
    "keep_policy",
    "keep_promises",
    "move_policy",
    "open_tickets",
    "put_policy_away",
    "say_what_is_due",
]

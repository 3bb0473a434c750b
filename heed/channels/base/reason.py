"""Why a network says no, in words all networks share."""

from __future__ import annotations

from typing import Literal

Reason = Literal[
    "sign_in_again",  # the token is dead: reconnect the account
    "not_allowed",  # a permission is missing
    "account_blocked",  # the network stopped this account
    "outside_window",  # too late to write freely
    "unreachable",  # this person cannot be written to
    "script_refused",  # nor can anybody whose address is in this script
    "gone",  # what we answer is not there any more
    "used_up",  # no more messages until the customer writes again
    "quota_spent",  # no more messages to anybody until the quota begins anew
    "already_done",  # only once, and it was done
    "not_privately",  # no private reply to this one
    "too_long",
    "file_refused",
    "duplicate",
    "bad_request",  # the network did not accept what we sent
    "not_configured",
    "wrong_server",  # what was entered for a server is none, or its port is none; `detail` names both
    "network_down",
    "slow_down",  # rate limit
]

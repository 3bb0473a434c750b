"""What may have been missed of an account is read afterwards, and the account looked at right away.

Jobs are named here, not imported: those who defer them stand below those who do them.
"""

from __future__ import annotations

from datetime import datetime

from heed.lib.jobs import Named, defer_once

MIND_GAP = "heed.mind_gap"
"""The job that reads what was missed. It belongs to the inbox, which knows what came when."""
CHECK = "heed.channels.jobs.check_account"


def mind_gap(account_id: int, since: datetime) -> None:
    """Have read what may have been missed since then."""
    Named(MIND_GAP, "collect").defer(account=account_id, since=since.isoformat())


def check_soon(account_id: int) -> None:
    """Have the account checked, unless that waits to be done already."""
    defer_once(Named(CHECK, "accounts"), f"check:{account_id}", account_id=account_id)


def after_outage(account_id: int, since: datetime) -> None:
    """Nobody reached us since then: a network may have given up telling us, which only a check finds out."""
    mind_gap(account_id, since)
    check_soon(account_id)

"""New mail: what came into the mailbox, and what was sent out of it elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heed.channels.base import AccountRecord, Collected
from heed.channels.email import payload
from heed.channels.email.calls import SENT, login_of, mailbox, refuse_mailbox
from heed.lib import clock
from heed.lib.http import Request, Steps

MOST_READ = 2 * 1024 * 1024
"""Bytes of one mail that go into the ledger. Files beyond stay in the mailbox until they are fetched."""

_PAGE = 25
_BOXES = {"INBOX": "INBOX", "sent": SENT}


def collect(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    """The mail after the cursor; at first only where the mailbox stands now."""
    bodies: list[bytes] = []
    after: dict[str, Any] = {}
    more = False
    for box, name in _BOXES.items():
        at = cursor.get(box) or (account.facts.get("start") if box == "INBOX" else None)
        before = at if isinstance(at, dict) else {}
        page = yield from _page(account, name, before)
        messages = page.get("messages") or []
        bodies += [payload.body(box, str(page.get("uidvalidity", "")), each) for each in messages]
        after[box] = _following(before, page)
        more = more or bool(page.get("more"))
    return Collected(tuple(bodies), after, more=more)


def beginning(stands: Mapping[str, Any]) -> dict[str, Any]:
    """The cursor of a mailbox that is looked at for the first time."""
    return _following({}, stands)


def _page(account: AccountRecord, name: str, before: Mapping[str, Any]) -> Steps[Mapping[str, Any]]:
    response = yield Request(
        "GET",
        mailbox(account, name),
        params={
            "uidvalidity": str(before.get("uidvalidity", "")),
            "after": str(before.get("uid", 0)),
            "since": str(before.get("at", "")),
            "again": "1" if before.get("again") else "",
            "limit": str(_PAGE),
            "most": str(MOST_READ),
        },
        login=login_of(account),
    )
    if response.status == 404 and name == SENT:
        return {}  # not every mailbox keeps what was sent
    return refuse_mailbox(response, account)


def _following(before: Mapping[str, Any], page: Mapping[str, Any]) -> dict[str, Any]:
    """Where to go on. When the mailbox was made anew (another UIDVALIDITY) its numbers mean nothing:
    the mail since `at` is read `again`, and known again by its Message-ID."""
    if not page:
        return dict(before)
    uidvalidity, messages = str(page["uidvalidity"]), page.get("messages") or []
    anew = bool(before) and uidvalidity != before.get("uidvalidity")
    last = int(messages[-1]["uid"]) if messages else 0 if anew else int(before.get("uid", 0))
    again = anew or bool(before.get("again"))
    if not before or (again and not page.get("more")):
        last = int(page.get("uidnext") or 1) - 1
    times = [str(each["internaldate"]) for each in messages if each.get("internaldate")]
    found: dict[str, Any] = {"uidvalidity": uidvalidity, "uid": last}
    if again and page.get("more"):
        return {**found, "at": before.get("at", ""), "again": True}
    return {**found, "at": max([str(before.get("at", "")) or clock.now().isoformat(), *times])}

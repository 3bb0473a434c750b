"""New mail: what came into the mailbox, and what was sent out of it elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from email import message_from_bytes
from hashlib import sha256
from typing import Any

from heed.channels.base import SEEN_TO, AccountRecord, Collected
from heed.channels.email import payload
from heed.channels.email.calls import SENT, login_of, mailbox, mark_of, refuse_mailbox
from heed.lib import clock
from heed.lib.http import Request, Steps

MOST_READ = 2 * 1024 * 1024
"""Bytes of one mail that go into the ledger. Files beyond stay in the mailbox until they are fetched."""

_PAGE = 25
_BOXES = {"INBOX": "INBOX", "sent": SENT}

_ASKED_EVERY = 30.0
_MOST_ASKED = 2
"""How many of the mails that were refused are asked for again at once, and after how many seconds: fewer than
a server may refuse at once, so that new mail has its turn."""

_NO_MAILBOX = "0"
"""A UIDVALIDITY that no mailbox has (RFC 3501, 9)."""

_FEWEST_TRIES = 5
_PATIENCE = 30 * 60.0
"""So often, and for so many seconds, a mail is refused before it is set aside: servers refuse for a while,
too, and in words of their own."""

Waiting = dict[str, dict[str, float]]
"""Of the mails that were refused, by number: refused `since` when, when `last`, and how many `times`."""


def collect(account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
    """The mail after the cursor; at first only where the mailbox stands now."""
    bodies: list[bytes] = []
    mark = mark_of(account)
    after: dict[str, Any] = {}
    more = False
    for box, name in _BOXES.items():
        at = cursor.get(box) or (account.facts.get("start") if box == "INBOX" else None)
        before = _seen_from(mark, at) if isinstance(at, dict) else {}
        due = _due(before)
        page = yield from _page(account, name, before, due)
        if other := _if_another(account, before, page):
            before, due = other, []
            page = yield from _page(account, name, before, due)
        waiting = _waiting(before, page, due) if page else {}
        bodies += [
            payload.body(box, str(page.get("uidvalidity", "")), each, mark)
            for each in page.get("messages") or []
            if not _goes_on(waiting.get(str(each["uid"])))
        ]
        left = {uid: each for uid, each in waiting.items() if _goes_on(each)}
        following = {**_following(before, page), **({"waiting": left} if left else {})}
        after[box] = {**following, "mark": mark, **_seen_to(account)} if following else {}
        more = more or bool(page.get("more"))
    return Collected(tuple(bodies), after, more=more)


def beginning(account: AccountRecord, stands: Mapping[str, Any]) -> dict[str, Any]:
    """The cursor of a mailbox that is looked at for the first time."""
    return {**_following({}, stands), "mark": mark_of(account), **_seen_to(account)}


def _seen_to(account: AccountRecord) -> dict[str, str]:
    """When a person last connected the account: the mailbox behind it may be another since."""
    return {SEEN_TO: str(account.facts[SEEN_TO])} if SEEN_TO in account.facts else {}


def _if_another(
    account: AccountRecord, before: Mapping[str, Any], page: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The cursor to read with instead, where another mailbox lies under the same name and numbers; else
    nothing. It is another where the last mail that was read is not the one of that number. Where no mail has
    that number any more it may be, once a person has seen to the account: old mail is left alone then."""
    if not before or _made_anew(before, page) or not page.get("messages") or before.get("again"):
        return {}
    known, found = before.get("last", ""), _told_by(page.get("last", ""))
    if known and found:
        return _by_date(before) if known != found else {}
    return {**before, "again": True} if before.get(SEEN_TO) != account.facts.get(SEEN_TO) else {}


def _told_by(raw: str) -> str:
    """By what a mail is known again, of its bytes in Base64: its Message-ID and what stands beside that.
    Servers fold long lines in their own ways."""
    head = base64.b64decode(raw).replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    if not head.strip():
        return ""
    found = message_from_bytes(head)
    said = ["".join(str(found.get(name, "")).split()) for name in ("Message-ID", "Date", "From", "Subject")]
    return sha256("\n".join(said).encode("utf-8", "replace")).hexdigest()[:16]


def _seen_from(mark: str, at: Mapping[str, Any]) -> Mapping[str, Any]:
    """The cursor as this mailbox understands it. From another one, from which the account moved here, only
    the time counts: its numbers mean nothing, even where they look the same."""
    return at if at.get("mark", mark) == mark else _by_date(at)


def _by_date(at: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"uidvalidity": _NO_MAILBOX, "uid": 0, "at": at.get("at", "")}


def _due(before: Mapping[str, Any]) -> list[int]:
    """The mails to ask for once more, those first that waited longest."""
    late = clock.now().timestamp() - _ASKED_EVERY
    waiting: Waiting = before.get("waiting") or {}
    due = sorted((each["last"], int(uid)) for uid, each in waiting.items() if each["last"] <= late)
    return sorted(uid for _, uid in due[:_MOST_ASKED])


def _waiting(before: Mapping[str, Any], page: Mapping[str, Any], due: Sequence[int]) -> Waiting:
    """What waits after this page: neither what was given nor what is not there any more. The rest of a page
    that ended early was not asked for."""
    found: Waiting = {} if _made_anew(before, page) else dict(before.get("waiting") or {})
    messages, now = page.get("messages") or [], clock.now().timestamp()
    reached = int(messages[-1]["uid"]) if messages and page.get("more") else None
    refused = {str(each["uid"]) for each in messages if each.get("refused")}
    for uid in due:
        if str(uid) not in refused and (reached is None or uid <= reached):
            found.pop(str(uid), None)
    for number in refused:
        known = found.get(number, {"since": now, "times": 0})
        found[number] = {"since": known["since"], "last": now, "times": known["times"] + 1}
    return found


def _goes_on(waiting: Mapping[str, float] | None) -> bool:
    """Whether a mail goes on waiting; False when it was not refused, or often enough."""
    if waiting is None:
        return False
    return waiting["times"] < _FEWEST_TRIES or waiting["last"] - waiting["since"] < _PATIENCE


def _page(
    account: AccountRecord, name: str, before: Mapping[str, Any], waiting: Sequence[int]
) -> Steps[Mapping[str, Any]]:
    response = yield Request(
        "GET",
        mailbox(account, name),
        params={
            "uidvalidity": str(before.get("uidvalidity", "")),
            "after": str(before.get("uid", 0)),
            "since": str(before.get("at", "")),
            "again": "1" if before.get("again") else "",
            "waiting": ",".join(map(str, waiting)),
            "limit": str(_PAGE),
            "most": str(MOST_READ),
        },
        login=login_of(account),
    )
    if response.status == 404 and name == SENT:
        return {}  # not every mailbox keeps what was sent
    return refuse_mailbox(response, account)


def _following(before: Mapping[str, Any], page: Mapping[str, Any]) -> dict[str, Any]:
    """Where to go on. When the mailbox was made anew its numbers mean nothing: the mail since `at` is read
    `again`, and known again by its Message-ID."""
    if not page:
        return dict(before)
    uidvalidity, messages = str(page["uidvalidity"]), page.get("messages") or []
    anew = bool(before) and _made_anew(before, page)
    last = max(0 if anew else int(before.get("uid", 0)), *(int(each["uid"]) for each in messages), 0)
    again = anew or bool(before.get("again"))
    if not before or (again and not page.get("more")):
        last = int(page.get("uidnext") or 1) - 1
    times = [str(each["internaldate"]) for each in messages if each.get("internaldate")]
    found: dict[str, Any] = {"uidvalidity": uidvalidity, "uid": last}
    told = next((_told_by(each.get("raw", "")) for each in messages if int(each["uid"]) == last), "")
    if told or (last == before.get("uid") and not anew and before.get("last")):
        found["last"] = told or before["last"]
    if again and page.get("more"):
        return {**found, "at": before.get("at", ""), "again": True}
    return {**found, "at": max([str(before.get("at", "")) or clock.now().isoformat(), *times])}


def _made_anew(before: Mapping[str, Any], page: Mapping[str, Any]) -> bool:
    """Whether this is another mailbox than before: it says so itself, or would give out numbers again that
    were given out already, which none ever does (RFC 3501, 2.3.1.1)."""
    behind = 0 < int(page.get("uidnext") or 0) <= int(before.get("uid") or 0)
    return behind or str(page["uidvalidity"]) != before.get("uidvalidity")

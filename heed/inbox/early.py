"""News that overtook its message, and echoes of which it cannot be told yet whose they are.

They are kept, and applied when their message comes or when a sweep finds that it has come: two
processes may each see the other's half of the story only after both have committed.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import transaction
from django.db.models import Count, Exists, Func, JSONField, OuterRef

from heed.inbox import receipts
from heed.inbox.models import EarlyNews, Message, Revision, Ticket
from heed.lib import clock
from heed.lib.text import first_words

log = logging.getLogger("heed.early")

What = Literal["edited", "removed", "hidden", "receipt", "echo"]

_JUST_BEFORE = timedelta(microseconds=1)
_KEPT_FOR = timedelta(days=3)
_MOST = 500


def keep(account: int, external_id: str, what: What, at: datetime, **data: Any) -> None:
    """Keep news about a message that is not here yet. The same news again changes nothing."""
    EarlyNews.objects.bulk_create(
        [EarlyNews(account_id=account, external_id=external_id, what=what, at=at, data=data)],
        ignore_conflicts=True,
    )


def apply_to(stored: Mapping[tuple[int, str], int]) -> None:
    """Apply what waited for messages that have just been stored (ids by account and external id)."""
    by_account: dict[int, list[str]] = defaultdict(list)
    for account, external_id in stored:
        by_account[account].append(external_id)
    for account, ids in by_account.items():
        waiting = EarlyNews.objects.filter(account_id=account).exclude(what="echo")
        among = waiting.extra(where=["external_id = ANY(%s)"], params=[ids])
        for news in among.order_by("at", "id"):
            apply(Message.objects.get(pk=stored[(account, news.external_id)]), news)


def apply_waiting() -> int:
    """Apply what waits for messages that have come meanwhile; gives back how much that was."""
    here = Message.objects.filter(account=OuterRef("account"), external_id=OuterRef("external_id"))
    waiting = EarlyNews.objects.filter(Exists(here)).order_by("at", "id")[:_MOST]
    for news in waiting:
        with transaction.atomic():
            apply(Message.objects.get(account=news.account_id, external_id=news.external_id), news)
    return len(waiting) + _apply_to_wholes()


def _apply_to_wholes() -> int:
    """Apply what says that another part of an answer did not arrive; of the other news of parts nothing
    follows."""
    part = Func(OuterRef("external_id"), function="jsonb_build_array", output_field=JSONField())
    whole = Message.objects.filter(account=OuterRef("account"), direction="out", refs__has_key="more")
    failed = EarlyNews.objects.filter(what="receipt", data__state="failed")
    waiting = failed.filter(Exists(whole.filter(refs__more__contains=part))).order_by("at", "id")[:_MOST]
    for news in waiting:
        with transaction.atomic():
            found = receipts.whole_of(news.account_id, news.external_id)
            if found is not None:
                apply(found, news)
    return len(waiting)


def forget() -> None:
    """Drop what waited in vain: its message, or the comment that an echo answers, never came to us.

    Nothing can be shown of it, and no answer of ours is touched. The delivery stays in the ledger, and
    replaying it has the news wait anew.
    """
    old = EarlyNews.objects.filter(created_at__lt=clock.now() - _KEPT_FOR)
    counts = old.order_by().values_list("account", "what").annotate(Count("pk"))
    for account, what, count in counts:
        log.info("account %s: %s × %s given up, the message it is about never came", account, count, what)
    old.delete()


def apply(message: Message, news: EarlyNews) -> None:
    """Apply one piece of kept news to its message, and drop it."""
    match news.what:
        case "edited":
            edit(message, news.at, news.data["text"])
        case "removed":
            remove(message, news.at)
        case "hidden":
            hide(message, news.at, news.data["hidden"])
        case "receipt" if message.direction == "out":
            receipts.receipt(message, part=news.external_id, **news.data)
    news.delete()


def edit(message: Message, at: datetime, text: str) -> bool:
    """Give a message a revision; the latest by the network's time is shown. False if known, or where nothing
    that one can see was changed. Networks tell of that, too: only its time is kept, and tells of another edit
    that comes late."""
    found = receipts.locked(message)
    if found is None:
        return False
    message = found
    rows = [Revision(message=message, at=at, text=text)]
    if message.text == text and (message.edited_at is None or message.edited_at <= at):
        Revision.objects.bulk_create(rows, ignore_conflicts=True)
        return False
    if message.edited_at is None:
        # Networks tell the second only: the first words stand just before, whatever second the edit names.
        rows.insert(0, Revision(message=message, at=message.at - _JUST_BEFORE, text=message.text))
    before = Revision.objects.filter(message=message).count()
    Revision.objects.bulk_create(rows, ignore_conflicts=True)
    if Revision.objects.filter(message=message).count() == before:
        return False
    latest = Revision.objects.filter(message=message).order_by("at", "id").last()
    assert latest is not None
    Message.objects.filter(pk=message.pk).update(text=latest.text, edited_at=latest.at)
    Ticket.objects.filter(pk=message.ticket_id, last_at=message.at).update(
        last_text=first_words(latest.text, 180)
    )
    return True


def remove(message: Message, at: datetime) -> bool:
    """Mark a message removed; what stood there is kept. False if it already was."""
    if receipts.locked(message) is None:
        return False
    return bool(Message.objects.filter(pk=message.pk, removed_at=None).update(removed_at=at or clock.now()))


def hide(message: Message, at: datetime, hidden: bool) -> bool:
    """Mark a message hidden or shown, unless newer news said otherwise; of two at one time the hidden one
    counts. False if nothing changed."""
    row = receipts.locked(message)
    if row is None:
        return False
    if row.hidden_at is not None and (row.hidden_at, row.hidden) >= (at, hidden):
        return False
    Message.objects.filter(pk=row.pk).update(hidden=hidden, hidden_at=at)
    return row.hidden != hidden

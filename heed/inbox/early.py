"""News that overtook its message: kept until the message comes, then applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from heed.inbox.models import EarlyNews, Message, Revision, Ticket
from heed.lib import clock
from heed.lib.text import first_words

What = Literal["edited", "removed", "hidden", "receipt"]


_JUST_BEFORE = timedelta(microseconds=1)


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
        waiting = EarlyNews.objects.filter(account_id=account, external_id__in=ids).exclude(what="receipt")
        for news in waiting.order_by("at", "id"):
            _apply(Message.objects.get(pk=stored[(account, news.external_id)]), news)
            news.delete()


def _apply(message: Message, news: EarlyNews) -> None:
    match news.what:
        case "edited":
            edit(message, news.at, news.data["text"])
        case "removed":
            remove(message, news.at)
        case "hidden":
            Message.objects.filter(pk=message.pk).update(hidden=news.data["hidden"])


def edit(message: Message, at: datetime, text: str) -> bool:
    """Give a message a revision; the latest by the network's time is shown. False if known."""
    rows = [Revision(message=message, at=at, text=text)]
    if message.edited_at is None:
        # Networks tell the second only: the first words stand just before, whatever second the edit names.
        rows.insert(0, Revision(message=message, at=message.at - _JUST_BEFORE, text=message.text))
    before = Revision.objects.filter(message=message).count()
    Revision.objects.bulk_create(rows, ignore_conflicts=True)
    if Revision.objects.filter(message=message).count() == before:
        return False
    latest = Revision.objects.filter(message=message).order_by("at", "id").last()
    assert latest is not None
    message.text, message.edited_at = latest.text, latest.at
    Message.objects.filter(pk=message.pk).update(text=latest.text, edited_at=latest.at)
    Ticket.objects.filter(pk=message.ticket_id, last_at=message.at).update(
        last_text=first_words(latest.text, 180)
    )
    return True


def remove(message: Message, at: datetime) -> bool:
    """Mark a message removed; what stood there is kept. False if it already was."""
    return bool(Message.objects.filter(pk=message.pk, removed_at=None).update(removed_at=at or clock.now()))

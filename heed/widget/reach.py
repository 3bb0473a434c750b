"""What a visitor may read: their own conversation on this account, and nothing else."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Max, Q, QuerySet

from heed.channels.models import Account
from heed.inbox.models import Attachment, Event, Identity, Message, Ticket
from heed.widget.tokens import NotYours, Who, file_of, file_token

NETWORK = "site"
MOST = 60
_KEY = re.compile(r"[A-Za-z0-9_-]{4,64}")


class NoSuchSite(LookupError):
    """No connected account has this public key."""


def site(key: str) -> Account:
    """The account of a public key. Raises `NoSuchSite`."""
    if not _KEY.fullmatch(key):
        raise NoSuchSite(key)
    found = Account.objects.filter(network=NETWORK, external_id=key).order_by("id")
    for account in found:
        if account.locked_credentials:
            return account
    raise NoSuchSite(key)


def messages_of(who: Who) -> QuerySet[Message]:
    """All that was said between this visitor and us, in the chat and in answers to its mails: no notes,
    nothing still on its way. Whose a ticket is says nothing: in a merged one there are messages of others."""
    mine = Message.objects.filter(
        identity__account_id=who.account, identity__external_id=who.id, visibility="private"
    )
    here = Q(account_id=who.account, state__in=Message.ARRIVED)
    return mine.filter(Q(direction="in") | Q(direction="out") & here)


def conversation(who: Who, *, after: int = 0, before: int = 0, limit: int = MOST) -> dict[str, Any]:
    """The newest messages from the one numbered `after` on, oldest first; with `before` those ahead of it.

    `unread` counts ours that were not seen yet; `more` says that older ones exist.
    """
    rows = messages_of(who)
    wanted = rows.filter(pk__gte=after) if after else rows.filter(pk__lt=before) if before else rows
    newest = wanted.select_related("author").prefetch_related("attachments").order_by("-at", "-id")
    page = list(newest[: limit + 1])
    seen_until = _seen_by_us(who)
    shown = [_shown(row, who, seen_until) for row in reversed(page[:limit])]
    unread = rows.filter(direction="out", removed_at=None).exclude(state=Message.State.SEEN).count()
    return {"messages": shown, "unread": unread, "more": len(page) > limit}


def message(who: Who, number: int) -> Message | None:
    """One message of the conversation."""
    return messages_of(who).filter(pk=number).first()


def identity(who: Who) -> Identity | None:
    return Identity.objects.filter(account_id=who.account, external_id=who.id).first()


def ticket(who: Who) -> Ticket | None:
    """Where their newest message stands."""
    newest = messages_of(who).select_related("ticket").order_by("-at", "-id").first()
    return newest.ticket if newest else None


def file(token: str, account: Account) -> Attachment:
    """The file of a signed link, as long as it stands in that visitor's conversation. Raises `NotYours`."""
    number, visitor = file_of(token, account)
    mine = messages_of(Who(account.pk, visitor)).filter(removed_at=None)
    found = Attachment.objects.filter(pk=number, state=Attachment.State.KEPT, message__in=mine).first()
    if found is None:
        raise NotYours
    return found


def unseen(who: Who) -> list[Message]:
    """Our messages that the visitor has not seen, oldest first."""
    rows = messages_of(who).filter(direction="out", removed_at=None).exclude(state=Message.State.SEEN)
    return list(rows.select_related("author").order_by("at", "id")[:20])


def _seen_by_us(who: Who) -> Any:
    """Until when we read what the visitor wrote: whoever answered has read, and whoever said so."""
    said = Event.objects.filter(
        message__identity__external_id=who.id,
        message__identity__account_id=who.account,
        kind="action_done",
        data__action="seen",
    ).aggregate(at=Max("message__at"))["at"]
    answered = messages_of(who).filter(direction="out").aggregate(at=Max("at"))["at"]
    return max((each for each in (said, answered) if each), default=None)


def _shown(row: Message, who: Who, seen_until: Any) -> dict[str, Any]:
    mine = row.direction == "in"
    facts: dict[str, Any] = {
        "id": row.pk,
        "at": row.at.isoformat(),
        "mine": mine,
        "text": "" if row.removed_at else row.text,
        "files": [] if row.removed_at else [_file(each, who) for each in row.attachments.all()],
    }
    if mine:
        facts["client"] = row.external_id.rpartition(":")[2]
        facts["seen"] = bool(seen_until and row.at <= seen_until)
    elif row.author:
        facts["author"] = row.author.first_name
    if row.removed_at:
        facts["removed"] = True
    elif row.edited_at:
        facts["edited"] = True
    return facts


def _file(row: Attachment, who: Who) -> dict[str, Any]:
    facts = {"id": row.pk, "name": row.name, "mime": row.mime, "size": row.size}
    if row.state == Attachment.State.KEPT:
        facts["url"] = f"files/{file_token(row.pk, who)}"
    return facts

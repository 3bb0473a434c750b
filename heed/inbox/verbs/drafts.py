"""What someone has begun to write."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, BinaryIO

from django.db import transaction

from heed.accounts.models import User
from heed.channels.base import Choices
from heed.inbox import files as kept_files
from heed.inbox.models import Attachment, Draft, Ticket
from heed.inbox.statements import cleaned
from heed.lib import clock
from heed.lib.text import clean


def keep_draft(
    user: User, ticket: Ticket, visibility: str, text: str, choices: Choices | None = None
) -> None:
    """Keep what someone has begun to write, and what it offers to choose from; nothing of either drops it."""
    if not text and choices is None:
        drop_draft(user, ticket, visibility)
        return
    Draft.objects.update_or_create(
        user=user,
        ticket=ticket,
        visibility=visibility,
        defaults={
            "text": clean(text),
            "choices": cleaned(_as_kept(choices)) if choices else {},
            "updated_at": clock.now(),
        },
    )


def _as_kept(choices: Choices) -> dict[str, Any]:
    return {"items": [asdict(each) for each in choices.items], "opener": choices.opener}


def drop_draft(user: User, ticket: Ticket, visibility: str) -> None:
    Draft.objects.filter(user=user, ticket=ticket, visibility=visibility).delete()


def attach(user: User, ticket: Ticket, name: str, file: BinaryIO, alt: str = "") -> Attachment:
    """Keep a file for an answer that is being written; `alt` says what a picture shows. Raises
    `TooLarge` of the files."""
    kept = kept_files.keep(file)
    return Attachment.objects.create(
        owner=user,
        ticket=ticket,
        kind=kept_files.kind_of(kept.mime),
        name=clean(name)[:255],
        mime=kept.mime,
        size=kept.size,
        path=kept.path,
        text=clean(alt).strip(),
        state=Attachment.State.KEPT,
    )


def describe(user: User, attachment: Attachment, alt: str) -> None:
    """Say in words what a picture of one's own draft shows, for those who cannot see it."""
    mine = Attachment.objects.filter(pk=attachment.pk, owner=user, message=None)
    mine.update(text=clean(alt).strip()[:MOST_ALT])


MOST_ALT = 2000
"""The longest description of a picture, in characters; a network that takes less gets the beginning."""


def detach(user: User, attachment: Attachment) -> None:
    """Drop a file from one's own draft, and from the disk when nothing else uses it."""
    Attachment.objects.filter(pk=attachment.pk, owner=user, message=None).delete()
    transaction.on_commit(lambda: kept_files.forget(attachment.path))

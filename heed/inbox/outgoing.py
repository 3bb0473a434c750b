"""An answer as its network sees it: to whom, in answer to what, with which files and in what manner."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from heed.channels.base import (
    Answer,
    Choice,
    Choices,
    FilledTemplate,
    OutgoingFile,
    Target,
)
from heed.inbox import files
from heed.inbox.models import Attachment, Identity, Message, Ticket
from heed.inbox.possible import leaves_from, whom
from heed.inbox.possible_ways import names_of
from heed.inbox.way_back import word_of

_ABOUT_THEN = timedelta(minutes=1)


def answer_of(message: Message, *, asking: bool = False) -> Answer:
    """The message as its network sees it; `asking` what became of it, without its files' bytes. Raises
    `FileNotFoundError` when a file is gone."""
    again = tried_before(message)
    return Answer(
        key=str(message.send_key),
        visibility="public" if message.visibility == "public" else "private",
        text=message.text,
        person=receiver(message),
        to=target_of(message.answers) if message.answers else None,
        files=tuple(_file(each, with_bytes=not asking) for each in message.attachments.order_by("position")),
        created=message.created_at,
        started=message.started_at if again or asking else None,
        tried=message.at if again or asking else None,
        taken=taken_by(message),
        chosen=bool(message.manner.get("chosen")),
        quote=bool(message.manner.get("quote")),
        late=message.manner.get("late", ""),
        template=template_of(message),
        choices=choices_of(message),
        automatic=message.automatic,
        way_back=word_of(message.ticket_id, message.account_id),
    )


def receivers(ticket: Ticket, answered: Message | None) -> tuple[str, ...]:
    """To whom a private answer to this message would go, as its network will send it: addresses, first of
    whom it is for, then of those who get a copy. Where it goes to a person, their name, if that is somebody
    else than the customer of the ticket."""
    account = leaves_from(ticket, answered)
    who = whom(ticket, answered, account)
    to = target_of(answered) if answered is not None else None
    found = account.adapter.receivers(Answer("", "private", "", _private_id(who), to))
    return found or ((str(who),) if who.pk != ticket.identity_id else ())


def tried_before(message: Message) -> bool:
    """Whether an earlier attempt may have left something at the network. One that the network asked to come
    later does not count as an attempt, and its reason stays."""
    return message.attempts > 1 or bool(message.reason)


def receiver(message: Message) -> str:
    """The id by which the network reaches whom this is written to, or came from."""
    if message.identity is None:
        return ""
    return _private_id(message.identity) if message.visibility == "private" else message.identity.external_id


def _private_id(who: Identity) -> str:
    return who.private_id or who.external_id


def target_of(row: Message) -> Target:
    """A message as the target of an answer or action."""
    post = row.ticket.post
    return Target(
        external_id=row.external_id,
        visibility="public" if row.visibility == "public" else "private",
        kind=row.kind,
        post=post.external_id if post else "",
        refs={**row.refs, "parent": row.parent},
        ours=row.direction == "out",
        at=row.at,
    )


def template_of(message: Message) -> FilledTemplate | None:
    """The template an answer sends, if it sends one."""
    kept = message.manner.get("template")
    if not kept:
        return None
    names = names_of(message.account, kept["name"], kept["language"])
    return FilledTemplate(kept["name"], kept["language"], tuple(kept["values"]), names)


def choices_of(message: Message) -> Choices | None:
    """The choices an answer offers, if it offers any."""
    return choices_kept(message.manner.get("choices"))


def choices_kept(kept: Mapping[str, Any] | None) -> Choices | None:
    """Choices as they are kept of an answer or a draft."""
    if not kept:
        return None
    return Choices(tuple(Choice(**each) for each in kept["items"]), kept["opener"])


def taken_by(message: Message) -> frozenset[str]:
    """The ids of our other messages of that time on this account."""
    others = Message.objects.filter(
        account_id=message.account_id, direction="out", created_at__gte=message.created_at - _ABOUT_THEN
    )
    rows = others.exclude(pk=message.pk).exclude(external_id="").values_list("external_id", "refs")[:500]
    return frozenset(each for external_id, refs in rows for each in (external_id, *refs.get("more", [])))


def _file(attachment: Attachment, *, with_bytes: bool) -> OutgoingFile:
    content = b""
    if with_bytes:
        with files.open_file(attachment.path) as file:
            content = file.read()
    kind = files.kind_of(attachment.mime)
    return OutgoingFile(
        attachment.name,
        attachment.mime,
        content,
        files.public_link(attachment.pk),
        attachment.text,
        lasts=files.lasts(attachment.path) if kind == "audio" else None,
        preview=files.film_link() if kind == "video" else "",
    )

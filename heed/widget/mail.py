"""What the mail says that brings an unseen answer.

Where the brand has a mailbox it leaves from there, and what is answered to it comes back, with a word that
leads it into the ticket of the chat.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from heed.channels.base import OutgoingFile
from heed.channels.models import Account
from heed.inbox import files
from heed.inbox.arrivals import where_they_go
from heed.inbox.models import Attachment, Message
from heed.widget.look import look_of, way_back
from heed.widget.models import Visitor
from heed.widget.tokens import Who, code_of

MOST_ATTACHED = 10 * 1024 * 1024
"""Bytes of files that go along with a mail: the others are to be seen in the chat."""


@dataclass(frozen=True, slots=True)
class Mail:
    """The words of a mail and its files; `automatic` where no person wrote any of it."""

    subject: str
    text: str
    files: tuple[OutgoingFile, ...]
    automatic: bool


def mail_of(visitor: Visitor, unseen: list[Message], box: Account | None) -> Mail:
    """The answers the visitor has not seen, and the way back to the chat. It leaves from `box`."""
    account = visitor.account
    look = look_of(account)
    languages = dict(settings.LANGUAGES)
    language = visitor.language[:2] if visitor.language[:2] in languages else settings.LANGUAGE_CODE
    along = _along([each for row in unseen for each in row.attachments.order_by("position")], _room(box))
    with translation.override(language):
        back = _back(visitor, account, max(row.pk for row in unseen), read=box is not None)
        text = "\n\n".join([_lead(look.name), *(_lines(row, along) for row in unseen), back])
        subject = _("%(name)s has answered you") % {"name": look.name}
    attached = tuple(OutgoingFile(each.name, each.mime, content, "") for each, content in along.items())
    return Mail(" ".join(subject.split()), text, attached, all(row.automatic for row in unseen))


def home_of(row: Message) -> int:
    """The visitor's own ticket, by which they are known, also where it goes on in another one's."""
    home = row.home_id
    found: int = home if home and where_they_go([home])[home] == row.ticket_id else row.ticket_id
    return found


def _room(box: Account | None) -> int:
    """How many bytes of files the mail may have."""
    private = box.able.private if box is not None else None
    told = private.files.most_bytes.values() if private is not None and private.files is not None else ()
    room: int = min([MOST_ATTACHED, *told])
    return room


def _along(attached: list[Attachment], left: int) -> dict[Attachment, bytes]:
    """The files that go along, in their order, as long as there is room."""
    found: dict[Attachment, bytes] = {}
    for each in attached:
        if each.path and (each.size or 0) <= left:
            with suppress(FileNotFoundError), files.open_file(each.path) as file:
                found[each] = file.read()
                left -= len(found[each])
    return found


def _lead(name: str) -> str:
    return _("You wrote to %(name)s in the chat and had to go. This is the answer:") % {"name": name}


def _lines(row: Message, along: Iterable[Attachment]) -> str:
    left = row.attachments.exclude(pk__in=[each.pk for each in along]).count()
    extra = _("(%(count)d files, to be seen in the chat)") % {"count": left} if left else ""
    return "\n".join(f"> {line}" for line in [*row.text.splitlines(), extra] if line)


def _back(visitor: Visitor, account: Account, mail: int, *, read: bool) -> str:
    """The way back opens this conversation once, on any device: who reads this mail is whom it is for.
    Known visitors sign in at the site instead. `read` says that somebody reads what is answered to it."""
    page = way_back(account, look_of(account), visitor.page).partition("#")[0]
    if not page:
        if read:
            return _("Answer this mail, or in the chat, on the page where you wrote.")
        return _("Answer in the chat, on the page where you wrote. Replies to this mail are not read.")
    who = Who(account.pk, visitor.visitor)
    link = page if who.known else f"{page}#heed-chat={code_of(visitor.pk, mail)}"
    if read:
        return _("Answer this mail, or go on in the chat: %(link)s") % {"link": link}
    return _("Answer in the chat: %(link)s\nReplies to this mail are not read.") % {"link": link}

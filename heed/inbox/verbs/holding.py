"""Taking back an answer in the seconds before it leaves."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User
from heed.inbox import events, marks
from heed.inbox.arrivals import show_last
from heed.inbox.models import Draft, Message
from heed.inbox.outgoing import choices_kept, choices_of
from heed.inbox.verbs.drafts import keep_draft
from heed.inbox.verbs.refusals import CannotAct
from heed.inbox.verbs.tending import locked
from heed.lib import live


@transaction.atomic
def take_back(message: Message, user: User) -> None:
    """Take back one's own answer while it is held: it becomes the draft it was, and the ticket waits as it
    did. Raises `CannotAct` when it is on its way already."""
    ticket = locked(message.ticket)
    row = Message.objects.select_for_update().filter(pk=message.pk, author=user).first()
    if row is None or row.state != Message.State.QUEUED or row.try_at is None or row.started_at:
        raise CannotAct(_("It is on its way already and cannot be taken back."))
    row.attachments.update(message=None, owner=user, ticket=ticket)
    begun = Draft.objects.filter(user=user, ticket=ticket, visibility=row.visibility).first()
    text = f"{row.text}\n\n{begun.text}" if begun and begun.text else row.text
    choices = choices_kept(begun.choices if begun else None) or choices_of(row)
    keep_draft(user, ticket, row.visibility, text, choices)
    marks.take_back(ticket, row, actor=user, taken_back=True)
    row.delete()  # and with it what was told of it
    show_last(ticket)
    live.tell(events.topics_of([ticket.pk]))

"""When one may write privately: the window the customer opens by writing, and the reply to a comment."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from heed.channels import quotas
from heed.channels.base import Capabilities, Writing
from heed.channels.reasons import REASONS, Words
from heed.inbox.models import Message, Ticket
from heed.inbox.possible_ways import (
    CLOSED,
    PUBLIC_ONLY,
    WAIT_OR_PUBLIC,
    Way,
    closed,
    last_inbound,
    open_way,
    templates_of,
)
from heed.lib import clock

ONCE = _("This comment was already answered privately; the network allows it once.")
TOO_OLD = _("The comment is too old for a private reply.")
BROADCAST_OVER = _("The live broadcast under which this was written is over.")
NOT_PRIVATELY = _("The network has no private reply to a message of this kind.")
NO_COMMENT = _("There is no comment to answer privately.")
WAIT = _("Wait until the customer writes again.")
TAKE_TEMPLATE = _("Send one of the approved templates.")


def as_this_kind_asks(ticket: Ticket, writing: Writing, to: Message | None) -> Writing:
    """How one may write in answer to this kind of message."""
    if not writing.windows and not any(form.not_to for form in writing.choices):
        return writing
    answered = to or last_inbound(ticket, "private")
    if answered is None:
        return writing
    return replace(
        writing,
        window=writing.windows.get(answered.kind, writing.window),
        choices=tuple(form for form in writing.choices if answered.kind not in form.not_to),
    )


def within_window(ticket: Ticket, writing: Writing, sending: Message | None) -> Way:
    """What the window leaves: all while it is open, then the late way or templates, else nothing."""
    if quotas.is_spent(ticket.account, writing):
        return closed(REASONS["quota_spent"], "quota_spent")
    left = _sends_left(ticket, writing, sending)
    if left is not None and left <= 0:
        return replace(closed(REASONS["used_up"], "used_up"), sends_left=0)
    if writing.window is None:
        return replace(open_way(ticket, writing), sends_left=left, choices=writing.choices)
    if ticket.last_private_in is not None:
        closes = ticket.last_private_in + timedelta(seconds=writing.window)
        if closes > clock.now():
            return replace(open_way(ticket, writing, closes), sends_left=left, choices=writing.choices)
        late = writing.late
        if late is not None and ticket.last_private_in + timedelta(seconds=late.until) > clock.now():
            until = ticket.last_private_in + timedelta(seconds=late.until)
            return replace(open_way(ticket, writing, until), late=late)
        return _after_the_window(ticket, writing, closes)
    return _after_the_window(ticket, writing, None)


def _after_the_window(ticket: Ticket, writing: Writing, closed_at: datetime | None) -> Way:
    templates = templates_of(ticket.account) if writing.templates else ()
    help_ = TAKE_TEMPLATE if templates else _wait(ticket)
    return replace(closed(Words(CLOSED, help_), "outside_window"), closes_at=closed_at, templates=templates)


def _wait(ticket: Ticket) -> Promise:
    return WAIT_OR_PUBLIC if ticket.kind == Ticket.Kind.PUBLIC else WAIT


def briefly(ticket: Ticket, writing: Writing, sending: Message | None) -> Way | None:
    """The short way that what the customer did last opens by itself, if it does and is still open."""
    last = last_inbound(ticket, "private") if writing.brief else None
    if last is None or last.kind not in writing.brief:
        return None
    seconds, sends = writing.brief[last.kind]
    closes = last.at + timedelta(seconds=seconds)
    left = sends - _sent_since(ticket, last.at, sending)
    if closes <= clock.now() or left <= 0:
        return None
    return replace(open_way(ticket, writing, closes), sends_left=left)


def _sends_left(ticket: Ticket, writing: Writing, sending: Message | None) -> int | None:
    """How many more messages we may send before the customer writes again."""
    if writing.sends is None:
        return None
    return max(0, writing.sends - _sent_since(ticket, ticket.last_private_in, sending))


def _sent_since(ticket: Ticket, since: datetime | None, sending: Message | None) -> int:
    """How many private messages of ours went to the customer since then, before the one being sent."""
    ours = ticket.identity.message_set.filter(direction="out", visibility="private")
    ours = ours.exclude(state=Message.State.FAILED)
    if since is not None:
        ours = ours.filter(at__gt=since)
    if sending is not None:
        ours = ours.filter(pk__lt=sending.pk)
    return ours.count()


def private_reply(
    ticket: Ticket, writing: Writing, can: Capabilities, to: Message | None, sending: Message | None
) -> Way:
    """The one private reply that networks allow to a public comment, for a while."""
    comment = to or last_inbound(ticket, "public")
    if comment is None:
        return closed(Words(NO_COMMENT, PUBLIC_ONLY), "gone")
    if can.private_reply_to and comment.kind not in can.private_reply_to:
        return closed(Words(NOT_PRIVATELY, PUBLIC_ONLY), "not_allowed")
    given = comment.answered_by.filter(visibility="private").exclude(state=Message.State.FAILED)
    if sending is not None:
        given = given.exclude(pk=sending.pk)
    if given.exists():
        return closed(Words(ONCE, WAIT_OR_PUBLIC), "already_done")
    within, over = can.private_reply_within, TOO_OLD
    if can.private_reply_live is not None and comment.refs.get(can.private_reply_live.ref):
        within, over = can.private_reply_live.most, BROADCAST_OVER
    if within is None:
        return replace(open_way(ticket, writing), comment=comment)
    closes = comment.at + timedelta(seconds=within)
    if closes <= clock.now():
        return replace(closed(Words(over, PUBLIC_ONLY), "outside_window"), closes_at=closes)
    return Way(True, limits=writing.limits, files=None, closes_at=closes, comment=comment)

"""What can be done with a ticket or message right now: the guard of windows, lengths and files.

Composer, verbs, API and the outbox all ask here; nothing that is refused here is ever sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property

from django.utils.translation import gettext_lazy as _

from heed.channels.base import Capabilities, FilledTemplate, Limit, Writing
from heed.channels.models import Account
from heed.channels.reasons import REASONS, Words
from heed.inbox.models import Identity, Message, Ticket
from heed.inbox.possible_ways import (
    CLOSED,
    NOT_HERE,
    NOWHERE,
    PUBLIC_ONLY,
    Text,
    Way,
    broken_by,
    closed,
    last_inbound,
    open_way,
)
from heed.inbox.possible_windows import as_this_kind_asks, briefly, private_reply, within_window
from heed.lib.text import measure

INVITE = _("Wait until they mention the account, or write to them yourself on the network.")
ONLY_OWN = _("On this network only the account that was written to can answer.")
OTHER_SERVER = _("This account lives on another server, which does not know the message.")
NOT_CONNECTED = _("This account is not connected.")
ONLY_PUBLICLY = Words(_("Only the account that was written to can answer privately."), PUBLIC_ONLY)

__all__ = [
    "Possible",
    "Text",
    "Way",
    "answered_newest",
    "fits",
    "leaves_from",
    "not_from",
    "possible",
    "too_long",
    "whom",
]


class Possible:
    """Both ways to answer a ticket. Each is found out when somebody asks for it."""

    def __init__(self, public: Callable[[], Way], private: Callable[[], Way]) -> None:
        self._public, self._private = public, private

    @cached_property
    def public(self) -> Way:
        return self._public()

    @cached_property
    def private(self) -> Way:
        return self._private()

    def way(self, visibility: str) -> Way:
        return self.public if visibility == "public" else self.private


def possible(
    ticket: Ticket,
    to: Message | None = None,
    *,
    sending: Message | None = None,
    account: Account | None = None,
    machine: bool = False,
) -> Possible:
    """How this ticket can be answered now; `to` is the message answered, where one was chosen.
    `sending` is the answer that is on its way and must not count against itself. `account` is the one of
    ours that answers, where it was chosen; by itself the one that was written to does, and privately the one
    of `leaves_from`. `machine`: no person writes this; what is being sent says so itself."""
    if account is not None and account.pk != ticket.account_id:
        other = account
        return Possible(
            public=lambda: _public_from(ticket, other),
            private=lambda: _private_from(ticket, other, to or last_inbound(ticket, "private")),
        )
    can = ticket.account.able
    if can.private is not None and (machine or (sending is not None and sending.by_machine)):
        can = replace(can, private=replace(can.private, late=None))  # that is for people only

    def private() -> Way:
        elsewhere = _private_elsewhere(ticket, to) if account is None else None
        return elsewhere or _private(ticket, can, to, sending)

    return Possible(public=lambda: _public(ticket, can, to), private=private)


def leaves_from(ticket: Ticket, answered: Message | None) -> Account:
    """The account of ours that a private answer to this message leaves from: the one that knows who wrote it.
    What somebody else mailed into a chat is answered by mail, unless a machine did."""
    if answered is None or answered.account_id == ticket.account_id:
        return ticket.account
    who = answered.identity
    if who is None or who.account_id == ticket.account_id:
        return ticket.account
    return ticket.account if answered.visibility != "private" or answered.automatic else who.account


def whom(ticket: Ticket, answered: Message | None, account: Account) -> Identity:
    """Who gets what this account of ours answers: who wrote the message, as far as one knows them where it
    leaves from, else the customer of the ticket."""
    who = answered.identity if answered is not None else None
    return who if who is not None and who.account_id in (account.pk, ticket.account_id) else ticket.identity


def not_from(ticket: Ticket, account: Account) -> Text:
    """Why a public answer cannot come from this other account of ours; empty where it can."""
    can = account.able
    if ticket.kind != Ticket.Kind.PUBLIC or can.public is None:
        return NOT_HERE
    if account.network != ticket.account.network or can.public_from == "own":
        return ONLY_OWN
    if can.public_from == "server" and account.base_url != ticket.account.base_url:
        return OTHER_SERVER
    reason = broken_by(account)
    if reason is not None:
        return REASONS[reason].sentence
    return "" if account.state == Account.State.CONNECTED else NOT_CONNECTED


def answered_newest(ticket: Ticket, visibility: str) -> Message | None:
    """The message an answer refers to where none was chosen: the customer's newest that it can refer to."""
    if visibility == "private" and ticket.kind == Ticket.Kind.PUBLIC:
        comment = possible(ticket).private.comment
        return comment or last_inbound(ticket, "private") or last_inbound(ticket, "public")
    return last_inbound(ticket, visibility)


def too_long(text: str, limits: Iterable[Limit]) -> Limit | None:
    """The first limit the text breaks."""
    return next((limit for limit in limits if measure(text, limit.unit) > limit.most), None)


def fits(filled: FilledTemplate, way: Way) -> bool:
    """Whether this template is approved and all its blanks are filled."""
    return any(
        (each.name, each.language, each.blanks) == (filled.name, filled.language, len(filled.values))
        for each in way.templates
    ) and all(value.strip() for value in filled.values)


def _public(ticket: Ticket, can: Capabilities, to: Message | None) -> Way:
    if ticket.kind != Ticket.Kind.PUBLIC or can.public is None:
        return NOWHERE
    invited = can.public.invited
    if invited is not None:
        answered = to or last_inbound(ticket, "public")
        if answered is not None and answered.refs.get(invited.ref) is False:
            return closed(Words(invited.sentence, INVITE), "not_allowed")
    return _unless_account_is_broken(ticket, replace(open_way(ticket, can.public), quote=can.quote))


def _public_from(ticket: Ticket, account: Account) -> Way:
    """A public answer from another account of ours."""
    why = not_from(ticket, account)
    writing = account.able.public
    if why or writing is None:
        return Way(False, sentence=why, reason="not_allowed")
    return replace(open_way(ticket, writing), quote=account.able.quote)


def _private_elsewhere(ticket: Ticket, to: Message | None) -> Way | None:
    """The private way where it leaves from another account than the one that was written to."""
    if ticket.kind != Ticket.Kind.PRIVATE:
        return None
    answered = to or last_inbound(ticket, "private")
    account = leaves_from(ticket, answered)
    return _private_from(ticket, account, answered) if account.pk != ticket.account_id else None


def _private_from(ticket: Ticket, account: Account, answered: Message | None) -> Way:
    """A private answer from another account of ours, which is where its receiver is known."""
    writing = account.able.private
    if writing is None or leaves_from(ticket, answered).pk != account.pk:
        return closed(ONLY_PUBLICLY, "not_allowed")
    reason = broken_by(account)
    if reason is None and not whom(ticket, answered, account).reachable:
        reason = "unreachable"
    if reason is not None:
        return closed(REASONS[reason], reason)
    if account.state != Account.State.CONNECTED:
        return Way(False, sentence=NOT_CONNECTED, reason="not_allowed")
    return Way(True, limits=writing.limits, files=writing.files)


def _private(ticket: Ticket, can: Capabilities, to: Message | None, sending: Message | None) -> Way:
    writing = can.private
    if writing is None:
        return _no_private(ticket, can)
    if not ticket.identity.reachable and not _another_wrote(ticket, to):
        return closed(REASONS["unreachable"], "unreachable")
    if barred := _barred(ticket, writing, to):
        return barred
    if ticket.kind == Ticket.Kind.PRIVATE or ticket.last_private_in is not None:
        way = within_window(ticket, as_this_kind_asks(ticket, writing, to), sending)
        way = way if way.allowed else briefly(ticket, writing, sending) or way
        if not way.allowed and _may_be_a_comment(ticket, to) and can.private_reply:
            way = _allowed(private_reply(ticket, writing, can, to, sending)) or way
    elif can.private_reply:
        way = private_reply(ticket, writing, can, to, sending)
    elif writing.window is None:
        way = open_way(ticket, writing)
    else:
        way = closed(Words(CLOSED, PUBLIC_ONLY), "outside_window")
    return _unless_account_is_broken(ticket, way)


def _barred(ticket: Ticket, writing: Writing, to: Message | None) -> Way | None:
    """Why this very message cannot be answered privately, if so."""
    answered = (to or last_inbound(ticket, "private")) if writing.barred else None
    if answered is None:
        return None
    for barred in writing.barred:
        if answered.refs.get(barred.ref) in barred.values:
            return closed(Words(barred.sentence, barred.way_out), "not_allowed")
    return None


def _no_private(ticket: Ticket, can: Capabilities) -> Way:
    if not can.why_no_private:
        return NOWHERE
    help_ = PUBLIC_ONLY if ticket.kind == Ticket.Kind.PUBLIC else ""
    return Way(False, sentence=can.why_no_private, way_out=help_, reason="not_allowed")


def _another_wrote(ticket: Ticket, to: Message | None) -> bool:
    """Whether the answer goes to somebody else whom it reaches: a colleague of the customer's who wrote."""
    answered = to or last_inbound(ticket, "private")
    who = answered.identity if answered is not None else None
    return who is not None and who.pk != ticket.identity_id and who.reachable


def _may_be_a_comment(ticket: Ticket, to: Message | None) -> bool:
    return ticket.kind == Ticket.Kind.PUBLIC and (to is None or to.visibility == "public")


def _allowed(way: Way) -> Way | None:
    return way if way.allowed else None


def _unless_account_is_broken(ticket: Ticket, way: Way) -> Way:
    reason = broken_by(ticket.account)
    if way.allowed and reason is not None:
        return replace(closed(REASONS[reason], reason), limits=way.limits, files=way.files)
    return way

"""What can be done with a ticket or message right now: the guard of windows, lengths and files.

Composer, verbs, API and the outbox all ask here; nothing that is refused here is ever sent.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from heed.channels.base import (
    Capabilities,
    ChoiceForm,
    Files,
    FilledTemplate,
    Late,
    Limit,
    Reason,
    Template,
    Writing,
)
from heed.channels.models import Account
from heed.channels.reasons import REASONS, Words
from heed.inbox.models import Identity, Message, Ticket
from heed.lib import clock
from heed.lib.rows import Joined
from heed.lib.text import measure

Text = str | Promise

NOT_HERE = _("This network has no such reply.")
ONCE = _("This comment was already answered privately; the network allows it once.")
TOO_OLD = _("The comment is too old for a private reply.")
BROADCAST_OVER = _("The live broadcast under which this was written is over.")
NOT_PRIVATELY = _("The network has no private reply to a message of this kind.")
NO_COMMENT = _("There is no comment to answer privately.")
CLOSED = _("The customer last wrote too long ago; the network no longer lets us write freely.")
INVITE = _("Wait until they mention the account, or write to them yourself on the network.")
WAIT = _("Wait until the customer writes again.")
WAIT_OR_PUBLIC = _("Wait until the customer writes again, or answer publicly.")
PUBLIC_ONLY = _("Answer publicly instead.")
TAKE_TEMPLATE = _("Send one of the approved templates.")
NO_PUBLIC_ADDRESS = _("This network fetches files from Heed, which needs a public address for that.")
ONLY_OWN = _("On this network only the account that was written to can answer.")
OTHER_SERVER = _("This account lives on another server, which does not know the message.")
NOT_CONNECTED = _("This account is not connected.")
ONLY_PUBLICLY = Words(_("Only the account that was written to can answer privately."), PUBLIC_ONLY)


@dataclass(frozen=True)
class Way:
    """One way to answer. When it is not allowed, `sentence` says why, `way_out` what helps and `reason`
    the same in the networks' shared words. `late` is the way that is still open after the window;
    `templates` are what may be sent at any time; `sends_left` counts down until the customer writes
    again; `no_files` says why no file can go along although the network takes some; `choices` are the
    forms in which short answers can be offered under a text; `comment` is what this would be the one
    private reply to."""

    allowed: bool
    here: bool = True
    sentence: Text = ""
    way_out: Text = ""
    reason: Reason | None = None
    limits: tuple[Limit, ...] = ()
    files: Files | None = None
    no_files: Text = ""
    closes_at: datetime | None = None
    sends_left: int | None = None
    late: Late | None = None
    templates: tuple[Template, ...] = ()
    quote: bool = False
    choices: tuple[ChoiceForm, ...] = ()
    comment: Message | None = None


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


NOWHERE = Way(False, here=False, sentence=NOT_HERE, reason="not_allowed")


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


def too_long(text: str, limits: Iterable[Limit]) -> Limit | None:
    """The first limit the text breaks."""
    return next((limit for limit in limits if measure(text, limit.unit) > limit.most), None)


def fits(filled: FilledTemplate, way: Way) -> bool:
    """Whether this template is approved and all its blanks are filled."""
    return any(
        (each.name, each.language, each.blanks) == (filled.name, filled.language, len(filled.values))
        for each in way.templates
    ) and all(value.strip() for value in filled.values)


# -------------------------------------------------------------------------------- the ways


def _public(ticket: Ticket, can: Capabilities, to: Message | None) -> Way:
    if ticket.kind != Ticket.Kind.PUBLIC or can.public is None:
        return NOWHERE
    invited = can.public.invited
    if invited is not None:
        answered = to or last_inbound(ticket, "public")
        if answered is not None and answered.refs.get(invited.ref) is False:
            return _closed(Words(invited.sentence, INVITE), "not_allowed")
    return _unless_account_is_broken(ticket, replace(_open_way(ticket, can.public), quote=can.quote))


def _public_from(ticket: Ticket, account: Account) -> Way:
    """A public answer from another account of ours."""
    why = not_from(ticket, account)
    writing = account.able.public
    if why or writing is None:
        return Way(False, sentence=why, reason="not_allowed")
    return replace(_open_way(ticket, writing), quote=account.able.quote)


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
        return _closed(ONLY_PUBLICLY, "not_allowed")
    reason = broken_by(account)
    if reason is None and not whom(ticket, answered, account).reachable:
        reason = "unreachable"
    if reason is not None:
        return _closed(REASONS[reason], reason)
    if account.state != Account.State.CONNECTED:
        return Way(False, sentence=NOT_CONNECTED, reason="not_allowed")
    return Way(True, limits=writing.limits, files=writing.files)


def _private(ticket: Ticket, can: Capabilities, to: Message | None, sending: Message | None) -> Way:
    writing = can.private
    if writing is None:
        return _no_private(ticket, can)
    if not ticket.identity.reachable and not _another_wrote(ticket, to):
        return _closed(REASONS["unreachable"], "unreachable")
    if barred := _barred(ticket, writing, to):
        return barred
    if ticket.kind == Ticket.Kind.PRIVATE or ticket.last_private_in is not None:
        way = _within_window(ticket, _by_kind(ticket, writing, to), sending)
        way = way if way.allowed else _briefly(ticket, writing, sending) or way
        if not way.allowed and _may_be_a_comment(ticket, to) and can.private_reply:
            way = _allowed(_private_reply(ticket, writing, can, to, sending)) or way
    elif can.private_reply:
        way = _private_reply(ticket, writing, can, to, sending)
    elif writing.window is None:
        way = _open_way(ticket, writing)
    else:
        way = _closed(Words(CLOSED, PUBLIC_ONLY), "outside_window")
    return _unless_account_is_broken(ticket, way)


def _barred(ticket: Ticket, writing: Writing, to: Message | None) -> Way | None:
    """Why this very message cannot be answered privately, if so."""
    answered = (to or last_inbound(ticket, "private")) if writing.barred else None
    if answered is None:
        return None
    for barred in writing.barred:
        if answered.refs.get(barred.ref) in barred.values:
            return _closed(Words(barred.sentence, barred.way_out), "not_allowed")
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


def _by_kind(ticket: Ticket, writing: Writing, to: Message | None) -> Writing:
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


def _within_window(ticket: Ticket, writing: Writing, sending: Message | None) -> Way:
    left = _sends_left(ticket, writing, sending)
    if left is not None and left <= 0:
        return replace(_closed(REASONS["used_up"], "used_up"), sends_left=0)
    if writing.window is None:
        return replace(_open_way(ticket, writing), sends_left=left, choices=writing.choices)
    if ticket.last_private_in is not None:
        closes = ticket.last_private_in + timedelta(seconds=writing.window)
        if closes > clock.now():
            return replace(_open_way(ticket, writing, closes), sends_left=left, choices=writing.choices)
        late = writing.late
        if late is not None and ticket.last_private_in + timedelta(seconds=late.until) > clock.now():
            until = ticket.last_private_in + timedelta(seconds=late.until)
            return replace(_open_way(ticket, writing, until), late=late)
        return _after_the_window(ticket, writing, closes)
    return _after_the_window(ticket, writing, None)


def _after_the_window(ticket: Ticket, writing: Writing, closed_at: datetime | None) -> Way:
    templates = templates_of(ticket.account) if writing.templates else ()
    help_ = TAKE_TEMPLATE if templates else _wait(ticket)
    return replace(_closed(Words(CLOSED, help_), "outside_window"), closes_at=closed_at, templates=templates)


def _wait(ticket: Ticket) -> Promise:
    return WAIT_OR_PUBLIC if ticket.kind == Ticket.Kind.PUBLIC else WAIT


def _briefly(ticket: Ticket, writing: Writing, sending: Message | None) -> Way | None:
    """The short way that what the customer did last opens by itself, if it does and is still open."""
    last = last_inbound(ticket, "private") if writing.brief else None
    if last is None or last.kind not in writing.brief:
        return None
    seconds, sends = writing.brief[last.kind]
    closes = last.at + timedelta(seconds=seconds)
    left = sends - _sent_since(ticket, last.at, sending)
    if closes <= clock.now() or left <= 0:
        return None
    return replace(_open_way(ticket, writing, closes), sends_left=left)


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


def templates_of(account: Account) -> tuple[Template, ...]:
    kept = ({**each, "names": tuple(each.get("names", ()))} for each in account.templates)
    return tuple(Template(**each) for each in kept)


def names_of(account: Account, name: str, language: str) -> tuple[str, ...]:
    """What the network calls the blanks of this template, where it does not number them."""
    known = (each.names for each in templates_of(account) if (each.name, each.language) == (name, language))
    return next(known, ())


def _private_reply(
    ticket: Ticket, writing: Writing, can: Capabilities, to: Message | None, sending: Message | None
) -> Way:
    comment = to or last_inbound(ticket, "public")
    if comment is None:
        return _closed(Words(NO_COMMENT, PUBLIC_ONLY), "gone")
    if can.private_reply_to and comment.kind not in can.private_reply_to:
        return _closed(Words(NOT_PRIVATELY, PUBLIC_ONLY), "not_allowed")
    given = comment.answered_by.filter(visibility="private").exclude(state=Message.State.FAILED)
    if sending is not None:
        given = given.exclude(pk=sending.pk)
    if given.exists():
        return _closed(Words(ONCE, WAIT_OR_PUBLIC), "already_done")
    within, over = can.private_reply_within, TOO_OLD
    if can.private_reply_live is not None and comment.refs.get(can.private_reply_live.ref):
        within, over = can.private_reply_live.most, BROADCAST_OVER
    if within is None:
        return replace(_open_way(ticket, writing), comment=comment)
    closes = comment.at + timedelta(seconds=within)
    if closes <= clock.now():
        return replace(_closed(Words(over, PUBLIC_ONLY), "outside_window"), closes_at=closes)
    return Way(True, limits=writing.limits, files=None, closes_at=closes, comment=comment)


def answered_newest(ticket: Ticket, visibility: str) -> Message | None:
    """The message an answer refers to where none was chosen: the customer's newest that it can refer to."""
    if visibility == "private" and ticket.kind == Ticket.Kind.PUBLIC:
        comment = possible(ticket).private.comment
        return comment or last_inbound(ticket, "private") or last_inbound(ticket, "public")
    return last_inbound(ticket, visibility)


def last_inbound(ticket: Ticket, visibility: str) -> Message | None:
    """The customer's newest message that is still there."""
    found = _SAID.first(
        "WHERE inbox_message.ticket_id = %s AND direction = 'in' AND visibility = %s AND removed_at IS NULL"
        " ORDER BY at DESC, inbox_message.external_id DESC",
        [ticket.pk, visibility],
    )
    if found is not None:
        found.ticket = ticket
    return found


_SAID = Joined(Message, "identity")


def _closed(words: Words, reason: Reason) -> Way:
    return Way(False, sentence=words.sentence, way_out=words.way_out, reason=reason)


def _open_way(ticket: Ticket, writing: Writing, closes_at: datetime | None = None) -> Way:
    templates = templates_of(ticket.account) if writing.templates else ()
    way = Way(True, limits=writing.limits, files=writing.files, closes_at=closes_at, templates=templates)
    if writing.files is not None and writing.files.fetched and not _can_fetch(ticket.account):
        return replace(way, files=None, no_files=NO_PUBLIC_ADDRESS)
    return way


def _can_fetch(account: Account) -> bool:
    """Whether the account's network can reach the address under which Heed offers files."""
    return _is_public(settings.HEED_PUBLIC_URL) or not _is_public(account.base_url)


def _is_public(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost", ".test", ".example"))


def _unless_account_is_broken(ticket: Ticket, way: Way) -> Way:
    reason = broken_by(ticket.account)
    if way.allowed and reason is not None:
        return replace(_closed(REASONS[reason], reason), limits=way.limits, files=way.files)
    return way


def broken_by(account: Account) -> Reason | None:
    """Why nothing can be sent from this account at all, if so."""
    match account.problem:
        case "sign_in_again" | "not_configured" | "account_blocked" as reason:
            return reason
    return None

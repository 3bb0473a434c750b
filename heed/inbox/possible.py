"""What can be done with a ticket or message right now. Composer, verbs and API all ask here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from heed.channels.base import Action, Capabilities, Files, Limit, Writing
from heed.channels.models import Account
from heed.channels.reasons import REASONS, Words
from heed.inbox.models import Message, Ticket
from heed.lib import clock
from heed.lib.text import measure

Text = str | Promise

NOT_HERE = _("This network has no such reply.")
ONCE = _("This comment was already answered privately; the network allows it once.")
TOO_OLD = _("The comment is too old for a private reply.")
NO_COMMENT = _("There is no comment to answer privately.")
CLOSED = _("The customer last wrote too long ago; the network no longer lets us write freely.")
WAIT = _("Wait until the customer writes again, or answer publicly.")
PUBLIC_ONLY = _("Answer publicly instead.")


@dataclass(frozen=True)
class Way:
    """One way to answer. When it is not allowed, `sentence` says why and `way_out` what helps."""

    allowed: bool
    here: bool = True
    sentence: Text = ""
    way_out: Text = ""
    limits: tuple[Limit, ...] = ()
    files: Files | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True)
class Possible:
    public: Way
    private: Way

    def way(self, visibility: str) -> Way:
        return self.public if visibility == "public" else self.private


@dataclass(frozen=True)
class Act:
    """An action of a message's menu."""

    action: Action
    allowed: bool
    sentence: Text = ""


NOWHERE = Way(False, here=False, sentence=NOT_HERE)


def possible(ticket: Ticket, to: Message | None = None) -> Possible:
    """How this ticket can be answered now; `to` is the message answered, where one was chosen."""
    capabilities = ticket.account.adapter.capabilities
    return Possible(public=_public(ticket, capabilities), private=_private(ticket, capabilities, to))


def too_long(text: str, way: Way) -> Limit | None:
    """The first limit the text breaks."""
    return next((limit for limit in way.limits if measure(text, limit.unit) > limit.most), None)


def actions(message: Message) -> list[Act]:
    """What the message's menu offers, with the reason where it cannot be done now."""
    capabilities = message.account.adapter.capabilities
    names = _actions_of(message, capabilities)
    return [_act(message, name) for name in _ORDER if name in names and _fits_state(message, name)]


_ORDER: tuple[Action, ...] = ("like", "unlike", "repost", "unrepost", "hide", "unhide", "delete")


def _public(ticket: Ticket, capabilities: Capabilities) -> Way:
    if ticket.kind != Ticket.Kind.PUBLIC or capabilities.public is None:
        return NOWHERE
    return _unless_account_is_broken(ticket, _open_way(capabilities.public))


def _private(ticket: Ticket, capabilities: Capabilities, to: Message | None) -> Way:
    writing = capabilities.private
    if writing is None:
        return NOWHERE
    if not ticket.identity.reachable:
        words = REASONS["unreachable"]
        return Way(False, sentence=words.sentence, way_out=words.way_out)
    if ticket.kind == Ticket.Kind.PRIVATE or ticket.last_private_in is not None:
        way = _within_window(ticket, writing)
    elif capabilities.private_reply:
        way = _private_reply(ticket, writing, capabilities, to)
    elif writing.window is None:
        way = _open_way(writing)
    else:
        way = Way(False, sentence=CLOSED, way_out=PUBLIC_ONLY)
    return _unless_account_is_broken(ticket, way)


def _within_window(ticket: Ticket, writing: Writing) -> Way:
    if writing.window is None:
        return _open_way(writing)
    if ticket.last_private_in is None:
        return Way(False, sentence=CLOSED, way_out=WAIT)
    closes = ticket.last_private_in + timedelta(seconds=writing.window)
    if closes <= clock.now():
        return Way(False, sentence=CLOSED, way_out=WAIT, closes_at=closes)
    return _open_way(writing, closes)


def _private_reply(ticket: Ticket, writing: Writing, capabilities: Capabilities, to: Message | None) -> Way:
    comment = to or last_inbound(ticket, "public")
    if comment is None:
        return Way(False, sentence=NO_COMMENT, way_out=PUBLIC_ONLY)
    if comment.answered_by.filter(visibility="private").exclude(state=Message.State.FAILED).exists():
        return Way(False, sentence=ONCE, way_out=WAIT)
    if capabilities.private_reply_within is None:
        return _open_way(writing)
    closes = comment.at + timedelta(seconds=capabilities.private_reply_within)
    if closes <= clock.now():
        return Way(False, sentence=TOO_OLD, way_out=PUBLIC_ONLY, closes_at=closes)
    return Way(True, limits=writing.limits, files=None, closes_at=closes)


def last_inbound(ticket: Ticket, visibility: str) -> Message | None:
    """The customer's newest message that is still there."""
    return (
        ticket.messages.filter(direction="in", visibility=visibility, removed_at=None)
        .order_by("at", "external_id")
        .last()
    )


def _open_way(writing: Writing, closes_at: datetime | None = None) -> Way:
    return Way(True, limits=writing.limits, files=writing.files, closes_at=closes_at)


def _unless_account_is_broken(ticket: Ticket, way: Way) -> Way:
    words = _what_is_broken(ticket.account)
    if way.allowed and words is not None:
        return Way(False, sentence=words.sentence, way_out=words.way_out, limits=way.limits, files=way.files)
    return way


def _what_is_broken(account: Account) -> Words | None:
    """Why nothing can be sent from this account at all, if so."""
    match account.problem:
        case "sign_in_again" | "not_configured" | "account_blocked":
            return REASONS[account.problem]
    return None


def _actions_of(message: Message, capabilities: Capabilities) -> frozenset[Action]:
    if message.visibility == "note" or not message.external_id:
        return frozenset()
    if message.visibility == "private":
        return capabilities.on_private
    return capabilities.on_ours if message.direction == "out" else capabilities.on_theirs


def _fits_state(message: Message, action: Action) -> bool:
    """Like or unlike, never both."""
    done = {"like": message.liked, "repost": message.reposted, "hide": message.hidden}
    if action in done:
        return not done[action]
    undone = {"unlike": message.liked, "unrepost": message.reposted, "unhide": message.hidden}
    return undone.get(action, True)


def _act(message: Message, action: Action) -> Act:
    if message.removed_at is not None:
        return Act(action, False, REASONS["gone"].sentence)
    words = _what_is_broken(message.account)
    if words is not None:
        return Act(action, False, words.sentence)
    return Act(action, True)

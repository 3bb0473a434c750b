"""What can be done with a message right now: its menu, with the reason where something cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User
from heed.accounts.rights import Permission
from heed.channels.base import TAKEN_OVER, Action, Capabilities, Limit, Writing
from heed.channels.reasons import REASONS
from heed.inbox.models import Message
from heed.inbox.possible_ways import Text, broken_by
from heed.inbox.reach.seeing import sight
from heed.lib import clock
from heed.lib.text import measure

NOT_YOURS = _("This was written from an account on which you may not do this.")
ONLY_AUTHOR = _("On this network only who wrote this can delete it.")
TOO_LATE_TO_EDIT = _("It is too late to change this on the network.")
TOO_LATE_TO_DELETE = _("It is too late to delete this on the network.")


@dataclass(frozen=True)
class Act:
    """An action of a message's menu. `choices` are the reactions it can be given, `("*",)` for any
    emoji; an `edit` takes the new text within `limits`."""

    action: Action
    allowed: bool
    sentence: Text = ""
    choices: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()


def actions(message: Message, user: User | None = None) -> list[Act]:
    """What the message's menu offers, with the reason where it cannot be done now, or not by this person."""
    can = message.account.able
    names = _actions_of(message, can)
    offered = [
        _act(message, name, can, named=name in names)
        for name in _ORDER
        if (name in names or _is_missed(message, name, can, names)) and _fits_state(message, name)
    ]
    if user is None or message.account_id == message.ticket.account_id:
        return offered
    return [each if _may_for(user, each, message) else Act(each.action, False, NOT_YOURS) for each in offered]


_TALK = frozenset({"react", "unreact", "edit", "seen", "typing", "hand_back"})
"""Actions that belong to talking with the customer; the others moderate what stands on the network."""


def needed_for(action: str) -> Permission:
    """What somebody must be permitted for this action."""
    return "answer" if action in _TALK else "moderate"


def _may_for(user: User, act: Act, message: Message) -> bool:
    """Whether they may do this with the sign-in of the account that said it: seeing the ticket of another one
    is not enough."""
    needed = needed_for(act.action)
    return user.rights.may(needed) and sight(user, needed).holds_on(message.account_id)


_ORDER: tuple[Action, ...] = (
    "like",
    "unlike",
    "react",
    "unreact",
    "repost",
    "unrepost",
    "seen",
    "hand_back",
    "hide",
    "unhide",
    "edit",
    "delete",
)


def _actions_of(message: Message, can: Capabilities) -> frozenset[Action]:
    if message.visibility == "note" or not message.external_id:
        return frozenset()
    ours = message.direction == "out"
    if message.visibility == "private":
        names = can.on_private_ours if ours else can.on_private
    else:
        names = can.on_ours if ours else can.on_theirs
    return names & can.only[message.kind] if message.kind in can.only else names


def _is_expected(name: Action, visibility: str, known: frozenset[Action], named: frozenset[Action]) -> bool:
    """What all can see is liked and hidden; what two see is reacted to, or else liked, and seen."""
    if visibility == "public":
        return name not in ("react", "seen")
    if name == "like":
        return "react" not in known
    return name != "hide" and not (name == "react" and "like" in named)


def _is_missed(message: Message, name: Action, can: Capabilities, names: frozenset[Action]) -> bool:
    """Whether people expect this action here, and deserve to be told why there is none."""
    if message.visibility == "note" or not message.external_id:
        return False
    if _is_deleting_theirs(message, name):
        return bool(can.on_theirs)
    if name not in can.why_not:
        return False
    if not _is_expected(name, message.visibility, names | can.why_not.keys(), names):
        return False
    return (message.direction == "out") == (name in ("edit", "delete"))


def _is_deleting_theirs(message: Message, name: Action) -> bool:
    """Whether this would take away what a customer wrote in public. Where it cannot be done, its author alone
    can."""
    return name == "delete" and message.direction == "in" and message.visibility == "public"


def _fits_state(message: Message, action: Action) -> bool:
    """Like or unlike, never both; only what was taken over can be handed back."""
    done = {"like": message.liked, "react": message.liked, "repost": message.reposted, "hide": message.hidden}
    if action in done:
        return not done[action]
    undone = {
        "unlike": message.liked,
        "unreact": message.liked,
        "unrepost": message.reposted,
        "unhide": message.hidden,
        "hand_back": bool(message.refs.get(TAKEN_OVER)),
    }
    return undone.get(action, True)


def _act(message: Message, action: Action, can: Capabilities, *, named: bool) -> Act:
    if not named:
        theirs = _is_deleting_theirs(message, action)
        return Act(action, False, ONLY_AUTHOR if theirs else can.why_not[action])
    if message.removed_at is not None:
        return Act(action, False, REASONS["gone"].sentence)
    broken = broken_by(message.account)
    if broken is not None:
        return Act(action, False, REASONS[broken].sentence)
    late = _too_late(message, action, can)
    if late:
        return Act(action, False, late)
    if action == "react":
        return Act(action, True, choices=can.reactions)
    if action == "edit":
        writing = can.public if message.visibility == "public" else can.private
        return Act(action, True, limits=_edit_limits(message, writing) if writing else ())
    return Act(action, True)


def _edit_limits(message: Message, writing: Writing) -> tuple[Limit, ...]:
    """How long its new text may be: under a file less than in a message of its own."""
    caption = writing.caption
    if caption is None or not message.attachments.all():
        return writing.limits
    first = next(iter(message.said_before), message)
    return (caption,) if measure(first.text, caption.unit) <= caption.most else writing.limits


def _too_late(message: Message, action: Action, can: Capabilities) -> Text:
    if message.direction != "out":
        return ""
    within, sentence = {
        "edit": (can.edit_within, TOO_LATE_TO_EDIT),
        "delete": (can.delete_within, TOO_LATE_TO_DELETE),
    }.get(action, (None, ""))
    if within is not None and message.at + timedelta(seconds=within) <= clock.now():
        return sentence
    return ""

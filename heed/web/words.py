"""The words the pages use for what the inbox stores."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from heed.channels.reasons import REASONS
from heed.inbox.models import Event, Identity, Message, Ticket
from heed.web import deeds, due_words, matters, rule_words
from heed.web.names import as_read


class Shown(NamedTuple):
    """A word and the tone of its chip."""

    word: Promise
    tone: str


STATUSES: dict[str, Shown] = {
    Ticket.Status.NEW: Shown(_("New"), "accent"),
    Ticket.Status.OPEN: Shown(_("Open"), ""),
    Ticket.Status.PENDING: Shown(_("Pending"), "warn"),
    Ticket.Status.HOLD: Shown(_("On hold"), "warn"),
    Ticket.Status.SOLVED: Shown(_("Solved"), "good"),
}

STATES: dict[str, Promise] = {
    Message.State.QUEUED: _("waiting to be sent"),
    Message.State.SENDING: _("sending…"),
    Message.State.RETRYING: _("trying again"),
    Message.State.SENT: _("sent"),
    Message.State.DELIVERED: _("delivered"),
    Message.State.SEEN: _("seen"),
    Message.State.FAILED: _("not sent"),
    Message.State.UNKNOWN: _("not sure whether it arrived"),
}

KINDS: dict[str, Promise] = {
    "comment": _("public comment"),
    "reply": _("public reply"),
    "mention": _("mention"),
    "visitor_post": _("visitor’s post"),
    "review": _("review"),
    "message": _("private message"),
    "postback": _("chosen button"),
    "quote": _("quote"),
    "story_reply": _("answer to our story"),
    "story_mention": _("mention in a story"),
    "standby": _("while another app answers"),
}

ORDERS: dict[str, Promise] = {
    "newest": _("Newest first"),
    "waiting": _("Waiting longest"),
    "due": _("Due first"),
    "priority": _("Most urgent first"),
    "closing": _("Window closes first"),
}
BY_RELEVANCE: dict[str, Promise] = {"relevance": _("Best match first")}
"""Only where something is looked for."""

ACTIONS: dict[str, Promise] = {
    "like": _("Like"),
    "unlike": _("Take the like back"),
    "react": _("React"),
    "unreact": _("Take the reaction back"),
    "seen": _("Mark as seen"),
    "hand_back": _("Hand back to the other app"),
    "edit": _("Edit"),
    "hide": _("Hide"),
    "unhide": _("Show again"),
    "delete": _("Delete"),
    "repost": _("Repost"),
    "unrepost": _("Take the repost back"),
}

TABS: dict[str, Promise] = {
    "public": _("Reply publicly"),
    "private": _("Reply privately"),
    "note": _("Note"),
}

_RATED = {True: _("The customer is satisfied 👍"), False: _("The customer is not satisfied 👎")}

_WAITS_AGAIN: dict[str, Promise] = {
    "failed": _("Unanswered again: the answer did not arrive"),
    "unknown": _("Unanswered again: it is not known whether the answer arrived"),
}

_GIVEN_BACK: dict[str, Promise] = {
    "rights": _("Given back: {name} may no longer answer it"),
    "access": _("Given back: {name} can no longer sign in"),
}

_DEEDS: dict[str, tuple[Promise, Promise]] = {
    # who did it is known, or not
    "answered_marked": (_("{who} marked it answered"), _("Marked answered")),
    "unanswered_marked": (_("{who} marked it unanswered"), _("Marked unanswered")),
    "ticket_reopened": (_("{who} opened it again"), _("Opened again by a new message")),
    "answered_outside": (_("{who} answered outside Heed"), _("Answered outside Heed")),
}


def name_of(identity: Identity) -> str:
    """What a customer is called, also where the network does not say who wrote."""
    return as_read(identity.called, named=identity.named)


def kind_of(ticket: Ticket) -> str:
    """What the ticket is about, in one word of the trade."""
    return gettext("comment") if ticket.about == "comment" else str(KINDS[ticket.about])


def kind_of_message(message: Message) -> str:
    """How a message came or went: `public comment`, `private message` …"""
    if message.direction == "out":
        return gettext("private message") if message.visibility == "private" else gettext("public reply")
    fallback = "message" if message.visibility == "private" else "comment"
    return str(KINDS.get(message.kind) or KINDS[fallback])


def what_happened(event: Event) -> SafeString:
    """An event as a line between the messages."""
    facts = event.facts
    who = format_html("<bdi>{}</bdi>", event.actor) if event.actor else rule_words.who(facts)
    match event.kind:
        case "assigned" if facts.get("why") in _GIVEN_BACK:
            return format_html(
                str(_GIVEN_BACK[facts["why"]]), name=format_html("<bdi>{}</bdi>", facts["had"])
            )
        case "assigned":
            return _handed_over(who, str(facts.get("to") or ""))
        case "status_changed":
            status = STATUSES.get(str(facts.get("status")))
            return _with_status(who, str(status.word) if status else "")
        case "hidden_changed":
            return _hiding(who, bool(facts.get("hidden")))
        case "action_failed":
            action = str(ACTIONS.get(str(facts.get("action")), facts.get("action") or ""))
            return _in_vain(action, str(facts.get("reason") or ""))
        case "rated":
            return format_html("{}", _RATED[bool(facts.get("good"))])
        case "ticket_reopened" if who is None and "number" in facts:
            return _put_in(int(facts["number"]))
        case "unanswered_marked" if facts.get("why") in _WAITS_AGAIN:
            return format_html("{}", _WAITS_AGAIN[facts["why"]])
    for said in (deeds.SAID, matters.SAID, due_words.SAID, rule_words.SAID):
        if event.kind in said:
            return said[event.kind](who, facts)
    known, unknown = _DEEDS.get(event.kind, (_("Changed by {who}"), _("Changed")))
    return format_html(str(known), who=who) if who else format_html("{}", unknown)


def _put_in(number: int) -> SafeString:
    """Nobody wrote: what was poured into it waits."""
    told = gettext("Opened again: #{number}, which waits, was merged into it")
    return format_html(
        told.replace("#{number}", "{number}"), number=format_html('<bdi dir="ltr">#{}</bdi>', number)
    )


def _in_vain(action: str, reason: str) -> SafeString:
    told = format_html(gettext("“{action}” did not work on the network."), action=action)
    why = REASONS.get(reason)  # type: ignore[call-overload]
    return format_html("{} {}", told, why.sentence) if why else told


def _handed_over(who: SafeString | None, to: str) -> SafeString:
    if not to:
        return format_html(gettext("{who} unassigned it"), who=who or "Heed")
    if who and who == format_html("<bdi>{}</bdi>", to):
        return format_html(gettext("{who} took it"), who=who)
    return format_html(
        gettext("{who} gave it to {to}"), who=who or "Heed", to=format_html("<bdi>{}</bdi>", to)
    )


def _with_status(who: SafeString | None, status: str) -> SafeString:
    if who is None:
        return format_html(gettext("Status is now {status}"), status=status)
    return format_html(gettext("{who} set the status to {status}"), who=who, status=status)


def _hiding(who: SafeString | None, hidden: bool) -> SafeString:
    if who is None:
        return format_html(
            "{}", gettext("A comment was hidden") if hidden else gettext("A comment is shown again")
        )
    text = gettext("{who} hid a comment") if hidden else gettext("{who} showed a comment again")
    return format_html(text, who=who)

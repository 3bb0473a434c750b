"""What is done to a message on its network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User
from heed.inbox.jobs import act_later, show_typing
from heed.inbox.models import Message, Ticket
from heed.inbox.possible import too_long
from heed.inbox.possible_actions import Act, actions
from heed.inbox.possible_ways import last_inbound
from heed.inbox.verbs.refusals import CannotAct
from heed.lib import live
from heed.lib.jobs import defer_once
from heed.lib.text import clean


@transaction.atomic
def act(message: Message, user: User | None, action: str, value: str = "") -> None:
    """Queue a like, hide, delete … on the network. `value` is the emoji of `react`, the new text of
    `edit`; `user` is None where a rule does it. Raises `CannotAct`."""
    offer = _offer(message, action, user)
    value = _checked_value(offer, clean(value).strip())
    user_id = user.pk if user else 0
    act_later([{"message": message.pk, "action": offer.action, "user": user_id, "value": value}])


@transaction.atomic
def act_on_many(messages: Iterable[Message], action: str) -> dict[int, CannotAct]:
    """Queue the same for many messages, each with its account, ticket and identity, of as many tickets; done
    by nobody in person. Gives back what those say that refuse, by the numbers of their tickets."""
    refused: dict[int, CannotAct] = {}
    wanted: list[dict[str, Any]] = []
    for message in messages:
        try:
            offer = _offer(message, action)
        except CannotAct as why:
            refused[message.ticket_id] = why
        else:
            wanted.append({"message": message.pk, "action": offer.action, "user": 0, "value": ""})
    act_later(wanted)
    return refused


def _offer(message: Message, action: str, user: User | None = None) -> Act:
    """What the menu says of this action. Raises `CannotAct` where it cannot be done."""
    offer = next((each for each in actions(message, user) if each.action == action), None)
    if offer is None:
        raise CannotAct(_("This cannot be done with this message."))
    if not offer.allowed:
        raise CannotAct(offer.sentence)
    return offer


def type_along(ticket: Ticket) -> None:
    """Show the customer that somebody is typing, where the network has a sign for it."""
    newest = last_inbound(ticket, "private")
    if newest is not None and "typing" in ticket.account.able.on_private:
        defer_once(show_typing, f"typing:{ticket.pk}", message=newest.pk)
        live.tell([f"typing:{ticket.pk}"])


def _checked_value(offer: Act, value: str) -> str:
    """The emoji or text an action takes. Raises `CannotAct`."""
    if offer.action == "react" and offer.choices != ("*",) and value not in offer.choices:
        choices = " ".join(offer.choices)
        raise CannotAct(_("The network takes only these reactions: %(choices)s") % {"choices": choices})
    if offer.action == "react" and not 0 < len(value) <= 40:
        raise CannotAct(_("Choose a reaction."))
    if offer.action == "edit":
        if not value:
            raise CannotAct(_("Write something first."))
        if too_long(value, offer.limits):
            raise CannotAct(_("The text is longer than the network allows."))
    return value

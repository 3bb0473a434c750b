"""Why a network said no: a sentence for the person, and the way out. One table for all networks."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from heed.channels.base import Reason

UNTIL_A_PERSON_ACTS: tuple[Reason, ...] = (
    "sign_in_again",
    "not_configured",
    "wrong_server",
    "account_blocked",
)
"""Refusals of the whole account that last until somebody sees to it. They say nothing of the file or message
that was asked for: once the account works again, it can be had; and nothing can be sent until then."""


class Words(NamedTuple):
    sentence: Promise
    way_out: Promise


REASONS: dict[Reason, Words] = {
    "sign_in_again": Words(
        _("The network no longer accepts our sign-in."),
        _("Ask an admin to reconnect the account, then send again."),
    ),
    "not_allowed": Words(
        _("The account lacks a permission for this."),
        _("Ask an admin to grant it on the network and reconnect the account."),
    ),
    "account_blocked": Words(
        _("The network has restricted this account for now."),
        _("Ask an admin to look at the account on the network itself."),
    ),
    "outside_window": Words(
        _("The time in which the network lets us answer freely has passed."),
        _("Wait until the customer writes again, or reach them another way."),
    ),
    "unreachable": Words(
        _("This person does not accept messages from us now."),
        _("Answer publicly, or reach the customer another way."),
    ),
    "script_refused": Words(
        _("The mail server takes no address in this script."),
        _("Ask the customer for an address in Latin letters, or reach them another way."),
    ),
    "gone": Words(
        _("What you answer is no longer there."),
        _("Answer another message of this ticket."),
    ),
    "already_done": Words(
        _("The network allows this only once, and it was already done."),
        _("Continue in the private conversation."),
    ),
    "not_privately": Words(
        _("The network takes no private reply to this, or one was already sent."),
        _("Answer publicly instead."),
    ),
    "used_up": Words(
        _("The network lets us send only so many messages until the customer writes again."),
        _("Wait until the customer writes again."),
    ),
    "quota_spent": Words(
        _("All messages that the network allows this account for now are used up."),
        _("Ask an admin to raise the limit on the network, or wait until it starts anew."),
    ),
    "too_long": Words(
        _("The text is longer than the network allows."),
        _("Shorten it and send again."),
    ),
    "file_refused": Words(
        _("The network did not take the attachment."),
        _("Try a smaller file or another format."),
    ),
    "duplicate": Words(
        _("The network holds this for a repeat of your last message."),
        _("Change the wording and send again."),
    ),
    "bad_request": Words(
        _("The network did not accept the message."),
        _("Change the message and send again; an admin finds the details on the accounts page."),
    ),
    "not_configured": Words(
        _("The account is not set up completely."),
        _("Ask an admin to finish connecting it."),
    ),
    "wrong_server": Words(
        _("A server of this account is not entered rightly."),
        _("Ask an admin to look at the account, then send again."),
    ),
    "network_down": Words(
        _("The network cannot be reached."),
        _("Send again in a while."),
    ),
    "slow_down": Words(
        _("The network asks us to slow down."),
        _("Send again in a while."),
    ),
}

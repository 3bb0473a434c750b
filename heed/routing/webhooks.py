"""Calling other programs for a rule, through the guarded seam, signed so that they know who calls.

The signature is `t=<unix time>,v1=<hex>`: HMAC-SHA256 with the rule's secret over `<unix time>.<body>`.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import orjson
from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop

from heed.channels.outgoing import client
from heed.inbox.models import Ticket
from heed.lib import clock
from heed.lib.http import AddressRefused, Request, TooLarge, Unreachable
from heed.routing.actions import host_of
from heed.routing.models import Rule, RuleRun

_ANSWER_LIMIT = 64 * 1024

CHANGED = gettext_noop("The rule was changed before the call.")
UNREACHABLE = gettext_noop("It could not be reached.")
SILENT = gettext_noop("No answer came back.")
"""Kept in English with a run; translated when shown."""


class Unwelcome(Exception):
    """The other program answered that it does not take the call; `lasting` when asking again is useless."""

    def __init__(self, status: int) -> None:
        super().__init__(f"answered {status}")
        self.status = status
        self.lasting = 400 <= status < 500 and status not in (408, 425, 429)


def secret_of(rule: Rule) -> str:
    """What the other program checks signatures with. The same for a rule's whole life."""
    return salted_hmac("heed.routing.webhooks", str(rule.pk), algorithm="sha256").hexdigest()


def address(run: RuleRun, index: int) -> str:
    """Where to call for this action of a run: the rule knows, the run keeps only the host. Empty where the
    rule calls somebody else by now."""
    noted = run.outcome[index]
    given = run.rule.actions[index] if index < len(run.rule.actions) else {}
    same = given.get("do") == noted["do"] and host_of(given) == host_of(noted)
    return str(given["url"]) if same else ""


def call(run: RuleRun, index: int, url: str) -> None:
    """Tell the program about the run. A repeated call has the same `Heed-Delivery`. Raises `Unwelcome` and
    what `lib.http` raises."""
    body = orjson.dumps(_facts(run))
    moment = str(int(clock.now().timestamp()))
    headers = {
        "content-type": "application/json",
        "heed-delivery": f"{run.pk}-{index}",
        "heed-signature": f"t={moment},v1={signed(secret_of(run.rule), moment, body)}",
    }
    response = client().send(
        Request("POST", url, headers=headers, content=body, decisive=True), limit=_ANSWER_LIMIT
    )
    if not 200 <= response.status < 300:
        raise Unwelcome(response.status)


def said_of(error: Exception) -> str:
    """Why a call did not work, in English. Never the address: it may carry a secret."""
    if isinstance(error, Unwelcome | AddressRefused | TooLarge):
        return str(error)
    return UNREACHABLE if isinstance(error, Unreachable) else SILENT


def signed(secret: str, moment: str, body: bytes) -> str:
    return hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def _facts(run: RuleRun) -> dict[str, Any]:
    ticket = run.ticket
    said = ticket.messages.filter(direction="in", removed_at=None).order_by("-at", "-id")
    meant = said.filter(pk=run.event.message_id or 0).first() if run.event else None
    message = meant or said.first()
    return {
        "rule": {"id": run.rule_id, "name": run.rule.name},
        "when": run.event.kind if run.event else Rule.TIME,
        "at": run.at,
        "ticket": _ticket(ticket),
        "message": message
        and {"id": message.pk, "text": message.text, "at": message.at, "visibility": message.visibility},
    }


def _ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "number": ticket.pk,
        "url": f"{settings.HEED_PUBLIC_URL}/tickets/{ticket.pk}",
        "status": ticket.status,
        "priority": ticket.priority,
        "unanswered": ticket.unanswered,
        "waiting_since": ticket.waiting_since,
        "due_at": ticket.due_at,
        "tags": ticket.tags,
        "language": ticket.language,
        "subject": ticket.subject,
        "team": ticket.team.name if ticket.team else None,
        "assignee": ticket.assignee.email if ticket.assignee else None,
        "account": {"id": ticket.account_id, "name": ticket.account.name, "network": ticket.account.network},
        "customer": {"id": ticket.customer_id, "name": ticket.identity.name},
    }

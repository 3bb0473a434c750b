"""Rules, what sets them off, and tickets as they are then."""

from __future__ import annotations

from typing import Any

from heed.inbox.models import Event, Ticket
from heed.lib import clock
from heed.routing.models import Rule


def rule(*deeds: dict[str, Any], when: str = "message_received", condition: str = "", **facts: Any) -> Rule:
    name = facts.pop("name", f"Rule {Rule.objects.count() + 1}")
    position = facts.pop("position", Rule.objects.count())
    return Rule.objects.create(
        name=name,
        when=when.split(),
        condition=condition,
        actions=list(deeds),
        on=True,
        position=position,
        **facts,
    )


def add(*tags: str) -> dict[str, Any]:
    return {"do": "add_tags", "tags": list(tags)}


def comes(ticket: Ticket, kind: str = "message_received", **data: Any) -> Event:
    return Event.objects.create(
        kind=kind,
        ticket=ticket,
        account=ticket.account,
        message=ticket.messages.order_by("pk").first(),
        data=data,
        at=clock.now(),
    )


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)

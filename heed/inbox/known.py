"""What is known about a ticket, as the placeholders of a text name it."""

from __future__ import annotations

from heed.accounts.models import User
from heed.inbox.models import Identity, Ticket
from heed.inbox.models.people import NAMELESS
from heed.library.filling import first_name

NAMES = ("first_name", "name", "agent", "ticket", "account", "brand")
"""Besides these the keys of the company's own fields are placeholders: {order} of a field `order`."""


def known(ticket: Ticket, user: User) -> dict[str, str]:
    """Every placeholder with what it stands for in an answer of this person; "" where nothing is known."""
    name = _told(ticket.customer.name, ticket.identity) or ticket.identity.name
    fields = {key: _plain(value) for key, value in ticket.fields.items()}
    brand = ticket.account.brand
    return fields | {
        "first_name": first_name(name),
        "name": name,
        "agent": user.first_name,
        "ticket": f"#{ticket.pk}",
        "account": ticket.account.name,
        "brand": brand.name if brand else ticket.account.name,
    }


def _told(name: str, identity: Identity) -> str:
    """The customer's name, unless it is only the end of an id: nobody is greeted so."""
    told = name in (identity.name, identity.handle) or not NAMELESS.fullmatch(name)
    return name if told else ""


def _plain(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None or isinstance(value, bool) else str(value)

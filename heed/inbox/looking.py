"""Who looks at what customers wrote: the audit tells of it, once a visit."""

from __future__ import annotations

from heed.accounts import audit
from heed.accounts.models import User
from heed.inbox.models import Attachment, Delivery, Ticket


def looked_at(user: User, ticket: int) -> None:
    """This person is shown what was said in the ticket of this number, or a part of it."""
    audit.opened(user, Ticket(pk=ticket), f"#{ticket}")


def looked_into(user: User, attachment: Attachment) -> None:
    """This person is shown a file; one of a draft of their own is no news to them."""
    if attachment.message is not None:
        looked_at(user, attachment.message.ticket_id)


def looked_through(user: User, delivery: Delivery | None = None) -> None:
    """This person is shown what a network sent, or a list of that."""
    if delivery is None:
        audit.opened(user, "delivery")
    else:
        audit.opened(user, delivery, f"{delivery.account.name} #{delivery.pk}")

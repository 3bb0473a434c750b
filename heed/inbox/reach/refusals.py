"""What is not there for this person."""

from __future__ import annotations


class NoSuchTicket(LookupError):
    """No ticket of this number that this person may see."""


class NoSuchMessage(LookupError):
    pass


class NoSuchAttachment(LookupError):
    pass


class NoSuchDelivery(LookupError):
    pass


class NoSuchTag(LookupError):
    pass


class NoSuchField(LookupError):
    pass


class NoSuchRecord(LookupError):
    """This ticket has no merge, split or joining of this number that stands."""


class NoSuchSweep(LookupError):
    """Nothing this person did to many tickets has this number."""


class NoSuchView(LookupError):
    """The views are those of `VIEWS`."""


class NoSuchOrder(LookupError):
    """The orders are those of `ORDERS`."""


class BadCursor(ValueError):
    """The cursor was not one we gave."""

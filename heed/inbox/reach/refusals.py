"""What is not there for this person."""

from __future__ import annotations

from heed.accounts.refusals import NotHere


class NoSuchTicket(NotHere):
    """No ticket of this number that this person may see."""


class NoSuchMessage(NotHere):
    pass


class NoSuchAttachment(NotHere):
    pass


class NoSuchDelivery(NotHere):
    pass


class NoSuchTag(NotHere):
    pass


class NoSuchGroup(NotHere):
    """No customer is in a group of this name."""


class NoSuchField(NotHere):
    pass


class NoSuchRecord(NotHere):
    """This ticket has no merge, split or joining of this number that stands."""


class NoSuchSweep(NotHere):
    """Nothing this person did to many tickets has this number."""


class NoSuchView(NotHere):
    """The views are those of `VIEWS`."""


class NoSuchOrder(LookupError):
    """The orders are those of `ORDERS`."""


class BadCursor(ValueError):
    """The cursor was not one we gave."""

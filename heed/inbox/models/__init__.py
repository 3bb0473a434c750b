"""Deliveries, customers, tickets, messages and what happened to them.

Keys are 64 bits. `external_id` is always the network's own id, unique within one account.
A foreign key has no index of its own where another one begins with it, nor where it leads to the few
accounts: every index is paid for with every message that comes.
"""

from __future__ import annotations

from heed.inbox.models.desk import Field, FollowUpQuestion, Notice, SavedView, Tag
from heed.inbox.models.events import Event, ReactionFailure
from heed.inbox.models.ledger import Delivery, Gap, Heartbeat
from heed.inbox.models.many import Sweep, Swept
from heed.inbox.models.merging import Joining, Merge, Split
from heed.inbox.models.messages import Attachment, Draft, EarlyNews, Message, Reaction, Revision
from heed.inbox.models.people import Customer, Identity
from heed.inbox.models.presence import Presence
from heed.inbox.models.tickets import BEGAN, OPEN, About, FormerNumber, Post, TallyChange, Ticket
from heed.inbox.models.words import TicketWords, WordsToWrite

__all__ = [
    "BEGAN",
    "OPEN",
    "About",
    "Attachment",
    "Customer",
    "Delivery",
    "Draft",
    "EarlyNews",
    "Event",
    "Field",
    "FollowUpQuestion",
    "FormerNumber",
    "Gap",
    "Heartbeat",
    "Identity",
    "Joining",
    "Merge",
    "Message",
    "Notice",
    "Post",
    "Presence",
    "Reaction",
    "ReactionFailure",
    "Revision",
    "SavedView",
    "Split",
    "Sweep",
    "Swept",
    "Tag",
    "TallyChange",
    "Ticket",
    "TicketWords",
    "WordsToWrite",
]

"""Fetch and authorise in one step."""

from __future__ import annotations

from heed.accounts.rights import NotAllowed
from heed.inbox.reach.counters import Tallies, tallies
from heed.inbox.reach.ledger import deliveries, delivery, latest_event
from heed.inbox.reach.lists import numbers, tickets
from heed.inbox.reach.matters import (
    joining,
    joinings,
    merge,
    merges,
    split,
    split_from,
    splits,
    taken_back_by,
)
from heed.inbox.reach.pages import Page, T
from heed.inbox.reach.refusals import (
    BadCursor,
    NoSuchAttachment,
    NoSuchDelivery,
    NoSuchField,
    NoSuchMessage,
    NoSuchOrder,
    NoSuchRecord,
    NoSuchSweep,
    NoSuchTag,
    NoSuchTicket,
    NoSuchView,
)
from heed.inbox.reach.seeing import Sight, sight
from heed.inbox.reach.single import (
    attachment,
    begun,
    draft_files,
    drafts,
    earlier,
    identities,
    mergeable,
    ticket,
)
from heed.inbox.reach.sorting import MOST_USES, field, fields, filled, groups, sweep, tag, tag_uses, tags
from heed.inbox.reach.threads import Bound, Story, message, messages, moment_of, story, thread
from heed.inbox.reach.views import ORDERS, VIEWS

__all__ = [
    "MOST_USES",
    "ORDERS",
    "VIEWS",
    "BadCursor",
    "Bound",
    "NoSuchAttachment",
    "NoSuchDelivery",
    "NoSuchField",
    "NoSuchMessage",
    "NoSuchOrder",
    "NoSuchRecord",
    "NoSuchSweep",
    "NoSuchTag",
    "NoSuchTicket",
    "NoSuchView",
    "NotAllowed",
    "Page",
    "Sight",
    "Story",
    "T",
    "Tallies",
    "attachment",
    "begun",
    "deliveries",
    "delivery",
    "draft_files",
    "drafts",
    "earlier",
    "field",
    "fields",
    "filled",
    "groups",
    "identities",
    "joining",
    "joinings",
    "latest_event",
    "merge",
    "mergeable",
    "merges",
    "message",
    "messages",
    "moment_of",
    "numbers",
    "sight",
    "split",
    "split_from",
    "splits",
    "story",
    "sweep",
    "tag",
    "tag_uses",
    "tags",
    "taken_back_by",
    "tallies",
    "thread",
    "ticket",
    "tickets",
]

"""All that people do to tickets. Every verb writes its event in the same transaction."""

from __future__ import annotations

from heed.inbox.verbs.acting import act, needed_for, type_along
from heed.inbox.verbs.answering import answer, dismiss, note, settle
from heed.inbox.verbs.drafts import attach, detach, drop_draft, keep_draft
from heed.inbox.verbs.refusals import CannotAct, CannotAnswer, CannotSettle
from heed.inbox.verbs.replaying import replay
from heed.inbox.verbs.tending import assign, mark_answered, mark_unanswered, set_status

__all__ = [
    "CannotAct",
    "CannotAnswer",
    "CannotSettle",
    "act",
    "answer",
    "assign",
    "attach",
    "detach",
    "dismiss",
    "drop_draft",
    "keep_draft",
    "mark_answered",
    "mark_unanswered",
    "needed_for",
    "note",
    "replay",
    "set_status",
    "settle",
    "type_along",
]

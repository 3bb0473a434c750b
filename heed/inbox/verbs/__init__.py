"""All that people do to tickets. Every verb writes its event in the same transaction."""

from __future__ import annotations

from heed.inbox.possible_actions import needed_for
from heed.inbox.verbs.acting import act, act_on_many, type_along
from heed.inbox.verbs.answering import answer, dismiss, note, settle
from heed.inbox.verbs.asking import drop_question, set_question
from heed.inbox.verbs.blocking import block, mark_spam, not_spam, unblock
from heed.inbox.verbs.drafts import attach, describe, detach, drop_draft, keep_draft
from heed.inbox.verbs.groups import drop_group, rename_group, where_group_named
from heed.inbox.verbs.holding import take_back
from heed.inbox.verbs.joining import join, part, part_identity, why_not_parted
from heed.inbox.verbs.labels import (
    archive_field,
    change_field,
    drop_tag,
    make_field,
    make_tag,
    move_field,
    rename_tag,
    where_named,
)
from heed.inbox.verbs.many import DEEDS, sweep, undo
from heed.inbox.verbs.merging import merge, split, unmerge, unsplit
from heed.inbox.verbs.refusals import (
    CannotAct,
    CannotAnswer,
    CannotSettle,
    CannotSolve,
    CannotTend,
    NotTheirs,
    Overtaken,
    WouldNotKnow,
)
from heed.inbox.verbs.replaying import replay
from heed.inbox.verbs.sleeping import remind, snooze, wake
from heed.inbox.verbs.sorting import fill, set_group, set_language, set_priority, tag, tell_languages
from heed.inbox.verbs.tending import (
    assign,
    give_to_team,
    mark_answered,
    mark_unanswered,
    missing_on_solve,
    set_status,
)

__all__ = [
    "DEEDS",
    "CannotAct",
    "CannotAnswer",
    "CannotSettle",
    "CannotSolve",
    "CannotTend",
    "NotTheirs",
    "Overtaken",
    "WouldNotKnow",
    "act",
    "act_on_many",
    "answer",
    "archive_field",
    "assign",
    "attach",
    "block",
    "change_field",
    "describe",
    "detach",
    "dismiss",
    "drop_draft",
    "drop_group",
    "drop_question",
    "drop_tag",
    "fill",
    "give_to_team",
    "join",
    "keep_draft",
    "make_field",
    "make_tag",
    "mark_answered",
    "mark_spam",
    "mark_unanswered",
    "merge",
    "missing_on_solve",
    "move_field",
    "needed_for",
    "not_spam",
    "note",
    "part",
    "part_identity",
    "remind",
    "rename_group",
    "rename_tag",
    "replay",
    "set_group",
    "set_language",
    "set_priority",
    "set_question",
    "set_status",
    "settle",
    "snooze",
    "split",
    "sweep",
    "tag",
    "take_back",
    "tell_languages",
    "type_along",
    "unblock",
    "undo",
    "unmerge",
    "unsplit",
    "wake",
    "where_group_named",
    "where_named",
    "why_not_parted",
]

"""When X also Y: the one table of event kinds and their reactions, in order.

A reaction gets the events of its kind from one batch. It may run twice without harm. One that
fails is recorded, retried and never holds up the others.
"""

from __future__ import annotations

from heed.accounts import renaming
from heed.inbox import reactions
from heed.inbox.reactions import Reaction
from heed.inbox.verbs.asking import ask_later
from heed.inbox.verbs.labels import also_kept
from heed.routing.automatic import say_by_itself
from heed.routing.promises import keep_promises
from heed.routing.reactions import assign_waiting, send_to_team, tell_languages
from heed.routing.renaming import rename_in_conditions, rename_tag, where_tag
from heed.routing.rules import KINDS_AWAITED, run_rules
from heed.widget import reactions as chat

REACTIONS: dict[str, tuple[Reaction, ...]] = {
    "message_received": (
        chat.take_uploads_in,
        reactions.fetch_attached_files,
        reactions.look_up_posts,
        reactions.look_up_people,
        tell_languages,
        keep_promises,
        say_by_itself,
        run_rules,
        assign_waiting,
    ),
    "ticket_opened": (send_to_team, run_rules, assign_waiting),
    "answer_sent": (chat.mail_if_unseen, keep_promises, run_rules),
    "answered_outside": (reactions.fetch_attached_files, keep_promises),
    "post_stale": (reactions.read_posts_again,),
    "post_pictured": (reactions.fetch_pictures,),
    "ticket_reopened": (keep_promises, run_rules, assign_waiting),
    "answered_marked": (keep_promises,),
    "unanswered_marked": (keep_promises, assign_waiting),
    "status_changed": (keep_promises, run_rules, ask_later),
    "priority_changed": (keep_promises, run_rules),
    "team_changed": (keep_promises, run_rules, assign_waiting),
    "field_changed": (keep_promises, run_rules),
    "snoozed": (keep_promises,),
    "woke": (keep_promises, assign_waiting),
    "marked_spam": (keep_promises,),
    "not_spam": (keep_promises, assign_waiting),
    "merged": (keep_promises,),
    "unmerged": (keep_promises,),
    "split": (keep_promises,),
    "unsplit": (keep_promises,),
    "joined": (keep_promises,),
    "parted": (keep_promises,),
    "note_written": (run_rules,),
    "assigned": (run_rules,),
    "tags_changed": (run_rules,),
    "language_told": (run_rules,),
    "due_soon": (run_rules,),
    "due_missed": (run_rules,),
}

reactions.wire(REACTIONS, {run_rules: KINDS_AWAITED})
also_kept(rename_tag, where_tag)
renaming.also_kept(rename_in_conditions)

"""When X also Y: the one table of event kinds and their reactions, in order.

What comes in together goes through it part by part, and in each by its rows: so a new ticket is its team's
before anything is said to the customer or a rule looks at it, and is given out when rules have looked.

A reaction gets the events of its kind from one batch. It may run twice without harm. One that
fails is recorded, retried and never holds up the others.
"""

from __future__ import annotations

from heed.accounts import losing, renaming
from heed.channels import verbs as channels
from heed.inbox import reactions
from heed.inbox.leaving import demand_nothing_came
from heed.inbox.ratings import keep_ratings
from heed.inbox.reactions import Reactions
from heed.inbox.verbs.asking import ask_later
from heed.inbox.verbs.groups import groups_also_kept
from heed.inbox.verbs.labels import also_kept
from heed.library.verbs import forget_guideline
from heed.routing.assignment import take_back
from heed.routing.moving import promises_may_have_moved
from heed.routing.promises import keep_promises
from heed.routing.reactions import assign_waiting, send_to_team, tell_languages
from heed.routing.renaming import rename_group, rename_in_conditions, rename_tag, where_group, where_tag
from heed.routing.rules import KINDS_AWAITED, run_rules
from heed.routing.saying import say_by_itself
from heed.widget import reactions as chat

WHOSE: Reactions = {"ticket_opened": (send_to_team,)}

REACTIONS: Reactions = {
    "message_received": (
        chat.take_uploads_in,
        chat.see_what_was_mailed,
        reactions.fetch_attached_files,
        reactions.look_up_posts,
        reactions.look_up_people,
        tell_languages,
        keep_ratings,
        keep_promises,
        say_by_itself,
        run_rules,
    ),
    "ticket_opened": (run_rules,),
    "answer_sent": (chat.mail_if_unseen, keep_promises, run_rules),
    "answer_failed": (keep_promises,),
    "answered_outside": (reactions.fetch_attached_files, keep_promises),
    "post_stale": (reactions.read_posts_again,),
    "post_pictured": (reactions.fetch_pictures,),
    "ticket_reopened": (keep_promises, run_rules),
    "answered_marked": (keep_promises,),
    "unanswered_marked": (keep_promises,),
    "status_changed": (keep_promises, run_rules, ask_later),
    "priority_changed": (keep_promises, run_rules),
    "team_changed": (keep_promises, run_rules),
    "field_changed": (keep_promises, run_rules),
    "snoozed": (keep_promises,),
    "woke": (keep_promises,),
    "marked_spam": (keep_promises,),
    "not_spam": (keep_promises,),
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

GIVING_OUT: Reactions = dict.fromkeys(
    (
        "message_received",
        "ticket_opened",
        "ticket_reopened",
        "unanswered_marked",
        "team_changed",
        "woke",
        "not_spam",
    ),
    (assign_waiting,),
)

reactions.wire([WHOSE, REACTIONS, GIVING_OUT], {run_rules: KINDS_AWAITED})
also_kept(rename_tag, where_tag)
groups_also_kept(rename_group, where_group)
renaming.also_kept(rename_in_conditions)
losing.also_when_less(take_back)
channels.when_brands_change(promises_may_have_moved)
channels.when_removing(demand_nothing_came)
channels.when_removing(forget_guideline)

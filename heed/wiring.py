"""When X also Y: the one table of event kinds and their reactions, in order.

A reaction gets the events of its kind from one batch. It may run twice without harm. One that
fails is recorded, retried and never holds up the others.
"""

from __future__ import annotations

from heed.inbox import reactions
from heed.inbox.reactions import Reaction
from heed.widget import reactions as chat

REACTIONS: dict[str, tuple[Reaction, ...]] = {
    "message_received": (
        chat.take_uploads_in,
        reactions.fetch_attached_files,
        reactions.look_up_posts,
        reactions.look_up_people,
    ),
    "answer_sent": (chat.mail_if_unseen,),
    "answered_outside": (reactions.fetch_attached_files,),
    "post_stale": (reactions.read_posts_again,),
    "post_pictured": (reactions.fetch_pictures,),
}

reactions.wire(REACTIONS)

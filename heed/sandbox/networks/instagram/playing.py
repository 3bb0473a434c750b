"""What else customers can do here, as the page says it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from heed.sandbox.kinds import ON_LINES, WRITTEN, Kind, elsewhere, like, own, posts, reactions, sends
from heed.sandbox.meta.playing import FROM_ELSEWHERE

MORE = (
    like("post", *ON_LINES),
    *reactions(("😮", "😮"), at=("message",)),
    own("edit", _("Edit"), "message"),
    own("remove", _("Delete"), "post", "comment"),
    own("remove", _("Unsend"), "message"),
    Kind("share", _("Send to the company"), ("post",), aims="post"),
    posts("comment", _("Comment under a broadcast"), "text", live=True),
    posts("mention_in_caption", _("Mention under one’s own picture"), *WRITTEN),
    posts("tag", _("Tag in one’s own picture"), *WRITTEN),
    sends("story_reply", _("Answer a story"), "text"),
    sends("story_mention", _("Mention in a story"), "picture"),
    sends("raw", _("Something programs cannot read"), message={"is_unsupported": True}),
    *FROM_ELSEWHERE,
    elsewhere("outside", _("The company answers in the network’s own app")),
)

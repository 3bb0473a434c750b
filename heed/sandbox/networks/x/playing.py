"""What else customers can do here, as the page says it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from heed.sandbox.kinds import elsewhere, goes, like, own, posts, quote, repost, sends

MORE = (
    like("post", "comment"),
    repost(_("Repost")),
    quote(_("Quote"), "post", "comment"),
    own("edit", _("Edit"), "post", "comment"),
    own("remove", _("Delete"), "post", "comment"),
    posts("say", _("Post without naming the company"), "text"),
    sends("encrypted", _("Something programs cannot read")),
    elsewhere("answer_elsewhere", _("The company answers in the network’s own app")),
    goes("leave", _("Take no messages")),
    goes("join", _("Take messages again")),
)

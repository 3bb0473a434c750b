"""What else customers can do here, as the page says it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from heed.sandbox.kinds import ON_LINES, elsewhere, goes, like, own, posts, quote, repost

MORE = (
    like("post", *ON_LINES),
    repost(_("Boost")),
    quote(_("Quote"), "post", "comment"),
    own("edit", _("Edit"), "post", *ON_LINES),
    own("remove", _("Delete"), "post", *ON_LINES),
    posts("whisper", _("Mention that only followers see"), "text"),
    elsewhere("say_elsewhere", _("The company answers in the network’s own app")),
    goes("follow", _("Follow")),
)

"""What else customers can do here, as the page says it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from heed.sandbox.kinds import ON_LINES, Kind, elsewhere, goes, like, own, quote, reactions, repost, sends

MORE = (
    like("post", "comment", "message", reaction="like"),
    *reactions(("😂", "😂"), at=("message",)),
    repost(_("Repost")),
    quote(_("Quote"), "post", "comment"),
    own("remove", _("Delete"), "post", *ON_LINES),
    Kind("close", _("Let nobody reply"), ("post", "comment"), facts={"to": ["reply"]}, whose="mine"),
    Kind("message", _("Reply"), ("message",), asks=("text",), aims="answers"),
    sends("group", _("Write in a group chat"), "text", others=["oto"]),
    elsewhere("say_elsewhere", _("The company answers in the network’s own app")),
    goes("leave", _("Take no messages")),
    goes("join", _("Take messages again")),
    goes("close_account", _("Switch off the account")),
)

"""What else customers can do here, as the page says it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from heed.sandbox.kinds import ON_LINES, WRITTEN, Kind, elsewhere, like, own, posts, reactions, sends
from heed.sandbox.meta.playing import FROM_ELSEWHERE

LOCATION = {
    "attachments": [{"type": "location", "payload": {"coordinates": {"lat": 46.0511, "long": 14.5051}}}]
}
LINK = {
    "attachments": [
        {"type": "fallback", "payload": {"url": "https://acme.example/autumn", "title": "Autumn at Acme"}}
    ]
}

MORE = (
    like("post", *ON_LINES),
    *reactions(
        ("love", "❤️"), ("haha", "😆"), ("wow", "😮"), ("sorry", "😢"), ("anger", "😡"), at=("post", *ON_LINES)
    ),
    own("edit", _("Edit"), "post", *ON_LINES),
    own("remove", _("Delete"), "post", "comment"),
    own("remove", _("Unsend"), "message"),
    Kind("share", _("Share"), ("post",), aims="post", quick=True),
    Kind("sticker", _("Comment with a sticker"), ("post",), aims="post"),
    posts("visitor_post", _("Post on the page"), *WRITTEN),
    posts("review", _("Review"), "text", "stars"),
    posts("mention_in_comment", _("Mention under somebody’s post"), "text"),
    posts("comment", _("Comment without showing who"), *WRITTEN, named=False),
    sends("raw", _("Location"), message=LOCATION),
    sends("raw", _("Link"), message=LINK),
    *FROM_ELSEWHERE,
    elsewhere("outside", _("The company answers in the network’s own app")),
    elsewhere("bot", _("Another program of the company answers")),
    Kind(
        "outside",
        _("The company answers in the network’s own app"),
        ("comment",),
        asks=("text",),
        company=True,
    ),
)

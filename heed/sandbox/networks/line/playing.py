"""What else customers can do here, as the page says it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from heed.sandbox.kinds import Kind, goes, own, sends

STICKER = {"type": "sticker", "packageId": "446", "stickerId": "1988", "stickerResourceType": "STATIC"}
LOCATION = {
    "type": "location",
    "title": "Tromostovje",
    "address": "Ljubljana",
    "latitude": 46.0511,
    "longitude": 14.5051,
}

MORE = (
    own("remove", _("Unsend"), "message"),
    Kind("message", _("Reply"), ("message",), asks=("text",), aims="quote"),
    sends("burst", _("Several messages at once, a line each"), "texts"),
    sends("album", _("Album of pictures"), pictures=["boot", "sandal", "box"]),
    sends("file", _("File"), name="order-88140.txt", content="Triglav 42\n"),
    sends("file", _("Voice message"), name="voice.m4a", content="ftyp", kind="audio"),
    sends("raw", _("Sticker"), message=STICKER),
    sends("raw", _("Location"), message=LOCATION),
    sends("group_message", _("Write in a group chat"), "text"),
    goes("postback", _("Press a button of the menu"), data="opening-hours"),
    goes("join", _("Add as a friend")),
    goes("leave", _("Block")),
)

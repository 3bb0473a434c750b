"""What else customers can do here, as the page says it."""

from __future__ import annotations

from base64 import b64encode

from django.utils.translation import gettext_lazy as _

from heed.sandbox.kinds import WRITTEN, Kind, elsewhere, goes, like, own, reactions, sends

LOCATION = {"latitude": 46.0511, "longitude": 14.5051, "name": "Tromostovje", "address": "Ljubljana"}
CONTACTS = [{"name": {"formatted_name": "Oto Tujec"}, "phones": [{"phone": "+38640000001", "type": "CELL"}]}]
FILE = {
    "kind": "document",
    "data": b64encode(b"Triglav 42\n").decode(),
    "mime": "text/plain",
    "name": "order-88140.txt",
}

MORE = (
    like("message"),
    *reactions(("love", "❤️"), ("😂", "😂"), ("😮", "😮"), at=("message",)),
    own("edit", _("Edit"), "message"),
    own("remove", _("Unsend"), "message"),
    Kind("message", _("Reply"), ("message",), asks=WRITTEN, aims="context"),
    sends("file", _("File"), **FILE),
    sends("raw", _("Location"), kind="location", content=LOCATION),
    sends("raw", _("Contact"), kind="contacts", content=CONTACTS),
    elsewhere("phone", _("A colleague answers on the company’s phone")),
    goes("open", _("Open the chat, write nothing")),
    goes("hide_number", _("Take a username: hide the number"), on=True),
    goes("hide_number", _("Show the number again"), on=False),
    goes("change_number", _("Move to another number")),
)

"""What else customers can do here, as the page says it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from heed.sandbox.kinds import goes, sends

PLACE = {"lat": 46.0511, "lon": 14.5051}
CONTACT = {"name": "Oto Tujec", "phone_number": "+38640000001"}

MORE = (
    sends("raw", _("Sticker"), message={"type": "sticker", "sticker_id": 46105}),
    sends("raw", _("Location"), message={"type": "location", "location": PLACE}),
    sends("raw", _("Contact"), message={"type": "contact", "contact": CONTACT}),
    sends("raw", _("Link"), message={"type": "url", "media": "https://acme.example/autumn"}),
    goes("open", _("Open the chat, write nothing")),
    goes("join", _("Subscribe")),
    goes("leave", _("Unsubscribe")),
)

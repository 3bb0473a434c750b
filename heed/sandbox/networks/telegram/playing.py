"""What else customers can do here, as the page says it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from heed.sandbox.kinds import WRITTEN, elsewhere, goes, like, own, reactions, sends

PLACE = {"latitude": 46.0511, "longitude": 14.5051}
CONTACT = {"phone_number": "+38640000001", "first_name": "Oto"}

MORE = (
    like("message"),
    *reactions(("🔥", "🔥"), ("😢", "😢"), at=("message",)),
    own("edit", _("Edit"), "message"),
    own("remove", _("Delete"), "message"),
    sends("album", _("Album of pictures"), "text", pictures=["boot", "sandal", "box"]),
    sends("file", _("File"), name="order-88140.txt", content="Triglav 42\n"),
    sends("file", _("Voice message"), name="voice.ogg", content="OggS", kind="voice"),
    sends("raw", _("Location"), content={"location": PLACE}),
    sends("raw", _("Contact"), content={"contact": CONTACT}),
    sends("business_message", _("Message to the owner’s own account"), *WRITTEN),
    elsewhere("owner_message", _("The owner answers on their own phone")),
    goes("join", _("Press Start")),
    goes("leave", _("Block")),
)

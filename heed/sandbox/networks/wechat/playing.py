"""What else customers can do here, as the page says it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from heed.sandbox.kinds import elsewhere, goes, sends

LOCATION = {"Location_X": "46.0511", "Location_Y": "14.5051", "Scale": "16", "Label": "Ljubljana"}
LINK = {"Title": "Autumn at Acme", "Description": "", "Url": "https://acme.example/autumn"}

MORE = (
    sends("media", _("Voice message"), kind="voice"),
    sends("media", _("Video"), kind="video"),
    sends("raw", _("Location"), kind="location", fields=LOCATION),
    sends("raw", _("Link"), kind="link", fields=LINK),
    elsewhere("remark", _("The company notes who this is")),
    goes("click", _("Press a button of the menu")),
    goes("event", _("Scan the company’s code"), event="SCAN", fields={"EventKey": "42"}),
    goes("join", _("Follow")),
    goes("leave", _("Unfollow")),
)

"""What customers can do in the chats of the networks at Meta, as the page says it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from heed.sandbox.kinds import goes

FROM_ELSEWHERE = (
    goes("postback", _("Press a button of the menu"), title="Opening hours", payload="OPENING_HOURS"),
    goes("referral", _("Come by a link, write nothing")),
    goes("leave", _("Block")),
    goes("join", _("Unblock")),
)

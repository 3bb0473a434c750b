"""What else customers can do here, as the page says it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from heed.sandbox.kinds import WRITTEN, elsewhere, goes, sends

MORE = (
    sends("message", _("Mail with a copy to somebody else"), *WRITTEN, cc="oto"),
    sends("file", _("Mail with a file"), "text", name="order-88140.txt", content="Triglav 42\n"),
    elsewhere("answer_elsewhere", _("The company answers from a mail program")),
    goes("away", _("Be away: an automatic answer"), on=True),
    goes("away", _("Be back"), on=False),
    goes("robot", _("Answer everything by a machine"), on=True),
    goes("robot", _("Switch the machine off"), on=False),
    goes("forget", _("Leave out which mail is answered"), on=True),
    goes("forget", _("Say again which mail is answered"), on=False),
    goes("greylist", _("Refuse the next mail for now")),
    goes("shut", _("Refuse all mail at once")),
    goes("leave", _("Close the mailbox")),
    goes("join", _("Open the mailbox again")),
    goes("move", _("Move to another address")),
)

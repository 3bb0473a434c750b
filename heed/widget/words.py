"""The words of the chat, in the languages of Heed."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _


@cache
def words() -> dict[str, dict[str, str]]:
    """The chat's words by language."""
    found = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found[language] = _words()
    return found


def _words() -> dict[str, str]:
    return {
        "open": _("Open the chat"),
        "close": _("Close the chat"),
        "hello": _("Hello! How can we help?"),
        "write": _("Write a message"),
        "send": _("Send"),
        "attach": _("Attach a file"),
        "drop": _("Remove the file"),
        "sending": _("Sending …"),
        "sent": _("Sent"),
        "seen": _("Seen"),
        "failed": _("Not sent."),
        "again": _("Try again"),
        "edited": _("edited"),
        "gone": _("This message was deleted."),
        "new": _("New messages:"),
        "types": _("Typing …"),
        "ask": _("If you have to go: where may we mail the answer?"),
        "save": _("Save"),
        "kept": _("If you are away, we mail the answer to"),
        "wrong": _("This is not an e-mail address."),
        "stay": _("The answer appears here. You can come back to this page for it."),
        "large": _("The file is too large. 10 MB fit."),
        "kind": _("This kind of file cannot be sent."),
        "full": _("No more files fit for now."),
        "slow": _("That was a lot at once. We go on in a moment."),
        "away": _("No connection. We keep trying."),
    }

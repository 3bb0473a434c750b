"""What a verb cannot do, in words."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from heed.inbox.models import Message
from heed.inbox.possible import Text


class CannotAnswer(Exception):
    """The answer cannot be sent. `sentence` says why, `way_out` what helps; nothing was stored."""

    def __init__(self, sentence: Text, way_out: Text = "") -> None:
        super().__init__(str(sentence))
        self.sentence = sentence
        self.way_out = way_out


class Overtaken(CannotAnswer):
    """Somebody wrote since: the customer, or a colleague who answered. `messages` are what is new."""

    def __init__(self, messages: Sequence[Message]) -> None:
        ours = next((each for each in messages if each.direction == "out"), None)
        if ours is not None and ours.author is not None:
            sentence = _("%(name)s has just answered.") % {"name": ours.author.name}
        elif ours is not None:
            sentence = _("Somebody has just answered outside Heed.")
        else:
            sentence = _("The customer has just written more.")
        super().__init__(
            sentence, _("Your text is kept. Look at what is new; if it still fits, send it again.")
        )
        self.messages = tuple(messages)


class WouldNotKnow(CannotAnswer):
    """Some who are mentioned in a note may not see the ticket. Written `anyway`, they are not told."""

    def __init__(self, names: Sequence[str]) -> None:
        some = ", ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")
        told = ngettext(
            "%(names)s may not see this ticket and would not be told of the note.",
            "%(names)s may not see this ticket and would not be told of the note.",
            len(names),
        )
        super().__init__(told % {"names": some}, _("Send it once more to write it all the same."))
        self.names = tuple(names)


_MOST_NAMED = 5


class CannotAct(Exception):
    """The action is not possible on this message or ticket. `sentence` says why."""

    def __init__(self, sentence: Text) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


class CannotSettle(CannotAct):
    """The message is not in a state in which this question stands."""


class CannotTend(CannotAct):
    """The ticket cannot be changed like this."""


class NotTheirs(CannotTend):
    """Another ticket would be changed, too, and this person may not work on that one."""


class CannotSolve(CannotTend):
    """Fields that are required on solving are empty; `missing` holds their keys by title."""

    def __init__(self, missing: dict[str, str]) -> None:
        titles = ", ".join(f"“{title}”" for title in missing.values())
        super().__init__(_("Before it can be solved, fill in: %(fields)s.") % {"fields": titles})
        self.missing = missing

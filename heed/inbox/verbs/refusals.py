"""What cannot be done, said in a sentence."""

from __future__ import annotations

from heed.inbox.possible import Text


class CannotAnswer(Exception):
    """The answer cannot be sent. `sentence` says why, `way_out` what helps; nothing was stored."""

    def __init__(self, sentence: Text, way_out: Text = "") -> None:
        super().__init__(str(sentence))
        self.sentence = sentence
        self.way_out = way_out


class CannotAct(Exception):
    """The action is not possible on this message. `sentence` says why."""

    def __init__(self, sentence: Text) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence


class CannotSettle(CannotAct):
    """The message is not in a state in which this question stands."""

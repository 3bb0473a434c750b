"""Short answers offered under a message: the customer taps one, and it comes in as their message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from heed.channels.base.limits import Limit


@dataclass(frozen=True, slots=True)
class Choice:
    """One short answer; `detail` is a smaller second line under it, where the network shows one."""

    title: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What an answer offers, in order. `opener` stands on the button that opens the list, in a form
    that has one."""

    items: tuple[Choice, ...]
    opener: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceForm:
    """A form in which a network shows choices under a text, never beside files: at most `most`, each
    `title` within its limit. No `detail` means no second line; no `opener` means that they lie open.
    `text` narrows how long the words above may be. `not_to` names kinds of message that cannot be
    answered with choices."""

    most: int
    title: Limit
    detail: Limit | None = None
    opener: Limit | None = None
    text: Limit | None = None
    not_to: frozenset[str] = frozenset()

    def takes(self, items: Sequence[Choice]) -> bool:
        """Whether this form can show them."""
        return 0 < len(items) <= self.most and all(self._takes_one(each) for each in items)

    def _takes_one(self, choice: Choice) -> bool:
        return self.title.takes(choice.title) and (
            not choice.detail or (self.detail is not None and self.detail.takes(choice.detail))
        )


def form_for(items: Sequence[Choice], forms: Sequence[ChoiceForm]) -> ChoiceForm | None:
    """The form in which these choices go out: the first that can show them."""
    return next((form for form in forms if form.takes(items)), None)

"""When somebody may do less than before, rooms above take back what they can no longer care for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from heed.accounts.models import User
from heed.accounts.rights import Where, rights_of

Why = Literal["rights", "access"]
"""They may not answer there any more, or cannot sign in."""


class Loss(NamedTuple):
    """Of whom, where they could answer, and where they still can."""

    person: User
    could: Where
    can: Where


Follower = Callable[[Sequence[Loss], Why], int]
"""Gets all who lost something at once; gives back how much it took back."""
_followers: list[Follower] = []


def also_when_less(follower: Follower) -> None:
    """From now on this is told of everybody who may answer less than before."""
    if follower not in _followers:
        _followers.append(follower)


class Losing:
    """Made before some people lose something, and asked after it, both in the transaction that takes it.
    Whoever takes something else from one of them at this moment waits, and sees what is left then."""

    def __init__(self, people: Iterable[User], why: Why = "rights") -> None:
        self.why: Why = why
        held = User.objects.select_for_update(no_key=True).filter(pk__in=[each.pk for each in people])
        self.before = [(each, _answers(each)) for each in held.order_by("pk")]

    def follow(self) -> int:
        """Take back what they can no longer care for; how much that was."""
        after = [Loss(person, could, _answers(person)) for person, could in self.before]
        # Who answers nowhere may have kept something from before.
        losses = [each for each in after if each.can != each.could or each.can.nowhere]
        return sum(follower(losses, self.why) for follower in _followers)


def told(count: int) -> dict[str, int]:
    """How much was taken back, for the audit."""
    return {"given_back": count} if count else {}


def _answers(person: User) -> Where:
    """Where they may answer, by what the database says now."""
    if not User.objects.filter(pk=person.pk, is_active=True).exists():
        return Where()
    return rights_of(person.grants.select_related("own")).where("answer")

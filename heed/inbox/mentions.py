"""Who is meant by @ in a note: colleagues and teams, by name, first name or address."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from heed.accounts import reach as people
from heed.accounts.models import Team, User
from heed.accounts.rights import NotAllowed
from heed.inbox.models import Ticket
from heed.inbox.reach.seeing import sight


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Who is told of a note, and the names of those who would be but may not see the ticket."""

    told: tuple[User, ...] = ()
    strangers: tuple[str, ...] = ()


def mentioned(text: str, ticket: Ticket, author: User) -> Mentioned:
    """Whom a note mentions. A team stands for its members. One is never told of one's own note."""
    if "@" not in text:
        return Mentioned()
    everybody = people.colleagues(with_rights=True)
    meant = _meant(text, everybody)
    told = [each for each in everybody if each.pk in meant and each != author]
    seeing = {each.pk for each in told if may_see(each, ticket)}
    return Mentioned(
        tuple(each for each in told if each.pk in seeing),
        tuple(str(each) for each in told if each.pk not in seeing),
    )


def may_see(user: User, ticket: Ticket) -> bool:
    try:
        return sight(user).takes_in(ticket)
    except NotAllowed:
        return False


def names(everybody: Iterable[User], teams: Iterable[Team]) -> Iterator[tuple[str, User | Team]]:
    """What these people and teams can be called by, with whom it calls: people by name, first name or
    address. A first name that two share calls nobody."""
    persons = list(everybody)
    firsts = Counter(each.first_name.casefold() for each in persons)
    for each in persons:
        alone = firsts[each.first_name.casefold()] == 1
        for name in {each.name, each.email, each.first_name if alone else ""} - {""}:
            yield name, each
    for team in teams:
        yield team.name, team


@dataclass(frozen=True, slots=True)
class Call:
    """Where a text calls somebody: from the @ to the end of the name, and the name as `casefold` has it."""

    start: int
    end: int
    name: str


def calls(text: str, names: Iterable[str]) -> Iterator[Call]:
    """Where a text calls one of these names with an @, in capitals or not (@STRAUSS is Strauß, too); the
    longest that fits counts. What stands in an address of the web calls nobody."""
    longest_first = sorted({name.casefold() for name in names}, key=lambda name: (-len(name), name))
    if not longest_first:
        return
    called = "|".join(map(re.escape, longest_first))
    folded, places = _folded(text)
    for found in re.finditer(rf"{_ADDRESS}|(?<![\w@.])@({called})(?![\w@])", folded):
        if found[1]:
            yield Call(places[found.start()], places[found.end() - 1] + 1, found[1])


_ADDRESS = r"""(?:https?://|www\.)(?:(?![,;:!()\[\]{}<>"'’”»،؛]@)\S)+"""
"""It ends before a sign that stands between it and somebody who is called."""


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """A text without capitals, which may make it longer, and for each letter of it where that was."""
    folded = text.casefold()
    if len(folded) == len(text):
        return folded, range(len(text))
    return folded, [place for place, letter in enumerate(text) for _each in letter.casefold()]


def _meant(text: str, everybody: list[User]) -> set[int]:
    """The ids of those whom a text calls."""
    active = {each.pk for each in everybody}
    teams = Team.objects.filter(archived=False).prefetch_related("memberships")
    known, called = list(names(everybody, teams)), dict[str, set[int]]()
    for name, who in known:
        meant = [who.pk] if isinstance(who, User) else [row.user_id for row in who.memberships.all()]
        called.setdefault(name.casefold(), set()).update(active.intersection(meant))
    found = calls(text, [name for name, _who in known])
    return {pk for each in found for pk in called[each.name]}

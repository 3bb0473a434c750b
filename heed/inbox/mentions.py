"""Who is meant by @ in a note: colleagues and teams, by name, first name or address."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from heed.accounts import reach as people
from heed.accounts.models import Team, User
from heed.accounts.rights import NotAllowed
from heed.inbox.models import Ticket
from heed.inbox.reach.seeing import sight

_AT = re.compile(r"(?<![\w@.])@")
_AFTER = re.compile(r"[\w@]")


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


def _meant(text: str, everybody: list[User]) -> set[int]:
    """The ids of those whose names follow an @; the longest name that fits counts."""
    names = _names(everybody)
    longest_first = sorted(names, key=len, reverse=True)
    lower = text.casefold()
    found: set[int] = set()
    for at in _AT.finditer(lower):
        rest = lower[at.end() :]
        name = next((each for each in longest_first if _begins_with(rest, each)), None)
        found |= names[name] if name is not None else set()
    return found


def _begins_with(rest: str, name: str) -> bool:
    return rest.startswith(name) and not _AFTER.match(rest[len(name) : len(name) + 1])


def _names(everybody: list[User]) -> dict[str, set[int]]:
    """What people and teams can be called by. A first name that two share calls nobody."""
    names: dict[str, set[int]] = {}
    firsts = Counter(each.first_name.casefold() for each in everybody)
    active = {each.pk for each in everybody}
    for each in everybody:
        for name in {each.name.casefold(), each.email.casefold()} - {""}:
            names.setdefault(name, set()).add(each.pk)
        if firsts[each.first_name.casefold()] == 1 and each.first_name:
            names.setdefault(each.first_name.casefold(), set()).add(each.pk)
    for team in Team.objects.filter(archived=False).prefetch_related("memberships"):
        members = {row.user_id for row in team.memberships.all()} & active
        names.setdefault(team.name.casefold(), set()).update(members)
    return names

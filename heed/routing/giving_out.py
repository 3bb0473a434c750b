"""Giving tickets of teams out to their people.

Whoever does it locks the teams' rows first, then those of all their people who take only so many, then the
tickets, each in order: turns are given one at a time, nobody gets more than fits from two teams at once, and
a ticket that somebody took meanwhile stays theirs. Then all is read once, for one ticket or a thousand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from django.db import transaction
from django.db.models import F, Q

from heed.accounts.models import Membership, User
from heed.inbox import events
from heed.inbox.models import Ticket
from heed.inbox.statements import among, run
from heed.inbox.verbs import together
from heed.routing.assignment import WAITING, suiting, tags_beyond
from heed.routing.models import Profile, Skill, TeamRouting, Turn
from heed.routing.people import Able, able_of_team, may_take

Way = TeamRouting.Way
_MOST_LOOKED_AT = 50


@transaction.atomic
def assign_by_teams(numbers: Collection[int]) -> dict[int, User]:
    """Give waiting tickets, in this order, to people of their teams, in each team's way; returns who got
    which. The others stay: nobody is here, suits and has room, or people take tickets themselves there."""
    wanted = among(numbers)
    rows = Ticket.objects.filter(WAITING, pk__in=wanted, team__isnull=False)
    routings = _locked(rows.values_list("team", flat=True))
    if not routings:
        return {}
    teams = [each.pk for each in routings]
    waiting = Ticket.objects.select_for_update().filter(WAITING, pk__in=wanted, team__in=teams)
    tickets = {each.pk: each for each in waiting.order_by("pk")}
    skills = list(Skill.objects.all())
    given: dict[int, User] = {}
    with events.told_together():
        for routing in routings:
            mine = [tickets[pk] for pk in numbers if pk in tickets and tickets[pk].team_id == routing.pk]
            given |= _Giving(routing, skills).give(mine)
    return given


def _locked(teams: Iterable[int | None]) -> list[TeamRouting]:
    """How these teams give their tickets out; those left out do not."""
    takes = Q(way=Way.HAND) | Q(way=Way.PULL, prefer_last=False)
    rows = TeamRouting.objects.filter(team__in=among({*teams}), team__archived=False).exclude(takes)
    found = list(rows.select_for_update(of=("self",)).select_related("team").order_by("team"))
    members = Membership.objects.filter(team__in=[each.pk for each in found]).values("user")
    full = Profile.objects.filter(user__in=members, capacity__gt=0)
    list(full.select_for_update().order_by("user").values_list("pk"))
    return found


class _Giving:
    """Gives tickets of one team out, one after the other; what was read once is kept up by hand."""

    def __init__(self, routing: TeamRouting, skills: Collection[Skill]) -> None:
        self.routing, self.skills = routing, skills
        self.people = {each.user.pk: each for each in able_of_team(routing.team)}
        self.turns = dict(Turn.objects.filter(team=routing.pk).values_list("user", "turn"))
        self.given: dict[int, list[int]] = defaultdict(list)

    def give(self, tickets: Collection[Ticket]) -> dict[int, User]:
        last = who_answered_last(tickets) if self.routing.prefer_last and tickets else {}
        for ticket in tickets:
            chosen = self._chosen(ticket, last.get(ticket.customer_id))
            if chosen is not None:
                self._note(chosen, ticket)
        self._write()
        return {pk: self.people[user].user for user, numbers in self.given.items() for pk in numbers}

    def _chosen(self, ticket: Ticket, last: int | None) -> Able | None:
        found = [each for each in self.people.values() if self._can_take(each, ticket)]
        for each in found:
            if each.user.pk == last:
                return each
        if not found or self.routing.way == Way.PULL:
            return None
        by_load = self.routing.way == Way.LEAST
        return min(
            found,
            key=lambda each: (each.load if by_load else 0, self.turns.get(each.user.pk, 0), each.user.pk),
        )

    def _can_take(self, each: Able, ticket: Ticket) -> bool:
        if not (each.here and each.has_room):
            return False
        asked = {skill.pk for skill in self.skills if {*skill.tags} & {*ticket.tags}}
        skills = frozenset(asked) if self.routing.same_skill else frozenset()
        language = ticket.language if self.routing.same_language else ""
        return each.suits(language, skills) and may_take(each.user, ticket)

    def _note(self, chosen: Able, ticket: Ticket) -> None:
        user = chosen.user.pk
        self.people[user] = replace(chosen, load=chosen.load + 1)
        self.routing.turns += 1
        self.turns[user] = self.routing.turns
        self.given[user].append(ticket.pk)

    def _write(self) -> None:
        if not self.given:
            return
        for user, numbers in self.given.items():
            together.assign(numbers, self.people[user].user)
        self.routing.save(update_fields=["turns"])
        turns = [Turn(team=self.routing.team, user_id=user, turn=self.turns[user]) for user in self.given]
        Turn.objects.bulk_create(
            turns, update_conflicts=True, unique_fields=["team", "user"], update_fields=["turn"]
        )


def who_answered_last(tickets: Iterable[Ticket]) -> Mapping[int, int]:
    """By customer of these tickets who of us wrote to them last, in any of their newer tickets."""
    return dict(run(_ANSWERED_LAST, sorted({each.customer_id for each in tickets}), _MOST_LOOKED_AT))


_ANSWERED_LAST = """
SELECT asked.customer, said.author_id FROM unnest(%s::bigint[]) AS asked (customer)
CROSS JOIN LATERAL (
    SELECT m.author_id FROM (
        SELECT id FROM inbox_ticket WHERE customer_id = asked.customer ORDER BY last_at DESC LIMIT %s
    ) AS talk JOIN inbox_message m ON m.ticket_id = talk.id
    WHERE m.direction = 'out' AND m.author_id IS NOT NULL AND m.visibility <> 'note'
    ORDER BY m.at DESC, m.id DESC LIMIT 1
) AS said
"""


def give_out(limit: int = 200) -> int:
    """Give out what waited because nobody was here or had room; team by team, the most urgent first. Only
    what somebody who is here could take is looked at, so that what nobody can take holds up nothing."""
    order = [F("priority").desc(), F("due_at").asc(nulls_last=True), F("waiting_since").asc(nulls_last=True)]
    given, skills = 0, list(Skill.objects.all())
    routings = TeamRouting.objects.filter(team__archived=False, way__in=(Way.TURNS, Way.LEAST))
    for routing in routings.select_related("team").order_by("pk"):
        fitting = Q(pk__in=[])
        for each in able_of_team(routing.team):
            if each.here and each.has_room:
                fitting |= suiting(each, routing.team, routing, tags_beyond(each, skills))
        waiting = Ticket.objects.filter(WAITING, fitting, unanswered=True).order_by(*order, "id")
        given += len(assign_by_teams(list(waiting.values_list("pk", flat=True)[:limit])))
    return given

"""Whom tickets can be given to: asked for when the menu for it opens, as a desk has a hundred people."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from heed.accounts import reach as people
from heed.accounts.models import Membership, User
from heed.accounts.rights import need
from heed.inbox import reach
from heed.inbox.models import Ticket
from heed.routing.people import Able, able_people
from heed.web.gate import person, signed_in


@dataclass(frozen=True, slots=True)
class Crew:
    """Some of those who can be given tickets, under what they have in common."""

    title: str
    people: list[Able]


@require_safe
@signed_in
def crew(request: HttpRequest, number: int) -> HttpResponse:
    """For one ticket: oneself and its team first, last who does not see it yet."""
    user = person(request)
    ticket = reach.ticket(user, number, "tend")
    everybody = people.who_can_be_given_tickets()
    near = _members([ticket.team_id]) if ticket.team_id else _members(_teams_of(user))
    blind = {each.pk for each in everybody if not _sees(each, ticket)}
    facts = {"ticket": ticket, "user": user, "crews": _crews(user, everybody, near, blind)}
    return render(request, "inbox/_colleagues.html", facts | {"teams": people.teams()})


@require_safe
@signed_in
def crew_for_many(request: HttpRequest) -> HttpResponse:
    """For many tickets: oneself and one's own teams first."""
    user = person(request)
    need(user, "tend")
    crews = _crews(user, people.who_can_be_given_tickets(), _members(_teams_of(user)), ())
    return render(request, "inbox/_colleagues.html", {"user": user, "crews": crews, "teams": people.teams()})


def _crews(user: User, everybody: list[User], near: Collection[int], blind: Collection[int]) -> list[Crew]:
    able = able_people(everybody)
    others = [each for each in able if each.user.pk != user.pk]
    seeing = [each for each in others if each.user.pk not in blind]
    found = [
        Crew(_("You"), [each for each in able if each.user.pk == user.pk]),
        Crew(_("Of the team"), [each for each in seeing if each.user.pk in near]),
        Crew(_("Colleagues"), [each for each in seeing if each.user.pk not in near]),
        Crew(_("Do not see it until they have it"), [each for each in others if each.user.pk in blind]),
    ]
    return [each for each in found if each.people]


def _sees(user: User, ticket: Ticket) -> bool:
    """Whether they may answer it, had they it or not. Brands are compared here: a question for each of a
    hundred people would cost as many statements."""
    where = user.rights.where("answer")
    return (
        where.everywhere
        or ticket.account_id in where.accounts
        or ticket.account.brand_id in where.brands
        or ticket.team_id in where.teams
        or ticket.assignee_id == user.pk
    )


def _teams_of(user: User) -> list[int]:
    return list(Membership.objects.filter(user=user).values_list("team", flat=True))


def _members(teams: list[int]) -> set[int]:
    return set(Membership.objects.filter(team__in=teams).values_list("user", flat=True))


urlpatterns = [
    path("tickets/<int:number>/crew/", crew, name="crew"),
    path("sweeps/crew/", crew_for_many, name="crew_for_many"),
]

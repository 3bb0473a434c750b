"""Taking tickets, and giving them back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from heed.accounts.losing import Loss, Why
from heed.accounts.models import Team, User
from heed.accounts.reach import who_can_be_given_tickets
from heed.inbox import events, reach, verbs
from heed.inbox.models import OPEN, Ticket
from heed.inbox.verbs import CannotAct, together
from heed.lib import clock
from heed.routing.models import Profile, Skill, TeamRouting
from heed.routing.people import Able, able, shift_ended

WAITING = OPEN & Q(
    assignee=None, spam=False, merged_into=None, status__in=(Ticket.Status.NEW, Ticket.Status.OPEN)
)
"""What waits for somebody to take it."""

Way = TeamRouting.Way


class AlreadyTaken(CannotAct):
    """A colleague was faster; `by` has the ticket."""

    def __init__(self, by: User) -> None:
        super().__init__(_("%(name)s has taken it already.") % {"name": by.name or by.email})
        self.by = by


class NothingWaits(CannotAct):
    """There is no next ticket for this person now; the sentence says why."""


# ----------------------------------------------------------------------------- taking


@transaction.atomic
def claim(ticket: Ticket, user: User) -> Ticket:
    """Take a ticket that nobody has. Of two at once one wins; the other gets `AlreadyTaken`."""
    now = _locked(ticket)
    if now.assignee is not None and now.assignee_id != user.pk:
        raise AlreadyTaken(now.assignee)
    verbs.assign(now, user, user)
    return now


@transaction.atomic
def next_ticket(user: User) -> Ticket:
    """Take the ticket that most needs an answer, among those this person may and can answer: of their teams
    and of none, in a language they speak, with the skills they have. The most urgent first, then what is due
    first, then who waits longest. Raises `NothingWaits`."""
    _profile(user)  # locked: somebody who asks twice at once gets no more than fits
    me = able(user)
    if not me.here:
        raise NothingWaits(_("You are away. Come back first, then take the next ticket."))
    if not me.has_room:
        raise NothingWaits(
            _("You have %(load)d open tickets, as many as you can have. Finish one first.")
            % {"load": me.load}
        )
    free = _for(me).select_for_update(of=("self",), skip_locked=True)
    order = [F("priority").desc(), F("due_at").asc(nulls_last=True), F("waiting_since").asc(nulls_last=True)]
    found = free.filter(unanswered=True).order_by(*order, "id").first()
    if found is None:
        raise NothingWaits(_("Nothing waits for you now. Well done."))
    verbs.assign(found, user, user)
    return found


def _for(me: Able) -> QuerySet[Ticket]:
    """What waits and suits this person."""
    rows = Ticket.objects.filter(WAITING).filter(reach.sight(me.user, "answer").q())
    beyond = tags_beyond(me, Skill.objects.all())
    mine = suiting(me, None, TeamRouting(), beyond)
    for team, routing in _ways(me.user):
        mine |= suiting(me, team, routing, beyond)
    return rows.filter(mine)


def suiting(me: Able, team: Team | None, routing: TeamRouting, beyond: list[str]) -> Q:
    """What a team has for somebody, by their languages, and by the tags that are `beyond` them."""
    fits = Q(team=team)
    if routing.same_language and me.languages:
        fits &= Q(language__in=["", *sorted(me.languages)])
    if routing.same_skill and beyond:
        fits &= ~Q(tags__overlap=beyond)
    return fits


def _ways(user: User) -> list[tuple[Team, TeamRouting]]:
    """The teams from which somebody may pull, and how these work."""
    teams = Team.objects.filter(memberships__user=user, archived=False).select_related("routing")
    found = [(team, routing_of(team)) for team in teams]
    return [(team, routing) for team, routing in found if routing.way != Way.HAND]


def tags_beyond(me: Able, skills: Iterable[Skill]) -> list[str]:
    """The tags that ask for a skill this person has not, of all there are."""
    return sorted({tag for skill in skills if skill.pk not in me.skills for tag in skill.tags})


def routing_of(team: Team) -> TeamRouting:
    """How a team gets its tickets, also where nobody has chosen yet."""
    try:
        return team.routing
    except TeamRouting.DoesNotExist:
        return TeamRouting(team=team)


# ----------------------------------------------------------------------------- going and coming


@transaction.atomic
def go_away(user: User, until: datetime | None = None, *, give_back: bool) -> int:
    """Say that somebody is away, until a time or until they come back. With `give_back` their unanswered
    tickets return to their teams; returns how many did."""
    profile = _profile(user)
    profile.away_since, profile.away_until = clock.now(), until
    profile.save(update_fields=["away_since", "away_until"])
    return hand_back(user, user) if give_back else 0


@transaction.atomic
def come_back(user: User) -> None:
    profile = _profile(user)
    profile.away_since = profile.away_until = None
    profile.save(update_fields=["away_since", "away_until"])


@transaction.atomic
def hand_back(user: User, by: User | None) -> int:
    """Give the unanswered tickets of somebody who leaves back to their teams; returns how many. Tickets of
    no team, and of teams that do not want theirs back, stay."""
    holding = Team.objects.filter(tickets__assignee=user).distinct().select_related("routing")
    teams = [each.pk for each in holding if routing_of(each).takes_back]
    held = Ticket.objects.filter(OPEN, assignee=user, unanswered=True, team__in=teams).order_by("pk")
    given = 0
    for ticket in held:
        fresh = _locked(ticket)
        if fresh.assignee_id == user.pk and fresh.unanswered:
            verbs.assign(fresh, by, None)
            given += 1
    return given


def hand_back_after_shifts() -> int:
    """What people whose shift ended leave unanswered goes back to their teams, once a shift."""
    now = clock.now()
    given = 0
    for profile in Profile.objects.filter(gives_back=True).exclude(shifts={}).select_related("user"):
        ended = shift_ended(profile, now)
        if ended is None or profile.handed_back_at == ended:
            continue
        with transaction.atomic():
            given += hand_back(profile.user, None)
            Profile.objects.filter(pk=profile.pk).update(handed_back_at=ended)
    return given


@transaction.atomic
def take_back(losses: Sequence[Loss], why: Why) -> int:
    """What people have who may answer less than before, and is beyond it now, goes back to its team, or to
    nobody, as far as it is not solved; returns how many. What was given to them from elsewhere stays while
    they answer anywhere."""
    open_ones = Ticket.objects.filter(merged_into=None).exclude(status=Ticket.Status.SOLVED)
    _hold(open_ones, [each.person for each in losses])
    count = 0
    for person, could, can in losses:
        held = open_ones.filter(assignee=person)
        if not can.nowhere:
            stays = held.filter(reach.granted(can)).values("pk")
            held = held.filter(reach.granted(could)).exclude(pk__in=stays)
        count += _taken_back(held, person, why)
    return count


@transaction.atomic
def take_back_from_the_gone() -> int:
    """What waits with somebody who may not answer any more, as when a customer writes in a ticket that they
    had solved, is nobody's."""
    able = [each.pk for each in who_can_be_given_tickets()]
    gone = User.objects.exclude(pk__in=able)
    waits = Ticket.objects.filter(unanswered=True, merged_into=None)
    holding = list(gone.filter(pk__in=waits.filter(assignee__in=gone).values("assignee")))
    _hold(waits, holding)
    return sum(_taken_back(waits.filter(assignee=each), each, _why(each)) for each in holding)


def _why(person: User) -> Why:
    return "rights" if person.is_active else "access"


def _hold(tickets: QuerySet[Ticket], people: Sequence[User]) -> None:
    """Hold what several people have in the order in which everybody does."""
    if len(people) > 1:
        list(tickets.filter(assignee__in=people).select_for_update().order_by("pk").values_list("pk"))


def _taken_back(held: QuerySet[Ticket], person: User, why: Why) -> int:
    """Whoever waited for a ticket looks again whose it is: it may have been given to others by then."""
    locked = held.select_for_update(of=("self",)).order_by("pk")
    numbers = [each.pk for each in locked.only("pk")]
    with events.told_together():
        together.assign(numbers, None, why=why, had=person.name or person.email)
    return len(numbers)


def _profile(user: User) -> Profile:
    Profile.objects.get_or_create(user=user)
    return Profile.objects.select_for_update().get(user=user)


def _locked(ticket: Ticket) -> Ticket:
    """The ticket as it is now. First the lock, then the reading: whoever waited for the lock within a join
    would get the new row beside the old neighbours."""
    Ticket.objects.select_for_update().values("pk").get(pk=ticket.pk)
    return Ticket.objects.select_related("account", "assignee", "team").get(pk=ticket.pk)

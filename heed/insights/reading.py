"""Facts from messages and the event log, for many tickets at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from heed.accounts.models import AuditRow
from heed.inbox.models import Event, Message, Ticket
from heed.insights.clocks import Hours
from heed.insights.facts import Fact, Kind, Timeline
from heed.routing.desk_hours import DeskHours, Place
from heed.routing.hours import Calendar

ARRIVED = frozenset({Message.State.SENT, Message.State.DELIVERED, Message.State.SEEN})

_KINDS: dict[str, Kind] = {
    "answered_marked": "answered",
    "unanswered_marked": "unanswered",
    "ticket_reopened": "reopened",
    "handed_off": "handed_off",
    "opened_by": "opened",
    "left_by": "left",
    "marked_spam": "spam",
    "not_spam": "not_spam",
}
_TAKES_BACK: dict[str, tuple[Kind, ...]] = {
    "unanswered_marked": ("answered",),
    "answered_marked": ("unanswered",),
    "status_changed": ("solved", "unsolved"),
    "assigned": ("assigned",),
}
"""What is no fact any more once a deed on many tickets was taken back, by the event that tells of it."""
_READ = (*_KINDS, "status_changed", "assigned", "team_changed", "target_set", "due_missed", "merged", "rated")


Teams = list[tuple[datetime, int]]
"""Since when it was which team's matter; 0 is no team's."""

_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass
class Lane:
    """Whose matter a ticket was."""

    team: int
    """What it says itself."""
    into: int = 0
    """In which it goes on,"""
    since: datetime = _EVER
    """and since when."""
    told: Teams = field(default_factory=list)
    messages: frozenset[int] = frozenset()
    """What came back with it, where it had been split off and worked on."""

    @property
    def teams(self) -> Teams:
        return [(_EVER, 0 if self.told else self.team), *self.told]


@dataclass
class Life:
    """A ticket's facts, and the places it was in."""

    ticket: Ticket
    lanes: dict[int, Lane]
    """The ticket itself is 0; the others were merged in, by their numbers."""
    facts: list[Fact] = field(default_factory=list)
    poured: dict[str, int] = field(default_factory=dict)
    """The rows that came with tickets whose people gave way to this one's, and those tickets' numbers."""
    brands: list[tuple[datetime, int, int]] = field(default_factory=list)
    """When its account went from which brand to which; 0 where there is none."""

    @property
    def timeline(self) -> Timeline:
        return Timeline(self.facts)

    @property
    def teams(self) -> Teams:
        return self.lanes[0].told

    def lane_of(self, message: int, home: int | None) -> int:
        """The ticket that a message belongs to. Messages of one that does not go on here are its own."""
        if f"m{message}" in self.poured:
            return self.poured[f"m{message}"]
        lane = home if home in self.lanes else 0
        back = (pk for pk, each in self.lanes.items() if message in each.messages and each.into == lane)
        return next(back, lane or 0)

    def hours(self, desk: DeskHours, now: datetime) -> Hours:
        """The hours that held for it while it was with each of its teams, and those of what was merged in."""
        start = min((fact.at for fact in self.facts), default=self.ticket.opened_at)

        def calendar(lane: int) -> Calendar:
            teams = self._teams(lane)
            moves = [at for at, _team in teams] + [at for at, _before, _after in self.brands]
            times = sorted({start, *(at for at in moves if at > start)})
            return desk.calendar([(at, self._place(teams, at)) for at in times], now)

        return Hours(calendar(0), {lane: calendar(lane) for lane in self.lanes if lane})

    def _teams(self, number: int) -> Teams:
        """A ticket's own teams, and since it was merged those of the one in which it goes on."""
        lane = self.lanes[number]
        if number == 0:
            return lane.teams
        rest = self._teams(lane.into)
        own = [each for each in lane.teams if each[0] < lane.since]
        then = (lane.since, _at(rest, lane.since))
        return [*own, then, *(each for each in rest if each[0] > lane.since)]

    def _place(self, teams: Teams, at: datetime) -> Place:
        return Place(_at(teams, at), self.ticket.account_id, self._brand(at))

    def _brand(self, at: datetime) -> int:
        for since, before, _after in self.brands:
            if at < since:
                return before
        return self.ticket.account.brand_id or 0


def _at(teams: Teams, at: datetime) -> int:
    return [team for since, team in teams if since <= at][-1]


def lives(tickets: Collection[int]) -> list[Life]:
    """What is known of these tickets, with all that was merged into them. What went on in another ticket
    is told there."""
    rows = Ticket.objects.filter(pk__in=tickets, merged_into=None).select_related("account").order_by("id")
    brands = _brands({row.account_id for row in rows})
    found = {
        row.pk: Life(row, {0: Lane(row.team_id or 0)}, brands=brands.get(row.account_id, [])) for row in rows
    }
    told_in = {pk: pk for pk in found} | _merged(found)
    rows_of = Event.objects.filter(ticket__in=list(told_in), kind__in=_READ)
    events = [
        (found[told_in[each.ticket_id]], each)
        for each in rows_of.order_by("ticket_id", "at", "id")
        if each.ticket_id is not None
    ]
    _set_apart([(life, each) for life, each in events if each.kind == "merged"])
    for life, event in events:
        _take(life, event)
    for message, ticket in _messages(found):
        found[ticket].facts.append(message)
    for life in found.values():
        _leave_out(life)
    return list(found.values())


def _merged(found: Mapping[int, Life]) -> dict[int, int]:
    """The tickets that went on in these, however many steps away."""
    told_in: dict[int, int] = {}
    new = {pk: pk for pk in found}
    while new:
        rows = Ticket.objects.filter(merged_into__in=list(new)).exclude(pk__in=list(told_in))
        before, new = new, {}
        for pk, into, team in rows.values_list("pk", "merged_into_id", "team_id"):
            if into is not None:
                new[pk] = before[into]
                found[new[pk]].lanes[pk] = Lane(team or 0, 0 if into in found else into)
        told_in |= new
    return told_in


def _brands(accounts: Collection[int]) -> dict[int, list[tuple[datetime, int, int]]]:
    """When these accounts were given to other brands, the oldest first: the audit tells."""
    found: dict[int, list[tuple[datetime, int, int]]] = {}
    rows = AuditRow.objects.filter(
        kind="account", target__in=[str(each) for each in accounts], facts__has_key="numbers"
    )
    for target, at, numbers in rows.order_by("at", "id").values_list("target", "at", "facts__numbers"):
        found.setdefault(int(target), []).append((at, *numbers))
    return found


def _messages(tickets: Mapping[int, Life]) -> Iterator[tuple[Fact, int]]:
    rows = Message.objects.filter(ticket__in=list(tickets)).values_list(
        "pk",
        "ticket_id",
        "home_id",
        "direction",
        "visibility",
        "kind",
        "automatic",
        "origin",
        "state",
        "author_id",
        "at",
        "manner__choices",
    )
    for pk, ticket, home, direction, visibility, kind, automatic, origin, state, author, at, offers in rows:
        lane = tickets[ticket].lane_of(pk, home)
        fact: Kind = "said"
        if direction == "in":
            fact = "said" if automatic or kind == "standby" else "customer"
        elif origin == "bot" and state in ARRIVED:
            fact = "bot"
        elif visibility != "note" and not (automatic or origin):
            if state not in ARRIVED:
                continue  # it is not with the customer
            fact = "answer"
        elif origin == "follow_up" and offers and state in ARRIVED:
            fact = "asked"
        yield Fact(at, fact, f"m{pk}", who=author, lane=lane), ticket


def _take(life: Life, event: Event) -> None:
    facts, source = event.facts, f"e{event.pk}"
    lane = life.poured.get(source) or _lane_of(life, event)
    if facts.get("undone") and _taken_back(life, event, lane) and "why" not in facts:
        return  # with a reason it went to nobody instead
    match event.kind:
        case "status_changed":
            kind: Kind = "solved" if facts.get("status") == Ticket.Status.SOLVED else "unsolved"
            life.facts.append(Fact(event.at, kind, source, lane=lane))
        case "assigned" if event.ticket_id == life.ticket.pk:
            life.facts.append(Fact(event.at, "assigned", source, who=facts.get("person")))
        case "team_changed":
            life.lanes[lane].told.append((event.at, int(facts.get("team") or 0)))
        case "target_set" | "due_missed" if not _of_another(life, facts):
            due = datetime.fromisoformat(facts["due"]) if facts.get("due") else None
            target: Kind = "target" if event.kind == "target_set" else "missed"
            name = str(facts.get("target", ""))
            since = datetime.fromisoformat(facts["since"]) if facts.get("since") else None
            life.facts.append(Fact(event.at, target, source, lane=lane, name=name, due=due, since=since))
        case "rated":
            name = "good" if facts.get("good") else "bad"
            question = int(facts.get("question") or 0)
            life.facts.append(Fact(event.at, "rated", source, lane=lane, name=name, question=question))
        case "merged" if facts.get("into"):
            if lane:
                _go_on(life, lane, event)
        case "merged":
            _merge(life, Fact(event.at, "merged", source, lane=int(facts["number"]), into=lane))
        case "ticket_reopened" if "number" in facts:
            pass  # nobody wrote: what was put into it counts from when it came
        case "unanswered_marked" if facts.get("mark"):  # it never was answered: that answer did not arrive
            life.facts = [each for each in life.facts if each.source != f"e{facts['mark']}"]
        case kind_of if kind_of in _KINDS:
            who = event.actor_id
            life.facts.append(Fact(event.at, _KINDS[kind_of], source, who=who, lane=lane))


def _lane_of(life: Life, event: Event) -> int:
    """The ticket that tells it; 0 for the one that the life is of."""
    return 0 if event.ticket_id in (None, life.ticket.pk) else int(event.ticket_id or 0)


def _set_apart(told: Sequence[tuple[Life, Event]]) -> None:
    """Tickets whose people gave way to others stood alone until then, though they have no rows any more: what
    was said and done in them, and what went on in them, is known by what came with them."""
    poured = [(life, each) for life, each in told if each.facts.get("poured") and "messages" in each.facts]
    for life, event in poured:  # of what was poured on, the first time counts
        number, facts = int(event.facts["number"]), event.facts
        rows = [*(f"e{each}" for each in facts["events"]), *(f"m{each}" for each in facts["messages"])]
        life.poured = dict.fromkeys(rows, number) | life.poured
    for life, event in poured:
        into = life.poured.get(f"e{event.pk}") or _lane_of(life, event)
        life.lanes[int(event.facts["number"])] = Lane(int(event.facts["team"] or 0), into, event.at)
    went = {each.ticket_id: (life, int(each.facts["into"])) for life, each in told if each.facts.get("into")}
    for ticket, (life, into) in went.items():
        if ticket in life.lanes and into in life.poured.values():
            life.lanes[ticket].into = into


def _of_another(life: Life, promise: Mapping[str, Any]) -> bool:
    """Whether something was promised for a wait that was merged in then, and is not any more."""
    since = str(promise.get("since") or "")
    return since != "" and datetime.fromisoformat(since) < life.ticket.opened_at


def _go_on(life: Life, lane: int, event: Event) -> None:
    """Since when a ticket goes on in another. Where it was put back there, only its own log says so."""
    there = life.lanes[lane]
    there.since, there.messages = event.at, frozenset(event.facts.get("messages", ()))
    if there.messages:
        _merge(life, Fact(event.at, "merged", f"e{event.pk}", lane=lane, into=there.into))


def _leave_out(life: Life) -> None:
    """What was put back before anybody had worked on it never was a matter of its own."""
    one = {0, *(each.lane for each in life.facts if each.kind == "merged")}
    life.facts = [each for each in life.facts if each.lane in one or each.kind in ("opened", "left")]


def _merge(life: Life, merged: Fact) -> None:
    """Only what was not taken apart again counts, and of a ticket merged twice the last time."""
    lane = life.lanes.get(merged.lane)
    if lane is not None and lane.into == merged.into:
        life.facts = [each for each in life.facts if (each.kind, each.lane) != ("merged", merged.lane)]
        life.facts.append(merged)


def _taken_back(life: Life, event: Event, lane: int) -> bool:
    """Drop what a deed on many did to it, for that was taken back; False where nothing here tells of it. A
    deed is taken back only where nothing like it has happened since, so the last one was it."""
    if event.kind == "team_changed" and life.lanes[lane].told:
        life.lanes[lane].told.pop()
        return True
    kinds = _TAKES_BACK.get(event.kind, ())
    last = next((each for each in reversed(life.facts) if each.kind in kinds and each.lane == lane), None)
    if last is not None:
        life.facts.remove(last)
    return last is not None

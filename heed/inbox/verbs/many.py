"""One deed on many tickets: done piece by piece with the verbs of one, and taken back exactly.

A sweep remembers what each ticket had. Taking it back restores that where nobody has changed it since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import Team, User
from heed.accounts.rights import NotAllowed, Permission, need
from heed.inbox import events, notices
from heed.inbox.models import Event, Notice, Sweep, Swept, Ticket
from heed.inbox.reach.seeing import Sight, sight
from heed.inbox.verbs import blocking, sleeping, sorting, tending
from heed.inbox.verbs.refusals import CannotTend
from heed.lib import clock, live
from heed.lib.jobs import Named
from heed.lib.text import whole

MOST = 10_000
"""How many tickets one sweep takes."""

SWEEP = "heed.sweep"
"""The job that goes on with a sweep."""

_AT_ONCE = 50
_SMALL = 50
"""So few are done while one waits."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What can be done to many: with which right, what it changes, which events tell of such a change."""

    permission: Permission
    columns: tuple[str, ...]
    kinds: frozenset[str]
    do: Callable[[Ticket, User, str], None]


_WAITING = ("unanswered", "waiting_since")
_COURSE = ("status", "solved_at", "snoozed_until", *_WAITING)
_COURSE_KINDS = frozenset(
    {
        "status_changed",
        "answered_marked",
        "unanswered_marked",
        "ticket_reopened",
        "snoozed",
        "woke",
        "marked_spam",
        "not_spam",
        "merged",
        "unmerged",
    }
)
_ANSWERED_KINDS = frozenset({"answered_marked", "unanswered_marked", "marked_spam"})
_ANSWERED = (
    Q(kind="answered_outside")
    | Q(kind="answer_queued", actor__isnull=False)
    | Q(kind="status_changed", data__status=Ticket.Status.SOLVED)
)
"""What tells that somebody took care of it, though it was marked answered already."""
_SPAM_COLUMNS = ("spam", "due_at", "due_for", "follow_up_at", *_COURSE)


def _assign(ticket: Ticket, user: User, value: str) -> None:
    colleague = User.objects.get(pk=int(value), is_active=True) if value else None
    tending.assign(ticket, user, colleague, tell=False)


def _to_team(ticket: Ticket, user: User, value: str) -> None:
    tending.give_to_team(ticket, user, Team.objects.get(pk=int(value)) if value else None)


def _snooze(ticket: Ticket, user: User, value: str) -> None:
    sleeping.snooze(ticket, user, clock.from_iso(value))


DEEDS: dict[str, Deed] = {
    "assign": Deed("tend", ("assignee_id",), frozenset({"assigned"}), _assign),
    "team": Deed("tend", ("team_id",), frozenset({"team_changed"}), _to_team),
    "status": Deed("tend", _COURSE, _COURSE_KINDS, tending.set_status),
    "priority": Deed(
        "tend",
        ("priority",),
        frozenset({"priority_changed"}),
        lambda ticket, user, value: sorting.set_priority(ticket, user, int(value)),
    ),
    "tag": Deed(
        "tend",
        ("tags",),
        frozenset({"tags_changed"}),
        lambda ticket, user, value: sorting.tag(ticket, user, add=[value]),
    ),
    "untag": Deed(
        "tend",
        ("tags",),
        frozenset({"tags_changed"}),
        lambda ticket, user, value: sorting.tag(ticket, user, remove=[value]),
    ),
    "snooze": Deed("tend", _COURSE, _COURSE_KINDS, _snooze),
    "answered": Deed(
        "answer",
        _WAITING,
        _ANSWERED_KINDS,
        lambda ticket, user, value: tending.mark_answered(ticket, user),
    ),
    "spam": Deed(
        "block",
        _SPAM_COLUMNS,
        _COURSE_KINDS,
        lambda ticket, user, value: blocking.mark_spam(ticket, user),
    ),
}


def sweep(user: User, deed: str, value: str, numbers: Iterable[int]) -> Sweep:
    """Do something to all these tickets, as far as this person sees them. Few are done at once, the rest
    by the worker. Raises `CannotTend` where the deed makes no sense, `NotAllowed` where it is allowed on
    no ticket at all."""
    wanted = DEEDS.get(deed)
    if wanted is None:
        raise CannotTend(_("This cannot be done to many tickets."))
    need(user, wanted.permission)
    value = _checked(deed, value)
    asked = sorted(set(numbers))
    if len(asked) > MOST:
        raise CannotTend(_("At most %(most)d tickets can be changed at once.") % {"most": MOST})
    seen = Ticket.objects.filter(sight(user).q(), pk__in=asked, merged_into=None)
    found = list(seen.order_by("pk").values_list("pk", flat=True))
    if not found:
        raise CannotTend(_("Choose some tickets first."))
    with transaction.atomic():
        begun = Sweep.objects.create(user=user, deed=deed, value=value)
        Swept.objects.bulk_create([Swept(sweep=begun, ticket_id=pk) for pk in found], batch_size=2000)
        _go_on_with(begun, len(found))
    begun.refresh_from_db()
    return begun


def undo(swept: Sweep, user: User) -> Sweep:
    """Give every ticket back what it had, where nobody has changed it since."""
    if swept.user_id != user.pk:
        raise NotAllowed
    with transaction.atomic():
        row = Sweep.objects.select_for_update().get(pk=swept.pk)
        if row.state != Sweep.State.DONE:
            raise CannotTend(
                _("This was taken back already.")
                if row.state in (Sweep.State.UNDOING, Sweep.State.UNDONE)
                else _("Wait until it is done.")
            )
        row.state = Sweep.State.UNDOING
        row.finished_at = None
        row.save(update_fields=["state", "finished_at"])
        _go_on_with(row, row.changed)
    row.refresh_from_db()
    return row


def _go_on_with(row: Sweep, count: int) -> None:
    if count <= _SMALL:
        go_on(row.pk)
    else:
        Named(SWEEP, "desk").defer(sweep=row.pk)


def go_on(sweep_id: int) -> None:
    """Do what is left of a sweep, or of taking it back. It may run twice: each ticket is done once."""
    while _next_piece(sweep_id):
        pass


def topic(sweep_id: int) -> str:
    return f"sweep:{sweep_id}"


@transaction.atomic
def _next_piece(sweep_id: int) -> bool:
    """Do some of the tickets that are left; False when none were."""
    row = Sweep.objects.select_for_update(of=("self",)).select_related("user").get(pk=sweep_id)
    if not row.running:
        return False
    undoing = row.state == Sweep.State.UNDOING
    left = row.tickets.filter(state=Swept.State.CHANGED if undoing else Swept.State.WAITING)
    piece = list(left.order_by("ticket_id")[:_AT_ONCE])
    rights = _rights(row.user, DEEDS[row.deed].permission)
    tickets = (
        Ticket.objects.select_for_update(of=("self",))
        .select_related("account", "identity", "customer", "assignee", "team")
        .in_bulk([each.ticket_id for each in piece])
    )
    with events.told_together():
        for each in sorted(piece, key=lambda each: each.ticket_id):
            ticket = tickets.get(each.ticket_id)
            if ticket is None:
                each.state = Swept.State.REFUSED
            elif undoing:
                _take_back(row, each, ticket, rights)
            else:
                _do(row, each, ticket, rights)
    if not undoing:
        _note_events(piece)
    Swept.objects.bulk_update(piece, ["state", "before", "after", "event"])
    _count(row, Counter(each.state for each in piece))
    if not piece:
        row.state = Sweep.State.UNDONE if undoing else Sweep.State.DONE
        row.finished_at = clock.now()
        row.save(update_fields=["state", "finished_at"])
        if row.deed == "assign" and not undoing:
            _tell_once(row)
    live.tell([topic(row.pk)])
    return bool(piece)


def _tell_once(row: Sweep) -> None:
    """Who was given many tickets is told so once."""
    last = (
        row.tickets.filter(state=Swept.State.CHANGED).select_related("ticket").order_by("-ticket_id").first()
    )
    if last is not None and row.value and int(row.value) != row.user_id:
        more = f"+{row.changed - 1}" if row.changed > 1 else ""
        notices.tell([int(row.value)], Notice.Kind.ASSIGNED, last.ticket, by=row.user, text=more)


def _rights(user: User, permission: Permission) -> Sight | None:
    try:
        return sight(user, permission)
    except NotAllowed:
        return None


def _do(row: Sweep, each: Swept, ticket: Ticket, rights: Sight | None) -> None:
    deed = DEEDS[row.deed]
    if rights is None or not rights.takes_in(ticket):
        each.state = Swept.State.REFUSED
        return
    before = _columns(ticket, deed)
    try:
        with transaction.atomic():
            deed.do(ticket, row.user, row.value)
    except (CannotTend, User.DoesNotExist, Team.DoesNotExist):
        each.state = Swept.State.REFUSED
        return
    after = _columns(ticket, deed)
    each.before, each.after = before, after
    each.state = Swept.State.UNCHANGED if after == before else Swept.State.CHANGED


def _take_back(row: Sweep, each: Swept, ticket: Ticket, rights: Sight | None) -> None:
    """Only where everything is as the sweep left it, and nobody turned it there and back meanwhile."""
    if rights is None or _changed(DEEDS[row.deed], each, ticket) or not _theirs(each, ticket, rights):
        each.state = Swept.State.KEPT
        return
    if row.deed == "spam":
        blocking.not_spam(ticket, row.user)  # what the customer wrote meanwhile waits
    else:
        was, why = _as_may_be(each.before)
        if was == each.after:
            each.state = Swept.State.KEPT
            return
        tending.write(ticket, **{name: _opened(name, value) for name, value in was.items()})
        _tell(row, was, each.after, ticket, why)
    each.state = Swept.State.TAKEN_BACK


def _changed(deed: Deed, each: Swept, ticket: Ticket) -> bool:
    """Whether what the deed did is no longer so, or what it was for: nobody waits in a ticket that was merged
    into another, and who has been answered since waits no more, though marked answered it was before."""
    if ticket.merged_into_id is not None or _columns(ticket, deed) != each.after:
        return True
    touched = Q(kind__in=deed.kinds)
    if "waiting_since" in deed.columns:
        touched |= _ANSWERED
    return Event.objects.filter(touched, ticket=ticket, pk__gt=each.event).exists()


def _theirs(each: Swept, ticket: Ticket, rights: Sight) -> bool:
    """Whether they may work on it, or could until the sweep itself took it out of their sight."""
    if rights.takes_in(ticket):
        return True
    if Event.objects.filter(kind__in=_GIVEN, ticket=ticket, pk__gt=each.event).exists():
        return False  # somebody gave it to others since
    was = copy(ticket)
    was.assignee_id = each.before.get("assignee_id", ticket.assignee_id)
    was.team_id = each.before.get("team_id", ticket.team_id)
    return rights.takes_in(was)


_GIVEN: tuple[events.Kind, ...] = ("assigned", "team_changed")


def _as_may_be(before: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What a ticket had, and what the event tells of it: nobody gets one back who may not answer any more."""
    why = tending.lost_by(User.objects.filter(pk=before.get("assignee_id") or 0).first())
    return ({**before, "assignee_id": None} if why else before), why


def _tell(
    row: Sweep, before: dict[str, Any], after: dict[str, Any], ticket: Ticket, why: dict[str, str]
) -> None:
    """The events of being as before: figures are counted from them."""
    by = row.user
    changed = {name for name in before if before[name] != after[name]}
    if "assignee_id" in changed:
        who = User.objects.filter(pk=before["assignee_id"]).first()
        given: dict[str, Any] = {"to": who.name, "person": who.pk} if who else {"to": "", **why}
        events.record("assigned", ticket=ticket, actor=by, undone=True, **given)
    if "team_id" in changed:
        team = Team.objects.filter(pk=before["team_id"]).first()
        facts = {"to": team.name, "team": team.pk} if team else {"to": ""}
        events.record("team_changed", ticket=ticket, actor=by, undone=True, **facts)
    if "priority" in changed:
        events.record("priority_changed", ticket=ticket, actor=by, undone=True, priority=before["priority"])
    if "tags" in changed:
        was, now = set(before["tags"]), set(after["tags"])
        events.record(
            "tags_changed",
            ticket=ticket,
            actor=by,
            undone=True,
            added=sorted(was - now),
            removed=sorted(now - was),
        )
    if "status" in changed:
        status = {"status": before["status"], "before": after["status"]}
        events.record("status_changed", ticket=ticket, actor=by, undone=True, **status)
    if "snoozed_until" in changed:
        if before["snoozed_until"]:
            events.record("snoozed", ticket=ticket, actor=by, undone=True, until=before["snoozed_until"])
        else:
            events.record("woke", ticket=ticket, actor=by, undone=True, by="person")
    if "unanswered" in changed:
        since = {"waiting_since": before["waiting_since"]}
        kind: events.Kind = "unanswered_marked" if before["unanswered"] else "answered_marked"
        events.record(kind, ticket=ticket, actor=by, undone=True, **since)


def _columns(ticket: Ticket, deed: Deed) -> dict[str, Any]:
    values = {name: getattr(ticket, name) for name in deed.columns}
    return {name: each.isoformat() if isinstance(each, datetime) else each for name, each in values.items()}


def _opened(name: str, value: Any) -> Any:
    return clock.from_iso(value) if value and name.endswith(("_at", "_until", "_since")) else value


def _note_events(piece: list[Swept]) -> None:
    """How far each ticket's log had come: what is written later is somebody's change since."""
    rows = Event.objects.filter(ticket__in=[each.ticket_id for each in piece]).values_list("ticket")
    last = dict(rows.annotate(last=Max("pk")).order_by())
    for each in piece:
        each.event = last.get(each.ticket_id, 0)


def _count(row: Sweep, states: Counter[str]) -> None:
    for state, count in states.items():
        name = {Swept.State.TAKEN_BACK: "taken_back", Swept.State.KEPT: "kept"}.get(Swept.State(state), state)
        setattr(row, name, getattr(row, name) + count)
    row.save(update_fields=["changed", "unchanged", "refused", "taken_back", "kept"])


def _checked(deed: str, value: str) -> str:
    """The value of a deed, refused at once where it makes no sense anywhere. Raises `CannotTend`."""
    match deed:
        case "assign" | "team":
            if value and not _is_there(deed, value):
                raise CannotTend(_("They are no longer here."))
            if value and deed == "assign":
                tending.refuse_for(User.objects.get(pk=int(value)))
        case "status":
            if value not in Ticket.Status.values:
                raise CannotTend(_("There is no such status."))
        case "priority":
            if value not in map(str, Ticket.Priority.values):
                raise CannotTend(_("There is no such priority."))
        case "tag" | "untag":
            return sorting.tag_name(value)
        case "snooze":
            return _time(value).isoformat()
        case _:
            return ""
    return value


def _is_there(deed: str, value: str) -> bool:
    number = whole(value)
    if number is None:
        return False
    if deed == "assign":
        return User.objects.filter(pk=number, is_active=True).exists()
    return Team.objects.filter(pk=number, archived=False).exists()


def _time(value: str) -> datetime:
    try:
        moment = clock.from_iso(value)
    except ValueError:
        raise CannotTend(_("This is no time.")) from None
    if moment <= clock.now():
        raise CannotTend(_("Choose a time that is still to come."))
    return moment

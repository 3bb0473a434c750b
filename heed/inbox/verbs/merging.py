"""Two tickets that are one matter, one that is two, and taking either back.

A merged ticket's row stays. Its messages go to the other one and remember where they belong
(`Message.home`), and so does what comes for it later. Taking it back gives each ticket its own messages, and
each column what it had, or where somebody has worked on it since, what it would have now had they never been
merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User
from heed.inbox import events
from heed.inbox.arrivals import show_last
from heed.inbox.jobs import send_answers
from heed.inbox.models import Attachment, Draft, Event, Merge, Message, Split, Ticket
from heed.inbox.verbs.refusals import CannotTend
from heed.inbox.verbs.tending import locked, refuse_merged, write
from heed.lib import clock
from heed.lib.text import first_words

_OWN = (
    "status",
    "solved_at",
    "unanswered",
    "waiting_since",
    "snoozed_until",
    "follow_up_at",
    "due_at",
    "due_for",
)
"""What a merged ticket gives up, so that it stands in no list and no clock runs for it."""

_LAST = ("last_at", "last_text", "last_direction", "last_author")
_TAKES = ("unanswered", "waiting_since", "status", "solved_at", "tags", "opened_at", "last_private_in",
          "window_closes_at", "took_private", *_LAST)  # fmt: skip
"""What taking another ticket in can change."""

_MOMENTS = frozenset(
    {"solved_at", "waiting_since", "snoozed_until", "follow_up_at", "due_at", "opened_at", "last_at",
     "last_private_in", "window_closes_at"}
)  # fmt: skip


@transaction.atomic
def merge(ticket: Ticket, into: Ticket, user: User) -> Merge:
    """Let a ticket go on in another of the same person on the same account. Raises `CannotTend`."""
    gone, kept = _both(ticket, into)
    _check(gone, kept)
    record = Merge(ticket=gone, into=kept, by=user, kept=_columns(gone, _OWN), before=_columns(kept, _TAKES))
    _take_in(gone, kept)
    record.after = _columns(kept, _TAKES)
    gone.messages.filter(home=None).update(home=gone)
    Message.objects.filter(ticket=gone).update(ticket=kept)
    record.drafts = _move_drafts(gone, kept)
    write(gone, merged_into=kept, **_STILL)
    record.save()
    events.record("merged", ticket=kept, actor=user, number=gone.number)
    events.record("merged", ticket=gone, actor=user, into=kept.number)
    send_answers.defer(ticket=kept.pk)
    return record


_STILL: dict[str, Any] = {
    "status": Ticket.Status.SOLVED,
    "unanswered": False,
    "waiting_since": None,
    "snoozed_until": None,
    "follow_up_at": None,
    "due_at": None,
    "due_for": "",
}


@transaction.atomic
def unmerge(record: Merge, user: User) -> None:
    """Take a merge back. Raises `CannotTend` when it was taken back already, or the other ticket went on in
    a third one since: the last merge is taken back first."""
    gone, kept = _both(record.ticket, record.into)
    refuse_merged(kept)
    if not Merge.objects.filter(pk=record.pk, undone_at=None).update(undone_at=clock.now()):
        raise CannotTend(_("This was taken back already."))
    Message.objects.filter(ticket=kept, home__in=_with_all_merged(gone)).update(ticket=gone)
    Message.objects.filter(ticket=gone, home=gone).update(home=None)
    _move_back_drafts(record, gone)
    write(gone, merged_into=None, **_values(record.kept))
    marked = _marked_since(record)
    _answered_apart(gone, marked, record.kept)
    _restore(kept, record.before, record.after)
    _answered_apart(kept, marked, record.before)
    for each in (gone, kept):
        show_last(each)
    events.record("unmerged", ticket=kept, actor=user, number=gone.number)
    events.record("unmerged", ticket=gone, actor=user, into=kept.number)
    send_answers.defer(ticket=gone.pk)


@transaction.atomic
def split(ticket: Ticket, messages: Sequence[int], user: User) -> Ticket:
    """Make a ticket of its own of some messages. What the customer writes from now on still comes to the
    old one. Raises `CannotTend` where nothing or everything would go, or one is still being sent."""
    source = locked(ticket)
    refuse_merged(source)
    chosen = list(source.messages.filter(pk__in=messages).order_by("at", "external_id", "id"))
    if not chosen or len(chosen) != len(set(messages)):
        raise CannotTend(_("Choose the messages that are a matter of their own."))
    if not source.messages.exclude(pk__in=messages).exclude(visibility="note").exists():
        raise CannotTend(_("Leave at least one message in the old ticket."))
    if any(each.state in Message.IN_FLIGHT for each in chosen):
        raise CannotTend(_("One of these answers is still being sent. Try again in a moment."))
    before = _columns(source, _TAKES)
    new = _new_ticket(source, chosen)
    Message.objects.filter(pk__in=[each.pk for each in chosen]).update(ticket=new)
    waits = _waiting(chosen, source)
    write(new, unanswered=bool(waits), waiting_since=min(waits, default=None))
    rest = _waiting(source.messages.filter(direction="in"), source)
    write(source, unanswered=source.unanswered and bool(rest), waiting_since=min(rest, default=None))
    for each in (source, new):
        show_last(each)
    Split.objects.create(ticket=new, source=source, by=user, before=before, after=_columns(source, _TAKES))
    events.record("split", ticket=source, actor=user, number=new.number)
    events.record("ticket_opened", ticket=new, actor=user, at=new.opened_at, number=source.number)
    return new


@transaction.atomic
def unsplit(record: Split, user: User) -> None:
    """Put a split-off matter back where it was, with all that was said in it since. Raises `CannotTend`
    when that was done already, or one of the two was merged since: that is taken back first."""
    new, source = _both(record.ticket, record.source)
    refuse_merged(source)
    refuse_merged(new)
    if not Split.objects.filter(pk=record.pk, undone_at=None).update(undone_at=clock.now()):
        raise CannotTend(_("This was taken back already."))
    waits = [each for each in (new.waiting_since, source.waiting_since) if each is not None]
    unanswered = new.unanswered or source.unanswered
    _bring_home(new, source)
    _restore(source, record.before, record.after)
    write(source, unanswered=unanswered, waiting_since=min(waits, default=None) if unanswered else None)
    write(new, merged_into=source, **_STILL)
    show_last(source)
    events.record("unsplit", ticket=source, actor=user, number=new.number)


# --------------------------------------------------------------------------------- inside


def _both(one: Ticket, other: Ticket) -> tuple[Ticket, Ticket]:
    """Both, locked in the order of their numbers, so that two people never wait for each other."""
    rows = {pk: locked(Ticket(pk=pk)) for pk in sorted({one.pk, other.pk})}
    return rows[one.pk], rows[other.pk]


def _check(gone: Ticket, kept: Ticket) -> None:
    if gone.pk == kept.pk:
        raise CannotTend(_("A ticket cannot be merged with itself."))
    if gone.merged_into_id or kept.merged_into_id:
        raise CannotTend(_("One of them was merged already."))
    if gone.account_id != kept.account_id:
        raise CannotTend(_("They are on different accounts, and an answer goes out on one."))
    if gone.customer_id != kept.customer_id:
        raise CannotTend(_("They are of different people. Join the two first if they are one."))
    if gone.spam or kept.spam:
        raise CannotTend(_("One of them is marked as spam."))


def _take_in(gone: Ticket, kept: Ticket) -> None:
    """The earliest arrival, the longest wait, all tags, the latest words."""
    waits = [each for each in (gone.waiting_since, kept.waiting_since) if each is not None]
    changes: dict[str, Any] = {
        "unanswered": gone.unanswered or kept.unanswered,
        "waiting_since": min(waits, default=None),
        "tags": sorted({*gone.tags, *kept.tags}),
        "opened_at": min(gone.opened_at, kept.opened_at),
        "last_private_in": _latest(gone.last_private_in, kept.last_private_in),
        "window_closes_at": _latest(gone.window_closes_at, kept.window_closes_at),
        "took_private": kept.took_private or gone.took_private or gone.kind == Ticket.Kind.PRIVATE,
    }
    if gone.unanswered and kept.solved:
        changes |= {"status": Ticket.Status.OPEN, "solved_at": None}
    if gone.last_at > kept.last_at:
        changes |= {name: getattr(gone, name) for name in _LAST}
    write(kept, **changes)


def _latest(*moments: datetime | None) -> datetime | None:
    return max((each for each in moments if each is not None), default=None)


def _bring_home(new: Ticket, source: Ticket) -> None:
    """Messages go back to the ticket they were split off; those of a ticket that was merged there then and
    stands alone again go to that one."""
    alone = Message.objects.filter(ticket=new, home__isnull=False, home__merged_into=None)
    for home in sorted({each.home_id for each in alone if each.home_id is not None}):
        Message.objects.filter(ticket=new, home=home).update(ticket=home, home=None)
    Message.objects.filter(ticket=new).update(ticket=source)


def _with_all_merged(ticket: Ticket) -> list[int]:
    """The ticket and those that went on in it, however many steps away."""
    found, new = [ticket.pk], [ticket.pk]
    while new:
        new = list(Ticket.objects.filter(merged_into__in=new).values_list("pk", flat=True))
        found += new
    return found


def _marked_since(record: Merge) -> datetime | None:
    """When the matter, while it was one, was last marked answered."""
    marks = Event.objects.filter(ticket=record.into, kind="answered_marked", pk__gt=_merge_event(record))
    return marks.order_by("-id").values_list("at", flat=True).first()


def _merge_event(record: Merge) -> int:
    told = Event.objects.filter(ticket=record.into, kind="merged", data__number=record.ticket_id)
    return told.order_by("-id").values_list("pk", flat=True)[0]


def _answered_apart(ticket: Ticket, marked: datetime | None, then: dict[str, Any]) -> None:
    """Whether it waits for an answer, had it been alone: as it was then, or since the last mark, or since
    the customer last wrote about it."""
    waited = bool(then["unanswered"]) and marked is None
    waits = [clock.from_iso(then["waiting_since"])] if waited and then["waiting_since"] else []
    since = marked or clock.from_iso(then["at"])
    news = ticket.messages.filter(direction="in", automatic=False, created_at__gt=since)
    first = news.order_by("at").values_list("at", flat=True).first()
    waits += [first] if first is not None else []
    write(ticket, unanswered=waited or bool(waits), waiting_since=min(waits, default=None))
    if first is not None and ticket.solved:
        write(ticket, status=Ticket.Status.OPEN, solved_at=None)


def _restore(ticket: Ticket, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Give columns back what they had, as far as nobody has changed them since."""
    now = _columns(ticket, _TAKES)
    same = {name: before[name] for name in _TAKES if now[name] == after[name]}
    if "tags" not in same:
        came = set(after["tags"]) - set(before["tags"])
        same["tags"] = sorted(set(ticket.tags) - came)
    write(ticket, **_values(same))


def _new_ticket(source: Ticket, chosen: list[Message]) -> Ticket:
    first = chosen[0]
    return Ticket.objects.create(
        account_id=source.account_id,
        identity_id=source.identity_id,
        customer_id=source.customer_id,
        post_id=source.post_id,
        kind=source.kind,
        status=Ticket.Status.OPEN,
        running=False,
        unanswered=False,
        assignee_id=source.assignee_id,
        team_id=source.team_id,
        priority=source.priority,
        language=source.language,
        subject=first_words(first.text, 80),
        opened_at=first.at,
        last_at=chosen[-1].at,
        last_private_in=source.last_private_in,
        window_closes_at=source.window_closes_at,
        took_private=source.took_private,
        split_from=source,
    )


def _waiting(messages: Iterable[Message], ticket: Ticket) -> list[datetime]:
    """When the messages came that wait for an answer."""
    since = ticket.waiting_since
    if since is None or not ticket.unanswered:
        return []
    return [
        each.at for each in messages if each.direction == "in" and not each.automatic and each.at >= since
    ]


def _move_drafts(gone: Ticket, kept: Ticket) -> list[int]:
    """What people have begun goes along, unless they have begun something there, too."""
    taken = set(Draft.objects.filter(ticket=kept).values_list("user", "visibility"))
    drafts = [
        each for each in Draft.objects.filter(ticket=gone) if (each.user_id, each.visibility) not in taken
    ]
    moved = [each.pk for each in drafts]
    Draft.objects.filter(pk__in=moved).update(ticket=kept)
    owners = {each.user_id for each in drafts}
    Attachment.objects.filter(ticket=gone, message=None, owner__in=owners).update(ticket=kept)
    return moved


def _move_back_drafts(record: Merge, gone: Ticket) -> None:
    again = set(Draft.objects.filter(ticket=gone).values_list("user", "visibility"))
    moved = Draft.objects.filter(pk__in=record.drafts, ticket=record.into)
    back = [each.pk for each in moved if (each.user_id, each.visibility) not in again]
    theirs = Draft.objects.filter(pk__in=back)
    owners = set(theirs.values_list("user", flat=True))
    theirs.update(ticket=gone)
    files = Attachment.objects.filter(ticket=record.into, message=None, owner__in=owners)
    files.filter(created_at__lt=record.at).update(ticket=gone)


def _columns(ticket: Ticket, names: Sequence[str]) -> dict[str, Any]:
    """Columns as JSON, and when they were so."""
    found: dict[str, Any] = {"at": clock.now().isoformat()}
    for name in {*names, "unanswered", "waiting_since"}:
        value = getattr(ticket, name)
        found[name] = value.isoformat() if isinstance(value, datetime) else value
    return found


def _values(columns: dict[str, Any]) -> dict[str, Any]:
    """The same, read back."""
    return {
        name: clock.from_iso(value) if name in _MOMENTS and value else value
        for name, value in columns.items()
        if name != "at"
    }

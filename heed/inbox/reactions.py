"""What follows when something happened, and the runner that makes it follow."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import Q
from procrastinate import JobContext
from procrastinate.contrib.django import app

from heed.channels.models import Account
from heed.inbox.events import REACT, told_together, wait_for
from heed.inbox.jobs import fetch_files, fetch_picture, look_up, look_up_lock
from heed.inbox.models import Attachment, Event, Identity, Message, Post, ReactionFailure, Ticket
from heed.inbox.statements import among, run
from heed.lib import clock
from heed.lib.jobs import AGAIN, defer_each_once
from heed.lib.rows import Joined

log = logging.getLogger("heed.reactions")

Reaction = Callable[[Sequence[Event]], None]
Reactions = Mapping[str, tuple[Reaction, ...]]
"""What follows events of each kind, in order."""

MOST_TRIES = 8
MOST_AT_ONCE = 2000
"""Events handed on together when many wait."""
_parts: list[Reactions] = []


def wire(parts: Sequence[Reactions], at_times: Mapping[Reaction, str] = {}) -> None:
    """Take over the table of `heed.wiring`: all events of a batch go through its first part before any goes
    through the next, and in each kind by kind as its rows stand. Some reactions wait for a kind of event only
    at times, and a query finds which these are now: what nobody else waits for is handed on only then."""
    _parts[:] = parts
    rows: dict[str, tuple[Reaction, ...]] = defaultdict(tuple)
    for part in parts:
        for kind, row in part.items():
            rows[kind] += row
    wait_for({kind: at_times.get(row[0]) if len(row) == 1 else None for kind, row in rows.items()})


@app.task(name=REACT, queue="reactions", retry=AGAIN, pass_context=True)
def react_to_waiting(context: JobContext, events: list[int]) -> None:
    """Hand a batch of events to their reactions, with those of other batches that wait already."""
    react([*events, *_take_over(context.job.id or 0, events)])


@transaction.atomic
def _take_over(job: int, events: list[int]) -> list[int]:
    """The events of other batches, which now are this job's: whoever does it again has them, too."""
    rows = run(_OTHERS, REACT, MOST_AT_ONCE - len(events)) if len(events) < MOST_AT_ONCE else []
    others = [number for (waiting,) in rows for number in json.loads(waiting)]
    if others:
        run(_KEEP, json.dumps({"events": [*events, *others]}), job)
    return others


_OTHERS = """
WITH waiting AS (
    SELECT id, jsonb_array_length(args->'events') AS size FROM procrastinate_jobs
    WHERE status = 'todo' AND task_name = %s AND (scheduled_at IS NULL OR scheduled_at <= now())
    ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED
)
DELETE FROM procrastinate_jobs WHERE id IN (
    SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY id) AS upto FROM waiting) AS measured WHERE upto <= %s
) RETURNING args->'events'
"""

_KEEP = "UPDATE procrastinate_jobs SET args = %s::jsonb WHERE id = %s"


def react(events: list[int]) -> None:
    """Hand events to their reactions."""
    by_kind: dict[str, list[Event]] = defaultdict(list)
    for event in _read(events):
        by_kind[event.kind].append(event)
    for part in _parts:
        for kind in filter(by_kind.get, part):
            for reaction in part[kind]:
                _run(reaction, by_kind[kind])


def _read(numbers: list[int]) -> list[Event]:
    """The events, each with its account."""
    events = _EVENTS.read(_THESE, [numbers, [*{kind for part in _parts for kind in part}]])
    accounts = Account.objects.in_bulk({each.account_id for each in events if each.account_id})
    for each in events:
        _ACCOUNT.set_cached_value(each, accounts.get(each.account_id or 0))
    return events


_EVENTS = Joined(Event)
_THESE = "WHERE id = ANY(%s) AND kind = ANY(%s) ORDER BY ticket_id, at, id"
_ACCOUNT = Event._meta.get_field("account")


@app.task(queue="reactions", queueing_lock="retry_reactions")
def retry_reactions(timestamp: int) -> None:
    """Try failed reactions again."""
    by_name = {reaction.__name__: reaction for part in _parts for row in part.values() for reaction in row}
    for failure in ReactionFailure.objects.filter(tries__lt=MOST_TRIES).select_related("event")[:500]:
        reaction = by_name.get(failure.reaction)
        if reaction is not None and _runs_alone(reaction, failure.event):
            failure.delete()


def _run(reaction: Reaction, batch: list[Event]) -> None:
    """All at once; if that fails, one by one, so that only the bad one is held back."""
    try:
        with transaction.atomic(), told_together():
            reaction(batch)
    except Exception:
        log.warning("reaction %s fails for a batch: one by one", reaction.__name__)
        for event in batch:
            _runs_alone(reaction, event)


def _runs_alone(reaction: Reaction, event: Event) -> bool:
    try:
        with transaction.atomic(), told_together():
            reaction([event])
    except Exception as error:
        log.exception("reaction %s to event %s", reaction.__name__, event.pk)
        failure, made = ReactionFailure.objects.get_or_create(
            event=event, reaction=reaction.__name__, defaults={"error": repr(error)[:500]}
        )
        if not made:
            failure.tries += 1
            failure.error, failure.at = repr(error)[:500], clock.now()
            failure.save()
        return False
    return True


# ----------------------------------------------------------------------------- reactions


def fetch_attached_files(events: Sequence[Event]) -> None:
    messages = among(event.message_id for event in events)
    waiting = Attachment.objects.filter(message_id__in=messages, state=Attachment.State.WAITING)
    numbers = sorted({pk for pk in waiting.values_list("message_id", flat=True) if pk is not None})
    defer_each_once(fetch_files, {f"files:{pk}": {"message": pk} for pk in numbers})


def look_up_posts(events: Sequence[Event]) -> None:
    """Read a post of which we know only the id."""
    under = Ticket.objects.filter(pk__in=among({event.ticket_id for event in events})).values("post")
    bare = Post.objects.filter(pk__in=under, looked_up_at=None)
    wanted = bare.order_by("id").only("account_id", "external_id", "refs")
    _look_up(((each.account_id, "post", each.external_id, each.refs) for each in wanted), unless_doing=True)


def read_posts_again(events: Sequence[Event]) -> None:
    _look_up((each.account_id, "post", str(each.data["post"]), {}) for each in events if each.account_id)


def look_up_people(events: Sequence[Event]) -> None:
    """Ask for the name of people who came without one, and for messages that came without author or words."""
    messages = among(event.message_id for event in events)
    writers = Message.objects.filter(pk__in=messages).values("identity")
    nameless = Identity.objects.filter(pk__in=writers, name="", handle="", looked_up_at=None)
    _look_up(
        (
            (each.account_id, "person", each.external_id, {})
            for each in nameless.order_by("id")
            if not each.unknown
        ),
        unless_doing=True,
    )
    bare = Message.objects.filter(
        Q(identity__external_id__startswith="?") | Q(refs__look_up=True), pk__in=messages
    )
    _look_up(
        ((each.account_id, "message", each.external_id, each.refs) for each in bare.order_by("id")),
        unless_doing=True,
    )


def fetch_pictures(events: Sequence[Event]) -> None:
    posts = [int(each.data["post"]) for each in events]
    defer_each_once(fetch_picture, {f"picture:{post}": {"post": post} for post in posts})


def _look_up(
    wanted: Iterable[tuple[int, str, str, Mapping[str, object]]], *, unless_doing: bool = False
) -> None:
    """Read these from the network: each an account, what it is, its id there, and what else is known. What is
    being read just now is read again, unless any answer will do."""
    defer_each_once(
        look_up,
        {
            look_up_lock(account, what, external_id): {
                "account": account,
                "what": what,
                "external_id": external_id,
                "refs": dict(refs),
            }
            for account, what, external_id, refs in wanted
        },
        unless_doing=unless_doing,
    )

"""What follows when something happened, and the runner that makes it follow."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from django.db import transaction
from django.db.models import Q
from procrastinate.contrib.django import app

from heed.inbox.events import REACT, told_together, wait_for
from heed.inbox.jobs import defer_once, fetch_files, fetch_picture, look_up, look_up_lock
from heed.inbox.models import Attachment, Event, Identity, Message, Post, ReactionFailure
from heed.lib import clock

log = logging.getLogger("heed.reactions")

Reaction = Callable[[Sequence[Event]], None]

MOST_TRIES = 8
_table: dict[str, tuple[Reaction, ...]] = {}


def wire(table: Mapping[str, tuple[Reaction, ...]]) -> None:
    """Take over the table of `heed.wiring`."""
    _table.clear()
    _table.update(table)
    wait_for(table)


@app.task(name=REACT, queue="reactions")
def react(events: list[int]) -> None:
    """Hand a batch of events to their reactions."""
    by_kind: dict[str, list[Event]] = defaultdict(list)
    wanted = Event.objects.filter(pk__in=events, kind__in=list(_table)).order_by("ticket_id", "at", "id")
    for event in wanted.select_related("message", "account"):
        by_kind[event.kind].append(event)
    for kind, batch in by_kind.items():
        for reaction in _table[kind]:
            _run(reaction, batch)


@app.periodic(cron="*/1 * * * *")
@app.task(queue="reactions", queueing_lock="retry_reactions")
def retry_reactions(timestamp: int) -> None:
    """Try failed reactions again."""
    by_name = {reaction.__name__: reaction for row in _table.values() for reaction in row}
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
    messages = [event.message_id for event in events if event.message_id]
    waiting = Attachment.objects.filter(message_id__in=messages, state=Attachment.State.WAITING)
    for message in sorted(set(waiting.values_list("message_id", flat=True))):
        if message is not None:
            defer_once(fetch_files, f"files:{message}", message=message)


def look_up_posts(events: Sequence[Event]) -> None:
    """Read a post of which we know only the id."""
    tickets = {event.ticket_id for event in events if event.ticket_id}
    bare = Post.objects.filter(tickets__in=tickets, looked_up_at=None).distinct()
    for post in bare.order_by("id"):
        _look_up(post.account_id, "post", post.external_id, post.refs)


def read_posts_again(events: Sequence[Event]) -> None:
    for event in events:
        if event.account_id:
            _look_up(event.account_id, "post", str(event.data["post"]), {})


def look_up_people(events: Sequence[Event]) -> None:
    """Ask for the name of people who came without one, and for messages that came without author or words."""
    messages = [event.message_id for event in events if event.message_id]
    nameless = Identity.objects.filter(message__in=messages, name="", handle="", looked_up_at=None).distinct()
    for identity in nameless.order_by("id"):
        if not identity.unknown:
            _look_up(identity.account_id, "person", identity.external_id, {})
    bare = Message.objects.filter(
        Q(identity__external_id__startswith="?") | Q(refs__look_up=True), pk__in=messages
    )
    for message in bare.order_by("id"):
        _look_up(message.account_id, "message", message.external_id, message.refs)


def fetch_pictures(events: Sequence[Event]) -> None:
    for event in events:
        post = int(event.data["post"])
        defer_once(fetch_picture, f"picture:{post}", post=post)


def _look_up(account: int, what: str, external_id: str, refs: Mapping[str, object]) -> None:
    lock = look_up_lock(account, what, external_id)
    defer_once(look_up, lock, account=account, what=what, external_id=external_id, refs=dict(refs))

"""What the worker does for tickets. Every job may run twice without harm."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from procrastinate import BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from heed.accounts.models import User
from heed.channels import missed
from heed.channels.base import TAKEN_OVER, Action, Person, ReactionChanged, Refusal, Wanted
from heed.channels.models import Account
from heed.channels.reasons import UNTIL_A_PERSON_ACTS
from heed.channels.sessions import with_session
from heed.inbox import (
    collect,
    early,
    events,
    fetch,
    files,
    gaps,
    health,
    news,
    outbox,
    receipts,
    tally,
    unknown,
)
from heed.inbox.intake import apply_news
from heed.inbox.models import Identity, Message
from heed.inbox.outgoing import receiver, target_of
from heed.inbox.search import index
from heed.inbox.statements import run
from heed.lib import clock
from heed.lib.http import AddressRefused, AnswerLost, TooLarge, Unreachable
from heed.lib.jobs import AGAIN, defer_once

log = logging.getLogger("heed.jobs")

_GRACE = timedelta(seconds=20)
MOST_TRIES = 5
"""How often an action is tried before the agent is told that it did not work."""

_LONGEST_WAIT = 3600
"""Seconds between two tries at most."""
_A_DAY_OF_TRIES, _THREE_DAYS_OF_TRIES = 28, 76
"""For what nobody asks for a second time: files of a message, and what it says."""

MOST_SLOWED = 100
"""How often it is put off because the network asks us to slow down."""


class _WhenAsked(BaseRetryStrategy):
    """As late as the network asks for, and no sooner than after a wait that grows."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if job.attempts >= _most_tries(exception):
            return None
        asked = exception.after if isinstance(exception, Refusal) else None
        wait = _wait(min(job.attempts + 1, 3 if asked is not None else MOST_TRIES))
        return RetryDecision(retry_in={"seconds": max(wait, math.ceil(asked or 0))})


@app.task(queue="send")
def send_answers(ticket: int) -> None:
    """Send a ticket's waiting answers in order."""
    again = outbox.send_next(ticket)
    _defer_at(send_answers, again, f"send:{ticket}", ticket=ticket)
    for message in Message.objects.filter(
        ticket_id=ticket, state=Message.State.UNKNOWN, try_at__isnull=False
    ):
        _defer_at(resolve_unknown, message.try_at, f"resolve:{message.pk}", message=message.pk)


@app.task(queue="send")
def resolve_unknown(message: int) -> None:
    """Find out what became of an answer."""
    again = unknown.resolve(message)
    row = Message.objects.filter(pk=message).first()
    if row is None:
        return
    if row.state == Message.State.QUEUED:
        send_answers.defer(ticket=row.ticket_id)
    else:
        _defer_at(resolve_unknown, again, f"resolve:{message}", message=message)


@app.task(queue="send", retry=_WhenAsked(), pass_context=True)
def act_on_network(context: JobContext, message: int, action: Action, user: int, value: str = "") -> None:
    """Do a like, hide, delete … and keep what the network says."""
    row = Message.objects.select_related("account", "ticket__post", "identity").filter(pk=message).first()
    if row is None:
        return
    actor = User.objects.filter(pk=user).first()
    target = target_of(row)
    person = receiver(row)
    try:
        _let_rest(row.account)
        refs = with_session(
            row.account, lambda record: row.account.adapter.act(record, action, target, person, value)
        )
    except (Refusal, Unreachable, AnswerLost, TooLarge) as error:
        if isinstance(error, Refusal) and error.whole_account:
            outbox.pause(row.account, error.after)
        if context.job.attempts < _most_tries(error):
            raise
        reason = error.reason if isinstance(error, Refusal) else "network_down"
        events.record(
            "action_failed", ticket=row.ticket, message=row, actor=actor, action=action, reason=reason
        )
        return
    with transaction.atomic():
        held = receipts.locked(row)
        if held is not None:
            _keep_action(held, action, dict(refs), value)
            events.record("action_done", ticket=held.ticket, message=held, actor=actor, action=action)


def act_later(wanted: Iterable[Mapping[str, Any]]) -> None:
    """Defer each of these actions. Those on one message are done one after the other, in this order, also
    where one has to be tried again: of two edits the later stands."""
    each = [
        act_on_network.configure(lock=f"act:{arguments['message']}").make_new_job(**arguments)
        for arguments in wanted
    ]
    if each:
        app.job_manager.batch_defer_jobs(each)


def _let_rest(account: Account) -> None:
    """Nothing is asked of a network that wants this account to wait. Raises `Refusal`."""
    rest = (account.paused_until - clock.now()).total_seconds() if account.paused_until else 0
    if rest > 0:
        raise Refusal("slow_down", retry=True, after=rest)


def _most_tries(error: BaseException) -> int:
    """How often an action is tried that fails like this."""
    if isinstance(error, AddressRefused) or (isinstance(error, Refusal) and not error.retry):
        return 0
    return MOST_SLOWED if isinstance(error, Refusal) and error.reason == "slow_down" else MOST_TRIES


def _keep_action(row: Message, action: Action, refs: dict[str, object], value: str) -> None:
    facts: dict[Action, dict[str, object]] = {
        "like": {"liked": True},
        "unlike": {"liked": False},
        "react": {"liked": True},
        "unreact": {"liked": False},
        "repost": {"reposted": True},
        "unrepost": {"reposted": False},
        "hide": {"hidden": True, "hidden_at": clock.now()},
        "unhide": {"hidden": False, "hidden_at": clock.now()},
        "delete": {"removed_at": clock.now()},
    }
    Message.objects.filter(pk=row.pk).update(refs=outbox.merged(row.refs, refs), **facts.get(action, {}))
    if action in _MARKS:
        reaction, on = _MARKS[action]
        _keep_reaction(row, reaction or value, on=on)
    if action == "edit":
        early.edit(row, clock.now(), value)
    if action == "hand_back":
        _keep_handed_back(row)


_MARKS: dict[Action, tuple[str, bool]] = {
    "like": ("like", True),
    "unlike": ("like", False),
    "react": ("", True),
    "unreact": ("", False),
    "repost": ("repost", True),
    "unrepost": ("repost", False),
}
"""What our own reaction is then, and whether it stands; no word where the agent chose it."""


def _keep_reaction(row: Message, reaction: str, *, on: bool) -> None:
    """Our own reaction, as the network's news of it would be kept: it counts at once, and what the network
    tells of it later counts nothing twice."""
    ours = Person(row.account.external_id, name=row.account.name)
    news.apply(
        row.account,
        ReactionChanged(target=row.external_id, at=clock.now(), author=ours, reaction=reaction, on=on),
    )


def _keep_handed_back(row: Message) -> None:
    """The whole talk went back, for whichever of our messages it had been taken over."""
    for each in Message.objects.filter(ticket_id=row.ticket_id, refs__has_key=TAKEN_OVER):
        each.refs = outbox.merged(each.refs, {TAKEN_OVER: None})
        each.save(update_fields=["refs"])


@app.task(queue="send")
def show_typing(message: int) -> None:
    """Show the customer that we type. Best effort: it is gone in a moment anyway."""
    row = Message.objects.select_related("account", "ticket__post", "identity").filter(pk=message).first()
    if row is None or row.identity is None:
        return
    target, person = target_of(row), receiver(row)
    try:
        with_session(row.account, lambda record: row.account.adapter.act(record, "typing", target, person))
    except (Refusal, Unreachable, AnswerLost, TooLarge) as error:
        log.info("typing in ticket %s: %s", row.ticket_id, error)


@app.task(queue="fetch")
def fetch_files(message: int, attempt: int = 1) -> None:
    """Fetch the files of a message into the data folder; after the last try they have failed."""
    try:
        fetch.files_of(message)
    except Exception as error:
        log.info("fetching files of message %s: %s", message, error)
        if not _again(fetch_files, f"files:{message}", attempt, most=_A_DAY_OF_TRIES, message=message):
            fetch.give_up(message)


@app.task(queue="fetch", queueing_lock="fetch_left_behind")
def fetch_left_behind(timestamp: int) -> None:
    """Files that waited for their account to be signed in again are fetched when it is."""
    for message in fetch.left_behind():
        defer_once(fetch_files, f"files:{message}", message=message)


@app.task(queue="fetch")
def fetch_picture(post: int, attempt: int = 1) -> None:
    """Fetch the picture of a post."""
    try:
        fetch.picture_of(post)
    except fetch.TryAgain as error:
        log.info("fetching the picture of post %s: %s", post, error)
        _again(fetch_picture, f"picture:{post}", attempt, post=post)


@app.task(queue="fetch")
def look_up(account: int, what: str, external_id: str, refs: dict[str, object], attempt: int = 1) -> None:
    """Read from the network what the delivery did not bring."""
    row = Account.objects.filter(pk=account).first()
    if row is None:
        return
    wanted = Wanted(what, external_id, refs)  # type: ignore[arg-type]
    lock = look_up_lock(account, what, external_id)
    question: dict[str, Any] = {"account": account, "what": what, "external_id": external_id, "refs": refs}
    # Posts and people are asked for again with the next message; nobody else asks what a message says.
    most = _THREE_DAYS_OF_TRIES if what == "message" else MOST_TRIES
    if row.problem in UNTIL_A_PERSON_ACTS:
        if what == "message":
            _again(look_up, lock, attempt, most=most, after=_LONGEST_WAIT, **question)
        return
    try:
        apply_news(row, with_session(row, lambda record: row.adapter.look_up(record, wanted)))
    except (Refusal, Unreachable, AnswerLost, TooLarge) as error:
        log.info("looking up a %s of account %s: %s", what, account, error)
        if not isinstance(error, Refusal) or error.retry:
            asked = error.after if isinstance(error, Refusal) else None
            _again(look_up, lock, attempt, most=most, after=asked, **question)
        elif what == "message" and error.reason in UNTIL_A_PERSON_ACTS:
            _again(look_up, lock, attempt, most=most, after=_LONGEST_WAIT, **question)
        if isinstance(error, Unreachable) and not isinstance(error, AddressRefused):
            run(_LATER, _wait(min(attempt, _PATIENT)), look_up.name, account)
        return
    except Exception:  # others may have left it to this job to ask: see `defer_each_once`
        _again(look_up, lock, attempt, most=most, **question)
        raise
    if what == "person":
        Identity.objects.filter(account=row, external_id=external_id).update(looked_up_at=clock.now())


# The network is not there: what else waits to be asked of it need not find that out one after the other. What
# was never tried waits a minute at most, however often this one was.
_PATIENT = 3
_LATER = """
UPDATE procrastinate_jobs SET scheduled_at = now() + %s * interval '1 second'
WHERE id IN (
    SELECT id FROM procrastinate_jobs
    WHERE status = 'todo' AND task_name = %s AND (args->>'account')::bigint = %s
        AND (scheduled_at IS NULL OR scheduled_at <= now())
    ORDER BY id FOR UPDATE SKIP LOCKED
)
"""


def look_up_lock(account: int, what: str, external_id: str) -> str:
    """The name under which one look-up waits at a time."""
    return f"look_up:{account}:{what}:{external_id}"


@app.task(queue="collect", retry=False)
def collect_account(account: int) -> None:
    """Poll one account. What came while somebody else polled it is looked for right after."""
    try:
        collect.collect(account)
    except collect.Busy:
        defer_once(collect_account, f"collect:{account}", 2, account=account)
    except (Refusal, Unreachable, AnswerLost, TooLarge) as error:
        log.warning("collecting from account %s: %s", account, error)


@app.task(queue="collect", queueing_lock="collect_all", pass_context=False)
def collect_all(timestamp: int) -> None:
    """Poll every account whose network does not call us."""
    for account in collect.due():
        defer_once(collect_account, f"collect:{account}", account=account)


@app.task(queue="send", queueing_lock="sweep_outbox")
def sweep_outbox(timestamp: int) -> None:
    """Pick up answers whose job or worker died, the oldest first; those of an account that rests are not."""
    late = clock.now() - _GRACE
    stuck = Message.objects.filter(
        Q(state=Message.State.QUEUED, created_at__lt=late)
        | Q(state=Message.State.RETRYING, try_at__lt=late)
        | Q(state=Message.State.SENDING, lease_until__lt=clock.now())
    )
    stuck = stuck.exclude(account__paused_until__gt=clock.now()).order_by("id")
    for ticket in dict.fromkeys(stuck.values_list("ticket_id", flat=True)):
        defer_once(send_answers, f"send:{ticket}", ticket=ticket)
    for message in Message.objects.filter(state=Message.State.UNKNOWN, try_at__lt=late):
        defer_once(resolve_unknown, f"resolve:{message.pk}", message=message.pk)


@app.task(queue="tidy", queueing_lock="fold_tallies")
def fold_tallies(timestamp: int) -> None:
    """Fold the counters' changes into sums."""
    tally.fold()


@app.task(queue="words", queueing_lock="write_words")
def write_words(timestamp: int) -> None:
    """Make findable what was said a moment ago, after what rules and targets make of it."""
    index.write_for(1.5, lambda: bool(run(_REACTING, events.REACT)))


_REACTING = """
SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name = %s
    AND (scheduled_at IS NULL OR scheduled_at <= now()) LIMIT 1
"""


@app.task(queue="reactions", queueing_lock="apply_early_news")
def apply_early_news(timestamp: int) -> None:
    """News that overtook its message is applied once both are there; echoes find their place."""
    early.apply_waiting()
    news.apply_parked()


@app.task(queue="tidy", queueing_lock="forget_early_news")
def forget_early_news(timestamp: int) -> None:
    """News about messages that never came is dropped after three days."""
    early.forget()


@app.task(name=missed.MIND_GAP, queue="collect", retry=AGAIN)
def mind_gap(account: int, since: str) -> None:
    """Note that news of an account may have been missed since then, and read it where that can be done."""
    gap = gaps.open_gap(account, clock.from_iso(since))
    if gap is not None:
        defer_once(fill_gap, f"gap:{gap.pk}", gap=gap.pk)


@app.task(queue="collect")
def fill_gap(gap: int) -> None:
    """Read what was missed; what breaks off is taken up again where it stood."""
    try:
        gaps.fill(gap)
    except (Refusal, Unreachable, AnswerLost, TooLarge) as error:
        log.warning("filling gap %s: %s", gap, error)


@app.task(queue="collect", queueing_lock="fill_gaps")
def fill_gaps(timestamp: int) -> None:
    """Go on with the gaps that are not filled yet."""
    for gap in gaps.unfilled():
        defer_once(fill_gap, f"gap:{gap}", gap=gap)


@app.task(queue="collect", queueing_lock="mind_silence")
def mind_silence(timestamp: int) -> None:
    """After the doors were shut, what every account was sent meanwhile is read, and whether the network goes
    on telling us is looked at. For all or for none: once it is seen to, nobody looks for that time again."""
    with gaps.silence() as since:
        if since is not None:
            for account in Account.objects.exclude(locked_credentials=b"").values_list("pk", flat=True):
                missed.after_outage(account, since)


@app.task(queue="tidy", queueing_lock="learn_rhythms")
def learn_rhythms(timestamp: int) -> None:
    """How long an account is usually silent, so that a longer silence can be noticed."""
    health.learn_rhythms()


@app.task(queue="tidy", queueing_lock="forget_unused_files")
def forget_unused_files(timestamp: int) -> None:
    """Files that no message, draft or post uses any more leave the disk."""
    files.forget_unused()


def _again(
    job: object,
    lock: str,
    attempt: int,
    *,
    most: int = MOST_TRIES,
    after: float | None = None,
    **arguments: Any,
) -> bool:
    """Try a failed job once more after a growing wait, or after the seconds the network asks for; False
    when it was tried as often as `most`.

    A new job, not a retry of the old one: that would clash with one that waits under the same lock.
    """
    if attempt >= most:
        return False
    defer_once(job, lock, max(_wait(attempt), math.ceil(after or 0)), attempt=attempt + 1, **arguments)
    return True


def _wait(attempt: int) -> int:
    """Seconds from one try to the next."""
    return min(int(4 ** min(attempt, MOST_TRIES + 1)), _LONGEST_WAIT)


def _defer_at(job: object, moment: datetime | None, lock: str, **arguments: Any) -> None:
    """Come back at a moment, unless somebody already will."""
    if moment is not None:
        wait = max(1, int((moment - clock.now()).total_seconds() + 0.999))
        defer_once(job, f"{lock}:later", wait, **arguments)

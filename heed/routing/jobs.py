"""What the worker does for routing as time passes. Every job may run twice without harm."""

from __future__ import annotations

from django.db import transaction
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from heed.lib.http import AddressRefused, AnswerLost, TooLarge, Unreachable
from heed.routing import assignment, by_time, giving_out, rules, webhooks
from heed.routing.models import RuleRun

MOST_CALLS = 5
"""How often another program is called before the run says that it did not answer."""

_AGAIN = RetryStrategy(max_attempts=MOST_CALLS, exponential_wait=4)


@app.task(queue="routing", queueing_lock="give_out_waiting")
def give_out_waiting(timestamp: int) -> None:
    """What shifts and the gone left behind goes back; what waited for somebody to come or to have room
    goes out."""
    assignment.take_back_from_the_gone()
    assignment.hand_back_after_shifts()
    giving_out.give_out()


@app.task(queue="routing", queueing_lock="run_rules_by_time")
def run_rules_by_time(timestamp: int) -> None:
    """Run the rules that look at time."""
    by_time.run_by_time()


@app.task(queue="tidy", queueing_lock="forget_rule_runs")
def forget_rule_runs(timestamp: int) -> None:
    """What rules did long ago is forgotten."""
    rules.forget_old_runs()


@app.task(queue="routing", retry=_AGAIN, pass_context=True)
def call_webhook(context: JobContext, run: int, index: int) -> None:
    """Call another program for a rule, and note in the run what came of it."""
    row = RuleRun.objects.select_related("rule", "event").filter(pk=run).first()
    if row is None or row.outcome[index]["ok"] is not None:
        return
    row.ticket = row.ticket.__class__.objects.select_related("account", "identity", "team", "assignee").get(
        pk=row.ticket_id
    )
    url = webhooks.address(row, index)
    if not url:
        note_call(run, index, ok=False, said=webhooks.CHANGED)
        return
    try:
        webhooks.call(row, index, url)
    except (webhooks.Unwelcome, Unreachable, AnswerLost, TooLarge) as error:
        lasting = isinstance(error, AddressRefused) or getattr(error, "lasting", False)
        if not lasting and context.job.attempts + 1 < MOST_CALLS:
            raise
        note_call(run, index, ok=False, said=webhooks.said_of(error))
        return
    note_call(run, index, ok=True)


@transaction.atomic
def note_call(run: int, index: int, *, ok: bool, said: str = "") -> None:
    row = RuleRun.objects.select_for_update().get(pk=run)
    row.outcome[index] |= {"ok": ok, "said": said[:300]}
    row.failed = row.failed or not ok
    row.save(update_fields=["outcome", "failed"])

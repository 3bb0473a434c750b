"""What comes again by itself: the one table of recurring work.

The clock of one worker keeps it (`heed.inbox.worker`). Where a turn takes longer than the time to the next,
the next may begin beside it, and no more than one waits: each of these jobs may run twice without harm.
"""

from __future__ import annotations

from typing import Any

from procrastinate.contrib.django import app

from heed.accounts import jobs as accounts
from heed.channels import jobs as channels
from heed.inbox import chores, jobs, reactions
from heed.routing import clockwork
from heed.routing import jobs as routing
from heed.widget import jobs as chat


def seconds(each: int, first: int) -> str:
    return f"* * * * * {first}-59/{each}"


def minutes(each: int, second: int) -> str:
    return f"*/{each} * * * * {second}"


# Not all in the same second: what is done at once needs a connection of the database each.
SCHEDULE: tuple[tuple[str, Any], ...] = (
    (seconds(2, 0), jobs.collect_all),
    (seconds(2, 1), jobs.write_words),
    (seconds(3, 0), jobs.apply_early_news),
    (seconds(3, 1), accounts.seal_audit),
    (seconds(10, 5), jobs.fold_tallies),
    (seconds(10, 8), jobs.mind_silence),
    (seconds(20, 2), jobs.sweep_outbox),
    (seconds(20, 7), chores.wake_sleepers),
    (seconds(20, 12), chores.remind_of_tickets),
    (seconds(20, 17), clockwork.say_what_is_due),
    (minutes(1, 14), reactions.retry_reactions),
    (minutes(1, 34), routing.give_out_waiting),
    (minutes(1, 54), routing.run_rules_by_time),
    (minutes(2, 24), chores.go_on_with_sweeps),
    (minutes(5, 4), jobs.fetch_left_behind),
    (minutes(5, 11), jobs.fill_gaps),
    (minutes(5, 41), channels.look_after_accounts),
    (minutes(5, 44), channels.call_ourselves),
    (minutes(10, 51), channels.warn_admins),
    (minutes(10, 59), chores.forget_presence),
    ("17 * * * *", chat.forget_uploads),
    ("20 * * * *", jobs.learn_rhythms),
    ("30 * * * *", jobs.forget_early_news),
    ("10 3 * * *", jobs.forget_unused_files),
    ("20 3 * * *", chores.forget_notices),
    ("40 3 * * *", routing.forget_rule_runs),
)

for when, job in SCHEDULE:
    app.periodic(cron=when)(job)

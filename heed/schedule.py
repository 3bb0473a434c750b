"""What comes again by itself: the one table of recurring work.

The clock of one worker keeps it (`heed.inbox.worker`). Where one turn takes longer than the time to the next,
the next waits: every one of these jobs has a queueing lock, and may run twice without harm.
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

SECONDS = "* * * * * */{}".format
MINUTES = "*/{} * * * *".format

SCHEDULE: tuple[tuple[str, Any], ...] = (
    (SECONDS(2), jobs.collect_all),
    (SECONDS(2), jobs.write_words),
    (SECONDS(3), jobs.apply_early_news),
    (SECONDS(3), accounts.seal_audit),
    (SECONDS(10), jobs.fold_tallies),
    (SECONDS(10), jobs.mind_silence),
    (SECONDS(20), jobs.sweep_outbox),
    (SECONDS(20), chores.wake_sleepers),
    (SECONDS(20), chores.remind_of_tickets),
    (SECONDS(20), clockwork.say_what_is_due),
    (MINUTES(1), reactions.retry_reactions),
    (MINUTES(1), routing.give_out_waiting),
    (MINUTES(1), routing.run_rules_by_time),
    (MINUTES(2), chores.go_on_with_sweeps),
    (MINUTES(5), jobs.fetch_left_behind),
    (MINUTES(5), jobs.fill_gaps),
    (MINUTES(5), channels.look_after_accounts),
    (MINUTES(5), channels.call_ourselves),
    (MINUTES(10), channels.warn_admins),
    (MINUTES(10), chores.forget_presence),
    ("17 * * * *", chat.forget_uploads),
    ("20 * * * *", jobs.learn_rhythms),
    ("30 * * * *", jobs.forget_early_news),
    ("10 3 * * *", jobs.forget_unused_files),
    ("20 3 * * *", chores.forget_notices),
    ("40 3 * * *", routing.forget_rule_runs),
)

for when, job in SCHEDULE:
    app.periodic(cron=when)(job)

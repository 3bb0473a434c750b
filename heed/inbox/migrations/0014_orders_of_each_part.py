"""The orders of lists within each account, team and person; counters of all tickets, also the solved ones."""

from django.conf import settings
from django.db import migrations, models

FORWARD = """
LOCK TABLE inbox_ticket IN SHARE ROW EXCLUSIVE MODE;
CREATE OR REPLACE FUNCTION inbox_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO inbox_tallychange (account_id, assignee_id, team_id, open, unanswered, tickets)
        SELECT account_id, assignee_id, team_id,
            sum((status <> 'solved' AND snoozed_until IS NULL)::int), sum(unanswered::int), count(*)
        FROM new_rows GROUP BY 1, 2, 3;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO inbox_tallychange (account_id, assignee_id, team_id, open, unanswered, tickets)
        SELECT o.account_id, o.assignee_id, o.team_id,
            -sum((status <> 'solved' AND snoozed_until IS NULL)::int), -sum(unanswered::int), -count(*)
        FROM old_rows o JOIN channels_account a ON a.id = o.account_id GROUP BY 1, 2, 3;
    ELSE
        INSERT INTO inbox_tallychange (account_id, assignee_id, team_id, open, unanswered, tickets)
        SELECT account_id, assignee_id, team_id, sum(open), sum(unanswered), sum(one) FROM (
            SELECT account_id, assignee_id, team_id, (status <> 'solved' AND snoozed_until IS NULL)::int AS open,
                unanswered::int AS unanswered, 1 AS one
            FROM new_rows
            UNION ALL
            SELECT account_id, assignee_id, team_id, -(status <> 'solved' AND snoozed_until IS NULL)::int,
                -unanswered::int, -1
            FROM old_rows
        ) AS moved GROUP BY 1, 2, 3
        HAVING sum(open) <> 0 OR sum(unanswered) <> 0 OR sum(one) <> 0;
    END IF;
    RETURN NULL;
END $$;
INSERT INTO inbox_tallychange (account_id, assignee_id, team_id, open, unanswered, tickets)
SELECT account_id, assignee_id, team_id, 0, 0, count(*) FROM inbox_ticket GROUP BY 1, 2, 3;
"""

BACKWARD = """
CREATE OR REPLACE FUNCTION inbox_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO inbox_tallychange (account_id, assignee_id, team_id, open, unanswered)
        SELECT account_id, assignee_id, team_id, sum((status <> 'solved' AND snoozed_until IS NULL)::int), sum(unanswered::int)
        FROM new_rows GROUP BY 1, 2, 3
        HAVING sum((status <> 'solved' AND snoozed_until IS NULL)::int) <> 0 OR sum(unanswered::int) <> 0;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO inbox_tallychange (account_id, assignee_id, team_id, open, unanswered)
        SELECT o.account_id, o.assignee_id, o.team_id,
            -sum((status <> 'solved' AND snoozed_until IS NULL)::int), -sum(unanswered::int)
        FROM old_rows o JOIN channels_account a ON a.id = o.account_id GROUP BY 1, 2, 3
        HAVING sum((status <> 'solved' AND snoozed_until IS NULL)::int) <> 0 OR sum(unanswered::int) <> 0;
    ELSE
        INSERT INTO inbox_tallychange (account_id, assignee_id, team_id, open, unanswered)
        SELECT account_id, assignee_id, team_id, sum(open), sum(unanswered) FROM (
            SELECT account_id, assignee_id, team_id, (status <> 'solved' AND snoozed_until IS NULL)::int AS open,
                unanswered::int AS unanswered
            FROM new_rows
            UNION ALL
            SELECT account_id, assignee_id, team_id, -(status <> 'solved' AND snoozed_until IS NULL)::int,
                -unanswered::int
            FROM old_rows
        ) AS moved GROUP BY 1, 2, 3
        HAVING sum(open) <> 0 OR sum(unanswered) <> 0;
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_own_shortcuts'),
        ('channels', '0005_brands'),
        ('inbox', '0013_the_silence_of_the_door'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='ticket',
            name='ticket_by_account',
        ),
        migrations.RemoveIndex(
            model_name='ticket',
            name='ticket_open_priority',
        ),
        migrations.RenameIndex(
            model_name='ticket',
            new_name='ticket_unanswered_of_account',
            old_name='ticket_unanswered_of',
        ),
        migrations.RenameIndex(
            model_name='ticket',
            new_name='ticket_open_of_team',
            old_name='ticket_team',
        ),
        migrations.RenameIndex(
            model_name='ticket',
            new_name='ticket_open_of_assignee',
            old_name='ticket_mine',
        ),
        migrations.AddField(
            model_name='tallychange',
            name='tickets',
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('last_at'), models.F('id'), condition=models.Q(('unanswered', True), ('waiting_since', None)), name='ticket_waiting_long'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('priority'), models.F('last_at'), models.F('id'), condition=models.Q(models.Q(models.Q(('status', 'solved'), _negated=True), ('unanswered', True), _connector='OR'), models.Q(('priority', 2), _negated=True)), name='ticket_work_priority'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('account'), models.F('last_at'), models.F('id'), condition=models.Q(models.Q(('status', 'solved'), _negated=True), ('snoozed_until', None)), name='ticket_open_of_account'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('account'), models.F('last_at'), models.F('id'), condition=models.Q(('spam', True)), name='ticket_spam_of_account'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('account'), models.F('due_at'), models.F('id'), condition=models.Q(('due_at__isnull', False)), name='ticket_due_of_account'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('account'), models.F('snoozed_until'), models.F('id'), condition=models.Q(('snoozed_until__isnull', False)), name='ticket_snoozed_of_account'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('account'), models.F('waiting_since'), models.F('id'), condition=models.Q(('waiting_since__isnull', False)), name='ticket_waiting_of_account'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('account'), models.F('window_closes_at'), models.F('id'), condition=models.Q(('unanswered', True), ('window_closes_at__isnull', False)), name='ticket_closing_of_account'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('account'), models.F('priority'), models.F('last_at'), models.F('id'), condition=models.Q(('priority', 2), _negated=True), name='ticket_prio_of_account'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('account'), models.F('priority'), models.F('last_at'), models.F('id'), condition=models.Q(models.Q(models.Q(('status', 'solved'), _negated=True), ('unanswered', True), _connector='OR'), models.Q(('priority', 2), _negated=True)), name='ticket_work_prio_of_account'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team'), models.F('last_at'), models.F('id'), condition=models.Q(('unanswered', True), ('team__isnull', False)), name='ticket_unanswered_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team'), models.F('last_at'), models.F('id'), condition=models.Q(('spam', True), ('team__isnull', False)), name='ticket_spam_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team'), models.F('due_at'), models.F('id'), condition=models.Q(('due_at__isnull', False), ('team__isnull', False)), name='ticket_due_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team'), models.F('snoozed_until'), models.F('id'), condition=models.Q(('snoozed_until__isnull', False), ('team__isnull', False)), name='ticket_snoozed_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team'), models.F('waiting_since'), models.F('id'), condition=models.Q(('waiting_since__isnull', False), ('team__isnull', False)), name='ticket_waiting_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team'), models.F('window_closes_at'), models.F('id'), condition=models.Q(('unanswered', True), ('window_closes_at__isnull', False), ('team__isnull', False)), name='ticket_closing_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team'), models.F('priority'), models.F('last_at'), models.F('id'), condition=models.Q(models.Q(('priority', 2), _negated=True), ('team__isnull', False)), name='ticket_prio_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team'), models.F('priority'), models.F('last_at'), models.F('id'), condition=models.Q(models.Q(models.Q(('status', 'solved'), _negated=True), ('unanswered', True), _connector='OR'), models.Q(('priority', 2), _negated=True), ('team__isnull', False)), name='ticket_work_prio_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee'), models.F('last_at'), models.F('id'), condition=models.Q(('unanswered', True), ('assignee__isnull', False)), name='ticket_unanswered_of_assignee'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee'), models.F('last_at'), models.F('id'), condition=models.Q(('spam', True), ('assignee__isnull', False)), name='ticket_spam_of_assignee'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee'), models.F('due_at'), models.F('id'), condition=models.Q(('due_at__isnull', False), ('assignee__isnull', False)), name='ticket_due_of_assignee'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee'), models.F('snoozed_until'), models.F('id'), condition=models.Q(('snoozed_until__isnull', False), ('assignee__isnull', False)), name='ticket_snoozed_of_assignee'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee'), models.F('waiting_since'), models.F('id'), condition=models.Q(('waiting_since__isnull', False), ('assignee__isnull', False)), name='ticket_waiting_of_assignee'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee'), models.F('window_closes_at'), models.F('id'), condition=models.Q(('unanswered', True), ('window_closes_at__isnull', False), ('assignee__isnull', False)), name='ticket_closing_of_assignee'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee'), models.F('priority'), models.F('last_at'), models.F('id'), condition=models.Q(models.Q(('priority', 2), _negated=True), ('assignee__isnull', False)), name='ticket_prio_of_assignee'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee'), models.F('priority'), models.F('last_at'), models.F('id'), condition=models.Q(models.Q(models.Q(('status', 'solved'), _negated=True), ('unanswered', True), _connector='OR'), models.Q(('priority', 2), _negated=True), ('assignee__isnull', False)), name='ticket_work_prio_of_assignee'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('account'), models.F('last_at'), models.F('id'), condition=models.Q(models.Q(('status', 'solved'), _negated=True), ('snoozed_until', None), ('assignee', None)), name='ticket_free_of_account'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team'), models.F('last_at'), models.F('id'), condition=models.Q(models.Q(('status', 'solved'), _negated=True), ('snoozed_until', None), ('assignee', None), ('team__isnull', False)), name='ticket_free_of_team'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.OrderBy(models.F('priority'), descending=True), models.F('due_at'), models.F('waiting_since'), models.F('id'), condition=models.Q(models.Q(('status', 'solved'), _negated=True), ('snoozed_until', None), ('assignee', None), ('unanswered', True)), name='ticket_next'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('id'), condition=models.Q(('status', 'solved'), _negated=True), name='ticket_unsolved'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('account'), models.F('team'), models.F('last_at'), models.F('id'), condition=models.Q(models.Q(('status', 'solved'), _negated=True), ('snoozed_until', None), ('team__isnull', False)), name='ticket_open_of_both'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]

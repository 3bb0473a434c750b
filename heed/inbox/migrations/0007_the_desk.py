"""What a team needs of a ticket. The counters count by team, too, and leave out what sleeps."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import heed.lib.clock
from django.conf import settings
from django.db import migrations, models


FORWARD = """
CREATE OR REPLACE FUNCTION inbox_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO inbox_tallychange (account_id, assignee_id, team_id, open, unanswered)
        SELECT account_id, assignee_id, team_id, sum((status <> 'solved' AND snoozed_until IS NULL)::int), sum(unanswered::int)
        FROM new_rows GROUP BY 1, 2, 3
        HAVING sum((status <> 'solved' AND snoozed_until IS NULL)::int) <> 0 OR sum(unanswered::int) <> 0;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO inbox_tallychange (account_id, assignee_id, team_id, open, unanswered)
        SELECT o.account_id, o.assignee_id, o.team_id, -sum((status <> 'solved' AND snoozed_until IS NULL)::int), -sum(unanswered::int)
        FROM old_rows o JOIN channels_account a ON a.id = o.account_id GROUP BY 1, 2, 3
        HAVING sum((status <> 'solved' AND snoozed_until IS NULL)::int) <> 0 OR sum(unanswered::int) <> 0;
    ELSE
        INSERT INTO inbox_tallychange (account_id, assignee_id, team_id, open, unanswered)
        SELECT account_id, assignee_id, team_id, sum(open), sum(unanswered) FROM (
            SELECT account_id, assignee_id, team_id, (status <> 'solved' AND snoozed_until IS NULL)::int AS open, unanswered::int AS unanswered
            FROM new_rows
            UNION ALL
            SELECT account_id, assignee_id, team_id, -(status <> 'solved' AND snoozed_until IS NULL)::int, -unanswered::int FROM old_rows
        ) AS moved GROUP BY 1, 2, 3
        HAVING sum(open) <> 0 OR sum(unanswered) <> 0;
    END IF;
    RETURN NULL;
END $$;
"""

BACKWARD = """
CREATE OR REPLACE FUNCTION inbox_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO inbox_tallychange (account_id, assignee_id, open, unanswered)
        SELECT account_id, assignee_id, sum((status <> 'solved')::int), sum(unanswered::int)
        FROM new_rows GROUP BY 1, 2
        HAVING sum((status <> 'solved')::int) <> 0 OR sum(unanswered::int) <> 0;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO inbox_tallychange (account_id, assignee_id, open, unanswered)
        SELECT o.account_id, o.assignee_id, -sum((status <> 'solved')::int), -sum(unanswered::int)
        FROM old_rows o JOIN channels_account a ON a.id = o.account_id GROUP BY 1, 2
        HAVING sum((status <> 'solved')::int) <> 0 OR sum(unanswered::int) <> 0;
    ELSE
        INSERT INTO inbox_tallychange (account_id, assignee_id, open, unanswered)
        SELECT account_id, assignee_id, sum(open), sum(unanswered) FROM (
            SELECT account_id, assignee_id, (status <> 'solved')::int AS open, unanswered::int AS unanswered
            FROM new_rows
            UNION ALL
            SELECT account_id, assignee_id, -(status <> 'solved')::int, -unanswered::int FROM old_rows
        ) AS moved GROUP BY 1, 2
        HAVING sum(open) <> 0 OR sum(unanswered) <> 0;
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_rights_brands_teams'),
        ('channels', '0005_brands'),
        ('inbox', '0006_gaps_and_heartbeat'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Field',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.SlugField(max_length=40, unique=True)),
                ('title', models.CharField(max_length=80)),
                ('kind', models.CharField(choices=[('text', 'Text'), ('number', 'Number'), ('choice', 'Choice'), ('yes_no', 'Yes No'), ('date', 'Date')], default='text', max_length=8)),
                ('choices', models.JSONField(blank=True, default=list)),
                ('required_on_solve', models.BooleanField(default=False)),
                ('position', models.IntegerField(default=0)),
                ('archived', models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('mentioned', 'Mentioned'), ('assigned', 'Assigned'), ('follow_up', 'Follow Up'), ('due', 'Due'), ('rule', 'Rule')], max_length=10)),
                ('text', models.CharField(blank=True, max_length=200)),
                ('at', models.DateTimeField(default=heed.lib.clock.now)),
                ('seen_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('condition', models.TextField()),
                ('order', models.CharField(default='newest', max_length=10)),
                ('shared', models.BooleanField(default=False)),
                ('position', models.IntegerField(default=0)),
                ('created_at', models.DateTimeField(default=heed.lib.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('created_at', models.DateTimeField(default=heed.lib.clock.now)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='ticket',
            name='ticket_open',
        ),
        migrations.RemoveIndex(
            model_name='ticket',
            name='ticket_unassigned',
        ),
        migrations.RemoveIndex(
            model_name='ticket',
            name='ticket_mine',
        ),
        migrations.AddField(
            model_name='customer',
            name='group',
            field=models.CharField(blank=True, db_default='', default='', max_length=60),
        ),
        migrations.AddField(
            model_name='customer',
            name='joined_into',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='joined', to='inbox.customer'),
        ),
        migrations.AddField(
            model_name='identity',
            name='blocked',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='message',
            name='language',
            field=models.CharField(blank=True, db_default='', default='', max_length=8),
        ),
        migrations.AddField(
            model_name='message',
            name='origin',
            field=models.CharField(blank=True, db_default='', default='', max_length=10),
        ),
        migrations.AddField(
            model_name='tallychange',
            name='team',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, to='accounts.team'),
        ),
        migrations.AddField(
            model_name='ticket',
            name='due_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='ticket',
            name='due_for',
            field=models.CharField(blank=True, db_default='', default='', max_length=12),
        ),
        migrations.AddField(
            model_name='ticket',
            name='fields',
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name='ticket',
            name='follow_up_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='ticket',
            name='language',
            field=models.CharField(blank=True, db_default='', default='', max_length=8),
        ),
        migrations.AddField(
            model_name='ticket',
            name='merged_into',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='merged', to='inbox.ticket'),
        ),
        migrations.AddField(
            model_name='ticket',
            name='priority',
            field=models.SmallIntegerField(choices=[(1, 'Low'), (2, 'Normal'), (3, 'High'), (4, 'Urgent')], db_default=2, default=2),
        ),
        migrations.AddField(
            model_name='ticket',
            name='snoozed_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='ticket',
            name='spam',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='ticket',
            name='split_from',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='split_off', to='inbox.ticket'),
        ),
        migrations.AddField(
            model_name='ticket',
            name='tags',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='ticket',
            name='team',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tickets', to='accounts.team'),
        ),
        migrations.AlterField(
            model_name='ticket',
            name='status',
            field=models.CharField(choices=[('new', 'New'), ('open', 'Open'), ('pending', 'Pending'), ('hold', 'Hold'), ('solved', 'Solved')], default='new', max_length=10),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('last_at'), models.F('id'), condition=models.Q(models.Q(('status', 'solved'), _negated=True), ('snoozed_until', None)), name='ticket_open'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('last_at'), models.F('id'), condition=models.Q(models.Q(('status', 'solved'), _negated=True), ('snoozed_until', None), ('assignee', None)), name='ticket_unassigned'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('assignee'), models.F('last_at'), models.F('id'), condition=models.Q(models.Q(('status', 'solved'), _negated=True), ('snoozed_until', None), ('assignee__isnull', False)), name='ticket_mine'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('team'), models.F('last_at'), models.F('id'), condition=models.Q(models.Q(('status', 'solved'), _negated=True), ('snoozed_until', None), ('team__isnull', False)), name='ticket_team'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('due_at'), models.F('id'), condition=models.Q(('due_at__isnull', False)), name='ticket_due'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('last_at'), models.F('id'), condition=models.Q(('spam', True)), name='ticket_spam'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('snoozed_until'), models.F('id'), condition=models.Q(('snoozed_until__isnull', False)), name='ticket_snoozed'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('follow_up_at'), condition=models.Q(('follow_up_at__isnull', False)), name='ticket_follow_up'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('tags', []), _negated=True), fields=['tags'], name='ticket_tags'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('merged_into'), condition=models.Q(('merged_into__isnull', False)), name='ticket_merged'),
        ),
        migrations.AddIndex(
            model_name='ticket',
            index=models.Index(models.F('split_from'), condition=models.Q(('split_from__isnull', False)), name='ticket_split'),
        ),
        migrations.AddField(
            model_name='notice',
            name='by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='notice',
            name='message',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='inbox.message'),
        ),
        migrations.AddField(
            model_name='notice',
            name='ticket',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='inbox.ticket'),
        ),
        migrations.AddField(
            model_name='notice',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='savedview',
            name='owner',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='views', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='savedview',
            name='team',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='accounts.team'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(fields=['user', '-id'], name='notice_of_user'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(models.F('user'), models.F('kind'), condition=models.Q(('seen_at', None)), name='notice_unseen'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.UniqueConstraint(models.F('user'), models.F('kind'), models.F('message'), condition=models.Q(('message__isnull', False)), name='one_notice_of_a_message'),
        ),
        migrations.AddConstraint(
            model_name='savedview',
            constraint=models.UniqueConstraint(models.F('owner'), models.F('name'), name='one_view_of_a_name'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]

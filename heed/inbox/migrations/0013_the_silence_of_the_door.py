from django.db import migrations, models

# Until now the worker said that Heed runs; the doors go on from when it last did.
HAND_OVER = "UPDATE inbox_heartbeat SET name = 'door' WHERE name = 'intake'"


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0012_who_is_here'),
    ]

    operations = [
        migrations.AddField(
            model_name='earlynews',
            name='looked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='heartbeat',
            name='silent_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='earlynews',
            index=models.Index(models.OrderBy(models.F('looked_at'), nulls_first=True), models.F('id'), condition=models.Q(('what', 'echo')), name='echo_to_look_at'),
        ),
        migrations.RunSQL(HAND_OVER, migrations.RunSQL.noop),
    ]

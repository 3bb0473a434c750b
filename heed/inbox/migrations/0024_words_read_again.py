"""The words of all tickets are read again, when nothing newer waits: those behind an emoji were not found, and
phrases not in the newest messages of a long talk."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0023_slow_networks'),
    ]

    operations = [
        migrations.RunSQL(
            """INSERT INTO inbox_wordstowrite (ticket_id, later)
            SELECT id, true FROM inbox_ticket ORDER BY last_at DESC, id DESC""",
            migrations.RunSQL.noop,
        ),
    ]

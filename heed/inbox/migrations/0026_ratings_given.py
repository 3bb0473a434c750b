"""What customers have tapped so far stands on their tickets, too."""

from django.db import migrations

RATINGS = """
UPDATE inbox_ticket SET rating = last.good FROM (
    SELECT DISTINCT ON (ticket_id) ticket_id, (data ->> 'good')::boolean AS good
    FROM inbox_event WHERE kind = 'rated' ORDER BY ticket_id, at DESC, id DESC
) AS last WHERE last.ticket_id = inbox_ticket.id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0025_rating_of_tickets"),
    ]

    operations = [migrations.RunSQL(RATINGS, migrations.RunSQL.noop)]

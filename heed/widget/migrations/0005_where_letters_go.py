"""Where each mail to a visitor went. Of those before, the address they have now is all that is known."""

from django.db import migrations, models

KNOWN = """
UPDATE widget_letter AS l SET "to" = v.email FROM widget_visitor AS v WHERE v.id = l.visitor_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("widget", "0004_letters"),
    ]

    operations = [
        migrations.AddField(
            model_name="letter",
            name="to",
            field=models.CharField(blank=True, db_default="", max_length=254),
        ),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
    ]

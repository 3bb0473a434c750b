"""Since when it is known which account of the network each one is."""

from django.db import migrations, models

KNOWN = """
UPDATE channels_account SET connected_at = COALESCE(checked_at, created_at)
WHERE external_id <> '' AND (
    state = 'connected' OR last_delivery_at IS NOT NULL OR last_sent_at IS NOT NULL OR expires_at IS NOT NULL
)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0003_signing_in_and_health"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="connected_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
    ]

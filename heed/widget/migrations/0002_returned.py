"""Which mails' links were used."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("widget", "0001_visitors_and_uploads"),
    ]

    operations = [
        migrations.AddField(
            model_name="visitor",
            name="returned",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
    ]

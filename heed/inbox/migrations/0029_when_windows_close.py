from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0028_customer_groups")]

    operations = [
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                models.F("window_closes_at"),
                condition=models.Q(("window_closes_at__isnull", False)),
                name="ticket_closes",
            ),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0027_drafts_stay_where_they_were_begun")]

    operations = [
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                models.F("group"), condition=models.Q(("group", ""), _negated=True), name="customer_group"
            ),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0021_good_or_bad'),
    ]

    operations = [
        migrations.AddField(
            model_name='draft',
            name='choices',
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
    ]

import django.contrib.postgres.indexes
import django.db.models.fields.json
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0019_events_of_work'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='message',
            name='message_parts',
        ),
        migrations.AddIndex(
            model_name='message',
            index=django.contrib.postgres.indexes.GinIndex(django.db.models.fields.json.KeyTransform('more', 'refs'), condition=models.Q(('direction', 'out'), ('refs__has_key', 'more')), name='message_part'),
        ),
    ]

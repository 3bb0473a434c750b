from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0018_work_on_a_ticket'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='event',
            index=models.Index(models.F('at'), condition=models.Q(('kind__in', ['opened_by', 'left_by', 'assigned'])), name='event_of_work'),
        ),
    ]

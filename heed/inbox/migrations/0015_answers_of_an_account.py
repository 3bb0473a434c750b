from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0014_orders_of_each_part'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.F('account'), models.F('created_at'), condition=models.Q(('direction', 'out')), name='message_out'),
        ),
    ]

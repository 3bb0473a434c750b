"""What was asked for from one client address, and which uploads no message has taken up."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('widget', '0002_returned'),
    ]

    operations = [
        migrations.CreateModel(
            name='Spending',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('caller', models.CharField(max_length=32)),
                ('what', models.CharField(max_length=5)),
                ('since', models.DateTimeField()),
                ('amount', models.BigIntegerField()),
            ],
        ),
        migrations.AddIndex(
            model_name='upload',
            index=models.Index(models.F('account'), condition=models.Q(('used', False)), name='upload_unclaimed'),
        ),
        migrations.AddIndex(
            model_name='spending',
            index=models.Index(models.F('since'), name='spending_age'),
        ),
        migrations.AddConstraint(
            model_name='spending',
            constraint=models.UniqueConstraint(models.F('caller'), models.F('what'), name='one_spending'),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0015_answers_of_an_account'),
    ]

    operations = [
        migrations.AlterField(
            model_name='notice',
            name='kind',
            field=models.CharField(choices=[('mentioned', 'Mentioned'), ('assigned', 'Assigned'), ('follow_up', 'Follow Up'), ('due', 'Due'), ('rule', 'Rule'), ('failed', 'Failed'), ('unknown', 'Unknown')], max_length=10),
        ),
    ]

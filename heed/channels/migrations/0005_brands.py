

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_rights_brands_teams'),
        ('channels', '0004_connected_at'),
    ]

    operations = [
        migrations.AddField(
            model_name='account',
            name='brand',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='accounts', to='accounts.brand'),
        ),
    ]

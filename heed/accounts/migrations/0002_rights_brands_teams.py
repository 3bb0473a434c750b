"""Roles become grants: what a person was for the whole desk, they are everywhere."""

import django.db.models.deletion
import heed.lib.clock
from django.conf import settings
from django.db import migrations, models


def grants_from_roles(apps, schema_editor):
    grant = apps.get_model('accounts', 'Grant')
    people = apps.get_model('accounts', 'User').objects.values_list('pk', 'role')
    grant.objects.bulk_create(grant(user_id=pk, role=role) for pk, role in people)


def roles_from_grants(apps, schema_editor):
    people = apps.get_model('accounts', 'User').objects
    for role in ('admin', 'owner'):
        people.filter(grants__role=role, grants__brand=None, grants__team=None, grants__account=None).update(role=role)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Brand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, unique=True)),
                ('created_at', models.DateTimeField(default=heed.lib.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='OwnRole',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('permissions', models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, unique=True)),
                ('created_at', models.DateTimeField(default=heed.lib.clock.now)),
                ('archived', models.BooleanField(default=False)),
                ('members', models.ManyToManyField(blank=True, related_name='teams', through='accounts.Membership', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name='membership',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='accounts.team'),
        ),
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(blank=True, max_length=20)),
                ('account', models.BigIntegerField(blank=True, null=True)),
                ('brand', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='accounts.brand')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to=settings.AUTH_USER_MODEL)),
                ('own', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='accounts.ownrole')),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='accounts.team')),
            ],
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(models.F('team'), models.F('user'), name='one_membership'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.UniqueConstraint(models.F('user'), models.F('role'), models.F('own'), models.F('brand'), models.F('team'), models.F('account'), name='one_grant', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(('own', None), ('role', ''), _connector='XOR'), name='one_role_a_grant'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('brand', None), ('team', None)), models.Q(('account', None), ('brand', None)), models.Q(('account', None), ('team', None)), _connector='OR'), name='one_place_a_grant'),
        ),
        migrations.RunPython(grants_from_roles, roles_from_grants),
        migrations.RemoveField(
            model_name='user',
            name='role',
        ),
    ]

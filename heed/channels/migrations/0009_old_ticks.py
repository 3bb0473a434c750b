"""What is yes or no was text before: what it meant then is kept as a tick, in old accounts too."""

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import migrations

from heed.lib.crypto import key_ring

_YES = {
    ("email", "plus"): lambda said: said not in ("", "no", "0", "false", "off"),
    ("facebook", "human_agent"): lambda said: said in ("yes", "true", "1"),
    ("instagram", "human_agent"): lambda said: said in ("yes", "true", "1"),
}


def tick(apps, schema_editor):
    held = apps.get_model("channels", "Account").objects.exclude(locked_credentials=b"")
    for (network, field), meant_yes in _YES.items():
        for account in held.filter(network=network):
            ring = key_ring(settings.HEED_DATA, settings.HEED_SECRET_KEYS)
            try:
                known = ring.open(account.locked_credentials)
            except InvalidToken:
                continue  # no key opens it any more: it must be connected again anyhow
            said = known.pop(field, None)
            if said is None or said == "yes":
                continue
            if meant_yes(said.strip().casefold()):
                known[field] = "yes"
            account.locked_credentials = ring.lock(known)
            account.save(update_fields=["locked_credentials"])


class Migration(migrations.Migration):

    dependencies = [
        ('channels', '0008_registrations'),
    ]

    operations = [
        migrations.RunPython(tick, migrations.RunPython.noop),
    ]

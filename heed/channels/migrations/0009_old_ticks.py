"""What is yes or no was text before: what it meant then is kept as a tick, in old accounts too."""

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import migrations

from heed.lib.crypto import key_ring

_YES = {
    "plus": lambda said: said not in ("", "no", "0", "false", "off"),
    "human_agent": lambda said: said in ("yes", "true", "1"),
}


def tick(apps, schema_editor):
    held = apps.get_model("channels", "Account").objects.exclude(locked_credentials=b"")
    for account in held:
        ring = key_ring(settings.HEED_DATA, settings.HEED_SECRET_KEYS)
        try:
            known = ring.open(account.locked_credentials)
        except InvalidToken:
            continue  # no key opens it any more: it must be connected again anyhow
        ticked = _ticked(known)
        if ticked != known:
            account.locked_credentials = ring.lock(ticked)
            account.save(update_fields=["locked_credentials"])


def _ticked(known):
    said = {name: text.strip().casefold() for name, text in known.items() if name in _YES}
    meant = {name: "yes" for name, text in said.items() if _YES[name](text)}
    return {name: text for name, text in known.items() if name not in said} | meant


class Migration(migrations.Migration):

    dependencies = [
        ('channels', '0008_registrations'),
    ]

    operations = [
        migrations.RunPython(tick, migrations.RunPython.noop),
    ]

"""Addresses of programs may carry a secret: what rules did keeps their hosts only, in old rows too."""

import re
from urllib.parse import urlsplit

from django.db import migrations

_AT_ONCE = 1000
_ADDRESS = re.compile(r"(https?://)(?:[^/\s@]*@)?([^/?#\s]+)\S*")


def trim(apps, schema_editor):
    runs = apps.get_model("routing", "RuleRun").objects.all()
    _trim(runs, "outcome", lambda outcome: [_trimmed(each) for each in outcome])
    told = apps.get_model("inbox", "Event").objects.filter(kind="rule_ran")
    _trim(told, "data", lambda data: {**data, "did": [_trimmed(each) for each in data.get("did", [])]})


def _trim(rows, field, trimmed):
    """Those rows in which an address may stand, some at a time."""
    last = 0
    suspects = rows.extra(where=[f"{field}::text LIKE %s"], params=["%/%"]).order_by("pk")
    while found := list(suspects.filter(pk__gt=last)[:_AT_ONCE]):
        for row in found:
            setattr(row, field, trimmed(getattr(row, field)))
        rows.model.objects.bulk_update(found, [field])
        last = found[-1].pk


def _trimmed(deed):
    kept = dict(deed)
    if "/" in str(kept.get("url", "")):
        kept["url"] = urlsplit(kept["url"]).netloc.rpartition("@")[2]
    if kept.get("do") == "webhook" and kept.get("said"):
        kept["said"] = _ADDRESS.sub(r"\1\2", kept["said"])
    return kept


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0013_the_silence_of_the_door'),
        ('routing', '0003_rules'),
    ]

    operations = [
        migrations.RunPython(trim, migrations.RunPython.noop),
    ]

"""What rules did before addresses were kept with their rules only is trimmed by the upgrade."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from heed.inbox.models import Event
from heed.routing.models import Rule, RuleRun
from heed.routing.tests.conftest import Open

pytestmark = pytest.mark.django_db

upgrade = import_module("heed.routing.migrations.0004_hosts_instead_of_addresses")
TAGGED = {"do": "add_tags", "tags": ["a/b"], "ok": True}
NOTED = {"do": "note", "text": "See https://acme.example/returns", "ok": True}
CALLED = {"do": "webhook", "url": "https://ana:s3cret@crm.example:8443/s3cret?key=s3cret", "ok": False}
TRIMMED = {"do": "webhook", "url": "crm.example:8443", "ok": False}
SAID = "POST https://crm.example:8443/…/s3cret"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([TAGGED, NOTED], [TAGGED, NOTED]),
        ([CALLED, NOTED], [TRIMMED, NOTED]),
        ([{**CALLED, "said": SAID}], [{**TRIMMED, "said": "POST https://crm.example:8443"}]),
        ([{**CALLED, "said": "answered 404"}], [{**TRIMMED, "said": "answered 404"}]),
        ([TRIMMED], [TRIMMED]),
    ],
)
def test_of_an_address_the_host_is_kept(opened: Open, before: Any, after: Any) -> None:
    rule, ticket = Rule.objects.create(name="Call"), opened()
    run = RuleRun.objects.create(rule=rule, ticket=ticket, outcome=before)
    facts = {"rule": rule.pk, "run": run.pk}
    told = Event.objects.create(kind="rule_ran", ticket=ticket, data={**facts, "did": before})
    upgrade.trim(apps, None)
    run.refresh_from_db()
    told.refresh_from_db()
    assert run.outcome == after
    assert told.data == {**facts, "did": after}


def test_every_row_has_its_turn(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrade, "_AT_ONCE", 2)
    rule, ticket = Rule.objects.create(name="Call"), opened()
    RuleRun.objects.bulk_create(RuleRun(rule=rule, ticket=ticket, outcome=[CALLED]) for _ in range(5))
    upgrade.trim(apps, None)
    assert list(RuleRun.objects.values_list("outcome", flat=True)) == [[TRIMMED]] * 5

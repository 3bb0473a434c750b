"""Accounts that were connected when what is yes or no was still text."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import pytest
from django.apps import apps

from heed.channels.email.calls import has_words
from heed.channels.email.tests.sample import ACCOUNT
from heed.channels.models import Account

upgrade = import_module("heed.channels.migrations.0009_old_ticks")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("network", "field", "said", "kept"),
    [
        ("email", "plus", "ticket", {"plus": "yes"}),
        ("email", "plus", " Off ", {}),
        ("email", "plus", "yes", {"plus": "yes"}),
        ("facebook", "human_agent", "TRUE", {"human_agent": "yes"}),
        ("instagram", "human_agent", "not yet", {}),
        ("x", "listen_for", "boots", {"listen_for": "boots"}),
    ],
)
def test_what_it_meant_is_kept_as_a_tick(network: str, field: str, said: str, kept: dict[str, str]) -> None:
    account = Account(network=network, name="Acme", base_url="https://acme.example")
    account.credentials = {"secret": "s", field: said}
    account.save()
    gone = Account.objects.create(network=network, name="Gone", base_url="https://acme.example")
    lost = Account.objects.create(
        network=network, name="Lost", base_url="https://a.example", locked_credentials=b"x"
    )
    upgrade.tick(apps, None)
    assert Account.objects.get(pk=account.pk).credentials == {"secret": "s", **kept}
    assert bytes(Account.objects.get(pk=gone.pk).locked_credentials) == b""
    assert bytes(Account.objects.get(pk=lost.pk).locked_credentials) == b"x"


@pytest.mark.parametrize(("said", "reads"), [("yes", True), ("ticket", False), ("", False)])
def test_mail_reads_a_tick_as_the_form_does(said: str, reads: bool) -> None:
    record = replace(ACCOUNT, credentials={**ACCOUNT.credentials, "plus": said})
    assert has_words(record) is reads

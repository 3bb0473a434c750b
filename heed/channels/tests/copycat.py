"""Run inside a copy of Heed that has one network more: says what each part makes of it, as JSON.

Everything is undone at the end. Started by `test_folder_is_all.py`.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

import django

TOKEN = "heed_copycat"


def tell(name: str) -> dict[str, Any]:
    """Connect an account of the network, let a customer write, answer; what was seen on the way."""
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    from heed.accounts.verbs import ensure_person, grant_token
    from heed.channels.models import Account
    from heed.inbox.intake import take_batch
    from heed.inbox.models import Delivery

    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    sample = import_module(f"heed.channels.{name}.tests.sample")
    owner = ensure_person("maja@acme.example", "Maja Zupan", None, "owner")
    grant_token(owner, "copycat", TOKEN)
    api = Client(headers={"authorization": f"Bearer {TOKEN}", "host": "localhost"})
    given = {
        "network": name,
        "name": "Acme",
        "external_id": "1",
        "credentials": dict(sample.ACCOUNT.credentials),
    }
    connected = api.post("/api/v1/accounts", given, content_type="application/json")
    account = Account.objects.get(pk=connected.json()["id"])
    hook, _ = sample.signed_samples()[0]
    admission = account.adapter.admit(hook, account.record())
    delivery = Delivery.objects.create(account=account, body=hook.body)
    take_batch()
    delivery.refresh_from_db()
    [ticket] = api.get(f"/api/v1/tickets?view=all&account={account.pk}").json()["items"]
    answer = {"text": "Pozdravljeni!", "visibility": ticket["kind"]}
    messages = f"/api/v1/tickets/{ticket['number']}/messages"
    sent = api.post(messages, answer, content_type="application/json")
    browser = Client(headers={"host": "localhost"})
    browser.force_login(owner)
    inbox = browser.get("/", follow=True)
    choice = browser.get(reverse("choose_network"), follow=True).content.decode()
    form = browser.get(reverse("connect", args=[name]), follow=True).content.decode()
    return {
        "networks": [each["name"] for each in api.get("/api/v1/networks").json()["items"]],
        "connected": connected.status_code,
        "hook_url": connected.json()["hook_url"],
        "choice": reverse("connect", args=[name]) in choice,
        "form": [field.name for field in account.adapter.fields if f'name="{field.name}"' in form],
        "admitted": [admission.status, admission.keep],
        "delivery": delivery.state,
        "ticket": [ticket["account"]["network"], ticket["customer"]["name"], ticket["unanswered"]],
        "answer": [sent.status_code, sent.json().get("state")],
        "inbox": [inbox.status_code, ticket["customer"]["name"] in inbox.content.decode()],
    }


if __name__ == "__main__":
    django.setup()
    from django.db import transaction

    with transaction.atomic():
        print(json.dumps(tell(sys.argv[1])))
        transaction.set_rollback(True)

"""A network that exists only in tests of accounts, and what stands in for its line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from heed.channels import sessions, verbs
from heed.channels.base import AccountRecord, Capabilities, Checked, CredentialField, Permission, Refusal
from heed.channels.models import Account
from heed.lib import clock
from heed.lib.http import Request, Response, Steps

GOOD = {"page_token": "token-1", "app_secret": "secret-1"}


class Pigeon:
    """A network that exists only here."""

    name = "pigeon"
    label = "Pigeon"
    base_url = "https://pigeon.example"
    fields: tuple[CredentialField, ...] = (
        CredentialField("page_token", "Page token"),
        CredentialField("app_secret", "App secret"),
        CredentialField("hint", "Hint", required=False),
        CredentialField("colour", "Colour", secret=False, required=False),
        CredentialField("homing", "Homing", secret=False, required=False, kind="yes_no"),
    )

    oauth: Any = None
    when_silent = ""
    when_down = None
    polls = False
    shared_secret = "app_secret"
    who = "pigeon-9"

    def able(self, facts: Any) -> Capabilities:
        return Capabilities()

    def opens(self, credentials: Mapping[str, str]) -> str:
        return ""

    def permissions(self, facts: Any) -> tuple[Permission, ...]:
        return ()

    def waits_for_calls(self, facts: Any) -> bool:
        return not self.polls

    def check(self, account: AccountRecord) -> Steps[Checked]:
        answer = yield Request("GET", f"{account.base_url}/me")
        if answer.status == 401:
            raise Refusal("sign_in_again", code="190", detail="token is dead")
        if answer.status == 503:
            raise Refusal("network_down", retry=True)
        return Checked(self.who, "Acme on Pigeon", "@acme")

    def renew(self, account: AccountRecord) -> Steps[dict[str, str]]:
        answer = yield Request("POST", f"{account.base_url}/renew")
        return {"access": answer.body.decode()}


class Wire:
    """Stands in for the HTTP client and remembers what was asked."""

    def __init__(self, *statuses: int | Exception, bodies: tuple[str, ...] = ()) -> None:
        self.statuses = list(statuses)
        self.bodies = list(bodies)
        self.asked: list[str] = []

    def send(self, request: Request) -> Response:
        self.asked.append(f"{request.method} {request.url}")
        status = self.statuses.pop(0) if self.statuses else 200
        if isinstance(status, Exception):
            raise status
        return Response(status, {}, (self.bodies.pop(0) if self.bodies else "{}").encode())


def put_on_wire(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> Wire:
    monkeypatch.setattr(sessions, "client", lambda: wire)
    return wire


def acme(**changes: Any) -> Account:
    facts = {"network": "pigeon", "name": "Acme", "external_id": "9", "credentials": GOOD} | changes
    return verbs.connect(**facts)


def jobs_waiting() -> list[tuple[str, dict[str, Any]]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, args::text FROM procrastinate_jobs ORDER BY id")
        return list(cursor.fetchall())


def changed(account: Account, **facts: Any) -> Account:
    Account.objects.filter(pk=account.pk).update(**facts)
    account.refresh_from_db()
    return account


def ago(**span: float) -> Any:
    return clock.now() - timedelta(**span)

"""The page of one account: its permissions, webhook, quotas, gaps and failures."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from heed.accounts.models import User
from heed.channels.base import Guide, Permission
from heed.channels.models import Account
from heed.channels.reasons import REASONS
from heed.channels.registry import networks
from heed.inbox import gaps
from heed.inbox.models import Gap
from heed.lib import clock
from heed.web.tests import cast
from heed.web.tests.accounts import facebook, shown


def guided(monkeypatch: pytest.MonkeyPatch, **facts: Any) -> None:
    """Facebook with a guide of two permissions, one of them needed."""
    permissions = (Permission("pages_read", "To read."), Permission("pages_like", "To like.", needed=False))
    monkeypatch.setattr(networks()["facebook"], "guide", Guide(("Make an app.",), permissions, **facts))


def check_list(page: str) -> list[str]:
    """The rows of “Does it work?”: how each is, and its words without markup."""
    rows = page.split('<ol class="checks">')[1].split("</ol>")[0].split("<li ")[1:]
    return [" ".join(re.sub(r"<[^>]+>", " ", f"<li {row}").split()) for row in rows]


class TestAccountPage:
    def test_permissions_by_name(self, majas: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        guided(monkeypatch)
        account = facebook(missing=["pages_read", "pages_like"], checked_at=clock.now())
        page = shown(majas, "account", account.pk)
        assert '<li class="bad"><b><code dir="ltr">pages_read</code></b> not granted: To read.' in page
        assert '<li class="warn"><b><code dir="ltr">pages_like</code></b> not granted: To like.' in page
        assert "The network has not granted these permissions: pages_read, pages_like" in page
        Account.objects.update(missing=[])
        assert "pages_read granted" in check_list(shown(majas, "account", account.pk))

    def test_from_which_address_visitors_of_a_chat_are_mailed(self, majas: Client, settings: Any) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = ""
        chat = Account(network="site", name="Acme shop", external_id="acme-shop", state="connected")
        chat.credentials = {"secret": "a-secret-for-the-acme-shop-2026"}
        chat.save()
        assert "Connect a mailbox of the same brand" in shown(majas, "account", chat.pk)
        box = Account(network="email", external_id="help@acme.example", state="connected")
        box.handle, box.credentials = box.external_id, {"address": box.external_id}
        box.save()
        told = "To visitors who have left, from <bdi>help@acme.example</bdi>"
        assert told in shown(majas, "account", chat.pk)
        assert told not in shown(majas, "account", box.pk)

    def test_before_the_check_nothing_is_claimed(
        self, majas: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        guided(monkeypatch)
        account = facebook(state="connecting")
        rows = check_list(shown(majas, "account", account.pk))
        assert rows[0] == "Sign-in Heed is asking the network…"
        assert not any("pages_read" in row for row in rows)

    def test_the_webhook_that_an_admin_pastes(self, majas: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        guided(monkeypatch, sets_webhook=False)
        account = facebook()
        assert any(
            "Paste the webhook address" in row for row in check_list(shown(majas, "account", account.pk))
        )
        Account.objects.update(last_delivery_at=clock.now())
        assert "Webhook It delivers." in check_list(shown(majas, "account", account.pk))

    def test_the_test_message(self, majas: Client) -> None:
        account = facebook()
        assert "Write to this account" in check_list(shown(majas, "account", account.pk))[-1]
        ticket = cast.ticket(account, "Lea Marn", "Hello?")
        assert check_list(shown(majas, "account", account.pk))[-1] == f"Test message It arrived: #{ticket.pk}"

    def test_quotas(self, majas: Client) -> None:
        anew = clock.now() + timedelta(hours=3)
        quotas = [
            {"what": "posts a day", "left": 4, "of": 250, "resets_at": anew.isoformat()},
            {"what": "calls", "left": 7, "of": None, "resets_at": None},
            {"what": "requests to Meta", "left": 8, "of": 100, "resets_at": None, "percent": True},
        ]
        account = facebook(quotas=quotas)
        page = shown(majas, "account", account.pk)
        assert '<span class="num">4</span> of <span class="num">250</span> left' in page
        assert f'datetime="{anew.isoformat()}"' in page
        assert '<dt>Calls</dt><dd><span class="num">7</span> left' in page
        assert "Little is left of what the network allows: 4 of 250 posts a day." in page
        assert '<dt>Requests to Meta</dt><dd><span class="num">8%</span> left' in page
        account.quotas = quotas[2:]
        account.save()
        page = shown(majas, "account", account.pk)
        assert "Little is left of what the network allows: 8% of requests to Meta." in page

    def test_gaps_with_from_and_until(self, majas: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        account = facebook()
        network = networks()["facebook"]
        monkeypatch.setattr(network, "lost_in_outage", "Reactions cannot be had back.", raising=False)
        since, until = clock.now() - timedelta(hours=5), clock.now() - timedelta(hours=3)
        gap = Gap.objects.create(account=account, since=since, until=until, state="filled", found=3)
        page = shown(majas, "account", account.pk)
        assert f'datetime="{since.isoformat()}"' in page
        assert f'datetime="{until.isoformat()}"' in page
        assert "read afterwards, 3 deliveries" in page
        assert "Reactions cannot be had back." in page
        Gap.objects.filter(pk=gap.pk).update(state="filling")
        assert "being read now" in shown(majas, "account", account.pk)
        Gap.objects.filter(pk=gap.pk).update(state="lost")
        for can, says in ((True, "could not be read from"), (False, "cannot be asked for what was missed")):
            monkeypatch.setattr(gaps, "can_fill", lambda network, can=can: can)
            assert says in shown(majas, "account", account.pk)

    def test_what_failed_in_the_past_week(self, majas: Client, maja: User) -> None:
        account = facebook()
        ticket = cast.ticket(account, "Lea Marn", "Hello?")
        for _ in range(2):
            cast.wrote(ticket, maja, "no", state="failed", reason="too_long", external_id="")
        page = shown(majas, "account", account.pk)
        assert f'<span class="num">2</span> {REASONS["too_long"].sentence}' in page

    def test_reconnecting_stands_open_only_when_needed(self, majas: Client) -> None:
        account = facebook()
        opened = '<details class="card" id="reconnect" open>'
        assert opened not in shown(majas, "account", account.pk)
        Account.objects.update(state="broken", problem="sign_in_again")
        assert opened in shown(majas, "account", account.pk)

    def test_an_account_signed_out_still_shows_its_health(self, majas: Client) -> None:
        account = facebook(state="broken", problem="sign_in_again", last_delivery_at=clock.now())
        page = shown(majas, "account", account.pk)
        assert check_list(page)[0] == "Sign-in The network does not accept this sign-in."
        assert "0 to read" in re.sub(r"<[^>]+>", "", page)

"""The accounts page: who sees it, what it shows, and the alarms on every page."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from heed.accounts.models import User
from heed.channels.models import Account
from heed.lib import clock
from heed.library.models import Guideline
from heed.web.tests import cast
from heed.web.tests.accounts import GOOD, facebook, shown


class TestWhoSees:
    @pytest.mark.parametrize("name", ["accounts", "choose_network", "deliveries", "people"])
    def test_agents_get_a_page_that_says_whom_to_ask(self, page: Client, name: str) -> None:
        response = page.get(reverse(name))
        assert response.status_code == 403
        assert "Ask an owner or an admin" in response.content.decode()

    def test_an_agent_cannot_change_an_account(self, page: Client) -> None:
        account = facebook()
        for name in ("reconnect", "change_account", "check_account", "disconnect", "remove_account"):
            assert page.post(reverse(name, args=[account.pk]), GOOD).status_code == 403
        account.refresh_from_db()
        assert account.credentials == GOOD

    def test_strangers_are_asked_to_sign_in(self, db: None) -> None:
        response = Client().get(reverse("accounts"))
        assert response.headers["Location"] == "/sign-in/?next=/accounts/"

    def test_the_side_bar_leads_an_owner_there_and_no_agent(self, majas: Client, page: Client) -> None:
        assert 'href="/accounts/"' in shown(majas, "preferences")
        assert 'href="/accounts/"' not in shown(page, "preferences")

    def test_settings_are_there_for_whoever_has_a_page_in_them(
        self, majas: Client, page: Client, ana: User
    ) -> None:
        assert 'href="/settings/"' in shown(majas, "preferences")
        assert 'href="/settings/"' in shown(page, "preferences")
        ana.grants.all().delete()
        assert 'href="/settings/"' not in shown(page, "preferences")

    def test_an_account_out_of_sight_is_not_named(self, page: Client, ana: User, majas: Client) -> None:
        seen = cast.account("facebook", "Acme on Facebook")
        other = cast.account("viber", "Acme Kids")
        Guideline.objects.create(account=other.pk, text="Be playful.")
        ana.grants.update(account=seen.pk)
        for url in ("/inbox/open/", reverse("palette"), reverse("guidelines")):
            assert "Acme Kids" in majas.get(url).content.decode(), url
            assert "Acme Kids" not in page.get(url).content.decode(), url
        assert "Acme on Facebook" in page.get("/inbox/open/").content.decode()
        assert page.get(reverse("account_view", args=[seen.pk])).status_code == 200
        assert page.get(reverse("account_view", args=[other.pk])).status_code == 404
        assert majas.get(reverse("account_view", args=[other.pk])).status_code == 200

    def test_a_lead_sees_neither_accounts_nor_people(self, page: Client, ana: User) -> None:
        ana.grants.update(role="lead")
        assert page.get(reverse("accounts")).status_code == 403
        assert page.get(reverse("people")).status_code == 403


class TestAccounts:
    def test_says_how_each_account_is(self, majas: Client) -> None:
        facebook(refused=3, last_delivery_at=clock.now())
        page = shown(majas, "accounts")
        assert "Acme on Facebook" in page
        assert "Connected" in page
        assert '<span class="num">3</span>' in page
        assert Account.objects.get().hook_url in page
        assert "hush" not in page

    def test_says_what_is_wrong_and_the_way_out(self, majas: Client) -> None:
        facebook(state="broken", problem="sign_in_again", problem_detail="190 <b>dead</b>")
        page = shown(majas, "accounts")
        assert "The network does not accept this sign-in." in page
        assert "Compare what was entered with what the network shows you and reconnect." in page
        assert "190 &lt;b&gt;dead&lt;/b&gt;" in page

    def test_says_what_the_network_remarked(self, majas: Client) -> None:
        account = facebook(told={"at": clock.now().isoformat(), "detail": "quality is <b>red</b>"})
        for page in (shown(majas, "account", account.pk), shown(majas, "accounts")):
            assert "The network has a remark about this account." in page
        assert "quality is &lt;b&gt;red&lt;/b&gt;" in shown(majas, "account", account.pk)

    def test_a_polled_network_has_no_webhook_address(self, majas: Client) -> None:
        account = cast.account("bluesky", "@acme.shoes")
        page = shown(majas, "accounts")
        assert account.hook_token not in page
        assert "asks this network every few seconds" in page

    def test_without_accounts_it_says_how_to_begin(self, majas: Client) -> None:
        assert "No account is connected yet" in shown(majas, "accounts")


class TestRemoving:
    def test_what_never_worked_can_be_removed_and_is_asked_before(self, majas: Client) -> None:
        account = facebook(name="Tpyo")
        asked = reverse("remove_account", args=[account.pk])
        assert f'href="{asked}"' in shown(majas, "account", account.pk)
        assert "Remove <bdi>Tpyo</bdi>?" in shown(majas, "remove_account", account.pk)
        assert Account.objects.filter(pk=account.pk).exists()
        done = majas.post(asked, follow=True)
        assert "Tpyo is removed." in done.content.decode()
        assert not Account.objects.exists()

    def test_what_has_tickets_is_not(self, majas: Client) -> None:
        account = facebook()
        cast.ticket(account, "Lea Marn", "The sole came off.")
        asked = reverse("remove_account", args=[account.pk])
        assert asked not in shown(majas, "account", account.pk)
        refused = majas.post(asked, follow=True)
        assert "Disconnect the account instead." in refused.content.decode()
        assert Account.objects.exists()

    def test_disconnecting_is_asked_before(self, majas: Client) -> None:
        account = facebook()
        address = reverse("disconnect", args=[account.pk])
        page = shown(majas, "account", account.pk)
        assert f'href="{address}"' in page
        assert f'action="{address}"' not in page
        asked = shown(majas, "disconnect", account.pk)
        assert "Disconnect <bdi>Acme on Facebook</bdi>?" in asked
        assert "Tickets and messages stay." in asked
        assert "Acme on Facebook is disconnected" not in shown(majas, "accounts")
        assert Account.objects.get().credentials == GOOD


class TestAlarms:
    def test_admins_see_the_gravest_of_each_account(self, majas: Client) -> None:
        facebook(name="Quiet", missing=["pages_read"])
        facebook(name="Loud", state="broken", problem="sign_in_again", missing=["a"], external_id="2")
        page = shown(majas, "preferences")
        alarms = page.split('id="alarms">')[1].split("</div>")[0]
        assert alarms.index("Loud") < alarms.index("Quiet")
        assert alarms.count('class="alarm ') == 2
        assert "The network does not accept this sign-in." in alarms

    def test_agents_see_none(self, page: Client) -> None:
        facebook(state="broken", problem="sign_in_again")
        assert 'class="alarm ' not in shown(page, "preferences")

    def test_what_was_disconnected_on_purpose_is_no_alarm(self, majas: Client) -> None:
        account = facebook()
        majas.post(reverse("disconnect", args=[account.pk]))
        assert 'class="alarm ' not in shown(majas, "preferences")

    def test_what_concerns_all_accounts_is_said_once(self, majas: Client) -> None:
        facts = {"door_problem": "timeout", "door_detail": "GET shop.example", "door_since": clock.now()}
        facebook(name="One", **facts)
        two = facebook(name="Two", external_id="2", missing=["a"], **facts)
        words = "Networks cannot reach Heed: its public address does not answer in time."
        page = shown(majas, "account", two.pk)
        alarms, _, rest = page.split('id="alarms">')[1].partition("</div>")
        assert alarms.count('class="alarm ') == 1
        assert words in alarms
        assert words in rest
        assert "GET shop.example" in rest

    def test_three_are_enough(self, majas: Client) -> None:
        for number in range(5):
            facebook(name=f"Acme {number}", problem="sign_in_again", external_id=str(number))
        page = shown(majas, "preferences").split('id="alarms">')[1].split("</div>")[0]
        assert page.count('class="alarm ') == 3
        assert re.findall(r">and (\d) more<", page) == ["2", "4"]

    def test_three_are_said_to_be_all(self, majas: Client) -> None:
        for number in range(3):
            facebook(name=f"Acme {number}", problem="sign_in_again", external_id=str(number))
        page = shown(majas, "preferences").split('id="alarms">')[1].split("</div>")[0]
        assert re.findall(r'class="([^"]+)"[^>]*>and (\d) more<', page) == [("more-alarms alone", "2")]


class TestWhatDoesNotWork:
    """An account that is signed in and cannot read or answer calls for somebody, wherever it shows."""

    def test_a_needed_permission(self, majas: Client) -> None:
        account = facebook(missing=["pages_messaging"], checked_at=clock.now())
        overview = shown(majas, "accounts")
        assert '<span class="chip bad push">Needs attention</span>' in overview
        assert "The network has not granted this permission: pages_messaging" in overview.split("<article")[1]
        assert '<a class="alarm bad"' in overview
        page = shown(majas, "account", account.pk)
        assert '<span class="chip bad push">Needs attention</span>' in page
        assert '<li class="good"><b>Sign-in</b> The network accepts it.' in page

    def test_one_that_is_only_good_to_have(self, majas: Client) -> None:
        facebook(missing=["Human Agent"], checked_at=clock.now())
        overview = shown(majas, "accounts")
        assert '<span class="chip good push">Connected</span>' in overview
        assert "The network has not granted this permission: Human Agent" in overview.split("<article")[1]
        assert '<a class="alarm warn"' in overview

"""The accounts page and the people page: who sees them, what they show, what can be done there."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from heed.accounts.models import User
from heed.channels.models import Account
from heed.channels.registry import networks
from heed.lib import clock
from heed.web.tests import cast

GOOD = {"app_secret": "hush-secret", "page_token": "hush-token", "verify_token": "hush-verify"}


@pytest.fixture
def majas(maja: User) -> Client:
    client = Client()
    client.force_login(maja)
    return client


def facebook(**facts: Any) -> Account:
    account = cast.account(**facts)
    account.credentials = GOOD
    account.save()
    return account


def shown(client: Client, name: str, *args: object) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200, name
    return response.content.decode()


class TestWhoSees:
    @pytest.mark.parametrize("name", ["accounts", "choose_network", "deliveries", "people"])
    def test_agents_get_a_page_that_says_whom_to_ask(self, page: Client, name: str) -> None:
        response = page.get(reverse(name))
        assert response.status_code == 403
        assert "Ask an owner or an admin" in response.content.decode()

    def test_an_agent_cannot_change_an_account(self, page: Client) -> None:
        account = facebook()
        for name in ("reconnect", "change_account", "check_account", "disconnect"):
            assert page.post(reverse(name, args=[account.pk]), GOOD).status_code == 403
        account.refresh_from_db()
        assert account.credentials == GOOD

    def test_strangers_are_asked_to_sign_in(self, db: None) -> None:
        response = Client().get(reverse("accounts"))
        assert response.headers["Location"] == "/sign-in/?next=/accounts/"

    def test_the_side_bar_leads_an_owner_there_and_no_agent(self, majas: Client, page: Client) -> None:
        assert 'href="/people/"' in shown(majas, "accounts")
        assert 'href="/people/"' not in shown(page, "preferences")

    def test_an_admin_sees_accounts_and_no_people(self, page: Client, ana: User) -> None:
        User.objects.filter(pk=ana.pk).update(role="admin")
        assert 'href="/people/"' not in shown(page, "accounts")
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
        assert "The network no longer accepts our sign-in." in page
        assert "Reconnect the account with fresh credentials." in page
        assert "190 &lt;b&gt;dead&lt;/b&gt;" in page

    def test_a_polled_network_has_no_webhook_address(self, majas: Client) -> None:
        account = cast.account("bluesky", "@acme.shoes")
        page = shown(majas, "accounts")
        assert account.hook_token not in page
        assert "asks this network every few seconds" in page

    def test_without_accounts_it_says_how_to_begin(self, majas: Client) -> None:
        assert "No account is connected yet" in shown(majas, "accounts")


class TestConnect:
    def test_every_network_can_be_chosen_and_asks_for_its_fields(self, majas: Client) -> None:
        choice = shown(majas, "choose_network")
        for network in networks().values():
            assert reverse("connect", args=[network.name]) in choice
            form = shown(majas, "connect", network.name)
            for field in network.fields:
                assert f'name="{field.name}"' in form

    def test_connecting(self, majas: Client) -> None:
        given = GOOD | {"name": "Acme help", "external_id": "77", "after_solved": "new", "base_url": ""}
        response = majas.post(reverse("connect", args=["facebook"]), given)
        account = Account.objects.get()
        assert response.headers["Location"] == reverse("account", args=[account.pk])
        assert (account.name, account.after_solved, account.credentials) == ("Acme help", "new", GOOD)

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"app_secret": ""}, "This field is required."),
            ({"base_url": "ftp://acme.example"}, "must start with http://"),
            ({"base_url": "http://10.0.0.1"}, "HEED_ALLOW_PRIVATE_HOSTS"),
            ({"after_solved": "never"}, "never"),
        ],
    )
    def test_says_what_is_wrong_and_keeps_what_was_entered(
        self, majas: Client, change: dict[str, str], says: str
    ) -> None:
        given = GOOD | {"name": "Acme help", "after_solved": "reopen"} | change
        page = majas.post(reverse("connect", args=["facebook"]), given).content.decode()
        assert says in page
        assert "Acme help" in page
        assert "hush" not in page
        assert not Account.objects.exists()

    def test_the_same_account_twice(self, majas: Client) -> None:
        given = GOOD | {"external_id": "77", "after_solved": "reopen"}
        majas.post(reverse("connect", args=["facebook"]), given)
        page = majas.post(reverse("connect", args=["facebook"]), given).content.decode()
        assert "This account is already connected." in page
        assert Account.objects.count() == 1

    def test_a_network_that_is_not_there(self, majas: Client) -> None:
        assert majas.get(reverse("connect", args=["owl"])).status_code == 404
        assert majas.get(reverse("account", args=[404])).status_code == 404


class TestChange:
    def test_reconnecting_keeps_what_was_left_empty(self, majas: Client) -> None:
        account = facebook(state="broken", problem="sign_in_again")
        majas.post(reverse("reconnect", args=[account.pk]), {"page_token": "fresh"})
        account.refresh_from_db()
        assert account.credentials == GOOD | {"page_token": "fresh"}
        assert (account.state, account.problem) == ("connecting", "")

    def test_changing_name_and_choice(self, majas: Client) -> None:
        account = facebook()
        majas.post(reverse("change_account", args=[account.pk]), {"name": "Acme", "after_solved": "new"})
        account.refresh_from_db()
        assert (account.name, account.after_solved) == ("Acme", "new")
        page = majas.post(reverse("change_account", args=[account.pk]), {"name": "", "after_solved": "new"})
        assert "This field is required." in page.content.decode()

    def test_disconnecting_and_coming_back(self, majas: Client) -> None:
        account = facebook()
        majas.post(reverse("disconnect", args=[account.pk]))
        account.refresh_from_db()
        assert account.credentials == {}
        page = shown(majas, "account", account.pk)
        assert "Enter the credentials again." in page
        partly = majas.post(reverse("reconnect", args=[account.pk]), {"page_token": "fresh"})
        assert "This field is required." in partly.content.decode()
        majas.post(reverse("reconnect", args=[account.pk]), GOOD)
        account.refresh_from_db()
        assert account.credentials == GOOD

    def test_checking_again(self, majas: Client) -> None:
        account = facebook(state="broken", problem="network_down")
        majas.post(reverse("check_account", args=[account.pk]))
        account.refresh_from_db()
        assert account.state == "connecting"


class TestPeople:
    def test_an_owner_lets_someone_in(self, majas: Client) -> None:
        given = {
            "name": "Ana Kovač",
            "email": "ana@acme.example",
            "password": cast.PASSWORD,
            "role": "agent",
        }
        majas.post(reverse("people"), given)
        ana = User.objects.get(email="ana@acme.example")
        assert ana.check_password(cast.PASSWORD)
        assert "Ana Kovač" in shown(majas, "people")

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"password": "short"}, "too short"),
            ({"email": "ana"}, "e-mail address"),
            ({"email": "maja@acme.example"}, "already signs in"),
            ({"name": ""}, "required"),
        ],
    )
    def test_says_what_is_wrong(self, majas: Client, change: dict[str, str], says: str) -> None:
        given = {"name": "Ana", "email": "ana@acme.example", "password": cast.PASSWORD, "role": "agent"}
        page = majas.post(reverse("people"), given | change).content.decode()
        assert says in page
        assert User.objects.count() == 1

    def test_ending_access_ends_the_open_session(self, majas: Client, page: Client, ana: User) -> None:
        assert page.get(reverse("preferences")).status_code == 200
        majas.post(reverse("person_access", args=[ana.pk]))
        assert page.get(reverse("preferences")).status_code == 302
        assert "No access" in shown(majas, "people")
        majas.post(reverse("person_access", args=[ana.pk]), {"access": "yes"})
        assert page.get(reverse("preferences")).status_code == 200

    def test_nobody_ends_their_own_access(self, majas: Client, maja: User) -> None:
        page = majas.post(reverse("person_access", args=[maja.pk]), follow=True).content.decode()
        assert "You cannot end your own access." in page
        maja.refresh_from_db()
        assert maja.is_active

    def test_a_new_password_for_someone_who_forgot_theirs(
        self, majas: Client, page: Client, ana: User
    ) -> None:
        weak = majas.post(reverse("person_password", args=[ana.pk]), {"password": "short"})
        assert "too short" in weak.content.decode()
        majas.post(reverse("person_password", args=[ana.pk]), {"password": "nine green laces"})
        ana.refresh_from_db()
        assert ana.check_password("nine green laces")
        assert page.get(reverse("preferences")).status_code == 302
        assert majas.post(reverse("person_password", args=[404])).status_code == 404

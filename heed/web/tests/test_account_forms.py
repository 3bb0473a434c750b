"""What an account's forms keep apart, and what its page claims only when the network said so."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from heed.accounts.models import User
from heed.channels.models import Account, SignIn
from heed.channels.registry import networks
from heed.lib import clock
from heed.web.tests.accounts import GOOD, facebook, shown

MAILBOX = {
    "address": "help@acme.example",
    "password": "hush",
    "imap_host": "imap.acme.example",
    "smtp_host": "smtp.acme.example",
    "after_solved": "reopen",
}


def unchanged(page: str) -> list[str]:
    """The names of the fields that say they stay as they are."""
    fields = re.findall(r"<input [^>]*>", page)
    return [re.findall(r'name="(\w+)"', each)[0] for each in fields if 'placeholder="unchanged"' in each]


class TestConnecting:
    def test_the_senders_name_is_not_the_accounts(self, majas: Client) -> None:
        given = MAILBOX | {"name": "Acme", "account_name": "Help desk"}
        majas.post(reverse("connect", args=["email"]), given)
        account = Account.objects.get()
        assert (account.name, account.credentials["name"]) == ("Help desk", "Acme")

    def test_no_network_has_a_field_that_the_form_calls_its_own(self) -> None:
        own = {"account_name", "external_id", "after_solved", "base_url"}
        for network in networks().values():
            assert own.isdisjoint(field.name for field in network.fields), network.name


class TestReconnecting:
    def test_only_a_secret_that_is_held_is_said_to_stay(self, majas: Client) -> None:
        account = facebook(network="email")
        account.credentials = {**MAILBOX, "name": "Acme"}
        account.save()
        assert unchanged(shown(majas, "account", account.pk)) == ["password"]

    def test_with_a_problem_one_is_led_there(self, majas: Client) -> None:
        account = facebook()
        led = '<a class="btn" href="#credentials">'
        assert led not in shown(majas, "account", account.pk)
        Account.objects.update(state="broken", problem="sign_in_again")
        page = shown(majas, "account", account.pk)
        assert led in page
        assert 'id="credentials"' in page

    @pytest.mark.parametrize("name", ["reconnect", "change_account"])
    def test_who_asks_for_a_refused_form_again_gets_the_account(self, majas: Client, name: str) -> None:
        account = facebook()
        refused = majas.post(reverse(name, args=[account.pk]), {"name": "", "after_solved": "never"})
        assert refused.status_code in (200, 302)
        again = majas.get(reverse(name, args=[account.pk]))
        assert again.headers["Location"] == reverse("account", args=[account.pk])


class TestWays:
    """Where there are several ways to connect, one is chosen, and only what is entered for it counts."""

    BY_PASSWORD = {**MAILBOX, "way": "password"}
    BY_SIGN_IN = {**MAILBOX, "way": "sign_in", "client_id": "c-1", "imap_host": "imap.gmail.com"}

    def account(self, **held: str) -> Account:
        account = facebook(network="email")
        both = {name: MAILBOX[name] for name in ("address", "imap_host", "smtp_host")}
        account.credentials = both | held
        account.save()
        return account

    def chosen(self, page: str) -> list[str]:
        return re.findall(r'name="way" value="(\w+)" checked', page)

    def test_each_stands_under_its_name(self, majas: Client) -> None:
        page = shown(majas, "connect", "email")
        assert self.chosen(page) == ["password"]
        groups = re.findall(r'<fieldset class="way.*?</fieldset>', page, re.S)
        names = [re.findall(r'name="(\w+)"', group) for group in groups]
        assert names == [
            ["way", "password"],
            ["way", "client_id", "client_secret", "token_url", "refresh_token"],
        ]
        assert "required" not in groups[0] + groups[1]  # a browser would demand what it does not show
        assert 'name="way"' not in shown(majas, "connect", "facebook")

    def test_what_was_entered_for_the_other_does_not_count(self, majas: Client) -> None:
        given = {**self.BY_PASSWORD, "client_id": "c-1", "refresh_token": "lasting"}
        majas.post(reverse("connect", args=["email"]), given)
        assert {"client_id", "refresh_token"}.isdisjoint(Account.objects.get().credentials)

    @pytest.mark.parametrize(("way", "field"), [("password", "password"), ("sign_in", "client_id")])
    def test_what_a_way_needs_must_be_entered(self, majas: Client, way: str, field: str) -> None:
        given = {**self.BY_SIGN_IN, "way": way, field: "", "refresh_token": "lasting"}
        page = majas.post(reverse("connect", args=["email"]), given).content.decode()
        assert self.chosen(page) == [way]
        at_field = page.split(f'name="{field}"')[1].split("</div>")[0]
        assert "This field is required." in at_field
        assert not Account.objects.exists()

    @pytest.mark.parametrize("button", [{}, {"sign_in": "1"}])
    def test_who_chose_to_sign_in_is_led_there(self, majas: Client, button: dict[str, str]) -> None:
        """Also by the key Enter, which presses whichever button is the first."""
        response = majas.post(reverse("connect", args=["email"]), self.BY_SIGN_IN | button)
        assert "https://accounts.google.com/" in response.headers["Refresh"]
        assert "password" not in Account.objects.get().credentials

    def test_who_has_the_token_is_not(self, majas: Client) -> None:
        majas.post(reverse("connect", args=["email"]), {**self.BY_SIGN_IN, "refresh_token": "lasting"})
        assert Account.objects.get().credentials["refresh_token"] == "lasting"

    def test_nor_who_chose_a_password(self, majas: Client) -> None:
        majas.post(reverse("connect", args=["email"]), self.BY_PASSWORD | {"sign_in": "1"})
        assert Account.objects.get().credentials["password"] == "hush"

    def test_the_page_of_an_account_shows_the_one_it_takes(self, majas: Client) -> None:
        account = self.account(client_id="c-1", refresh_token="lasting")
        assert self.chosen(shown(majas, "account", account.pk)) == ["sign_in"]
        assert unchanged(shown(majas, "account", account.pk)) == ["refresh_token"]

    def test_who_changes_the_way_enters_what_the_other_needs(self, majas: Client) -> None:
        account = self.account(client_id="c-1", refresh_token="lasting")
        address = reverse("reconnect", args=[account.pk])
        page = majas.post(address, {**self.BY_PASSWORD, "password": ""}).content.decode()
        assert "This field is required." in page
        majas.post(address, self.BY_PASSWORD)
        account.refresh_from_db()
        assert account.credentials["password"] == "hush"
        assert {"client_id", "refresh_token"}.isdisjoint(account.credentials)


def test_no_two_fields_of_a_page_are_one_to_a_label(majas: Client) -> None:
    for network in networks():
        account = facebook(network=network, external_id=network)
        account.credentials = {field.name: "x" for field in account.adapter.fields}
        account.save()
        for page in (shown(majas, "account", account.pk), shown(majas, "connect", network)):
            ids = re.findall(r' id="([^"]+)"', page)
            assert sorted(ids) == sorted(set(ids)), network


class TestPermissions:
    @pytest.mark.parametrize("problem", ["sign_in_again", "network_down", "not_configured", "not_allowed"])
    def test_nothing_is_granted_where_the_network_says_nothing(self, majas: Client, problem: str) -> None:
        account = facebook(state="broken", problem=problem, checked_at=clock.now())
        assert "granted" not in shown(majas, "account", account.pk)

    def test_nor_while_it_is_asked_again(self, majas: Client) -> None:
        account = facebook(checked_at=clock.now())
        assert "granted" in shown(majas, "account", account.pk)
        Account.objects.update(state="connecting")
        assert "granted" not in shown(majas, "account", account.pk)

    def test_what_the_network_remarks_takes_nothing_back(self, majas: Client) -> None:
        account = facebook(state="broken", problem="account_blocked", checked_at=clock.now())
        assert "granted" in shown(majas, "account", account.pk)


class TestName:
    def test_a_name_that_nobody_touched_stays_what_it_is_by_now(self, majas: Client) -> None:
        account = facebook(name="Bluesky")
        assert 'name="initial-name" value="Bluesky"' in shown(majas, "account", account.pk)
        Account.objects.update(name="Acme Help")
        given = {"name": "Bluesky", "initial-name": "Bluesky", "after_solved": "new"}
        majas.post(reverse("change_account", args=[account.pk]), given)
        account.refresh_from_db()
        assert (account.name, account.after_solved) == ("Acme Help", "new")

    def test_a_new_one_is_taken(self, majas: Client) -> None:
        account = facebook(name="Bluesky")
        given = {"name": "Acme Help", "initial-name": "Bluesky", "after_solved": "new"}
        majas.post(reverse("change_account", args=[account.pk]), given)
        account.refresh_from_db()
        assert account.name == "Acme Help"


def test_what_was_disconnected_on_purpose_calls_for_nobody(majas: Client) -> None:
    account = facebook()
    assert account.credentials == GOOD
    majas.post(reverse("disconnect", args=[account.pk]))
    for page in (shown(majas, "accounts"), shown(majas, "account", account.pk)):
        assert '<span class="chip quiet push">Disconnected</span>' in page
        assert "Needs attention" not in page
    Account.objects.update(problem_detail="The credentials belong to another account, Else.")
    assert "Needs attention" in shown(majas, "accounts")


class TestAwaitingASignIn:
    def test_it_is_said_that_nobody_has_signed_in(self, majas: Client) -> None:
        account = facebook(state="connecting")
        account.credentials = {name: GOOD[name] for name in ("app_secret", "verify_token")}
        account.save()
        page = shown(majas, "account", account.pk)
        assert "Nobody has signed in at the network yet." in page
        assert '<a class="btn" href="#credentials">' in page
        account.credentials = GOOD
        account.save()
        assert "Heed is asking the network…" in shown(majas, "account", account.pk)

    def test_nor_where_the_way_to_the_network_was_begun(self, majas: Client, maja: User) -> None:
        account = facebook(state="connecting")
        SignIn.objects.create(account=account, user=maja)
        assert "Nobody has signed in at the network yet." in shown(majas, "account", account.pk)
        Account.objects.update(connected_at=clock.now())
        assert "Nobody has signed in" not in shown(majas, "account", account.pk)


class TestKinds:
    """What is one of several is chosen, a colour is picked, and a secret of ours is made up."""

    def test_each_has_its_own_input(self, majas: Client) -> None:
        page = shown(majas, "connect", "site")
        assert re.findall(r'name="position" value="(\w+)"[^>]*checked', page) == ["end"]
        assert re.findall(r'<input type="color" value="(#\w+)"', page) == ["#0a6b74"]
        assert "On the right, in Arabic on the left" in page
        assert "Leave it empty, and Heed makes one up and shows it to you." in page
        level = re.findall(r'name="access_level" value="(\w+)"( [^>]*checked)?', shown(majas, "connect", "x"))
        assert [(value, bool(chosen)) for value, chosen in level] == [
            ("self_serve", True),
            ("enterprise", False),
        ]

    def test_what_was_typed_before_there_was_a_choice_is_chosen(self, majas: Client) -> None:
        account = facebook(network="x")
        account.credentials = {"access_level": "Enterprise"}
        account.save()
        page = shown(majas, "account", account.pk)
        assert re.findall(r'name="access_level" value="(\w+)"[^>]*checked', page) == ["enterprise"]

    def test_what_cannot_be_is_said_beside_its_field_and_stays(self, majas: Client) -> None:
        given = {"colour": "teal", "secret": "hush-and-more-than-24-letters", "after_solved": "new"}
        page = majas.post(reverse("connect", args=["site"]), given).content.decode()
        at_field = page.split('name="colour"')[1].split("</div>")[0]
        assert 'value="teal"' in at_field
        assert "Write the colour as #rrggbb" in at_field
        assert "hush" not in page
        assert 'placeholder="Enter it again"' in page.split('name="secret"')[1].split(">")[0]
        assert not Account.objects.exists()

    def test_what_is_made_up_is_shown_to_who_connected_for_an_hour(
        self, majas: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = {"base_url": "https://shop.example", "after_solved": "new", "position": "end"}
        majas.post(reverse("connect", args=["site"]), given)
        account = Account.objects.get()
        secret = account.credentials["secret"]
        assert secret in shown(majas, "account", account.pk)
        other = Client()
        other.force_login(User.objects.get())
        assert secret not in shown(other, "account", account.pk)
        later = clock.now() + timedelta(hours=1, seconds=1)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert secret not in shown(majas, "account", account.pk)

    def test_what_somebody_else_entered_in_its_place_is_not_shown(self, majas: Client) -> None:
        given = {"base_url": "https://shop.example", "after_solved": "new", "position": "end"}
        majas.post(reverse("connect", args=["site"]), given)
        account = Account.objects.get()
        account.credentials = {**account.credentials, "secret": "hush-and-more-than-24-letters"}
        account.save()
        page = shown(majas, "account", account.pk)
        assert "hush" not in page
        assert "made-up-secret" not in page

    def test_what_somebody_entered_is_never_shown(self, majas: Client) -> None:
        given = {"secret": "hush-and-more-than-24-letters", "base_url": "https://shop.example"}
        majas.post(reverse("connect", args=["site"]), given | {"after_solved": "new"})
        assert "hush" not in shown(majas, "account", Account.objects.get().pk)

"""Connecting an account, with its guide; entering credentials anew; signing in at the network."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from heed.channels.base import AccountRecord, Begun, Refusal
from heed.channels.models import Account
from heed.channels.registry import networks
from heed.lib import clock
from heed.lib.http import Response, Steps
from heed.web.tests.accounts import GOOD, facebook, shown
from heed.web.tests.conftest import Line


class TestConnect:
    def test_every_network_can_be_chosen_and_asks_for_its_fields(self, majas: Client) -> None:
        choice = shown(majas, "choose_network")
        for network in networks().values():
            assert reverse("connect", args=[network.name]) in choice
            form = shown(majas, "connect", network.name)
            for field in network.fields:
                assert f'name="{field.name}"' in form

    def test_connecting(self, majas: Client) -> None:
        given = GOOD | {
            "account_name": "Acme help",
            "external_id": "77",
            "after_solved": "new",
            "base_url": "",
        }
        response = majas.post(reverse("connect", args=["facebook"]), given)
        account = Account.objects.get()
        assert response.headers["Location"] == reverse("account", args=[account.pk])
        assert (account.name, account.after_solved, account.credentials) == ("Acme help", "new", GOOD)

    def test_where_every_account_has_its_own_server_one_is_asked_for_it(self, majas: Client) -> None:
        page = shown(majas, "connect", "mastodon")
        assert "Address of the account’s server" in page
        assert "Base address" not in page
        assert 'value="https://mastodon.social"' not in page
        without = majas.post(
            reverse("connect", args=["mastodon"]), {"access_token": "t", "after_solved": "new"}
        )
        assert "This field is required." in without.content.decode()
        assert not Account.objects.exists()
        assert 'value="https://graph.facebook.com' in shown(majas, "connect", "facebook")

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
        given = GOOD | {"account_name": "Acme help", "after_solved": "reopen"} | change
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


class TestGuide:
    def test_every_network_shows_its_steps_and_permissions(self, majas: Client) -> None:
        for network in networks().values():
            form = shown(majas, "connect", network.name)
            assert form.count("<li>") >= len(network.guide.steps), network.name
            for permission in network.guide.permissions:
                assert f'<code dir="ltr">{escape(permission.name)}</code>' in form
            if network.guide.console:
                assert f'href="{escape(network.guide.console)}"' in form


class TestChange:
    def test_reconnecting_keeps_what_was_left_empty(self, majas: Client) -> None:
        account = facebook(state="broken", problem="sign_in_again")
        majas.post(reverse("reconnect", args=[account.pk]), {"page_token": "fresh"})
        account.refresh_from_db()
        assert account.credentials == GOOD | {"page_token": "fresh"}
        assert (account.state, account.problem) == ("connecting", "")

    @pytest.mark.parametrize(("was", "given"), [("True", {}), ("", {"human_agent": "on"}), ("no", {})])
    def test_what_is_yes_or_no_is_a_tick(self, majas: Client, was: str, given: dict[str, str]) -> None:
        account = facebook()
        account.credentials = GOOD | {"human_agent": was}
        account.save()
        tick = re.search(
            r'<input type="checkbox" name="human_agent"[^>]*>', shown(majas, "account", account.pk)
        )
        assert tick is not None
        assert ("checked" in tick[0]) == (was == "True")
        majas.post(reverse("reconnect", args=[account.pk]), given)
        account.refresh_from_db()
        assert account.credentials == GOOD | ({"human_agent": "yes"} if given else {})

    def test_another_server_is_not_told_the_password_that_is_kept(self, majas: Client) -> None:
        kept = {"address": "help@acme.example", "password": "hush", "imap_host": "imap.acme.example"}
        account = facebook(network="email")
        account.credentials = kept | {"smtp_host": "smtp.acme.example"}
        account.save()
        page = shown(majas, "account", account.pk)
        assert page.count("Whoever changes it enters what is secret again.") == 5
        moved = {**kept, "password": "", "imap_host": "imap.evil.example", "smtp_host": "smtp.acme.example"}
        page = majas.post(reverse("reconnect", args=[account.pk]), moved).content.decode()
        assert "Enter again, because it would go to another server: Password." in page
        account.refresh_from_db()
        assert account.credentials["imap_host"] == "imap.acme.example"

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


class Loft:
    """A sign-in at Facebook that asks nothing and gives a fresh token."""

    fills = ("page_token",)

    def begin(self, account: AccountRecord, redirect: str, state: str) -> Steps[Begun]:
        yield from ()
        return Begun(f"https://grant.example/?state={state}", {"verifier": "kept"})

    def finish(
        self, account: AccountRecord, keep: Mapping[str, str], query: Mapping[str, str], redirect: str
    ) -> Steps[Mapping[str, str]]:
        yield from ()
        if "error" in query:
            raise Refusal("not_allowed", code=query["error"])
        return {"page_token": "granted-token"}


class TestSignIn:
    @pytest.fixture(autouse=True)
    def _loft(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(networks()["facebook"], "oauth", Loft())

    def away(self, majas: Client, address: str, given: dict[str, str]) -> str:
        """Where the admin is sent; gives back the state that goes along."""
        response = majas.post(address, given | {"sign_in": "1"})
        # A redirect would be blocked: our policy holds forms to our own pages.
        assert response.status_code == 200
        url, _, state = response.headers["Refresh"].partition("?state=")
        assert url == "0; url=https://grant.example/", response.content.decode()
        assert f'href="https://grant.example/?state={state}"' in response.content.decode()
        return state

    def test_what_the_sign_in_brings_need_not_be_entered(self, majas: Client) -> None:
        given = GOOD | {"page_token": "", "account_name": "Acme help", "after_solved": "new"}
        state = self.away(majas, reverse("connect", args=["facebook"]), given)
        response = majas.get(reverse("signed_in"), {"state": state, "code": "c-1"})
        account = Account.objects.get()
        assert response.headers["Location"] == reverse("account", args=[account.pk])
        assert account.credentials == GOOD | {"page_token": "granted-token"}
        assert (account.name, account.after_solved) == ("Acme help", "new")

    def test_the_form_says_what_it_brings(self, majas: Client) -> None:
        page = shown(majas, "connect", "facebook")
        label = page.split('for="id_page_token"')[1].split("</label>")[0]
        assert "from the sign-in" in label
        assert page.count("<small>from the sign-in</small>") == 1
        assert "Sign in at Facebook" in page

    def test_the_rest_must_be_entered(self, majas: Client) -> None:
        given = {"account_name": "Acme help", "after_solved": "reopen", "sign_in": "1"}
        page = majas.post(reverse("connect", args=["facebook"]), given).content.decode()
        assert "This field is required." in page
        assert "Acme help" in page
        assert not Account.objects.exists()

    def test_signing_in_again(self, majas: Client) -> None:
        account = facebook(state="broken", problem="sign_in_again")
        account.credentials = GOOD | {"human_agent": "yes"}
        account.save()
        state = self.away(majas, reverse("reconnect", args=[account.pk]), {})
        majas.get(reverse("signed_in"), {"state": state, "code": "c-1"})
        account.refresh_from_db()
        assert account.credentials == GOOD | {"page_token": "granted-token"}, "the tick was taken back, too"
        assert (account.state, account.problem) == ("connecting", "")

    def test_coming_back_from_disconnected_by_signing_in(self, majas: Client) -> None:
        account = facebook()
        majas.post(reverse("disconnect", args=[account.pk]))
        given = {name: value for name, value in GOOD.items() if name != "page_token"}
        state = self.away(majas, reverse("reconnect", args=[account.pk]), given)
        majas.get(reverse("signed_in"), {"state": state, "code": "c-1"})
        account.refresh_from_db()
        assert account.credentials == GOOD | {"page_token": "granted-token"}

    @pytest.mark.parametrize(
        ("query", "says"),
        [({"state": "guessed", "code": "c"}, "Begin again"), ({"error": "access_denied"}, "access_denied")],
    )
    def test_a_refusal_is_said(self, majas: Client, query: dict[str, str], says: str) -> None:
        account = facebook()
        state = self.away(majas, reverse("reconnect", args=[account.pk]), {})
        page = majas.get(reverse("signed_in"), {"state": state} | query, follow=True).content.decode()
        assert says in page
        assert ("<h1><bdi>Acme on Facebook</bdi></h1>" in page) == ("error" in query)
        account.refresh_from_db()
        assert account.credentials == GOOD

    def test_what_was_entered_for_one_that_works_stands_in_its_form_again(self, majas: Client) -> None:
        account = facebook(connected_at=clock.now())
        given = {"app_id": "7123", "app_secret": "hush-and-new", "human_agent": "on"}
        state = self.away(majas, reverse("reconnect", args=[account.pk]), given)
        back = majas.get(reverse("signed_in"), {"state": state, "error": "access_denied"}, follow=True)
        page = back.content.decode()
        assert "access_denied" in page
        assert '<details class="card" id="reconnect" open>' in page
        assert 'value="7123"' in page
        assert re.findall(r'name="human_agent"[^>]*checked', page)
        assert 'placeholder="Enter it again"' in page.split('name="app_secret"')[1].split(">")[0]
        assert "hush" not in page
        assert 'value="7123"' not in shown(majas, "account", account.pk), "it was kept nowhere"
        account.refresh_from_db()
        assert account.credentials == GOOD

    def test_a_new_account_is_there_again_with_what_was_entered(self, majas: Client) -> None:
        given = GOOD | {
            "page_token": "",
            "account_name": "Acme help",
            "app_id": "7123",
            "after_solved": "new",
        }
        state = self.away(majas, reverse("connect", args=["facebook"]), given)
        back = majas.get(reverse("signed_in"), {"state": state, "error": "access_denied"}, follow=True)
        page = back.content.decode()
        assert back.redirect_chain[0][0] == reverse("account", args=[Account.objects.get().pk])
        assert 'value="7123"' in page
        assert '<details class="card" id="reconnect" open>' in page
        assert "access_denied" in page

    @pytest.mark.parametrize("known", [False, True])
    def test_what_is_made_up_on_the_way_is_shown_afterwards(self, majas: Client, known: bool) -> None:
        """For a new account and for one that was disconnected."""
        account = facebook(connected_at=clock.now()) if known else None
        if account is not None:
            majas.post(reverse("disconnect", args=[account.pk]))
        address = (
            reverse("reconnect", args=[account.pk]) if account else reverse("connect", args=["facebook"])
        )
        state = self.away(majas, address, {"app_secret": "hush", "after_solved": "new"})
        majas.get(reverse("signed_in"), {"state": state, "code": "c-1"})
        found = Account.objects.get()
        assert found.credentials["verify_token"] in shown(majas, "account", found.pk)

    def test_what_was_made_up_for_one_shows_nothing_of_another(self, majas: Client) -> None:
        """Somebody goes away to connect one, and comes back signed in to another that was there before."""
        account = facebook()
        account.credentials = GOOD | {"verify_token": "typed-by-somebody"}
        account.save()
        self.away(majas, reverse("connect", args=["facebook"]), {"app_secret": "s", "after_solved": "new"})
        state = self.away(majas, reverse("reconnect", args=[account.pk]), {})
        majas.get(reverse("signed_in"), {"state": state, "code": "c-1"})
        assert "typed-by-somebody" not in shown(majas, "account", account.pk)

    def test_an_agent_ends_nothing(self, majas: Client, page: Client) -> None:
        account = facebook()
        state = self.away(majas, reverse("reconnect", args=[account.pk]), {})
        assert page.get(reverse("signed_in"), {"state": state, "code": "c-1"}).status_code == 403
        account.refresh_from_db()
        assert account.credentials == GOOD


def test_what_the_network_does_not_take_is_said_beside_its_field(majas: Client, line: Line) -> None:
    """Nothing is left of it: the form stands as it was, but for what is secret."""
    line.says = Response(401, {}, b"{}")
    given = {"access_token": "hush-token", "base_url": "https://social.example", "account_name": "Acme"}
    address = reverse("connect", args=["mastodon"])
    page = majas.post(address, given | {"after_solved": "new"}).content.decode()
    at_field = page.split('name="access_token"')[1].split("</div>")[0]
    assert "The network does not accept this sign-in." in at_field
    assert 'placeholder="Enter it again"' in at_field
    assert 'value="https://social.example"' in page
    assert "hush" not in page
    assert not Account.objects.exists()

"""The accounts page and the people page: who sees them, what they show, what can be done there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from heed.accounts.models import User
from heed.channels.base import AccountRecord, Begun, Guide, Permission, Refusal
from heed.channels.models import Account
from heed.channels.reasons import REASONS
from heed.channels.registry import networks
from heed.inbox import gaps
from heed.inbox.models import Gap
from heed.lib import clock
from heed.lib.http import Steps
from heed.library.models import Guideline
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
        assert "The network no longer accepts our sign-in." in page
        assert "Reconnect the account with fresh credentials." in page
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
        given = GOOD | {"page_token": "", "name": "Acme help", "after_solved": "new"}
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
        given = {"name": "Acme help", "after_solved": "reopen", "sign_in": "1"}
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
        account.refresh_from_db()
        assert account.credentials == GOOD

    def test_an_agent_ends_nothing(self, majas: Client, page: Client) -> None:
        account = facebook()
        state = self.away(majas, reverse("reconnect", args=[account.pk]), {})
        assert page.get(reverse("signed_in"), {"state": state, "code": "c-1"}).status_code == 403
        account.refresh_from_db()
        assert account.credentials == GOOD


class TestGuide:
    def test_every_network_shows_its_steps_and_permissions(self, majas: Client) -> None:
        for network in networks().values():
            form = shown(majas, "connect", network.name)
            assert form.count("<li>") >= len(network.guide.steps), network.name
            for permission in network.guide.permissions:
                assert f'<code dir="ltr">{escape(permission.name)}</code>' in form
            if network.guide.console:
                assert f'href="{escape(network.guide.console)}"' in form


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
        ]
        account = facebook(quotas=quotas)
        page = shown(majas, "account", account.pk)
        assert '<span class="num">4</span> of <span class="num">250</span> left' in page
        assert f'datetime="{anew.isoformat()}"' in page
        assert '<dt>Calls</dt><dd><span class="num">7</span> left' in page
        assert "Little is left of what the network allows: 4 of 250 posts a day." in page

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
        assert check_list(page)[0] == "Sign-in The network no longer accepts our sign-in."
        assert "0 to read" in re.sub(r"<[^>]+>", "", page)


class TestAlarms:
    def test_admins_see_the_gravest_of_each_account(self, majas: Client) -> None:
        facebook(name="Quiet", missing=["pages_read"])
        facebook(name="Loud", state="broken", problem="sign_in_again", missing=["a"], external_id="2")
        page = shown(majas, "preferences")
        alarms = page.split('id="alarms">')[1].split("</div>")[0]
        assert alarms.index("Loud") < alarms.index("Quiet")
        assert alarms.count('class="alarm ') == 2
        assert "The network no longer accepts our sign-in." in alarms

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
        assert shown(majas, "preferences").count('class="alarm ') == 3


class TestPeople:
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

"""Inviting, roles, brands, tokens, the sign-in policy, sessions and the audit, page by page."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse

from heed.accounts import audit, policy
from heed.accounts.models import ApiToken, AuditRow, Brand, Invitation, OwnRole, User
from heed.accounts.reach import person_with_token
from heed.channels.models import Account
from heed.web import open_sessions
from heed.web.tests import cast

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def _policy_anew() -> Iterator[None]:
    policy.forget()
    yield
    policy.forget()


@pytest.fixture
def majas(maja: User) -> Client:
    client = Client()
    client.force_login(maja)
    return client


def sign_in(email: str = "ana@acme.example", agent: str = FIREFOX) -> Client:
    client = Client(headers={"user-agent": agent})
    client.post(reverse("account_login"), {"login": email, "password": cast.PASSWORD})
    return client


def text(answer: Any) -> str:
    return str(answer.content.decode())


async def whole(answer: Any) -> bytes:
    return b"".join([piece async for piece in answer.streaming_content])


class TestInviting:
    def given(self, **change: str) -> dict[str, str]:
        return {"email": "ana@acme.example", "name": "Ana Kovač", "role": "agent", "place": "", **change}

    def test_without_a_mail_server_the_link_is_shown_once(self, majas: Client, settings: Any) -> None:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", ""
        page = text(majas.post(reverse("people"), self.given()))
        link = re.search(r'id="invitation-link"[^>]*>([^<]+)<', page)
        assert link is not None
        again = text(majas.get(reverse("people")))
        assert "/invitation/" not in again
        assert '<bdi class="name">Ana Kovač</bdi>' in again
        assert "<bdi>ana@acme.example</bdi> · " in again
        newcomer = Client()
        path = link[1][link[1].index("/invitation/") :]
        assert "ana@acme.example" in text(newcomer.get(path))
        answer = newcomer.post(path, {"name": "Ana Kovač", "password": cast.PASSWORD})
        assert answer.headers["Location"] == "/"
        assert newcomer.get(reverse("preferences")).status_code == 200
        assert Client().get(path).status_code == 404

    def test_with_one_it_is_mailed(self, majas: Client) -> None:
        majas.post(reverse("people"), self.given())
        assert mail.outbox[0].to == ["ana@acme.example"]
        assert "/invitation/" in mail.outbox[0].body
        first = mail.outbox[0].body
        invitation = Invitation.objects.get()
        majas.post(reverse("invite_again", args=[invitation.pk]))
        assert mail.outbox[1].body != first
        majas.post(reverse("withdraw_invitation", args=[invitation.pk]))
        path = re.search(r"/invitation/\S+", str(mail.outbox[1].body))
        assert path is not None
        assert Client().get(path[0]).status_code == 404

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"email": "ana"}, "not an e-mail address"),
            ({"email": "maja@acme.example"}, "already signs in"),
            ({"role": "king"}, "Select a valid choice"),
            ({"place": "brand:404"}, "Select a valid choice"),
        ],
    )
    def test_says_what_is_wrong(self, majas: Client, change: dict[str, str], says: str) -> None:
        assert says in text(majas.post(reverse("people"), self.given(**change)))
        assert not Invitation.objects.exists()

    def test_for_one_account_only(self, majas: Client) -> None:
        account = cast.account()
        majas.post(reverse("people"), self.given(place=f"account:{account.pk}"))
        assert Invitation.objects.get().account == account.pk
        assert "Acme on Facebook" in text(majas.get(reverse("people")))


class TestRoles:
    def test_one_makes_gives_takes_and_removes_a_role(self, majas: Client, ana: User) -> None:
        majas.post(reverse("make_role"), {"name": "Night", "permissions": ["see", "answer"]})
        own = OwnRole.objects.get()
        majas.post(reverse("give_role", args=[ana.pk]), {"role": f"own:{own.pk}", "place": ""})
        assert "Night" in text(majas.get(reverse("people")))
        majas.post(reverse("remove_role", args=[own.pk]))
        assert OwnRole.objects.exists()
        majas.post(reverse("take_role", args=[ana.pk, ana.grants.get(own=own).pk]))
        majas.post(reverse("change_role", args=[own.pk]), {"name": "Late", "permissions": ["see"]})
        assert "Late" in text(majas.get(reverse("roles")))
        majas.post(reverse("remove_role", args=[own.pk]))
        assert not OwnRole.objects.exists()

    def test_the_last_owner_stays(self, majas: Client, maja: User) -> None:
        answer = majas.post(reverse("take_role", args=[maja.pk, maja.grants.get().pk]), follow=True)
        assert "This is the last owner" in text(answer)
        assert maja.grants.exists()

    def test_an_admin_sees_an_owner_and_changes_nothing(self, maja: User) -> None:
        User.objects.create_user("ivo@acme.example", None, role="admin", name="Ivo Horvat")
        client = Client()
        client.force_login(User.objects.get(email="ivo@acme.example"))
        page = text(client.get(reverse("colleague", args=[maja.pk])))
        assert "only an owner can change" in page
        assert "End access" not in page


class TestBrandsAndTokens:
    def test_an_account_belongs_to_a_brand(self, majas: Client) -> None:
        account = cast.account()
        majas.post(reverse("brands"), {"name": "Acme Kids"})
        brand = Brand.objects.get()
        majas.post(reverse("account_brands"), {"account": account.pk, "brand": brand.pk})
        assert Account.objects.get().brand == brand
        assert "already" in text(majas.post(reverse("brands"), {"name": "Acme Kids"}))
        majas.post(reverse("account_brands"), {"account": account.pk, "brand": ""})
        assert Account.objects.get().brand is None
        assert AuditRow.objects.filter(kind="account", what="changed").count() == 2

    def test_a_token_is_shown_once_and_can_be_removed(self, majas: Client, maja: User) -> None:
        page = text(majas.post(reverse("tokens"), {"name": "Reports"}))
        token = re.search(r"heed_[\w-]+", page)
        assert token is not None
        assert person_with_token(token[0]) == maja
        again = text(majas.get(reverse("tokens")))
        assert token[0] not in again
        assert "not used yet" not in again
        majas.post(reverse("remove_token", args=[ApiToken.objects.get().pk]))
        assert person_with_token(token[0]) is None


class TestSecondFactor:
    def demand(self, majas: Client, **given: Any) -> None:
        majas.post(reverse("choose_factor"), given)

    def test_an_admin_reads_that_an_owner_decides(self, page: Client, ana: User) -> None:
        ana.grants.update(role="admin")
        shown = text(page.get(reverse("sign_in_policy")))
        assert shown.count("Only an owner can change this.") == 2
        assert reverse("choose_factor") not in shown
        assert reverse("connect_company") not in shown
        assert reverse("choose_passwords") in shown
        page.post(reverse("choose_factor"), {"second_factor": "all"})
        page.post(reverse("connect_company"), {"company_joins": "", "server": "https://login.oto.example"})
        assert (policy.stored().second_factor, policy.stored().company_server) == ("", "")

    def test_who_lacks_one_is_led_to_set_it_up(self, majas: Client, maja: User, page: Client) -> None:
        TOTP.activate(maja, "JBSWY3DPEHPK3PXP")
        self.demand(majas, second_factor="all")
        for name in ("home", "preferences", "account_change_password"):
            assert page.get(reverse(name)).headers["Location"] == reverse("factor_needed"), name
        assert page.get("/inbox/news/", headers={"HX-Request": "true"}).status_code == 403
        assert page.get(reverse("factor_needed")).status_code == 200
        assert page.get(reverse("mfa_activate_totp")).status_code in (200, 302)
        assert majas.get(reverse("preferences")).status_code == 200

    def test_having_set_it_up_one_goes_on(self, majas: Client, page: Client, ana: User) -> None:
        self.demand(majas, second_factor="all")
        TOTP.activate(ana, "JBSWY3DPEHPK3PXP")
        assert page.get(reverse("preferences")).status_code == 200

    def test_for_some_roles_only(self, majas: Client, page: Client) -> None:
        self.demand(majas, second_factor="some", second_factor_roles=["owner", "admin"])
        assert page.get(reverse("preferences")).status_code == 200
        assert majas.get(reverse("people")).headers["Location"] == reverse("factor_needed")

    def test_programs_go_on(self, majas: Client, ana: User) -> None:
        from heed.accounts.verbs import grant_token

        grant_token(ana, "Tests", "heed_ana")
        self.demand(majas, second_factor="all")
        answer = Client().get("/api/v1/tickets", headers={"Authorization": "Bearer heed_ana"})
        assert answer.status_code == 200

    def test_the_live_stream_waits_too(self, majas: Client, page: Client) -> None:
        from heed.web import stream

        key = page.cookies[settings.SESSION_COOKIE_NAME].value
        assert key in stream.listeners([key])
        self.demand(majas, second_factor="all")
        assert key not in stream.listeners([key])

    def test_the_page_names_who_lacks_one(self, majas: Client, ana: User) -> None:
        policy.choose_factor(User.objects.get(email="maja@acme.example"), "some", ["agent"])
        assert "Ana Kovač" in text(majas.get(reverse("sign_in_policy")))

    def test_a_lost_one_is_removed_by_an_admin(self, majas: Client, ana: User) -> None:
        TOTP.activate(ana, "JBSWY3DPEHPK3PXP")
        address = reverse("person_factor", args=[ana.pk])
        assert f'href="{address}"' in text(majas.get(reverse("colleague", args=[ana.pk])))
        assert "Remove the second factor of <bdi>Ana Kovač</bdi>?" in text(majas.get(address))
        assert not AuditRow.objects.filter(what="factor_removed").exists()
        majas.post(address)
        assert not policy.demands_factor(ana)
        assert AuditRow.objects.filter(what="factor_removed", target=str(ana.pk)).count() == 1


class TestPasswords:
    def test_longer_ones_can_be_asked_for(self, majas: Client, ana: User) -> None:
        majas.post(reverse("choose_passwords"), {"least_length": "20"})
        answer = majas.post(reverse("person_password", args=[ana.pk]), {"password": "seven brown boots"})
        assert "at least 20 characters" in text(answer)
        assert "8" in text(majas.post(reverse("choose_passwords"), {"least_length": "3"}))

    def test_guessing_is_counted_for_all_processes(self, ana: User) -> None:
        from django.core.cache import caches
        from django.db import connection

        for _ in range(5):
            Client().post(reverse("account_login"), {"login": ana.email, "password": "no"})
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM accounts_kept")
            assert cursor.fetchone()[0] > 0
        caches["default"].close()
        assert sign_in().get(reverse("preferences")).status_code == 302


class TestSessions:
    def test_one_sees_and_ends_them(self, ana: User) -> None:
        here, there = sign_in(), sign_in(agent="Mozilla/5.0 (iPhone) AppleWebKit Version/18 Safari/604.1")
        page = text(here.get(reverse("preferences")))
        assert "Firefox · Linux" in page
        assert "Safari · iPhone" in page
        found = next(each for each in open_sessions.sessions_of(ana) if "iPhone" in each.device)
        here.post(reverse("end_session", args=[found.id]))
        assert there.get(reverse("preferences")).status_code == 302
        assert here.get(reverse("preferences")).status_code == 200

    def test_all_others_at_once(self, ana: User) -> None:
        here, others = sign_in(), [sign_in(), sign_in()]
        here.post(reverse("end_other_sessions"))
        assert [each.get(reverse("preferences")).status_code for each in (here, *others)] == [200, 302, 302]

    def test_nobody_ends_anothers(self, ana: User, ivo: User) -> None:
        anas = sign_in()
        found = open_sessions.sessions_of(ana)[0]
        ivos = sign_in("ivo@acme.example")
        ivos.post(reverse("end_session", args=[found.id]))
        assert anas.get(reverse("preferences")).status_code == 200

    def test_an_admin_signs_somebody_out_everywhere(self, majas: Client, ana: User) -> None:
        anas = sign_in()
        majas.post(reverse("person_sessions", args=[ana.pk]))
        assert anas.get(reverse("preferences")).status_code == 302


class TestAudit:
    def test_signing_in_and_failing_is_noted_without_what_was_typed(self, ana: User) -> None:
        sign_in()
        Client().post(reverse("account_login"), {"login": ana.email, "password": "wrong-wrong"})
        Client().post(reverse("account_login"), {"login": "hush@else.example", "password": "x"})
        rows = list(AuditRow.objects.order_by("id"))
        assert [(row.what, row.target) for row in rows] == [
            ("signed_in", str(ana.pk)),
            ("sign_in_failed", str(ana.pk)),
            ("sign_in_failed", ""),
        ]
        assert rows[0].ip == "127.0.0.1"
        told = str([row.__dict__ for row in rows])
        assert "wrong-wrong" not in told
        assert "hush" not in told

    def test_who_opened_a_ticket_is_noted_once(self, page: Client, ana: User) -> None:
        ticket = cast.ticket(cast.account(), "Lea Marn", "The sole came off.")
        for _ in range(2):
            page.get(reverse("ticket_in_view", args=["all", ticket.pk]))
        row = AuditRow.objects.get(what="opened")
        assert (row.actor, row.kind, row.target) == (ana.pk, "ticket", str(ticket.pk))

    def test_facts_are_told_in_words(self, maja: User, majas: Client) -> None:
        before, after = {"least_length": 8}, {"least_length": 12, "company_joins": True}
        audit.record(maja, "changed", "signinpolicy", part="second factor", before=before, after=after)
        audit.record(maja, "changed", "guideline", place="desk")
        page = text(majas.get(reverse("audit")))
        for words in ("Shortest password: 8", "Its people may join: Yes", "Second factor", "Whole desk"):
            assert words in page
        assert "least_length" not in page

    def test_the_page_shows_finds_and_pages(self, majas: Client, maja: User, ana: User) -> None:
        for number in range(60):
            audit.record(maja, "changed", "rule", number=number)
        audit.record(ana, "made", "tag")
        page = text(majas.get(reverse("audit")))
        assert "Ana Kovač" in page
        older = re.search(r'href="\?([^"]+)"', page)
        assert older is not None
        assert majas.get(f"{reverse('audit')}?{older[1]}".replace("&amp;", "&")).status_code == 200
        found = text(majas.get(reverse("audit"), {"who": str(ana.pk), "since": "2020-01-01"}))
        assert "Tag" in found
        assert 'class="num">№' not in found
        assert majas.get(reverse("audit"), {"before": "x", "since": "never", "who": "0"}).status_code == 200

    @pytest.mark.parametrize("kind", ["csv", "jsonl"])
    def test_an_export_is_whole_and_noted_itself(self, majas: Client, maja: User, kind: str) -> None:
        audit.record(maja, "changed", "rule", name="=HYPERLINK(1)")
        OwnRole.objects.create(name="=1+1")
        audit.record(maja, "made", OwnRole.objects.get())
        answer = majas.post(reverse("export_audit"), {"format": kind})
        body = async_to_sync(whole)(answer).decode()
        if kind == "csv":
            rows = list(csv.DictReader(io.StringIO(body)))
            assert {row["name"] for row in rows} == {"'=1+1", ""}
        else:
            rows = [json.loads(line) for line in body.splitlines()]
        assert [row["what"] for row in rows] == ["exported", "made", "changed"]

    def test_what_is_done_to_people_and_accounts_is_noted(self, majas: Client, ana: User) -> None:
        account = cast.account()
        account.credentials = {"app_secret": "hush"}
        account.save()
        majas.post(reverse("disconnect", args=[account.pk]))
        majas.post(reverse("person_access", args=[ana.pk]))
        majas.post(reverse("person_password", args=[ana.pk]), {"password": "nine green laces"})
        majas.post(reverse("choose_passwords"), {"least_length": "12"})
        found = set(AuditRow.objects.values_list("kind", "what"))
        assert found >= {
            ("account", "disconnected"),
            ("user", "shut_out"),
            ("user", "password_changed"),
            ("signinpolicy", "changed"),
        }
        assert "hush" not in str(list(AuditRow.objects.values()))
        assert "green laces" not in str(list(AuditRow.objects.values()))

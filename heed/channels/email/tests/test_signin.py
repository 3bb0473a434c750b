"""Signing in at Google or Microsoft: there and back, and the mailbox opened with what that brings."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from heed.accounts.models import User
from heed.accounts.verbs import ensure_person
from heed.channels.base import AccountRecord, Refusal, SessionExpired
from heed.channels.email.calls import refuse_mail, refuse_mailbox
from heed.channels.email.signin import GOOGLE, MICROSOFT, SignIn
from heed.channels.email.tests.sample import ACCOUNT
from heed.channels.jobs import check_account
from heed.channels.models import Account
from heed.inbox import collect
from heed.inbox.intake import take_batch
from heed.inbox.models import Message
from heed.lib.http import Request, Response, drive
from heed.sandbox import Sandbox
from heed.sandbox.networks.email import Email
from heed.sandbox.networks.email.tokens import CLIENT

REDIRECT = "https://desk.example.org/accounts/signed-in/"
ORGANISATION = "https://login.microsoftonline.com/acme/oauth2/v2.0/"


def mailbox(host: str, **more: str) -> AccountRecord:
    kept = {name: value for name, value in ACCOUNT.credentials.items() if name != "password"}
    return replace(ACCOUNT, credentials=kept | {"imap_host": host, "client_id": "heed"} | more)


def asked(record: AccountRecord) -> tuple[str, dict[str, str], dict[str, str]]:
    """Where one is sent, what is asked for there, and what is kept."""
    begun = drive(SignIn().begin(record, REDIRECT, "state-7"), _nobody)
    parts = urlsplit(begun.url)
    address = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return address, dict(parse_qsl(parts.query)), dict(begun.keep)


def _nobody(request: Request) -> Response:
    raise AssertionError(request.url)


class TestTheWayThere:
    @pytest.mark.parametrize(
        ("record", "address", "scopes"),
        [
            (mailbox("imap.gmail.com"), GOOGLE.consent, GOOGLE.scopes),
            (mailbox("outlook.office365.com"), MICROSOFT.consent, MICROSOFT.scopes),
            (
                mailbox("outlook.office365.com", token_url=f"{ORGANISATION}token"),
                f"{ORGANISATION}authorize",
                MICROSOFT.scopes,
            ),
        ],
    )
    def test_to_whom(self, record: AccountRecord, address: str, scopes: tuple[str, ...]) -> None:
        there, query, keep = asked(record)
        assert (there, query["scope"]) == (address, " ".join(scopes))
        assert (query["state"], query["redirect_uri"], query["client_id"]) == ("state-7", REDIRECT, "heed")
        assert query["login_hint"] == "help@acme.example"
        digest = hashlib.sha256(keep["verifier"].encode()).digest()
        assert query["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def test_google_is_asked_for_a_token_that_lasts(self) -> None:
        _, query, _ = asked(mailbox("imap.gmail.com"))
        assert (query["access_type"], query["prompt"]) == ("offline", "consent")

    @pytest.mark.parametrize(
        ("record", "says"),
        [
            (mailbox("imap.gmail.com", client_id=""), "client ID"),
            (mailbox("imap.acme.example"), "address where tokens"),
            (mailbox("imap.acme.example", token_url="https://a.example/get_token"), "no sign-in page"),
        ],
    )
    def test_what_is_missing(self, record: AccountRecord, says: str) -> None:
        with pytest.raises(Refusal, match="not_configured") as refused:
            asked(record)
        assert says in refused.value.detail


class TestTheWayBack:
    @pytest.mark.parametrize(
        ("status", "said", "reason", "detail"),
        [
            (400, b'{"error": "invalid_client", "error_description": "No."}', "not_configured", "No."),
            (200, b'{"access_token": "a", "scope": "openid"}', "not_allowed", "IMAP.AccessAsUser.All"),
            (200, b'{"access_token": "a"}', "not_allowed", "stay signed in"),
            (500, b"", "network_down", "no token"),
        ],
    )
    def test_no_lasting_token(self, status: int, said: bytes, reason: str, detail: str) -> None:
        record, answer = mailbox("outlook.office365.com"), Response(status, {}, said)
        with pytest.raises(Refusal) as refused:
            drive(SignIn().finish(record, {"verifier": "v"}, {"code": "c"}, REDIRECT), lambda _: answer)
        assert refused.value.reason == reason
        assert detail in refused.value.detail


@pytest.mark.parametrize(
    ("refuse", "answer", "words"),
    [
        (
            refuse_mail,
            Response(535, {"stage": "login"}, b"5.7.139 SmtpClientAuthentication is disabled"),
            "535 5.7.139 SmtpClientAuthentication is disabled",
        ),
        (refuse_mailbox, Response(401, {}, b"AUTHENTICATE failed."), "IMAP AUTHENTICATE failed."),
    ],
)
def test_a_refused_token_is_told_in_the_servers_words(refuse: Any, answer: Response, words: str) -> None:
    with pytest.raises(SessionExpired) as expired:
        refuse(answer, mailbox("outlook.office365.com", refresh_token="lasting"))
    assert str(expired.value) == words


@pytest.mark.django_db(transaction=True)
class TestInHeed:
    @pytest.fixture
    def email(self, settings: Any) -> Iterator[Email]:
        plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
        with Sandbox(seed=1) as sandbox:
            found = sandbox["email"]
            assert isinstance(found, Email)
            yield found

    @pytest.fixture
    def maja(self, email: Email) -> User:
        return ensure_person("owner@acme.example", "Maja Zupan", role="owner")

    @pytest.fixture
    def browser(self, maja: User) -> Client:
        client = Client()
        client.force_login(maja)
        return client

    def away(self, browser: Client, email: Email, address: str = "", **more: str) -> str:
        """Begin to sign in; gives back where the provider sends one back to."""
        (demo,) = email.accounts()
        entered = {**demo.credentials, "password": "", "client_id": CLIENT, "client_secret": "s"}
        entered |= {"token_url": f"{email.url}/token", "name": "", "after_solved": "reopen", "sign_in": "1"}
        page = browser.post(address or reverse("connect", args=["email"]), {**entered, **more})
        url = page.headers["Refresh"].removeprefix("0; url=")
        assert url.startswith(f"{email.url}/authorize?")
        return httpx.get(url).headers["location"]

    def back(self, browser: Client, location: str) -> Any:
        parts = urlsplit(location)
        return browser.get(f"{parts.path}?{parts.query}", follow=True)

    def test_from_the_form_to_the_first_mail(self, browser: Client, email: Email) -> None:
        location = self.away(browser, email)
        check_account(Account.objects.get().pk)
        assert Account.objects.get().problem == ""  # nobody asks before the admin is back
        assert "Signed in." in self.back(browser, location).content.decode()
        account = Account.objects.get()
        assert account.credentials["refresh_token"].startswith("lasting-")
        check_account(account.pk)
        account.refresh_from_db()
        assert (account.state, account.external_id, account.problem) == ("connected", email.address, "")
        email.do("message", person="lea", text="Kje je moj paket?")
        collect.collect(account.pk)
        take_batch()
        assert Message.objects.get().text == "Kje je moj paket?"
        assert account.session["access_token"] == email.tokens.now

    def test_a_state_works_once(self, browser: Client, email: Email) -> None:
        location = self.away(browser, email)
        self.back(browser, location)
        first = Account.objects.get().credentials["refresh_token"]
        assert "Begin again" in self.back(browser, location).content.decode()
        assert Account.objects.get().credentials["refresh_token"] == first

    def test_a_person_who_says_no(self, browser: Client, email: Email) -> None:
        email.do("refuse_consent")
        page = self.back(browser, self.away(browser, email)).content.decode()
        assert "access_denied The user has denied access" in page
        assert "refresh_token" not in Account.objects.get().credentials

    def test_a_password_entered_instead_counts_at_once(self, browser: Client, email: Email) -> None:
        self.away(browser, email)
        account = Account.objects.get()
        entered = {**email.accounts()[0].credentials, "client_secret": "s"}
        browser.post(reverse("reconnect", args=[account.pk]), entered)
        check_account(account.pk)
        account.refresh_from_db()
        assert account.state == "connected"

    def test_a_password_entered_later_takes_the_place_of_the_sign_in(
        self, browser: Client, email: Email
    ) -> None:
        """Though the refresh token is left empty, which keeps it otherwise."""
        self.back(browser, self.away(browser, email))
        account = Account.objects.get()
        check_account(account.pk)
        password = email.accounts()[0].credentials["password"]
        shown = browser.get(reverse("account", args=[account.pk])).content.decode()
        assert "it takes the place of a sign-in at Google or Microsoft" in shown
        account.refresh_from_db()
        held = {**account.credentials, "refresh_token": "", "client_secret": ""}
        browser.post(reverse("reconnect", args=[account.pk]), held)  # no password: as it was
        account.refresh_from_db()
        assert account.credentials["refresh_token"].startswith("lasting-")
        browser.post(reverse("reconnect", args=[account.pk]), {**held, "password": password})
        account.refresh_from_db()
        assert account.credentials["password"] == password
        assert not {"refresh_token", "client_secret"} & set(account.credentials)
        email.do("refuse_consent")
        check_account(account.pk)
        account.refresh_from_db()
        assert (account.state, account.session) == ("connected", {})

    def test_a_password_entered_on_the_way_to_sign_in_takes_nothings_place(
        self, browser: Client, email: Email
    ) -> None:
        self.back(browser, self.away(browser, email))
        account = Account.objects.get()
        check_account(account.pk)
        password = email.accounts()[0].credentials["password"]
        address = reverse("reconnect", args=[account.pk])
        self.back(browser, self.away(browser, email, address, password=password, client_secret=""))
        held = Account.objects.get().credentials
        assert held["refresh_token"] != account.credentials["refresh_token"]
        assert (held["client_secret"], "password" in held) == ("s", False)

    def test_from_a_password_to_signing_in_nobody_asks_for_it(self, browser: Client, email: Email) -> None:
        """Though it goes to another server, too; and it is forgotten."""
        (demo,) = email.accounts()
        given = {"way": "password", "name": "", "after_solved": "reopen", **demo.credentials}
        browser.post(reverse("connect", args=["email"]), given)
        account = Account.objects.get()
        check_account(account.pk)
        address = reverse("reconnect", args=[account.pk])
        host = given["imap_host"].replace("127.0.0.1", "localhost")
        assert host != given["imap_host"]
        self.back(browser, self.away(browser, email, address, way="sign_in", imap_host=host))
        account.refresh_from_db()
        assert ("password" in account.credentials, account.credentials["imap_host"]) == (False, host)
        check_account(account.pk)
        account.refresh_from_db()
        assert account.state == "connected"

    def test_another_app_is_tried_before_it_is_kept(self, browser: Client, email: Email) -> None:
        self.back(browser, self.away(browser, email))
        account = Account.objects.get()
        check_account(account.pk)
        account.refresh_from_db()
        given = {**account.credentials, "way": "sign_in", "refresh_token": "", "client_id": "another"}
        page = browser.post(reverse("reconnect", args=[account.pk]), given).content.decode()
        assert "Nothing was changed" in page
        assert "unauthorized_client" in page
        assert Account.objects.get().credentials["client_id"] == CLIENT
        before = account.session["access_token"]
        browser.post(
            reverse("reconnect", args=[account.pk]), {**given, "client_id": CLIENT, "client_secret": "new"}
        )
        account.refresh_from_db()
        assert account.credentials["client_secret"] == "new"
        assert account.session["access_token"] == email.tokens.now != before

    def test_the_page_has_the_password_first(self, browser: Client) -> None:
        page = browser.get(reverse("connect", args=["email"])).content.decode()
        assert '<button class="btn primary by-hand">Connect</button>' in page
        assert "Sign in at Google or Microsoft</button>" in page
        assert "/accounts/signed-in/</code>" in page

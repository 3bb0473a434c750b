"""Signing in, the second factor, preferences: allauth's work, our pages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.webauthn.internal import auth
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse

from heed.accounts.models import User
from heed.web import second_factor
from heed.web.tests import cast

SECRET = "JBSWY3DPEHPK3PXP"


def sign_in(
    client: Client, password: str = cast.PASSWORD, email: str = "ana@acme.example", **more: str
) -> Any:
    return client.post(reverse("account_login"), {"login": email, "password": password, **more})


def on_this_machine() -> Client:
    """A browser at an address where passkeys work."""
    return Client(headers={"host": "localhost:8000"})


def signed_in() -> Client:
    """Ana's browser, her password typed again a moment ago, as delicate pages want it."""
    client = on_this_machine()
    sign_in(client)
    client.post(reverse("account_reauthenticate"), {"password": cast.PASSWORD})
    return client


def code_now() -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(SECRET, counter))


class TestSignIn:
    def test_leads_to_the_inbox_or_to_where_one_wanted_to_go(self, ana: User) -> None:
        assert sign_in(Client()).headers["Location"] == "/"
        assert sign_in(Client(), next="/preferences/").headers["Location"] == "/preferences/"
        assert sign_in(Client(), next="https://else.example/").headers["Location"] == "/"

    @pytest.mark.parametrize("path", ["/", "/inbox/mine/", "/preferences/", "/me/password/"])
    def test_everything_else_asks_for_it(self, db: None, path: str) -> None:
        assert Client().get(path).headers["Location"] == f"/sign-in/?next={path}"

    def test_wrong_words_are_said_without_telling_which(self, ana: User) -> None:
        wrong_password = sign_in(Client(), "not-the-password").content.decode()
        wrong_person = sign_in(Client(), email="oto@else.example").content.decode()
        sentence = "The email address and/or password you specified are not correct."
        assert sentence in wrong_password
        assert sentence in wrong_person

    def test_guessing_is_stopped(self, ana: User) -> None:
        for _ in range(5):
            sign_in(Client(), "not-the-password")
        response = sign_in(Client())
        assert response.status_code == 200
        assert "Too many wrong tries. Wait a few minutes" in response.content.decode()

    def test_hammering_gets_a_page_that_says_to_wait(self, ana: User) -> None:
        responses = [sign_in(Client(), "x", email=f"p{n}@acme.example") for n in range(31)]
        assert responses[-1].status_code == 429
        assert "Wait a few minutes" in responses[-1].content.decode()

    def test_nobody_signs_up(self, db: None) -> None:
        given = {"email": "oto@else.example", "password1": cast.PASSWORD}
        page = Client().post(reverse("account_signup"), given).content.decode()
        assert "An owner of this desk lets people in." in page
        assert not User.objects.exists()

    def test_someone_without_access_stays_out(self, ana: User) -> None:
        User.objects.filter(pk=ana.pk).update(is_active=False)
        client = Client()
        sign_in(client)
        assert client.get("/preferences/").status_code == 302

    def test_signing_out(self, page: Client) -> None:
        page.post(reverse("account_logout"))
        assert page.get("/preferences/").status_code == 302

    def test_the_page_can_speak_another_language(self, db: None) -> None:
        client = Client()
        client.post(reverse("set_language"), {"language": "ar", "next": "/sign-in/"})
        page = client.get("/sign-in/").content.decode()
        assert '<html lang="ar" dir="rtl"' in page

    def test_ones_own_language_comes_along(self, ana: User) -> None:
        User.objects.filter(pk=ana.pk).update(language="sl")
        assert sign_in(Client()).cookies["heed_language"].value == "sl"


class TestSecondFactor:
    def test_it_is_asked_for_and_lets_in(self, ana: User) -> None:
        TOTP.activate(ana, SECRET)
        client = Client()
        assert sign_in(client).headers["Location"].startswith(reverse("mfa_authenticate"))
        assert client.get("/preferences/").status_code == 302
        wrong = client.post(reverse("mfa_authenticate"), {"code": "000000"})
        assert "This code is wrong or has expired." in wrong.content.decode()
        client.post(reverse("mfa_authenticate"), {"code": code_now()})
        assert client.get("/preferences/").status_code == 200

    def test_a_recovery_code_works_once(self, ana: User) -> None:
        TOTP.activate(ana, SECRET)
        code = RecoveryCodes.activate(ana).get_unused_codes()[0]
        for works in (True, False):
            client = Client()
            sign_in(client)
            answer = client.post(reverse("mfa_authenticate"), {"code": code})
            assert (client.get("/preferences/").status_code == 200) is works
        assert "This recovery code was used already." in answer.content.decode()
        assert "Wait for the next digits" not in answer.content.decode()

    def test_a_used_recovery_code_does_not_confirm_that_it_is_you_either(self, ana: User) -> None:
        client = signed_in()
        TOTP.activate(ana, SECRET)
        codes = RecoveryCodes.activate(ana)
        code = codes.get_unused_codes()[0]
        assert codes.validate_code(code)
        answer = client.post(reverse("mfa_reauthenticate"), {"code": code})
        assert "This recovery code was used already." in answer.content.decode()

    def test_a_key_is_offered_to_who_has_one(self, ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(auth, "get_credentials", lambda user: [])
        TOTP.activate(ana, SECRET)
        for has_key in (False, True):
            client = on_this_machine()
            sign_in(client)
            page = client.get(reverse("mfa_authenticate")).content.decode()
            assert ("A passkey or security key" in page, 'id="webauthn_form"' in page) == (has_key, has_key)
            assert "Digits or recovery code" in page
            WebAuthn.add(ana, "Ana's key", {})

    def test_setting_it_up(self, ana: User) -> None:
        client = signed_in()
        form = client.get(reverse("mfa_activate_totp"))
        secret = form.context["form"].secret
        counter = next(iter(yield_hotp_counters_from_time()))
        client.post(reverse("mfa_activate_totp"), {"code": format_hotp_value(hotp_value(secret, counter))})
        page = client.get(reverse("preferences")).content.decode()
        assert '<span class="chip good">On</span>' in page


OURS = [
    "mfa_index",
    "mfa_activate_totp",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "account_change_password",
    "account_logout",
    "account_reauthenticate",
]
WITH_FACTOR = ["mfa_deactivate_totp", "mfa_generate_recovery_codes", "mfa_view_recovery_codes"]
OF_A_KEY = ["mfa_edit_webauthn", "mfa_remove_webauthn"]


class TestPages:
    @pytest.mark.parametrize("name", OURS)
    def test_no_page_has_allauths_own_look(self, ana: User, name: str) -> None:
        client = signed_in()
        self._is_ours(client.get(reverse(name)).content.decode())

    @pytest.mark.parametrize("name", WITH_FACTOR)
    def test_nor_those_of_the_second_factor(self, ana: User, name: str) -> None:
        client = signed_in()
        TOTP.activate(ana, SECRET)
        RecoveryCodes.activate(ana)
        self._is_ours(client.get(reverse(name)).content.decode())

    def test_a_second_factor_is_spoken_of_in_our_words(self, ana: User) -> None:
        """Not in Title Case, nor of authenticators; and a recovery code says what it is for."""
        client = signed_in()
        asked = [client.get(reverse(name)) for name in OURS if name.startswith(("mfa_", "account_re"))]
        TOTP.activate(ana, SECRET)
        left = RecoveryCodes.activate(ana).get_unused_codes()
        waits = on_this_machine()
        sign_in(waits)
        asked += [waits.get(reverse("mfa_authenticate")), client.get(reverse("mfa_reauthenticate"))]
        key = WebAuthn.add(ana, "Ana's key", {})
        asked += [client.get(reverse(name, args=[key.instance.pk])) for name in OF_A_KEY]
        asked += [client.get(reverse(name)) for name in ("mfa_index", *WITH_FACTOR)]
        pages = [each.content.decode() for each in asked]
        assert {each.status_code for each in asked} == {200}
        for page in pages:
            assert not re.search(
                "Confirm Access|reauthenticate to|Two-Factor|Authenticator App|Security Key", page
            )
        assert sum("Each of them lets you in once" in page for page in pages) == 4
        assert all(code in pages[-1] for code in left)
        client.post(reverse("set_language"), {"language": "ar", "next": "/"})
        assert "إنشاء رموز جديدة" in client.get(reverse("mfa_generate_recovery_codes")).content.decode()

    def test_what_is_asked_and_told_of_it_is_in_our_words(self, ana: User) -> None:
        client = signed_in()
        refused = self._asks(client, "mfa_generate_recovery_codes", {})
        assert "Set up the app or a key first" in refused
        page = self._asks(client, "mfa_activate_totp", {"code": "000000"})
        assert re.findall("<label.*?>(.*?)</label>", page)[-1] == "Digits that the app shows"
        assert "This code is wrong or has expired. Wait for the next digits" in page
        TOTP.activate(ana, SECRET)
        told = render_to_string("mfa/messages/recovery_codes_generated.txt")
        assert told.strip() == "There are new recovery codes."
        assert "The app on your phone is turned off." in self._asks(client, "mfa_deactivate_totp", {})
        key = WebAuthn.add(ana, "Ana's key", {}).instance.pk
        named = self._asks(client, "mfa_edit_webauthn", {"name": ""}, key)
        assert "Name of the key" in named
        assert "A key needs a name." in named
        assert "The key was removed." in self._asks(client, "mfa_remove_webauthn", {}, key)
        assert 'value="Key 1"' in client.get(reverse("mfa_add_webauthn")).content.decode()
        page = self._asks(client, "mfa_add_webauthn", {"credential": '{"id": 1}'})
        assert "This key was not added." in page
        assert "Sign in without the password" in page
        assert "The key did not answer." in self._asks(client, "mfa_add_webauthn", {"credential": "{}"})

    def test_so_is_what_confirms_that_it_is_you(self, ana: User) -> None:
        client = signed_in()
        TOTP.activate(ana, SECRET)
        WebAuthn.add(ana, "Ana's key", {})
        page = self._asks(client, "account_reauthenticate", {"password": "not-this-one"})
        assert "This is not your password." in page
        for way in ("Digits or recovery code", "A passkey or security key"):
            assert f">{way}</a>" in page
        page = self._asks(client, "mfa_reauthenticate", {"code": ""})
        assert "Enter the digits." in page
        assert ">Your password</a>" in page

    @pytest.mark.parametrize("answer", ['{"id": "x"}', "[1]", "7", '{"rawId": []}'])
    def test_a_key_that_nobody_knows_is_said_to_be_one(self, ana: User, answer: str) -> None:
        TOTP.activate(ana, SECRET)
        known = on_this_machine()
        sign_in(known)
        for client, name in ((known, "mfa_authenticate"), (on_this_machine(), "mfa_login_webauthn")):
            assert "This key is not known here." in self._asks(client, name, {"credential": answer})

    def test_every_language_has_its_own_words_for_it(self, ana: User) -> None:
        client = signed_in()
        labels = []
        for language in ("en", "sl", "ar", "mn"):
            client.post(reverse("set_language"), {"language": language, "next": "/"})
            page = client.get(reverse("mfa_add_webauthn")).content.decode()
            labels.append(tuple(re.findall("<label.*?>(?:<input[^>]*>)? *(.*?)</label>", page)[-2:]))
        assert len({word for pair in labels for word in pair}) == 8

    @staticmethod
    def _asks(client: Client, name: str, given: dict[str, str], *place: int) -> str:
        """What follows an answer to what a page asks."""
        return client.post(reverse(name, args=place), given, follow=True).content.decode()

    def test_nor_those_before_signing_in(self, db: None) -> None:
        for name in ("account_login", "account_signup", "account_inactive"):
            page = Client().get(reverse(name)).content.decode()
            self._is_ours(page)
            assert 'class="languages"' in page

    @staticmethod
    def _is_ours(page: str) -> None:
        assert "css/pages" in page
        assert "<strong>Menu:" not in page
        assert 'class="mark"' in page


class TestPreferences:
    def test_language_and_look_are_kept(self, page: Client, ana: User) -> None:
        response = page.post(reverse("preferences"), {"language": "mn", "theme": "dark"})
        assert response.cookies["heed_language"].value == "mn"
        ana.refresh_from_db()
        assert (ana.language, ana.theme) == ("mn", "dark")
        shown = page.get(reverse("preferences")).content.decode()
        assert '<html lang="mn" dir="ltr" data-theme="dark"' in shown

    def test_the_look_can_follow_the_device_again(self, page: Client, ana: User) -> None:
        page.post(reverse("preferences"), {"language": "en", "theme": "dark"})
        page.post(reverse("preferences"), {"language": "en", "theme": ""})
        assert "data-theme" not in page.get(reverse("preferences")).content.decode()

    def test_what_is_not_offered_is_refused(self, page: Client, ana: User) -> None:
        page.post(reverse("preferences"), {"language": "xx", "theme": "pink"})
        ana.refresh_from_db()
        assert (ana.language, ana.theme) == ("", "")

    def test_delicate_pages_ask_for_the_password_again(self, page: Client) -> None:
        response = page.get(reverse("mfa_activate_totp"))
        assert response.headers["Location"].startswith("/me/confirm/")

    def test_changing_the_password(self, ana: User) -> None:
        client = Client()
        sign_in(client)
        given = {
            "oldpassword": cast.PASSWORD,
            "password1": "nine green laces",
            "password2": "nine green laces",
        }
        client.post(reverse("account_change_password"), given)
        ana.refresh_from_db()
        assert ana.check_password("nine green laces")


NOT_HERE = "Passkeys and security keys work only where this desk is opened by its name over https"


class TestWherePasskeysWork:
    @pytest.mark.parametrize(
        ("host", "secure", "works"),
        [
            ("127.0.0.1:8000", False, False),
            ("[::1]:8000", False, False),
            ("10.0.0.8", True, False),
            ("[2001:db8::8]:443", True, False),
            ("desk.acme.example", False, False),
            ("desk.acme.example", True, True),
            ("localhost:8000", False, True),
        ],
    )
    def test_by_a_name_and_https_or_on_this_machine(
        self, rf: RequestFactory, settings: Any, host: str, secure: bool, works: bool
    ) -> None:
        settings.ALLOWED_HOSTS = ["*"]
        assert second_factor.passkeys_work(rf.get("/", secure=secure, headers={"host": host})) is works

    def test_elsewhere_none_is_offered_and_it_says_why(
        self, ana: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(auth, "get_credentials", lambda user: [])
        bare = Client(headers={"host": "127.0.0.1:8000"})
        assert "passkey_login" not in bare.get(reverse("account_login")).content.decode()
        sign_in(bare)
        bare.post(reverse("account_reauthenticate"), {"password": cast.PASSWORD})
        for name in ("mfa_index", "mfa_list_webauthn", "mfa_add_webauthn"):
            page = bare.get(reverse(name)).content.decode()
            assert NOT_HERE in page
            assert f'href="{reverse("mfa_add_webauthn")}"' not in page
            assert "mfa_webauthn_add" not in page
        WebAuthn.add(ana, "Ana's key", {})
        for client, name in ((bare, "mfa_reauthenticate_webauthn"), (Client(), "mfa_authenticate")):
            sign_in(client)
            page = client.get(reverse(name)).content.decode()
            assert NOT_HERE in page
            assert "data-allauth-onload" not in page

    def test_where_they_work_they_are_offered(self, ana: User) -> None:
        client = on_this_machine()
        assert "passkey_login" in client.get(reverse("account_login")).content.decode()
        page = signed_in().get(reverse("mfa_index")).content.decode()
        assert NOT_HERE not in page
        assert reverse("mfa_add_webauthn") in page

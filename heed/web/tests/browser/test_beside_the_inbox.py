"""The pages beside the inbox in a real browser: readable for everyone, alive, and usable by hand."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.db import transaction
from playwright.sync_api import Page, expect

from heed.accounts.models import User
from heed.channels import verbs
from heed.channels.models import Account
from heed.inbox.models import Delivery
from heed.lib import live
from heed.tests.looks import violations
from heed.web.tests import cast

pytestmark = pytest.mark.browser

BODY = '{"entry":[{"id":"9","changes":[{"field":"feed","value":{"from":{"name":"Omar Badr"}}}]}]}'
LOOKS = [("en", "light"), ("ar", "light"), ("mn", "dark")]
RULES = ("wcag2a", "wcag2aa", "wcag21aa", "wcag22aa")


@pytest.fixture
def maja(transactional_db: None) -> User:
    return cast.maja()


@pytest.fixture
def account(maja: User) -> Account:
    cast.ivo()
    cast.account("bluesky", "@acme.shoes", handle="acme.shoes", state="connecting")
    broken = cast.account("viber", "Acme on Viber", state="broken", problem="sign_in_again", refused=3)
    broken.problem_detail = "2 invalidAuthToken"
    broken.save()
    account = cast.account("facebook", "Acme on Facebook")
    account.credentials = {"app_secret": "s", "page_token": "t", "verify_token": "v"}
    account.save()
    problems = [{"what": "feed", "error": "KeyError: 'post_id'"}]
    for state in Delivery.State.values:
        Delivery.objects.create(
            account=account, state=state, body=BODY.encode(), problems=problems, headers={"x-sign": "00"}
        )
    return account


def addresses(account: Account) -> list[str]:
    return [
        "/accounts/",
        "/accounts/connect/",
        "/accounts/connect/facebook/",
        f"/accounts/{account.pk}/",
        "/deliveries/set_aside/",
        "/deliveries/pending/",
        "/people/",
        "/preferences/",
        "/me/second-factor/",
        "/me/password/",
    ]


def faults(page: Page) -> list[str]:
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in violations(page, only=RULES)]


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page where HEED_PICTURES says, to look at by hand."""
    if folder := os.environ.get("HEED_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png")


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_no_page_shuts_anyone_out_and_every_page_fits_a_small_phone(
    visit: Any, maja: User, account: Account, language: str, theme: str
) -> None:
    page = visit(maja, "/accounts/", language=language, theme=theme)
    home = page.url.removesuffix("/accounts/")
    for address in addresses(account):
        page.set_viewport_size({"width": 320, "height": 640})
        page.goto(home + address)
        name = f"{address.strip('/').replace('/', '-')}-{language}"
        picture(page, f"{name}-phone")
        root = "document.documentElement"
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), address
        assert page.evaluate("document.querySelector('main').scrollWidth <= innerWidth"), address
        page.set_viewport_size({"width": 1440, "height": 900})
        page.evaluate("document.querySelectorAll('main details').forEach((each) => each.open = true)")
        picture(page, f"{name}-{theme}")
        assert faults(page) == [], address


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_the_sign_in_page_shuts_no_one_out(
    heed: str, visit: Any, maja: User, language: str, theme: str
) -> None:
    page = visit(maja, "/preferences/", language=language, theme=theme)
    page.context.clear_cookies(name=f"heed_session_{urlsplit(heed).port}")
    page.goto(f"{heed}/sign-in/")
    picture(page, f"sign-in-{language}-{theme}")
    assert faults(page) == []
    page.get_by_role("button", name="العربية").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")


def test_signing_in_by_hand(heed: str, visit: Any, maja: User) -> None:
    _give_password(maja)
    page = visit(maja, "/preferences/")
    page.context.clear_cookies()
    page.goto(f"{heed}/accounts/")
    page.get_by_label("Email").fill("maja@acme.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("not correct")
    picture(page, "sign-in-wrong")
    page.get_by_label("Email").fill("maja@acme.example")
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Accounts", level=1)).to_be_visible()


def test_the_accounts_page_is_alive(visit: Any, maja: User, account: Account) -> None:
    """Also after Heed was down for a moment behind a proxy, from which no browser comes back by itself."""
    page = visit(maja, "/accounts/")
    down = [502]
    page.route("**/live", lambda route: route.fulfill(status=down.pop()) if down else route.continue_())
    page.reload()
    card = page.locator(f"#account-{account.pk}")
    expect(card).to_contain_text("Connected")
    with transaction.atomic():
        verbs.disconnect(account)
    expect(card).to_contain_text("Disconnected")
    expect(card).to_contain_text("Reconnect it with its credentials.")
    expect(page.locator("#sections li", has_text="Acme on Facebook").locator(".dot.quiet")).to_be_visible()


def test_alarms_come_and_go_by_themselves(visit: Any, maja: User, account: Account) -> None:
    page = visit(maja, "/accounts/")
    expect(page.locator("#alarms .alarm")).to_have_count(0)
    for missing, count in ((["pages_messaging"], 1), ([], 0)):
        with transaction.atomic():
            Account.objects.filter(pk=account.pk).update(missing=missing)
            live.tell(["accounts"])
        expect(page.locator("#alarms .alarm")).to_have_count(count)


def test_what_is_half_typed_survives_news(visit: Any, maja: User, account: Account) -> None:
    page = visit(maja, f"/accounts/{account.pk}/")
    field = page.get_by_label("Name in Heed")
    field.fill("Acme sho")
    verbs.rename(account, "Acme in Ljubljana")
    expect(page.get_by_role("heading", level=1)).to_have_text("Acme in Ljubljana")
    expect(field).to_have_value("Acme sho")
    expect(field).to_be_focused()


def test_the_webhook_address_can_be_copied(visit: Any, maja: User, account: Account) -> None:
    page = visit(maja, f"/accounts/{account.pk}/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.get_by_role("button", name="Copied").click()
    expect(page.get_by_role("button", name="Copy", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").endswith(f"/hooks/{account.hook_token}")


def test_replaying_shows_the_outcome(visit: Any, maja: User, account: Account) -> None:
    delivery = Delivery.objects.get(state="set_aside")
    page = visit(maja, "/deliveries/")
    card = page.locator(f"#delivery-{delivery.pk}")
    card.get_by_role("button", name="Replay").click()
    expect(card).to_contain_text("It is being read again.")
    Delivery.objects.filter(pk=delivery.pk).update(state="done")
    expect(card).to_contain_text("It was read without a fault.")


def test_connecting_by_hand(visit: Any, maja: User) -> None:
    page = visit(maja, "/accounts/")
    page.get_by_role("link", name="Connect an account").first.click()
    page.get_by_role("main").get_by_role("link", name="Viber").click()
    page.get_by_role("textbox").first.fill("44b9-token")
    page.get_by_label("Name in Heed").fill("Acme on Viber")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Acme on Viber")
    account = Account.objects.get()
    assert (account.network, account.credentials) == ("viber", {"auth_token": "44b9-token"})


def test_language_and_look_change_at_once(visit: Any, maja: User) -> None:
    page = visit(maja, "/preferences/")
    page.get_by_label("Look").select_option("dark")
    page.get_by_label("Language").select_option("sl")
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "sl")


def test_a_passkey_is_made_and_signs_in(heed: str, visit: Any, maja: User) -> None:
    home = heed.replace("127.0.0.1", "localhost")  # a passkey belongs to a name, never to a number
    _give_password(maja)
    page = visit(maja, "/preferences/").context.new_page()  # the key goes with it
    _hold_authenticator(page)
    _sign_in(page, home, "/me/second-factor/webauthn/add/")
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Sign in without the password").check()
    page.evaluate("document.dispatchEvent(new CustomEvent('allauth.error', {cancelable: true}))")
    expect(page.locator(".toast")).to_have_text("That did not work. Try again.")  # nobody touched the key
    picture(page, "passkey-add")
    assert faults(page) == []
    page.get_by_role("main").get_by_role("button", name="Add").click()
    expect(page.get_by_role("main")).to_contain_text("Recovery codes")
    assert faults(page) == []
    picture(page, "recovery-codes")
    page.goto(f"{home}/me/second-factor/webauthn/")
    expect(page.get_by_role("main")).to_contain_text("Signs in without the password")
    picture(page, "passkeys")
    assert faults(page) == []
    page.context.clear_cookies()
    page.goto(f"{home}/sign-in/?next=/preferences/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Preferences")).to_be_visible()


def test_an_authenticator_app_is_set_up(heed: str, visit: Any, maja: User) -> None:
    _give_password(maja)
    page = visit(maja, "/preferences/")
    _sign_in(page, heed, "/me/second-factor/totp/activate/")
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("img.qr")).to_be_visible()
    picture(page, "authenticator-app")
    assert faults(page) == []
    secret = page.get_by_label("The same as text").input_value()
    page.get_by_label("Digits that the app shows").fill(_code(secret))
    page.get_by_role("main").get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("main")).to_contain_text("Recovery codes")
    page.context.clear_cookies()
    _sign_in(page, heed, "/preferences/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")
    picture(page, "second-factor-asked")
    assert faults(page) == []


def _give_password(person: User) -> None:
    person.set_password(cast.PASSWORD)
    person.save()


def _sign_in(page: Page, home: str, then: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{home}/sign-in/?next={then}")
    page.get_by_label("Email").fill("maja@acme.example")
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def _hold_authenticator(page: Page) -> None:
    """Plug in a key that always says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def _code(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))

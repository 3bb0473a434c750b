"""The pages beside the inbox in a real browser: readable for everyone, alive, and usable by hand."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import transaction
from playwright.sync_api import Page, expect

from heed.accounts.models import User
from heed.channels import verbs
from heed.channels.models import Account
from heed.inbox.models import Delivery
from heed.web.tests import cast

pytestmark = pytest.mark.browser

BODY = '{"entry":[{"id":"9","changes":[{"field":"feed","value":{"from":{"name":"Omar Badr"}}}]}]}'
LOOKS = [("en", "light"), ("en", "dark"), ("ar", "light"), ("sl", "light"), ("mn", "dark")]


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
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}).response
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found["violations"]]


def overflow(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_no_page_shuts_anyone_out(
    visit: Any, maja: User, account: Account, language: str, theme: str
) -> None:
    page = visit(maja, "/accounts/", language=language, theme=theme)
    for address in addresses(account):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + address)
        page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
        assert faults(page) == [], address


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_fits_a_small_phone(visit: Any, maja: User, account: Account, language: str) -> None:
    page = visit(maja, "/accounts/", language=language, size=(320, 640))
    home = page.url.removesuffix("/accounts/")
    for address in addresses(account):
        page.goto(home + address)
        assert not overflow(page), address


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_the_sign_in_page_too(
    heed: str, visit: Any, maja: User, account: Account, language: str, theme: str
) -> None:
    page = visit(maja, "/preferences/", language=language, theme=theme)
    page.context.clear_cookies(name=next(c["name"] for c in page.context.cookies() if "session" in c["name"]))
    page.goto(f"{heed}/sign-in/")
    assert faults(page) == []
    page.get_by_role("button", name="العربية").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")


def test_signing_in_by_hand(heed: str, visit: Any, maja: User, settings: Any) -> None:
    # The other tests hash quickly; this one is checked by a process that hashes as it should.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    maja.set_password(cast.PASSWORD)
    maja.save()
    page = visit(maja, "/preferences/")
    page.context.clear_cookies()
    page.goto(f"{heed}/accounts/")
    page.get_by_label("Email").fill("maja@acme.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("not correct")
    page.get_by_label("Email").fill("maja@acme.example")
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Accounts", level=1)).to_be_visible()


def test_the_accounts_page_is_alive(visit: Any, maja: User, account: Account) -> None:
    page = visit(maja, "/accounts/")
    card = page.locator(f"#account-{account.pk}")
    expect(card).to_contain_text("Connected")
    with transaction.atomic():
        verbs.disconnect(account)
    expect(card).to_contain_text("Needs attention")
    expect(card).to_contain_text("Reconnect it with its credentials.")


def test_a_half_typed_credential_survives_news(visit: Any, maja: User, account: Account) -> None:
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
    page.get_by_role("link", name="Viber").click()
    page.get_by_role("textbox").first.fill("44b9-token")
    page.get_by_label("Name in Heed").fill("Acme on Viber")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Acme on Viber")
    account = Account.objects.get()
    assert (account.network, account.credentials) == ("viber", {"auth_token": "44b9-token"})


def test_the_look_changes_at_once(visit: Any, maja: User) -> None:
    page = visit(maja, "/preferences/")
    page.get_by_label("Look").select_option("dark")
    page.get_by_label("Language").select_option("sl")
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "sl")

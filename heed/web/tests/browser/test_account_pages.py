"""Accounts in a real browser: a new one that gets its name, the way to its credentials, the side bar; and
answering as another of them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox.models import Message, Ticket
from heed.lib import live
from heed.web.tests import cast
from heed.web.tests.accounts import facebook

pytestmark = pytest.mark.browser


@pytest.fixture
def maja(transactional_db: None) -> User:
    return cast.maja()


def test_a_new_account_shows_the_name_it_got_and_what_is_typed_stays(visit: Any, maja: User) -> None:
    account = facebook(name="Facebook", state="connecting")
    page = visit(maja, f"/accounts/{account.pk}/")
    name = page.get_by_label("Name in Heed")
    expect(name).to_have_value("Facebook")
    Account.objects.update(name="Acme", state="connected")
    live.tell(["accounts"])
    expect(page.locator("#fresh h1")).to_have_text("Acme")
    expect(name).to_have_value("Acme")
    name.fill("Acme help")
    page.get_by_label("Opens a new ticket").check()
    Account.objects.update(name="Acme again")
    live.tell(["accounts"])
    expect(page.locator("#fresh h1")).to_have_text("Acme again")
    expect(name).to_have_value("Acme help")
    expect(page.get_by_label("Opens a new ticket")).to_be_checked()


def test_a_name_that_comes_while_the_field_has_the_focus_is_not_undone_by_saving(
    visit: Any, maja: User
) -> None:
    account = facebook(name="Facebook", state="connecting")
    page = visit(maja, f"/accounts/{account.pk}/")
    name = page.get_by_label("Name in Heed")
    name.focus()
    Account.objects.update(name="Acme", state="connected")
    live.tell(["accounts"])
    expect(page.locator("#fresh h1")).to_have_text("Acme")
    expect(name).to_have_value("Facebook")
    page.get_by_label("Opens a new ticket").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Save").click()
    expect(name).to_have_value("Acme")
    account.refresh_from_db()
    assert (account.name, account.after_solved) == ("Acme", "new")


def test_it_is_not_the_name_of_who_sends(visit: Any, maja: User) -> None:
    account = facebook(network="email", name="Help desk")
    account.credentials = {"address": "help@acme.example", "name": "Acme"}
    account.save()
    page = visit(maja, f"/accounts/{account.pk}/")
    Account.objects.update(name="Help desk again")
    live.tell(["accounts"])
    expect(page.get_by_label("Name in Heed")).to_have_value("Help desk again")
    expect(page.locator("#credentials [name=name]")).to_have_value("Acme")


def test_what_broke_meanwhile_leads_to_its_credentials(visit: Any, maja: User) -> None:
    account = facebook(state="connecting")
    page = visit(maja, f"/accounts/{account.pk}/")
    field = page.locator("#credentials [name=page_token]")
    expect(field).to_be_hidden()
    Account.objects.update(state="broken", problem="sign_in_again")
    live.tell(["accounts"])
    page.get_by_role("link", name="Reconnect").click()
    expect(field).to_be_visible()


def test_what_is_wrong_with_new_credentials_stays_while_the_page_goes_on(visit: Any, maja: User) -> None:
    account = facebook()
    page = visit(maja, f"/accounts/{account.pk}/")
    page.evaluate("document.querySelector('#as-shown [name=name]').required = false")
    page.get_by_label("Name in Heed").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#as-shown .errorlist")).to_be_visible()
    Account.objects.update(state="broken", problem="sign_in_again")
    live.tell(["accounts"])
    expect(page.locator("#fresh .notice.bad")).to_be_visible()
    expect(page.locator("#as-shown .errorlist")).to_be_visible()


def test_the_open_page_stands_in_sight_below_many_accounts(visit: Any, maja: User) -> None:
    for number in range(20):
        cast.account("viber", f"Acme {number}", external_id=str(number))
    facebook(state="broken", problem="sign_in_again")
    page = visit(maja, "/accounts/")
    here = page.locator("#sections [aria-current]")
    expect(here).to_be_in_viewport(ratio=1)
    foot = page.locator(".nav > footer").bounding_box()
    box = here.bounding_box()
    assert box["y"] + box["height"] <= foot["y"]
    expect(page.locator("#alarms .alarm")).to_be_in_viewport(ratio=1)


def test_another_account_answers_where_the_one_written_to_cannot(
    visit: Any, people: tuple[User, User], transactional_db: None
) -> None:
    shoes = cast.account("bluesky", "Acme Shoes", external_id="did:plc:shoes")
    helper = cast.account("bluesky", "Acme Help", external_id="did:plc:help")
    lea = cast.ticket(shoes, "Lea Marn", "Where is my parcel?", post=cast.post(shoes))
    Account.objects.filter(pk=shoes.pk).update(state="broken", problem="sign_in_again")
    page = visit(people[0], f"/inbox/unanswered/{lea.pk}/")
    page.get_by_role("tab", name="Reply publicly").click()
    expect(page.locator("[data-refusal]")).to_be_visible()
    expect(page.locator("#ways .chip")).to_have_text("as Acme Shoes")
    page.get_by_label("Answer from").select_option(label="Acme Help")
    expect(page.locator("#ways .chip")).to_have_text("as Acme Help")
    expect(page.locator("[data-refusal]")).to_be_hidden()
    page.get_by_role("tab", name="Note").click()
    page.get_by_role("tab", name="Reply publicly").click()
    expect(page.locator("#ways .chip")).to_have_text("as Acme Help")
    page.locator("#composer textarea").fill("On its way.")
    page.locator("[data-send]").click()
    expect(page.locator("#log .msg.out:not(.sending-now)", has_text="On its way.")).to_have_count(1)
    assert Message.objects.get(text="On its way.").account_id == helper.pk


def test_a_merged_ticket_leads_to_where_it_goes_on(
    visit: Any, people: tuple[User, User], lea: Ticket
) -> None:
    other = cast.ticket(lea.account, "Omar Badr", "Mine, too")
    Ticket.objects.filter(pk=other.pk).update(merged_into=lea)
    page = visit(people[0], f"/inbox/open/{other.pk}/")
    page.get_by_role("link", name=f"This ticket was merged: it goes on in #{lea.pk}.").click()
    expect(page.locator("#ticket")).to_have_attribute("data-number", str(lea.pk))
    expect(page.locator("#composer")).to_be_visible()

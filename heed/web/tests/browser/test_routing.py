"""A lead sets up a team and a rule; agents take tickets by keyboard."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from heed.accounts.models import Team, User
from heed.inbox.models import Event, Ticket
from heed.routing.models import Profile, Rule
from heed.tests.looks import serious
from heed.web.tests import cast

pytestmark = pytest.mark.browser


@pytest.fixture
def people(transactional_db: None) -> tuple[User, User, User]:
    return cast.ana(), cast.ivo(), cast.maja()


@pytest.fixture
def lea(people: tuple[User, User, User]) -> Ticket:
    return cast.a_morning(people[0], people[1])


def test_a_lead_makes_a_rule_and_sees_what_it_would_have_done(visit: Any, people: Any, lea: Ticket) -> None:
    Event.objects.create(
        kind="message_received", ticket=lea, account=lea.account, message=lea.messages.first()
    )
    page = visit(people[2], "/settings/rules/")
    page.get_by_role("link", name=re.compile("Begin with this")).first.click()
    page.get_by_label("If").fill("is:unanswred")
    expect(page.locator("#condition-told mark")).to_have_text("unanswred")
    expect(page.locator("#condition-told")).to_contain_text("Did you mean unanswered?")
    page.get_by_label("If").fill("is:unanswered")
    expect(page.locator("#condition-told")).to_contain_text("Understood.")
    page.get_by_role("button", name=re.compile("^Remove")).first.click()
    page.get_by_label("What else").select_option(label="Write a note")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Text").fill("Look at the zip first.")
    page.get_by_role("button", name="Try it on the last 7 days").click()
    expect(page.locator("#tried")).to_contain_text("would have touched 1 ticket")
    expect(page.locator("#tried")).to_contain_text("note “Look at the zip first.”")
    assert serious(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#tried")).to_contain_text("would have touched 1 ticket")
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator("header .chip")).to_have_text("On")
    assert [each["do"] for each in Rule.objects.get(on=True).actions] == ["add_tags", "note"]


def test_a_lead_sets_up_a_team(visit: Any, people: Any, lea: Ticket) -> None:
    page = visit(people[2], "/settings/teams/")
    page.get_by_label("Name of the team").fill("Returns")
    page.get_by_role("button", name="Make it").click()
    page.get_by_label("Ana Kovač").check()
    page.get_by_label("In turn", exact=True).check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".team")).to_contain_text("Ana Kovač")
    assert serious(page) == []
    page.locator(".team").get_by_role("link", name="Ana Kovač").click()
    page.get_by_label("Monday").fill("9:00-17:00")
    page.get_by_label("Languages").fill("sl, en")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#people")).to_contain_text("en, sl")
    assert Profile.objects.get().shifts == {"0": [["09:00", "17:00"]]}


def test_taking_tickets_by_keyboard_alone(visit: Any, people: Any, lea: Ticket) -> None:
    Team.objects.create(name="Returns")
    ana, ivo, _maja = people
    Ticket.objects.update(assignee=None)
    page = visit(ana, "/inbox/unanswered/")
    page.locator("#tickets").focus()
    page.keyboard.press("g")
    page.wait_for_url(re.compile("/inbox/mine/"))
    taken = Ticket.objects.get(assignee=ana)
    expect(page.locator("#assignee")).to_contain_text("Assigned to Ana Kovač")
    other = Ticket.objects.filter(assignee=None).first()
    assert other is not None
    assert other != taken
    page.goto(page.url.split("/inbox/")[0] + f"/inbox/all/{other.pk}/")
    Ticket.objects.filter(pk=other.pk).update(assignee=ivo)
    page.locator("#tickets").focus()
    page.keyboard.press("c")
    expect(page.locator("#toasts")).to_contain_text("Ivo Horvat has taken it already.")
    page.keyboard.press("a")
    page.get_by_role("button", name="Returns").first.click()
    expect(page.locator("#assignee .team")).to_have_text("Returns")
    page.locator("#me summary").click()
    page.get_by_role("button", name="Go away").click()
    expect(page.locator("#me")).to_contain_text("away")
    assert Profile.objects.get().away_since is not None

"""One table of actions: the cheat sheet, the palette and everyone's own keys."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from heed.accounts.models import Grant, Team, User
from heed.inbox.models import SavedView
from heed.web import actions
from heed.web.tests import cast

JS = Path(actions.__file__).parent / "static" / "js"


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def deeds(client: Client, ticket: int | None = None) -> set[str]:
    told = client.get(reverse("palette"), {"ticket": ticket} if ticket else {}).json()
    return {each["name"] for each in told["deeds"]}


def goals(client: Client) -> set[str]:
    return {each["words"] for each in client.get(reverse("palette")).json()["goals"]}


def test_every_action_of_the_table_is_done_by_some_script_and_none_is_unknown_to_it() -> None:
    provided: set[str] = set()
    for script in JS.glob("*.js"):
        for block in re.findall(r"^ *provide\(\{(.*?)\}\);", script.read_text(), re.S | re.M):
            provided |= set(re.findall(r"(?:^|\{|,)\s*(\w+):", block, re.M))
    assert provided == set(actions.NAMES)


def test_no_two_actions_come_with_one_key() -> None:
    assert actions.chosen({}) == {}


def test_the_palette_goes_where_one_may(page: Client, ana: User, maja: User) -> None:
    account = cast.account()
    SavedView.objects.create(owner=ana, name="Broken zips", condition="tag:zip")
    mine, hers = goals(page), goals(browser(maja))
    assert {"Unanswered", "All tickets", "Broken zips", account.name, "Quick texts", "Preferences"} <= mine
    assert {"Roles", "Audit", "Ana Kovač"} <= hers
    assert not {"Roles", "Audit", "Maja Zupan", "API tokens"} & mine
    assert "Broken zips" not in hers


def test_the_palette_does_what_one_may_on_this_ticket(page: Client, ana: User) -> None:
    ticket = cast.ticket(cast.account(), "Lea Marn", "Where is my parcel?")
    assert {"reply", "assign", "matters", "quick", "palette"} <= deeds(page, ticket.pk)
    assert "reply" not in deeds(page)
    assert {"palette", "take"} <= deeds(page)
    viewer = User.objects.create_user("oto@acme.example", None, name="Oto Tujec", role="viewer")
    assert deeds(browser(viewer), ticket.pk) & {"reply", "note", "assign", "tag", "quick", "take"} == set()
    team = Team.objects.create(name="Returns")
    Grant.objects.create(user=viewer, role="agent", team=team)
    assert "reply" not in deeds(browser(viewer), ticket.pk)
    ticket.team = team
    ticket.save()
    assert "reply" in deeds(browser(viewer), ticket.pk)


def test_the_palette_finds_tickets_and_people_one_may_see(page: Client, ana: User) -> None:
    ticket = cast.ticket(cast.account(), "Lea Marn", "Where is my parcel?", subject="Parcel 88140")
    url = reverse("palette_found")
    assert page.get(url, {"q": f"#{ticket.pk}"}).json()["items"][0]["url"] == reverse(
        "ticket", args=[ticket.pk]
    )
    assert page.get(url, {"q": "(("}).json() == {"items": []}
    assert page.get(url, {"q": " "}).json() == {"items": []}
    Grant.objects.filter(user=ana).update(team=Team.objects.create(name="Press"))
    assert page.get(url, {"q": str(ticket.pk)}).json() == {"items": []}
    assert page.get(reverse("palette"), {"ticket": ticket.pk}).status_code == 404


def test_the_cheat_sheet_shows_ones_own_keys(page: Client, ana: User) -> None:
    ana.keys = {"reply": "Alt r", "note": ""}
    ana.save()
    shown = page.get(reverse("view", args=["open"])).content.decode()
    assert 'data-action="reply" data-place="ticket" data-key="Alt r"' in shown
    assert "<kbd>Alt R</kbd>" in shown
    assert 'data-action="note"' not in shown
    ana.single_keys = False
    ana.save()
    shown = page.get(reverse("preferences")).content.decode()
    assert set(re.findall(r'data-action="(\w+)"', shown)) == {"reply", "guidelines", "palette"}


def test_the_inbox_names_the_keys_one_has(page: Client, ana: User) -> None:
    address = reverse("view", args=["open"])
    ana.keys = {"next": "Alt n"}
    ana.save()
    assert "Go through the list with <kbd>Alt N</kbd> and <kbd>K</kbd>" in page.get(address).content.decode()
    ana.single_keys = False
    ana.save()
    shown = page.get(address).content.decode()
    assert "Go through the list" not in shown
    assert "<kbd>/</kbd>" not in shown


def test_keys_are_chosen_kept_and_given_back(page: Client, ana: User) -> None:
    url = reverse("shortcuts")
    assert 'id="key-reply"' in page.get(url).content.decode()
    page.post(url, {"reply": "ctrl+Shift+Y", "note": "", "answered": "e", "single_keys": "on"})
    ana.refresh_from_db()
    assert (ana.keys, ana.single_keys) == ({"reply": "Ctrl Shift y", "note": ""}, True)
    page.post(url, {"reply": "r"})
    ana.refresh_from_db()
    assert (ana.keys, ana.single_keys) == ({"note": ""}, False)
    page.post(url, {"reset": "1"})
    ana.refresh_from_db()
    assert (ana.keys, ana.single_keys) == ({}, True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reply": "n"}, "“n” is the key for “Reply” already."),
        ({"reply": "Ctrl w"}, "Your browser keeps “Ctrl w” for itself."),
        ({"reply": "F5"}, "Give one letter or sign"),
        ({"reply": "š"}, "Give one letter or sign"),
        ({"reply": "Ctrl k", "palette": "Ctrl k"}, "“Ctrl k” is the key for “Reply” already."),
    ],
)
def test_keys_that_clash_are_refused_with_a_sentence(
    page: Client, ana: User, given: dict[str, str], said: str
) -> None:
    refused = page.post(reverse("shortcuts"), given)
    assert refused.status_code == 422
    assert said in refused.content.decode()
    ana.refresh_from_db()
    assert ana.keys == {}


def test_somebody_not_signed_in_gets_nothing(db: None) -> None:
    for name in ("palette", "palette_found", "shortcuts"):
        assert Client().get(reverse(name)).status_code == 302
        assert Client().get(reverse(name), headers={"HX-Request": "true"}).status_code == 401

"""Setting up tags, fields and the follow-up question."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils.translation import gettext, override

from heed.accounts.models import Brand, User
from heed.channels.models import Account
from heed.inbox import verbs
from heed.inbox.models import Field, FollowUpQuestion, SavedView, Tag
from heed.inbox.verbs import labels
from heed.web.tests import cast


@pytest.fixture
def lead(maja: User) -> Client:
    client = Client()
    client.force_login(maja)
    return client


def test_tags_are_made_renamed_merged_and_deleted(lead: Client, maja: User) -> None:
    assert "No tag yet" in lead.get("/settings/tags/").content.decode()
    for name in ("Zip", "zipper"):
        assert lead.post("/settings/tags/", {"name": name}).status_code == 302
    again = lead.post("/settings/tags/", {"name": "ZIP"})
    assert "There is a tag of this name." in again.content.decode()
    ticket = cast.ticket(cast.account(), "Lea Marn", "Hello")
    verbs.tag(ticket, maja, add=["zipper"])
    assert "1 ticket" in lead.get("/settings/tags/").content.decode()
    zipper = Tag.objects.get(name="zipper")
    page = lead.post(f"/settings/tags/{zipper.pk}/", {"name": "zip"}, follow=True)
    assert "The two tags are one now" in page.content.decode()
    labels.retag("zipper", "zip")
    ticket.refresh_from_db()
    assert ticket.tags == ["zip"]
    zipped = Tag.objects.get()
    view = SavedView.objects.create(owner=maja, name="Zips", condition="tag:zip", shared=True)
    assert "Delete this tag" not in lead.get(f"/settings/tags/{zipped.pk}/").content.decode()
    refused = lead.post(f"/settings/tags/{zipped.pk}/removal/", follow=True).content.decode()
    assert "still needed here: the view “Zips”" in refused
    view.delete()
    lead.post(f"/settings/tags/{zipped.pk}/removal/")
    assert not Tag.objects.exists()
    assert lead.get(f"/settings/tags/{zipper.pk}/").status_code == 404


def test_fields_are_made_ordered_changed_and_put_away(lead: Client) -> None:
    lead.post("/settings/fields/", {"title": "Order number", "kind": "text", "required": "on"})
    lead.post("/settings/fields/", {"title": "Cause", "kind": "choice", "choices": "Zip\nSole\nZip"})
    order, cause = Field.objects.order_by("pk")
    assert (order.key, order.required_on_solve, cause.choices) == ("order_number", True, ["Zip", "Sole"])
    short = lead.post("/settings/fields/", {"title": "Size", "kind": "choice", "choices": "42"})
    assert "at least two answers" in short.content.decode()
    lead.post(f"/settings/fields/{cause.pk}/place/", {"to": "up"})
    text = lead.get("/settings/fields/").content.decode()
    assert text.index("Cause") < text.index("Order number")
    assert "A ticket can be solved once this is filled in:" in text
    lead.post(f"/settings/fields/{order.pk}/", {"title": "Order", "kind": "number"})
    order.refresh_from_db()
    assert (order.title, order.kind, order.required_on_solve) == ("Order", "text", False)
    lead.post(f"/settings/fields/{cause.pk}/place/", {"to": "archive"})
    assert "No longer asked" in lead.get("/settings/fields/").content.decode()
    lead.post(f"/settings/fields/{cause.pk}/place/", {"to": "back"})
    assert not Field.objects.filter(archived=True).exists()


def test_a_question_per_account_with_what_it_does_now(lead: Client) -> None:
    account = cast.account()
    assert "asks nothing" in lead.get("/settings/follow-up/").content.decode()
    page = f"/settings/follow-up/{account.pk}/"
    lead.post(page, {"after_days": "4", "text": "Is it fixed?", "text_sl": "Je v redu?"})
    held = FollowUpQuestion.objects.get()
    assert (held.after_days, held.text, held.texts) == (4, "Is it fixed?", {"sl": "Je v redu?"})
    assert "would be asked about in 4 days" in lead.get(page).content.decode()
    lead.post(page, {"drop": "1"})
    assert not FollowUpQuestion.objects.exists()


@pytest.mark.parametrize("path", ["tags", "fields", "follow-up"])
def test_only_for_those_who_may(page: Client, path: str) -> None:
    assert page.get(f"/settings/{path}/").status_code == 403


def test_accounts_of_one_name_are_told_apart_and_one_question_serves_all(lead: Client) -> None:
    page, chat = cast.account("facebook", "Acme"), cast.account("telegram", "Acme")
    listed = lead.get("/settings/follow-up/").content.decode()
    for name in ("Acme · Facebook", "Acme · Telegram"):
        assert f'<bdi class="name">{name}' in listed
    brands = lead.get("/settings/brands/").content.decode()
    assert "Which account" not in brands
    lead.post("/settings/brands/", {"name": "Acme Kids"})
    brands = lead.get("/settings/brands/").content.decode()
    assert ("Acme · Facebook" in brands, brands.count('action="/settings/brands/accounts/"')) == (True, 1)
    asked = {"after_days": "4", "text": "Is it fixed?"}
    lead.post(f"/settings/follow-up/{chat.pk}/", asked | {"text": "Does it hold?"})
    assert FollowUpQuestion.objects.get().account == chat
    lead.post(f"/settings/follow-up/{page.pk}/", asked | {"everywhere": "1"})
    held = FollowUpQuestion.objects.order_by("account")
    assert {(each.account_id, each.text) for each in held} == {
        (page.pk, "Is it fixed?"),
        (chat.pk, "Is it fixed?"),
    }


def test_brands_of_all_accounts_are_saved_at_once(lead: Client) -> None:
    page, chat = cast.account("facebook", "Acme"), cast.account("telegram", "Acme chat")
    kids = Brand.objects.create(name="Acme Kids")
    both = {"account": [page.pk, chat.pk], "brand": [kids.pk, kids.pk]}
    gone = lead.post("/settings/brands/accounts/", both | {"brand": [kids.pk, 98765]}, follow=True)
    assert "This place is gone" in gone.content.decode()
    assert not Account.objects.exclude(brand=None).exists()
    lead.post("/settings/brands/accounts/", both)
    assert Account.objects.filter(brand=kids).count() == 2
    lead.post("/settings/brands/accounts/", {"account": page.pk, "brand": ""})
    assert list(Account.objects.filter(brand=kids)) == [chat]


@pytest.mark.parametrize("language", ["en", "sl", "ar", "mn"])
def test_what_is_ones_own_and_what_is_the_desks_are_not_called_the_same(language: str) -> None:
    with override(language):
        assert gettext("Preferences") != gettext("Settings")

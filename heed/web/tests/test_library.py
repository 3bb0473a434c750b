"""Quick texts and guidelines on the pages: what one gets while writing, and how they are set up."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from heed.accounts.models import Brand, Team, User
from heed.inbox.models import Field, Ticket
from heed.library import verbs
from heed.library.models import Guideline, QuickText
from heed.web.guideline_words import written
from heed.web.tests import cast


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def lea(db: None) -> Ticket:
    ticket = cast.ticket(cast.account(), "Lea Marn", "Where is my parcel?")
    ticket.fields, ticket.language = {"order": "88140"}, "sl"
    ticket.save()
    return ticket


def test_a_quick_text_comes_filled_and_counts(page: Client, ana: User, lea: Ticket) -> None:
    text = "Hi {first_name}, {agent} here: {order} ({ticket}, {account}). {refund}"
    mine = verbs.make_quick_text(ana, "parcel", text)
    verbs.make_quick_text(ana, "danke", "Danke, {name}", language="de")
    filled = f"Hi Lea, Ana here: 88140 (#{lea.pk}, Acme on Facebook). {{refund}}"
    verbs.count_use(QuickText.objects.get(name="danke"))
    listed = page.get(reverse("ticket_quick_texts", args=[lea.pk])).json()["items"]
    assert [(each["name"], each["text"]) for each in listed] == [
        ("parcel", filled),
        ("danke", "Danke, Lea Marn"),
    ]
    taken = page.post(reverse("ticket_quick_text", args=[lea.pk, mine.pk])).json()
    assert taken == {"text": filled}
    assert QuickText.objects.get(pk=mine.pk).used == 1


def test_nobody_takes_what_is_not_theirs(page: Client, ivo: User, lea: Ticket) -> None:
    his = verbs.make_quick_text(ivo, "his", "His")
    assert page.post(reverse("ticket_quick_text", args=[lea.pk, his.pk])).status_code == 404
    assert page.get(reverse("ticket_quick_texts", args=[lea.pk])).json() == {"items": []}
    assert QuickText.objects.get(pk=his.pk).used == 0
    assert page.get(reverse("quick_text", args=[his.pk])).status_code == 404
    assert page.post(reverse("quick_text_removal", args=[his.pk])).status_code == 404
    viewer = browser(User.objects.create_user("oto@acme.example", None, name="Oto Tujec", role="viewer"))
    assert viewer.get(reverse("quick_texts")).status_code == 403


def test_an_agent_keeps_their_own_and_only_reads_shared_ones(page: Client, maja: User, lea: Ticket) -> None:
    shared = verbs.make_quick_text(maja, "sizes", "They run small.", shared=True)
    first = page.get(reverse("quick_texts"))
    assert b"<bdi>/sizes</bdi>" in first.content
    assert reverse("quick_text", args=[shared.pk]).encode() not in first.content
    assert b'name="whose"' not in first.content
    given = {"name": "/Thanks", "text": "Thank you, {first_name}!", "language": "", "whose": "all"}
    assert page.post(reverse("quick_texts"), given).status_code == 302
    made = QuickText.objects.get(name="thanks")
    assert not made.shared
    again = page.post(reverse("quick_texts"), given)
    assert "There is a quick text of this name already." in again.content.decode()
    assert page.post(reverse("quick_text", args=[shared.pk]), given).status_code == 403
    changed = {"name": "thanks", "text": "Thanks!", "title": "Short"}
    assert page.post(reverse("quick_text", args=[made.pk]), changed).status_code == 302
    assert QuickText.objects.get(pk=made.pk).text == "Thanks!"
    page.post(reverse("quick_text_removal", args=[made.pk]))
    assert not QuickText.objects.filter(pk=made.pk).exists()


def test_a_lead_shares_with_a_team(db: None, lea: Ticket) -> None:
    team = Team.objects.create(name="Returns")
    lead = browser(User.objects.create_user("lead@acme.example", None, name="Jan Sever", role="lead"))
    lead.post(reverse("quick_texts"), {"name": "back", "text": "Send it back.", "whose": str(team.pk)})
    made = QuickText.objects.get()
    assert (made.owner, made.team) == (None, team)
    lead.post(reverse("quick_text", args=[made.pk]), {"name": "back", "text": "Send it.", "whose": "all"})
    made.refresh_from_db()
    assert (made.owner, made.team, made.text) == (None, None, "Send it.")


def test_the_page_shows_what_it_becomes_for_the_newest_ticket(page: Client, lea: Ticket) -> None:
    Field.objects.create(key="order", title="Order", kind="text")
    shown = page.post(
        reverse("quick_text_preview"), {"text": "Hi {first_name}: {order} {refund}"}
    ).content.decode()
    assert "Hi Lea: 88140 {refund}" in shown
    assert "<code>{refund}</code>" in shown
    assert "<code>{order}</code>" not in shown
    Ticket.objects.all().delete()
    assert (
        "As soon as there is a ticket"
        in page.post(reverse("quick_text_preview"), {"text": "x"}).content.decode()
    )


def test_guidelines_beside_a_ticket(page: Client, maja: User, lea: Ticket) -> None:
    url = reverse("ticket_guidelines", args=[lea.pk])
    assert "Nothing is written for this ticket yet." in page.get(url).content.decode()
    verbs.write_guideline(maja, "# Tone\nWarm.\n- short\n- honest")
    shown = page.get(url).content.decode()
    assert '<h3 dir="auto">Tone</h3><p dir="auto">Warm.</p><ul dir="auto">' in shown
    assert "For everybody" in shown
    verbs.write_guideline(maja, "Playful.", account=lea.account_id)
    assert "Playful." in page.get(url).content.decode()
    elsewhere = browser(User.objects.create_user("oto@x.example", None, name="Oto Tujec", role=""))
    assert elsewhere.get(url).status_code == 403


def test_guidelines_are_text_and_never_markup() -> None:
    shown = written("# <b>\n<script>x</script>\n- <i>\n\nlast\nline")
    assert shown == (
        '<h3 dir="auto">&lt;b&gt;</h3><p dir="auto">&lt;script&gt;x&lt;/script&gt;</p>'
        '<ul dir="auto"><li>&lt;i&gt;</li></ul><p dir="auto">last\nline</p>'
    )


def test_leads_write_guidelines_and_others_read_them(page: Client, maja: User, lea: Ticket) -> None:
    brand = Brand.objects.create(name="Acme Kids")
    lead = browser(maja)
    empty = page.get(reverse("guidelines")).content.decode()
    assert "It could begin like this" in empty
    assert reverse("guideline", args=["desk"]) not in empty
    assert page.get(reverse("guideline", args=["desk"])).status_code == 403
    assert page.post(reverse("guideline", args=["desk"]), {"text": "x"}).status_code == 403
    assert not Guideline.objects.exists()
    place = f"brand-{brand.pk}"
    assert place in lead.get(reverse("guidelines")).content.decode()
    lead.post(reverse("guideline", args=[place]), {"text": "# Tone\nPlayful"})
    assert Guideline.objects.get().brand == brand
    assert "Playful" in page.get(reverse("guidelines")).content.decode()
    shown = lead.post(reverse("guideline", args=[place]), {"text": "# Soon"}, headers={"HX-Request": "true"})
    assert shown.content.decode() == '<h3 dir="auto">Soon</h3>'
    assert "Playful" in Guideline.objects.get().text
    assert lead.get(reverse("guideline", args=["team-99"])).status_code == 404
    lead.post(reverse("guideline", args=[place]), {"text": ""})
    assert not Guideline.objects.exists()


def test_the_slash_of_a_quick_text_belongs_to_its_name(page: Client, ana: User) -> None:
    made = verbs.make_quick_text(ana, "return", "Send it back.")
    for address in (reverse("quick_texts"), reverse("quick_text", args=[made.pk])):
        assert "<bdi>/return</bdi>" in page.get(address).content.decode()

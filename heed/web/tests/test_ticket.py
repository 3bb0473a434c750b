"""What colleagues do to a ticket through its page."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import translation

from heed.accounts.models import User
from heed.inbox.models import Draft, Event, Message, Ticket
from heed.lib import clock
from heed.web.templatetags import desk
from heed.web.tests import cast


@pytest.fixture
def lea(ana: User, ivo: User) -> Ticket:
    return cast.a_morning(ana, ivo)


def send(page: Client, ticket: Ticket, text: str, **fields: str) -> tuple[int, str]:
    answer = page.post(f"/tickets/{ticket.pk}/messages/", {"text": text, "visibility": "public", **fields})
    return answer.status_code, answer.content.decode()


def test_an_answer_is_queued_and_shown(page: Client, ana: User, lea: Ticket) -> None:
    status, text = send(page, lea, "On its way!")
    assert status == 200
    assert "On its way!" in text
    assert "waiting to be sent" in text
    sent = Message.objects.get(text="On its way!")
    assert (sent.author, sent.state, sent.visibility) == (ana, "queued", "public")
    assert Ticket.objects.get(pk=lea.pk).unanswered


def test_the_same_key_is_the_same_message(page: Client, lea: Ticket) -> None:
    key = str(uuid4())
    send(page, lea, "Once", key=key)
    send(page, lea, "Once", key=key)
    assert Message.objects.filter(text="Once").count() == 1


def test_send_and_mark_answered(page: Client, lea: Ticket) -> None:
    send(page, lea, "Done.", mark="1")
    assert not Ticket.objects.get(pk=lea.pk).unanswered


def test_a_note_never_leaves(page: Client, lea: Ticket) -> None:
    status, text = send(page, lea, "Ask Ivo first", visibility="note")
    assert status == 200
    assert 'class="note"' in text
    assert Message.objects.get(text="Ask Ivo first").state == "noted"
    assert Ticket.objects.get(pk=lea.pk).unanswered


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": " "}, "Write something first"),
        ({"visibility": "private", "text": "a" * 2001}, "1 over"),
        ({"to": "999999"}, "not in this ticket"),
        ({"files": "999999"}, "no longer there"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_words(
    page: Client, lea: Ticket, fields: dict[str, str], words: str
) -> None:
    before = Message.objects.count()
    status, text = send(page, lea, fields.pop("text", "Hello"), **fields)
    assert status == 422
    assert words in text
    assert Message.objects.count() == before


def test_marking_answered_and_back(page: Client, ana: User, lea: Ticket) -> None:
    text = page.post(f"/tickets/{lea.pk}/answered/").content.decode()
    assert not Ticket.objects.get(pk=lea.pk).unanswered
    assert "<bdi>Ana Kovač</bdi> marked it answered" in text
    page.delete(f"/tickets/{lea.pk}/answered/")
    assert Ticket.objects.get(pk=lea.pk).unanswered


def test_handing_over(page: Client, ivo: User, lea: Ticket) -> None:
    page.post(f"/tickets/{lea.pk}/assignee/", {"person": ivo.pk})
    assert Ticket.objects.get(pk=lea.pk).assignee == ivo
    text = page.post(f"/tickets/{lea.pk}/assignee/", {"person": ""}).content.decode()
    assert Ticket.objects.get(pk=lea.pk).assignee is None
    assert "Assign to me" in text
    answer = page.post(f"/tickets/{lea.pk}/assignee/", {"person": "999999"})
    assert answer.status_code == 422


def test_statuses(page: Client, lea: Ticket) -> None:
    for status in ("pending", "solved", "open"):
        assert page.post(f"/tickets/{lea.pk}/status/", {"status": status}).status_code == 200
        assert Ticket.objects.get(pk=lea.pk).status == status
    assert page.post(f"/tickets/{lea.pk}/status/", {"status": "closed"}).status_code == 422


def test_a_draft_is_ones_own(page: Client, ana: User, ivo: User, lea: Ticket) -> None:
    address = f"/tickets/{lea.pk}/drafts/private/"
    assert page.post(address, {"text": "Half a"}).status_code == 204
    assert "Half a" in page.get(f"/inbox/open/{lea.pk}/").content.decode()
    other = Client()
    other.force_login(ivo)
    assert "Half a" not in other.get(f"/inbox/open/{lea.pk}/").content.decode()
    page.post(address, {"text": ""})
    assert not Draft.objects.exists()
    assert page.post(f"/tickets/{lea.pk}/drafts/secret/", {"text": "x"}).status_code == 422


def test_a_draft_has_its_choices(page: Client, ana: User, lea: Ticket) -> None:
    address, offered = f"/tickets/{lea.pk}/drafts/private/", {"choices": ["New ones", "Re\0fund"]}
    page.post(address, {"text": "", **offered, "details": ["", "in 3 days"], "opener": "Choose"})
    draft = Draft.objects.get()
    items = [{"title": "New ones", "detail": ""}, {"title": "Re\ufffdfund", "detail": "in 3 days"}]
    assert draft.choices == {"items": items, "opener": "Choose"}
    assert "in 3 days" in page.get(f"/inbox/open/{lea.pk}/").content.decode()
    page.post(address, {"text": "What now?"})
    assert Draft.objects.get().choices == {}


def test_sending_ends_the_draft(page: Client, lea: Ticket) -> None:
    page.post(f"/tickets/{lea.pk}/drafts/public/", {"text": "Half a"})
    send(page, lea, "A whole")
    assert not Draft.objects.exists()


def test_the_menu_of_a_message_offers_what_can_be_done(page: Client, lea: Ticket) -> None:
    comment = lea.messages.order_by("at").first()
    assert comment is not None
    text = page.get(f"/inbox/open/{lea.pk}/").content.decode()
    assert f'hx-post="/messages/{comment.pk}/acts/hide/"' in text
    assert f'hx-post="/messages/{comment.pk}/acts/unhide/"' not in text
    assert page.post(f"/messages/{comment.pk}/acts/hide/").status_code == 200
    refused = page.post(f"/messages/{comment.pk}/acts/dance/")
    assert refused.status_code == 422
    assert "cannot be done" in refused.content.decode()


def test_a_comment_is_answered_privately_from_its_menu(page: Client, ana: User, lea: Ticket) -> None:
    comment = lea.messages.filter(direction="in").order_by("at").first()
    assert comment is not None
    ours = cast.wrote(lea, ana, "Sorry to hear that.")
    assert lea.post is not None
    lea.post.permalink = "https://www.facebook.com/acme/posts/1"
    lea.post.save()
    Message.objects.filter(pk=comment.pk).update(
        permalink="https://www.facebook.com/acme/posts/1?comment_id=9"
    )
    text = page.get(f"/inbox/open/{lea.pk}/").content.decode()
    assert f'data-reply-to="{comment.pk}" data-visibility="public" data-privately' in text
    menu = text.partition(f'id="menu-{comment.pk}"')[2].partition("</details>")[0]
    assert 'href="https://www.facebook.com/acme/posts/1?comment_id=9"' in menu
    own = text.partition(f'id="menu-{ours.pk}"')[2].partition("</details>")[0]
    assert 'href="https://www.facebook.com/acme/posts/1"' in own
    assert "data-privately" not in own
    tuya = Ticket.objects.get(identity__name="Tuya Bold")
    assert "data-privately" not in page.get(f"/inbox/open/{tuya.pk}/").content.decode()


def test_a_person_decides_what_nobody_can_prove(page: Client, ana: User, lea: Ticket) -> None:
    message = cast.wrote(lea, ana, "Perhaps", state="unknown", external_id="")
    assert "It arrived" in page.get(f"/inbox/open/{lea.pk}/").content.decode()
    page.post(f"/messages/{message.pk}/settlement/", {"outcome": "resend"})
    message.refresh_from_db()
    assert message.state == "queued"
    again = page.post(f"/messages/{message.pk}/settlement/", {"outcome": "sent"})
    assert again.status_code == 422


def test_a_failed_answer_says_why_and_can_be_dismissed(page: Client, ana: User, lea: Ticket) -> None:
    facts = {"state": "failed", "reason": "unreachable", "detail": "(551) not available", "external_id": ""}
    message = cast.wrote(lea, ana, "Too late", **facts)
    text = page.get(f"/inbox/open/{lea.pk}/").content.decode()
    assert "does not accept messages from us" in text
    assert "(551) not available" in text
    assert "Edit again" in text
    assert "Too late" not in page.post(f"/messages/{message.pk}/dismissal/").content.decode()
    assert page.post(f"/messages/{message.pk}/dismissal/").status_code in (200, 422)


def test_marks_of_a_message(page: Client, ana: User, lea: Ticket) -> None:
    first = lea.messages.order_by("at").first()
    assert first is not None
    first.revisions.create(at=first.at, text="The left boot came brokn")
    first.revisions.create(at=lea.last_at, text=first.text)
    Message.objects.filter(pk=first.pk).update(edited_at=lea.last_at, hidden=True, liked=True)
    gone = cast.said(lea, "I take that back", removed_at=lea.last_at)
    cast.wrote(lea, None, "Answered on the phone app")
    text = page.get(f"/inbox/open/{lea.pk}/").content.decode()
    for words in ("edited", "hidden from the public", "liked by us", "came brokn", "outside Heed"):
        assert words in text
    assert f'<s class="said" dir="auto">{gone.text}</s>' in text


def test_events_are_told_in_words(page: Client, ana: User, lea: Ticket) -> None:
    for kind, data in (
        ("status_changed", {"status": "pending"}),
        ("hidden_changed", {"hidden": True}),
        ("ticket_reopened", {}),
        ("action_failed", {"action": "like", "reason": "gone"}),
    ):
        Event.objects.create(kind=kind, ticket=lea, account=lea.account, actor=ana, data=data)
    text = page.get(f"/inbox/open/{lea.pk}/").content.decode()
    assert "set the status to Pending" in text
    assert "hid a comment" in text
    assert "opened it again" in text
    assert "“Like” did not work on the network. What you answer is no longer there." in text


def test_ways_that_are_closed_say_why(page: Client, lea: Ticket) -> None:
    lea.identity.reachable = False
    lea.identity.save()
    text = page.get(f"/inbox/open/{lea.pk}/").content.decode()
    assert 'data-way="private"' in text
    assert 'class="closed" aria-describedby="why-private"' in text
    assert "Reply privately: This person does not accept messages from us now.</small>" in text
    tuya = Ticket.objects.get(identity__name="Tuya Bold")
    assert 'data-way="public"' not in page.get(f"/inbox/open/{tuya.pk}/").content.decode()


def test_only_a_chosen_message_is_quoted(page: Client, ana: User, lea: Ticket) -> None:
    first = lea.messages.filter(direction="in").order_by("at").first()
    newest = lea.messages.filter(direction="in").order_by("at").last()
    cast.wrote(lea, ana, "To the newest", answers=newest)
    assert 'class="quote"' not in page.get(f"/inbox/open/{lea.pk}/").content.decode()
    cast.wrote(lea, ana, "To the first", answers=first)
    assert 'class="quote"' in page.get(f"/inbox/open/{lea.pk}/").content.decode()


def shown(html: str) -> list[tuple[str, str]]:
    """Days and messages, in order."""
    return re.findall(r'class="said" dir="auto">(No\. \d+)<|(<p class="day" id="d\d+)', html)


@pytest.fixture
def long_talk(ana: User) -> Ticket:
    """Three days of it, none of which begins where a part does."""
    talk = cast.ticket(cast.account("viber", "Acme on Viber"), "Jan Sever", "No. 0", minutes=60 * 72)
    start = talk.opened_at
    for number in range(1, 120):
        cast.said(talk, f"No. {number}", at=start + timedelta(minutes=number * 36))
    return talk


def test_a_long_thread_begins_at_its_end(page: Client, long_talk: Ticket) -> None:
    """Part by part one reads to its beginning: every message once, every day once above its first."""
    whole = page.get(f"/inbox/all/{long_talk.pk}/", headers={"Heed-Shown-Since": "*"})
    assert len(shown(whole.content.decode())) < 60, "opening a ticket starts at its end"
    html = page.get(f"/inbox/all/{long_talk.pk}/").content.decode()
    found, asked = shown(html), 0
    while earlier := re.search(r'hx-get="(/tickets/\d+/earlier/[^"]+)"', html):
        html = page.get(earlier[1].replace("&amp;", "&")).content.decode()
        found = shown(html) + found[1:]  # the button and the day beneath it give way
        asked += 1
    assert asked == 2
    everything = page.get(f"/inbox/news/?ticket={long_talk.pk}", headers={"Heed-Shown-Since": "*"})
    assert found == shown(everything.content.decode())
    assert [text for text, day in found if text] == [f"No. {number}" for number in range(120)]
    days = [day for text, day in found if day]
    assert len(days) == len(set(days)) >= 3


def test_a_post_of_the_customers_own_goes_when_it_comes_as_a_message(
    page: Client, ana: User, ivo: User
) -> None:
    account = cast.account("bluesky", "@acme.shoes")
    theirs = cast.post(account, "Thank you all")
    omar = cast.ticket(account, "Omar Badr", theirs.text, post=theirs)
    omar.messages.update(external_id=theirs.external_id, kind="mention")
    cast.wrote(omar, ana, "@Ivo, see", visibility="note")
    for number in range(50):
        cast.said(omar, f"No. {number}")
    html = page.get(f"/inbox/all/{omar.pk}/").content.decode()
    said = f'class="said" dir="auto">{theirs.text}<'
    assert (html.count(said), 'id="post"' in html) == (1, True)
    earlier = re.findall(r'hx-get="(/tickets/\d+/earlier/[^"]+)"', html)[0].replace("&amp;", "&")
    html = page.get(earlier).content.decode()
    gone = f"""<hx-partial hx-target="#ticket[data-number='{omar.pk}'] #post" hx-swap="delete">"""
    assert (html.count(said), gone in html) == (1, True)
    assert '<b class="meant">@Ivo</b>' in html


def test_what_one_opened_stays_open(page: Client, long_talk: Ticket) -> None:
    """After one's own deeds and after news alike."""
    html = page.get(f"/inbox/all/{long_talk.pk}/").content.decode()
    start = re.findall(r'data-start="([^"]+)"', html)[0]
    html = page.get(f"/tickets/{long_talk.pk}/earlier/", {"before": start}).content.decode()
    headers = {"Heed-Shown-Since": re.findall(r'data-start="([^"]+)"', html)[0]}
    news = page.get(f"/inbox/news/?ticket={long_talk.pk}", headers=headers)
    answer = page.post(f"/tickets/{long_talk.pk}/answered/", headers=headers)
    for found in (news, answer):
        texts = [text for text, day in shown(found.content.decode()) if text]
        assert texts == [f"No. {number}" for number in range(20, 120)]


def test_a_wrong_place_in_a_thread_is_refused(page: Client, lea: Ticket) -> None:
    assert page.get(f"/tickets/{lea.pk}/earlier/?before=x").status_code == 400


def test_a_public_answer_can_lead_to_a_private_talk(page: Client, lea: Ticket) -> None:
    shown = page.get(f"/inbox/open/{lea.pk}/").content.decode()
    facts = {name: json.loads(html.unescape(raw)) for name, raw in WAYS.findall(shown)}
    assert facts["public"]["link"] == "https://m.me/facebook-page"
    assert facts["private"]["link"] == ""


def test_a_mail_shows_what_it_quotes_one_click_away(page: Client, lea: Ticket) -> None:
    lea.messages.update(refs={"whole": "My parcel?\n> You wrote <b>yesterday</b>"})
    shown = page.get(f"/inbox/open/{lea.pk}/").content.decode()
    assert "My parcel?\n&gt; You wrote &lt;b&gt;yesterday&lt;/b&gt;</p></details>" in shown


WAYS = re.compile(r'data-way="(\w+)" data-facts="([^"]*)"')


@pytest.mark.parametrize(
    ("role", "ways", "menus"),
    [("agent", ["public", "private", "note"], True), ("publisher", ["note"], False), ("viewer", [], False)],
)
def test_the_page_offers_what_one_may_do(
    page: Client, ana: User, lea: Ticket, role: str, ways: list[str], menus: bool
) -> None:
    ana.grants.update(role=role)
    Ticket.objects.update(assignee=None)
    text = page.get(f"/tickets/{lea.pk}/", follow=True).content.decode()
    assert re.findall(r'data-way="(\w+)"', text) == ways
    for offer in ('id="ticket-menu"', 'id="later"', "data-answered", "/claim/", "/split/", "/acts/hide/"):
        assert (offer in text) is menus, offer
    assert ("You may read this ticket, not answer it." in text) is not bool(ways)


@pytest.mark.parametrize(
    ("rating", "words"), [(True, "The customer is satisfied 👍"), (False, "The customer is not satisfied 👎")]
)
def test_the_head_tells_what_the_customer_tapped(page: Client, lea: Ticket, rating: bool, words: str) -> None:
    assert "satisfied" not in page.get(f"/inbox/open/{lea.pk}/").content.decode()
    Ticket.objects.filter(pk=lea.pk).update(rating=rating)
    assert f'aria-label="{words}"' in page.get(f"/inbox/open/{lea.pk}/").content.decode()


@pytest.mark.parametrize(
    ("language", "this_year", "another"),
    [
        ("en", "Monday, March 2", "Saturday, March 2, 2019"),
        ("sl", "ponedeljek, 2. marec", "sobota, 2. marec 2019"),
        ("ar", "الاثنين، 2 مارس", "السبت، 2 مارس 2019"),
        ("mn", "гуравдугаар сарын 2, даваа", "2019\u202fоны гуравдугаар сарын 2, бямба гараг"),
    ],
)
def test_a_day_of_this_year_goes_without_its_number(language: str, this_year: str, another: str) -> None:
    moved = datetime(2026, 11, 3, tzinfo=UTC) - clock.now()
    with translation.override(language), clock.moved(moved):
        assert desk.whole_day(date(2026, 3, 2)) == this_year
        assert desk.whole_day(date(2019, 3, 2)) == another


def test_a_nameless_visitor_is_called_so_in_the_readers_language(page: Client, lea: Ticket) -> None:
    lea.identity.name = "Visitor · Triglav boot"
    lea.identity.save()
    page.cookies["heed_language"] = "sl"
    text = page.get(f"/inbox/unanswered/{lea.pk}/").content.decode()
    assert text.count("<bdi>Obiskovalec · Triglav boot</bdi>") == 3  # in the list, twice beside it
    assert "Visitor" not in text
    lea.identity.name = "Visitors of Acme"
    assert desk.called(lea.identity) == "Visitors of Acme"

"""The inbox's pages: who may see them, what stands on them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import reach
from heed.inbox.models import Event, Identity, Message, Post, Ticket
from heed.web import story
from heed.web.tests import cast


def number_of(text: str, page: Client, path: str) -> list[int]:
    """The numbers of the rows in a list, in order."""
    return [int(number) for number in re.findall(r'id="t(\d+)"', page.get(path).content.decode())]


@pytest.fixture
def lea(ana: User, ivo: User) -> Ticket:
    return cast.a_morning(ana, ivo)


PATHS = [
    "/",
    "/inbox/unanswered/",
    "/inbox/unanswered/1/",
    "/inbox/unanswered/rows/",
    "/inbox/account/1/",
    "/inbox/account/1/1/",
    "/inbox/account/1/rows/",
    "/inbox/news/",
    "/tickets/1/",
    "/tickets/1/picture/",
    "/files/1/",
]
DEEDS = [
    "/tickets/1/messages/",
    "/tickets/1/answered/",
    "/tickets/1/assignee/",
    "/tickets/1/status/",
    "/tickets/1/drafts/public/",
    "/tickets/1/files/",
    "/messages/1/acts/like/",
    "/messages/1/settlement/",
    "/messages/1/dismissal/",
]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_is_sent_to_sign_in(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.django_db
@pytest.mark.parametrize("path", DEEDS)
def test_a_stranger_does_nothing(path: str) -> None:
    assert Client().post(path).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("path", DEEDS)
def test_a_page_that_was_signed_out_hears_a_sentence(path: str) -> None:
    answer = Client().post(path, headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert "signed out" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", DEEDS)
def test_deeds_are_not_links(page: Client, path: str) -> None:
    assert page.get(path).status_code == 405


@pytest.mark.parametrize("path", PATHS[2:3] + PATHS[4:7] + PATHS[8:])
def test_what_is_not_there_is_not_found(page: Client, path: str) -> None:
    assert page.get(path).status_code == 404


def test_an_unknown_view_is_not_found(page: Client) -> None:
    assert page.get("/inbox/nonsense/").status_code == 404
    assert page.get("/inbox/news/?queue=1&view=nonsense").status_code == 404


def test_a_colleague_who_left_is_a_stranger(page: Client, ana: User) -> None:
    ana.is_active = False
    ana.save()
    assert page.get("/inbox/unanswered/").status_code == 302


def test_home_is_what_waits_for_an_answer(page: Client) -> None:
    assert page.get("/").headers["Location"] == "/inbox/unanswered/"


def test_lists_hold_what_they_say_newest_first(page: Client, lea: Ticket) -> None:
    by_name = {ticket.identity.name: ticket.pk for ticket in Ticket.objects.filter(running=True)}
    names = {number: name for name, number in by_name.items()}

    def shown(path: str) -> list[str]:
        return [names[number] for number in number_of("", page, path)]

    assert shown("/inbox/unanswered/") == ["Lea Marn", "Omar Badr", "Tuya Bold", "Jan Sever", "Sam Cole"]
    assert shown("/inbox/mine/") == ["Lea Marn"]
    assert shown("/inbox/unassigned/") == ["Omar Badr", "Tuya Bold", "Jan Sever", "Sam Cole"]
    assert "Nadia Karim" in shown("/inbox/open/")
    assert shown(f"/inbox/account/{lea.account_id}/") == ["Lea Marn", "Jan Sever"]


def test_the_side_bar_counts(page: Client, lea: Ticket) -> None:
    text = page.get("/inbox/unanswered/").content.decode()
    counts = re.findall(r'<a href="/inbox/(\w+)/"[^>]*>[^<]*<span class="num">(\d*)', text)
    assert counts[:3] == [("mine", "1"), ("unanswered", "5"), ("overdue", "")]
    assert counts[3:5] == [("unassigned", "4"), ("open", "6")]
    assert counts[5:] == [("mentions", ""), ("snoozed", ""), ("spam", "")]


def test_a_mark_stays_with_its_answer_past_midnight(ana: User, lea: Ticket) -> None:
    late = (lea.last_at + timedelta(days=2)).replace(hour=23, minute=59, second=58)
    answer = Message.objects.create(
        account=lea.account,
        ticket=lea,
        direction="out",
        visibility="public",
        author=ana,
        text="Na poti je.",
        at=late + timedelta(seconds=6),
    )
    Event.objects.create(kind="answered_marked", ticket=lea, message=answer, actor=ana, at=late)
    told = story.told(ana, reach.ticket(ana, lea.pk))
    assert [type(row) for row in told.rows][-3:] == [story.Day, story.Said, story.Happened]


def test_the_networks_words_of_a_failed_answer_are_folded(page: Client, ana: User, lea: Ticket) -> None:
    """Our sentence says what is the matter; what the network called it is for whoever asks."""
    Message.objects.create(
        account=lea.account,
        ticket=lea,
        direction="out",
        visibility="public",
        author=ana,
        text="Na poti je.",
        at=lea.last_at + timedelta(seconds=6),
        state=Message.State.FAILED,
        reason="gone",
        detail="100/33 Unsupported post request",
    )
    shown = page.get(f"/inbox/unanswered/{lea.pk}/").content.decode()
    before, words = shown.split("<summary>In the network’s words</summary>")
    assert words.startswith('<p class="quiet-text" dir="auto">100/33 Unsupported post request</p></details>')
    assert "100/33" not in before


def test_a_ticket_tells_its_story(page: Client, lea: Ticket) -> None:
    text = page.get(f"/inbox/unanswered/{lea.pk}/").content.decode()
    for words in (
        "Broken zip on delivered boots",
        "The Triglav boot is back in every size.",
        "1,204 likes",
        "The left boot came with a broken zip",
        "3 likes",
        "<bdi>Ivo Horvat</bdi> gave it to <bdi>Ana Kovač</bdi>",
        "Batch 7 has the zip fault",
        "delivered",
        "Late parcel",
    ):
        assert words in text


def test_a_click_gets_the_ticket_alone(page: Client, lea: Ticket) -> None:
    text = page.get(f"/inbox/unanswered/{lea.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert 'id="ticket"' in text
    assert 'id="who"' in text
    assert 'id="tickets"' not in text
    assert "<html" not in text


def test_the_next_page_goes_on_where_the_first_ended(page: Client) -> None:
    account = cast.account()
    numbers = [cast.ticket(account, f"Sam Cole {n}", "Hello", minutes=n).pk for n in range(35)]
    first = page.get("/inbox/unanswered/").content.decode()
    more = re.search(r'hx-get="(/inbox/unanswered/rows/\?after=[^"]+)"', first)
    assert more
    assert number_of("", page, "/inbox/unanswered/") + number_of("", page, more[1]) == numbers


def test_a_made_up_cursor_is_refused_in_words(page: Client) -> None:
    answer = page.get("/inbox/unanswered/rows/?after=nonsense")
    assert answer.status_code == 400
    assert "Load the page again" in answer.content.decode()


def test_empty_lists_teach(page: Client) -> None:
    assert "No account is connected yet" in page.get("/inbox/unanswered/").content.decode()
    cast.account()
    assert "marks it answered" in page.get("/inbox/unanswered/").content.decode()
    assert "Assign to me" in page.get("/inbox/mine/").content.decode()


def test_news_bring_the_parts_asked_for(page: Client, lea: Ticket) -> None:
    both = page.get(f"/inbox/news/?queue=1&view=unanswered&ticket={lea.pk}&open={lea.pk}").content.decode()
    assert both.count("<hx-partial") == 9
    assert f'<li class="ticket" id="t{lea.pk}" aria-current="true">' in both
    assert "<textarea" not in both
    assert page.get("/inbox/news/?queue=1&view=mine").content.decode().count("<hx-partial") == 4
    assert page.get("/inbox/news/").content.decode().strip() == ""


def test_a_number_leads_to_its_ticket(page: Client, lea: Ticket) -> None:
    assert page.get(f"/tickets/{lea.pk}/").headers["Location"] == f"/inbox/open/{lea.pk}/"
    parcel = Ticket.objects.get(subject="Late parcel")
    assert page.get(f"/tickets/{parcel.pk}/").headers["Location"] == f"/inbox/all/{parcel.pk}/"
    assert page.get(f"/inbox/all/{parcel.pk}/").status_code == 200


def test_what_people_write_is_only_text(page: Client) -> None:
    nasty = '<script>alert(1)</script> "><img src=x onerror=alert(1)> https://acme.example/a?b=1&c="'
    ticket = cast.ticket(cast.account(), nasty, nasty)
    text = page.get(f"/inbox/unanswered/{ticket.pk}/").content.decode()
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    link = re.search(r'<a href="https://acme.example[^>]*>', text)
    assert link
    assert 'rel="nofollow noopener noreferrer" target="_blank"' in link[0]


def test_the_policy_lets_nothing_in_from_elsewhere(page: Client) -> None:
    answer = page.get("/inbox/unanswered/")
    policy = answer.headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce
    text = answer.content.decode()
    inline = re.findall(r"<script(?![^>]*src=)[^>]*>", text)
    assert inline == [f'<script type="importmap" nonce="{nonce[1]}">']
    assert "unsafe-eval" not in policy
    assert "script-src 'self' 'nonce-" in policy
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    assert not re.findall(r"\son\w+=", text)


def test_days_begin_when_the_readers_do(page: Client, lea: Ticket) -> None:
    page.cookies["heed_zone"] = "Asia/Ulaanbaatar"
    assert page.get(f"/inbox/unanswered/{lea.pk}/").status_code == 200
    page.cookies["heed_zone"] = "../../etc/passwd"
    assert page.get(f"/inbox/unanswered/{lea.pk}/").status_code == 200


@pytest.mark.parametrize("language", ["en", "sl", "ar", "mn"])
def test_the_page_speaks_the_readers_language(page: Client, lea: Ticket, language: str) -> None:
    page.cookies["heed_language"] = language
    text = page.get(f"/inbox/unanswered/{lea.pk}/").content.decode()
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in text


def test_a_networks_badge_is_its_own(page: Client, lea: Ticket) -> None:
    text = page.get("/inbox/unanswered/").content.decode()
    network = lea.account.adapter
    assert f'<span class="net" style="--net:{network.colour}">{network.short}</span>' in text


def test_accounts_of_one_name_say_their_network(page: Client) -> None:
    cast.account("facebook", "Acme")
    cast.account("bluesky", "Acme")
    text = page.get("/inbox/unanswered/").content.decode()
    assert "<bdi>Acme · Facebook</bdi>" in text
    assert "<bdi>Acme · Bluesky</bdi>" in text


def test_who_the_network_does_not_name_is_an_unknown_person(page: Client) -> None:
    ticket = cast.ticket(cast.account(), "", "Who am I?")
    ticket.identity.external_id = "?m_1"
    ticket.identity.save()
    text = page.get(f"/inbox/unanswered/{ticket.pk}/").content.decode()
    assert text.count("Unknown person") == 4
    assert "?m_1" not in text


def test_what_is_not_there_says_so_in_our_look(page: Client) -> None:
    text = page.get("/inbox/nonsense/").content.decode()
    assert "There is nothing here" in text
    assert 'id="nav"' in text


def line_of(ticket: Ticket, page: Client) -> str:
    found = re.search(rf'<li class="ticket[^>]*id="t{ticket.pk}".*?</li>', list_of(page), re.S)
    assert found
    return found[0]


def list_of(page: Client) -> str:
    return page.get("/inbox/open/").content.decode()


def test_a_line_of_the_list_is_as_its_ticket_is_now(page: Client, ana: User, ivo: User, lea: Ticket) -> None:
    """Lines are kept between requests: whatever stands in one must be asked for again when it changes."""
    tickets, identities = Ticket.objects.filter(pk=lea.pk), Identity.objects.filter(pk=lea.identity_id)
    accounts = Account.objects.filter(pk=lea.account_id)
    tickets.update(assignee=None)
    changes = (
        ("It is back", lambda: tickets.update(last_text="It is back")),
        ("You:", lambda: tickets.update(last_direction="out")),
        ("Answered", lambda: tickets.update(unanswered=False)),
        ("2026-02-03T04:05:06", lambda: tickets.update(last_at=datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC))),
        ("<bdi>Ivo</bdi>", lambda: tickets.update(assignee=ivo)),
        ("<bdi>Iva</bdi>", lambda: User.objects.filter(pk=ivo.pk).update(name="Iva Horvat")),
        ("Lea Marn-Kos", lambda: identities.update(name="Lea Marn-Kos")),
        ("@lea", lambda: identities.update(name="", handle="@lea")),
        ("Acme Shoes", lambda: accounts.update(name="Acme Shoes")),
        (">private message<", lambda: tickets.update(kind="private")),
        (">تم الرد<", lambda: page.cookies.load({"heed_language": "ar"})),
    )
    for words, change in changes:
        before = line_of(lea, page)
        assert words not in before
        change()
        assert words in line_of(lea, page)
    assert 'aria-current="true"' not in line_of(lea, page)
    opened = page.get(f"/inbox/open/{lea.pk}/").content.decode()
    assert re.search(rf'id="t{lea.pk}" aria-current="true"', opened)


def test_the_chips_of_a_line_begin_with_what_presses(page: Client, ivo: User, lea: Ticket) -> None:
    now = datetime.now(UTC)
    facts = {"due_at": now + timedelta(hours=5), "due_for": "next_reply", "priority": 4, "assignee": ivo}
    Ticket.objects.filter(pk=lea.pk).update(**facts, tags=["zip", "returns", "size"])
    chips = line_of(lea, page).split('class="chips"')[1]
    words = ["due in", "Urgent", lea.account.name, "zip", "returns", "+1", "Ivo"]
    at = [chips.index(f">{each}") if each != "due in" else chips.index(each) for each in words]
    assert at == sorted(at)
    Ticket.objects.filter(pk=lea.pk).update(due_at=now - timedelta(minutes=5))
    assert "chip due bad" in line_of(lea, page)


def test_a_line_is_for_the_one_who_reads_it(page: Client, ana: User, ivo: User, lea: Ticket) -> None:
    Ticket.objects.filter(pk=lea.pk).update(assignee=ana)
    assert "<bdi>Ana</bdi>" not in line_of(lea, page)
    page.force_login(ivo)
    assert "<bdi>Ana</bdi>" in line_of(lea, page)
    assert (
        f'href="/inbox/account/{lea.account_id}/{lea.pk}/"'
        in page.get(f"/inbox/account/{lea.account_id}/").content.decode()
    )


def test_the_list_says_how_long_the_oldest_waits(page: Client, lea: Ticket) -> None:
    oldest = Ticket.objects.filter(unanswered=True).order_by("waiting_since")[0].waiting_since
    assert oldest is not None
    head = page.get("/inbox/unanswered/").content.decode().split('id="count"')[1].split("</h1>")[0]
    assert f'oldest <time datetime="{oldest.isoformat()}"' in head
    assert "oldest" not in page.get("/inbox/open/").content.decode().split('id="count"')[1].split("</h1>")[0]
    Ticket.objects.update(unanswered=False)
    assert "oldest" not in page.get("/inbox/unanswered/").content.decode()


def test_a_post_of_the_customers_own_is_shown_once(page: Client) -> None:
    account = cast.account("bluesky", "@acme.shoes")
    theirs = cast.post(account, "Thank you @acme.shoes")
    omar = cast.ticket(account, "Omar Badr", theirs.text, post=theirs)
    omar.messages.update(external_id=theirs.external_id, kind="mention", permalink="https://sky.example/1")
    Post.objects.filter(pk=theirs.pk).update(author_external_id=omar.identity.external_id)
    text = page.get(f"/inbox/open/{omar.pk}/").content.decode()
    assert 'id="post"' not in text
    assert 'href="https://sky.example/1"' in text
    assert "mention on <bdi>@acme.shoes</bdi>" in text
    assert '<span class="chip">mention</span>' in text


@pytest.mark.parametrize(
    ("kind", "author", "word"),
    [
        ("visitor_post", "omar", "visitor’s post"),
        ("review", "omar", "review"),
        ("mention", "omar", "mention"),
        ("mention", "tuya", "mention"),
        ("mention", "acme", "comment"),
        ("comment", "tuya", "comment"),
    ],
)
def test_a_line_says_what_the_customer_came_with(page: Client, kind: str, author: str, word: str) -> None:
    account = cast.account("facebook", "Acme")
    post = cast.post(account, "Acme opens in Ljubljana")
    omar = cast.ticket(account, "Omar Badr", "Until when, @Acme?", post=post)
    omar.messages.update(kind=kind)
    cast.said(omar, "Thank you!")
    ids = {"omar": omar.identity.external_id, "acme": account.external_id, "tuya": "tuya"}
    Post.objects.filter(pk=post.pk).update(author_external_id=ids[author])
    assert f'<span class="chip">{word}</span>' in line_of(omar, page)
    assert f"{word} on <bdi>Acme</bdi>" in page.get(f"/inbox/open/{omar.pk}/").content.decode()


def test_a_post_says_no_count_of_nothing(page: Client) -> None:
    account = cast.account()
    ours = cast.post(account)
    Post.objects.filter(pk=ours.pk).update(likes=0, comments=2, shares=0)
    lea = cast.ticket(account, "Lea Marn", "Blue!", post=ours)
    text = page.get(f"/inbox/open/{lea.pk}/").content.decode()
    assert '<footer class="num"><span>2 comments</span></footer>' in text

"""Search and kept views on the pages."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from heed.accounts.models import User
from heed.inbox.models import SavedView, Sweep, Ticket
from heed.inbox.search import index_everything
from heed.inbox.verbs import saving
from heed.web.tests import cast


@pytest.fixture
def lea(ana: User, ivo: User) -> Ticket:
    found = cast.a_morning(ana, ivo)
    index_everything()
    return found


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r'id="t(\d+)"', text)]


def test_a_search_shows_where_the_words_stand(page: Client, lea: Ticket) -> None:
    text = page.get("/inbox/search/?q=zip").content.decode()
    assert lea.pk in _numbers(text)
    assert "<mark>zip</mark>" in text
    assert f'href="/inbox/search/{lea.pk}/?q=zip"' in text
    assert '<a class="btn quiet" data-keep href="/settings/views/new/?q=zip">' in text
    opened = page.get(f"/inbox/search/{lea.pk}/?q=zip").content.decode()
    assert 'data-query="zip"' in opened


def test_what_customers_write_is_never_markup(page: Client, lea: Ticket) -> None:
    cast.said(lea, "a <b>zip</b> & <script>alert(1)</script>")
    index_everything()
    text = page.get("/inbox/search/rows/?q=alert").content.decode()
    assert "<script>" not in text
    assert "&lt;script&gt;<mark>alert</mark>" in text


def test_a_mistake_is_shown_on_the_page_and_told_to_the_box(page: Client, lea: Ticket) -> None:
    text = page.get("/inbox/search/?q=is:unanswerd").content.decode()
    assert 'data-position="3" data-end="12"' in text
    assert 'data-suggestion="unanswered"' in text
    assert _numbers(text) == []
    answer = page.get("/inbox/search/rows/?q=zip is:unanswerd")
    assert answer.status_code == 422
    told = answer.json()
    assert (told["position"], told["word"], told["suggestion"]) == (7, "unanswerd", "unanswered")
    assert told["sentence"]


@pytest.mark.parametrize(
    "asked", ["", "x" * 3000, "\x00zip", "((((", '"', "-", "tag:", "#99999999999999999999"]
)
def test_nothing_asked_breaks_the_page(page: Client, lea: Ticket, asked: str) -> None:
    assert page.get("/inbox/search/", {"q": asked}).status_code == 200
    assert page.get("/inbox/search/rows/", {"q": asked}).status_code in (200, 422)
    assert page.get("/inbox/search/complete/", {"q": asked, "at": "-1"}).status_code == 200


def test_the_box_proposes(page: Client, lea: Ticket) -> None:
    items = page.get("/inbox/search/complete/", {"q": "is:unan", "at": "7"}).json()["items"]
    assert [(each["text"], each["start"], each["end"]) for each in items] == [("unanswered", 3, 7)]
    assert items[0]["hint"]


def test_search_pages_on(page: Client, ana: User) -> None:
    account = cast.account()
    for number in range(40):
        cast.ticket(account, f"Lea {number}", "the same zip", minutes=number)
    index_everything()
    first = page.get("/inbox/search/?q=zip").content.decode()
    (more,) = re.findall(r'hx-get="(/inbox/search/rows/[^"]+)"', first)
    rest = page.get(more.replace("&amp;", "&")).content.decode()
    assert len(_numbers(first)) == 30
    assert len({*_numbers(first), *_numbers(rest)}) == 40


def test_relevance_is_an_order_of_searches_only(page: Client, lea: Ticket) -> None:
    assert page.post("/inbox/order/", {"order": "relevance"}).status_code == 204
    found = page.get("/inbox/search/?q=zip").content.decode()
    assert "Best match first" in found
    assert "Best match first" not in page.get("/inbox/open/").content.decode()
    assert page.post("/inbox/order/", {"order": "sideways"}).status_code == 422


def test_a_search_is_kept_as_a_view_and_counted(page: Client, lea: Ticket) -> None:
    form = page.get("/settings/views/new/?q=zip is:open").content.decode()
    assert 'value="zip is:open"' in form
    holds = page.get("/settings/views/new/", {"condition": f"-#{lea.pk}"}).content.decode()
    assert f'href="/tickets/{lea.pk}/"' in page.get("/settings/views/new/").content.decode()
    assert f'href="/tickets/{lea.pk}/"' not in holds.partition('id="held"')[2]  # as it is being written
    kept = page.post("/settings/views/new/", {"name": "Zips", "condition": "zip is:open", "order": "waiting"})
    view = SavedView.objects.get()
    assert kept.headers["Location"] == f"/inbox/saved/{view.pk}/"
    text = page.get(f"/inbox/saved/{view.pk}/").content.decode()
    assert lea.pk in _numbers(text)
    assert f'<a href="/inbox/saved/{view.pk}/" aria-current="page"><bdi>Zips</bdi>' in text
    counts = page.get("/inbox/counts/").content.decode()
    assert f'hx-target="#saved-{view.pk}"' in counts
    assert re.search(rf'saved-{view.pk}">1<', page.get("/inbox/open/").content.decode())
    news = page.get(f"/inbox/news/?queue=1&view=saved-{view.pk}&rows=30").content.decode()
    assert lea.pk in _numbers(news)


def test_a_bad_view_says_what_is_wrong(page: Client, ana: User) -> None:
    answer = page.post("/settings/views/new/", {"name": "Zips", "condition": "is:opne", "order": "newest"})
    assert "Did you mean “open”?" in answer.content.decode()
    saving.keep_view(ana, "Zips", "is:open")
    answer = page.post("/settings/views/new/", {"name": "Zips", "condition": "is:open", "order": "newest"})
    assert "already" in answer.content.decode()


def test_views_are_changed_moved_and_removed(page: Client, ana: User) -> None:
    one, two = saving.keep_view(ana, "One", "is:open"), saving.keep_view(ana, "Two", "is:new")
    page.post(f"/settings/views/{two.pk}/", {"name": "Second", "condition": "is:hold", "order": "due"})
    two.refresh_from_db()
    assert (two.name, two.condition, two.order, two.shared) == ("Second", "is:hold", "due", False)
    page.post(f"/settings/views/{two.pk}/move/", {"way": "up"})
    text = page.get("/settings/views/").content.decode()
    assert text.index("Second") < text.index("One")
    page.post(f"/settings/views/{two.pk}/move/", {"order": [str(one.pk), str(two.pk)]})
    text = page.get("/settings/views/").content.decode()
    assert text.index("One</bdi>") < text.index("Second</bdi>")
    page.post(f"/settings/views/{one.pk}/drop/")
    assert [view.pk for view in SavedView.objects.all()] == [two.pk]


def test_nobody_touches_anothers_view(page: Client, ivo: User) -> None:
    view = saving.keep_view(ivo, "Ivo's", "is:open")
    for path in ("/inbox/saved/%d/", "/inbox/saved/%d/rows/", "/settings/views/%d/"):
        assert page.get(path % view.pk).status_code == 404
    for path in ("/settings/views/%d/drop/", "/settings/views/%d/move/"):
        assert page.post(path % view.pk).status_code in (404, 422)
    assert "Ivo" not in page.get("/settings/views/").content.decode()
    maja = cast.maja()
    shared = saving.keep_view(maja, "For all", "is:open", shared=True)
    assert page.get(f"/inbox/saved/{shared.pk}/").status_code == 200
    assert page.get(f"/settings/views/{shared.pk}/").status_code == 403
    assert page.post(f"/settings/views/{shared.pk}/drop/").status_code == 403


def test_sharing_is_offered_to_whoever_may(page: Client, maja: User) -> None:
    assert 'name="share"' not in page.get("/settings/views/new/").content.decode()
    owner = Client()
    owner.force_login(maja)
    form = {"name": "All", "condition": "is:open", "order": "newest", "share": "all"}
    assert owner.post("/settings/views/new/", form).status_code == 302
    assert SavedView.objects.get().shared
    assert "All</bdi>" in page.get("/inbox/open/").content.decode()


def test_many_are_those_of_the_search(page: Client, lea: Ticket) -> None:
    fields = {"deed": "priority", "value": "3", "all": "1", "view": "search", "q": "zip"}
    page.post("/sweeps/", fields)
    chosen = set(Sweep.objects.get().tickets.values_list("ticket_id", flat=True))
    assert chosen == set(_numbers(page.get("/inbox/search/?q=zip").content.decode()))
    assert page.post("/sweeps/", fields | {"q": "is:opne"}).status_code == 422


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    ["/inbox/search/", "/inbox/search/complete/", "/inbox/counts/", "/inbox/saved/1/", "/settings/views/"],
)
def test_a_stranger_is_sent_to_sign_in(path: str) -> None:
    assert Client().get(path).headers["Location"].startswith("/sign-in/?next=")


def test_a_view_that_names_a_removed_account_opens_and_says_so(page: Client, lea: Ticket, ana: User) -> None:
    view = saving.keep_view(ana, "Not there", f"-account:{lea.account_id}")
    SavedView.objects.filter(pk=view.pk).update(condition="-account:gone")
    said = "Nothing here is called “gone”."
    opened = page.get(f"/inbox/saved/{view.pk}/")
    assert opened.status_code == 200
    text = opened.content.decode()
    assert f"{said} This view may hold fewer or more tickets than was meant." in text
    assert lea.pk in _numbers(text)
    assert said in page.get("/settings/views/").content.decode()
    SavedView.objects.filter(pk=view.pk).update(condition="")
    assert "may hold fewer" not in page.get(f"/inbox/saved/{view.pk}/").content.decode()

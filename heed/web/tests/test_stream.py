"""Who may listen to the live stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from heed.accounts.models import Grant, User
from heed.inbox.models import Ticket
from heed.lib.live import EVERYTHING, News
from heed.web import stream
from heed.web.tests import cast


def heard(cookies: str) -> bool:
    key = stream._session_key(cookies)
    return key in stream.listeners([key])


@pytest.mark.parametrize("other", ["", 'theme={"a": 1}; ', "a b; ", 'x="; ', "=; ", "č=ž; "])
def test_whatever_else_a_browser_sends_along(page: Client, ana: User, other: str) -> None:
    key = page.cookies[settings.SESSION_COOKIE_NAME].value
    assert heard(f"{other}{settings.SESSION_COOKIE_NAME}={key}")


@pytest.mark.parametrize("cookies", ["", "{name}=", "{name}=nobody", "other={key}"])
def test_strangers_hear_nothing(page: Client, cookies: str) -> None:
    key = page.cookies[settings.SESSION_COOKIE_NAME].value
    assert not heard(cookies.format(name=settings.SESSION_COOKIE_NAME, key=key))


def test_a_colleague_without_access_hears_nothing(page: Client, ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(is_active=False)
    key = page.cookies[settings.SESSION_COOKIE_NAME].value
    assert not heard(f"{settings.SESSION_COOKIE_NAME}={key}")


@pytest.fixture
def ours(ana: User) -> Ticket:
    """A ticket that Ana sees: she sees one account only."""
    seen = cast.account("facebook", "Acme on Facebook")
    Grant.objects.filter(user=ana).update(account=seen.pk)
    return cast.ticket(seen, "Lea Marn", "My boots leak.")


@pytest.fixture
def theirs(ours: Ticket) -> Ticket:
    return cast.ticket(cast.account("instagram", "Acme Kids"), "Omar Badr", "Where is my parcel?")


def listener(page: Client) -> stream.Listener:
    key = page.cookies[settings.SESSION_COOKIE_NAME].value
    return stream.listeners([key])[key]


def alone(play: Callable[..., Coroutine[Any, Any, Any]], *given: Any) -> Any:
    """Run it in a thread of its own: in this one a browser's loop may still be running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(play(*given))).result()


def told(page: Client, *topics: str) -> list[str]:
    live = stream.Stream(News(""))
    opened = stream.Page("", listener(page))
    heard: list[str] = alone(live._for, opened, set(topics))
    return heard


@pytest.mark.django_db(transaction=True)
def test_nobody_hears_of_tickets_they_may_not_see(page: Client, ours: Ticket, theirs: Ticket) -> None:
    topics = [f"{kind}:{each.pk}" for kind in ("ticket", "typing", "writing") for each in (ours, theirs)]
    assert told(page, "queue", "accounts", *topics) == [
        "accounts",
        "queue",
        f"ticket:{ours.pk}",
        f"typing:{ours.pk}",
        f"writing:{ours.pk}",
    ]


@pytest.mark.django_db(transaction=True)
def test_what_is_for_admins_or_for_somebody_else_is_not_told(page: Client, ana: User, ours: Ticket) -> None:
    mine, other = f"here:{ours.pk}:{ana.pk}", f"here:{ours.pk}:{ana.pk + 1}"
    assert told(page, mine, other, f"person:{ana.pk}", f"person:{ana.pk + 1}") == [mine, f"person:{ana.pk}"]
    assert told(page, "deliveries", "ledger", "secret:1", "ticket:x", "ticket:0") == []


@pytest.mark.django_db(transaction=True)
def test_many_topics_become_all_only_of_what_one_may_hear(page: Client, ours: Ticket, theirs: Ticket) -> None:
    assert told(page, *(f"ticket:{theirs.pk + n}" for n in range(200))) == []


@pytest.mark.django_db(transaction=True)
def test_changed_rights_are_heard_at_once(page: Client, ana: User, ours: Ticket, theirs: Ticket) -> None:
    key = page.cookies[settings.SESSION_COOKIE_NAME].value
    live, opened = stream.Stream(News("")), stream.Page(key, listener(page))
    live._pages.add(opened)
    assert alone(live._for, opened, {f"ticket:{theirs.pk}"}) == []
    Grant.objects.filter(user=ana).update(account=theirs.account_id)
    alone(live._hand_on, ["people"])
    assert alone(live._for, opened, {f"ticket:{theirs.pk}"}) == [f"ticket:{theirs.pk}"]
    assert alone(live._for, opened, {f"ticket:{ours.pk}"}) == []
    User.objects.filter(pk=ana.pk).update(is_active=False)
    alone(live._hand_on, ["people"])
    assert opened.listener is None
    assert alone(live._for, opened, {"queue"}) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("told", ["ticket:{pk}", EVERYTHING], ids=["it changed", "news may have been missed"])
def test_a_ticket_that_comes_into_sight_is_told_of(
    page: Client, ana: User, ours: Ticket, theirs: Ticket, told: str
) -> None:
    live, opened, topic = stream.Stream(News("")), stream.Page("", listener(page)), f"ticket:{theirs.pk}"
    assert alone(live._for, opened, {topic}) == []
    Ticket.objects.filter(pk=theirs.pk).update(assignee=ana)
    live.tell([told.format(pk=theirs.pk)])
    assert alone(live._for, opened, {topic}) == [topic]


@pytest.mark.django_db(transaction=True)
def test_without_any_role_one_hears_of_no_ticket(page: Client, ana: User, ours: Ticket) -> None:
    ana.grants.all().delete()
    assert told(page, "queue", f"ticket:{ours.pk}") == ["queue"]


def test_a_new_password_ends_listening(page: Client, ana: User) -> None:
    ana.set_password("nine green laces")
    ana.save()
    assert not heard(f"{settings.SESSION_COOKIE_NAME}={page.cookies[settings.SESSION_COOKIE_NAME].value}")


def test_many_pages_are_checked_with_few_questions(
    page: Client, ours: Ticket, ivo: User, django_assert_max_num_queries: Any
) -> None:
    keys = []
    for _ in range(20):
        client = Client()
        client.force_login(ivo)
        keys.append(client.cookies[settings.SESSION_COOKIE_NAME].value)
    with django_assert_max_num_queries(8):
        assert len(stream.listeners(keys)) == 20

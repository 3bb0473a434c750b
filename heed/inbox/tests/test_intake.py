"""Deliveries in, tickets out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.channels.base import (
    Attachment,
    AuthorFound,
    IdentitySeen,
    Person,
    PostSeen,
    ReactionChanged,
    Receipt,
)
from heed.channels.models import Account
from heed.inbox import arrivals, events, outbox, posts, reach, verbs
from heed.inbox.arrivals import batch
from heed.inbox.models import Customer, Event, Identity, Message, Post, Ticket
from heed.inbox.tests.deliveries import LEA, OMAR, at, comment, news, private, texts
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock

pytestmark = pytest.mark.django_db


def test_one_ticket_per_person_and_post(account: Account) -> None:
    news(account, comment("1"), comment("2", 1), comment("3", 2, OMAR), comment("4", 3, post="other"))
    assert Ticket.objects.count() == 3
    assert Post.objects.count() == 2
    assert Customer.objects.count() == Identity.objects.count() == 2
    lea = Ticket.objects.get(identity__external_id="lea", post__external_id="post")
    assert texts(lea) == ["words of 1", "words of 2"]
    assert (lea.unanswered, lea.status, lea.waiting_since) == (True, "new", at(0))


def test_one_running_private_ticket(account: Account) -> None:
    news(account, private("1"), private("2", 5), comment("3", 6))
    assert sorted(Ticket.objects.values_list("kind", flat=True)) == ["private", "public"]
    assert Ticket.objects.get(kind="private").last_private_in == at(5)


def test_the_networks_time_orders_the_thread(account: Account) -> None:
    news(account, private("c", 3), private("a", 1), private("b", 2))
    ticket = Ticket.objects.get()
    assert texts(ticket) == ["words of a", "words of b", "words of c"]
    assert (ticket.last_text, ticket.last_at, ticket.opened_at) == ("words of c", at(3), at(1))


@pytest.mark.parametrize(("setting", "count"), [("reopen", 1), ("new", 2)])
def test_a_new_message_reopens_or_opens(account: Account, ana: Any, setting: str, count: int) -> None:
    Account.objects.update(after_solved=setting)
    news(account, comment("1"))
    first = Ticket.objects.get()
    verbs.set_status(first, ana, "solved")
    news(account, comment("2", 60 * 24 * 365))
    assert Ticket.objects.count() == count
    first.refresh_from_db()
    assert first.status == ("open" if setting == "reopen" else "solved")
    assert Ticket.objects.filter(unanswered=True).count() == 1


def test_receipts_move_forward_only(account: Account, ana: Any, rubber: Rubber) -> None:
    news(account, private("1"))
    Ticket.objects.update(last_private_in=clock.now())
    message = verbs.answer(Ticket.objects.get(), ana, "hello", "private")
    soon = clock.now() + timedelta(minutes=1)
    news(account, Receipt(state="seen", at=soon, external_ids=("out-1",)))
    outbox.send_next(message.ticket_id)
    message.refresh_from_db()
    assert message.state == "seen"
    news(account, Receipt(state="delivered", at=soon, person="lea", watermark=soon))
    message.refresh_from_db()
    assert message.state == "seen"


def test_reactions_count_once_and_can_be_taken_back(account: Account) -> None:
    news(account, comment("1"))
    like = ReactionChanged(target="1", at=at(1), author=OMAR, reaction="like", on=True)
    news(account, like, like)
    ticket = Ticket.objects.get()
    assert reach.thread(ticket)[0].like_count == 1  # type: ignore[attr-defined]
    news(account, ReactionChanged(target="1", at=at(2), author=OMAR, reaction="like", on=False), like)
    assert reach.thread(ticket)[0].like_count == 0  # type: ignore[attr-defined]


def test_an_unknown_author_becomes_known(account: Account) -> None:
    news(account, comment("1", who=None), comment("2", 1))
    assert Ticket.objects.count() == 2
    news(account, AuthorFound(external_id="1", author=LEA))
    ticket = Ticket.objects.get()
    assert texts(ticket) == ["words of 1", "words of 2"]
    assert Customer.objects.count() == 1


def test_posts_and_people_keep_what_is_known(account: Account) -> None:
    news(
        account,
        comment("1"),
        PostSeen(external_id="post", text="New boots", likes=4),
        PostSeen(external_id="post"),
    )
    post = Post.objects.get()
    assert (post.text, post.likes) == ("New boots", 4)
    news(account, IdentitySeen(person=Person("lea"), reachable=False))
    identity = Identity.objects.get()
    assert (identity.name, identity.reachable) == ("Lea Marn", False)


def test_files_wait_to_be_fetched(account: Account) -> None:
    image = Attachment("image", "https://cdn.example/a.png", name="a.png")
    place = Attachment("location", text="46.05, 14.5")
    news(account, private("1", attachments=(image, place)))
    assert [(each.kind, each.state) for each in Message.objects.get().attachments.order_by("position")] == [
        ("image", "waiting"),
        ("location", "link"),
    ]


def test_words_arrive_as_they_were_written(account: Account) -> None:
    """The database reads columns of words as arrays: commas, quotes and braces are not its own."""
    words = ['{"a": "b\\\\n"}', "NULL", "a, b", '\\ " { }', "", "\n\t 👟", "null"]
    for number, text in enumerate(words):
        person = Person(f"{number}", text or "nobody", handle=text)
        news(account, comment(f"{number}{text}", number, person, text=text, refs={text: [text, None, 1]}))
    rows = Message.objects.order_by("at")
    assert [(row.text, row.external_id, row.refs) for row in rows] == [
        (text, f"{number}{text}", {text: [text, None, 1]}) for number, text in enumerate(words)
    ]
    assert [row.handle for row in Identity.objects.order_by("id")] == words


def test_two_processes_with_the_same_news(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one stored a message after we looked, in a ticket that has stopped running since:
    the one that we open tells nothing of it."""
    news(account, comment("1", text="theirs"))
    Ticket.objects.update(running=False)
    look, looks = batch._not_yet_here, iter([True])

    def too_early(wanted: list[arrivals.Arrival]) -> dict[posts.Key, arrivals.Arrival]:
        early = next(looks, False)
        return {(each.account.pk, each.news.external_id): each for each in wanted} if early else look(wanted)

    monkeypatch.setattr(batch, "_not_yet_here", too_early)
    news(account, comment("1", text="theirs"), comment("2", -1, text="ours"))
    assert [(row.subject, row.last_text, row.last_at) for row in Ticket.objects.order_by("id")] == [
        ("theirs", "theirs", at(0)),
        ("ours", "ours", at(-1)),
    ]
    assert next(looks, None) is None


def test_only_what_somebody_waits_for_is_handed_on(account: Account, ana: Any) -> None:
    """Every other event would cost a job that finds nothing to do."""
    news(account, comment("1"))
    wanted = Event.objects.filter(kind__in=("message_received", "ticket_opened")).values_list("pk", flat=True)
    handed = ProcrastinateJob.objects.filter(task_name=events.REACT)
    assert [sorted(row.args["events"]) for row in handed] == [sorted(wanted)]
    events.record("handed_off", ticket=Ticket.objects.get(), actor=ana)
    assert handed.count() == 1


def test_a_posts_count_keeps_up(account: Account) -> None:
    news(account, comment("1"), PostSeen(external_id="post", comments=7))
    news(account, comment("2", 1), comment("3", 2), comment("3", 2))
    assert Post.objects.get().comments == 9

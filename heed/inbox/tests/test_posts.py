"""What networks say of posts and people, many at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from heed.channels.base import (
    IdentityChanged,
    IdentitySeen,
    Inbound,
    MessageReceived,
    MessageRemoved,
    Person,
    PostSeen,
    PostStale,
)
from heed.channels.models import Account
from heed.inbox import gaps, intake, ledger
from heed.inbox.models import Delivery, Event, Gap, Identity, Message, Post
from heed.inbox.tests.rubber import body
from heed.lib import clock

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def news(account: Account, *found: Inbound) -> None:
    ledger.append(account.pk, [body(each) for each in found])
    while intake.take_batch():
        pass


def comment(number: int, post: str = "post", who: str = "lea") -> MessageReceived:
    return MessageReceived(
        external_id=str(number),
        at=NOON + timedelta(minutes=number),
        visibility="public",
        kind="comment",
        author=Person(who),
        text="Where is it?",
        post=post,
    )


def test_of_one_post_the_later_word_counts(account: Account) -> None:
    news(
        account,
        PostSeen(external_id="post", text="New boots", likes=4, author=Person("acme", "Acme")),
        PostSeen(external_id="other", text="Old boots"),
        PostSeen(external_id="post", text="Newer boots", permalink="https://acme.example/1"),
        PostSeen(external_id="post", likes=5, refs={"cid": "a\x00"}),
    )
    post, other = Post.objects.get(external_id="post"), Post.objects.get(external_id="other")
    assert (post.text, post.likes, post.author_name) == ("Newer boots", 5, "Acme")
    assert (post.permalink, post.refs) == ("https://acme.example/1", {"cid": "a\ufffd"})
    assert (other.text, other.likes, other.refs) == ("Old boots", None, {})
    assert post.looked_up_at is not None


def test_a_bad_post_is_set_aside_alone(account: Account) -> None:
    news(
        account,
        comment(1),
        PostSeen(external_id="post", text="New boots"),
        PostSeen(external_id="far", likes=2**40),
        PostSeen(external_id="x" * 300),
        PostSeen(external_id="post", likes=6),
    )
    assert [(post.text, post.likes) for post in Post.objects.all()] == [("New boots", 6)]
    assert Message.objects.count() == 1
    odd = Delivery.objects.filter(state="set_aside")
    assert [each.problems[0]["what"] for each in odd] == ["PostSeen", "PostSeen"]


def test_whether_a_post_is_removed_is_told_in_order(account: Account) -> None:
    here, gone = PostSeen(external_id="post", removed=False), MessageRemoved(external_id="post", at=NOON)
    news(account, here, gone)
    assert Post.objects.get().removed
    news(account, gone, here)
    assert not Post.objects.get().removed


def test_what_was_said_before_and_comes_later_does_not_count(account: Account) -> None:
    first, edited = (
        PostSeen(external_id="post", text="New boots", likes=4, as_of=NOON),
        NOON + timedelta(hours=1),
    )
    news(account, first, PostSeen(external_id="post", text="Newer boots", as_of=edited))
    news(account, first)
    post = Post.objects.get()
    assert (post.text, post.likes, post.as_of) == ("Newer boots", 4, edited)
    news(account, PostSeen(external_id="post", likes=9))  # now, as no other time was told
    post.refresh_from_db()
    assert (post.text, post.likes) == ("Newer boots", 9)


def test_a_change_has_a_post_read_again_once(account: Account) -> None:
    likes = [PostStale(external_id="post", at=NOON + timedelta(seconds=each)) for each in range(3)]
    news(account, *likes)
    assert not Event.objects.filter(kind="post_stale").exists()  # nobody commented on it
    news(account, PostSeen(external_id="post", as_of=NOON), *likes)
    news(account, *likes)
    assert [each.data for each in Event.objects.filter(kind="post_stale")] == [{"post": "post"}]
    news(account, replace(likes[0], at=NOON + timedelta(seconds=9)))
    assert Event.objects.filter(kind="post_stale").count() == 2


def test_a_picture_is_fetched_once(account: Account) -> None:
    pictured = PostSeen(external_id="post", picture_url="https://cdn.example/boots.jpg")
    news(account, pictured, PostSeen(external_id="bare"), pictured)
    post = Post.objects.get(external_id="post")
    assert [event.data for event in Event.objects.filter(kind="post_pictured")] == [{"post": post.pk}]
    Post.objects.filter(pk=post.pk).update(picture="kept.jpg")
    news(account, pictured)
    assert Event.objects.filter(kind="post_pictured").count() == 1


def statements(account: Account, *found: Inbound) -> int:
    with CaptureQueriesContext(connection) as caught:
        news(account, *found)
    return len(caught)


def test_more_posts_cost_no_more_statements(account: Account) -> None:
    seen: list[Any] = [PostSeen(external_id=f"{number % 7}", likes=number) for number in range(40)]
    news(account, *seen)
    assert statements(account, *seen[:2]) == statements(account, *seen)


def test_people_we_know_cost_no_statements(account: Account) -> None:
    people = [Person(f"person {number}", f"Customer {number}") for number in range(20)]
    seen: list[Any] = [IdentitySeen(person=person, reachable=True) for person in people]
    news(account, *seen)
    assert statements(account, seen[0]) == statements(account, *seen)


def test_news_of_people_among_what_is_known(account: Account) -> None:
    lea = Person("lea", "Lea Marn")
    news(account, IdentitySeen(person=lea, reachable=True))
    news(
        account,
        IdentitySeen(person=Person("lea", "Lea Kovač")),
        IdentitySeen(person=lea),
        IdentitySeen(person=lea, reachable=False),
    )
    identity = Identity.objects.get()
    assert (identity.name, identity.reachable) == ("Lea Marn", False)
    news(
        account,
        IdentityChanged(previous="lea", person=Person("lea-2"), at=NOON),
        IdentitySeen(person=lea, reachable=True),
    )
    assert sorted(Identity.objects.values_list("external_id", flat=True)) == ["lea", "lea-2"]


def test_a_gap_begins_with_the_posts_that_were_talked_under(account: Account) -> None:
    for days, each in ((40, "old"), (20, "ad"), (1, "post")):
        said = replace(comment(days, each), at=clock.now() - timedelta(days=days))
        news(account, said, PostSeen(external_id=f"silent {each}", text="New boots"))
    gaps.open_gap(account.pk, clock.now())
    assert Gap.objects.get().cursor["posts"] == ["post", "ad"]

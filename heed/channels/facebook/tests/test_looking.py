"""Posts, people and files looked up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from heed.channels.base import AuthorFound, IdentitySeen, MediaSource, Person, PostSeen, Wanted, WordsFound
from heed.channels.facebook.adapter import network
from heed.channels.facebook.tests.sample import ACCOUNT, GRAPH, OURS
from heed.channels.meta.tests.script import Script, no, ok, refused
from heed.lib.http import Response


def test_post() -> None:
    record = {
        "id": "448_122",
        "message": "New boots",
        "full_picture": "https://scontent.xx.fbcdn.net/b.jpg",
        "permalink_url": "https://www.facebook.com/acme/posts/122",
        "created_time": "2025-03-22T18:20:04+0000",
        "from": OURS,
        "shares": {"count": 2},
        "likes": {"data": [], "summary": {"total_count": 7}},
        "comments": {"data": [], "summary": {"total_count": 3}},
    }
    (seen,) = Script(ok(record)).run(network.look_up(ACCOUNT, Wanted("post", "448_122")))
    assert seen == PostSeen(
        external_id="448_122",
        at=datetime(2025, 3, 22, 18, 20, 4, tzinfo=UTC),
        author=Person("448", "Acme"),
        text="New boots",
        picture_url="https://scontent.xx.fbcdn.net/b.jpg",
        permalink="https://www.facebook.com/acme/posts/122",
        likes=7,
        comments=3,
        shares=2,
    )


def test_post_with_little_said() -> None:
    (seen,) = Script(ok({"id": "448_122"})).run(network.look_up(ACCOUNT, Wanted("post", "448_122")))
    assert seen == PostSeen(external_id="448_122", shares=0)


def test_author_of_a_comment() -> None:
    record = {"id": "122_271", "from": {"id": "555", "name": "Lea Marn"}, "message": "What now"}
    found = AuthorFound(external_id="122_271", author=Person("555", "Lea Marn"))
    steps = network.look_up(ACCOUNT, Wanted("message", "122_271", {"look_up": True}))
    assert Script(ok(record)).run(steps) == [found]


def test_words_of_a_mention() -> None:
    record = {"id": "4", "message": "@Acme", "created_time": "2026-11-21T12:00:00+0000"}
    steps = network.look_up(ACCOUNT, Wanted("message", "4", {"look_up": True, "no_text": True}))
    assert Script(ok(record)).run(steps) == [WordsFound(external_id="4", text="@Acme")]


def test_person() -> None:
    record = {"first_name": "Lea", "last_name": "Marn", "profile_pic": "https://x.fbsbx.com/p", "id": "222"}
    (seen,) = Script(ok(record)).run(network.look_up(ACCOUNT, Wanted("person", "222")))
    assert seen == IdentitySeen(person=Person("222", "Lea Marn", avatar_url="https://x.fbsbx.com/p"))


@pytest.mark.parametrize("answer", [ok({}), no(100, 33), no(230), no(2018218), no(2018247), no(10)])
def test_what_cannot_be_read_is_left_alone(answer: Response) -> None:
    assert Script(answer).run(network.look_up(ACCOUNT, Wanted("person", "222"))) == []


def test_look_up_may_be_tried_again() -> None:
    assert refused(network.look_up(ACCOUNT, Wanted("person", "222")), no(80006)).retry
    assert refused(network.look_up(ACCOUNT, Wanted("person", "222")), no(190)).reason == "sign_in_again"


@pytest.mark.parametrize(
    ("attachment", "address"),
    [
        (
            {"type": "sticker", "media": {"image": {"src": "https://a.fbcdn.net/s.png"}}},
            "https://a.fbcdn.net/s.png",
        ),
        (
            {"media": {"source": "https://v.fbcdn.net/v.mp4", "image": {"src": "https://a/p"}}},
            "https://v.fbcdn.net/v.mp4",
        ),
        ({"url": "https://a.fbcdn.net/g.gif"}, "https://a.fbcdn.net/g.gif"),
    ],
)
def test_file_of_a_comment(attachment: dict[str, Any], address: str) -> None:
    script = Script(ok({"id": "122_900", "attachment": attachment}))
    assert script.run(network.media(ACCOUNT, "media:122_900")) == MediaSource(address)
    assert (script.requests[0].url, script.requests[0].params["fields"]) == (f"{GRAPH}/122_900", "attachment")


def test_file_that_is_gone_and_file_that_lies_open() -> None:
    assert refused(network.media(ACCOUNT, "media:122_900"), ok({"id": "122_900"})).reason == "gone"
    open_one = "https://a.fbcdn.net/s.png"
    assert Script().run(network.media(ACCOUNT, open_one)) == MediaSource(open_one)

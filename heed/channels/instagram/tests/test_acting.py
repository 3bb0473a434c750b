"""Hiding, deleting, reactions and presence; posts, messages and people looked up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from heed.channels.base import (
    AuthorFound,
    IdentitySeen,
    Inbound,
    KindFound,
    Person,
    PostSeen,
    Refusal,
    Target,
    Wanted,
    WordsFound,
)
from heed.channels.instagram.adapter import network
from heed.channels.instagram.tests.sample import (
    ACCOUNT,
    BY_FACEBOOK,
    BY_FB,
    BY_IG,
    COMMENT,
    IG,
    IN_CAPTION,
    MENTION,
    MESSAGE,
    PAGE,
    STARTED,
)
from heed.channels.meta.tests.script import Script, Scripted, no, ok, refused
from heed.lib.http import Response


@pytest.mark.parametrize(("action", "hide"), [("hide", "true"), ("unhide", "false")])
def test_hiding_stands_in_the_address(action: Any, hide: str) -> None:
    script = Script(ok({"success": True}))
    assert script.run(network.act(ACCOUNT, action, COMMENT, "1001")) == {}
    (request,) = script.requests
    assert (request.method, request.url) == ("POST", f"{BY_IG}/1789")
    assert request.params == {"hide": hide}
    assert request.json is None


@pytest.mark.parametrize("answer", [ok({"success": True}), no(100, 33)])
def test_delete(answer: Response) -> None:
    script = Script(answer)
    assert script.run(network.act(ACCOUNT, "delete", COMMENT, "1001")) == {}
    assert (script.requests[0].method, script.requests[0].url) == ("DELETE", f"{BY_IG}/1789")


@pytest.mark.parametrize("target", [MENTION, IN_CAPTION])
def test_nothing_can_be_done_under_others_posts(target: Target) -> None:
    assert refused(network.act(ACCOUNT, "hide", target, "1001")).reason == "not_allowed"


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("seen", {"sender_action": "mark_seen"}),
        ("typing", {"sender_action": "typing_on"}),
        ("like", {"sender_action": "react", "payload": {"message_id": "aWdfX1", "reaction": "love"}}),
        ("unlike", {"sender_action": "unreact", "payload": {"message_id": "aWdfX1"}}),
    ],
)
def test_acting_on_messages(action: Any, body: dict[str, Any]) -> None:
    script = Script(ok({"recipient_id": "1001"}))
    script.run(network.act(BY_FACEBOOK, action, MESSAGE, "1001"))
    (request,) = script.requests
    assert request.url == f"{BY_FB}/{PAGE}/messages"
    assert request.json == {"recipient": {"id": "1001"}, **body}
    assert not request.decisive


def test_a_comment_cannot_be_liked() -> None:
    assert refused(network.act(ACCOUNT, "like", COMMENT, "1001")).reason == "bad_request"


MEDIA = {
    "id": "1790",
    "caption": "Autumn",
    "media_type": "IMAGE",
    "media_url": "https://scontent.cdninstagram.com/v/boot.jpg",
    "permalink": "https://www.instagram.com/p/abc/",
    "timestamp": "2026-11-21T12:00:00+0000",
    "username": "acme",
    "owner": {"id": IG},
    "like_count": 7,
    "comments_count": 2,
}
SEEN = PostSeen(
    external_id="1790",
    at=STARTED,
    author=Person(IG, handle="acme"),
    text="Autumn",
    picture_url="https://scontent.cdninstagram.com/v/boot.jpg",
    permalink="https://www.instagram.com/p/abc/",
    likes=7,
    comments=2,
)


def look(wanted: Wanted, *answers: Scripted) -> Any:
    return Script(*answers).run(network.look_up(ACCOUNT, wanted))


def test_a_post() -> None:
    assert look(Wanted("post", "1790"), ok(MEDIA)) == [SEEN]


def test_a_film_is_shown_by_its_still() -> None:
    film = {**MEDIA, "media_type": "VIDEO", "thumbnail_url": "https://scontent.cdninstagram.com/v/still.jpg"}
    (seen,) = look(Wanted("post", "1790"), ok(film))
    assert seen.picture_url == "https://scontent.cdninstagram.com/v/still.jpg"
    (seen,) = look(Wanted("post", "1790"), ok({**MEDIA, "media_type": "VIDEO"}))
    assert seen.picture_url is None


@pytest.mark.parametrize("answer", [no(100, 33), no(10), no(230), no(9010), no(2018218), no(200)])
@pytest.mark.parametrize("what", ["post", "message", "person"])
def test_what_cannot_be_read_is_no_news(what: Any, answer: Response) -> None:
    assert look(Wanted(what, "1790"), answer) == []


def test_a_dead_token_while_looking() -> None:
    assert refused(network.look_up(ACCOUNT, Wanted("post", "1790")), no(190)).reason == "sign_in_again"


def test_a_comment_that_came_without_an_author() -> None:
    comment = {
        "id": "1789",
        "text": "Where is it?",
        "timestamp": "2026-11-21T12:00:00+0000",
        "from": {"id": "1001", "username": "lea.marn"},
    }
    assert look(Wanted("message", "1789", {"look_up": True}), ok(comment)) == [
        AuthorFound(external_id="1789", author=Person("1001", handle="lea.marn")),
        WordsFound(external_id="1789", text="Where is it?"),
    ]


def test_a_mention_in_a_comment() -> None:
    mentioned = {
        "id": "1802",
        "text": "@acme look",
        "timestamp": "2026-11-21T12:00:00+0000",
        "username": "omar.badr",
        "media": {"id": "1801", "permalink": "https://www.instagram.com/p/xyz/"},
    }
    script = Script(ok({"mentioned_comment": mentioned, "id": IG}))
    wanted = Wanted("message", "1802", MENTION.refs)
    assert script.run(network.look_up(ACCOUNT, wanted)) == [
        AuthorFound(external_id="1802", author=Person("@omar.badr", handle="omar.badr")),
        WordsFound(external_id="1802", text="@acme look"),
        PostSeen(external_id="1801", permalink="https://www.instagram.com/p/xyz/"),
    ]
    (request,) = script.requests
    assert request.url == f"{BY_IG}/{IG}"
    assert str(request.params["fields"]).startswith("mentioned_comment.comment_id(1802){id,text,")


class TestACommentThatNamesUs:
    """By Instagram Login: only what the post says tells whether it is a mention under somebody else's."""

    WANTED = Wanted("message", "1802", {"look_up": True, "mentioned": "perhaps", "media": "1801"})
    MENTION = KindFound(external_id="1802", kind="mention", refs={"mentioned": "comment"})
    COMMENT = ok({"id": "1802", "text": "@acme look", "from": {"id": "1001", "username": "lea.marn"}})

    def look(self, *answers: Response) -> list[Inbound]:
        account = replace(ACCOUNT, handle="acme")
        found: list[Inbound] = Script(*answers).run(network.look_up(account, self.WANTED))
        return found

    @pytest.mark.parametrize("post", [{"owner": {"id": IG}}, {"username": "Acme"}, {}])
    def test_under_our_own_post(self, post: dict[str, Any]) -> None:
        kinds = [type(each) for each in self.look(ok({"id": "1801", **post}), self.COMMENT)]
        assert kinds == [AuthorFound, WordsFound]

    @pytest.mark.parametrize("post", [no(100, 33), ok({"id": "1801", "username": "omar.badr"})])
    def test_under_somebody_else_s(self, post: Response) -> None:
        link = "https://www.instagram.com/p/xyz/"
        mentioned = {"id": "1802", "text": "@acme look", "media": {"id": "1801", "permalink": link}}
        found, words, seen = self.look(post, ok({"mentioned_comment": mentioned, "id": IG}))
        assert found == self.MENTION
        assert words == WordsFound(external_id="1802", text="@acme look")
        assert seen == PostSeen(external_id="1801", permalink=link)

    def test_where_nothing_can_be_read(self) -> None:
        assert self.look(no(100, 33), no(100, 33)) == [self.MENTION]

    @pytest.mark.parametrize("answers", [[no(2)], [no(100, 33), no(2)]])
    def test_not_now(self, answers: list[Response]) -> None:
        with pytest.raises(Refusal):
            self.look(*answers)


def test_a_mention_in_a_caption() -> None:
    media = {**MEDIA, "id": "1801", "owner": {"id": "1002"}, "username": "omar.badr"}
    script = Script(ok({"mentioned_media": media, "id": IG}))
    author = Person("1002", handle="omar.badr")
    assert script.run(network.look_up(ACCOUNT, Wanted("message", "1801", IN_CAPTION.refs))) == [
        AuthorFound(external_id="1801", author=author),
        WordsFound(external_id="1801", text="Autumn"),
        replace(SEEN, external_id="1801", author=author),
    ]
    assert str(script.requests[0].params["fields"]).startswith("mentioned_media.media_id(1801){id,caption,")


def test_a_mention_that_is_gone() -> None:
    assert look(Wanted("message", "1801", IN_CAPTION.refs), ok({"id": IG})) == []


def test_a_person() -> None:
    profile = {"name": "Lea Marn", "username": "lea.marn", "profile_pic": "https://x.fbcdn.net/l.jpg"}
    assert look(Wanted("person", "1001"), ok(profile)) == [
        IdentitySeen(person=Person("1001", "Lea Marn", "lea.marn", "https://x.fbcdn.net/l.jpg"))
    ]
    assert look(Wanted("person", "1001"), ok({"id": "1001"})) == []


def test_a_bare_username_is_not_looked_up() -> None:
    assert look(Wanted("person", "@omar.badr")) == []

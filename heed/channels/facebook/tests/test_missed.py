"""What was missed is read back from the sandbox's Facebook."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from heed.channels.base import AccountRecord, Broken, Echo, Inbound, MessageReceived, Refusal
from heed.channels.facebook import calls, missed
from heed.channels.facebook.adapter import network
from heed.channels.meta.tests.desk import news, only, read_back
from heed.channels.tests.contract import Desk
from heed.lib.http import Steps
from heed.sandbox.frame import Fault
from heed.sandbox.networks.facebook import Facebook


def test_missed_news_is_read_back(desk: Desk, facebook: Facebook) -> None:
    old = desk.customer_writes("public", "Pred izpadom")
    url, facebook.hook_url = facebook.hook_url, ""
    facebook.clock.move(timedelta(hours=40).total_seconds())
    since = facebook.clock.now().replace(microsecond=0)
    play = facebook.do
    comment = play("comment", person="lea", text="Med izpadom", parent=old.external_id)["id"]
    posted = play("visitor_post", person="omar", text="Kdaj odprete?", picture="boot")["id"]
    mention = play("mention", person="tuya", text="@Acme намайг мартсан")["id"]
    play("message", person="lea", text="Ste tam?", picture="boot")
    play("outside", person="lea", text="Smo.")
    desk.sandbox.settle()
    facebook.hook_url = url
    found = read_back(desk, since)
    told = {each.external_id: each for each in found if isinstance(each, MessageReceived)}
    said = {"Med izpadom", "Kdaj odprete?", "@Acme намайг мартсан", "Ste tam?", ""}
    assert {each.text for each in told.values()} == said
    assert (told[comment].kind, told[comment].parent) == ("reply", old.external_id)
    assert told[posted].kind == "visitor_post"
    assert (told[mention].kind, told[mention].post) == ("mention", mention)
    (picture,) = [each for each in told.values() if not each.text]
    assert picture.attachments
    assert [each.text for each in found if isinstance(each, Echo)] == ["Smo."]


def test_mentions_that_may_not_be_read_hold_up_nothing(desk: Desk, facebook: Facebook) -> None:
    since = facebook.clock.now().replace(microsecond=0)
    desk.simulator.do("message", person="lea", text="Ste tam?")
    desk.sandbox.fault(
        "facebook",
        Fault("GET */tagged", status=400, body={"error": {"code": 10, "message": "not permitted"}}),
    )
    cursor: dict[str, Any] = {"since": since.isoformat(), "now_at": "mentions"}
    page = desk.run(partial(network.backfill, cursor=cursor))
    assert (page.bodies, page.more) == ((), True)
    page = desk.run(partial(network.backfill, cursor=page.cursor))
    assert len(page.bodies) == 1


def test_comments_on_an_ad_are_read_back_where_we_know_of_it(
    desk: Desk, facebook: Facebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missed, "MOST_PAGES", 2)
    since = facebook.clock.now().replace(microsecond=0)
    ads = [facebook.do("ad", text=text)["id"] for text in ("Popust", "Nova kolekcija")]
    posts = [facebook.do("post", text=f"Objava {number}")["id"] for number in range(27)]
    for number, parent in enumerate((*ads, posts[0], posts[-1])):
        facebook.do("comment", person="lea", text=f"Vprašanje {number}", parent=parent)
    asked: list[str] = []

    def get(account: AccountRecord, path: str, **given: str) -> Steps[dict[str, Any]]:
        asked.append(path)
        return (yield from calls.get(account, path, **given))

    monkeypatch.setattr(missed, "calls", SimpleNamespace(get=get, picture_of=calls.picture_of))
    found = read_back(desk, since, posts=["8_of_others", ads[0], posts[0], posts[-1]])
    assert texts(found) == {"Vprašanje 0", "Vprašanje 2", "Vprašanje 3"}
    under = [each for each in asked if each.endswith("/comments")]
    assert len(under) == len(set(under))  # what is listed as well is read once
    assert not any(each.startswith("8_") for each in under)


class TestManyComments:
    @pytest.fixture(autouse=True)
    def short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two pages of comments in one go, of two comments each."""
        monkeypatch.setattr(missed, "AT_ONCE", 2)
        monkeypatch.setattr(missed, "_LISTED", "2")

    def test_all_are_read_back_and_what_comes_after_them(self, desk: Desk, facebook: Facebook) -> None:
        since, told = many(desk, facebook)
        assert texts(read_back(desk, since)) == told

    def test_a_place_that_meta_no_longer_knows_is_begun_anew(self, desk: Desk, facebook: Facebook) -> None:
        since, told = many(desk, facebook)
        cursor = in_the_middle(desk, since)
        desk.sandbox.fault("facebook", no_such_place(cursor))
        assert texts(read_back(desk, since, **cursor)) == told

    def test_and_not_for_ever(self, desk: Desk, facebook: Facebook) -> None:
        since, _ = many(desk, facebook)
        cursor = in_the_middle(desk, since)
        desk.sandbox.fault("facebook", no_such_place(cursor))
        found = read_back(desk, since, **{**cursor, "again": missed._AGAIN})
        assert texts(found) == {"Drugje", "Ste tam?"}
        assert [each.what for each in found if isinstance(each, Broken)] == ["comments"]

    def test_what_was_read_is_kept_where_meta_wants_us_to_wait(
        self, desk: Desk, facebook: Facebook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        since, told = many(desk, facebook)
        asked: list[str] = []

        def get(account: AccountRecord, path: str, **given: str) -> Steps[dict[str, Any]]:
            asked.append(path)
            if len(asked) == 3:  # the posts, and the second page of comments
                raise Refusal("slow_down", retry=True)
            return (yield from calls.get(account, path, **given))

        monkeypatch.setattr(missed, "calls", SimpleNamespace(get=get, picture_of=calls.picture_of))
        assert texts(read_back(desk, since)) == told
        assert len(set(asked[1:4])) == 1

    def test_a_post_that_is_gone_holds_up_nothing(self, desk: Desk, facebook: Facebook) -> None:
        since, _ = many(desk, facebook)
        gone = {"error": {"code": 100, "error_subcode": 33, "message": "gone"}}
        desk.sandbox.fault("facebook", Fault("GET */comments", status=400, body=gone))
        assert texts(read_back(desk, since)) == {"Drugje", "Ste tam?"}

    @pytest.mark.parametrize("code", [10, 200, 100])
    def test_a_post_whose_comments_are_refused_holds_up_nothing_and_is_named(
        self, desk: Desk, facebook: Facebook, code: int
    ) -> None:
        since, _ = many(desk, facebook)
        refusal = {"error": {"code": code, "message": "not for you"}}
        desk.sandbox.fault("facebook", Fault("GET */comments", status=400, body=refusal))
        found = read_back(desk, since)
        assert texts(found) == {"Drugje", "Ste tam?"}
        (broken,) = [each for each in found if isinstance(each, Broken)]
        assert "not for you" in broken.error

    def test_what_concerns_the_account_is_waited_for(self, desk: Desk, facebook: Facebook) -> None:
        since, _ = many(desk, facebook)
        refusal = {"error": {"code": 368, "message": "blocked for now"}}
        desk.sandbox.fault("facebook", Fault("GET */comments", status=400, body=refusal))
        with pytest.raises(Refusal):
            read_back(desk, since)

    def test_a_place_may_be_lost_as_long_as_more_is_read_in_between(
        self, desk: Desk, facebook: Facebook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        since, told = many(desk, facebook)
        monkeypatch.setattr(missed, "AT_ONCE", 1)
        monkeypatch.setattr(missed, "_LISTED", "1")
        lost: set[str] = set()

        def get(account: AccountRecord, path: str, **given: str) -> Steps[dict[str, Any]]:
            place = given.get("after", "")
            if path.endswith("/comments") and place and place not in lost:
                lost.add(place)
                raise Refusal("bad_request")
            return (yield from calls.get(account, path, **given))

        monkeypatch.setattr(missed, "calls", SimpleNamespace(get=get, picture_of=calls.picture_of))
        assert texts(read_back(desk, since)) == told
        assert len(lost) > missed._AGAIN


def texts(found: list[Inbound]) -> set[str]:
    return {each.text for each in found if isinstance(each, MessageReceived)}


def in_the_middle(desk: Desk, since: datetime) -> dict[str, Any]:
    """What the cursor says beside `since` when some of the comments under a post were read."""
    page = desk.run(partial(network.backfill, cursor={"since": since.isoformat()}))
    page = desk.run(partial(network.backfill, cursor=page.cursor))
    assert page.cursor["place"]
    return {name: value for name, value in page.cursor.items() if name != "since"}


def no_such_place(cursor: dict[str, Any]) -> Fault:
    refusal = {"error": {"code": 100, "message": "invalid cursor"}}
    return Fault(f"GET */{cursor['under'][0]}/comments", status=400, body=refusal)


def many(desk: Desk, facebook: Facebook) -> tuple[datetime, set[str]]:
    """A comment under one post, seven under another, and a message: what they say, and since when."""
    since = facebook.clock.now().replace(microsecond=0)
    play = facebook.do
    posts = [play("post", text=text)["id"] for text in ("Zimska kolekcija", "Poletna kolekcija")]
    play("comment", person="omar", text="Drugje", parent=posts[0])
    told = {f"Vprašanje {number}" for number in range(7)}
    for text in sorted(told):
        facebook.clock.move(1)
        play("comment", person="lea", text=text, parent=posts[1])
    play("message", person="lea", text="Ste tam?")
    return since, {*told, "Drugje", "Ste tam?"}


PICTURE = "https://scontent.fbcdn.net/a.jpg"
SHARED: dict[str, dict[str, Any]] = {
    "post": {"attachments": [{"type": "post", "payload": {"url": PICTURE, "title": "Triglav", "id": 7}}]},
    "link": {"text": "to?", "attachments": [{"type": "fallback", "payload": {"url": PICTURE, "title": "T"}}]},
    "sticker": {"attachments": [{"type": "sticker", "payload": {"url": PICTURE, "sticker_id": 369}}]},
    "quick reply": {"text": "Rdeči", "quick_reply": {"payload": "RED"}},
}


@pytest.mark.parametrize("message", SHARED.values(), ids=SHARED)
def test_what_was_shared_is_read_back_as_the_webhook_tells_it(desk: Desk, message: dict[str, Any]) -> None:
    since = desk.simulator.clock.now().replace(microsecond=0)
    first = desk.simulator.do("message", person="lea", text="Glejte:")["id"]
    desk.simulator.do("raw", person="lea", message={**message, "reply_to": {"mid": first}})
    _, told = news(desk, MessageReceived)
    _, found = read_back(desk, since, now_at="chats")
    assert isinstance(found, MessageReceived)
    assert told.attachments or told.text
    assert (found.external_id, found.text, found.kind) == (told.external_id, told.text, told.kind)
    assert (found.parent, found.attachments) == (told.parent, told.attachments)


def test_what_cannot_be_read_is_left_to_the_webhook_as_long_as_that_may_come(
    desk: Desk, facebook: Facebook
) -> None:
    since = facebook.clock.now().replace(microsecond=0)
    facebook.do("raw", person="lea", message={"attachments": [{"type": "image", "payload": {}}]})
    only(desk, MessageReceived)
    assert read_back(desk, since, now_at="chats") == []
    (entry,) = facebook.chats["lea"].entries
    entry.at -= timedelta(hours=2)
    (found,) = read_back(desk, since - timedelta(hours=3), now_at="chats")
    assert isinstance(found, MessageReceived)
    assert [each.text for each in found.attachments] == ["unsupported"]

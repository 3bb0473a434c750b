"""Our own likes and reposts, read back: with the simulator, and against scripted pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import MessageReceived, ReactionChanged, Refusal
from heed.channels.tests.contract import Desk, target_of
from heed.channels.x import marks, polling
from heed.channels.x.adapter import network
from heed.channels.x.tests.desk import again, mentioned, news
from heed.channels.x.tests.sample import ACCOUNT, ACME
from heed.channels.x.tests.script import SELF_SERVE, Script, no, problem, target
from heed.lib import clock
from heed.lib.http import TooLarge, Unreachable
from heed.sandbox.networks.x import X

OF_CHECKED = {"webhooks": True, "hears": ["dm.received"], "level": "enterprise"}
CHECKED = replace(ACCOUNT, facts=OF_CHECKED)


def likes(*posts: str, more: bool = False, **beside: Any) -> dict[str, Any]:
    rows = [{"id": each, "text": "hej"} for each in posts]
    return {
        "data": rows,
        "meta": {"result_count": len(rows), **({"next_token": "n"} if more else {})},
    } | beside


def changed(*pages: dict[str, Any]) -> list[tuple[str, bool]]:
    """What the last of these looks at the likes finds."""
    kept: dict[str, Any] = {}
    found: list[dict[str, Any]] = []
    for page in pages:
        found, kept = Script(page).run(marks.changes(ACCOUNT, marks.liked(ACCOUNT), kept))
    return [(each["post"], each["on"]) for each in found]


@pytest.mark.parametrize("reaction", ["like", "repost"])
class TestWithTheSimulator:
    @pytest.fixture
    def message(self, desk: Desk) -> MessageReceived:
        return mentioned(desk)

    def ours(self, desk: Desk, reaction: str) -> list[bool]:
        us = desk.record.external_id
        found = [each for each in news(desk, ReactionChanged) if each.author.external_id == us]
        return [each.on for each in found if each.reaction == reaction]

    def test_what_is_taken_back_on_x(self, desk: Desk, x: X, message: MessageReceived, reaction: str) -> None:
        desk.act(reaction, target_of(message), "")  # type: ignore[arg-type]
        again(desk)
        x.do("react_elsewhere", id=message.external_id, reaction=reaction, on=False)
        assert self.ours(desk, reaction)[-1] is True
        again(desk)
        assert self.ours(desk, reaction)[-1] is False
        taken_back = self.ours(desk, reaction).count(False)
        again(desk)
        assert self.ours(desk, reaction).count(False) == taken_back

    def test_what_is_done_on_x(self, desk: Desk, x: X, message: MessageReceived, reaction: str) -> None:
        again(desk)
        x.do("react_elsewhere", id=message.external_id, reaction=reaction)
        again(desk)
        assert set(self.ours(desk, reaction)) == {True}


def test_the_first_look_only_learns() -> None:
    assert changed(likes("3", "2", "1")) == []
    assert changed(likes("3", "2", "1"), likes("4", "3", "1")) == [("2", False), ("4", True)]


def test_what_is_pushed_out_was_not_taken_back() -> None:
    assert changed(likes("3", "2", "1", more=True), likes("4", "3", "2", more=True)) == [("4", True)]
    assert changed(likes("3", "2", "1", more=True), likes("3", "1", "0", more=True)) == [
        ("2", False),
        ("0", True),
    ]
    assert changed(likes("2", "1", more=True), likes("9", "8", more=True)) == [("9", True), ("8", True)]


def test_an_edited_post_is_known_by_its_first_id() -> None:
    edited = {"id": "8", "text": "hej", "edit_history_tweet_ids": ["2", "8"]}
    assert changed(likes("1"), {"data": [edited], "meta": {"result_count": 1}}) == [("1", False), ("2", True)]


def test_a_page_that_is_not_whole_proves_nothing() -> None:
    beside = [{"title": "Not Found Error", "type": "https://api.x.com/2/problems/resource-not-found"}]
    assert changed(likes("2", "1"), likes("1", errors=beside)) == []
    assert changed(likes("2", "1"), likes("1", errors=beside), likes("1")) == [("2", False)]


def test_a_repost_that_grew_old_was_not_taken_back() -> None:
    now = clock.now()
    row = {"id": "9", "created_at": polling.iso(now), "referenced_tweets": [{"type": "retweeted", "id": "5"}]}
    listed = {"data": [{"id": "8", "text": "hej"}, row], "meta": {"result_count": 2}}
    nothing = {"meta": {"result_count": 0}}
    _, kept = Script(listed).run(marks.changes(ACCOUNT, marks.reposted(ACCOUNT), {}))
    found, _ = Script(nothing).run(marks.changes(ACCOUNT, marks.reposted(ACCOUNT), kept))
    assert [(each["post"], each["reaction"], each["on"]) for each in found] == [("5", "repost", False)]
    with clock.moved(timedelta(days=8)):
        found, _ = Script(nothing).run(marks.changes(ACCOUNT, marks.reposted(ACCOUNT), kept))
    assert found == []


def test_each_hour_one_page_of_each() -> None:
    script = Script(likes(), likes())
    first = script.run(network.collect(CHECKED, {}))
    assert script.asked == [f"GET /users/{ACME}/liked_tweets", f"GET /users/{ACME}/tweets"]
    assert script.requests[1].params["exclude"] == "replies"
    assert Script().run(network.collect(CHECKED, first.cursor)) == first
    with clock.moved(timedelta(minutes=61)):
        Script(likes(), likes()).run(network.collect(CHECKED, first.cursor))


def test_without_likes_by_programs_only_reposts_are_read() -> None:
    facts = {**OF_CHECKED, "level": "self_serve"}
    script = Script(likes())
    script.run(network.collect(replace(SELF_SERVE, facts=facts), {}))
    assert script.asked == [f"GET /users/{ACME}/tweets"]


@pytest.mark.parametrize(
    "no_marks",
    [
        Unreachable("timed out"),
        TooLarge("over 8 MB"),
        problem(429, "usage-capped"),
        no(402),
        no(503),
    ],
    ids=["hangs", "too large", "capped", "unpaid", "down"],
)
def test_a_look_that_fails_costs_no_news(no_marks: Any) -> None:
    """News was read before it, or comes by webhook."""
    facts = {**OF_CHECKED, "webhooks": False}
    account = replace(CHECKED, facts=facts, credentials={**CHECKED.credentials, "listen_for": ""})
    rests = {
        each.name: {"next": "2999-01-01T00:00:00Z"} for each in polling.SOURCES if each.name != "mentions"
    }
    post = {"id": "9", "text": "@acme hej", "author_id": "7", "created_at": polling.iso(clock.now())}
    script = Script({"data": [post], "meta": {"result_count": 1}}, no_marks, no_marks)
    found = script.run(network.collect(account, rests))
    assert [b"@acme hej" in each for each in found.bodies] == [True]
    assert script.asked[1:] == [f"GET /users/{ACME}/liked_tweets", f"GET /users/{ACME}/tweets"]
    assert Script().run(network.collect(account, found.cursor)).bodies == ()


class TestWhatIsSoAlready:
    @pytest.mark.parametrize("action", ["unlike", "unrepost"])
    def test_on_a_post_that_is_gone(self, action: Any) -> None:
        for gone in (
            problem(404, "resource-not-found"),
            no(404, {"errors": [{"code": 144, "message": "No"}]}),
        ):
            assert Script(gone).run(network.act(ACCOUNT, action, target(), "")) == {}

    @pytest.mark.parametrize(("action", "code"), [("like", 139), ("repost", 327)])
    def test_done_before(self, action: Any, code: int) -> None:
        already = no(403, {"errors": [{"code": code, "message": "You have already done this."}]})
        assert Script(already).run(network.act(ACCOUNT, action, target(), "")) == {}
        with pytest.raises(Refusal):
            Script(problem(404, "resource-not-found")).run(network.act(ACCOUNT, action, target(), ""))

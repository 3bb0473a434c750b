"""Polling: nothing missed, nothing asked too often."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import Collected, MessageEdited, PostSeen, Refusal
from heed.channels.mastodon.adapter import network
from heed.channels.mastodon.polling import KEPT_BACK, WATCHED_FOR
from heed.channels.mastodon.tests.sample import ACCOUNT, ACME, page
from heed.channels.mastodon.tests.script import Script, iso, no
from heed.lib import clock
from heed.lib.http import Request, Response, Unreachable

NEWS = "GET /api/v1/notifications"
OWN = f"GET /api/v1/accounts/{ACME}/statuses"
MANY = "GET /api/v1/statuses"
STATUS = page("notifications")["notifications"][0]["status"]


def told(number: int, **status: Any) -> dict[str, Any]:
    made = iso(clock.now())
    changed = {**STATUS, "id": f"9{number}", "created_at": made, **status}
    return {"id": str(number), "type": "mention", "created_at": made, "account": {}, "status": changed}


class Server:
    """A list of notifications, paged as a server pages them."""

    def __init__(self, *notifications: dict[str, Any], limit: int = 40) -> None:
        self.notifications = list(notifications)
        self.own: list[dict[str, Any]] = []
        self.limit = limit
        self.headers: dict[str, str] = {}
        self.script = Script({NEWS: self.news, OWN: lambda _request: self.own, MANY: self.many})
        self.cursor: dict[str, Any] = {}

    def news(self, request: Request) -> Response:
        above = int(str(request.params.get("min_id", 0)))
        below = int(str(request.params.get("max_id", 10**9)))
        rest = [each for each in self.notifications if above < int(each["id"]) < below]
        found = rest[: self.limit] if "min_id" in request.params else rest[-self.limit :]
        return Response(200, self.headers, json.dumps(found[::-1]).encode())

    def many(self, request: Request) -> list[Any]:
        there = [each["status"] for each in self.notifications]
        return [each for each in there if each["id"] in request.params["id[]"] and not each.get("gone")]

    def poll(self) -> list[dict[str, Any]]:
        """What one round of polling brings."""
        bodies: list[dict[str, Any]] = []
        more = True
        while more:
            found: Collected = self.script.run(network.collect(ACCOUNT, self.cursor))
            self.cursor, more = json.loads(json.dumps(dict(found.cursor))), found.more
            bodies += [json.loads(body) for body in found.bodies]
        return bodies

    def ids(self) -> list[str]:
        listed = [body["notifications"] for body in self.poll() if body["kind"] == "notifications"]
        return [each["id"] for body in listed for each in body]


def test_upwards_from_where_we_were() -> None:
    server = Server(told(8), told(9))
    assert server.ids() == ["8", "9"]
    server.notifications += [told(10), told(11)]
    assert server.ids() == ["10", "11"]
    assert server.ids() == []


def test_the_first_poll_reads_a_whole_day_however_much_came() -> None:
    """Likes of this morning do not push away who wrote last night."""
    likes = [{**told(each), "type": "favourite"} for each in range(20, 120)]
    server = Server({**told(5), "created_at": iso(clock.now() - timedelta(hours=20))}, *likes)
    assert server.ids()[0] == "5"
    assert server.script.called().count(NEWS) == 3
    old = {**told(4), "created_at": iso(clock.now() - timedelta(hours=25))}
    late = [{**each, "created_at": old["created_at"]} for each in likes[:60]]
    server = Server(old, *late, *likes[60:])
    assert server.ids() == [each["id"] for each in likes[60:]]


def test_a_flood_is_read_from_its_oldest_end() -> None:
    server = Server(told(99), limit=7)
    server.poll()
    server.notifications += [told(each) for each in range(100, 205)]
    assert server.ids() == [str(each) for each in range(100, 205)]


def test_the_backlog_of_a_day() -> None:
    old = {**told(8), "created_at": iso(clock.now() - timedelta(hours=25))}
    assert Server(old, told(9)).ids() == ["9"]


def test_an_account_without_notifications_misses_none() -> None:
    server = Server()
    assert server.ids() == []
    server.notifications.append(told(5))
    assert server.ids() == ["5"]


def test_a_server_that_does_not_know_the_way_up_comes_to_an_end() -> None:
    server = Server(told(5))
    server.poll()
    server.script.answers[NEWS] = lambda _request: server.notifications
    assert server.ids() == []


def test_strangers_are_asked_for() -> None:
    server = Server(told(5))
    server.poll()
    asked = [each.params for each in server.script.requests if each.url.endswith("/notifications")]
    assert all(params["include_filtered"] == "true" for params in asked)


def test_what_concerns_nobody_is_not_kept() -> None:
    server = Server({**told(5), "type": "follow"})
    assert server.poll() == []
    assert server.cursor["min_id"] == "5"


@pytest.mark.parametrize("answer", [no(500), no(404), Response(200, {}, b"<html>"), {"error": "x"}])
def test_an_error_is_never_no_news(answer: Any) -> None:
    with pytest.raises(Refusal):
        Script({NEWS: answer}).run(network.collect(ACCOUNT, {}))


def test_an_error_beside_the_news_waits_for_the_next_time() -> None:
    server = Server(told(5))
    server.script.answers[OWN] = Unreachable("x")
    assert server.ids() == ["5"]


class TestThreads:
    def reply(self, number: int, parent: str) -> dict[str, Any]:
        return told(number, in_reply_to_id=parent)

    def test_the_head_is_asked_for_once_per_thread(self) -> None:
        server = Server(self.reply(5, "71"), self.reply(6, "71"), self.reply(7, "95"))
        post = {**STATUS, "id": "70"}
        server.script.answers["GET /api/v1/statuses/95/context"] = {"ancestors": [post, STATUS]}
        (body,) = server.poll()
        assert {each: head["id"] for each, head in body["roots"].items()} == {
            "95": "70",
            "96": "70",
            "97": "70",
        }
        assert body["roots"]["95"]["status"] == post
        assert sum(each.endswith("/context") for each in server.script.called()) == 1

    def test_a_head_nobody_knows(self) -> None:
        (body,) = Server(self.reply(5, "71")).poll()
        assert body["roots"] == {"95": {"id": "71"}}

    def test_private_ones_have_none(self) -> None:
        server = Server(told(5, in_reply_to_id="71", visibility="direct"))
        (body,) = server.poll()
        assert body["roots"] == {}
        assert not any(each.endswith("/context") for each in server.script.called())


class TestOwn:
    def status(self, number: int, ago: float = 90) -> dict[str, Any]:
        made = iso(clock.now() - timedelta(seconds=ago))
        return {**page("own")["statuses"][0], "id": str(number), "created_at": made}

    def own_ids(self, server: Server) -> list[str]:
        return [each["id"] for body in server.poll() if body["kind"] == "own" for each in body["statuses"]]

    def test_only_what_is_new_and_settled(self) -> None:
        server = Server()
        server.own = [self.status(7)]
        assert self.own_ids(server) == []
        server.own = [self.status(9, ago=5), self.status(8)]
        with clock.moved(timedelta(seconds=21)):
            assert self.own_ids(server) == ["8"]
        with clock.moved(timedelta(seconds=100)):
            assert self.own_ids(server) == ["9"]

    def test_not_at_every_poll(self) -> None:
        server = Server()
        for _ in range(5):
            server.poll()
        assert server.script.called().count(OWN) == 1


class TestChanges:
    def changes(self, server: Server) -> list[Any]:
        return [each for body in server.poll() if body["kind"] == "changed" for each in body["changes"]]

    def watched(self) -> Server:
        server = Server(told(5))
        server.poll()
        return server

    def edit(self, server: Server, **changes: Any) -> None:
        server.notifications[0]["status"].update(changes)

    def test_an_edit_with_its_history(self) -> None:
        server = self.watched()
        self.edit(server, edited_at="2026-10-14T19:12:00.000Z")
        server.script.answers["GET /api/v1/statuses/95/history"] = [{"created_at": "a"}, {"created_at": "b"}]
        (change,) = self.changes(server)
        assert (change["status"]["id"], change["since"], len(change["history"])) == ("95", "", 2)
        with clock.moved(timedelta(seconds=60)):
            assert self.changes(server) == []

    def test_an_edit_that_gave_another_id(self) -> None:
        """As snac's does: for us it stays the one we know."""
        server = Server(told(5))
        server.script.answers[MANY] = no(404)
        server.poll()
        edited = {**server.notifications[0]["status"], "id": "96", "edited_at": "2026-10-14T19:12:00.000Z"}
        server.script.answers["GET /api/v1/statuses/95"] = edited
        (change,) = self.changes(server)
        assert change["status"]["id"] == "95"

    def test_the_youngest_wait_for_nobody(self) -> None:
        server = Server(*(told(number) for number in range(1, 10)))
        server.script.answers[MANY] = no(404)
        server.poll()
        with clock.moved(timedelta(seconds=5)):
            server.notifications = [told(20), *server.notifications]
            server.poll()
        server.script.requests.clear()
        with clock.moved(timedelta(seconds=20)):
            self.changes(server)
        assert "GET /api/v1/statuses/920" in server.script.called()

    def test_an_edit_of_ours_made_elsewhere(self) -> None:
        """It comes in the words that were typed: an edit made in Heed then says nothing new."""
        server = Server()
        server.poll()
        ours = {
            **page("own")["statuses"][1],
            "id": "7",
            "created_at": iso(clock.now() - timedelta(minutes=2)),
        }
        server.own = [ours]
        server.script.answers[MANY] = lambda _request: [ours]
        with clock.moved(timedelta(seconds=30)):
            server.poll()
        ours.update(edited_at=iso(clock.now()), content="<p>@lea_marn Nov odgovor</p>")
        server.script.answers["GET /api/v1/statuses/7/source"] = {"text": "@lea_marn Nov  odgovor"}
        with clock.moved(timedelta(seconds=60)):
            found: Collected = server.script.run(network.collect(ACCOUNT, server.cursor))
            now = clock.now()
        (body,) = [each for each in found.bodies if b'"changed"' in each]
        (edited,) = network.read(body, ACCOUNT)
        assert isinstance(edited, MessageEdited)
        assert (edited.external_id, edited.text) == ("7", "Nov  odgovor")
        assert abs(edited.at - now) < timedelta(seconds=5)

    def test_an_edit_of_a_post_of_ours(self) -> None:
        head = {**page("own")["statuses"][1], "in_reply_to_id": None, "edited_at": iso(clock.now())}
        change = {"status": head, "typed": "Nova objava", "at": clock.now().isoformat()}
        body = json.dumps({"kind": "changed", "changes": [change]}).encode()
        (seen,) = network.read(body, ACCOUNT)
        assert isinstance(seen, PostSeen)

    def test_a_removal_is_made_sure_of(self) -> None:
        server = self.watched()
        self.edit(server, gone=True)
        assert self.changes(server) == [{"removed": "95"}]
        assert "GET /api/v1/statuses/95" in server.script.called()
        with clock.moved(timedelta(seconds=60)):
            assert self.changes(server) == []

    def test_one_only_left_out_of_the_list_is_still_there(self) -> None:
        server = self.watched()
        self.edit(server, gone=True)
        server.script.answers["GET /api/v1/statuses/95"] = server.notifications[0]["status"]
        assert self.changes(server) == []

    def test_a_server_that_gives_one_at_a_time(self) -> None:
        """Five are asked for each time, so that it does not find it too much."""
        server = Server(*(told(number) for number in range(1, 7)))
        server.script.answers[MANY] = no(404)
        for told_of in server.notifications[:5]:
            server.script.answers[f"GET /api/v1/statuses/{told_of['status']['id']}"] = told_of["status"]
        server.poll()
        assert self.changes(server) == []
        with clock.moved(timedelta(seconds=20)):
            assert self.changes(server) == [{"removed": "96"}]

    def test_ever_less_often(self) -> None:
        server = self.watched()
        server.script.requests.clear()
        for second in range(0, 3600, 5):
            with clock.moved(timedelta(seconds=second)):
                server.poll()
        assert 10 <= server.script.called().count(MANY) <= 40

    def test_not_for_ever(self) -> None:
        server = self.watched()
        with clock.moved(WATCHED_FOR + timedelta(minutes=1)):
            server.poll()
            server.script.requests.clear()
            server.poll()
        assert MANY not in server.script.called()


class TestSparing:
    def rest(self, left: int) -> Server:
        server = Server(told(5))
        server.headers = {
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": iso(clock.now() + timedelta(seconds=120)),
        }
        server.poll()
        server.script.requests.clear()
        return server

    def test_polling_rests_when_few_requests_are_left(self) -> None:
        server = self.rest(KEPT_BACK - 1)
        assert server.poll() == []
        assert server.script.requests == []
        with clock.moved(timedelta(seconds=121)):
            server.poll()
        assert server.script.requests

    def test_polling_goes_on_while_there_are_enough(self) -> None:
        server = self.rest(KEPT_BACK)
        server.poll()
        assert server.script.requests


def test_the_ear_listens_where_the_server_streams() -> None:
    assert network.ear(ACCOUNT) is None
    told_of = replace(ACCOUNT, facts={"streaming": "https://streaming.mastodon.example"})
    ear = network.ear(told_of)
    assert ear is not None
    assert ear.kind == "events"
    assert ear.url == "https://streaming.mastodon.example/api/v1/streaming/user/notification"
    assert ear.headers["authorization"].startswith("Bearer ")
    assert ear.headers["authorization"] not in repr(ear)

"""Asking for news, against scripted answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from heed.channels.base import Collected, Echo, MessageReceived
from heed.channels.x import polling
from heed.channels.x.adapter import network
from heed.channels.x.tests.sample import ACCOUNT, ACME, LEA
from heed.channels.x.tests.script import Script, no, problem, refused
from heed.lib import clock

HEARD = {"webhooks": True, "hears": ["dm.received"], "messages": True}
TOLD = replace(ACCOUNT, facts=HEARD)
NOTHING: dict[str, Any] = {"meta": {"result_count": 0}}
RESTING = "2999-01-01T00:00:00Z"


def post(id: str, text: str = "@acme hej", author: str = LEA) -> dict[str, Any]:
    return {
        "id": id,
        "text": text,
        "author_id": author,
        "created_at": iso(clock.now()),
        "conversation_id": id,
    }


def message(id: str, sender: str = LEA, age: float = 600, **more: Any) -> dict[str, Any]:
    at = iso(clock.now() - timedelta(seconds=age))
    facts = {"id": id, "event_type": "MessageCreate", "text": "hej", "created_at": at, "sender_id": sender}
    return {**facts, "dm_conversation_id": f"{ACME}-{LEA}", **more}


def page(*items: dict[str, Any], more: str = "") -> dict[str, Any]:
    meta: dict[str, Any] = {"result_count": len(items), "newest_id": items[0]["id"]}
    return {"data": list(items), "meta": {**meta, **({"next_token": more} if more else {})}}


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def only(*names: str) -> dict[str, Any]:
    """A cursor at which all lists but these rest."""
    return {each.name: {"next": RESTING} for each in polling.SOURCES if each.name not in names}


def read(found: Collected, kind: type[Any]) -> list[str]:
    news = [each for body in found.bodies for each in network.read(body, ACCOUNT)]
    return [each.external_id for each in news if isinstance(each, kind)]


def test_who_is_told_asks_for_nothing() -> None:
    script = Script()
    assert script.run(network.collect(TOLD, {})) == Collected((), {})
    assert script.requests == []


def test_the_first_round_asks_for_a_day_of_everything() -> None:
    script = Script(NOTHING, NOTHING, NOTHING, NOTHING)
    found = script.run(network.collect(ACCOUNT, {}))
    assert script.asked == [
        f"GET /users/{ACME}/mentions",
        "GET /tweets/search/recent",
        f"GET /users/{ACME}/tweets",
        "GET /dm_events",
    ]
    assert found.bodies == ()
    assert not found.more
    day_ago = clock.now() - timedelta(hours=24)
    assert abs(clock.from_iso(str(script.requests[0].params["start_time"])) - day_ago) < timedelta(minutes=1)
    assert set(found.cursor) == {"mentions", "search", "own", "dms"}


def test_every_list_rests_between_two_rounds() -> None:
    first = Script(NOTHING, NOTHING, NOTHING, NOTHING).run(network.collect(ACCOUNT, {}))
    assert Script().run(network.collect(ACCOUNT, first.cursor)).cursor == first.cursor
    with clock.moved(timedelta(seconds=61)):
        script = Script(NOTHING)
        script.run(network.collect(ACCOUNT, first.cursor))
    assert script.asked == [f"GET /users/{ACME}/mentions"]


def test_what_is_new_since_the_newest() -> None:
    script = Script(page(post("502"), post("501")))
    found = script.run(network.collect(ACCOUNT, only("mentions")))
    assert read(found, MessageReceived) == ["501", "502"]
    assert found.cursor["mentions"]["since"] == "502"
    with clock.moved(timedelta(seconds=61)):
        script = Script(NOTHING)
        again = script.run(network.collect(ACCOUNT, found.cursor))
    assert script.requests[0].params["since_id"] == "502"
    assert "start_time" not in script.requests[0].params
    assert again.cursor["mentions"]["since"] == "502"


def test_all_pages_are_read_before_the_newest_is_kept() -> None:
    script = Script(page(post("504"), post("503"), more="p2"), page(post("502")))
    found = script.run(network.collect(ACCOUNT, only("mentions")))
    assert read(found, MessageReceived) == ["502", "503", "504"]
    assert script.requests[1].params["pagination_token"] == "p2"
    assert found.cursor["mentions"]["since"] == "504"


def test_ids_are_compared_as_numbers() -> None:
    kept = {**only("mentions"), "mentions": {"since": "999"}}
    found = Script(page(post("1000"))).run(network.collect(ACCOUNT, kept))
    assert found.cursor["mentions"]["since"] == "1000"


def test_a_page_that_fails_is_asked_for_again_and_those_before_it_are_kept() -> None:
    kept = {**only("mentions"), "mentions": {"since": "500"}}
    found = Script(page(post("504"), more="p2"), no(500)).run(network.collect(ACCOUNT, kept))
    assert (read(found, MessageReceived), found.more) == (["504"], True)
    assert found.cursor["mentions"]["since"] == "500"
    failed = Script(no(500)).run(network.collect(ACCOUNT, found.cursor))
    assert not failed.more
    with clock.moved(timedelta(seconds=61)):
        script = Script(page(post("502")))
        found = script.run(network.collect(ACCOUNT, failed.cursor))
    assert script.requests[0].params["pagination_token"] == "p2"
    assert (read(found, MessageReceived), found.more) == (["502"], False)
    assert found.cursor["mentions"]["since"] == "504"


def test_a_list_that_says_no_rests_and_the_others_go_on() -> None:
    reset = str(int((clock.now() + timedelta(seconds=600)).timestamp()))
    slow, never = no(429, **{"x-rate-limit-reset": reset}), problem(403, "client-forbidden")
    found = Script(slow, never, NOTHING, page(message("700"))).run(network.collect(ACCOUNT, {}))
    assert read(found, MessageReceived) == ["700"]
    rests = {name: clock.from_iso(kept["next"]) - clock.now() for name, kept in found.cursor.items()}
    assert timedelta(seconds=590) < rests["mentions"] <= timedelta(seconds=600)
    assert timedelta(minutes=59) < rests["search"] <= timedelta(hours=1)


def test_a_dead_sign_in_is_said() -> None:
    assert refused(Script(no(402)), network.collect(ACCOUNT, {})).reason == "account_blocked"


def test_our_own_posts_are_told_when_an_answer_of_ours_knows_its_id() -> None:
    script = Script(page(post("601", "Nova kolekcija", ACME)))
    script.run(network.collect(ACCOUNT, only("own")))
    until = clock.from_iso(str(script.requests[0].params["end_time"]))
    assert timedelta(seconds=58) < clock.now() - until < timedelta(seconds=63)


class TestSearching:
    def test_quotes_and_words(self) -> None:
        assert polling.query(ACCOUNT) == '((url:"x.com/acme/status")) -is:retweet -from:acme'
        credentials = {**ACCOUNT.credentials, "listen_for": '"acme shoes" OR #acme'}
        wanted = polling.query(replace(ACCOUNT, credentials=credentials))
        assert wanted == '((url:"x.com/acme/status") OR ("acme shoes" OR #acme)) -is:retweet -from:acme'

    def test_words_are_listened_for_beside_a_webhook(self) -> None:
        listening = replace(TOLD, credentials={**TOLD.credentials, "listen_for": "acme"})
        script = Script(page(post("801", "Kdo pozna acme?")))
        found = script.run(network.collect(listening, {}))
        assert script.asked == ["GET /tweets/search/recent"]
        assert read(found, MessageReceived) == ["801"]

    def test_nothing_to_search_for(self) -> None:
        nameless = replace(ACCOUNT, handle="")
        assert Script().run(network.collect(nameless, only("search"))).bodies == ()

    def test_a_place_older_than_the_search_reaches(self) -> None:
        old = iso(clock.now() - timedelta(days=8))
        kept = {**only("search"), "search": {"since": "5", "at": old}}
        script = Script(NOTHING)
        script.run(network.collect(ACCOUNT, kept))
        assert "since_id" not in script.requests[0].params
        assert clock.from_iso(str(script.requests[0].params["start_time"])) > clock.now() - timedelta(days=7)

    def test_a_search_that_found_nothing_for_a_week(self) -> None:
        """X refuses to go on from a post that it no longer searches, however lately it was asked."""
        found = Script(page(post("801"))).run(network.collect(ACCOUNT, only("search")))
        for days in (1, 4, 7):
            with clock.moved(timedelta(days=days)):
                script = Script(NOTHING)
                found = script.run(network.collect(ACCOUNT, found.cursor))
        assert "since_id" not in script.requests[0].params
        start = clock.from_iso(str(script.requests[0].params["start_time"])) - clock.now()
        assert timedelta(days=3, hours=23) < start <= timedelta(days=4)

    def test_a_search_that_rests_goes_on_where_it_was(self) -> None:
        """Nothing is asked for twice, and nothing is left out."""
        found = Script(page(post("801"))).run(network.collect(ACCOUNT, only("search")))
        with clock.moved(timedelta(days=1)):
            script = Script(NOTHING)
            script.run(network.collect(ACCOUNT, found.cursor))
        assert script.requests[0].params["since_id"] == "801"


class TestMessages:
    def test_back_to_the_newest_we_know(self) -> None:
        kept = {**only("dms"), "dms": {"since": "701"}}
        script = Script(page(message("703"), message("702"), message("701"), more="p2"))
        found = script.run(network.collect(ACCOUNT, kept))
        assert read(found, MessageReceived) == ["702", "703"]
        assert found.cursor["dms"]["since"] == "703"
        assert "dm_conversation_id" in str(script.requests[0].params["dm_event.fields"])

    def test_the_first_time_a_day_of_them(self) -> None:
        script = Script(page(message("703"), message("702", age=90_000), more="p2"))
        assert read(script.run(network.collect(ACCOUNT, only("dms"))), MessageReceived) == ["703"]

    def test_our_own_that_is_still_young_waits(self) -> None:
        young, older = message("705", sender=ACME, age=5), message("704", age=3)
        kept = {**only("dms"), "dms": {"since": "701"}}
        found = Script(page(young, older)).run(network.collect(ACCOUNT, kept))
        assert (read(found, MessageReceived), read(found, Echo)) == (["704"], [])
        assert found.cursor["dms"]["since"] == "704"
        with clock.moved(timedelta(seconds=91)):
            found = Script(page(young, older)).run(network.collect(ACCOUNT, found.cursor))
        assert read(found, Echo) == ["705"]

    def test_without_the_right_to_them(self) -> None:
        closed = replace(ACCOUNT, facts={"messages": False})
        assert Script().run(network.collect(closed, only("dms"))).bodies == ()

    def test_a_webhook_that_brings_none(self) -> None:
        keys = replace(TOLD, facts={**HEARD, "hears": []})
        script = Script(page(message("703")))
        assert read(script.run(network.collect(keys, {})), MessageReceived) == ["703"]


class TestBackfill:
    def test_all_lists_since_then(self) -> None:
        since = clock.now() - timedelta(days=2)
        script = Script(page(post("501")), NOTHING, NOTHING, page(message("701")))
        found = script.run(network.backfill(TOLD, {"since": since.isoformat()}))
        assert read(found, MessageReceived) == ["501", "701"]
        starts = [each.params.get("start_time") for each in script.requests[:3]]
        assert starts == [iso(since)] * 3
        assert found.more  # what no list shows: see test_replaying

    def test_the_search_reaches_back_a_week_only(self) -> None:
        since = clock.now() - timedelta(days=20)
        script = Script(NOTHING, NOTHING, NOTHING, NOTHING)
        script.run(network.backfill(TOLD, {"since": since.isoformat()}))
        assert clock.from_iso(str(script.requests[1].params["start_time"])) > clock.now() - timedelta(days=7)

    def test_a_list_that_is_closed_is_left_out(self) -> None:
        closed = problem(403, "client-forbidden")
        script = Script(closed, NOTHING, closed, page(message("701")))
        since = clock.now() - timedelta(days=2)
        found = script.run(network.backfill(TOLD, {"since": since.isoformat()}))
        assert read(found, MessageReceived) == ["701"]

    @pytest.mark.parametrize("answer", [no(429), no(500), no(402)])
    def test_trouble_is_said(self, answer: Any) -> None:
        refused(Script(answer), network.backfill(TOLD, {"since": clock.now().isoformat()}))


def test_bodies_hold_all_that_reading_needs() -> None:
    found = Script(page(post("501"))).run(network.collect(ACCOUNT, only("mentions")))
    (body,) = found.bodies
    assert orjson.loads(body)["us"] == ACME

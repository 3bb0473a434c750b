"""Lists that are longer than what is read in one go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import Collected, MessageReceived
from heed.channels.tests.contract import Desk
from heed.channels.x import polling, walking
from heed.channels.x.adapter import network
from heed.channels.x.tests.sample import ACCOUNT
from heed.channels.x.tests.script import Script, no, problem
from heed.channels.x.tests.test_polling import NOTHING, TOLD, iso, message, only, page, post, read
from heed.lib import clock
from heed.lib.http import drive
from heed.sandbox.networks.x import X

REFUSED = problem(400, "invalid-request", "the token is not valid")
SINCE: dict[str, Any] = {**only("mentions"), "mentions": {"since": "500"}}


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pages in one go, of five posts each."""
    monkeypatch.setattr(walking, "PAGES", 2)
    monkeypatch.setattr(polling, "_PAGE", "5")


def read_all(desk: Desk) -> list[str]:
    """The words of everything that polling finds until it is at an end."""
    bodies: list[bytes] = []
    for _ in range(50):
        cursor = dict(desk.cursor)
        found = desk.run(lambda record: network.collect(record, cursor))  # noqa: B023
        desk.cursor, bodies = dict(found.cursor), [*bodies, *found.bodies]
        if not found.more:
            return words(desk, bodies)
    raise AssertionError("it never ends")


def words(desk: Desk, bodies: list[bytes]) -> list[str]:
    news = [each for body in bodies for each in network.read(body, desk.record)]
    return [each.text for each in news if isinstance(each, MessageReceived)]


class TestAgainstTheSandbox:
    @pytest.mark.parametrize("kind", ["mention", "say", "message"])
    def test_nothing_of_a_long_list_is_lost(self, polled: Desk, x: X, kind: str) -> None:
        listening = {**polled.record.credentials, "listen_for": "paket"}
        polled.record = replace(polled.record, credentials=listening)
        told = [f"Kje je paket {number}?" for number in range(33)]
        for text in told:
            x.do(kind, person="lea", text=text)
        found = {each.removeprefix("@acme ") for each in read_all(polled)}
        assert found == set(told)
        polled.cursor = {name: {**kept, "next": ""} for name, kept in polled.cursor.items()}
        assert read_all(polled) == []

    def test_nothing_is_lost_where_no_token_holds(self, polled: Desk, x: X) -> None:
        x.do("mention", person="lea", text="Halo?")
        read_all(polled)
        x.tokens_hold = False
        told = {f"@acme paket {number}" for number in range(23)}
        for text in told:
            x.do("mention", person="lea", text=text.removeprefix("@acme "))
        polled.cursor = {name: {**kept, "next": ""} for name, kept in polled.cursor.items()}
        assert set(read_all(polled)) == told

    @pytest.mark.parametrize("kept", [{}, {"since": "1"}])
    def test_mentions_that_the_list_no_longer_holds_are_searched_for(
        self, polled: Desk, x: X, kept: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(polling, "LIST_HOLDS", 18)
        x.mentions_held = 20
        told = {f"@acme paket {number}" for number in range(33)}
        for text in sorted(told):
            x.do("mention", person="lea", text=text.removeprefix("@acme "))
        polled.cursor = {**only("mentions"), "mentions": kept and {**kept, "newest_at": iso(clock.now())}}
        assert set(read_all(polled)) == told
        polled.cursor = {name: {**each, "next": ""} for name, each in polled.cursor.items()}
        assert read_all(polled) == []

    def test_what_was_missed_is_read_to_its_end(self, polled: Desk, x: X) -> None:
        x.limits = False
        since = x.clock.now().isoformat()
        for number in range(23):
            x.do("mention", person="lea", text=f"paket {number}")
            x.do("message", person="lea", text=f"paket {number}")
        cursor: dict[str, Any] = {"since": since}
        bodies: list[bytes] = []
        more = True
        while more:
            found = polled.run(lambda record: network.backfill(record, cursor))  # noqa: B023
            cursor, more, bodies = dict(found.cursor), found.more, [*bodies, *found.bodies]
        assert set(words(polled, bodies)) == {
            f"{names}paket {number}" for number in range(23) for names in ("@acme ", "")
        }
        assert set(cursor) == {"since"}

    def test_fifteen_calls_in_a_quarter_of_an_hour(self, polled: Desk, x: X) -> None:
        """The walk through the messages rests when X says so, and loses nothing by it."""
        told = [f"paket {number}" for number in range(90)]
        for text in told:
            x.do("message", person="lea", text=text)
        first = read_all(polled)
        assert set(first) < set(told)
        assert len(first) == 15 * 5
        assert read_all(polled) == []
        x.clock.move(901)
        with clock.moved(timedelta(seconds=902)):
            assert {*first, *read_all(polled)} == set(told)


def test_the_place_and_what_was_known_before_are_kept() -> None:
    script = Script(page(post("509"), more="p2"), page(post("507"), more="p3"))
    found = script.run(network.collect(ACCOUNT, SINCE))
    assert (read(found, MessageReceived), found.more) == (["507", "509"], True)
    assert found.cursor["mentions"]["since"] == "500"
    script = Script(page(post("503")))
    found = script.run(network.collect(ACCOUNT, found.cursor))
    params = script.requests[0].params
    assert (params["pagination_token"], params["since_id"]) == ("p3", "500")
    assert (read(found, MessageReceived), found.more) == (["503"], False)
    assert (found.cursor["mentions"]["since"], "walk" in found.cursor["mentions"]) == ("509", False)


def begun(name: str, *pages: dict[str, Any], since: str = "500") -> Collected:
    """A walk that stands at the token p3."""
    kept = {**only(name), name: {"since": since, "newest_at": iso(clock.now())} if since else {}}
    found: Collected = Script(*pages).run(network.collect(ACCOUNT, kept))
    return found


def two_pages() -> tuple[dict[str, Any], dict[str, Any]]:
    return page(post("509"), more="p2"), page(post("507"), more="p3")


def test_a_token_that_ended_is_gone_on_from_by_the_id() -> None:
    found = begun("mentions", *two_pages())
    script = Script(REFUSED, page(post("506")))
    found = script.run(network.collect(ACCOUNT, found.cursor))
    params = script.requests[1].params
    assert (params["until_id"], params["since_id"]) == ("507", "500")
    assert {"pagination_token", "start_time", "end_time"}.isdisjoint(params)
    assert read(found, MessageReceived) == ["506"]
    assert (found.cursor["mentions"]["since"], found.more) == ("509", False)


def test_without_a_known_post_it_is_gone_on_from_by_the_time() -> None:
    """X refuses an id beside a time."""
    found = begun("search", *two_pages(), since="")
    script = Script(REFUSED, NOTHING)
    script.run(network.collect(ACCOUNT, found.cursor))
    params = script.requests[1].params
    assert {"until_id", "since_id", "next_token"}.isdisjoint(params)
    assert str(params["start_time"]) < str(params["end_time"])


def test_all_is_read_again_where_that_is_refused_too() -> None:
    found = begun("mentions", *two_pages())
    script = Script(REFUSED, REFUSED, page(post("510"), more="q2"), page(post("506")))
    found = script.run(network.collect(ACCOUNT, found.cursor))
    assert script.requests[2].params["since_id"] == "500"
    assert "until_id" not in script.requests[2].params
    assert read(found, MessageReceived) == ["506", "510"]
    assert found.cursor["mentions"]["since"] == "510"


def test_a_list_that_never_goes_on_is_not_asked_for_ever() -> None:
    tops = page(message("709"), more="p2"), page(message("707"), more="p3")
    found = begun("dms", *tops, since="700")
    calls = 0
    while found.more:
        calls += 1
        found = drive(network.collect(ACCOUNT, found.cursor), Script(REFUSED, *tops))
    assert calls == walking.AGAIN + 1
    assert found.cursor["dms"]["since"] == "709"


def test_a_token_that_leads_to_itself_is_the_end() -> None:
    found = begun("mentions", page(post("509"), more="p2"), page(post("507"), more="p2"))
    assert not found.more
    assert found.cursor["mentions"]["since"] == "509"


def test_a_search_whose_known_post_grows_too_old_goes_on_within_its_reach() -> None:
    found = begun("search", *two_pages())
    with clock.moved(timedelta(days=6, hours=23, minutes=56)):
        script = Script(REFUSED, NOTHING)
        again = script.run(network.collect(ACCOUNT, found.cursor))
    assert "since_id" not in script.requests[1].params
    assert (again.more, again.cursor["search"]["since"]) == (False, "509")


def test_our_own_young_message_is_asked_for_again_after_a_long_list() -> None:
    young = message("709", sender=ACCOUNT.external_id, age=5)
    found = begun("dms", page(young, message("708"), more="p2"), page(message("707"), more="p3"), since="700")
    found = Script(page(message("701"), message("700"))).run(network.collect(ACCOUNT, found.cursor))
    assert found.cursor["dms"]["since"] == "708"


def test_a_backfill_that_must_wait_keeps_what_it_read() -> None:
    cursor = {"since": (clock.now() - timedelta(days=2)).isoformat()}
    found = Script(*two_pages()).run(network.backfill(TOLD, cursor))
    assert (read(found, MessageReceived), found.more) == (["507", "509"], True)
    script = Script(page(post("506")), no(429))
    found = script.run(network.backfill(TOLD, found.cursor))
    assert (read(found, MessageReceived), found.more) == (["506"], True)
    script = Script(NOTHING, NOTHING, NOTHING)
    found = script.run(network.backfill(TOLD, found.cursor))
    assert [each.rpartition("/")[2] for each in script.asked] == ["recent", "tweets", "dm_events"]
    assert "replay_from" in found.cursor
    assert "lists" not in found.cursor


class TestALongerListThanXHolds:
    @pytest.fixture(autouse=True)
    def _three(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(polling, "LIST_HOLDS", 3)

    @staticmethod
    def known(days: int) -> dict[str, Any]:
        """Where mentions were read down to so many days ago."""
        at = iso(clock.now() - timedelta(days=days))
        return {**only("mentions"), "mentions": {"since": "500", "newest_at": at}}

    def all_of(self, cursor: dict[str, Any], *answers: Any) -> tuple[Script, Collected]:
        first = Script(page(post("509"), post("508"), post("507"))).run(network.collect(ACCOUNT, cursor))
        assert (first.more, first.lost) == (True, ())
        script = Script(*answers)
        return script, drive(network.collect(ACCOUNT, first.cursor), script)

    def test_the_search_goes_on_between_two_ids(self) -> None:
        script, found = self.all_of(self.known(2), page(post("504")))
        params = script.requests[0].params
        assert script.asked == ["GET /tweets/search/recent"]
        assert (params["query"], params["since_id"], params["until_id"]) == (
            "@acme -is:retweet -from:acme",
            "500",
            "507",
        )
        assert (read(found, MessageReceived), found.lost, found.more) == (["504"], (), False)
        kept = found.cursor["mentions"]
        assert (kept["since"], {"walk", "then", "began", "hole"} & set(kept)) == ("509", set())

    def test_what_is_older_than_the_search_reaches_is_said(self) -> None:
        script, found = self.all_of(self.known(9), page(post("504")))
        assert "since_id" not in script.requests[0].params
        ((since, until),) = found.lost
        assert clock.now() - since > timedelta(days=8, hours=23)
        assert timedelta(days=6, hours=23) < clock.now() - until < timedelta(days=7)
        assert (read(found, MessageReceived), found.cursor["mentions"]["since"]) == (["504"], "509")

    @pytest.mark.parametrize("no_search", [problem(403, "client-forbidden"), REFUSED])
    def test_without_a_search_all_of_it_is_said(self, no_search: Any) -> None:
        _, found = self.all_of(self.known(2), no_search, no_search)
        ((since, until),) = found.lost
        assert clock.now() - since > timedelta(days=1, hours=23)
        assert clock.now() - until < timedelta(minutes=1)
        assert found.cursor["mentions"]["since"] == "509"
        with clock.moved(timedelta(hours=1)):
            again = Script(NOTHING).run(network.collect(ACCOUNT, {**found.cursor, **only("mentions")}))
        assert again.lost == ()

    def test_a_search_that_must_wait_is_gone_on_with(self) -> None:
        _, found = self.all_of(self.known(2), no(429))
        assert (found.more, found.lost) == (False, ())
        with clock.moved(timedelta(hours=1)):
            cursor = {**found.cursor, **only("mentions")}
            found = Script(page(post("504"))).run(network.collect(ACCOUNT, cursor))
        assert (read(found, MessageReceived), found.cursor["mentions"]["since"]) == (["504"], "509")

    def test_a_backfill_says_it_too(self) -> None:
        cursor = {"since": (clock.now() - timedelta(days=9)).isoformat()}
        long = page(post("509"), post("508"), post("507"))
        first = Script(long).run(network.backfill(TOLD, cursor))
        found = Script(page(post("504")), NOTHING, NOTHING, NOTHING).run(network.backfill(TOLD, first.cursor))
        ((since, until),) = found.lost
        assert timedelta(days=1) < until - since < timedelta(days=3)
        assert read(found, MessageReceived) == ["504"]

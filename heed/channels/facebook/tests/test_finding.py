"""What became of an answer whose outcome is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import Answer, CannotTell, NotThere, Sent
from heed.channels.facebook.adapter import network
from heed.channels.facebook.tests.sample import ACCOUNT, GRAPH, OURS, PICTURE, PRIVATE, PRIVATE_REPLY, PUBLIC
from heed.channels.meta.tests.script import Script, no, ok, refused
from heed.lib import clock
from heed.lib.http import Response


def started(answer: Answer, ago: float = 300) -> Answer:
    """The answer as its first attempt began so many seconds ago."""
    return replace(
        answer, created=clock.now() - timedelta(seconds=ago), started=clock.now() - timedelta(seconds=ago)
    )


def row(number: str, ago: float, text: str = "It leaves today.", by: str = "448") -> dict[str, Any]:
    at = clock.now() - timedelta(seconds=ago)
    return {
        "id": number,
        "message": text,
        "from": {"id": by},
        "created_time": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
    }


def comments(*rows: dict[str, Any], after: str = "") -> Response:
    paging = {"cursors": {"after": after}, "next": "https://graph.facebook.com/next"} if after else {}
    return ok({"data": rows, "paging": paging})


def talk(*rows: dict[str, Any]) -> Response:
    people = [{"id": "222", "name": "Lea Marn"}, OURS]
    return ok({"data": [{"id": "t_1", "participants": {"data": people}, "messages": {"data": rows}}]})


def test_comment_found() -> None:
    script = Script(comments(row("122_7", 10, "Thanks", "555"), row("122_950", 299, " It leaves\ntoday.")))
    found = script.run(network.find(ACCOUNT, started(PUBLIC)))
    assert isinstance(found, Sent)
    assert found.external_id == "122_950"
    (request,) = script.requests
    assert request.url == f"{GRAPH}/122_900/comments"
    assert request.params["order"] == "reverse_chronological"
    assert request.params["filter"] == "stream"


@pytest.mark.parametrize(
    "other",
    [row("122_7", 290, by="555"), row("122_8", 290, "Something else"), row("122_9", 900)],
    ids=["somebody else's", "other words", "an older one with the same words"],
)
def test_comment_not_there(other: dict[str, Any]) -> None:
    assert Script(comments(other)).run(network.find(ACCOUNT, started(PUBLIC))) == NotThere()


def test_what_was_written_before_the_first_attempt_does_not_count() -> None:
    """An answer may wait long before it is tried; the same words sent meanwhile are another one."""
    answer = replace(started(PUBLIC), created=clock.now() - timedelta(hours=5))
    assert Script(comments(row("122_9", 4000))).run(network.find(ACCOUNT, answer)) == NotThere()


def test_comment_is_looked_for_on_further_pages() -> None:
    script = Script(comments(row("122_7", 5, "x"), after="c1"), comments(row("122_950", 299)))
    found = script.run(network.find(ACCOUNT, started(PUBLIC)))
    assert isinstance(found, Sent)
    assert script.requests[1].params["after"] == "c1"


def test_reading_stops_past_the_moment_of_sending() -> None:
    script = Script(comments(row("122_7", 900, "x"), after="c1"))
    assert script.run(network.find(ACCOUNT, started(PUBLIC))) == NotThere()


def test_endless_comments_prove_nothing() -> None:
    script = Script(*(comments(row(f"122_{n}", 5, "x"), after=f"c{n}") for n in range(10)))
    assert script.run(network.find(ACCOUNT, started(PUBLIC))) == CannotTell()


def test_half_of_an_answer_in_parts_may_be_there() -> None:
    answer = started(replace(PUBLIC, files=(PICTURE, PICTURE)))
    assert Script(comments()).run(network.find(ACCOUNT, answer)) == CannotTell()


@pytest.mark.parametrize(("answer", "empty"), [(PUBLIC, comments()), (PRIVATE, talk())])
def test_too_early_to_tell(answer: Answer, empty: Response) -> None:
    found = Script(empty).run(network.find(ACCOUNT, started(answer, ago=5)))
    assert isinstance(found, CannotTell)
    assert found.ask_again is not None
    assert found.ask_again > 0


@pytest.mark.parametrize(("answer", "empty"), [(PUBLIC, comments()), (PRIVATE, talk())])
def test_it_settles_from_the_last_attempt_on(answer: Answer, empty: Response) -> None:
    """An attempt that was repeated is as fresh as its last try, however long ago the first one was."""
    again = replace(started(answer, ago=4000), tried=clock.now() - timedelta(seconds=5))
    found = Script(empty).run(network.find(ACCOUNT, again))
    assert isinstance(found, CannotTell)
    assert found.ask_again is not None


def test_message_found() -> None:
    script = Script(talk(row("m_8", 280, by="222"), row("m_9", 299), row("m_7", 4000)))
    found = script.run(network.find(ACCOUNT, started(PRIVATE)))
    assert isinstance(found, Sent)
    assert (found.external_id, found.person) == ("m_9", "222")
    assert script.requests[0].params["user_id"] == "222"


def test_absent_message_may_still_come() -> None:
    assert Script(talk()).run(network.find(ACCOUNT, started(PRIVATE))) == CannotTell()


def test_private_reply_found() -> None:
    talk_record = talk(row("m_9", 299)).record["data"][0]
    script = Script(ok({"id": "122_900", "private_reply_conversation": talk_record}))
    found = script.run(network.find(ACCOUNT, started(PRIVATE_REPLY)))
    assert isinstance(found, Sent)
    assert (found.external_id, found.person) == ("m_9", "222")


def test_read_back_refused() -> None:
    assert Script(no(100, 33)).run(network.find(ACCOUNT, started(PUBLIC))) == CannotTell()
    assert refused(network.find(ACCOUNT, started(PUBLIC)), no(613)).retry
    assert refused(network.find(ACCOUNT, started(PUBLIC)), no(190)).reason == "sign_in_again"

"""What became of an answer whose outcome is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import AccountRecord, Answer, CannotTell, NotThere, Refusal, Sent, Target
from heed.channels.instagram.adapter import network
from heed.channels.instagram.tests.sample import (
    ACCOUNT,
    BY_FACEBOOK,
    BY_FB,
    BY_IG,
    FILE,
    IG,
    IN_CAPTION,
    MENTION,
    PAGE,
    POST,
    PRIVATE,
    PUBLIC,
    STARTED,
)
from heed.channels.meta.tests.script import Script, Scripted, no, ok
from heed.lib import clock


def row(id: str, text: str, person: str = IG, at: str = "2026-11-21T12:00:03+0000") -> dict[str, Any]:
    return {
        "id": id,
        "text": text,
        "message": text,
        "timestamp": at,
        "created_time": at,
        "from": {"id": person},
    }


def after(seconds: float) -> timedelta:
    return STARTED + timedelta(seconds=seconds) - clock.now()


def find(answer: Answer, *answers: Scripted, later: float = 120, account: AccountRecord = ACCOUNT) -> Any:
    with clock.moved(after(later)):
        return Script(*answers).run(network.find(account, replace(answer, started=STARTED)))


TEXT = "It leaves today."


def test_find_our_reply() -> None:
    earlier = row("1", TEXT, at="2026-11-21T11:00:00+0000")
    first = {
        "data": [earlier, row("2", TEXT, "1001")],
        "paging": {"cursors": {"after": "c1"}, "next": "https://x"},
    }
    script = Script(ok(first), ok({"data": [row("1950", f" {TEXT}")]}))
    with clock.moved(after(5)):
        found = script.run(network.find(ACCOUNT, replace(PUBLIC, started=STARTED)))
    assert found == Sent("1950", at=STARTED + timedelta(seconds=3), refs={"top": "1789"})
    assert [request.url for request in script.requests] == [f"{BY_IG}/1789/replies"] * 2
    assert script.requests[1].params["after"] == "c1"


def test_find_under_a_post() -> None:
    assert find(replace(PUBLIC, to=POST), ok({"data": [row("1950", TEXT)]})) == Sent(
        "1950", at=STARTED + timedelta(seconds=3)
    )


def test_absence_is_proven_once_it_settled() -> None:
    assert find(PUBLIC, ok({"data": [row("2", "Thanks!", "1001")]})) == NotThere()
    assert find(PUBLIC, ok({"data": []}), later=5) == CannotTell(ask_again=15)


@pytest.mark.parametrize("answer", [PUBLIC, PRIVATE])
def test_it_settles_from_the_last_attempt_on(answer: Answer) -> None:
    """An attempt that was repeated is as fresh as its last try, however long ago the first one was."""
    again = replace(answer, tried=STARTED + timedelta(seconds=110))
    assert find(again, ok({"data": []})) == CannotTell(ask_again=15)


@pytest.mark.parametrize(
    ("answer", "listed"),
    [
        (PUBLIC, {"data": [row("1950", TEXT)]}),
        (PRIVATE, {"data": [{"id": "t", "messages": {"data": [row("1950", TEXT)]}}]}),
    ],
)
def test_what_belongs_to_another_answer_is_not_this_one(answer: Answer, listed: dict[str, Any]) -> None:
    another = replace(answer, taken=frozenset({"1950"}))
    assert not isinstance(find(another, ok(listed)), Sent)


def test_the_same_words_by_somebody_else_prove_nothing() -> None:
    nameless = {key: value for key, value in row("1950", TEXT).items() if key != "from"}
    assert find(PUBLIC, ok({"data": [nameless]})) == CannotTell()
    assert find(PUBLIC, ok({"data": [row("1950", TEXT, "99")]})) == CannotTell()


def test_an_endless_list_proves_nothing() -> None:
    page = {"data": [row("2", "Hm", "1001")], "paging": {"cursors": {"after": "c"}, "next": "https://x"}}
    assert find(PUBLIC, *[ok(page)] * 10) == CannotTell()


@pytest.mark.parametrize("to", [MENTION, IN_CAPTION])
def test_answers_to_mentions_cannot_be_found(to: Target) -> None:
    assert find(replace(PUBLIC, to=to)) == CannotTell()


@pytest.mark.parametrize(("account", "whose"), [(ACCOUNT, f"{BY_IG}/{IG}"), (BY_FACEBOOK, f"{BY_FB}/{PAGE}")])
def test_find_our_message(account: AccountRecord, whose: str) -> None:
    talk = {"id": "t", "messages": {"data": [row("a", TEXT, "1001"), row("aWdfOut", TEXT)]}}
    script = Script(ok({"data": [talk]}))
    with clock.moved(after(5)):
        found = script.run(network.find(account, replace(PRIVATE, started=STARTED)))
    assert found == Sent("aWdfOut", at=STARTED + timedelta(seconds=3), person="1001")
    (request,) = script.requests
    assert request.url == f"{whose}/conversations"
    assert (request.params["platform"], request.params["user_id"]) == ("instagram", "1001")


def test_an_absent_message_proves_nothing() -> None:
    assert find(PRIVATE, ok({"data": []})) == CannotTell()
    assert find(PRIVATE, ok({"data": []}), later=5) == CannotTell(ask_again=15)


def test_files_alone_cannot_be_found() -> None:
    assert find(FILE) == CannotTell()


def test_finding_what_may_not_be_read() -> None:
    assert find(PRIVATE, no(10)) == CannotTell()


def test_finding_later_when_asked_to_slow_down() -> None:
    with pytest.raises(Refusal) as caught:
        find(PRIVATE, no(613, 2534040))
    assert caught.value.retry

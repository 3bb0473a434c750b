"""What no list shows is delivered again after an outage, as far as X does that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from heed.channels.base import Collected
from heed.channels.x.adapter import network
from heed.channels.x.tests.sample import ACCOUNT
from heed.channels.x.tests.script import Script, no, problem, refused
from heed.channels.x.tests.test_polling import NOTHING, TOLD
from heed.lib import clock

BEARER = {"token_type": "bearer", "access_token": "A"}
WEBHOOKS = {"data": [{"id": "7", "url": "https://else.example/"}, {"id": "8", "url": TOLD.hook_url}]}
JOB = {"data": {"job_id": "1"}}


def missed(hours: float) -> Mapping[str, Any]:
    """The cursor after the lists were read, of an outage of so many hours."""
    script = Script(NOTHING, NOTHING, NOTHING, NOTHING)
    since = clock.now() - timedelta(hours=hours)
    found: Collected = script.run(network.backfill(TOLD, {"since": since.isoformat()}))
    assert found.more
    return found.cursor


def later(cursor: Mapping[str, Any], *answers: Any) -> tuple[Script, Collected]:
    """Some minutes after the outage."""
    script = Script(*answers)
    with clock.moved(timedelta(minutes=12)):
        return script, script.run(network.backfill(TOLD, cursor))


def span(script: Script) -> tuple[datetime, datetime]:
    asked = orjson.loads(orjson.dumps(script.requests[-1].json))
    assert asked["webhook_id"] == "8"
    start, end = (
        datetime.strptime(asked[name], "%Y%m%d%H%M").replace(tzinfo=UTC) for name in ("from_date", "to_date")
    )
    return start, end


def test_not_before_x_does_it() -> None:
    refusal = refused(Script(), network.backfill(TOLD, missed(1)))
    assert (refusal.reason, refusal.retry) == ("slow_down", True)
    assert 600 < (refusal.after or 0) <= 660


def test_the_time_of_the_outage() -> None:
    began = clock.now()
    script, found = later(missed(1), BEARER, WEBHOOKS, JOB)
    assert script.asked[-1] == "POST /webhooks/replay"
    start, end = span(script)
    assert abs(start - (began - timedelta(hours=1))) <= timedelta(minutes=1)
    assert timedelta(0) <= end - began <= timedelta(minutes=2)
    assert (found.more, found.bodies, "replay_from" in found.cursor) == (False, (), False)


def test_a_short_one_from_as_late_as_x_lets_it_begin() -> None:
    began = clock.now()
    script, _ = later(missed(0.05), BEARER, WEBHOOKS, JOB)
    assert began + timedelta(minutes=12) - span(script)[0] >= timedelta(minutes=31)


def test_a_long_one_in_pieces_and_no_longer_than_a_day() -> None:
    cursor, pieces = missed(30), 0
    while True:
        script, found = later(cursor, BEARER, WEBHOOKS, JOB)
        pieces += 1
        start, end = span(script)
        assert end - start <= timedelta(hours=2, minutes=2)
        assert clock.now() + timedelta(minutes=12) - start < timedelta(hours=24)
        cursor = found.cursor
        if not found.more:
            break
    assert pieces == 12


def test_one_at_a_time() -> None:
    conflict = problem(409, "conflict", "ReplayConflictError: another job is running")
    with clock.moved(timedelta(minutes=12)):
        cursor = missed(1)
    with clock.moved(timedelta(minutes=30)):
        assert refused(Script(BEARER, WEBHOOKS, conflict), network.backfill(TOLD, cursor)).retry


@pytest.mark.parametrize(
    "answers",
    [
        (BEARER, {"data": []}),  # the news comes to a sibling's address
        (BEARER, WEBHOOKS, problem(403, "client-forbidden")),
        (no(403),),
    ],
)
def test_where_there_is_none_the_lists_are_all(answers: tuple[Any, ...]) -> None:
    script, found = later(missed(1), *answers)
    assert (found.more, "replay_from" in found.cursor, script.answers) == (False, False, [])


def test_who_is_polled_needs_none() -> None:
    script = Script(NOTHING, NOTHING, NOTHING, NOTHING)
    since = clock.now() - timedelta(hours=1)
    assert not script.run(network.backfill(ACCOUNT, {"since": since.isoformat()})).more

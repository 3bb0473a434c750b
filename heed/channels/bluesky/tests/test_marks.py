"""Our own likes and reposts, read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from heed.channels.base import MessageReceived, ReactionChanged
from heed.channels.bluesky import marks
from heed.channels.bluesky.tests.desk import Desk, target_of
from heed.lib import clock
from heed.sandbox.frame import Simulator


def looked(desk: Desk, minutes: int) -> list[tuple[str, str, bool]]:
    """What a look after so many minutes tells of our own likes and reposts."""
    with clock.moved(timedelta(minutes=minutes)):
        told = desk.poll()
    ours = [each for each in told if isinstance(each, ReactionChanged)]
    assert all(each.author.external_id == desk.record.external_id for each in ours)
    return [(each.target, each.reaction, each.on) for each in ours]


@pytest.mark.parametrize("reaction", ["like", "repost"])
def test_what_is_done_and_taken_back_in_the_app(bluesky: Simulator, desk: Desk, reaction: str) -> None:
    post = bluesky.do("mention", person="lea", text="Krasni škornji!")["id"]
    desk.poll()
    bluesky.do("react_elsewhere", id=post, reaction=reaction)
    assert desk.poll() == []  # asked for once a minute
    assert looked(desk, 2) == [(post, reaction, True)]
    assert looked(desk, 4) == []
    bluesky.do("react_elsewhere", id=post, reaction=reaction, on=False)
    assert looked(desk, 6) == [(post, reaction, False)]


def test_the_first_look_only_learns(bluesky: Simulator, desk: Desk) -> None:
    post = bluesky.do("mention", person="lea", text="Krasni škornji!")["id"]
    bluesky.do("react_elsewhere", id=post)
    assert looked(desk, 0) == []
    bluesky.do("react_elsewhere", id=post, on=False)
    assert looked(desk, 2) == [(post, "like", False)]


def test_what_is_pushed_out_was_not_taken_back(
    bluesky: Simulator, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "_MOST", 2)
    posts = [bluesky.do("mention", person="lea", text=str(number))["id"] for number in range(3)]
    for post in posts[:2]:
        bluesky.do("react_elsewhere", id=post)
    looked(desk, 0)
    bluesky.do("react_elsewhere", id=posts[2])
    assert looked(desk, 2) == [(posts[2], "like", True)]
    bluesky.do("react_elsewhere", id=posts[1], on=False)
    assert looked(desk, 4) == [(posts[1], "like", False), (posts[0], "like", True)]


def test_one_made_anew_in_the_app_is_taken_back_too(bluesky: Simulator, desk: Desk) -> None:
    bluesky.do("mention", person="lea", text="Krasni škornji!")
    [message] = [each for each in desk.poll() if isinstance(each, MessageReceived)]
    refs = desk.act("like", target_of(message))
    for on in (False, True):
        bluesky.do("react_elsewhere", id=message.external_id, on=on)
    desk.act("unlike", replace(target_of(message), refs={**message.refs, **refs}))
    assert bluesky.seen()["likes"] == []
    desk.act("unlike", target_of(message))  # there is nothing left to take back

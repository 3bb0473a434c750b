"""Whatever a simulator lets a customer do, its page offers."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Sequence
from html import unescape
from typing import Any

import httpx
import pytest

from heed.sandbox import Sandbox
from heed.sandbox.frame import ChatView, Line, PostView, Scene, Simulator, simulators
from heed.sandbox.kinds import PLACES, Kind

NETWORKS = sorted(simulators())
UNSEEN = {"look", "choices"}
"""Places without a button of their own: what one does by looking, and what the company's words bring."""

WHOSE = ("mine", "ours")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=1) as sandbox:
        yield sandbox


def playable(simulator: Simulator) -> set[str]:
    """The verbs of which somebody is the subject."""
    played = inspect.getmembers(type(simulator), inspect.isfunction)
    return {
        name.removeprefix("play_")
        for name, play in played
        if name.startswith("play_") and "person" in inspect.signature(play).parameters
    }


def every_line(simulator: Simulator) -> Scene:
    """A post, a comment and a message of the customer's own and of the company's."""
    now = simulator.clock.now()
    lines = [Line(whose, "x", "x", now, ours=whose == "ours", mine=whose == "mine") for whose in WHOSE]
    posts = [
        PostView(whose, "x", "x", now, ours=whose == "ours", mine=whose == "mine", comments=lines)
        for whose in WHOSE
    ]
    return Scene(posts, [ChatView("chat", "Acme", lines)])


@pytest.mark.parametrize("network", NETWORKS)
def test_every_kind_is_on_the_page(sandbox: Sandbox, network: str, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = sandbox[network]
    assert playable(simulator) - simulator.backstage <= {kind.verb for kind in simulator.kinds}
    monkeypatch.setattr(simulator, "scene", lambda person: every_line(simulator))
    html = unescape(httpx.get(f"{sandbox.url}/play/{network}?person=lea").text)
    for kind in simulator.kinds:
        assert set(kind.at) <= set(PLACES)
        said = f'data-verb="{kind.verb}" data-facts="{json.dumps(dict(kind.facts), ensure_ascii=False)}"'
        assert set(kind.at) <= UNSEEN or said in html, kind
    assert ("data-looks" in html) == ("read" in playable(simulator))


ENTERED = {"text": "Kje je moj paket?", "texts": ["Kje", "je?"], "stars": 4, "picture": "boot"}


def play(simulator: Simulator, kind: Kind, **target: str) -> Any:
    """As the page plays it."""
    given = {name: ENTERED[name] for name in kind.asks}
    on = {"on": True} if kind.toggle else {}
    return simulator.do(kind.verb, person="lea", **{**kind.facts, **given, **on, **target})


@pytest.mark.parametrize("network", NETWORKS)
def test_every_kind_is_taken(network: str) -> None:
    with Sandbox(seed=2) as sandbox:
        simulator = sandbox[network]
        if hasattr(simulator, "play_post"):
            simulator.do("post", text="The Triglav boot is back.", picture="boot")
        for kind in simulator.kinds:
            if {"public", "private", "self"} & set(kind.at):
                play(simulator, kind)
        for kind in simulator.kinds:
            for place in sorted({"post", "comment", "message"} & set(kind.at)):
                fitting = [line for line in _lines(simulator, place) if kind.fits(line)]
                for line in fitting[-1:]:
                    play(simulator, kind, **{kind.aims: line.id})


def test_what_has_no_words_says_what_it_is(sandbox: Sandbox) -> None:
    viber = sandbox["viber"]
    (place,) = [kind for kind in viber.kinds if str(kind.words) == "Location"]
    play(viber, place)
    assert "<i>Location</i>" in httpx.get(f"{sandbox.url}/play/viber?person=lea").text


def _lines(simulator: Simulator, place: str) -> Sequence[Line | PostView]:
    scene = simulator.scene("lea")
    if place == "post":
        return scene.posts
    talks = scene.chats if place == "message" else ()
    return [line for talk in talks for line in talk.lines] or [
        line for post in scene.posts for line in post.comments if place == "comment"
    ]

"""What the tests against the sandbox ask of a desk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from heed.channels.base import MessageReceived
from heed.channels.tests.contract import NETWORKS, Desk

network = NETWORKS["x"]


def learn(desk: Desk, **credentials: str) -> dict[str, Any]:
    desk.record = replace(desk.record, credentials={**desk.record.credentials, **credentials})
    checked = desk.run(network.check)
    facts = dict(checked.facts)
    desk.record = replace(desk.record, external_id=checked.external_id, handle=checked.handle, facts=facts)
    return facts


def news(desk: Desk, kind: type[Any]) -> list[Any]:
    return [each for each in desk.gather() if isinstance(each, kind)]


def again(desk: Desk) -> list[Any]:
    """What polling finds once every list's turn has come again."""
    desk.cursor = {
        name: {key: value for key, value in kept.items() if key != "next"}
        for name, kept in desk.cursor.items()
    }
    return desk.gather()


def only(desk: Desk, kind: type[Any]) -> Any:
    (found,) = news(desk, kind)
    return found


def mentioned(desk: Desk, text: str = "Kje je moj paket?") -> MessageReceived:
    desk.simulator.do("mention", person="lea", text=text)
    return desk.message(text)

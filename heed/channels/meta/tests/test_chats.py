"""How Meta lists the messages of a chat, in the words of a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import Refusal
from heed.channels.meta import chats
from heed.channels.meta.tests.script import Script, Scripted, no, ok
from heed.lib import clock
from heed.lib.http import Request, Steps

US, THEM, URL = "111", "222", "https://scontent.fbcdn.net/a.png"
CARD = {"title": "Boots", "subtitle": "40 €"}
PRODUCT = {"product": {"elements": [CARD]}}


def get(path: str, **params: str) -> Steps[dict[str, Any]]:
    response = yield Request("GET", f"https://graph.example/{path}", params=params)
    if "error" in response.record:
        raise Refusal("gone")
    return response.record


def told(held: Mapping[str, Any], *looks: Scripted) -> list[dict[str, Any]]:
    """The webhook's messages for one that is listed with this."""
    now = clock.now().isoformat()
    message = {"id": "m_1", "created_time": now, "from": {"id": THEM}, **held}
    people = {"data": [{"id": US}, {"id": THEM}]}
    chat = {"id": "t_1", "updated_time": now, "participants": people, "messages": {"data": [message]}}
    since = clock.now() - timedelta(minutes=5)
    steps = chats.missed(get, "messenger", US, US, since, {})
    items, after = Script(ok({"data": [chat]}), *looks).run(steps)
    assert after == ""
    return [item["message"] for item in items]


@pytest.mark.parametrize(
    ("held", "kind", "payload"),
    [
        ({"sticker": URL, "shares": {"data": [{"link": URL}]}}, "sticker", {"url": URL}),
        (
            {"attachments": {"data": [{"image_data": {"url": URL, "render_as_sticker": True}}]}},
            "sticker",
            {"url": URL},
        ),
        ({"attachments": {"data": [{"generic_template": CARD}]}}, "template", {"elements": [CARD]}),
        ({"shares": {"data": [{"template": {"payload": PRODUCT}}]}}, "template", PRODUCT),
        (
            {"shares": {"data": [{"link": URL, "description": "Triglav"}]}},
            "share",
            {"url": URL, "title": "Triglav"},
        ),
    ],
    ids=["sticker that is listed twice", "picture that is a sticker", "card", "product", "post"],
)
def test_what_came_along(held: dict[str, Any], kind: str, payload: dict[str, Any]) -> None:
    ((attached,),) = [message["attachments"] for message in told(held)]
    assert attached["type"] == kind
    assert {name: value for name, value in attached["payload"].items() if value} == payload


def test_what_the_list_leaves_out_is_asked_for() -> None:
    alone = ok({"id": "m_1", "attachments": {"data": [{"mime_type": "audio/mp4", "file_url": URL}]}})
    ((voice,),) = [message["attachments"] for message in told({"message": ""}, alone)]
    assert (voice["type"], voice["payload"]["url"]) == ("audio", URL)
    assert told({"message": ""}, no(9000001)) == []

"""What was missed is read back from the sandbox's Facebook."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from heed.channels.base import Echo, MessageReceived
from heed.channels.facebook.adapter import network
from heed.channels.meta.tests.desk import news, only, read_back
from heed.channels.tests.contract import Desk
from heed.sandbox.frame import Fault
from heed.sandbox.networks.facebook import Facebook


def test_missed_news_is_read_back(desk: Desk, facebook: Facebook) -> None:
    old = desk.customer_writes("public", "Pred izpadom")
    url, facebook.hook_url = facebook.hook_url, ""
    facebook.clock.move(timedelta(hours=40).total_seconds())
    since = facebook.clock.now().replace(microsecond=0)
    play = facebook.do
    comment = play("comment", person="lea", text="Med izpadom", parent=old.external_id)["id"]
    posted = play("visitor_post", person="omar", text="Kdaj odprete?", picture="boot")["id"]
    mention = play("mention", person="tuya", text="@Acme намайг мартсан")["id"]
    play("message", person="lea", text="Ste tam?", picture="boot")
    play("outside", person="lea", text="Smo.")
    desk.sandbox.settle()
    facebook.hook_url = url
    found = read_back(desk, since)
    told = {each.external_id: each for each in found if isinstance(each, MessageReceived)}
    said = {"Med izpadom", "Kdaj odprete?", "@Acme намайг мартсан", "Ste tam?", ""}
    assert {each.text for each in told.values()} == said
    assert (told[comment].kind, told[comment].parent) == ("reply", old.external_id)
    assert told[posted].kind == "visitor_post"
    assert (told[mention].kind, told[mention].post) == ("mention", mention)
    (picture,) = [each for each in told.values() if not each.text]
    assert picture.attachments
    assert [each.text for each in found if isinstance(each, Echo)] == ["Smo."]


def test_mentions_that_may_not_be_read_hold_up_nothing(desk: Desk, facebook: Facebook) -> None:
    since = facebook.clock.now().replace(microsecond=0)
    desk.simulator.do("message", person="lea", text="Ste tam?")
    desk.sandbox.fault(
        "facebook",
        Fault("GET */tagged", status=400, body={"error": {"code": 10, "message": "not permitted"}}),
    )
    cursor: dict[str, Any] = {"since": since.isoformat(), "now_at": "mentions"}
    page = desk.run(partial(network.backfill, cursor=cursor))
    assert (page.bodies, page.more) == ((), True)
    page = desk.run(partial(network.backfill, cursor=page.cursor))
    assert len(page.bodies) == 1


PICTURE = "https://scontent.fbcdn.net/a.jpg"
SHARED: dict[str, dict[str, Any]] = {
    "post": {"attachments": [{"type": "post", "payload": {"url": PICTURE, "title": "Triglav", "id": 7}}]},
    "link": {"text": "to?", "attachments": [{"type": "fallback", "payload": {"url": PICTURE, "title": "T"}}]},
    "sticker": {"attachments": [{"type": "sticker", "payload": {"url": PICTURE, "sticker_id": 369}}]},
    "quick reply": {"text": "Rdeči", "quick_reply": {"payload": "RED"}},
}


@pytest.mark.parametrize("message", SHARED.values(), ids=SHARED)
def test_what_was_shared_is_read_back_as_the_webhook_tells_it(desk: Desk, message: dict[str, Any]) -> None:
    since = desk.simulator.clock.now().replace(microsecond=0)
    first = desk.simulator.do("message", person="lea", text="Glejte:")["id"]
    desk.simulator.do("raw", person="lea", message={**message, "reply_to": {"mid": first}})
    _, told = news(desk, MessageReceived)
    _, found = read_back(desk, since, now_at="chats")
    assert isinstance(found, MessageReceived)
    assert told.attachments or told.text
    assert (found.external_id, found.text, found.kind) == (told.external_id, told.text, told.kind)
    assert (found.parent, found.attachments) == (told.parent, told.attachments)


def test_what_cannot_be_read_is_left_to_the_webhook_as_long_as_that_may_come(
    desk: Desk, facebook: Facebook
) -> None:
    since = facebook.clock.now().replace(microsecond=0)
    facebook.do("raw", person="lea", message={"attachments": [{"type": "image", "payload": {}}]})
    only(desk, MessageReceived)
    assert read_back(desk, since, now_at="chats") == []
    (entry,) = facebook.chats["lea"].entries
    entry.at -= timedelta(hours=2)
    (found,) = read_back(desk, since - timedelta(hours=3), now_at="chats")
    assert isinstance(found, MessageReceived)
    assert [each.text for each in found.attachments] == ["unsupported"]

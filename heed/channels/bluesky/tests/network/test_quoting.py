"""Quotes, reactions and the right to chat, against the real servers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heed.channels.base import MessageReceived, OutgoingFile
from heed.channels.bluesky.adapter import DIRECT_MESSAGES, network
from heed.channels.bluesky.tests.desk import Desk, target_of
from heed.channels.bluesky.tests.network.bridge import RealBluesky
from heed.channels.bluesky.tests.network.real import Customer
from heed.sandbox.picture import draw

pytestmark = pytest.mark.networks


@pytest.mark.parametrize("pictures", [0, 1])
def test_the_customer_hears_of_a_quote(
    desk: Desk, bluesky: RealBluesky, lea: Customer, pictures: int
) -> None:
    asked = bluesky.do("mention", person="lea", text="Najboljši čevlji!")["id"]
    desk.poll()
    files = (OutgoingFile("boot.png", "image/png", draw("boot"), "", "Škorenj"),) * pictures
    answer = desk.answer("Hvala za lepe besede.", desk.of(MessageReceived)[-1], files=files)
    sent = desk.said(replace(answer, quote=True, chosen=True))
    bluesky.network.settle()
    listed = lea.get("app.bsky.notification.listNotifications", limit=10)["notifications"]
    told = [each for each in listed if each["uri"] == sent.external_id]
    assert [(each["reason"], each["reasonSubject"]) for each in told] == [("quote", asked)]
    [post] = lea.get("app.bsky.feed.getPosts", uris=[sent.external_id])["posts"]
    shown = post["embed"]["record"]["record"] if pictures else post["embed"]["record"]
    assert (shown["$type"], shown["uri"]) == ("app.bsky.embed.record#viewRecord", asked)
    assert bool(post["embed"].get("media")) is bool(pictures)


def test_the_check_tells_which_app_password_may_chat(desk: Desk, bluesky: RealBluesky) -> None:
    assert desk.run(network.check).facts == {"messages": True}
    made = bluesky.own.call("com.atproto.server.createAppPassword", name="without the tick")
    narrow = {**desk.record.credentials, "app_password": str(made["password"])}
    desk.record = replace(desk.record, credentials=narrow, session={})
    checked = desk.run(network.check)
    assert (checked.missing, checked.facts) == ((DIRECT_MESSAGES,), {"messages": False})


def test_a_reaction_passes_through_the_server(desk: Desk, bluesky: RealBluesky) -> None:
    bluesky.do("message", person="lea", text="Ste še odprti?")
    desk.poll()
    target = target_of(desk.of(MessageReceived)[-1])
    desk.act("react", target, "👍")
    [line] = [each for each in bluesky.scene("lea").lines() if each.id == target.external_id]
    assert line.liked

"""A public answer that quotes: what the post holds, and when it cannot be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from heed.channels.base import Answer, Echo, MessageReceived, OutgoingFile, PostSeen, Refusal, Wanted
from heed.channels.bluesky.adapter import network
from heed.channels.bluesky.tests.desk import Desk, target_of
from heed.sandbox.frame import Simulator
from heed.sandbox.picture import draw

PICTURE = OutgoingFile("boot.png", "image/png", draw("boot"), "", "Škorenj")


def asked(desk: Desk, bluesky: Simulator) -> MessageReceived:
    desk.poll()
    bluesky.do("mention", person="lea", text="Najboljši čevlji!")
    desk.poll()
    return desk.of(MessageReceived)[-1]


def quoting(desk: Desk, question: MessageReceived, *files: OutgoingFile) -> Answer:
    return replace(desk.answer("Hvala za lepe besede.", question, files=files), quote=True, chosen=True)


def ours(bluesky: Simulator) -> dict[str, Any]:
    [post] = bluesky.seen()["posts"]
    return dict(post)


def test_it_can_be_done_with_every_account() -> None:
    assert network.able({}).quote
    assert network.able({"messages": False}).quote


def test_a_quote_is_a_post_of_its_own(desk: Desk, bluesky: Simulator) -> None:
    question = asked(desk, bluesky)
    sent = desk.said(quoting(desk, question))
    post = ours(bluesky)
    refs = {name: question.refs[name] for name in ("uri", "cid")}
    assert post["record"]["embed"] == {"$type": "app.bsky.embed.record", "record": refs}
    assert "reply" not in post["record"]
    assert (sent.external_id, sent.refs["root"]["uri"]) == (post["uri"], post["uri"])


def test_a_quote_with_pictures(desk: Desk, bluesky: Simulator) -> None:
    question = asked(desk, bluesky)
    desk.said(quoting(desk, question, PICTURE))
    post = ours(bluesky)
    embed = post["record"]["embed"]
    assert embed["$type"] == "app.bsky.embed.recordWithMedia"
    assert embed["record"]["record"]["uri"] == post["quoted"] == question.external_id
    assert [each["alt"] for each in embed["media"]["images"]] == ["Škorenj"]


def test_a_quote_is_found_again(desk: Desk, bluesky: Simulator) -> None:
    answer = quoting(desk, asked(desk, bluesky))
    assert desk.said(answer) == desk.found(answer)


def test_one_quoted_by_a_customer_can_be_answered_with_a_quote(desk: Desk, bluesky: Simulator) -> None:
    post = bluesky.do("post", text="The Triglav boot is back.")["id"]
    desk.poll()
    bluesky.do("quote", person="lea", text="Končno!", post=post)
    desk.poll()
    [question] = desk.of(MessageReceived)
    assert question.kind == "quote"
    desk.said(quoting(desk, question))
    assert bluesky.seen()["posts"][-1]["quoted"] == question.external_id


def test_what_is_gone_is_not_quoted(desk: Desk, bluesky: Simulator) -> None:
    question = asked(desk, bluesky)
    bluesky.do("remove", person="lea", id=question.external_id)
    with pytest.raises(Refusal) as caught:
        desk.said(quoting(desk, question))
    assert (caught.value.reason, caught.value.retry) == ("gone", False)


@pytest.mark.parametrize(("closed", "quote"), [("quote", True), ("reply", False)])
def test_an_author_who_does_not_want_it(desk: Desk, bluesky: Simulator, closed: str, quote: bool) -> None:
    """The server would take it, and nobody would see it."""
    question = asked(desk, bluesky)
    bluesky.do("close", id=question.external_id, to=[closed])
    answer = quoting(desk, question)
    with pytest.raises(Refusal) as caught:
        desk.said(replace(answer, quote=quote))
    assert (caught.value.reason, caught.value.retry) == ("not_allowed", False)
    assert desk.said(replace(answer, quote=not quote)).external_id


def test_our_quote_is_no_news_but_for_its_thread(desk: Desk, bluesky: Simulator) -> None:
    sent = desk.said(quoting(desk, asked(desk, bluesky)))
    bluesky.clock.move(61)
    news = desk.poll()
    assert not [each for each in news if isinstance(each, MessageReceived | Echo)]
    bluesky.do("comment", person="lea", text="Z veseljem.", post=sent.external_id)
    desk.poll()
    assert desk.of(MessageReceived)[-1].post == sent.external_id


def test_a_quote_with_a_picture_shows_both(desk: Desk, bluesky: Simulator) -> None:
    sent = desk.said(quoting(desk, asked(desk, bluesky), PICTURE))
    [seen] = desk.run(lambda record: network.look_up(record, Wanted("post", sent.external_id)))
    assert isinstance(seen, PostSeen)
    assert str(seen.picture_url).startswith(bluesky.url)


def test_the_target_alone_is_enough(desk: Desk, bluesky: Simulator) -> None:
    question = asked(desk, bluesky)
    bare = replace(target_of(question), refs={})
    desk.said(replace(quoting(desk, question), to=bare))
    assert ours(bluesky)["quoted"] == question.external_id

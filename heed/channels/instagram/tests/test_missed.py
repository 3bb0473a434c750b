"""What was missed is read back from the sandbox's Instagram, by either login."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from heed.channels.base import Echo, MessageReceived, Wanted, WordsFound
from heed.channels.instagram.adapter import network
from heed.channels.meta.tests.desk import news, read_back
from heed.channels.tests.contract import Desk
from heed.sandbox.frame import Fault
from heed.sandbox.networks.instagram import Instagram


def test_missed_news_is_read_back(desk: Desk, instagram: Instagram) -> None:
    old = desk.customer_writes("public", "Pred izpadom")
    instagram.clock.move(40 * 3600)
    since = instagram.clock.now().replace(microsecond=0)
    instagram.batch = []
    comment = instagram.do("comment", person="lea", text="Med izpadom", parent=old.external_id)["id"]
    instagram.do("message", person="omar", text="Ste tam?", picture="boot")
    instagram.do("outside", person="omar", text="Smo.")
    found = read_back(desk, since)
    told = {each.external_id: each for each in found if isinstance(each, MessageReceived)}
    assert sorted(each.text for each in told.values()) == ["", "Med izpadom", "Ste tam?"]
    reply = told[comment]
    assert (reply.kind, reply.parent, reply.post) == ("reply", old.external_id, old.post)
    assert since <= reply.at
    assert [each.text for each in found if isinstance(each, Echo)] == ["Smo."]


def test_our_own_comment_is_known_by_the_name_alone(desk: Desk, instagram: Instagram) -> None:
    """Of comments that are read Meta does not always say by what id."""
    comment = desk.customer_writes("public", "Kje je paket?")
    instagram.clock.move(3600)
    since = instagram.clock.now().replace(microsecond=0)
    instagram.batch = []
    instagram.do("names_only")
    ours = instagram.do("outside", id=comment.external_id, text="Na poti je.")["id"]
    theirs = instagram.do("comment", person="lea", text="Hvala", parent=comment.external_id)["id"]
    for handle in ("acme", "@Acme"):
        desk.record = replace(desk.record, handle=handle)
        (echo,) = [each for each in read_back(desk, since) if isinstance(each, Echo)]
        (message,) = [each for each in read_back(desk, since) if isinstance(each, MessageReceived)]
        assert (echo.external_id, echo.parent) == (ours, comment.external_id)
        assert (message.external_id, message.author) == (theirs, None)


def test_comments_are_read_back_to_the_last_page(desk: Desk, instagram: Instagram) -> None:
    busy = desk.customer_writes("public", "Pred izpadom")
    instagram.clock.move(3600)
    since = instagram.clock.now().replace(microsecond=0)
    instagram.batch = []
    for number in range(52):
        instagram.do("comment", person="lea", text=f"K{number}")
        instagram.do("comment", person="omar", text=f"O{number}", parent=busy.external_id)
    texts = [each.text for each in read_back(desk, since) if isinstance(each, MessageReceived)]
    assert sorted(texts) == sorted(f"{letter}{number}" for number in range(52) for letter in "KO")


def test_missed_mentions_are_read_back_as_far_as_they_are_listed(
    desk: Desk, instagram: Instagram, login: str
) -> None:
    """Only posts that have us tagged are listed, only for Facebook Login; a mere tag is no mention."""
    desk.record = replace(desk.record, handle="@acme")
    instagram.do("tag", person="lea", text="Pred izpadom @acme")
    instagram.clock.move(40 * 3600)
    since = instagram.clock.now().replace(microsecond=0)
    instagram.batch = []
    both = instagram.do("tag", person="lea", text="Moji čevlji, hvala @acme!")["id"]
    instagram.do("tag", person="omar", text="Brez besed")
    instagram.do("tag", person="omar", text="@acme_shoes so drugi")
    instagram.do("mention_in_caption", person="jan", text="@acme, brez oznake")
    instagram.do("mention", person="nadia", text="@acme v komentarju")
    told = [each for each in read_back(desk, since) if isinstance(each, MessageReceived)]
    assert [each.external_id for each in told] == ([both] if login == "facebook" else [])
    for each in told:
        assert (each.kind, each.post) == ("mention", both)
        assert since <= each.at
        looked = desk.run(partial(network.look_up, wanted=Wanted("message", each.external_id, each.refs)))
        texts = [edit.text for edit in looked if isinstance(edit, WordsFound)]
        assert texts == ["Moji čevlji, hvala @acme!"]


def test_who_may_not_see_where_they_are_tagged_reads_the_rest(desk: Desk) -> None:
    """With Facebook Login the question is refused; Instagram Login never puts it."""
    desk.sandbox.fault(
        network.name, Fault("GET */tags", status=400, body=b'{"error":{"code":10,"message":"(#10)"}}')
    )
    since = desk.simulator.clock.now().replace(microsecond=0)
    desk.simulator.do("message", person="omar", text="Ste tam?")
    told = [each.text for each in read_back(desk, since) if isinstance(each, MessageReceived)]
    assert told == ["Ste tam?"]


SHARED: dict[str, dict[str, Any]] = {
    "share": {"both": False},
    "story_mention": {},
    "story_reply": {"text": "Lepo"},
    "raw": {"message": {"is_unsupported": True}},
}


@pytest.mark.parametrize("kind", SHARED)
def test_what_was_shared_is_read_back_as_the_webhook_tells_it(desk: Desk, kind: str) -> None:
    desk.simulator.do("post", text="Triglav", picture="boot")
    since = desk.simulator.clock.now().replace(microsecond=0)
    desk.simulator.do(kind, person="lea", **SHARED[kind])
    told = news(desk, MessageReceived)[0]
    (found,) = read_back(desk, since, now_at="chats")
    assert isinstance(found, MessageReceived)
    assert told.attachments
    assert (found.external_id, found.text, found.kind) == (told.external_id, told.text, told.kind)
    assert (found.attachments, found.refs) == (told.attachments, told.refs)

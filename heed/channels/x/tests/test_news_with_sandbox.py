"""What customers do reaches us from the simulator, told by webhook or asked for."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from heed.channels.base import (
    Echo,
    IdentitySeen,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    PostSeen,
    ReactionChanged,
    Receipt,
    Wanted,
)
from heed.channels.tests.contract import NETWORKS, Desk
from heed.channels.x.tests.desk import again, learn, mentioned, news, only
from heed.sandbox.frame import Fault
from heed.sandbox.networks.x import X

network = NETWORKS["x"]


@pytest.mark.parametrize("spelling", ["tweet", "post", "older"])
@pytest.mark.parametrize("includes", [True, False])
class TestEverySpelling:
    @pytest.fixture
    def desk(self, desk: Desk, x: X, spelling: str, includes: bool) -> Desk:
        x.do("spelling", spelling=spelling)
        x.do("includes", on=includes)
        return desk

    def test_a_conversation(self, desk: Desk, x: X) -> None:
        post = x.do("post", text="Zimska kolekcija je tu.")
        x.do("comment", person="lea", text="Kje je 38? Glej https://acme.example/38 & 39")
        message = desk.message("Kje je 38?")
        assert message.text == "Kje je 38? Glej https://acme.example/38 & 39"
        assert (message.kind, message.post, message.parent) == ("comment", post["id"], post["id"])
        assert message.author is not None
        assert message.author.external_id == x.user_id("lea")
        assert message.refs["summoned"] is True
        sent = desk.send(desk.answer_to(message, "Kmalu https://acme.example/kmalu."))
        echo = next(each for each in news(desk, Echo) if each.external_id == sent.external_id)
        assert (echo.text, echo.parent) == ("Kmalu https://acme.example/kmalu.", message.external_id)
        x.do("comment", person="lea", text="Hvala!", parent=sent.external_id)
        thanks = desk.message("Hvala!")
        assert (thanks.text, thanks.parent) == ("Hvala!", sent.external_id)

    def test_a_message_and_its_picture(self, desk: Desk, x: X) -> None:
        x.do("message", person="omar", text="متى تفتحون <الجمعة>؟", picture="boot")
        message = desk.message("متى")
        assert message.text == "متى تفتحون <الجمعة>؟"
        (attachment,) = message.attachments
        assert attachment.url.startswith("media:")
        source = desk.run(lambda record: network.media(record, attachment.url))
        host = urlsplit(x.url).netloc
        fetched = desk.client.fetch(source.url, hosts=[host], limit=10**6, headers=source.headers)
        assert fetched.body.startswith(b"\x89PNG")
        desk.send(desk.answer_to(message, "10:00"))
        assert [each.text for each in news(desk, Echo)] == ["10:00"]

    def test_what_we_delete_on_x(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        made = x.do("answer_elsewhere", text="Napaka", parent=message.external_id)
        assert only(desk, Echo).external_id == made["id"]
        x.do("delete_elsewhere", id=made["id"])
        assert only(desk, MessageRemoved).external_id == made["id"]


class TestBeingTold:
    def test_one_post_under_two_kinds_of_events(self, desk: Desk, x: X) -> None:
        x.do("post", text="Zimska kolekcija je tu.")
        x.do("comment", person="lea", text="@acme kje je 38?")
        first, second = news(desk, MessageReceived)
        assert first == second
        assert first.text == "@acme kje je 38?"

    def test_the_ids_of_events_may_be_negative(self, desk: Desk, x: X) -> None:
        x.do("message", person="lea", text="Halo?")
        desk.gather()
        assert b'"event_uuid": "-' in desk.receiver.hooks[-1].body

    def test_a_quote(self, desk: Desk, x: X) -> None:
        post = x.do("post", text="Zimska kolekcija je tu.")
        x.do("quote", person="sam", text="Finally!")
        quote = desk.message("Finally!")
        assert (quote.kind, quote.text) == ("quote", "Finally!")
        assert quote.attachments[-1].url.endswith(post["id"])

    def test_likes_and_reading(self, desk: Desk, x: X) -> None:
        post = x.do("post", text="Zimska kolekcija je tu.")
        x.clock.move(3600)
        x.do("react", person="lea", id=post["id"])
        like = only(desk, ReactionChanged)
        assert (like.target, like.author.external_id) == (post["id"], x.user_id("lea"))
        assert like.at > x.clock.now() - timedelta(minutes=1)
        x.do("message", person="lea", text="Halo?")
        desk.send(desk.answer_to(desk.message("Halo?"), "Zdravo."))
        x.do("read", person="lea")
        assert only(desk, Receipt).person == x.user_id("lea")

    def test_an_edit_keeps_the_message(self, desk: Desk, x: X) -> None:
        message = mentioned(desk, "@acme kje je 88140?")
        x.do("edit", person="lea", id=message.external_id, text="@acme kje je 88141?")
        edit = only(desk, MessageEdited)
        assert (edit.external_id, edit.text) == (message.external_id, "@acme kje je 88141?")

    def test_an_encrypted_message_is_noticed(self, desk: Desk, x: X) -> None:
        x.do("encrypted", person="lea")
        message = only(desk, MessageReceived)
        assert (message.text, message.attachments[0].url) == ("", "https://x.com/messages")
        assert not message.opens_window

    def test_a_removed_mention_is_found_by_looking(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        x.do("remove", person="lea", id=message.external_id)
        wanted = Wanted("message", message.external_id)
        (removed,) = desk.run(lambda record: network.look_up(record, wanted))
        assert isinstance(removed, MessageRemoved)

    def test_a_person_and_a_post_are_looked_up(self, desk: Desk, x: X) -> None:
        post = x.do("post", text="Zimska kolekcija je tu.", likes=7)
        (seen,) = desk.run(lambda record: network.look_up(record, Wanted("post", post["id"])))
        assert isinstance(seen, PostSeen)
        assert (seen.text, seen.likes) == ("Zimska kolekcija je tu.", 7)
        wanted = Wanted("person", x.user_id("lea"))
        (found,) = desk.run(lambda record: network.look_up(record, wanted))
        assert isinstance(found, IdentitySeen)
        assert found.person.name == "Lea Marn"


class TestPolling:
    def test_all_that_customers_write(self, polled: Desk, x: X) -> None:
        assert polled.record.facts["webhooks"] is False
        x.do("post", text="Zimska kolekcija je tu.")
        x.do("mention", person="lea", text="Kje je paket?")
        x.do("comment", person="omar", text="هل يتوفر؟")
        x.do("quote", person="sam", text="Finally!")
        x.do("message", person="tuya", text="Сайн байна уу", picture="box")
        x.do("say", person="jan", text="Danes sije sonce.")
        found = {each.text: each for each in news(polled, MessageReceived)}
        assert set(found) == {"@acme Kje je paket?", "هل يتوفر؟", "Finally!", "Сайн байна уу"}
        assert found["Finally!"].kind == "quote"
        assert found["Сайн байна уу"].attachments[0].url.startswith("media:")

    def test_nothing_comes_twice(self, polled: Desk, x: X) -> None:
        x.do("mention", person="lea", text="Kje je paket?")
        x.do("message", person="lea", text="Halo?")
        assert len(news(polled, MessageReceived)) == 2
        again(polled)
        x.do("mention", person="lea", text="Še vedno čakam.")
        again(polled)
        texts = [each.text for each in polled.news if isinstance(each, MessageReceived)]
        assert sorted(texts) == ["@acme Kje je paket?", "@acme Še vedno čakam.", "Halo?"]

    def test_more_than_a_page(self, polled: Desk, x: X) -> None:
        for number in range(120):
            x.do("mention", person="lea", text=f"Vprašanje {number}")
        texts = [each.text for each in news(polled, MessageReceived)]
        assert texts == [f"@acme Vprašanje {number}" for number in range(120)]

    def test_words_to_listen_for(self, desk: Desk, x: X) -> None:
        learn(desk, listen_for='"zimski čevlji" OR acme')
        x.do("say", person="jan", text="Kdo pozna dobre Acme čevlje?")
        x.do("say", person="jan", text="Danes sije sonce.")
        found = only(desk, MessageReceived)
        assert (found.kind, found.refs["summoned"]) == ("mention", False)

    def test_what_was_missed_is_read(self, desk: Desk, x: X) -> None:
        since = x.clock.now().isoformat()
        desk.sandbox.fault("x", Fault("hook", hook="lose", times=-1))
        x.do("mention", person="lea", text="Kje je paket?")
        x.do("message", person="lea", text="Halo?")
        assert news(desk, MessageReceived) == []
        found = desk.run(lambda record: network.backfill(record, {"since": since}))
        read = [each for body in found.bodies for each in network.read(body, desk.record)]
        assert {each.text for each in read if isinstance(each, MessageReceived)} == {
            "@acme Kje je paket?",
            "Halo?",
        }

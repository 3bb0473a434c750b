"""What became of an answer that nobody confirmed: it is looked for among our own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from heed.channels.base import CannotTell, NotThere, Sent
from heed.channels.x.adapter import network
from heed.channels.x.tests.sample import ACCOUNT, ACME, LEA
from heed.channels.x.tests.script import API, NOW, Script, answer, file, no, own, private, refused
from heed.lib import clock


def told(id: str = "79", text: str = "Trideset dni.", sender: str = ACME, **more: Any) -> Any:
    base = {"id": id, "event_type": "MessageCreate", "text": text, "created_at": "2026-08-12T18:00:01.000Z"}
    return {**base, "sender_id": sender, "dm_conversation_id": f"{ACME}-{LEA}", **more}


class TestFinding:
    def test_a_post_is_there(self) -> None:
        script = Script({"data": [own("80", "@lea_marn Drugo."), own()]})
        found = script.run(network.find(ACCOUNT, answer(started=NOW)))
        assert found == Sent("78", at=NOW + timedelta(seconds=1), permalink="https://x.com/acme/status/78")
        (request,) = script.requests
        assert request.url == f"{API}/users/{ACME}/tweets"
        assert request.params["start_time"] == "2026-08-12T17:59:55Z"

    def test_on_the_second_page(self) -> None:
        first = {"data": [own("80", "@lea_marn Drugo.")], "meta": {"next_token": "t2"}}
        script = Script(first, {"data": [own()]})
        assert script.run(network.find(ACCOUNT, answer(started=NOW))).external_id == "78"
        assert script.requests[1].params["pagination_token"] == "t2"

    @pytest.mark.parametrize("way", ["public", "private"])
    def test_page_after_page_until_its_time_is_passed(self, way: str) -> None:
        """A busy account: giving up earlier would say that it is not there, and send it twice."""
        one = own("80", "@lea_marn Drugo.") if way == "public" else told("80", "Drugo.")
        wanted = answer(started=NOW) if way == "public" else private(started=NOW)
        busy = [{"data": [one], "meta": {"next_token": f"t{number}"}} for number in range(7)]
        script = Script(*busy, {"data": [own() if way == "public" else told()]})
        assert isinstance(script.run(network.find(ACCOUNT, wanted)), Sent)
        assert len(script.requests) == 8

    @pytest.mark.parametrize("way", ["public", "private"])
    def test_what_x_no_longer_lists_is_no_proof(self, way: str) -> None:
        one = own("80", "@lea_marn Drugo.") if way == "public" else told("80", "Drugo.")
        wanted = answer(started=NOW) if way == "public" else private(started=NOW)
        script = Script(*[{"data": [one], "meta": {"next_token": "t"}}] * 32)
        assert script.run(network.find(ACCOUNT, wanted)) == CannotTell()

    @pytest.mark.parametrize(
        "posts",
        [
            [],
            [own(text="@lea_marn Drugo.")],
            [own(at="2026-08-12T17:00:00.000Z")],
            [{**own(), "referenced_tweets": [{"type": "replied_to", "id": "5"}]}],
            [{**own(), "author_id": LEA}],
        ],
    )
    def test_no_such_post(self, posts: list[Any]) -> None:
        assert isinstance(Script({"data": posts}).run(network.find(ACCOUNT, answer(started=NOW))), NotThere)

    def test_the_same_words_of_another_answer_prove_nothing(self) -> None:
        taken = answer(started=NOW, taken=frozenset({"78"}))
        assert isinstance(Script({"data": [own()]}).run(network.find(ACCOUNT, taken)), NotThere)

    def test_x_shows_it_only_after_a_moment(self) -> None:
        found = Script({"data": []}).run(network.find(ACCOUNT, answer(started=clock.now())))
        assert isinstance(found, CannotTell)
        assert found.ask_again

    def test_a_link_is_the_same_when_it_was_shortened(self) -> None:
        post = own(text="@lea_marn Tu: https://t.co/x &amp; hvala")
        post["entities"] = {"urls": [{"url": "https://t.co/x", "expanded_url": "https://acme.example/a"}]}
        wanted = answer("Tu: https://acme.example/a & hvala", started=NOW)
        assert Script({"data": [post]}).run(network.find(ACCOUNT, wanted)).external_id == "78"

    @pytest.mark.parametrize(
        ("typed", "links", "shown"),
        [
            ("Tu: acme.com/a", {"https://t.co/x": "http://acme.com/a"}, "Tu: https://t.co/x"),
            ("Acme.com\r\n\r\nHvala", {"https://t.co/x": "http://acme.com/"}, "https://t.co/x\n\nHvala"),
            ("Hvala, Z\u030cana", {}, "Hvala, \u017dana"),
        ],
    )
    def test_what_x_makes_of_the_words_is_still_the_same(
        self, typed: str, links: dict[str, str], shown: str
    ) -> None:
        """Another reading would send a direct message twice."""
        entities: Any = {"urls": [{"url": short, "expanded_url": long} for short, long in links.items()]}
        script = Script({"data": [told(text=shown, entities=entities)]})
        assert script.run(network.find(ACCOUNT, private(typed, started=NOW))).external_id == "79"

    def test_a_name_at_the_start_that_x_counts_among_its_own(self) -> None:
        wanted = answer("@lea_marn Na poti je.", started=NOW)
        assert Script({"data": [own()]}).run(network.find(ACCOUNT, wanted)).external_id == "78"

    def test_a_file_that_x_did_not_include(self) -> None:
        link = {"url": "https://t.co/d", "expanded_url": "https://x.com/messages/media/79"}
        more: Any = {"attachments": {"media_keys": ["3_79"]}, "entities": {"urls": [link]}}
        script = Script({"data": [told(text="Tu. https://t.co/d", **more)]})
        wanted = private("Tu.", file(), started=NOW)
        assert script.run(network.find(ACCOUNT, wanted)).external_id == "79"

    def test_a_message_is_there(self) -> None:
        script = Script({"data": [told("80", sender=LEA), told()]})
        assert script.run(network.find(ACCOUNT, private(started=NOW))).external_id == "79"
        assert script.asked == [f"GET /dm_conversations/with/{LEA}/dm_events"]
        assert "created_at" in script.requests[0].params["dm_event.fields"]

    def test_no_such_message(self) -> None:
        old = told("70", created_at="2026-08-12T17:00:00.000Z")
        script = Script({"data": [old], "meta": {"next_token": "t2"}})
        assert isinstance(script.run(network.find(ACCOUNT, private(started=NOW))), NotThere)

    def test_refused_as_a_repeat_after_a_lost_answer(self) -> None:
        repeat = no(403, {"detail": "… duplicate content."})
        script = Script(repeat, {"data": [own()]})
        assert script.run(network.send(ACCOUNT, answer(started=NOW))).external_id == "78"
        script = Script(repeat, {"data": []})
        assert refused(script, network.send(ACCOUNT, answer(started=NOW))).reason == "duplicate"

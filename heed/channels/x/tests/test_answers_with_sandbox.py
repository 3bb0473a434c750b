"""Answers and actions over real HTTP, beyond what every network is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heed.channels.base import Answer, CannotTell, Echo, OutgoingFile, Refusal, Sent, Target
from heed.channels.tests.contract import NETWORKS, Desk, target_of
from heed.channels.x.tests.desk import learn, mentioned, only
from heed.lib.http import AnswerLost
from heed.sandbox.frame import Fault
from heed.sandbox.networks.x import X

network = NETWORKS["x"]
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 50


class TestAnswering:
    def test_a_quote_of_ours(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        sent = desk.send(replace(desk.answer_to(message, "Poglejte!"), quote=True))
        assert [each["quoted"] for each in x.seen()["posts"]] == [message.external_id]
        assert only(desk, Echo).external_id == sent.external_id

    def test_pictures_and_a_video(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        picture = OutgoingFile("boot.png", "image/png", PNG, "")
        told = replace(picture, alt="Škorenj z zadrgo")
        desk.send(replace(desk.answer_to(message, "Tako."), files=(told, picture)))
        assert x.seen()["posts"][-1]["files"] == 2
        assert x.seen()["posts"][-1]["alts"] == ["Škorenj z zadrgo", ""]
        video = OutgoingFile("zip.mp4", "video/mp4", b"v" * 100, "")
        desk.send(replace(desk.answer_to(message, ""), files=(video,)))
        assert x.seen()["posts"][-1]["files"] == 1
        x.do("message", person="lea", text="Slika?")
        private = desk.answer_to(desk.message("Slika?"), "Tu je.")
        desk.send(replace(private, files=(picture,)))
        assert x.seen()["messages"][-1]["file"] is True

    def test_a_lost_answer_with_a_file_is_found(self, desk: Desk, x: X) -> None:
        x.do("message", person="lea", text="Slika?")
        picture = OutgoingFile("boot.png", "image/png", PNG, "")
        answer = replace(desk.answer_to(desk.message("Slika?"), "Tu je."), files=(picture,))
        with pytest.raises(AnswerLost):
            desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="after")))
        found = desk.run(lambda record: network.find(record, answer))
        assert isinstance(found, Sent)
        assert found.external_id == x.seen()["messages"][-1]["id"]

    @pytest.mark.parametrize(
        "words", ["Poglejte acme.com/vračila & pišite.", "Z\u030cal ne. https://acme.com/"]
    )
    def test_a_lost_private_answer_is_found_whatever_x_made_of_its_words(
        self, desk: Desk, x: X, words: str
    ) -> None:
        x.do("message", person="lea", text="Halo?")
        answer = desk.answer_to(desk.message("Halo?"), words)
        with pytest.raises(AnswerLost):
            desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="after")))
        found = desk.run(lambda record: network.find(record, answer))
        assert isinstance(found, Sent)
        assert found.external_id == x.seen()["messages"][-1]["id"]

    def test_sent_again_after_a_lost_answer_is_found_not_doubled(self, desk: Desk) -> None:
        answer = desk.answer_to(mentioned(desk), "Na poti je.")
        with pytest.raises(AnswerLost):
            desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="after")))
        assert isinstance(desk.send(answer), Sent)
        assert desk.times_seen("Na poti je.") == 1

    def test_a_repeat_is_refused(self, desk: Desk) -> None:
        answer = desk.answer_to(mentioned(desk), "Na poti je.")
        first = desk.send(answer)
        taken = replace(answer, taken=frozenset({first.external_id}))
        with pytest.raises(Refusal) as caught:
            desk.send(taken)
        assert caught.value.reason == "duplicate"

    def test_nothing_was_sent(self, desk: Desk) -> None:
        answer = desk.answer_to(mentioned(desk), "Na poti je.")
        assert isinstance(desk.run(lambda record: network.find(record, answer)), CannotTell)

    def test_the_answered_post_is_gone(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        x.do("remove", person="lea", id=message.external_id)
        with pytest.raises(Refusal) as caught:
            desk.send(desk.answer_to(message, "Na poti je."))
        assert caught.value.reason == "gone"

    def test_who_takes_no_messages(self, desk: Desk, x: X) -> None:
        x.do("message", person="lea", text="Halo?")
        message = desk.message("Halo?")
        x.do("leave", person="lea")
        with pytest.raises(Refusal) as caught:
            desk.send(desk.answer_to(message, "Zdravo."))
        assert caught.value.reason == "unreachable"

    def test_fifteen_messages_in_a_quarter_of_an_hour(self, desk: Desk, x: X) -> None:
        x.do("message", person="lea", text="Halo?")
        message = desk.message("Halo?")
        for number in range(15):
            desk.send(desk.answer_to(message, f"Zdravo {number}"))
        with pytest.raises(Refusal) as caught:
            desk.send(desk.answer_to(message, "Zdravo še enkrat"))
        assert (caught.value.reason, caught.value.retry) == ("slow_down", True)
        assert caught.value.after is not None
        assert 800 < caught.value.after <= 901
        x.clock.move(901)
        desk.send(desk.answer_to(message, "Zdravo še enkrat"))

    def test_repost_and_delete_a_message(self, desk: Desk, x: X) -> None:
        message = mentioned(desk)
        target = desk.act("repost", target_of(message), "")
        assert x.seen()["reposts"] == [message.external_id]
        desk.act("unrepost", target, "")
        assert x.seen()["reposts"] == []
        x.do("message", person="lea", text="Halo?")
        sent = desk.send(desk.answer_to(desk.message("Halo?"), "Zdrvao."))
        desk.act("delete", Target(sent.external_id, "private", "message", "", {}, ours=True), "")
        assert x.seen()["messages"] == []


class TestSelfServe:
    @pytest.fixture
    def desk(self, bare: Desk, x: X) -> Desk:
        x.do("level", level="self_serve")
        learn(bare, access_level="")
        return bare

    def test_what_capabilities_say_is_what_x_does(self, desk: Desk, x: X) -> None:
        can = network.able(desk.record.facts)
        message = target_of(mentioned(desk))
        with pytest.raises(Refusal) as caught:
            desk.act("like", message, "")
        assert "like" not in can.on_theirs
        assert caught.value.reason == "not_allowed"
        desk.act("repost", message, "")
        assert "repost" in can.on_theirs

    def test_who_summoned_us_is_answered(self, desk: Desk, x: X) -> None:
        x.do("post", text="Zimska kolekcija je tu.")
        x.do("quote", person="sam", text="Finally!")
        desk.send(desk.answer_to(desk.message("Finally!"), "Indeed!"))
        x.do("comment", person="lea", text="Kje je 38?")
        desk.send(desk.answer_to(desk.message("Kje je 38?"), "Kmalu."))
        desk.send(desk.answer_to(mentioned(desk), "Na poti je."))
        assert len([each for each in x.seen()["posts"] if each["parent"]]) == 3

    def test_nobody_else_is(self, desk: Desk, x: X) -> None:
        learn(desk, listen_for="acme")
        x.do("say", person="jan", text="Kdo pozna Acme?")
        message = desk.message("Kdo pozna Acme?")
        answer = desk.answer_to(message, "Mi!")
        with pytest.raises(Refusal) as caught:
            desk.send(answer)
        assert (caught.value.reason, caught.value.code) == ("not_allowed", "not-summoned")
        with pytest.raises(Refusal) as caught:  # and X says the same when it is asked
            desk.send(without_knowing(answer))
        assert (caught.value.reason, caught.value.code) == ("not_allowed", "403")


def without_knowing(answer: Answer) -> Answer:
    """The answer as if nobody knew whether its author summoned us."""
    assert answer.to is not None
    return replace(answer, to=replace(answer.to, refs={}))

"""A customer asks and is answered, each way that the network has for it."""

from __future__ import annotations

import pytest

from heed.channels.base import CannotTell, MessageReceived, Network, NotThere, Refusal, Sent, Visibility
from heed.channels.tests.contract import Desk, asked, longest, sample_of, writings
from heed.lib.http import AnswerLost, Unreachable
from heed.sandbox.frame import Fault


class TestAnswering:
    def test_a_customer_writes(self, network: Network, connected: Desk, visibility: Visibility) -> None:
        message = asked(connected, visibility)
        assert message.visibility == visibility
        assert message.external_id
        assert message.author is not None
        assert message.author.external_id
        assert bool(message.post) == (visibility == "public")

    def test_the_customer_sees_the_answer_once(
        self, network: Network, connected: Desk, visibility: Visibility
    ) -> None:
        sent = connected.send(connected.answer_to(asked(connected, visibility), "Паргел нөгөөдөр ирнэ 👟"))
        assert isinstance(sent, Sent)
        assert sent.external_id
        assert connected.times_seen("Паргел нөгөөдөр ирнэ 👟") == 1

    def test_the_longest_text_is_taken(
        self, network: Network, connected: Desk, visibility: Visibility
    ) -> None:
        text = longest(dict(writings(network))[visibility])
        connected.send(connected.answer_to(asked(connected, visibility), text))
        assert connected.times_seen(text) == 1

    def test_asked_to_slow_down(self, network: Network, connected: Desk, visibility: Visibility) -> None:
        answer = connected.answer_to(asked(connected, visibility), "Trenutek.")
        connected.sandbox.fault(network.name, Fault("*", status=429, headers={"Retry-After": "7"}))
        with pytest.raises(Refusal) as caught:
            connected.send(answer)
        refusal = caught.value
        assert (refusal.reason, refusal.retry, refusal.after) == ("slow_down", True, 7)
        assert connected.times_seen("Trenutek.") == 0

    def test_a_dead_token(self, network: Network, connected: Desk, visibility: Visibility) -> None:
        answer = connected.answer_to(asked(connected, visibility), "Trenutek.")
        connected.simulator.do("revoke")
        with pytest.raises(Refusal) as caught:
            connected.send(answer)
        assert (caught.value.reason, caught.value.retry) == ("sign_in_again", False)

    def test_cut_after_it_was_taken(self, network: Network, connected: Desk, visibility: Visibility) -> None:
        answer = connected.answer_to(asked(connected, visibility), "Poslali smo novega.")
        with pytest.raises(AnswerLost):
            connected.send(answer, connected.spoil_the_decisive_call(Fault("*", drop="after")))
        found = connected.run(lambda record: network.find(record, answer))
        assert not isinstance(found, NotThere)
        assert not isinstance(found, Sent) or found.external_id
        assert connected.times_seen("Poslali smo novega.") == 1

    def test_cut_before_it_was_taken(self, network: Network, connected: Desk, visibility: Visibility) -> None:
        answer = connected.answer_to(asked(connected, visibility), "Poslali smo novega.")
        with pytest.raises(AnswerLost):
            connected.send(answer, connected.spoil_the_decisive_call(Fault("*", drop="before")))
        found = connected.run(lambda record: network.find(record, answer))
        if getattr(sample_of(network), "FINDS_BY_SENDING_AGAIN", False):
            assert isinstance(found, Sent)  # under a key that makes the network take it once
            assert connected.times_seen("Poslali smo novega.") == 1
            return
        assert isinstance(found, NotThere | CannotTell)
        assert connected.times_seen("Poslali smo novega.") == 0

    def test_an_error_without_an_explanation_leaves_it_open(
        self, network: Network, connected: Desk, visibility: Visibility
    ) -> None:
        answer = connected.answer_to(asked(connected, visibility), "Poslali smo novega.")
        oops = Fault("*", status=500, body=b"<html>oops</html>")
        with pytest.raises(AnswerLost):
            connected.send(answer, connected.spoil_the_decisive_call(oops))

    def test_nobody_there(self, network: Network, connected: Desk, visibility: Visibility) -> None:
        answer = connected.answer_to(asked(connected, visibility), "Trenutek.")
        connected.close_the_network()
        with pytest.raises(Unreachable):
            connected.send(answer)

    def test_a_late_duplicate_changes_nothing(
        self, network: Network, called: Desk, visibility: Visibility
    ) -> None:
        called.sandbox.fault(network.name, Fault("hook", hook="duplicate", times=-1))
        message = asked(called, visibility)
        again = [each for each in called.gather() if isinstance(each, MessageReceived)]
        same = [each for each in again if each.external_id == message.external_id]
        assert len(same) == 2
        assert same[0] == same[1]

"""What people do and see at X."""

from __future__ import annotations

import pytest

from heed.sandbox.frame import PlayError
from heed.sandbox.networks.x import X
from heed.sandbox.tests.receiver import Receiver
from heed.sandbox.tests.x.calls import LEA_SAYS, kinds, post


class TestPlaying:
    def test_what_cannot_be(self, x: X) -> None:
        with pytest.raises(PlayError):
            x.do("comment", **LEA_SAYS)
        made = x.do("mention", **LEA_SAYS)
        for verb in ("edit", "remove"):
            facts = {"text": "x"} if verb == "edit" else {}
            with pytest.raises(PlayError):
                x.do(verb, person="omar", id=made["id"], **facts)
        with pytest.raises(PlayError):
            x.do("react", person="lea", id=made["id"], reaction="wave")
        with pytest.raises(PlayError):
            x.do("mention", person="nobody", text="hej")

    def test_what_people_see(self, x: X) -> None:
        x.do("post", text="Zimska kolekcija je tu.", picture="box", likes=318, shares=12)
        question = x.do("comment", person="lea", text="Kje je 38?")
        post(x, "Kmalu.", reply={"in_reply_to_tweet_id": question["id"]})
        (seen,) = x.scene("lea").posts
        assert (seen.likes, seen.shares, seen.ours, bool(seen.picture)) == (318, 12, True, True)
        mine, ours = x.scene("lea").lines()
        assert (mine.text, mine.mine, ours.text, ours.ours) == ("Kje je 38?", True, "Kmalu.", True)

    def test_a_restart_knows_its_webhook(self, x: X, receiver: Receiver) -> None:
        x.restore("somebody else", receiver.url)
        assert x.seen()["webhooks"] == []
        x.restore(x.us, receiver.url)
        x.do("mention", **LEA_SAYS)
        assert kinds(x, receiver) == ["post.mention.create"]

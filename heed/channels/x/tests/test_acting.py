"""Actions on posts and messages, and which of them an account may do."""

from __future__ import annotations

from typing import Any

import pytest

from heed.channels.base import Target
from heed.channels.x.adapter import network
from heed.channels.x.tests.sample import ACCOUNT, ACME, LEA
from heed.channels.x.tests.script import QUESTION, Script, problem, refused, target


class TestActing:
    @pytest.mark.parametrize(
        ("action", "asked", "body", "state"),
        [
            ("like", f"POST /users/{ACME}/likes", {"tweet_id": QUESTION}, {"liked": True}),
            ("unlike", f"DELETE /users/{ACME}/likes/{QUESTION}", None, {"liked": False}),
            ("repost", f"POST /users/{ACME}/retweets", {"tweet_id": QUESTION}, {"retweeted": True}),
            ("unrepost", f"DELETE /users/{ACME}/retweets/{QUESTION}", None, {"retweeted": False}),
            ("hide", f"PUT /tweets/{QUESTION}/hidden", {"hidden": True}, {"hidden": True}),
            ("unhide", f"PUT /tweets/{QUESTION}/hidden", {"hidden": False}, {"hidden": False}),
            ("delete", f"DELETE /tweets/{QUESTION}", None, {"deleted": True}),
        ],
    )
    def test_an_action_on_a_post(self, action: Any, asked: str, body: Any, state: Any) -> None:
        script = Script({"data": state})
        assert script.run(network.act(ACCOUNT, action, target(), LEA)) == {}
        assert script.asked == [asked]
        assert script.requests[0].json == body
        wrong = {"data": {name: not value for name, value in state.items()}}
        assert refused(Script(wrong), network.act(ACCOUNT, action, target(), LEA)).reason == "not_allowed"

    def test_our_message_is_deleted(self) -> None:
        script = Script({"data": {"deleted": True}})
        ours = Target(QUESTION, "private", "message", "", {}, ours=True)
        script.run(network.act(ACCOUNT, "delete", ours, LEA))
        assert script.asked == [f"DELETE /dm_events/{QUESTION}"]

    def test_what_is_gone_is_deleted(self) -> None:
        gone = problem(404, "resource-not-found")
        assert Script(gone).run(network.act(ACCOUNT, "delete", target(), LEA)) == {}

    def test_an_error_beside_a_success(self) -> None:
        partial = {"errors": [{"type": "https://api.x.com/2/problems/resource-not-found", "detail": "gone"}]}
        assert refused(Script(partial), network.act(ACCOUNT, "like", target(), LEA)).reason == "gone"

    def test_what_x_has_not(self) -> None:
        assert refused(Script(), network.act(ACCOUNT, "typing", target(), LEA)).reason == "not_allowed"
        chat = Target("chat:7", "private", "message", "", {})
        assert refused(Script(), network.act(ACCOUNT, "delete", chat, LEA)).reason == "bad_request"


class TestAble:
    def test_with_a_contract(self) -> None:
        can = network.able({"level": "enterprise"})
        assert {"like", "unlike", "repost", "hide"} <= can.on_theirs
        assert (can.quote, str(can.why_no_quote)) == (True, "")
        assert "like" not in can.why_not
        assert "write it anew" in str(can.why_not["edit"])
        assert can.public is not None
        assert can.public.invited is None

    @pytest.mark.parametrize("facts", [{}, {"level": "self_serve"}])
    def test_paying_per_use(self, facts: dict[str, str]) -> None:
        can = network.able(facts)
        assert not {"like", "unlike"} & (can.on_theirs | can.on_ours)
        assert {"repost", "hide"} <= can.on_theirs
        assert "Enterprise" in str(can.why_not["like"])
        assert not can.quote
        assert "Enterprise" in str(can.why_no_quote)
        assert can.private is not None
        assert can.public is not None
        assert can.public.invited is not None
        assert can.public.invited.ref == "summoned"

    def test_without_the_right_to_messages(self) -> None:
        can = network.able({"level": "enterprise", "messages": False})
        assert can.private is None
        assert not can.on_private_ours
        assert "may not write direct messages" in str(can.why_no_private)
        assert "may not write direct messages" in str(can.why_not["delete"])
        allowed = network.able({"level": "enterprise", "messages": True})
        assert (str(allowed.why_no_private), "delete" in allowed.why_not) == ("", False)

    def test_only_replies_under_our_own_posts_can_be_hidden(self) -> None:
        can = network.able({})
        assert all("hide" not in can.only[kind] for kind in ("mention", "reply", "quote"))
        assert "comment" not in can.only
        assert can.why_not["hide"]

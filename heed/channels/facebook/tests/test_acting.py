"""Likes, hiding, deleting; reactions and presence in Messenger."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from heed.channels.facebook.adapter import network
from heed.channels.facebook.tests.sample import ACCOUNT, COMMENT, GRAPH, MESSAGE
from heed.channels.meta.tests.script import PROOF, Script, no, ok, refused


@pytest.mark.parametrize(
    ("action", "method", "path", "body"),
    [
        ("like", "POST", "122_900/likes", {}),
        ("unlike", "DELETE", "122_900/likes", None),
        ("hide", "POST", "122_900", {"is_hidden": True}),
        ("unhide", "POST", "122_900", {"is_hidden": False}),
        ("delete", "DELETE", "122_900", None),
    ],
)
def test_public_actions(action: Any, method: str, path: str, body: Any) -> None:
    script = Script(ok({"success": True}))
    assert script.run(network.act(ACCOUNT, action, COMMENT, "")) == {}
    (request,) = script.requests
    assert (request.method, request.url, request.json) == (method, f"{GRAPH}/{path}", body)
    assert request.params == {"appsecret_proof": PROOF}


def test_edit_of_our_comment() -> None:
    script = Script(ok({"success": True}))
    script.run(network.act(ACCOUNT, "edit", replace(COMMENT, ours=True), "", "It left today."))
    assert (script.requests[0].url, script.requests[0].json) == (
        f"{GRAPH}/122_900",
        {"message": "It left today."},
    )
    assert refused(network.act(ACCOUNT, "edit", COMMENT, "", "No")).reason == "bad_request"


def test_success_may_be_a_bare_true() -> None:
    assert Script(ok(True)).run(network.act(ACCOUNT, "like", COMMENT, "")) == {}


def test_deleting_what_is_gone() -> None:
    assert Script(no(100, 33)).run(network.act(ACCOUNT, "delete", COMMENT, "")) == {}
    assert refused(network.act(ACCOUNT, "hide", COMMENT, ""), no(100, 33)).reason == "gone"


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("seen", {"sender_action": "mark_seen"}),
        ("typing", {"sender_action": "typing_on"}),
        ("react", {"sender_action": "react", "payload": {"message_id": "m_1", "reaction": "👍"}}),
        ("unreact", {"sender_action": "unreact", "payload": {"message_id": "m_1"}}),
    ],
)
def test_private_actions(action: Any, body: dict[str, Any]) -> None:
    script = Script(ok({"recipient_id": "222"}))
    script.run(network.act(ACCOUNT, action, MESSAGE, "222", "👍"))
    assert script.requests[0].url == f"{GRAPH}/448/messages"
    assert script.requests[0].json == {"recipient": {"id": "222"}, **body}


def test_actions_it_does_not_have() -> None:
    assert refused(network.act(ACCOUNT, "repost", COMMENT, "")).reason == "bad_request"
    assert refused(network.act(ACCOUNT, "hide", MESSAGE, "222")).reason == "bad_request"

"""Actions on messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from heed.channels.base import Refusal, Target
from heed.channels.telegram.adapter import network
from heed.channels.telegram.tests.sample import ACCOUNT
from heed.channels.telegram.tests.script import API, IN_BUSINESS, LEA, OURS, no, ok, shown, target
from heed.channels.tests.script import Script


class TestActions:
    @pytest.mark.parametrize(
        ("action", "to", "method", "fields"),
        [
            ("typing", target(), "sendChatAction", {"chat_id": LEA, "action": "typing"}),
            (
                "typing",
                target(business="conn-1"),
                "sendChatAction",
                {"chat_id": LEA, "business_connection_id": "conn-1", "action": "typing"},
            ),
            (
                "seen",
                target(f"conn-1:{LEA}:41", business="conn-1"),
                "readBusinessMessage",
                {"chat_id": LEA, "business_connection_id": "conn-1", "message_id": 41},
            ),
            (
                "react",
                target(),
                "setMessageReaction",
                {"chat_id": LEA, "message_id": 41, "reaction": [{"type": "emoji", "emoji": "👍"}]},
            ),
            ("unreact", target(), "setMessageReaction", {"chat_id": LEA, "message_id": 41, "reaction": []}),
            ("edit", OURS, "editMessageText", {"chat_id": LEA, "message_id": 41, "text": "👍"}),
            (
                "edit",
                IN_BUSINESS,
                "editMessageText",
                {"chat_id": LEA, "message_id": 41, "business_connection_id": "conn-1", "text": "👍"},
            ),
            ("delete", OURS, "deleteMessage", {"chat_id": LEA, "message_id": 41}),
            (
                "delete",
                IN_BUSINESS,
                "deleteBusinessMessages",
                {"business_connection_id": "conn-1", "message_ids": [41]},
            ),
        ],
    )
    def test_what_is_called(self, action: Any, to: Target, method: str, fields: dict[str, Any]) -> None:
        script = Script(ok())
        assert script.run(network.act(ACCOUNT, action, to, str(LEA), "👍")) == {}
        (request,) = script.requests
        assert (request.url, request.json, request.decisive) == (f"{API}/{method}", fields, False)

    def test_a_bot_cannot_show_that_it_read(self) -> None:
        script = Script()
        assert script.run(network.act(ACCOUNT, "seen", target(), str(LEA))) == {}
        assert script.requests == []

    @pytest.mark.parametrize(
        ("action", "to"),
        [
            ("react", target(business="conn-1")),
            ("hide", target()),
            ("delete", target()),
            ("edit", target()),
        ],
    )
    def test_what_telegram_has_not(self, action: Any, to: Target) -> None:
        with pytest.raises(Refusal) as caught:
            Script().run(network.act(ACCOUNT, action, to, str(LEA)))
        assert caught.value.reason == "not_allowed"

    def test_an_answer_in_several_messages_is_edited_and_deleted_whole(self) -> None:
        ours = replace(OURS, refs={"more": [f"{LEA}:42", f"{LEA}:43"]})
        script = Script(no(400, "Bad Request: there is no text in the message to edit"), ok(shown()))
        script.run(network.act(ACCOUNT, "edit", ours, str(LEA), "Jutri."))
        text, caption = script.requests
        assert (text.url, text.json["message_id"]) == (f"{API}/editMessageText", 43)
        assert caption.url == f"{API}/editMessageCaption"
        assert caption.json == {"chat_id": LEA, "message_id": 41, "caption": "Jutri."}
        script = Script(ok(), no(400, "Bad Request: message to delete not found"), ok())
        script.run(network.act(ACCOUNT, "delete", ours, str(LEA)))
        assert [each.json["message_id"] for each in script.requests] == [41, 42, 43]

    def test_an_edit_without_a_change_is_done(self) -> None:
        same = no(400, "Bad Request: message is not modified: specified new message content is the same")
        assert Script(same).run(network.act(ACCOUNT, "edit", OURS, str(LEA), "Jutri.")) == {}

    def test_what_is_too_old_is_told(self) -> None:
        late = no(400, "Bad Request: message can't be deleted")
        with pytest.raises(Refusal) as caught:
            Script(late).run(network.act(ACCOUNT, "delete", OURS, str(LEA)))
        assert caught.value.reason == "bad_request"

"""Private messages at X."""

from __future__ import annotations

from typing import Any

from heed.sandbox.networks.x import X
from heed.sandbox.tests.receiver import Receiver
from heed.sandbox.tests.x.calls import LEA_SAYS, ask, call, kinds, tokens


class TestMessages:
    def test_only_three_fields_unless_asked(self, x: X) -> None:
        x.do("message", **LEA_SAYS)
        (bare,) = call(x, "GET", "/2/dm_events")["data"]
        assert set(bare) == {"id", "event_type", "text"}
        wanted: dict[str, Any] = {"dm_event.fields": "sender_id,dm_conversation_id"}
        (whole,) = call(x, "GET", "/2/dm_events", **wanted)["data"]
        members = whole["dm_conversation_id"].split("-")
        assert members == sorted([x.us, x.user_id("lea")], key=int)

    def test_fifteen_reads_in_a_quarter_of_an_hour(self, x: X) -> None:
        for _ in range(15):
            call(x, "GET", "/2/dm_events")
        assert ask(x, "GET", "/2/dm_events").status_code == 429

    def test_who_takes_none(self, x: X) -> None:
        lea = x.user_id("lea")
        x.do("leave", person="lea")
        refused = ask(x, "POST", f"/2/dm_conversations/with/{lea}/messages", {"text": "Zdravo"})
        assert refused.json()["errors"][0]["code"] == 349
        x.do("join", person="lea")
        made = call(x, "POST", f"/2/dm_conversations/with/{lea}/messages", {"text": "Zdravo"})["data"]
        assert x.scene("lea").chats[0].lines[0].id == made["dm_event_id"]

    def test_a_permission_that_was_not_given(self, x: X) -> None:
        path = f"/2/dm_conversations/with/{x.user_id('lea')}/messages"
        x.do("withhold", scope="dm.write")
        given = tokens(
            x, grant_type="refresh_token", refresh_token=x.accounts()[0].credentials["refresh_token"]
        )
        assert "dm.write" not in given.json()["scope"].split()
        assert ask(x, "POST", path, {"text": "Zdravo"}).status_code == 403
        assert ask(x, "DELETE", "/2/dm_events/1").status_code == 403
        assert x.scene("lea").lines() == []
        x.do("withhold", scope="dm.write", on=False)
        assert ask(x, "POST", path, {"text": "Zdravo"}).status_code == 201

    def test_a_file_opens_with_the_account_s_token_only(self, x: X) -> None:
        made = x.do("message", person="lea", text="Slika", picture="boot")
        path = f"/2/dm_conversations/media/{made['id']}/{made['id']}/file.png"
        assert ask(x, "GET", path).content.startswith(b"\x89PNG")
        assert ask(x, "GET", path, token="none").status_code == 401

    def test_seen_is_shown(self, told: X, receiver: Receiver) -> None:
        lea = told.user_id("lea")
        call(told, "POST", f"/2/dm_conversations/with/{lea}/messages", {"text": "Zdravo"})
        assert told.scene("lea").chats[0].lines[0].state == "sent"
        told.do("read", person="lea")
        assert told.scene("lea").chats[0].lines[0].state == "seen"
        assert kinds(told, receiver) == ["dm.sent", "dm.read"]

"""What networks take of choices, by their own pages, and what they refuse: asked with our own requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from heed.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=1) as sandbox:
        yield sandbox


class TestWhatsApp:
    def send(self, sandbox: Sandbox, interactive: dict[str, Any]) -> httpx.Response:
        whatsapp: Any = sandbox["whatsapp"]
        if not whatsapp.chats["lea"].entries:
            whatsapp.do("message", person="lea", text="Pozdravljeni")
        return httpx.post(
            f"{whatsapp.url}/v25.0/{whatsapp.number_id}/messages",
            headers={"authorization": f"Bearer {whatsapp.token}"},
            json={
                "messaging_product": "whatsapp",
                "to": whatsapp.wa_id("lea"),
                "type": "interactive",
                "interactive": interactive,
            },
        )

    def buttons(self, *titles: str, **more: Any) -> dict[str, Any]:
        made = [
            {"type": "reply", "reply": {"id": str(number), "title": title}}
            for number, title in enumerate(titles)
        ]
        return {"type": "button", "body": {"text": "Kaj?"}, "action": {"buttons": made}, **more}

    def listed(self, *rows: dict[str, str], opener: str = "Izberite") -> dict[str, Any]:
        action = {"button": opener, "sections": [{"rows": list(rows)}]}
        return {"type": "list", "body": {"text": "Kaj?"}, "action": action}

    def test_a_tap_on_a_row_tells_all_of_it(self, sandbox: Sandbox) -> None:
        row = {"id": "r1", "title": "Torek", "description": "Dopoldne"}
        answer = self.send(sandbox, self.listed(row, {"id": "r2", "title": "Sreda"}))
        assert answer.status_code == 200
        whatsapp: Any = sandbox["whatsapp"]
        (line,) = [each for each in whatsapp.scene("lea").lines() if each.choices]
        assert (line.text, line.choices) == ("Kaj?", ["Torek", "Sreda"])
        whatsapp.do("choose", person="lea", id=line.id, choice="Torek")
        tapped = whatsapp.chats["lea"].entries[-1]
        assert tapped.content == {"type": "list_reply", "list_reply": row}
        assert (tapped.context, tapped.text) == (line.id, "Torek")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"buttons": []},
            {"buttons": ["a", "b", "c", "d"]},
            {"buttons": ["č" * 21]},
            {"buttons": [""]},
            {"buttons": ["Da", "Da"]},
            {"rows": []},
            {"rows": [{"id": str(number), "title": "a"} for number in range(11)]},
            {"rows": [{"id": "1", "title": "č" * 25}]},
            {"rows": [{"id": "1", "title": "a", "description": "č" * 73}]},
            {"rows": [{"id": "1", "title": "a"}, {"id": "1", "title": "b"}]},
            {"rows": [{"id": "1", "title": "a"}], "opener": "č" * 21},
            {"rows": [{"id": "1", "title": "a"}], "opener": ""},
            {"buttons": ["Da"], "text": "č" * 1025},
            {"buttons": ["Da"], "text": ""},
            {"buttons": ["Da"], "type": "carousel"},
        ],
    )
    def test_what_is_refused(self, sandbox: Sandbox, wrong: dict[str, Any]) -> None:
        if "rows" in wrong:
            made = self.listed(*wrong["rows"], opener=wrong.get("opener", "Izberite"))
        else:
            made = self.buttons(*wrong["buttons"])
        made |= {"body": {"text": wrong["text"]}} if "text" in wrong else {}
        made |= {"type": wrong["type"]} if "type" in wrong else {}
        answer = self.send(sandbox, made)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] in (131008, 131009)
        assert [each for each in sandbox["whatsapp"].scene("lea").lines() if each.ours] == []


@pytest.mark.parametrize("network", ["facebook", "instagram"])
class TestQuickReplies:
    def send(self, sandbox: Sandbox, network: str, replies: Any) -> httpx.Response:
        meta: Any = sandbox[network]
        meta.do("message", person="lea", text="Pozdravljeni")
        return httpx.post(
            f"{meta.url}/v25.0/me/messages",
            headers={"authorization": f"Bearer {meta.token}"},
            json={
                "recipient": {"id": meta.chat_id("lea")},
                "messaging_type": "RESPONSE",
                "message": {"text": "Kaj?", "quick_replies": replies},
            },
        )

    def test_they_go_when_anything_follows(self, sandbox: Sandbox, network: str) -> None:
        replies = [{"content_type": "text", "title": title, "payload": title} for title in ("Da", "Ne")]
        assert self.send(sandbox, network, replies).status_code == 200
        (line,) = [each for each in sandbox[network].scene("lea").lines() if each.choices]
        sandbox[network].do("message", person="lea", text="Še to …")
        assert not [each for each in sandbox[network].scene("lea").lines() if each.choices]
        with pytest.raises(Exception, match="no longer there"):
            sandbox[network].do("choose", person="lea", id=line.id, choice="Da")

    @pytest.mark.parametrize(
        "replies",
        [
            [],
            [{"content_type": "text", "title": "a", "payload": str(number)} for number in range(14)],
            [{"content_type": "text", "title": "č" * 21, "payload": "1"}],
            [{"content_type": "text", "title": "Da", "payload": ""}],
            [{"content_type": "location", "title": "Da", "payload": "1"}],
        ],
    )
    def test_what_is_refused(self, sandbox: Sandbox, network: str, replies: list[dict[str, str]]) -> None:
        answer = self.send(sandbox, network, replies)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)

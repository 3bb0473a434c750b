"""Choices under an answer, over the API."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heed.api.tests.conftest import Caller, Desk, Pigeon
from heed.channels.base import ChoiceForm, Limit, Writing
from heed.inbox.models import Message


class TestChoices:
    """A network that offers two buttons, else a list behind one."""

    FORMS = (
        ChoiceForm(2, Limit("chars", 8)),
        ChoiceForm(4, Limit("chars", 8), detail=Limit("chars", 12), opener=Limit("chars", 6)),
    )

    @pytest.fixture(autouse=True)
    def _able(self, monkeypatch: pytest.MonkeyPatch, call: Caller) -> None:
        private = Writing((Limit("chars", 100),), window=24 * 3600, choices=self.FORMS)
        monkeypatch.setattr(Pigeon, "capabilities", replace(Pigeon.capabilities, private=private))

    def test_they_go_out_with_the_answer(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket("Lea Marn", kind="private")
        ways = call("GET", f"tickets/{ticket.pk}/possible").json
        assert ways["private"]["choices"] == [
            {"most": 2, "title": {"unit": "chars", "most": 8}, "detail": None, "opener": None, "text": None},
            {
                "most": 4,
                "title": {"unit": "chars", "most": 8},
                "detail": {"unit": "chars", "most": 12},
                "opener": {"unit": "chars", "most": 6},
                "text": None,
            },
        ]
        given = {"text": "Which?", "visibility": "private", "choices": {"items": [{"title": "Red"}]}}
        answer = call("POST", f"tickets/{ticket.pk}/messages", given)
        assert answer.status == 201
        assert answer.json["manner"]["choices"] == {"items": [{"title": "Red", "detail": ""}], "opener": ""}

    @pytest.mark.parametrize("items", [[{"title": "Far too long"}], [{"title": "Red"}] * 2, []])
    def test_what_the_network_would_not_take(
        self, call: Caller, desk: Desk, items: list[dict[str, str]]
    ) -> None:
        ticket = desk.ticket("Lea Marn", kind="private")
        given = {"text": "Which?", "visibility": "private", "choices": {"items": items}}
        assert call("POST", f"tickets/{ticket.pk}/messages", given).status == 422
        assert not Message.objects.filter(direction="out").exists()

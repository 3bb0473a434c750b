"""Choices as WhatsApp shows them: up to three buttons that lie open, else a list behind a button."""

from __future__ import annotations

from typing import Any

from heed.channels.base import ChoiceForm, Choices, Limit, Refusal, form_for

BODY = Limit("chars", 1024)
BUTTONS = ChoiceForm(most=3, title=Limit("chars", 20), text=BODY)
LIST = ChoiceForm(
    most=10,
    title=Limit("chars", 24),
    detail=Limit("chars", 72),
    opener=Limit("chars", 20),
    text=BODY,
)
FORMS = (BUTTONS, LIST)


def part_of(key: str, text: str, choices: Choices) -> dict[str, Any]:
    """The message that offers these. What is tapped comes back under an id made of our key. Raises
    `Refusal` for what Meta would not take."""
    form = form_for(choices.items, FORMS)
    if form is None:
        raise Refusal("bad_request", detail="choices that WhatsApp cannot show")
    if not BODY.takes(text):
        raise Refusal("too_long")
    ids = [f"{key}:{place}" for place in range(1, len(choices.items) + 1)]
    named = list(zip(ids, choices.items, strict=True))
    if form is BUTTONS:
        action: dict[str, Any] = {
            "buttons": [{"type": "reply", "reply": {"id": id, "title": each.title}} for id, each in named]
        }
    else:
        rows = [
            {"id": id, "title": each.title, **({"description": each.detail} if each.detail else {})}
            for id, each in named
        ]
        action = {"button": choices.opener, "sections": [{"rows": rows}]}
    kind = "button" if form is BUTTONS else "list"
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": text}, "action": action}}

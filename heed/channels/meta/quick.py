"""Quick replies: choices that lie open under a message of a chat of Meta's."""

from __future__ import annotations

from typing import Any

from heed.channels.base import Answer, ChoiceForm, Limit, Refusal

FORM = ChoiceForm(most=13, title=Limit("chars", 20))


def replies(answer: Answer) -> dict[str, Any]:
    """What the message of this answer carries beside its text. Raises `Refusal` for what Meta would
    not take."""
    if answer.choices is None:
        return {}
    if answer.files:
        raise Refusal("file_refused", detail="choices stand under a text alone")
    if not FORM.takes(answer.choices.items):
        raise Refusal("bad_request", detail="choices that Meta cannot show")
    return {
        "quick_replies": [
            {"content_type": "text", "title": each.title, "payload": f"{answer.key}:{place}"}
            for place, each in enumerate(answer.choices.items, 1)
        ]
    }

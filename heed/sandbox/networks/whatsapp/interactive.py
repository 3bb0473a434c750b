"""Messages that offer choices: up to three buttons, or a list behind a button."""

from __future__ import annotations

from typing import Any

from heed.sandbox.meta.calls import record
from heed.sandbox.meta.errors import Refused

MOST_BODY = 1024
MOST_BUTTONS, MOST_ROWS = 3, 10
MOST_IN_BUTTON, MOST_IN_ROW, MOST_IN_DETAIL = 20, 24, 72
MOST_IN_BUTTON_ID, MOST_IN_ROW_ID = 256, 200


def words_of(content: dict[str, Any]) -> str:
    """The text above the choices. Raises `Refused` for what the API does not take."""
    action = record(content.get("action"))
    match content.get("type"):
        case "button":
            _check_buttons(action)
        case "list":
            _check_list(action)
        case other:
            raise Refused(131009, f"Parameter value is not valid: interactive['type'] {other}")
    return _words(record(content.get("body")).get("text"), "interactive['body']['text']", MOST_BODY)


def choices_of(content: dict[str, Any]) -> list[dict[str, Any]]:
    """What can be tapped: records of id, title and perhaps description."""
    action = record(content.get("action"))
    if content.get("type") == "button":
        return [record(each.get("reply")) for each in action.get("buttons", ())]
    return [row for section in action.get("sections", ()) for row in section.get("rows", ())]


def reply_of(content: dict[str, Any], title: str) -> dict[str, Any] | None:
    """What a tap on this choice tells; None when it is not among them."""
    row = next((each for each in choices_of(content) if each.get("title") == title), None)
    if row is None:
        return None
    kind = "button_reply" if content.get("type") == "button" else "list_reply"
    return {"type": kind, kind: row}


def _check_buttons(action: dict[str, Any]) -> None:
    buttons = action.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MOST_BUTTONS:
        raise Refused(131009, "Parameter value is not valid: Invalid buttons count. Min 1, max 3.")
    if any(record(each).get("type") != "reply" for each in buttons):
        raise Refused(131009, "Parameter value is not valid: the type of a button must be reply")
    replies = [record(each.get("reply")) for each in buttons]
    for each in replies:
        _words(each.get("id"), "button['reply']['id']", MOST_IN_BUTTON_ID)
        _words(each.get("title"), "button['reply']['title']", MOST_IN_BUTTON)
    _demand_unlike([str(each["title"]) for each in replies])


def _check_list(action: dict[str, Any]) -> None:
    _words(action.get("button"), "action['button']", MOST_IN_BUTTON)
    sections = action.get("sections")
    if not isinstance(sections, list) or not sections:
        raise Refused(131008, "Required parameter is missing: action['sections']")
    if len(sections) > 1 and not all(record(each).get("title") for each in sections):
        raise Refused(131009, "Parameter value is not valid: several sections need titles")
    rows = [record(row) for section in sections for row in record(section).get("rows", ())]
    if not 1 <= len(rows) <= MOST_ROWS:
        raise Refused(131009, "Parameter value is not valid: Total row count exceed max allowed count: 10")
    for row in rows:
        _words(row.get("id"), "row['id']", MOST_IN_ROW_ID)
        _words(row.get("title"), "row['title']", MOST_IN_ROW)
        if "description" in row:
            _words(row["description"], "row['description']", MOST_IN_DETAIL)
    _demand_unlike([str(row["id"]) for row in rows])


def _demand_unlike(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise Refused(131009, "Parameter value is not valid: Duplicated title is not allowed")


def _words(value: Any, name: str, most: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refused(131008, f"Required parameter is missing: {name}")
    if len(value) > most:
        raise Refused(131009, f"Parameter value is not valid: {name} length invalid. Max length: {most}")
    return value

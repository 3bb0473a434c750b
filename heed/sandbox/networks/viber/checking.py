"""What Viber refuses, each refusal in an HTTP 200, and what it demands of a message."""

from __future__ import annotations

from typing import Any

from heed.sandbox.frame import Reply

MEGABYTE = 1024 * 1024
TYPES = frozenset({"text", "picture", "video", "file", "contact", "location", "url", "sticker", "rich_media"})

OK, INVALID_URL, BAD_TOKEN, BAD_DATA, MISSING_DATA = 0, 1, 2, 3, 4
NOT_REGISTERED, NOT_SUBSCRIBED, NO_WEBHOOK, TOO_MANY, API_VERSION = 5, 6, 10, 12, 13
_WORDS = {
    OK: "ok",
    INVALID_URL: "invalidUrl",
    BAD_TOKEN: "invalidAuthToken",
    BAD_DATA: "badData",
    MISSING_DATA: "missingData",
    NOT_REGISTERED: "receiverNotRegistered",
    NOT_SUBSCRIBED: "receiverNotSubscribed",
    NO_WEBHOOK: "webhookNotSet",
    TOO_MANY: "tooManyRequests",
    API_VERSION: "apiVersionNotSupported",
}


class Refused(Exception):
    """A status other than 0."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message or _WORDS[status])
        self.status = status


def answered(status: int, fields: dict[str, Any], message: str = "") -> Reply:
    return Reply(200, {"status": status, "status_message": message or _WORDS[status], **fields})


def check_message(fields: dict[str, Any]) -> None:
    """What the vendor's page demands of a message."""
    kind, sender = fields.get("type"), fields.get("sender")
    if not fields.get("receiver") or not kind or not isinstance(sender, dict) or not sender.get("name"):
        raise Refused(MISSING_DATA)
    _demand(kind in TYPES, "unknown type")
    _demand(len(str(sender["name"])) <= 28, "the sender's name is over 28")
    _demand(len(str(fields.get("tracking_data", ""))) <= 4000, "the tracking data are over 4000")
    version = fields.get("min_api_version", 1)
    if not isinstance(version, int) or version > 10:
        raise Refused(API_VERSION)
    if kind == "text":
        _demand(0 < len(str(fields.get("text", ""))) <= 7000, "the text is empty or over 7000")
    if kind in ("picture", "video", "file"):
        _check_media(fields, kind)
    if "keyboard" in fields:
        _check_keyboard(fields["keyboard"])


def _check_keyboard(keyboard: Any) -> None:
    _demand(isinstance(keyboard, dict) and keyboard.get("Type") == "keyboard", "no keyboard")
    buttons = keyboard.get("Buttons")
    _demand(isinstance(buttons, list) and bool(buttons), "a keyboard without buttons")
    for each in buttons:
        _demand(each.get("ActionType") == "reply" and bool(each.get("ActionBody")), "a button does nothing")
        _demand(each.get("Columns", 6) in range(1, 7) and each.get("Rows", 1) in (1, 2), "a button's size")


def _check_media(fields: dict[str, Any], kind: str) -> None:
    size = fields.get("size")
    _demand(str(fields.get("media", "")).startswith(("http://", "https://")), "media is no address")
    if kind == "picture":
        _demand(len(str(fields.get("text", ""))) <= 512, "the caption is over 512")
        return
    most = 26 if kind == "video" else 50
    _demand(isinstance(size, int) and 0 < size <= most * MEGABYTE, "the size is missing or too large")
    if kind == "file":
        _demand(0 < len(str(fields.get("file_name", ""))) <= 256, "the file's name is missing or over 256")


def _demand(condition: bool, otherwise: str) -> None:
    if not condition:
        raise Refused(BAD_DATA, otherwise)

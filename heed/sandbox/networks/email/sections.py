"""Mails in pieces."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import Message


def section(raw: bytes, name: str) -> bytes:
    """A part of a mail as it stands there, by its number; `1.2.MIME` for its headers."""
    if not name:
        return raw
    if name == "HEADER":
        return re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0] + b"\r\n\r\n"
    number, _, rest = name.partition(".MIME") if name.endswith(".MIME") else (name, "", None)
    part: Message = message_from_bytes(raw)
    whole = True
    for step in number.split("."):
        inside = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inside, list):
            if not 0 < int(step) <= len(inside):
                return b""
            inner = inside[int(step) - 1]
            if not isinstance(inner, Message):
                return b""
            part, whole = inner, False
        elif step != "1":
            return b""
    if rest is not None:
        return (
            b"" if whole else "".join(f"{key}: {value}\r\n" for key, value in part.items()).encode() + b"\r\n"
        )
    inside = part.get_payload()
    if isinstance(inside, list):
        return b"".join(each.as_bytes() for each in inside if isinstance(each, Message))
    return str(inside).encode("ascii", "surrogateescape")

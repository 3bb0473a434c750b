"""Reports on our own mail: it came back, it was delivered, it was read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Literal

from heed.channels.email import words
from heed.channels.email.letter import Letter

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -])")
_COPIED_ID = re.compile(r"^[>\s]*Message-ID:\s*<([^<>\s]+)>", re.IGNORECASE | re.MULTILINE)
_DAEMON = re.compile(
    r"(mailer-daemon|postmaster|mail-daemon|microsoftexchange[0-9a-f]*|bounces?)([+=.-].*)?@"
)
_STATES: dict[str, Literal["delivered", "failed"]] = {"failed": "failed", "delivered": "delivered"}


@dataclass(frozen=True)
class Report:
    """What became of a mail of ours. `state` is empty for what decides nothing yet (a delay)."""

    state: Literal["", "delivered", "seen", "failed"]
    message_ids: tuple[str, ...]
    receiver: str = ""
    code: str = ""
    detail: str = ""


def report_of(letter: Letter) -> Report | None:
    """The report that this mail is, None when it is none or nobody can tell of which mail."""
    kind = str(letter.message.get_param("report-type", "")).lower()
    if letter.message.get_content_type() == "multipart/report" and kind == "disposition-notification":
        return _read(letter)
    if kind == "delivery-status" or _part(letter, "message/delivery-status") is not None:
        return _delivered(letter)
    return _told_in_words(letter) if _looks_returned(letter) else None


def _delivered(letter: Letter) -> Report | None:
    """A report as RFC 3464 has it; Exchange sends it too."""
    ids = _original_ids(letter)
    blocks = [block for block in _blocks(letter, "message/delivery-status") if "action" in block]
    if not ids or not blocks:
        return None
    action = words.header(blocks[0], "Action").split(" ")[0].lower()
    status = _STATUS.search(words.header(blocks[0], "Status"))
    receiver = words.header(blocks[0], "Original-Recipient") or words.header(blocks[0], "Final-Recipient")
    return Report(
        state=_STATES.get(action, ""),
        message_ids=ids,
        receiver=receiver.rpartition(";")[2].strip().strip("<>").lower(),
        code=status[1] if status else "",
        detail=words.header(blocks[0], "Diagnostic-Code").rpartition("; ")[2][:300],
    )


def _read(letter: Letter) -> Report | None:
    blocks = _blocks(letter, "message/disposition-notification")
    ids = [id for block in blocks for id in _ids(words.raw_header(block, "Original-Message-ID"))]
    shown = any("displayed" in words.header(block, "Disposition").lower() for block in blocks)
    return Report("seen" if shown else "", tuple(ids)) if ids else None


def _told_in_words(letter: Letter) -> Report | None:
    """qmail, Exim and others write a letter, with a copy of ours below."""
    text = "\n".join(
        words.decoded(words.content_of(part), words.charset_of(part))
        for _, part in letter.leaves()
        if part.get_content_maintype() == "text"
    )
    ids = _original_ids(letter) or tuple(dict.fromkeys(_COPIED_ID.findall(text)))
    if not ids:
        return None
    told = _COPIED_ID.split(text)[0]
    status, code = _STATUS.search(told), _CODE.search(told)
    found = status[1] if status else code[1] if code else ""
    receiver = words.addresses(letter.message, "X-Failed-Recipients")
    return Report(
        state="" if found.startswith("4") else "failed",
        message_ids=ids,
        receiver=receiver[0].address if receiver else "",
        code=found,
        detail=_reason(told),
    )


def _reason(told: str) -> str:
    """The line that says why: the one with a number in it, else the first that looks like one."""
    lines = [words.unfolded(line) for line in told.split("\n") if line.strip()]
    with_code = [line for line in lines if _STATUS.search(line) or _CODE.search(line)]
    return (with_code or lines or [""])[0][:300]


def _looks_returned(letter: Letter) -> bool:
    if words.raw_header(letter.message, "X-Failed-Recipients").strip():
        return True
    return any(_DAEMON.match(each.address) for each in words.addresses(letter.message, "From"))


def _original_ids(letter: Letter) -> tuple[str, ...]:
    """The Message-ID of the mail that came back, from the copy of it or of its headers."""
    found: list[str] = []
    for _, part in letter.leaves():
        match part.get_content_type():
            case "message/rfc822":
                inside = part.get_payload()
                if isinstance(inside, list) and inside and isinstance(inside[0], Message):
                    found += _ids(words.raw_header(inside[0], "Message-ID"))
            case "text/rfc822-headers" | "message/rfc822-headers":
                text = words.decoded(words.content_of(part), None)
                found += _COPIED_ID.findall(text)
    return tuple(dict.fromkeys(found or letter.ids("In-Reply-To", "X-Original-Message-ID")))


def _part(letter: Letter, kind: str) -> Message | None:
    return next((part for _, part in letter.leaves() if part.get_content_type() == kind), None)


def _blocks(letter: Letter, kind: str) -> list[Message]:
    return [block for part in _of_kind(letter, kind) for block in _groups(part)]


def _of_kind(letter: Letter, kind: str) -> Iterator[Message]:
    return (part for _, part in letter.leaves() if part.get_content_type() == kind)


def _groups(part: Message) -> list[Message]:
    inside = part.get_payload()
    if isinstance(inside, list):
        return [block for block in inside if isinstance(block, Message)]
    return [message_from_bytes(words.content_of(part).strip() + b"\n\n")]


def _ids(text: str) -> list[str]:
    return re.findall(r"<\s*([^<>\s]+)\s*>", text)

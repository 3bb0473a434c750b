"""Reports on our own mail: it came back, it was delivered, it was read. Only machines make them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Literal

from heed.channels.email import words
from heed.channels.email.automatic import FAILED, is_sent_by_machine
from heed.channels.email.letter import Letter

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -])")
_COPIED_ID = re.compile(r"^[>\s]*Message-ID:\s*<([^<>\s]+)>", re.IGNORECASE | re.MULTILINE)
_NAMED = re.compile(r"^[ \t]*<([^<>\s]+@[^<>\s]+)>:", re.MULTILINE)
_DAEMON = re.compile(
    r"(mailer-daemon|postmaster|mail-daemon|microsoftexchange[0-9a-f]*|bounces?)([+=.-].*)?@"
)
_ORIGINAL = "X-Original-Message-ID"
_STATES: dict[str, Literal["delivered", "failed"]] = {"failed": "failed", "delivered": "delivered"}


@dataclass(frozen=True)
class Report:
    """What became of a mail of ours on its way to one receiver, empty where it is not said to whom.
    `state` is empty for what decides nothing yet (a delay); where not even that is `certain`, a person has to
    read it."""

    state: Literal["", "delivered", "seen", "failed"]
    message_ids: tuple[str, ...]
    receiver: str = ""
    code: str = ""
    detail: str = ""
    certain: bool = True


def reports_of(letter: Letter) -> list[Report]:
    """The reports in this mail, one for each receiver that it tells of; none when it is no report or
    nobody can tell of which mail."""
    if not is_sent_by_machine(letter):
        return []
    kind = str(words.param(letter.message, "report-type") or "").lower()
    if words.kind_of(letter.message) == "multipart/report" and kind == "disposition-notification":
        return _read(letter)
    if _part(letter, "message/delivery-status") is not None:
        return _delivered(letter)
    return _told_in_words(letter) if looks_returned(letter) else []


def _delivered(letter: Letter) -> list[Report]:
    """Reports as RFC 3464 has them; Exchange sends them too."""
    ids = _copied_ids(letter) or tuple(letter.ids("In-Reply-To", _ORIGINAL))
    blocks = [block for block in _blocks(letter, "message/delivery-status") if "action" in block]
    return [_of_receiver(block, ids) for block in blocks] if ids else []


def _of_receiver(block: Message, ids: tuple[str, ...]) -> Report:
    action = words.header(block, "Action").split(" ")[0].lower()
    status = _STATUS.search(words.header(block, "Status"))
    return Report(
        state=_STATES.get(action, ""),
        message_ids=ids,
        receiver=_receiver(block),
        code=status[1] if status else "",
        detail=words.header(block, "Diagnostic-Code").rpartition("; ")[2][:300],
    )


def _receiver(block: Message) -> str:
    named = words.header(block, "Original-Recipient") or words.header(block, "Final-Recipient")
    return named.rpartition(";")[2].strip().strip("<>").lower()


def _read(letter: Letter) -> list[Report]:
    blocks = _blocks(letter, "message/disposition-notification")
    ids = [id for block in blocks for id in _ids(words.raw_header(block, "Original-Message-ID"))]
    shown = any("displayed" in words.header(block, "Disposition").lower() for block in blocks)
    return [Report("seen" if shown else "", tuple(ids), _receiver(blocks[0]))] if ids else []


def _told_in_words(letter: Letter) -> list[Report]:
    """qmail, Exim and others write a letter, with a copy of ours below."""
    text = "\n".join(
        words.decoded(words.content_of(part), words.charset_of(part))
        for _, part in letter.leaves()
        if words.kind_of(part).partition("/")[0] == "text"
    )
    ids = _copied_ids(letter) or tuple(dict.fromkeys(_COPIED_ID.findall(text) or letter.ids(_ORIGINAL)))
    if not ids:
        return []
    told = _COPIED_ID.split(text)[0]
    pieces = _NAMED.split(told)  # what stands before the first receiver, then each and what is said of them
    named = [(who.lower(), said) for who, said in zip(pieces[1::2], pieces[2::2], strict=True)]
    failed = [(one.address, told) for one in words.addresses(letter.message, FAILED)]
    return [_in_words(who, said, ids, failed=bool(failed)) for who, said in named or failed or [("", told)]]


def _in_words(receiver: str, told: str, ids: tuple[str, ...], *, failed: bool) -> Report:
    """`failed` when the server says so by a header. Without that and a code the words may say anything, such
    as that it goes on trying."""
    status, code = _STATUS.search(told), _CODE.search(told)
    found = status[1] if status else code[1] if code else ""
    state: Literal["", "failed"] = "failed" if failed or found.startswith("5") else ""
    return Report(state, ids, receiver, found, _reason(told), certain=bool(state or found))


def _reason(told: str) -> str:
    """The line that says why: the one with a number in it, else the first that looks like one."""
    lines = [words.unfolded(line) for line in told.split("\n") if line.strip()]
    with_code = [line for line in lines if _STATUS.search(line) or _CODE.search(line)]
    return (with_code or lines or [""])[0][:300]


def looks_returned(letter: Letter) -> bool:
    """Whether it tells of mail that did not arrive, in whatever words."""
    if words.raw_header(letter.message, FAILED).strip():
        return True
    return any(_DAEMON.match(each.address) for each in words.addresses(letter.message, "From"))


def _copied_ids(letter: Letter) -> tuple[str, ...]:
    """The Message-ID of the mail that came back, from the copy of it or of its headers."""
    found: list[str] = []
    for _, part in letter.leaves():
        match words.kind_of(part):
            case "message/rfc822":
                inside = part.get_payload()
                if isinstance(inside, list) and inside and isinstance(inside[0], Message):
                    found += _ids(words.raw_header(inside[0], "Message-ID"))
            case "text/rfc822-headers" | "message/rfc822-headers":
                text = words.decoded(words.content_of(part), None)
                found += _COPIED_ID.findall(text)
    return tuple(dict.fromkeys(found))


def _part(letter: Letter, kind: str) -> Message | None:
    return next((part for _, part in letter.leaves() if words.kind_of(part) == kind), None)


def _blocks(letter: Letter, kind: str) -> list[Message]:
    return [block for part in _of_kind(letter, kind) for block in _groups(part)]


def _of_kind(letter: Letter, kind: str) -> Iterator[Message]:
    return (part for _, part in letter.leaves() if words.kind_of(part) == kind)


def _groups(part: Message) -> list[Message]:
    inside = part.get_payload()
    if isinstance(inside, list):
        return [block for block in inside if isinstance(block, Message)]
    return [message_from_bytes(words.content_of(part).strip() + b"\n\n")]


def _ids(text: str) -> list[str]:
    return re.findall(r"<\s*([^<>\s]+)\s*>", text)

"""Mails as programs write and read them: a customer's, what comes back, what answers by itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, formataddr, parseaddr

from heed.sandbox.cast import Person

_WROTE = {
    "sl": "V V {at:%d. %m. %Y ob %H:%M} je {who} napisal(a):",
    "ar": "في {at:%Y/%m/%d} الساعة {at:%H:%M} كتب {who}:",
    "mn": "{at:%Y-%m-%d %H:%M} {who} бичсэн:",
    "en": "On {at:%d %b %Y at %H:%M}, {who} wrote:",
}
_AWAY = {
    "sl": "Sem na dopustu.",
    "ar": "أنا في إجازة.",
    "mn": "Би амралттай байна.",
    "en": "I am on holiday.",
}


@dataclass(slots=True)
class Entry:
    """A mail between a customer and the company."""

    id: str
    ours: bool
    at: datetime
    text: str
    raw: bytes
    files: list[str] = field(default_factory=list)
    picture: str = ""


def letter(
    sender: tuple[str, str], receiver: str, subject: str, text: str, at: datetime, name: str
) -> EmailMessage:
    """A mail from somebody, by their name and address; its own id is made of `name`."""
    called, address = sender
    mail = EmailMessage(policy=SMTP if (address + receiver).isascii() else SMTPUTF8)
    mail["From"] = formataddr(sender) if address.isascii() else f"{called} <{address}>"
    mail["To"] = receiver
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{name}@{address.rpartition('@')[2].encode('idna').decode()}>"
    mail.set_content(text, cte="quoted-printable")
    return mail


def quoting(text: str, person: Person, answered: Entry, author: str) -> str:
    """The text of an answer, with what it answers under it as the person's program quotes it."""
    line = _WROTE[person.language].format(at=answered.at, who=author)
    return "\n".join([text, "", line, *(f"> {each}" for each in answered.text.split("\n"))])


def subject_of_answer(answered: Entry) -> str:
    earlier = _subject(answered.raw)
    return earlier if earlier.lower().startswith("re:") else f"Re: {earlier}"


def where_to_answer(answered: Entry) -> str:
    """The address that the mail names for answers; empty where it names none."""
    return parseaddr(str(message_from_bytes(answered.raw)["Reply-To"] or ""))[1]


def say_what_it_answers(mail: EmailMessage, answered: Entry) -> None:
    mail["In-Reply-To"] = answered.id
    before = str(message_from_bytes(answered.raw).get("References", "")).split()
    mail["References"] = " ".join([*before, answered.id])


def is_automatic(content: bytes) -> bool:
    return "Auto-Submitted" in message_from_bytes(content)


def away(content: bytes, language: str) -> tuple[str, str]:
    """Subject and words of what the program of somebody on holiday answers to a mail."""
    return f"Auto: {_subject(content)}", _AWAY[language]


def say_that_no_person_wrote(mail: EmailMessage, content: bytes) -> None:
    """Mark an answer to a mail as made by a program, as RFC 3834 wants it."""
    mail["Auto-Submitted"] = "auto-replied"
    mail["In-Reply-To"] = str(message_from_bytes(content)["Message-ID"])


def bounce(content: bytes, receiver: str, company: str, edge: str, name: str) -> bytes:
    """What comes back from an address that does not exist (RFC 3464); `edge` parts its pieces."""
    headers = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0].decode("utf-8", "replace")
    report = "\r\n".join(
        [
            "Reporting-MTA: dns; mail.example",
            "",
            f"Final-Recipient: rfc822; {receiver}",
            "Action: failed",
            "Status: 5.1.1",
            "Diagnostic-Code: smtp; 550 5.1.1 No such user here",
        ]
    )
    pieces = (
        ("text/plain", "I'm sorry to have to inform you that your message could not be delivered."),
        ("message/delivery-status", report),
        ("text/rfc822-headers", headers),
    )
    lines = [
        "Return-Path: <>",
        "From: Mail Delivery System <MAILER-DAEMON@mail.example>",
        f"To: {company}",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        f"Message-ID: <{name}@mail.example>",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{edge}"',
        "",
    ]
    for mime, text in pieces:
        lines += [f"--{edge}", f"Content-Type: {mime}", "", text, ""]
    return "\r\n".join([*lines, f"--{edge}--", ""]).encode()


def entry_of(
    raw: bytes, at: datetime, keep: Callable[[bytes, str, str], str], *, ours: bool, text: str | None = None
) -> Entry:
    """A mail as people see it. `keep` gives the address at which a file is there from now on, by its content,
    type and name; `text` is what was written, where it is not all that stands in the mail."""
    message = message_from_bytes(raw)
    parts = [part for part in message.walk() if part.get_content_maintype() != "multipart"]
    plain = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    said = _text(plain) if text is None else text
    entry = Entry(id=str(message["Message-ID"]), ours=ours, at=at, text=said, raw=raw)
    for part in parts:
        if (name := part.get_filename()) is not None:
            content = part.get_payload(decode=True)
            address = keep(content if isinstance(content, bytes) else b"", part.get_content_type(), name)
            if part.get_content_maintype() == "image" and not entry.picture:
                entry.picture = address
            else:
                entry.files.append(address)
    return entry


def _subject(raw: bytes) -> str:
    return str(make_header(decode_header(str(message_from_bytes(raw).get("Subject", "")))))


def _text(part: Message | None) -> str:
    content = part.get_payload(decode=True) if part is not None else b""
    return (
        content.decode("utf-8", "replace").replace("\r\n", "\n").strip() if isinstance(content, bytes) else ""
    )

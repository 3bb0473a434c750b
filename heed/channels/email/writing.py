"""Answers as mails, handed over once, kept with the sent mail, and found there again."""

from __future__ import annotations

import re
from dataclasses import replace
from email import charset, encoders, policy
from email.header import Header
from email.headerregistry import Address
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from html import escape

from heed.channels.base import (
    MATTER,
    AccountRecord,
    Answer,
    CannotTell,
    Finding,
    OutgoingFile,
    Refusal,
    Sent,
    SessionExpired,
)
from heed.channels.email.automatic import marks_of
from heed.channels.email.calls import (
    SENT,
    address_of,
    has_words,
    id_with_word,
    login_of,
    mailbox,
    message_id,
    outgoing,
    refuse_mail,
    refuse_mailbox,
    with_word,
)
from heed.channels.email.subjects import is_reply, matter_of
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Steps, TooLarge, Unreachable

MOST_BYTES = 15 * 1024 * 1024
TEXT_LIMIT = 50_000
_MOST_IDS = 20
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")
_STILL_COMING = 90.0
"""Seconds in which a server that keeps sent mail by itself has it where we look."""

_UTF8 = charset.Charset("utf-8")
_UTF8.body_encoding = charset.QP
_CRLF = policy.compat32.clone(linesep="\r\n")
_ALL_SCRIPTS = policy.SMTPUTF8.clone(refold_source="none")
"""Headers as they are (RFC 6532): an address cannot be encoded."""


def send(account: AccountRecord, answer: Answer) -> Steps[Sent]:
    """Hand the answer over; keep a copy where mail programs look for sent mail."""
    id, receiver = _id_of(account, answer), receivers_of(answer)[0]
    if not _ADDRESS.fullmatch(receiver):
        raise Refusal("unreachable", detail=f"{receiver} is not an address")
    content = composed(account, answer)
    yield from _hand_over(account, answer, content)
    yield from _keep(account, id, content)
    return Sent(id, at=None, refs=_refs(account, answer))


def _hand_over(account: AccountRecord, answer: Answer, content: bytes) -> Steps[None]:
    """What a machine wrote goes out without a sender: so nothing comes back to it, not even that it did
    not arrive. Servers that take nothing without one are given the address."""
    sender = "" if answer.automatic else address_of(account)
    receiver, *copies = receivers_of(answer)
    request = Request(
        "POST",
        outgoing(account),
        params={"from": sender, "to": [receiver], "also": copies},
        content=content,
        decisive=True,
        login=login_of(account),
    )
    response = yield request
    try:
        refuse_mail(response, account, with_files=bool(answer.files))
    except Refusal as refusal:
        if sender or refusal.reason != "not_allowed":
            raise
        response = yield replace(request, params={**request.params, "from": address_of(account)})
        refuse_mail(response, account, with_files=bool(answer.files))


def find(account: AccountRecord, answer: Answer) -> Steps[Finding]:
    """A mail that lies with the sent ones, or that somebody answered, has left. SMTP itself cannot be
    asked, so that none is there proves nothing."""
    id = _id_of(account, answer)
    if (yield from _lies_in(account, SENT, id, "Message-ID")):
        return Sent(id, refs=_refs(account, answer))
    if (yield from _lies_in(account, "INBOX", id, "In-Reply-To", "References")):
        return Sent(id, refs=_refs(account, answer))
    begun = answer.started or answer.created
    young = begun is not None and (clock.now() - begun).total_seconds() < _STILL_COMING
    return CannotTell(15.0 if young else None)


def composed(account: AccountRecord, answer: Answer) -> bytes:
    """The whole mail."""
    words = MIMEMultipart("alternative")
    words.attach(MIMEText(answer.text, "plain", _UTF8))  # type: ignore[arg-type]  # a Charset is taken too
    words.attach(MIMEText(_html(answer.text), "html", _UTF8))  # type: ignore[arg-type]
    mail = words
    if answer.files:
        mail = MIMEMultipart("mixed")
        mail.attach(words)
        for file in answer.files:
            mail.attach(_attached(file))
    name = account.credentials.get("name") or account.name
    mail["From"] = _named(name, address_of(account))
    receiver, *copies = receivers_of(answer)
    mail["To"] = receiver
    if copies:
        mail["Cc"] = ", ".join(copies)
    subject = subject_of(account, answer)
    mail["Subject"] = Header(subject, "us-ascii" if subject.isascii() else "utf-8").encode()
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<{_id_of(account, answer)}>"
    chain = _chain(answer)
    if chain:
        mail["In-Reply-To"] = f"<{chain[-1]}>"
        mail["References"] = "\n ".join(f"<{each}>" for each in chain)
    if answer.way_back and has_words(account):
        mail["Reply-To"] = _named(name, with_word(answer.way_back, account))
    if answer.automatic:
        for header, value in marks_of(address_of(account)).items():
            mail[header] = value
    latin = (address_of(account) + receiver).isascii()
    return mail.as_bytes(policy=_CRLF if latin else _ALL_SCRIPTS)


def _id_of(account: AccountRecord, answer: Answer) -> str:
    """The mail's own id: the same at every attempt."""
    if answer.subject:
        return id_with_word(answer.way_back, answer.key, account)
    return message_id(answer.key, account)


def _named(name: str, address: str) -> str:
    """An address and whose it is, as a header has them."""
    name = _one_line(name)
    if address.isascii():
        return formataddr((name, address))
    user, _, domain = address.rpartition("@")
    return str(Address(name, user, domain))


def receivers_of(answer: Answer) -> tuple[str, ...]:
    """Where an answer to this mail is wanted, or its writer; then who gets a copy, when a person writes: whom
    the conversation goes to besides. A machine answers the machine that sent it (RFC 3834, 4)."""
    way = "return_path" if answer.automatic else "reply_to"
    wanted = answer.to.refs.get(way) if answer.to and not answer.to.ours else ""
    receiver = str(wanted or answer.person).strip()
    given = answer.to.refs.get("cc") if answer.to and not answer.automatic else None
    found = [str(each) for each in given] if isinstance(given, list) else []
    copies = [each for each in found if each.isascii() and _ADDRESS.fullmatch(each)]
    return (receiver, *(each for each in copies if each != receiver))


def subject_of(account: AccountRecord, answer: Answer) -> str:
    given = _one_line(str(answer.to.refs.get("subject", ""))) if answer.to else ""
    if not given and answer.subject:
        return _one_line(answer.subject)
    if not given:
        return _one_line(account.credentials.get("name") or account.name) or address_of(account)
    return given if is_reply(given) else f"Re: {given}"


def _chain(answer: Answer) -> list[str]:
    """The mails before this one, oldest first: the first is kept, as it names the conversation."""
    refs = answer.to.refs if answer.to else {}
    known = [str(each) for each in refs.get("references") or []]
    last = str(refs.get("message_id") or "")
    ids = [each for each in dict.fromkeys([*known, last]) if re.fullmatch(r"[^\s<>]{1,200}", each)]
    return [*ids[:1], *ids[1:][-_MOST_IDS + 1 :]]


def _refs(account: AccountRecord, answer: Answer) -> dict[str, object]:
    """What an answer to our own mail needs."""
    receiver, *copies = receivers_of(answer)
    return {
        "message_id": _id_of(account, answer),
        "to": receiver.lower(),
        "subject": subject_of(account, answer),
        MATTER: matter_of(subject_of(account, answer)),
        "references": _chain(answer),
        **({"cc": copies} if copies else {}),
    }


def _keep(account: AccountRecord, id: str, content: bytes) -> Steps[None]:
    """Lay a copy with the sent mail, unless the server does so by itself. The mail has left: whatever
    goes wrong here changes nothing."""
    try:
        if not (yield from _lies_in(account, SENT, id, "Message-ID")):
            yield Request("POST", mailbox(account, SENT), content=content, login=login_of(account))
    except (Refusal, SessionExpired, Unreachable, AnswerLost, TooLarge):
        return


def _lies_in(account: AccountRecord, name: str, id: str, *headers: str) -> Steps[bool]:
    response = yield Request(
        "GET", mailbox(account, name), params={"header": list(headers), "value": id}, login=login_of(account)
    )
    if response.status == 404:
        return False
    return bool(refuse_mailbox(response, account).get("uids"))


def _attached(file: OutgoingFile) -> MIMEBase:
    main, _, sub = file.mime.partition("/")
    part = MIMEBase(main or "application", sub or "octet-stream")
    part.set_payload(file.content)
    encoders.encode_base64(part)
    name = _one_line(file.name)
    part.add_header(
        "Content-Disposition", "attachment", filename=name if name.isascii() else ("utf-8", "", name)
    )
    return part


def _html(text: str) -> str:
    """The same words for programs that show nothing else, in the direction of their script."""
    linked, end = "", 0
    for found in _LINK.finditer(text):
        address = escape(found[0])
        linked += f'{escape(text[end : found.start()])}<a href="{address}">{address}</a>'
        end = found.end()
    linked += escape(text[end:])
    return '<div dir="auto">' + linked.replace("\n", "<br>\n") + "</div>\n"


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:500]

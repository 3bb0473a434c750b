"""Mails as news."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from heed.channels.base import (
    MATTER,
    AccountRecord,
    Attachment,
    Broken,
    Echo,
    IdentitySeen,
    Inbound,
    MessageReceived,
    NotUnderstood,
    Person,
    Receipt,
    each,
)
from heed.channels.email import payload, words
from heed.channels.email.automatic import is_automatic, is_marked, is_nobody, is_nobodys, is_sites
from heed.channels.email.calls import is_own, key_of, word_in
from heed.channels.email.letter import Letter, attachments_of, text_of
from heed.channels.email.payload import Envelope
from heed.channels.email.reports import Report, looks_returned, reports_of
from heed.channels.email.subjects import matter_of
from heed.channels.email.words import Address
from heed.lib import clock

_MOST_IDS = 20
_MOST_OTHERS = 20
_MOST_WHOLE = 20_000
_MOST_TEXT = 200_000
_NO_SUCH_PERSON = ("5.1.0", "5.1.1", "5.1.10")


def read(body: bytes, account: AccountRecord) -> list[Inbound]:
    """The news in a delivery. Raises `Malformed`."""
    envelope = payload.opened(body)
    if isinstance(envelope, str):
        return [NotUnderstood(what=envelope[:100])]
    if envelope.refused:
        return [Broken(what="mail", error=_not_given(envelope))]
    return each([envelope], lambda one: _news(one, account), "mail")


def _not_given(envelope: Envelope) -> str:
    box = "INBOX" if envelope.box == "INBOX" else "the sent mail"
    return (
        f"The mail server does not give out mail {envelope.uid} of {box}. Open it in the mailbox itself. "
        f"The server says: {envelope.refused}"
    )[:500]


def _news(envelope: Envelope, account: AccountRecord) -> list[Inbound]:
    letter = Letter(envelope.raw)
    at = _time(envelope, letter)
    if envelope.box == "sent":
        return _sent(letter, envelope, at, account)
    reports = reports_of(letter)
    if reports:
        shown = [_received(letter, envelope, at, account, reports)] if _must_be_read(reports) else []
        return [*_receipts(reports, at), *shown]
    if (key_of(letter.id) or word_in(letter.id)) and _is_from_us(letter, account):
        return _came_back(_sent(letter, envelope, at, account))
    return [_received(letter, envelope, at, account)]


def _must_be_read(reports: list[Report]) -> bool:
    """Whether a person has to see it: it leaves open what became of a mail, or one that did not arrive was
    sent elsewhere, and Heed may know nothing of it."""
    ours = any(key_of(id) for report in reports for id in report.message_ids)
    arrived = all(report.state in ("delivered", "seen") for report in reports)
    return not (ours or arrived) or not all(report.certain for report in reports)


def _is_from_us(letter: Letter, account: AccountRecord) -> bool:
    return any(is_own(one.address, account) for one in words.addresses(letter.message, "From"))


def _came_back(echoes: list[Inbound]) -> list[Inbound]:
    """Our own mail, sent to ourselves: its key proves an answer of ours. Anybody can write such a header,
    so without that answer it belongs to nobody."""
    return [replace(echo, person=None) for echo in echoes if isinstance(echo, Echo)]


def _received(
    letter: Letter, envelope: Envelope, at: datetime, account: AccountRecord, reports: Sequence[Report] = ()
) -> Inbound:
    fresh, attachments, whole = _content(letter, envelope)
    author = _author(letter, account)
    form = bool(_filled_in_by(letter, account))
    machine = is_automatic(letter, form=form) or (author is not None and is_own(author.external_id, account))
    refs = _refs(letter, account, author, fresh, whole, machine=machine)
    answers = _answered(letter, [id for report in reports for id in report.message_ids])
    return MessageReceived(
        external_id=letter.id,
        at=at,
        visibility="private",
        kind="message",
        author=author,
        text=_with_subject(letter, fresh),
        parent=(letter.ids("In-Reply-To") or [""])[-1],
        attachments=attachments,
        refs=refs,
        opens_window=not machine,
        automatic=machine,
        answers=answers,
        way_back=next(filter(None, map(word_in, answers)), "") or refs.get("tag", ""),
    )


def _answered(letter: Letter, about: Iterable[str]) -> tuple[str, ...]:
    """What it is a report `about` or says that it answers, the nearest first."""
    named = [*about, *letter.ids("In-Reply-To")[::-1], *letter.ids("References")[::-1]]
    return tuple(dict.fromkeys(named))[:_MOST_IDS]


def _sent(letter: Letter, envelope: Envelope, at: datetime, account: AccountRecord) -> list[Inbound]:
    """What went out of this mailbox: by us, or by somebody who answered in a mail program. A mail that
    answers nothing begins a matter of its own, and is none of ours; nor is what was said elsewhere and only
    brought by mail."""
    key, answers = key_of(letter.id), letter.ids("In-Reply-To")
    if word_in(letter.id):
        return []
    others = [one for one in words.addresses(letter.message, "To") if not is_own(one.address, account)]
    if not others or not (key or answers):
        return []
    fresh, attachments, whole = _content(letter, envelope)
    person = Person(others[0].address, name=others[0].name, handle=others[0].address)
    return [
        Echo(
            external_id=letter.id,
            at=at,
            visibility="private",
            key=key,
            person=person,
            text=fresh,
            parent=(answers or [""])[-1],
            attachments=attachments,
            refs=_refs(letter, account, person, fresh, whole, machine=False),
            automatic=not key and is_automatic(letter),
        )
    ]


def _receipts(reports: list[Report], at: datetime) -> list[Inbound]:
    """What reports say, each at a moment of its own: two about the same mail are two pieces of news."""
    return [
        news
        for number, report in enumerate(reports)
        for news in _receipt(report, at + timedelta(microseconds=number))
    ]


def _receipt(report: Report, at: datetime) -> list[Inbound]:
    if not report.state:
        return []
    key = next(filter(None, map(key_of, report.message_ids)), "")
    news: list[Inbound] = [
        Receipt(
            state=report.state,
            at=at,
            external_ids=report.message_ids,
            key=key,
            receiver=report.receiver,
            reason="unreachable",
            code=report.code,
            detail=report.detail,
        )
    ]
    if report.state == "failed" and key and report.receiver and report.code in _NO_SUCH_PERSON:
        news.append(IdentitySeen(person=Person(report.receiver, handle=report.receiver), reachable=False))
    return news


def _author(letter: Letter, account: AccountRecord) -> Person | None:
    """Who wrote."""
    senders = _filled_in_by(letter, account) or _senders(letter)
    if not senders:
        return None
    name, address = senders[0]
    return Person(address, name=name if name.lower() != address else "", handle=address)


def _filled_in_by(letter: Letter, account: AccountRecord) -> list[Address]:
    """A form on a site writes in our name or in nobody's, and says in Reply-To for whom."""
    senders = _senders(letter)
    if senders and not (is_own(senders[0].address, account) or is_sites(senders[0].address)):
        return []
    replies = words.addresses(letter.message, "Reply-To")
    return [one for one in replies if not (is_own(one.address, account) or is_nobody(one.address))]


def _senders(letter: Letter) -> list[Address]:
    return words.addresses(letter.message, "From") or words.addresses(letter.message, "Sender", "Return-Path")


def _content(letter: Letter, envelope: Envelope) -> tuple[str, tuple[Attachment, ...], str]:
    """What is new, the files, and everything where that is more."""
    said = letter.said()
    fresh, whole = text_of(said)
    files = attachments_of(said, envelope.place)
    if not envelope.whole:
        files = (*files, _the_mail_itself(letter, envelope))
    return fresh[:_MOST_TEXT], files, whole[:_MOST_WHOLE] if whole != fresh else ""


def _the_mail_itself(letter: Letter, envelope: Envelope) -> Attachment:
    """Of a large mail only the beginning was read: all of it can be opened."""
    name = f"{letter.subject or 'mail'}.eml"
    return Attachment(kind="file", url=f"media:{envelope.place}", name=name, mime="message/rfc822")


def _with_subject(letter: Letter, fresh: str) -> str:
    """The subject is part of what is asked, but where it merely repeats what was said."""
    subject = letter.subject
    is_reply = bool(letter.ids("In-Reply-To", "References"))
    if not subject or is_reply or fresh.casefold().startswith(subject.casefold().rstrip(" .…")):
        return fresh
    return f"{subject}\n\n{fresh}".strip()


def _refs(
    letter: Letter, account: AccountRecord, person: Person | None, fresh: str, whole: str, *, machine: bool
) -> dict[str, Any]:
    """What an answer needs, and what the agent may want to see."""
    known = letter.ids("References") or letter.ids("In-Reply-To")
    wanted = _answered_at(letter, account, person)
    tags = [one for one in _receivers(letter) if is_own(one, account) and "+" in one]
    found: dict[str, Any] = {
        "subject": letter.subject,
        MATTER: _matter(letter, account, machine=machine),
        "message_id": "" if letter.id.startswith("sha256:") else letter.id,
        "references": [*known[:1], *known[1:][-_MOST_IDS + 1 :]],
        "reply_to": wanted,
        "return_path": _return_path(letter, person),
        "tag": tags[0].partition("@")[0].partition("+")[2] if tags else "",
        "cc": [] if machine else _others(letter, account, {person.external_id if person else "", wanted}),
        "automatic": machine,
        "whole": whole,
    }
    return {name: value for name, value in found.items() if value}


def _answered_at(letter: Letter, account: AccountRecord, person: Person | None) -> str:
    """Where the writer wants to be answered, empty where that is their own address."""
    replies = [one.address for one in words.addresses(letter.message, "Reply-To")]
    if person is None or person.external_id in replies:
        return ""
    return next((one for one in replies if not is_own(one, account)), "")


def _matter(letter: Letter, account: AccountRecord, *, machine: bool) -> str:
    """What it is about. What a machine sends is about nothing, or notices of shops would be tickets without
    end; but what came back has to be seen, and so has each form that does not say who filled it in."""
    if not machine or looks_returned(letter):
        return matter_of(letter.subject)
    unsaid = is_nobodys(letter) or _is_from_us(letter, account)
    return letter.id if unsaid and not is_marked(letter) else ""


def _return_path(letter: Letter, person: Person | None) -> str:
    """Where machines are to answer, if not the writer. Of a form of ours that would be the form."""
    back = words.addresses(letter.message, "Return-Path")
    wrote = [one.address for one in words.addresses(letter.message, "From")]
    if not back or person is None or person.external_id not in wrote:
        return ""
    return back[0].address if back[0].address != person.external_id else ""


def _others(letter: Letter, account: AccountRecord, known: set[str]) -> list[str]:
    """Who else was written to, and reads the answer too."""
    found = [one.address for one in words.addresses(letter.message, "To", "Cc")]
    others = [one for one in found if one not in known and not is_own(one, account)]
    return list(dict.fromkeys(others))[:_MOST_OTHERS]


def _receivers(letter: Letter) -> list[str]:
    names = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
    return [one.address for one in words.addresses(letter.message, *names)]


def _time(envelope: Envelope, letter: Letter) -> datetime:
    """When our server got it: the sender's own clock may say anything."""
    try:
        return clock.from_iso(envelope.internaldate)
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)

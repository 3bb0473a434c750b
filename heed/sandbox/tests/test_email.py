"""The sandbox's mail servers by ordinary mail programs, and what customers see."""

from __future__ import annotations

import imaplib
import smtplib
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from heed.sandbox import Sandbox
from heed.sandbox.frame import PlayError
from heed.sandbox.networks.email import ADDRESS, Email
from heed.sandbox.networks.email.sections import section


@pytest.fixture
def email() -> Iterator[Email]:
    with Sandbox(seed=1) as sandbox:
        found = sandbox["email"]
        assert isinstance(found, Email)
        yield found


@pytest.fixture
def inbox(email: Email) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", email.imap.port, timeout=120) as program:
        program.login(ADDRESS, email.accounts()[0].credentials["password"])
        yield program


def hand_over(email: Email, to: str, text: str = "It left.", size: int = 0) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = ADDRESS, to, f"<{len(text)}@acme.example>"
    mail["Subject"] = "Re: Paket št. 7"
    mail.set_content(text + "x" * size)
    with smtplib.SMTP("127.0.0.1", email.smtp.port, local_hostname="here", timeout=120) as server:
        server.login(ADDRESS, email.accounts()[0].credentials["password"])
        server.send_message(mail)
    return mail


def in_the_box(inbox: imaplib.IMAP4) -> list[EmailMessage]:
    inbox.select("INBOX", readonly=True)
    uids = inbox.uid("SEARCH", "ALL")[1][0].split()
    found = []
    for uid in uids:
        data = inbox.uid("FETCH", uid.decode(), "(BODY.PEEK[])")[1][0]
        assert isinstance(data, tuple)
        mail = message_from_bytes(data[1], policy=policy.default)
        assert isinstance(mail, EmailMessage)
        found.append(mail)
    return found


def text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return "" if body is None else str(body.get_content()).replace("\r\n", "\n").strip()


def test_a_customer_writes_and_reads(email: Email, inbox: imaplib.IMAP4) -> None:
    email.do("message", person="lea", text="Kje je moj paket št. 88140?", picture="boot")
    (mail,) = in_the_box(inbox)
    assert (mail["From"], mail["To"]) == ("Lea Marn <lea.marn@mail.example>", ADDRESS)
    assert text(mail) == "Kje je moj paket št. 88140?"
    assert [each.get_content_type() for each in mail.iter_attachments()] == ["image/png"]
    hand_over(email, "lea.marn@mail.example", ".\nNa poti.")
    lines = email.scene("lea").lines()
    assert [(line.text, line.ours) for line in lines] == [
        ("Kje je moj paket št. 88140?", False),
        (".\nNa poti.", True),
    ]
    assert lines[0].picture
    assert email.scene("sam").lines() == []
    assert "Na poti." in email.seen()["lea"][0]["text"]


def test_customers_quote_what_they_answer(email: Email, inbox: imaplib.IMAP4) -> None:
    email.do("message", person="sam", text="Where is it?")
    ours = hand_over(email, "sam.cole@mail.example")
    email.do("message", person="sam", text="Thanks")
    answer = in_the_box(inbox)[-1]
    assert answer["In-Reply-To"] == ours["Message-ID"]
    assert answer["Subject"] == "Re: Paket št. 7"
    assert "wrote:\n> It left." in text(answer)


def test_only_with_the_password(email: Email) -> None:
    with (
        pytest.raises(imaplib.IMAP4.error),
        imaplib.IMAP4("127.0.0.1", email.imap.port, timeout=120) as program,
    ):
        program.login(ADDRESS, "wrong")
    with smtplib.SMTP("127.0.0.1", email.smtp.port, local_hostname="here", timeout=120) as server:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            server.login(ADDRESS, "wrong")
        assert server.mail(ADDRESS)[0] == 530
    email.do("revoke")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        hand_over(email, "lea.marn@mail.example")


def test_what_comes_back(email: Email, inbox: imaplib.IMAP4) -> None:
    email.do("leave", person="lea")
    ours = hand_over(email, "lea.marn@mail.example")
    (report,) = in_the_box(inbox)
    assert (report.get_content_type(), report["Return-Path"]) == ("multipart/report", "<>")
    assert str(ours["Message-ID"]) in report.as_string()
    assert email.scene("lea").lines() == []
    email.do("join", person="lea")
    hand_over(email, "lea.marn@mail.example")
    assert len(email.scene("lea").lines()) == 1


def test_what_is_refused(email: Email) -> None:
    email.do("greylist", person="lea")
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        hand_over(email, "lea.marn@mail.example")
    assert caught.value.recipients["lea.marn@mail.example"][0] == 451
    email.do("shut", person="lea")
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        hand_over(email, "lea.marn@mail.example")
    assert caught.value.recipients["lea.marn@mail.example"][0] == 550
    email.room.largest = 1000
    with pytest.raises(smtplib.SMTPSenderRefused):
        hand_over(email, "sam.cole@mail.example", size=2000)


def test_away_and_elsewhere(email: Email, inbox: imaplib.IMAP4) -> None:
    email.do("away", person="sam")
    hand_over(email, "sam.cole@mail.example")
    assert in_the_box(inbox)[-1]["Auto-Submitted"] == "auto-replied"
    email.do("answer_elsewhere", person="sam", text="From my phone")
    assert email.scene("sam").lines()[-1].text == "From my phone"
    assert inbox.select("Sent", readonly=True)[1] == [b"1"]


def test_another_numbering(email: Email, inbox: imaplib.IMAP4) -> None:
    email.do("message", person="sam", text="One")
    inbox.select("INBOX", readonly=True)
    before = inbox.response("UIDVALIDITY")[1]
    email.do("renumber")
    assert text(in_the_box(inbox)[0]) == "One"
    inbox.select("INBOX", readonly=True)
    assert inbox.response("UIDVALIDITY")[1] != before


def test_searching(email: Email, inbox: imaplib.IMAP4) -> None:
    first = email.do("message", person="sam", text="One")["id"]
    email.clock.move(3 * 86400)
    email.do("message", person="sam", text="Two")
    inbox.select("INBOX", readonly=True)
    assert inbox.uid("SEARCH", "HEADER", "Message-ID", first)[1] == [b"1"]
    assert inbox.uid("SEARCH", "UID", "2:*")[1] == [b"2"]
    assert inbox.uid("SEARCH", "SINCE", f"{email.clock.now():%d-%b-%Y}")[1] == [b"2"]


def test_the_same_account_after_a_restart(email: Email) -> None:
    with Sandbox(seed=2) as later:
        mine, theirs = email.accounts()[0], later["email"].accounts()[0]
        assert mine.external_id == theirs.external_id
        assert mine.credentials["password"] == theirs.credentials["password"]
        other = later["email"]
        assert isinstance(other, Email)
        assert other.room.boxes["INBOX"].uidvalidity != email.room.boxes["INBOX"].uidvalidity


def test_nothing_is_sent_without_words(email: Email) -> None:
    with pytest.raises(PlayError):
        email.do("message", person="lea", text=" ")


def test_parts_by_their_numbers() -> None:
    mail = EmailMessage()
    mail["Subject"] = "x"
    mail.set_content("words")
    mail.add_alternative("<p>words</p>", subtype="html")
    mail.add_attachment(b"1", maintype="image", subtype="png", filename="a.png")
    raw = mail.as_bytes(policy=policy.SMTP)
    assert section(raw, "") == raw
    assert section(raw, "HEADER").startswith(b"Subject: x")
    assert section(raw, "1.1").strip() == b"words"
    assert b"text/html" in section(raw, "1.2.MIME")
    assert section(raw, "2").strip() == b"MQ=="
    assert section(raw, "3") == section(raw, "1.1.2") == b""

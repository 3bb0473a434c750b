"""Mails in, news out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.channels.base import Broken, Echo, IdentitySeen, Inbound, MessageReceived, Receipt
from heed.channels.email.reading import read
from heed.channels.email.tests.sample import ACCOUNT, body, letter
from heed.channels.email.tests.sample import LETTERS as LETTER_FILES

KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"
OURS = f"heed.{KEY}@acme.example"


def news(name: str, **facts: Any) -> list[Inbound]:
    return read(body(letter(name), **facts), ACCOUNT)


def message(name: str) -> MessageReceived:
    (found,) = news(name)
    assert isinstance(found, MessageReceived)
    return found


def written(text: str, *headers: str) -> MessageReceived:
    """A mail of Sam's with these headers more."""
    head = ["From: Sam Cole <sam.cole@mail.example>", "To: help@acme.example", "Message-ID: <x@mail.example>"]
    raw = "\r\n".join([*head, *headers, "", text]).encode()
    (found,) = read(body(raw), ACCOUNT)
    assert isinstance(found, MessageReceived)
    return found


def test_who_when_and_what() -> None:
    found = message("plain")
    assert (found.external_id, found.visibility, found.kind) == ("a1@mail.example", "private", "message")
    assert found.at == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert found.author is not None
    assert (found.author.external_id, found.author.name) == ("lea.marn@mail.example", "Lea Marn")
    assert found.text == "Kje je moj paket št. 88140?\n\nPozdravljeni,\nčakam že dva tedna."
    assert found.opens_window
    assert found.refs["tag"] == "returns"
    assert found.refs["whole"].endswith("Ljubljana")


def test_the_plain_way_is_read_and_pictures_stay() -> None:
    found = message("alternative")
    assert found.text == "لا أرى شيئًا"
    assert found.author is not None
    assert (found.author.name, found.author.external_id) == ("عمر بدر", "omar.badr@mail.example")
    assert found.parent == OURS
    assert found.refs["references"] == ["a0@mail.example", OURS]
    (picture,) = found.attachments
    assert (picture.kind, picture.url, picture.name) == ("image", "media:INBOX/3/7/2", "logo.png")


def test_html_becomes_text_without_the_quotation() -> None:
    found = message("html")
    assert found.text == "It cost € 49, see the order (https://shop.example/o/87902).\n\n- boots\n- laces"
    assert "How much was it?" in found.refs["whole"]
    assert found.attachments == ()


def test_files_by_their_numbers_and_names() -> None:
    found = message("files")
    assert found.text == "Size\n\nThe shoe is a 37 and I ordered a 39."
    told = [(each.kind, each.url.rpartition("/")[2], each.name, each.size) for each in found.attachments]
    assert told == [
        ("file", "2", "račun 1.pdf", 9),
        ("image", "3", "ботинки.jpg", 13),
        ("file", "4", "passed on.eml", None),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("windows", "Вас\n\nСайн байна уу?"),
        ("japanese", "質問\n\n靴はどこですか。"),
        ("lying", "raw š letters\n\nIt’s late € 5"),
        ("nameless", "No subject, no id."),
    ],
)
def test_letters_of_all_times(name: str, text: str) -> None:
    assert message(name).text == text


def test_no_id_gets_one_of_its_own() -> None:
    first, again = message("nameless"), message("nameless")
    assert first.external_id == again.external_id
    assert first.external_id.startswith("sha256:")
    assert "message_id" not in first.refs
    assert message("nameless").external_id != written("No subject, no id.").external_id


@pytest.mark.parametrize("name", ["away", "list"])
def test_machines_are_shown_and_open_nothing(name: str) -> None:
    found = message(name)
    assert found.text
    assert (found.opens_window, found.refs["automatic"]) == (False, True)


@pytest.mark.parametrize(
    ("header", "machine"),
    [
        ("Auto-Submitted: auto-generated; x=y", True),
        ("Auto-Submitted: no", False),
        ("Precedence: junk", True),
        ("Precedence: first-class", False),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", True),
        ("X-Auto-Response-Suppress: DR", False),
        ("X-Autoreply: yes", True),
        ("List-Unsubscribe: <mailto:out@mail.example>", True),
        ("Return-Path: <>", True),
        ("X-Heed-Loop: help@acme.example", True),
        ("Return-Path: <sam.cole@mail.example>", False),
        ("Subject: Automatic reply", False),
    ],
)
def test_signs_of_a_machine(header: str, machine: bool) -> None:
    assert written("Hello", header).opens_window is not machine


def test_our_own_address_opens_nothing() -> None:
    raw = b"From: help@acme.example\r\nTo: help@acme.example\r\nMessage-ID: <o@acme.example>\r\n\r\nhi"
    (found,) = read(body(raw), ACCOUNT)
    assert isinstance(found, MessageReceived)
    assert not found.opens_window


@pytest.mark.parametrize(
    ("name", "receiver", "code", "detail"),
    [
        ("bounce", "lea.marn@mail.example", "5.1.1", "550 5.1.1 No such user here"),
        ("bounce-exchange", "", "5.2.2", "smtp;554 5.2.2 mailbox full"),
        ("bounce-qmail", "sam.cole@mail.example", "5.1.1", "Sorry, no mailbox here by that name. (#5.1.1)"),
    ],
)
def test_mail_that_came_back(name: str, receiver: str, code: str, detail: str) -> None:
    receipt, *more = news(name)
    assert isinstance(receipt, Receipt)
    assert (receipt.state, receipt.reason, receipt.key) == ("failed", "unreachable", KEY)
    assert (receipt.external_ids, receipt.code, receipt.detail) == ((OURS,), code, detail)
    closed = [(each.person.external_id, each.reachable) for each in more if isinstance(each, IdentitySeen)]
    assert closed == ([(receiver, False)] if receiver else [])


def test_a_report_on_two_receivers_tells_of_both() -> None:
    mine = b"Final-Recipient: rfc822; Lea.Marn@mail.example"
    block = b"Final-Recipient: rfc822; Omar.Badr@mail.example\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
    raw = letter("bounce").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert mine in raw
    found = read(body(raw.replace(mine, block + mine)), ACCOUNT)
    told = [each for each in found if isinstance(each, Receipt)]
    assert [(each.receiver, each.state, each.code) for each in told] == [
        ("omar.badr@mail.example", "delivered", "2.0.0"),
        ("lea.marn@mail.example", "failed", "5.1.1"),
    ]
    assert len({each.at for each in told}) == 2  # kept apart while they wait for their message


def test_words_on_two_receivers_tell_of_both() -> None:
    more = b"<gone@mail.example>:\nGreylisted. (#4.2.0)\n\n<sam.cole@mail.example>:"
    raw = letter("bounce-qmail").replace(b"<sam.cole@mail.example>:", more)
    told = [each for each in read(body(raw), ACCOUNT) if isinstance(each, Receipt)]
    assert [(each.receiver, each.code) for each in told] == [("sam.cole@mail.example", "5.1.1")]


def test_late_is_not_lost_and_read_is_seen() -> None:
    assert news("delayed") == []
    (receipt,) = news("read")
    assert isinstance(receipt, Receipt)
    assert (receipt.state, receipt.key) == ("seen", KEY)


def test_a_bounce_of_a_stranger_s_mail_is_shown() -> None:
    raw = letter("bounce").replace(b"Message-ID: <heed.", b"X-Was: <heed.")
    (found,) = read(body(raw), ACCOUNT)
    assert isinstance(found, MessageReceived)
    assert not found.opens_window


def test_a_form_writes_for_somebody() -> None:
    found = message("form")
    assert found.author is not None
    assert found.author.external_id == "sam.cole@mail.example"
    assert found.opens_window
    assert "reply_to" not in found.refs


def test_where_answers_are_wanted() -> None:
    found = message("reply-to")
    assert found.author is not None
    assert (found.author.external_id, found.refs["reply_to"]) == ("sam.cole@mail.example", "sam@home.example")


def test_sent_from_a_mail_program() -> None:
    raw = b"\r\n".join(
        [
            b"From: Acme <help@acme.example>",
            b"To: Lea Marn <lea.marn@mail.example>",
            b"Message-ID: <e1@acme.example>",
            b"In-Reply-To: <a1@mail.example>",
            b"",
            b"It left yesterday.",
        ]
    )
    (echo,) = read(body(raw, box="sent"), ACCOUNT)
    assert isinstance(echo, Echo)
    assert echo.person is not None
    assert (echo.person.external_id, echo.text, echo.key) == (
        "lea.marn@mail.example",
        "It left yesterday.",
        "",
    )
    assert read(body(raw.replace(b"In-Reply-To", b"X-No"), box="sent"), ACCOUNT) == []
    ours = raw.replace(b"<e1@acme.example>", f"<{OURS}>".encode())
    for box in ("sent", "INBOX"):
        (echo,) = read(body(ours, box=box), ACCOUNT)
        assert isinstance(echo, Echo)
        assert echo.key == KEY


def test_of_a_large_mail_the_whole_can_be_opened() -> None:
    raw = letter("files")[:600]
    (found,) = read(body(raw, whole=False), ACCOUNT)
    assert isinstance(found, MessageReceived)
    assert (found.attachments[-1].url, found.attachments[-1].mime) == ("media:INBOX/3/7", "message/rfc822")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
        b"From: =?utf-8?b?!!!?= <@@>\r\nSubject: =?no-such?q?x?=\r\n\r\n",
        b"Content-Type: text/html; charset=idna\r\n\r\n<b",
        b"Content-Type: text/plain; charset*=x''y\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%",
        b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\nx",
        b"Content-Type: text/html\r\n\r\n" + b"<div>" * 5000 + b"deep",
    ],
)
def test_whatever_comes_is_readable(raw: bytes) -> None:
    assert not [each for each in read(body(raw), ACCOUNT) if isinstance(each, Broken)]


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: text/html\r\n\r\n" + b"<b>x" * 90_000 + b"</i>" * 90_000,
        b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \n" * 300_000,
        b"\r\n" + b"> a\nb\n" * 150_000,
        b"\r\n" + b"From: a\nwrote 1\n" * 50_000,
        b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\r\n\r\n" + b"<" * 500_000,
        b"References: " + b"<a@b> " * 100_000 + b"\r\n\r\nx",
    ],
    ids=["tags", "flowed", "quotes", "headers", "words", "references"],
)
def test_mails_made_to_keep_us_busy_do_not(raw: bytes) -> None:
    assert len(read(body(raw), ACCOUNT)) == 1


LETTERS = st.sampled_from([path.read_bytes() for path in sorted(LETTER_FILES.glob("*.eml"))])


@given(LETTERS, st.integers(0, 1500), st.integers(0, 60), st.binary(max_size=30))
def test_damaged_mails_are_readable(raw: bytes, at: int, length: int, instead: bytes) -> None:
    damaged = raw[:at] + instead + raw[at + length :]
    for box in ("INBOX", "sent"):
        assert not [each for each in read(body(damaged, box=box), ACCOUNT) if isinstance(each, Broken)]


def test_folders_in_folders_stay_alone() -> None:
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (depth, depth)
        for depth in range(900)
    )
    assert len(read(body(nested), ACCOUNT)) == 1


@pytest.mark.parametrize(
    ("head", "copies"),
    [
        ("To: help@acme.example, Omar <omar@mail.example>\nCc: Tuya <tuya@mail.example>", ["omar", "tuya"]),
        ("To: help+returns@acme.example\nCc: lea@mail.example, HELP@acme.example", []),
        ("To: help@acme.example\nCc: omar@mail.example\nAuto-Submitted: auto-replied", []),
        ("To: help@acme.example\nReply-To: omar@mail.example\nCc: omar@mail.example", []),
        ("To: help@acme.example\nCc: " + ", ".join(f"a{n}@mail.example" for n in range(50)), 20),
    ],
)
def test_who_else_reads_along(head: str, copies: list[str] | int) -> None:
    raw = f"From: Lea <lea@mail.example>\n{head}\nMessage-ID: <m1@mail.example>\n\nKje je?".encode()
    (found,) = read(body(raw), ACCOUNT)
    assert isinstance(found, MessageReceived)
    others = found.refs.get("cc", [])
    if isinstance(copies, int):
        assert len(others) == copies
    else:
        assert others == [f"{name}@mail.example" for name in copies]


@pytest.mark.parametrize(
    ("headers", "back"),
    [
        ("Return-Path: <sam.cole@mail.example>", None),
        ("Return-Path: <bounces+7@mail.example>", "bounces+7@mail.example"),
        ("Return-Path: <>", None),
    ],
)
def test_where_machines_are_to_answer(headers: str, back: str | None) -> None:
    assert written("Kje je?", headers).refs.get("return_path") == back


def test_a_form_of_ours_is_answered_to_whom_it_writes_for() -> None:
    raw = letter("form").replace(b"From:", b"Return-Path: <www-data@web.acme.example>\r\nFrom:", 1)
    (found,) = read(body(raw), ACCOUNT)
    assert isinstance(found, MessageReceived)
    assert "return_path" not in found.refs

"""Answers as mails: what they look like, what servers say to them, and how they are found again."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from heed.channels.base import Answer, CannotTell, OutgoingFile, Refusal, Sent, Target
from heed.channels.email.adapter import network
from heed.channels.email.automatic import is_automatic
from heed.channels.email.calls import key_of, mailbox, message_id, outgoing, word_in
from heed.channels.email.letter import Letter
from heed.channels.email.tests.sample import ACCOUNT
from heed.channels.email.writing import composed
from heed.lib import clock
from heed.lib.http import Request, Response

KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER_KEY = "7b0c9f2e-5a41-4a63-9d0e-0d6f1a2b3c4d"
OURS = f"heed.{KEY}@acme.example"
ASKED = Target(
    external_id="a1@mail.example",
    visibility="private",
    kind="message",
    post="",
    refs={
        "subject": "Kje je moj paket št. 88140?",
        "message_id": "a1@mail.example",
        "references": ["a0@mail.example"],
    },
)
ANSWER = Answer(
    KEY, "private", "Na poti je <danes>.\nhttps://acme.example/t?a=1&b=2", "lea.marn@mail.example", ASKED
)


def mail(answer: Answer) -> EmailMessage:
    parsed = message_from_bytes(composed(ACCOUNT, answer), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def run(steps: Generator[Request, Response, Any], *responses: Response) -> tuple[Any, list[Request]]:
    """The result of steps that are answered so, and what they asked."""
    asked = [next(steps)]
    try:
        for response in responses:
            asked.append(steps.send(response))
    except StopIteration as done:
        return done.value, asked
    raise AssertionError("the steps wanted more")


def test_what_an_answer_looks_like() -> None:
    found = mail(ANSWER)
    assert found["From"] == "Acme <help@acme.example>"
    assert found["To"] == "lea.marn@mail.example"
    assert found["Subject"] == "Re: Kje je moj paket št. 88140?"
    assert (found["Message-ID"], found["In-Reply-To"]) == (f"<{OURS}>", "<a1@mail.example>")
    assert found["References"] == "<a0@mail.example> <a1@mail.example>"
    assert found["Auto-Submitted"] is None
    plain, html = found.get_body(("plain",)), found.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n").strip() == ANSWER.text
    assert "&lt;danes&gt;.<br>" in html.get_content()
    assert '<a href="https://acme.example/t?a=1&amp;b=2">' in html.get_content()


def test_a_mail_that_brings_what_was_said_elsewhere() -> None:
    """Its id has the word, the same at every attempt, and by it the mail is found again."""
    letter = replace(ANSWER, to=None, subject="Acme has answered you", way_back="t7-0123456789abcdef")
    found = mail(letter)
    assert (found["Subject"], found["In-Reply-To"]) == ("Acme has answered you", None)
    id = str(found["Message-ID"]).strip("<>")
    assert (word_in(id), key_of(id)) == (letter.way_back, "")
    assert str(mail(letter)["Message-ID"]) != str(mail(replace(letter, key=OTHER_KEY))["Message-ID"])
    finding, (asked,) = run(network.find(ACCOUNT, letter), Response(200, {}, b'{"uids": [3]}'))
    assert (finding.external_id, asked.params["value"]) == (id, id)


def test_lines_stay_short_and_letters_plain() -> None:
    lines = composed(ACCOUNT, replace(ANSWER, text="ž" * 5000)).split(b"\r\n")
    assert max(len(line) for line in lines) < 200
    assert all(line.isascii() for line in lines)
    assert b"\n" not in b"".join(lines)


def test_files_go_along() -> None:
    files = (
        OutgoingFile("račun 1.pdf", "application/pdf", b"%PDF\r\n", ""),
        OutgoingFile("a.png", "image/png", b"x", ""),
    )
    found = [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in mail(replace(ANSWER, files=files)).iter_attachments()
    ]
    assert found == [("račun 1.pdf", "application/pdf", b"%PDF\r\n"), ("a.png", "image/png", b"x")]


@pytest.mark.parametrize(
    ("subject", "ours"),
    [
        ("RE: Refund", "RE: Refund"),
        ("AW: Refund", "AW: Refund"),
        ("a\r\nBcc: x@y.example", "Re: a Bcc: x@y.example"),
        ("", "Acme"),
    ],
)
def test_subjects(subject: str, ours: str) -> None:
    assert mail(replace(ANSWER, to=replace(ASKED, refs={"subject": subject})))["Subject"] == ours


def test_a_long_conversation_keeps_its_first_mail() -> None:
    known = [f"{number}@mail.example" for number in range(60)]
    found = str(mail(replace(ANSWER, to=replace(ASKED, refs={"references": known})))["References"]).split()
    assert len(found) == 20
    assert (found[0], found[-1]) == ("<0@mail.example>", "<59@mail.example>")


def test_it_goes_where_answers_are_wanted() -> None:
    wanted = replace(ASKED, refs={**ASKED.refs, "reply_to": "sam@home.example"})
    assert mail(replace(ANSWER, to=wanted))["To"] == "sam@home.example"


def test_nothing_is_sent_to_what_is_no_address() -> None:
    with pytest.raises(Refusal) as caught:
        next(network.send(ACCOUNT, replace(ANSWER, person="a@b.example, c@d.example")))
    assert caught.value.reason == "unreachable"


def test_handed_over_then_kept() -> None:
    taken, nothing, kept = Response(250, {}, b"ok"), Response(200, {}, b'{"uids":[]}'), Response(200, {}, b"")
    sent, asked = run(network.send(ACCOUNT, ANSWER), taken, nothing, kept)
    assert sent.external_id == OURS
    assert [(each.method, each.decisive, each.url) for each in asked] == [
        ("POST", True, "smtp://smtp.acme.example:587"),
        ("GET", False, "imaps://imap.acme.example:993/%5CSent"),
        ("POST", False, "imaps://imap.acme.example:993/%5CSent"),
    ]
    assert asked[0].params == {"from": "help@acme.example", "to": ["lea.marn@mail.example"], "also": []}
    assert "app-password" not in repr(asked)


BY_ITSELF = replace(
    ANSWER,
    automatic=True,
    to=replace(ASKED, refs={**ASKED.refs, "cc": ["omar@mail.example"], "reply_to": "lea@home.example"}),
)
MARKS = ("Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "X-Heed-Loop")


def test_what_heed_says_by_itself_is_marked_and_goes_to_the_writer_alone() -> None:
    found = mail(BY_ITSELF)
    assert [found[name] for name in MARKS] == ["auto-replied", "All", "bulk", "help@acme.example"]
    assert (found["To"], found["Cc"]) == ("lea.marn@mail.example", None)
    assert is_automatic(Letter(composed(ACCOUNT, BY_ITSELF)))
    assert [mail(replace(BY_ITSELF, automatic=False))[name] for name in MARKS] == [None] * 4
    back = replace(BY_ITSELF, to=replace(ASKED, refs={"return_path": "lea+x@mail.example"}))
    assert mail(back)["To"] == "lea+x@mail.example"
    assert mail(replace(back, automatic=False))["To"] == "lea.marn@mail.example"


def test_what_heed_says_by_itself_leaves_without_a_sender() -> None:
    taken, nothing, kept = Response(250, {}, b"ok"), Response(200, {}, b'{"uids":[]}'), Response(200, {}, b"")
    _, asked = run(network.send(ACCOUNT, BY_ITSELF), taken, nothing, kept)
    assert asked[0].params == {"from": "", "to": ["lea.marn@mail.example"], "also": []}
    no = Response(550, {"stage": "from"}, b"5.7.1 Sender refused")
    _, asked = run(network.send(ACCOUNT, BY_ITSELF), no, taken, nothing, kept)
    assert [each.params["from"] for each in asked[:2]] == ["", "help@acme.example"]
    assert asked[1].decisive
    for answer, responses in ((ANSWER, [no]), (BY_ITSELF, [no, no])):
        with pytest.raises(Refusal, match="not_allowed"):
            run(network.send(ACCOUNT, answer), *responses)


def test_a_server_that_keeps_it_itself_gets_no_second_copy() -> None:
    sent, asked = run(
        network.send(ACCOUNT, ANSWER), Response(250, {}, b""), Response(200, {}, b'{"uids":[4]}')
    )
    assert sent.external_id == OURS
    assert len(asked) == 2


def test_a_mailbox_that_fails_does_not_unsend() -> None:
    sent, _ = run(network.send(ACCOUNT, ANSWER), Response(250, {}, b""), Response(503, {}, b"busy"))
    assert sent.external_id == OURS


@pytest.mark.parametrize(
    ("code", "stage", "words", "reason", "retry", "after"),
    [
        (451, "to", "4.7.1 Greylisted, try again in 300 seconds", "slow_down", True, 300),
        (450, "to", "4.2.0 Greylisted, see you in 00:05:00", "slow_down", True, 300),
        (451, "to", "4.7.1 try again in 5 minutes", "slow_down", True, 300),
        (450, "to", "4.2.0 Recipient address rejected: Greylisted", "slow_down", True, None),
        (421, "greeting", "too busy", "slow_down", True, None),
        (550, "to", "5.1.1 No such user", "unreachable", False, None),
        (552, "data", "5.2.2 Mailbox full", "unreachable", False, None),
        (552, "from", "5.3.4 Message too big", "too_long", False, None),
        (554, "to", "5.7.1 Relay access denied", "not_allowed", False, None),
        (535, "login", "5.7.8 Wrong", "sign_in_again", False, None),
        (454, "login", "4.7.0 Temporary failure", "slow_down", True, None),
        (554, "data", "5.6.0 Bad content", "bad_request", False, None),
    ],
)
def test_what_servers_mean(
    code: int, stage: str, words: str, reason: str, retry: bool, after: float | None
) -> None:
    with pytest.raises(Refusal) as caught:
        run(network.send(ACCOUNT, ANSWER), Response(code, {"stage": stage}, words.encode()))
    found = caught.value
    assert (found.reason, found.retry, found.after, found.detail) == (reason, retry, after, words)


def test_too_large_because_of_files() -> None:
    answer = replace(ANSWER, files=(OutgoingFile("a.zip", "application/zip", b"x", ""),))
    with pytest.raises(Refusal) as caught:
        run(network.send(ACCOUNT, answer), Response(552, {"stage": "from"}, b"5.3.4 too big"))
    assert caught.value.reason == "file_refused"


NONE, ONE = Response(200, {}, b'{"uids":[]}'), Response(200, {}, b'{"uids":[9]}')


def test_found_among_the_sent_mail_or_by_an_answer() -> None:
    for responses in ([ONE], [NONE, ONE], [Response(404, {}, b""), ONE]):
        finding, asked = run(network.find(ACCOUNT, ANSWER), *responses)
        assert isinstance(finding, Sent)
        assert finding.external_id == OURS
        assert {each.params["value"] for each in asked} == {OURS}


def test_without_proof_a_person_decides_after_a_while() -> None:
    now = clock.now()
    finding, _ = run(network.find(ACCOUNT, replace(ANSWER, created=now)), NONE, NONE)
    assert finding == CannotTell(15.0)
    finding, _ = run(network.find(ACCOUNT, replace(ANSWER, started=now - timedelta(minutes=3))), NONE, NONE)
    assert finding == CannotTell(None)


def test_only_our_own_ids_hold_a_key() -> None:
    assert key_of(message_id(KEY, ACCOUNT)) == KEY
    for id in (
        f"x{OURS}",
        "heed.7@acme.example",
        "heed.------------------------------------@acme.example",
        KEY,
    ):
        assert key_of(id) == ""


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        ("imap.acme.example", "", "imaps://imap.acme.example:993/INBOX"),
        ("imap.acme.example", "143", "imap://imap.acme.example:143/INBOX"),
        ("imap://imap.acme.example", "10143", "imap://imap.acme.example:10143/INBOX"),
        ("imaps://imap.acme.example/", "10993", "imaps://imap.acme.example:10993/INBOX"),
    ],
)
def test_where_the_mailbox_is(host: str, port: str, address: str) -> None:
    given = {**ACCOUNT.credentials, "imap_host": host, "imap_port": port}
    assert mailbox(replace(ACCOUNT, credentials=given), "INBOX") == address


@pytest.mark.parametrize(
    "given", [{"smtp_host": ""}, {"smtp_port": "x"}, {"smtp_port": "0"}, {"smtp_host": "http://a"}]
)
def test_what_is_no_server(given: dict[str, str]) -> None:
    with pytest.raises(Refusal):
        outgoing(replace(ACCOUNT, credentials={**ACCOUNT.credentials, **given}))


def test_the_size_a_server_takes() -> None:
    private = network.able({"size": 10_000_000}).private
    assert private is not None
    assert private.files is not None
    assert private.files.most_bytes == {"": 7_000_000}
    assert network.able({"size": 0}) == network.able({}) == network.capabilities

"""The adapter with a real Postfix and a real Dovecot: `bin/test --networks heed/channels/email`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from heed.channels.base import (
    Answer,
    Broken,
    Echo,
    IdentitySeen,
    Inbound,
    MessageReceived,
    OutgoingFile,
    Receipt,
    Refusal,
    Sent,
    Target,
)
from heed.channels.email.adapter import network
from heed.channels.email.tests.real import LARGEST, PATIENCE, CannotInstall, RealMail
from heed.channels.outgoing import Outgoing
from heed.lib import clock
from heed.lib.http import AnswerLost, Unreachable, drive

pytestmark = pytest.mark.networks
KEY = "0f8fad5b-d9cb-469f-a165-7086772895{:02x}"


class Desk:
    """An account on the real servers, used as Heed does."""

    def __init__(self, mail: RealMail) -> None:
        self.mail = mail
        self.client = Outgoing({"127.0.0.1"})
        self.record = mail.account()
        self.cursor: dict[str, Any] = {}
        self.news: list[Inbound] = []
        self.sent = 0
        self.gather()

    def run(self, steps: Callable[..., Any], *words: Any) -> Any:
        return drive(steps(self.record, *words), self.client.send)

    def gather(self) -> list[Inbound]:
        more = True
        while more:
            page = self.run(network.collect, self.cursor)
            for body in page.bodies:
                self.news += network.read(body, self.record)
            self.cursor, more = dict(page.cursor), page.more
        return self.news

    def wait(self, fits: Callable[[Any], bool]) -> Any:
        until = time.monotonic() + PATIENCE
        while True:
            with suppress(Unreachable):  # while a server starts anew
                self.gather()
            found = [each for each in self.news if fits(each)]
            if found:
                return found[-1]
            assert time.monotonic() < until, self.news
            time.sleep(0.1)

    def asked(self, text: str, **headers: str) -> MessageReceived:
        """Lea writes, and it arrives."""
        to = headers.pop("to", "help@acme.example")
        self.mail.customer_writes(letter(text, **headers), to)
        found = self.wait(lambda each: isinstance(each, MessageReceived) and text in each.text)
        assert isinstance(found, MessageReceived)
        return found

    def answer(self, message: MessageReceived, text: str) -> Answer:
        self.sent += 1
        target = Target(message.external_id, "private", "message", "", message.refs)
        person = message.author.external_id if message.author else ""
        return Answer(KEY.format(self.sent), "private", text, person, target, created=clock.now())


def letter(text: str, subject: str = "Naročilo št. 88140", **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = headers.pop("sender", "Lea Marn <lea.marn@mail.example>")
    mail["To"] = "help@acme.example"
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{time.monotonic_ns()}@mail.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


@pytest.fixture(scope="module")
def mail(request: pytest.FixtureRequest) -> Iterator[RealMail]:
    if "networks" not in (request.config.getoption("-m") or ""):
        pytest.skip("only where real servers are asked for: -m networks")
    try:
        with RealMail() as running:
            yield running
    except CannotInstall as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def desk(mail: RealMail) -> Iterator[Desk]:
    desk = Desk(mail)
    yield desk
    desk.client.close()


def test_signing_in(desk: Desk) -> None:
    checked = desk.run(network.check)
    assert (checked.external_id, checked.facts["idle"], checked.facts["size"]) == (
        "help@acme.example",
        True,
        LARGEST,
    )
    desk.record = replace(desk.record, credentials={**desk.record.credentials, "password": "wrong"})
    with pytest.raises(Refusal) as caught:
        desk.run(network.check)
    assert caught.value.reason == "sign_in_again"


def test_a_conversation(desk: Desk) -> None:
    message = desk.asked("Kje je moj čevelj?")
    assert message.text == "Naročilo št. 88140\n\nKje je moj čevelj?"
    file = OutgoingFile("račun 1.pdf", "application/pdf", b"%PDF\r\n.\r\n", "")
    sent = desk.run(network.send, replace(desk.answer(message, ".\nNa poti 👟"), files=(file,)))
    until = time.monotonic() + PATIENCE
    while not (arrived := [raw for to, raw in desk.mail.arrived if to == "lea.marn@mail.example"]):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert f"Message-ID: <{sent.external_id}>".encode() in arrived[-1]
    echo = desk.wait(lambda each: isinstance(each, Echo))
    assert (echo.external_id, echo.text, echo.attachments[0].name) == (
        sent.external_id,
        ".\nNa poti 👟",
        "račun 1.pdf",
    )
    reply = desk.asked("Hvala!", subject="Re: Naročilo", In_Reply_To=f"<{sent.external_id}>")
    assert (reply.text, reply.parent) == ("Hvala!", sent.external_id)


def test_an_answer_is_found_again(desk: Desk) -> None:
    answer = desk.answer(desk.asked("Kje je?"), "Tukaj.")
    answer = replace(answer, key="1f8fad5b-d9cb-469f-a165-70867728950e")
    assert not isinstance(desk.run(network.find, answer), Sent)
    sent = desk.run(network.send, answer)
    found = desk.run(network.find, answer)
    assert isinstance(found, Sent)
    assert found.external_id == sent.external_id


def test_files_come_out_of_the_mailbox(desk: Desk) -> None:
    mail = letter("Slika")
    mail.add_attachment(b"\x89PNG 1", maintype="image", subtype="png", filename="škorenj.png")
    mail.add_attachment("besede\n", filename="besede.txt")
    desk.mail.customer_writes(mail)
    message = desk.wait(lambda each: isinstance(each, MessageReceived) and "Slika" in each.text)
    contents = []
    for attachment in message.attachments:
        source = desk.run(network.media, attachment.url)
        contents.append(desk.client.fetch(source.url, hosts=(), limit=10**6, login=source.login).body)
    assert [each.name for each in message.attachments] == ["škorenj.png", "besede.txt"]
    assert contents[0] == b"\x89PNG 1"
    assert contents[1].strip() == b"besede"


def test_a_word_after_the_plus(desk: Desk) -> None:
    assert desk.asked("Vračilo", to="help+returns@acme.example").refs["tag"] == "returns"
    word = "t4182-0123456789abcdef"
    assert desk.asked("Hvala", to=f"help+{word}@acme.example").way_back == word


def test_what_heed_says_by_itself_has_no_sender(desk: Desk) -> None:
    message = desk.asked("Ste tam?", sender="Sam Cole <sam.cole@mail.example>")
    desk.run(network.send, replace(desk.answer(message, "We are away."), automatic=True))
    until = time.monotonic() + PATIENCE
    while not (left := [sender for sender, to in desk.mail.senders if to == "sam.cole@mail.example"]):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert left == [""]


def test_mail_that_comes_back(desk: Desk) -> None:
    message = desk.asked("Kje je?", sender="gone@mail.example")
    sent = desk.run(network.send, desk.answer(message, "Tukaj."))
    receipt = desk.wait(lambda each: isinstance(each, Receipt))
    assert (receipt.state, receipt.reason, receipt.code) == ("failed", "unreachable", "5.1.1")
    assert receipt.external_ids == (sent.external_id,)
    closed = [
        each.person.external_id for each in desk.news if isinstance(each, IdentitySeen) and not each.reachable
    ]
    assert closed == ["gone@mail.example"]


def test_greylisting_size_and_strangers(desk: Desk) -> None:
    message = desk.asked("Kje je?")
    answer = desk.answer(message, "Tukaj.")
    with pytest.raises(Refusal) as caught:
        desk.run(network.send, replace(answer, person="grey@mail.example"))
    assert (caught.value.reason, caught.value.retry, caught.value.after) == ("slow_down", True, 300)
    with pytest.raises(Refusal) as caught:
        desk.run(network.send, replace(answer, person="nobody@acme.example"))
    assert (caught.value.reason, caught.value.retry) == ("unreachable", False)
    big = OutgoingFile("a.zip", "application/zip", b"x" * LARGEST, "")
    with pytest.raises(Refusal) as caught:
        desk.run(network.send, replace(answer, files=(big,)))
    assert caught.value.reason == "file_refused"


def test_the_ear_hears_and_survives_a_restart(desk: Desk) -> None:
    ear = network.ear(desk.record)
    assert ear is not None
    heard = desk.client.listen(ear, lambda: False)
    next(heard)
    threading.Timer(1.0, lambda: desk.mail.customer_writes(letter("Novo"))).start()
    next(heard)
    assert desk.wait(lambda each: isinstance(each, MessageReceived) and "Novo" in each.text)
    desk.mail.stop_dovecot()
    with pytest.raises(AnswerLost):
        next(heard)
    desk.mail.start_dovecot()
    again = desk.client.listen(ear, lambda: False)
    next(again)
    assert desk.asked("Po ponovnem zagonu")
    next(again)


def test_a_mail_that_dovecot_cannot_read_keeps_nothing_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clock.now
    desk.mail.customer_writes(letter("damaged"))
    file = desk.mail.file_with(b"damaged")
    file.chmod(0)
    try:
        desk.asked("Kje je?")
        assert not [each for each in desk.news if isinstance(each, Broken)]
        for times in range(1, 6):  # once each eight minutes
            monkeypatch.setattr(clock, "now", lambda: real() + times * timedelta(minutes=8))  # noqa: B023
            desk.gather()
    finally:
        file.unlink()
    (broken,) = [each for each in desk.news if isinstance(each, Broken)]
    assert "FETCH failed" in broken.error


def test_a_customer_whose_address_is_in_another_script(desk: Desk) -> None:
    answer = replace(desk.answer(desk.asked("Kje je?"), "Tukaj."), person="леа@поща.бг")
    desk.run(network.send, answer)
    until = time.monotonic() + PATIENCE
    while not (arrived := [raw for to, raw in desk.mail.arrived if to == "леа@поща.бг"]):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert "To: леа@поща.бг\r\n".encode() in arrived[0]


def test_a_mailbox_made_anew_doubles_nothing(desk: Desk) -> None:
    first = desk.asked("Prvo")
    desk.mail.stop_dovecot()
    for path in (desk.mail.folder / "mail" / "help@acme.example").glob("dovecot*"):
        path.unlink()
    desk.mail.start_dovecot()
    second = desk.asked("Drugo")
    ids = [each.external_id for each in desk.news if isinstance(each, MessageReceived)]
    assert {first.external_id, second.external_id} <= set(ids)
    count = len(desk.news)
    assert len(desk.gather()) == count

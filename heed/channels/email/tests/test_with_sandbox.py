"""The adapter against the sandbox's mail servers, beyond what every network is asked."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count

import httpx
import pytest

from heed.channels.base import (
    Echo,
    IdentitySeen,
    MessageReceived,
    OutgoingFile,
    Receipt,
    Refusal,
    Sent,
    SessionExpired,
)
from heed.channels.email.calls import login_of
from heed.channels.email.tests.sample import ACCOUNT, letter
from heed.channels.tests.contract import NETWORKS, Desk, target_of
from heed.lib import clock
from heed.lib.http import AnswerLost
from heed.sandbox import Sandbox
from heed.sandbox.frame import Fault
from heed.sandbox.networks.email import Email
from heed.sandbox.networks.email.tokens import CLIENT, REFRESH_TOKEN
from heed.sandbox.tests.receiver import Receiver

network = NETWORKS["email"]


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        desk = Desk(network, sandbox, receiver)
        desk.connect()
        yield desk
        desk.client.close()


@pytest.fixture
def email(desk: Desk) -> Email:
    assert isinstance(desk.simulator, Email)
    return desk.simulator


def fetched(desk: Desk, url: str, limit: int = 10**6) -> bytes:
    """A file as the worker fetches it."""
    source = desk.run(lambda record: network.media(record, url))
    return desk.client.fetch(source.url, hosts=(), limit=limit, login=source.login).body


def received(desk: Desk) -> list[MessageReceived]:
    return [each for each in desk.gather() if isinstance(each, MessageReceived)]


def test_what_lay_there_before_stays_alone(desk: Desk, email: Email) -> None:
    email.do("message", person="sam", text="Before")
    fresh = Desk(network, desk.sandbox, desk.receiver)
    fresh.connect()
    assert received(fresh) == []
    email.do("message", person="sam", text="After")
    assert [each.text for each in received(fresh)] == ["After"]


def test_what_came_between_the_check_and_the_first_look_is_read(desk: Desk, email: Email) -> None:
    checked = desk.run(network.check)
    email.do("message", person="sam", text="In between")
    fresh = Desk(network, desk.sandbox, desk.receiver)
    fresh.record = replace(fresh.record, facts=checked.facts)
    assert [each.text for each in received(fresh)] == ["In between"]


def test_a_conversation_reads_without_its_quotations(desk: Desk, email: Email) -> None:
    for person in ("lea", "omar", "tuya", "sam"):
        email.do("message", person=person, text=f"Question of {person}")
        asked = desk.message(f"Question of {person}")
        desk.send(desk.answer_to(asked, "It left yesterday."))
        email.do("message", person=person, text=f"Thanks from {person}")
        again = desk.message(f"Thanks from {person}")
        assert again.text == f"Thanks from {person}"
        assert "It left yesterday." in again.refs["whole"]
        assert again.refs["references"][0] == asked.external_id
        assert again.refs["subject"] == f"Re: Question of {person}"


def test_a_renumbered_mailbox_doubles_nothing(desk: Desk, email: Email) -> None:
    for number in range(30):
        email.do("message", person="sam", text=f"Before {number}")
    before = {each.external_id for each in received(desk)}
    email.do("renumber")
    email.do("message", person="sam", text="Afterwards")
    after = {each.external_id for each in received(desk)}
    assert len(before) == 30
    assert len(after - before) == 1
    count = len(desk.news)
    assert len(desk.gather()) == count  # and it does not begin again


def test_pictures_and_files_come_out_of_the_mailbox(desk: Desk, email: Email) -> None:
    email.do("message", person="lea", text="Levi", picture="boot")
    (picture,) = desk.message("Levi").attachments
    assert picture.kind == "image"
    assert fetched(desk, picture.url).startswith(b"\x89PNG")
    email.do("file", person="lea", name="račun.pdf", content="%PDF ž", text="Račun")
    (file,) = desk.message("Račun").attachments
    assert (file.name, fetched(desk, file.url)) == ("račun.pdf", "%PDF ž".encode())
    email.do("raw", content=base64.b64encode(letter("files")).decode())
    found = received(desk)[-1]
    assert [len(fetched(desk, each.url)) for each in found.attachments[:2]] == [9, 13]
    assert b"the inner words" in fetched(desk, found.attachments[2].url)
    assert b"Subject: Size" in fetched(desk, f"media:{found.attachments[0].url[6:].rpartition('/')[0]}")
    email.do("renumber")
    assert fetched(desk, picture.url) == b""


def test_files_arrive_as_they_were(desk: Desk, email: Email) -> None:
    message = desk.customer_writes("private", "Pošljite račun")
    file = OutgoingFile("račun 1.pdf", "application/pdf", b"%PDF\r\n\r\n.\r\n..x", "")
    desk.send(replace(desk.answer_to(message, ".\n. Tukaj.\n"), files=(file,)))
    (line,) = [line for line in email.scene("lea").lines() if line.ours]
    assert line.text == ".\n. Tukaj."
    assert httpx.get(line.files[0]).content == file.content


def test_a_copy_lies_with_the_sent_mail_once(desk: Desk, email: Email) -> None:
    message = desk.customer_writes("private", "Kje je?")
    desk.send(desk.answer_to(message, "Tukaj."))
    assert len(email.room.boxes["Sent"].mails) == 1
    email.do("save_sent")
    desk.send(replace(desk.answer_to(message, "In tam."), key="9f8fad5b-d9cb-469f-a165-70867728950e"))
    assert len(email.room.boxes["Sent"].mails) == 2
    echoes = [each for each in desk.gather() if isinstance(each, Echo)]
    assert [each.text for each in echoes] == ["Tukaj.", "In tam."]
    assert echoes[1].key == "9f8fad5b-d9cb-469f-a165-70867728950e"


def test_answered_from_a_mail_program(desk: Desk, email: Email) -> None:
    desk.customer_writes("private", "Kje je?")
    email.do("answer_elsewhere", person="lea", text="Na pošti.")
    (echo,) = [each for each in desk.gather() if isinstance(each, Echo)]
    assert echo.person is not None
    assert (echo.text, echo.key, echo.person.external_id) == ("Na pošti.", "", "lea.marn@mail.example")


def test_a_lost_answer_is_proved_by_the_sent_mail_or_by_a_reply(desk: Desk, email: Email) -> None:
    email.do("save_sent")
    answer = desk.answer_to(desk.customer_writes("private", "Kje je?"), "Tukaj.")
    with pytest.raises(AnswerLost):
        desk.send(answer, desk.spoil_the_decisive_call(Fault("*", drop="after")))
    assert isinstance(desk.run(lambda record: network.find(record, answer)), Sent)
    email.room.boxes["Sent"].mails.clear()
    assert not isinstance(desk.run(lambda record: network.find(record, answer)), Sent)
    email.do("message", person="lea", text="Hvala")
    assert isinstance(desk.run(lambda record: network.find(record, answer)), Sent)


def test_mail_that_comes_back(desk: Desk, email: Email) -> None:
    message = desk.customer_writes("private", "Kje je?")
    email.do("leave", person="lea")
    sent = desk.send(desk.answer_to(message, "Tukaj."))
    news = desk.gather()
    (receipt,) = [each for each in news if isinstance(each, Receipt)]
    assert (receipt.state, receipt.external_ids, receipt.code) == ("failed", (sent.external_id,), "5.1.1")
    assert [each.reachable for each in news if isinstance(each, IdentitySeen)] == [False]
    assert len(received(desk)) == 1


def test_refused_at_once_and_greylisted(desk: Desk, email: Email) -> None:
    answer = desk.answer_to(desk.customer_writes("private", "Kje je?"), "Tukaj.")
    email.do("greylist", person="lea")
    with pytest.raises(Refusal) as caught:
        desk.send(answer)
    assert (caught.value.reason, caught.value.retry, caught.value.after) == ("slow_down", True, 7)
    desk.send(answer)
    assert desk.times_seen("Tukaj.") == 1
    email.do("shut", person="lea")
    with pytest.raises(Refusal) as caught:
        desk.send(answer)
    assert (caught.value.reason, caught.value.retry) == ("unreachable", False)


def test_too_large_for_the_server(desk: Desk, email: Email) -> None:
    answer = desk.answer_to(desk.customer_writes("private", "Kje je?"), "Tukaj.")
    email.room.largest = 5000
    with pytest.raises(Refusal) as caught:
        desk.send(replace(answer, files=(OutgoingFile("a.zip", "application/zip", b"x" * 9000, ""),)))
    assert caught.value.reason == "file_refused"
    assert email.scene("lea").lines()[-1].mine


def test_an_away_message_opens_nothing(desk: Desk, email: Email) -> None:
    email.do("away", person="sam")
    email.do("message", person="sam", text="Where is it?")
    desk.send(desk.answer_to(desk.message("Where is it?"), "Here."))
    away = received(desk)[-1]
    assert (away.text, away.opens_window) == ("I am on holiday.", False)


def test_a_broken_line_is_taken_up_again(desk: Desk, email: Email) -> None:
    desk.customer_writes("private", "Prvič")
    email.do("hang_up")
    assert desk.customer_writes("private", "Drugič").text == "Drugič"


def test_the_ear_hears_new_mail(desk: Desk, email: Email) -> None:
    ear = network.ear(desk.record)
    assert ear is not None
    heard = desk.client.listen(ear, lambda: False)
    next(heard)
    email.do("message", person="sam", text="News")
    next(heard)
    email.do("hang_up")
    with pytest.raises(AnswerLost):
        next(heard)


def test_the_ear_stays_open_beyond_what_servers_allow_at_once(
    desk: Desk, email: Email, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heed.lib.imap._RENEW_IDLE", 0.06)
    asked = count(1)

    def ended() -> bool:
        if next(asked) == 12:  # IDLE was begun anew several times by now
            email.do("message", person="sam", text="Late news")
        return False

    ear = network.ear(desk.record)
    assert ear is not None
    heard = desk.client.listen(ear, ended)
    next(heard)
    next(heard)
    assert next(asked) > 12


def test_the_password_is_in_no_sentence(desk: Desk, email: Email) -> None:
    email.do("revoke")
    with pytest.raises(Refusal) as caught:
        desk.run(network.check)
    assert caught.value.reason == "sign_in_again"
    for text in (str(caught.value), repr(network.ear(desk.record)), repr(desk.news)):
        assert desk.record.credentials["password"] not in text


def test_a_large_mail_is_read_by_its_beginning(
    desk: Desk, email: Email, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heed.channels.email.polling.MOST_READ", 3000)
    email.do("file", person="lea", name="film.zip", content="x" * 20_000, text="Velika")
    found = desk.message("Velika")
    assert [each.name for each in found.attachments] == ["film.zip", "Velika.eml"]
    assert fetched(desk, found.attachments[0].url) == b"x" * 20_000
    assert len(fetched(desk, found.attachments[1].url)) > 20_000


def test_who_had_a_copy_has_one_of_the_answer(desk: Desk, email: Email) -> None:
    email.do("message", person="lea", text="For my brother too", cc="omar")
    asked = desk.message("For my brother too")
    assert asked.refs["cc"] == ["omar.badr@mail.example"]
    sent = desk.send(desk.answer_to(asked, "It left yesterday."))
    for person in ("lea", "omar"):
        assert [line.text for line in email.scene(person).lines() if line.ours] == ["It left yesterday."]
    again = replace(target_of(asked), external_id=sent.external_id, refs=sent.refs, ours=True)
    key = "1f8fad5b-d9cb-469f-a165-70867728950e"
    desk.send(replace(desk.answer_to(asked, "It is there."), key=key, to=again))
    assert [line.text for line in email.scene("omar").lines() if line.ours][-1] == "It is there."


def test_a_copy_that_is_refused_holds_up_nobody(desk: Desk, email: Email) -> None:
    email.do("message", person="lea", text="For my brother too", cc="omar")
    asked = desk.message("For my brother too")
    email.do("shut", person="omar")
    desk.send(desk.answer_to(asked, "It left yesterday."))
    assert desk.times_seen("It left yesterday.") == 1


class TestToken:
    """A mailbox that is opened by OAuth: one token lasts, the others are renewed."""

    @pytest.fixture
    def mailbox(self, desk: Desk, email: Email) -> Desk:
        given = {name: value for name, value in desk.record.credentials.items() if name != "password"}
        given |= {
            "refresh_token": REFRESH_TOKEN,
            "client_id": CLIENT,
            "token_url": f"{email.url}/token",
        }
        desk.record = replace(desk.record, credentials=given, session={})
        desk.connect()
        return desk

    def test_news_and_answers(self, mailbox: Desk, email: Email) -> None:
        email.do("message", person="lea", text="Kje je?")
        mailbox.send(mailbox.answer_to(mailbox.message("Kje je?"), "Na poti."))
        assert mailbox.times_seen("Na poti.") == 1
        assert set(mailbox.record.session) == {"access_token", "refresh_token", "expires_at"}

    @pytest.mark.parametrize("way", ["collect", "send"])
    def test_a_refused_token_is_renewed(self, mailbox: Desk, email: Email, way: str) -> None:
        email.do("message", person="lea", text="Kje je?")
        asked = mailbox.message("Kje je?")
        email.tokens.now = "another"
        email.do("hang_up")
        if way == "collect":
            email.do("message", person="sam", text="Halo?")
            assert mailbox.message("Halo?")
        else:
            mailbox.send(mailbox.answer_to(asked, "Na poti."))
            assert mailbox.times_seen("Na poti.") == 1
        assert mailbox.record.session["access_token"] == email.tokens.now != "another"

    def test_a_token_about_to_end_is_not_used(self, mailbox: Desk) -> None:
        ends = clock.now() + timedelta(seconds=60)
        mailbox.record = replace(
            mailbox.record, session={**mailbox.record.session, "expires_at": ends.isoformat()}
        )
        with pytest.raises(SessionExpired):
            login_of(mailbox.record)
        assert network.ear(mailbox.record) is None
        mailbox.gather()
        assert network.ear(mailbox.record) is not None

    def test_a_lasting_token_that_was_revoked(self, mailbox: Desk, email: Email) -> None:
        email.tokens.revoked = True
        mailbox.record = replace(mailbox.record, session={})
        with pytest.raises(Refusal) as refused:
            mailbox.gather()
        assert (refused.value.reason, refused.value.retry) == ("sign_in_again", False)
        assert "revoked" in refused.value.detail

    def test_connections_of_old_tokens_are_let_go(
        self, mailbox: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("heed.lib.mail._KEPT_FOR", -1.0)
        for _ in range(3):
            mailbox.record = replace(mailbox.record, session={})
            mailbox.gather()
        assert len(mailbox.client._mail._kept) == 1

    def test_the_ear_hears_with_it(self, mailbox: Desk, email: Email) -> None:
        ear = network.ear(mailbox.record)
        assert ear is not None
        heard = mailbox.client.listen(ear, lambda: False)
        next(heard)
        email.do("message", person="lea", text="Kje je?")
        next(heard)


def test_neither_password_nor_token(desk: Desk) -> None:
    given = {name: value for name, value in desk.record.credentials.items() if name != "password"}
    desk.record = replace(desk.record, credentials=given)
    with pytest.raises(Refusal, match="A password or a refresh token is needed"):
        desk.connect()


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("imap.gmail.com", "https://oauth2.googleapis.com/token"),
        ("outlook.office365.com", "https://login.microsoftonline.com/common/oauth2/v2.0/token"),
    ],
)
def test_where_the_large_providers_give_tokens(host: str, address: str) -> None:
    given = {**ACCOUNT.credentials, "refresh_token": "r", "client_id": "c", "imap_host": host}
    request = next(network.renew(replace(ACCOUNT, credentials=given)))
    assert request.url == address
    assert request.form == {"grant_type": "refresh_token", "refresh_token": "r", "client_id": "c"}

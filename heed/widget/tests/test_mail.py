"""An unseen answer goes out by mail once, when its visitor has been away for a while."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from datetime import timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox.models import Message, Ticket
from heed.lib import clock
from heed.widget.jobs import AWAY, mail_unseen
from heed.widget.models import Visitor as Row
from heed.widget.tests.conftest import Visitor, answer, react_to_everything, take_in
from heed.widget.tokens import NotYours, code_of, who_has
from heed.widget.verbs import come_back

OWN_SERVER = "django.core.mail.backends.locmem.EmailBackend"
LATER = AWAY + timedelta(seconds=30)


@pytest.fixture
def left(lea: Visitor, conversation: Ticket) -> Row:
    """Lea left her address and went."""
    assert lea.post("email", {"email": "lea@example.com"}).status_code == 200
    ProcrastinateJob.objects.all().delete()  # tests look after it by hand
    return Row.objects.get()


def test_it_is_mailed_once_with_a_way_back(lea: Visitor, left: Row, account: Account) -> None:
    with clock.moved(LATER):
        mail_unseen(left.pk)
        mail_unseen(left.pk)
    (sent,) = mail.outbox
    assert sent.to == ["lea@example.com"]
    assert "Že na poti!" in sent.body
    link = re.search(r"https://shop\.example/boots#heed-chat=(\S+)", str(sent.body))
    assert link is not None
    with pytest.raises(NotYours):
        who_has(link[1], account)  # it is no token
    assert come_back(account, link[1]).id == left.visitor


def test_the_next_answer_is_mailed_alone(left: Row, conversation: Ticket, ana: User) -> None:
    with clock.moved(LATER):
        mail_unseen(left.pk)
        answer(conversation, ana, "Danes je prispel.")
    with clock.moved(2 * LATER):
        mail_unseen(left.pk)
    assert ["Danes je prispel." in each.body for each in mail.outbox] == [False, True]
    assert "Že na poti!" not in mail.outbox[1].body


def test_what_was_seen_is_not_mailed(lea: Visitor, left: Row) -> None:
    lea.post("receipts", {"state": "seen", "message": Message.objects.get(direction="out").pk})
    take_in()
    with clock.moved(LATER):
        mail_unseen(left.pk)
    assert not mail.outbox


def test_while_the_visitor_is_here_it_waits(lea: Visitor, left: Row) -> None:
    ProcrastinateJob.objects.filter(task_name__endswith="mail_unseen").delete()
    mail_unseen(left.pk)
    with clock.moved(LATER):
        lea.read()
        mail_unseen(left.pk)
    assert not mail.outbox
    assert ProcrastinateJob.objects.filter(task_name__endswith="mail_unseen").count() == 1


def test_an_answer_is_looked_after(left: Row, conversation: Ticket, ana: User) -> None:
    answer(conversation, ana, "Danes je prispel.")
    react_to_everything()
    jobs = ProcrastinateJob.objects.filter(task_name__endswith="mail_unseen")
    assert [each.args for each in jobs] == [{"visitor": left.pk, "attempt": 1}]
    assert jobs[0].lock  # none beside another: what was mailed is written down afterwards


def test_what_the_server_refuses_counts_as_not_mailed(left: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise OSError("connection refused")

    with clock.moved(LATER), monkeypatch.context() as patched:
        patched.setattr(f"{OWN_SERVER}.open", broken)
        mail_unseen(left.pk)
    left.refresh_from_db()
    assert (left.mailed, left.mail_problem) == (0, "OSError: connection refused")
    again = ProcrastinateJob.objects.filter(task_name__endswith="mail_unseen", args__attempt=2)
    assert again.count() == 1
    with clock.moved(LATER):
        mail_unseen(left.pk)
    assert len(mail.outbox) == 1


def test_what_a_killed_worker_did_not_send_is_sent(left: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: Any, **__: Any) -> None:
        raise SystemExit

    with clock.moved(LATER), monkeypatch.context() as patched:
        patched.setattr(f"{OWN_SERVER}.open", killed)
        with pytest.raises(SystemExit):
            mail_unseen(left.pk)
    with clock.moved(LATER):
        mail_unseen(left.pk)
        mail_unseen(left.pk)
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("end", [SystemExit, OSError, SMTPServerDisconnected])
def test_what_may_have_left_is_not_sent_again_and_goes_along_with_the_next(
    left: Row, conversation: Ticket, ana: User, monkeypatch: pytest.MonkeyPatch, end: type[BaseException]
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise end

    with clock.moved(LATER), monkeypatch.context() as patched:
        patched.setattr(f"{OWN_SERVER}.send_messages", broken)
        with suppress(SystemExit):
            mail_unseen(left.pk)
    with clock.moved(LATER):
        mail_unseen(left.pk)
        mail_unseen(left.pk)
        assert not mail.outbox
        answer(conversation, ana, "Danes je prispel.")
    with clock.moved(2 * LATER):
        mail_unseen(left.pk)
    (sent,) = mail.outbox
    assert "Že na poti!" in sent.body
    assert "Danes je prispel." in sent.body


def test_without_a_mail_server_nothing_is_promised(lea: Visitor, left: Row, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = ""
    assert b'"mail":false' in lea.http.get(f"/widget/{lea.key}.js").content
    assert lea.post("email", {"email": "lea@example.com"}).json() == {"error": "no_mail"}
    with clock.moved(LATER):
        mail_unseen(left.pk)
    assert not mail.outbox


@pytest.mark.parametrize("email", ["", "lea", "lea@", "a@b\nBcc: x@y.example", "x" * 300 + "@example.com"])
def test_what_is_no_address_is_not_taken(lea: Visitor, conversation: Ticket, email: str) -> None:
    assert lea.post("email", {"email": email}).status_code == 422
    assert Row.objects.get().email == ""


def test_the_address_is_known_to_the_agents(left: Row) -> None:
    take_in()
    conversation = Ticket.objects.get()
    assert conversation.identity.handle == "lea@example.com"


class TestLink:
    """The link of a mail goes on with its conversation on any device, once, and never unasked."""

    @pytest.fixture
    def code(self, left: Row) -> str:
        with clock.moved(LATER):
            mail_unseen(left.pk)
        found = re.search(r"#heed-chat=(\S+)", str(mail.outbox[-1].body))
        assert found is not None
        return found[1]

    def test_another_device_is_asked_and_then_goes_on(
        self, lea: Visitor, code: str, account: Account
    ) -> None:
        phone = Visitor(account)
        asked = phone.post("returns", {"code": code, "language": "en"}).json()
        assert asked == {
            "text": "This link goes on with the conversation of le…@example.com.",
            "yes": "Go on with it",
            "no": "No",
        }
        assert phone.texts() == []
        phone.token = phone.post("returns", {"code": code, "take": True}).json()["token"]
        assert phone.texts() == lea.texts()

    def test_who_has_a_conversation_is_told_that_it_ends(self, code: str, account: Account) -> None:
        omar = Visitor(account)
        omar.write("Kje je račun?")
        asked = omar.post("returns", {"code": code}).json()
        assert asked["text"].endswith("The one in this browser ends.")
        take_in()
        assert omar.texts() == ["Kje je račun?"]

    def test_their_own_browser_is_asked_nothing(self, lea: Visitor, code: str) -> None:
        assert lea.post("returns", {"code": code}).json() == {}
        assert lea.post("returns", {"code": code}).json() == {}

    def test_it_works_once(self, lea: Visitor, code: str, account: Account) -> None:
        assert "token" in Visitor(account).post("returns", {"code": code, "take": True}).json()
        for facts in ({"code": code}, {"code": code, "take": True}):
            said = Visitor(account).post("returns", facts).json()
            assert list(said) == ["text"]
            assert "used already" in said["text"]
        assert lea.post("returns", {"code": code}).json() == {}

    def test_a_later_mail_works_again(
        self, code: str, left: Row, conversation: Ticket, ana: User, account: Account
    ) -> None:
        come_back(account, code)
        answer(conversation, ana, "Danes je prispel.")
        with clock.moved(2 * LATER):
            mail_unseen(left.pk)
        found = re.search(r"#heed-chat=(\S+)", str(mail.outbox[-1].body))
        assert found is not None
        assert come_back(account, found[1]).id == left.visitor

    @pytest.mark.parametrize("damage", ["", "x", "token", "flip", "other account"])
    def test_what_opens_nothing(self, lea: Visitor, code: str, account: Account, damage: str) -> None:
        where = account
        if damage == "other account":
            where = Account(network="site", name="Two", external_id="acme-two", base_url=account.base_url)
            where.credentials = account.credentials
            where.save()
        given = {"token": lea.token, "flip": code[:-1] + ("A" if code[-1] != "A" else "B")}
        used = given.get(damage, code if where is not account else damage)
        said = Visitor(where).post("returns", {"code": used, "take": True})
        assert (said.status_code, list(said.json())) == (200, ["text"])

    def test_after_a_week_it_is_over(self, left: Row, account: Account, monkeypatch: Any) -> None:
        made = time.time()
        code = code_of(left.pk, 1)
        monkeypatch.setattr("django.core.signing.time.time", lambda: made + 7 * 24 * 3600 + 2)
        with pytest.raises(NotYours):
            come_back(account, code)

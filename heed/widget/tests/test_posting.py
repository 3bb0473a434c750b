"""The way of a mail to a visitor out: from which mailbox, once, and what becomes of it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.models import Brand, User
from heed.channels.email.tests.sample import ACCOUNT as MAILBOX
from heed.channels.mailboxes import sender_of
from heed.channels.models import Account
from heed.inbox.models import Event, Message, Ticket
from heed.lib import clock
from heed.lib.http import AnswerLost, Response, Unreachable
from heed.web.words import what_happened
from heed.widget.jobs import mail_unseen
from heed.widget.models import Letter
from heed.widget.models import Visitor as Row
from heed.widget.tests.conftest import Visitor, answer, known, take_in
from heed.widget.tests.test_mail import LATER, left
from heed.widget.tests.test_mail_back import HERS, Servers, box, mailed, said_in, servers

__all__ = ["box", "left", "servers"]


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("end", [SystemExit, AnswerLost])
def test_what_may_have_left_is_looked_for_and_not_sent_again(
    box: Account, servers: Servers, left: Row, end: type[BaseException], kept: bool
) -> None:
    """A worker was killed, or the line broke, at the last moment."""
    servers.says = end
    with clock.moved(LATER), suppress(SystemExit):
        mail_unseen(left.pk)
    servers.says = Response(250, {}, b"")
    if kept:
        servers.kept.append(servers.contents[0])
    with clock.moved(2 * LATER):
        mail_unseen(left.pk)
        mail_unseen(left.pk)
    assert len(servers.handed) == 1
    left.refresh_from_db()
    assert Letter.objects.get().state == ("sent" if kept else "unknown")
    told = what_happened(Event.objects.get(kind="answer_mailed"))
    assert ("was mailed to" if kept else "Nobody can say whether the mail") in told
    assert bool(left.mailed) == kept


def test_a_worker_killed_before_it_left_is_followed_by_another(
    box: Account, servers: Servers, left: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any, **__: Any) -> None:
        raise SystemExit

    with clock.moved(LATER), monkeypatch.context() as patched:
        patched.setattr("heed.widget.posting._is_leaving", killed)
        with pytest.raises(SystemExit):
            mail_unseen(left.pk)
    assert not servers.handed
    assert mailed(servers, left)["To"] == HERS


@pytest.mark.parametrize("says", [Unreachable, Response(451, {"stage": "to"}, b"4.7.1 Greylisted")])
def test_what_was_not_taken_is_tried_again(
    box: Account, servers: Servers, left: Row, says: Response | type[BaseException]
) -> None:
    servers.says = says
    mailed(servers, left)
    again = ProcrastinateJob.objects.filter(task_name__endswith="mail_unseen", args__attempt=2)
    assert again.count() == 1
    servers.says = Response(250, {}, b"")
    mailed(servers, left)
    mailed(servers, left)
    assert len(servers.handed) == 2


def test_after_an_hour_the_ticket_says_that_it_was_not_mailed(
    box: Account, servers: Servers, left: Row, conversation: Ticket, ana: User
) -> None:
    servers.says = Unreachable
    with clock.moved(LATER):
        mail_unseen(left.pk, attempt=6)
    assert "could not be mailed" in what_happened(Event.objects.get(kind="answer_mailed"))
    servers.says = Response(250, {}, b"")
    mail_unseen(left.pk)
    assert len(servers.handed) == 1
    answer(conversation, ana, "Danes pride.")
    sent = said_in(mailed(servers, left, 2 * LATER))
    assert "Že na poti!" in sent
    assert "Danes pride." in sent


def test_an_answer_beside_an_old_one_waits_for_a_visitor_who_is_here(
    box: Account, servers: Servers, lea: Visitor, left: Row, conversation: Ticket, ana: User
) -> None:
    servers.says = Response(550, {"stage": "to"}, b"5.1.1 No such user")
    mailed(servers, left)
    ProcrastinateJob.objects.all().delete()
    with clock.moved(timedelta(days=2)):
        answer(conversation, ana, "Danes pride.")
        lea.read()
        mail_unseen(left.pk)
    assert ProcrastinateJob.objects.filter(task_name__endswith="mail_unseen").count() == 1


def test_an_address_that_does_not_exist_is_written_to_once(box: Account, servers: Servers, left: Row) -> None:
    servers.says = Response(550, {"stage": "to"}, b"5.1.1 No such user")
    mailed(servers, left)
    mailed(servers, left)
    left.refresh_from_db()
    assert (len(servers.handed), left.mail_problem) == (1, "550 5.1.1 5.1.1 No such user")
    assert "could not be mailed" in what_happened(Event.objects.get(kind="answer_mailed"))


def test_a_corrected_address_gets_what_the_mistyped_one_did_not(
    box: Account, servers: Servers, lea: Visitor, left: Row
) -> None:
    lea.post("email", {"email": "lae@example.com"})
    servers.says = Response(550, {"stage": "to"}, b"5.1.1 No such user")
    mailed(servers, left)
    ProcrastinateJob.objects.all().delete()
    lea.post("email", {"email": HERS})
    assert ProcrastinateJob.objects.filter(task_name__endswith="mail_unseen").count() == 1
    servers.says = AnswerLost
    assert mailed(servers, left, 2 * LATER)["To"] == HERS
    lea.post("email", {"email": "lea@mail.example"})  # while it is not known what became of it
    servers.says = Response(250, {}, b"")
    servers.kept.append(servers.contents[-1])
    mailed(servers, left, 3 * LATER)
    assert len(servers.handed) == 2
    told = Event.objects.filter(kind="answer_mailed").order_by("pk")
    assert [each.data["to"] for each in told] == ["lae@example.com", HERS]


def test_where_the_mailbox_turns_us_away_heeds_own_server_is_next(
    box: Account, servers: Servers, left: Row, settings: Any
) -> None:
    servers.says = Response(535, {"stage": "login"}, b"5.7.8 Wrong password")
    mailed(servers, left)
    assert not mail.outbox
    mailed(servers, left)
    (sent,) = mail.outbox
    assert (sent.from_email, sent.to) == (settings.DEFAULT_FROM_EMAIL, [HERS])
    assert "Replies to this mail are not read." in sent.body


def test_of_several_mailboxes_the_oldest_that_works_writes(
    box: Account, servers: Servers, account: Account, left: Row
) -> None:
    for address, state in (("old@acme.example", "broken"), ("second@acme.example", "connected")):
        made = Account(network="email", external_id=address, handle=address, state=state)
        made.credentials = {**MAILBOX.credentials, "address": address}
        made.save()
    assert mailed(servers, left)["From"] == "Acme <help@acme.example>"


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("case", ["works", "broken", "other brand"])
def test_mail_is_promised_where_some_can_leave(
    box: Account, account: Account, lea: Visitor, settings: Any, case: str, own: bool
) -> None:
    if not own:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = ""
    if case == "broken":
        Account.objects.filter(pk=box.pk).update(problem="sign_in_again", state="broken")
    if case == "other brand":
        Account.objects.filter(pk=account.pk).update(brand=Brand.objects.create(name="Acme Kids"))
    account.refresh_from_db()
    promised = own or case == "works"
    assert (b'"mail":true' in lea.http.get(f"/widget/{lea.key}.js").content) == promised
    assert lea.post("email", {"email": HERS}).status_code == (200 if promised else 409)
    heeds = settings.DEFAULT_FROM_EMAIL if own else ""
    expected = "help@acme.example" if case == "works" else heeds
    assert sender_of(account) == expected


def test_what_was_promised_waits_for_the_mailbox(
    box: Account, servers: Servers, left: Row, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = ""
    Account.objects.filter(pk=box.pk).update(problem="network_down", state="broken")
    ProcrastinateJob.objects.all().delete()
    with clock.moved(LATER):
        mail_unseen(left.pk)
    assert ProcrastinateJob.objects.filter(task_name__endswith="mail_unseen").count() == 1
    with transaction.atomic(), clock.moved(timedelta(days=1, hours=1)):
        mail_unseen(left.pk)
        assert "could not be mailed" in what_happened(Event.objects.get(kind="answer_mailed"))
        transaction.set_rollback(True)
    Account.objects.filter(pk=box.pk).update(problem="", state="connected")
    assert mailed(servers, left)["To"] == HERS


def test_what_a_machine_alone_said_goes_out_marked(box: Account, servers: Servers, left: Row) -> None:
    Message.objects.filter(direction="out").update(automatic=True)
    sent = mailed(servers, left)
    assert (sent["Auto-Submitted"], servers.handed[-1].params["from"]) == ("auto-replied", "")


def test_who_signs_in_gets_no_mail_twice(
    box: Account, servers: Servers, lea: Visitor, left: Row, account: Account
) -> None:
    mailed(servers, left)
    Visitor(account, known("c1042"), previous=lea.token)
    take_in()
    mailed(servers, Row.objects.get(), 2 * LATER)
    assert len(servers.handed) == 1

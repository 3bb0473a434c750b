"""Two visitors who are one person to us, and one ticket: each browser still shows its own conversation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import outbox
from heed.inbox.models import Event, Merge, Message, Ticket
from heed.inbox.verbs import joining, merging
from heed.lib import clock
from heed.widget import reach
from heed.widget.jobs import mail_unseen
from heed.widget.models import Visitor as Row
from heed.widget.stream import _owners
from heed.widget.tests.conftest import Visitor, answer, react_to_everything, take_in
from heed.widget.tests.test_mail import LATER
from heed.widget.tests.test_mail_back import Servers, box, mailed, reply, said_in, servers
from heed.widget.tokens import Who

__all__ = ["box", "servers"]


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own connection stays open: its data is not committed."""
    monkeypatch.setattr("heed.widget.stream.close_old_connections", lambda: None)


def who(row: Row) -> Who:
    return Who(row.account_id, row.visitor)


@pytest.fixture
def omar(account: Account) -> Visitor:
    return Visitor(account)


@pytest.fixture
def tickets(lea: Visitor, omar: Visitor) -> tuple[Ticket, Ticket]:
    """Lea and Omar have written; each has a ticket."""
    made = []
    for visitor, text in ((lea, "Where is my parcel?"), (omar, "Do you have size 44?")):
        visitor.write(text, page="https://shop.example/boots")
        take_in()
        made.append(Ticket.objects.latest("pk"))
    return made[0], made[1]


@pytest.fixture
def rows(lea: Visitor, omar: Visitor, tickets: tuple[Ticket, Ticket]) -> tuple[Row, Row]:
    for visitor, email in ((lea, "lea@example.com"), (omar, "omar@mail.example")):
        assert visitor.post("email", {"email": email}).status_code == 200
    take_in()
    return tuple(Row.objects.order_by("pk"))  # type: ignore[return-value]


@pytest.fixture
def merge(tickets: tuple[Ticket, Ticket], ana: User) -> Merge:
    """Ana takes the two for one person and lets Lea's ticket go on in Omar's."""
    leas, omars = tickets
    answer(leas, ana, "It left today.")
    joining.join(leas.customer, omars.customer, ana)
    leas.refresh_from_db()
    return merging.merge(leas, omars, ana)


def test_each_reads_what_is_theirs(
    lea: Visitor, omar: Visitor, tickets: tuple[Ticket, Ticket], merge: Merge, ana: User
) -> None:
    leas, omars = tickets
    assert lea.texts() == ["Where is my parcel?", "It left today."]
    assert omar.texts() == ["Do you have size 44?"]
    lea.write("And when does it come?")
    take_in()
    made = answer(omars, ana, "Tomorrow.")
    assert (made.ticket, made.identity) == (omars, leas.identity)
    hers = ["Where is my parcel?", "It left today.", "And when does it come?", "Tomorrow."]
    assert (lea.texts(), omar.texts()) == (hers, ["Do you have size 44?"])
    merging.unmerge(merge, ana)
    assert (lea.texts(), omar.texts()) == (hers, ["Do you have size 44?"])
    answer(omars, ana, "Yes, in black.")
    assert (lea.texts(), omar.texts()) == (hers, ["Do you have size 44?", "Yes, in black."])


def test_what_we_have_read_of_one_is_said_to_that_one(
    lea: Visitor, omar: Visitor, tickets: tuple[Ticket, Ticket], merge: Merge
) -> None:
    lea.write("And when does it come?")
    take_in()
    newest = Message.objects.latest("pk")
    Event.objects.create(
        kind="action_done",
        account=newest.account,
        ticket=newest.ticket,
        message=newest,
        data={"action": "seen"},
    )
    assert [each["seen"] for each in lea.read()["messages"] if each["mine"]] == [True, True]
    assert [each["seen"] for each in omar.read()["messages"]] == [False]


def test_both_are_told_of_news_and_whom_it_is_typed_to_of_typing(
    lea: Visitor, tickets: tuple[Ticket, Ticket], rows: tuple[Row, Row], merge: Merge
) -> None:
    omars = tickets[1]
    both = {(each.account_id, each.visitor) for each in rows}
    assert _owners([omars.pk], "news") == both
    assert _owners([omars.pk], "typing") == {(rows[1].account_id, rows[1].visitor)}
    lea.write("And when does it come?")
    take_in()
    assert _owners([omars.pk], "typing") == {(rows[0].account_id, rows[0].visitor)}
    assert reach.ticket(who(rows[0])) == omars


def test_an_unseen_answer_is_mailed_to_whom_it_is_for(
    lea: Visitor, rows: tuple[Row, Row], merge: Merge, ana: User
) -> None:
    lea.write("And when does it come?")
    take_in()
    answer(merge.into, ana, "Tomorrow.")
    react_to_everything()
    with clock.moved(LATER):
        for row in rows:
            mail_unseen(row.pk)
    (sent,) = mail.outbox
    assert (sent.to, "Tomorrow." in sent.body) == (["lea@example.com"], True)


@pytest.mark.parametrize("before", [True, False])
def test_what_is_answered_to_a_mail_is_theirs_who_got_it(
    box: Account,
    servers: Servers,
    lea: Visitor,
    omar: Visitor,
    rows: tuple[Row, Row],
    tickets: tuple[Ticket, Ticket],
    ana: User,
    before: bool,
) -> None:
    leas, omars = tickets
    answer(leas, ana, "It left today.")
    if before:
        sent = mailed(servers, rows[0])
    joining.join(leas.customer, omars.customer, ana)
    leas.refresh_from_db()
    merging.merge(leas, omars, ana)
    if not before:
        sent = mailed(servers, rows[0])
    reply(box, sent, "Thank you!")
    said = Message.objects.latest("pk")
    assert (said.ticket, said.identity) == (omars, leas.identity)
    assert said.text in lea.texts()
    Message.objects.filter(pk=said.pk).update(at=clock.now())  # that mail has a date of its own
    answer(omars, ana, "You are welcome.")
    outbox.send_next(omars.pk)
    assert lea.texts()[-1] == "You are welcome."
    assert "You are welcome." in said_in(mailed(servers, rows[0], LATER * 2 + timedelta(minutes=1)))
    assert omar.texts() == ["Do you have size 44?"]

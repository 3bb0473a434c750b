"""What is answered to a mail of the chat: from the mailbox of the brand into the ticket of the chat."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from io import BytesIO
from uuid import uuid4

import pytest
from django.core import mail

from heed.accounts.models import Brand, User
from heed.channels.base import AccountRecord, Answer, Sent
from heed.channels.email.tests.sample import ACCOUNT as MAILBOX
from heed.channels.email.tests.sample import body
from heed.channels.models import Account
from heed.inbox import ledger, outbox, verbs
from heed.inbox.models import Message, Ticket
from heed.inbox.verbs.automatic import send_automatic
from heed.lib import clock
from heed.lib.http import Steps
from heed.web.story import Said
from heed.widget import mail as widget_mail
from heed.widget.jobs import mail_unseen
from heed.widget.models import Visitor as Row
from heed.widget.tests.conftest import Visitor, answer, take_in
from heed.widget.tests.test_mail import LATER, left

__all__ = ["left"]

HERS = "lea@example.com"


@pytest.fixture
def box(account: Account) -> Account:
    made = Account(network="email", name="Acme", external_id="help@acme.example", state="connected")
    made.credentials = {**MAILBOX.credentials}
    made.save()
    return made


def mailed(left: Row, later: timedelta = LATER) -> mail.EmailMessage:
    with clock.moved(later):
        mail_unseen(left.pk)
    return mail.outbox[-1]


def reply(
    box: Account, to: mail.EmailMessage, text: str, *, sender: str = HERS, names: bool | str = True
) -> None:
    """Somebody answers that mail, and it comes into the mailbox. It `names` what it answers, or another."""
    sent = to.message()
    written = EmailMessage()
    written["From"], written["To"], written["Subject"] = sender, sent["Reply-To"], f"Re: {sent['Subject']}"
    written["Message-ID"] = f"<{len(text)}.{sender}>"
    if names:
        written["In-Reply-To"] = sent["Message-ID"] if names is True else f"<{names}>"
    quoted = "".join(f"> {line}\n" for line in to.body.splitlines())
    written.set_content(f"{text}\n\nOn 20 Nov 2026 at 10:00, Acme wrote:\n{quoted}")
    ledger.append(box.pk, [body(written.as_bytes())])
    take_in()


@pytest.mark.parametrize("plus", ["", "yes"])
def test_an_answer_to_the_mail_stands_in_the_chat(
    box: Account, lea: Visitor, left: Row, conversation: Ticket, ana: User, plus: str
) -> None:
    box.credentials = {**box.credentials, "plus": plus}
    box.save()
    take_in()
    verbs.mark_answered(conversation, ana)
    sent = mailed(left)
    assert "Answer this mail, or go on in the chat: https://shop.example/boots#heed-chat=" in sent.body
    assert ("help+t" in str(sent.message()["Reply-To"])) == bool(plus)
    reply(box, sent, "Hvala, počakam.", names=not plus)
    said = Message.objects.latest("pk")
    assert (said.ticket, said.identity, said.account) == (conversation, conversation.identity, box)
    assert said.text.endswith("Hvala, počakam.")
    conversation.refresh_from_db()
    assert (conversation.unanswered, Ticket.objects.count()) == (True, 1)
    assert (Said(said).kind, Said(said).another) == ("E-mail", "")
    assert said.text in lea.texts()
    answer(conversation, ana, "Danes pride.")  # and it goes on, there and by mail
    assert lea.texts()[-1] == "Danes pride."
    assert "Danes pride." in mailed(left, 2 * LATER).body


def test_somebody_else_who_answers_is_named_and_not_the_visitor(
    box: Account, lea: Visitor, left: Row, conversation: Ticket
) -> None:
    take_in()
    reply(box, mailed(left), "I am her brother.", sender="omar@mail.example")
    said = Message.objects.latest("pk")
    assert said.ticket == conversation
    assert Said(said).another == "omar@mail.example"
    assert "I am her brother." not in lea.texts()


def test_after_a_solved_talk_the_chat_decides(
    box: Account, account: Account, left: Row, conversation: Ticket, ana: User
) -> None:
    Account.objects.filter(pk=account.pk).update(after_solved="new")
    take_in()
    sent = mailed(left)
    verbs.set_status(conversation, ana, "solved")
    with clock.moved(2 * LATER):
        Ticket.objects.update(solved_at=clock.now() - timedelta(days=400))
        reply(box, sent, "Še nekaj.")
    said = Message.objects.latest("pk")
    assert said.ticket != conversation
    assert (said.ticket.account, said.ticket.identity) == (account, conversation.identity)


@pytest.mark.parametrize("wrong", ["other brand", "broken"])
def test_without_a_mailbox_of_the_brand_nobody_reads_answers(
    box: Account, account: Account, left: Row, wrong: str
) -> None:
    if wrong == "broken":
        Account.objects.filter(pk=box.pk).update(problem="sign_in_again", state="broken")
    else:
        Account.objects.filter(pk=account.pk).update(brand=Brand.objects.create(name="Acme Kids"))
    sent = mailed(left)
    assert "Replies to this mail are not read." in sent.body
    assert sent.message()["Reply-To"] is None


def test_a_forged_word_leads_nowhere(box: Account, left: Row, conversation: Ticket) -> None:
    sent = mailed(left)
    word = sent.message()["Message-ID"]
    sent.extra_headers["Message-ID"] = word.replace(f"t{conversation.pk}-", f"t{conversation.pk}-0")
    reply(box, sent, "Kdo sem?")
    assert Message.objects.latest("pk").ticket.account == box


def test_files_go_along_as_far_as_they_fit(
    left: Row, conversation: Ticket, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widget_mail, "MOST_ATTACHED", 20)
    files = [
        verbs.attach(ana, conversation, name, BytesIO(content)).pk
        for name, content in (("račun.txt", b"49 EUR"), ("film.txt", b"x" * 50))
    ]
    verbs.answer(conversation, ana, "Tukaj je.", "private", files=files)
    outbox.send_next(conversation.pk)
    sent = mailed(left)
    assert [(each[0], each[1]) for each in sent.attachments] == [("račun.txt", "49 EUR")]
    assert "(1 files, to be seen in the chat)" in sent.body


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """What is handed to the mailbox's server."""
    sent: list[Answer] = []

    def send(record: AccountRecord, answer: Answer) -> Steps[Sent]:
        yield from ()
        sent.append(answer)
        return Sent(f"{answer.key}@acme.example")

    monkeypatch.setattr("heed.channels.email.writing.send", send)
    return sent


def test_somebody_else_is_answered_by_mail_and_the_visitor_in_the_chat(
    box: Account, lea: Visitor, left: Row, conversation: Ticket, ana: User, letters: list[Answer]
) -> None:
    take_in()
    with clock.moved(LATER):
        reply(box, mailed(left), "Does it fit a brother, too?", sender="omar@mail.example")
    his = Message.objects.latest("pk")
    Message.objects.filter(pk=his.pk).update(at=clock.now())  # that mail has a date of its own
    made = answer(conversation, ana, "It does.")
    assert (made.account, made.identity, made.state) == (box, his.identity, "sent")
    (letter,) = letters
    assert (letter.person, letter.to and letter.to.external_id) == ("omar@mail.example", his.external_id)
    assert "It does." not in lea.texts()
    reply(box, mail.outbox[-1], "Great!", sender="omar@mail.example", names=made.external_id)
    assert Message.objects.latest("pk").ticket == conversation
    leas = conversation.messages.get(direction="in", text__startswith="Kje")
    chosen = verbs.answer(conversation, ana, "Lea, it left.", "private", to=leas.pk)
    outbox.send_next(conversation.pk)
    chosen.refresh_from_db()
    assert (chosen.account, chosen.identity) == (conversation.account, conversation.identity)
    assert lea.texts()[-1] == "Lea, it left."


@pytest.mark.parametrize("machine", [True, False])
def test_what_goes_from_the_chats_own_account_is_for_the_visitor(
    box: Account, left: Row, conversation: Ticket, ana: User, letters: list[Answer], machine: bool
) -> None:
    """Where a machine mailed, and where the chat's account was chosen."""
    take_in()
    reply(box, mailed(left), "I am her brother.", sender="omar@mail.example")
    his = Message.objects.latest("pk")
    Message.objects.filter(pk=his.pk).update(at=clock.now(), automatic=machine)
    account = None if machine else conversation.account
    made = verbs.answer(conversation, ana, "It left.", "private", account=account)
    assert (made.account, made.identity) == (conversation.account, conversation.identity)
    assert not letters


def test_heed_by_itself_answers_a_mail_by_mail(
    box: Account, left: Row, conversation: Ticket, letters: list[Answer]
) -> None:
    take_in()
    reply(box, mailed(left), "I am her brother.", sender="omar@mail.example")
    his = Message.objects.latest("pk")
    made = send_automatic(conversation, "We are away.", "private", origin="away", key=uuid4(), to=his)
    assert (made.account, made.identity) == (box, his.identity)


def test_where_the_mailbox_cannot_send_it_says_so(
    box: Account, left: Row, conversation: Ticket, ana: User
) -> None:
    take_in()
    reply(box, mailed(left), "I am her brother.", sender="omar@mail.example")
    his = Message.objects.latest("pk")
    Account.objects.filter(pk=box.pk).update(problem="sign_in_again", state="broken")
    with pytest.raises(verbs.CannotAnswer):
        verbs.answer(conversation, ana, "It does.", "private", to=his.pk)

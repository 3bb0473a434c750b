"""A mail of the chat leaves from the mailbox of the brand; what is answered to it comes into the ticket."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from uuid import uuid4

import orjson
import pytest
from django.core import mail

from heed.accounts.models import User
from heed.channels.email.tests.sample import ACCOUNT as MAILBOX
from heed.channels.email.tests.sample import body
from heed.channels.models import Account
from heed.inbox import ledger, outbox, verbs
from heed.inbox.models import Event, Message, Ticket
from heed.inbox.verbs.automatic import send_automatic
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response
from heed.web.story import Said
from heed.web.words import what_happened
from heed.widget import mail as widget_mail
from heed.widget.jobs import mail_unseen
from heed.widget.models import Letter
from heed.widget.models import Visitor as Row
from heed.widget.tests.conftest import Visitor, answer, react_to_everything, take_in
from heed.widget.tests.test_mail import LATER, left

__all__ = ["left"]

HERS = "lea@example.com"


class Servers:
    """The mail servers of the brand: what they were handed, and what lies with the sent mail."""

    def __init__(self) -> None:
        self.handed: list[Request] = []
        self.kept: list[bytes] = []
        self.says: Response | type[BaseException] = Response(250, {}, b"")

    def send(self, request: Request, *, limit: int = 0) -> Response:
        if request.url.startswith("smtp"):
            self.handed.append(request)
            if isinstance(self.says, type):
                raise self.says
            return self.says
        if request.method == "POST":
            self.kept.append(request.content or b"")
            return Response(200, {}, b"")
        id = str(request.params["value"]).encode()
        return Response(200, {}, orjson.dumps({"uids": [1] if id in b"".join(self.kept) else []}))

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(each, policy=default) for each in self.contents]

    @property
    def contents(self) -> list[bytes]:
        return [each.content or b"" for each in self.handed]


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    found = Servers()
    monkeypatch.setattr("heed.channels.sessions.client", lambda: found)
    return found


@pytest.fixture
def box(account: Account, servers: Servers) -> Account:
    made = Account(network="email", name="Acme", external_id="help@acme.example", state="connected")
    made.handle, made.credentials = "help@acme.example", {**MAILBOX.credentials}
    made.save()
    return made


def mailed(servers: Servers, left: Row, later: timedelta = LATER) -> EmailMessage:
    with clock.moved(later):
        mail_unseen(left.pk)
    return servers.mails[-1]


def said_in(sent: EmailMessage) -> str:
    part = sent.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def reply(
    box: Account,
    sent: EmailMessage,
    text: str,
    *,
    sender: str = HERS,
    names: bool | str = True,
    cc: str = "",
) -> None:
    """Somebody answers that mail, and it comes into the mailbox. It `names` what it answers, or another."""
    written = EmailMessage()
    written["From"], written["To"] = sender, sent["Reply-To"] or sent["From"]
    written["Subject"], written["Message-ID"] = f"Re: {sent['Subject']}", f"<{len(text)}.{sender}>"
    if cc:
        written["Cc"] = cc
    if names:
        written["In-Reply-To"] = sent["Message-ID"] if names is True else f"<{names}>"
    quoted = "".join(f"> {line}\n" for line in said_in(sent).splitlines())
    written.set_content(f"{text}\n\nOn 20 Nov 2026 at 10:00, Acme wrote:\n{quoted}")
    ledger.append(box.pk, [body(written.as_bytes())])
    take_in()


@pytest.mark.parametrize("plus", ["", "yes"])
def test_an_answer_to_the_mail_stands_in_the_chat(
    box: Account,
    servers: Servers,
    lea: Visitor,
    left: Row,
    conversation: Ticket,
    ana: User,
    plus: str,
) -> None:
    box.credentials = {**box.credentials, "plus": plus}
    box.save()
    take_in()
    verbs.mark_answered(conversation, ana)
    sent = mailed(servers, left)
    assert (sent["From"], sent["To"]) == ("Acme <help@acme.example>", HERS)
    assert sent["Subject"] == "Acme shop has answered you"
    assert "Answer this mail, or go on in the chat: https://shop.example/boots#heed-chat=" in said_in(sent)
    assert ("help+t" in str(sent["Reply-To"])) == bool(plus)
    assert not mail.outbox  # Heed's own server has no part in it
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
    following = mailed(servers, left, 2 * LATER)
    assert "Danes pride." in said_in(following)
    assert "Že na poti!" not in said_in(following)
    assert following["In-Reply-To"] == f"<{said.refs['message_id']}>"
    assert following["Subject"] == f"Re: {sent['Subject']}"
    for each in servers.kept:  # with the sent mail they lie, and are no messages of their own
        ledger.append(box.pk, [body(each, box="sent")])
    count = Message.objects.count()
    take_in()
    assert (len(servers.kept), Message.objects.count()) == (2, count)
    told = [what_happened(each) for each in Event.objects.filter(ticket=conversation, kind="answer_mailed")]
    assert told == [f"The answer was mailed to <bdi>{HERS}</bdi>, from <bdi>help@acme.example</bdi>"] * 2


def test_who_answers_it_has_seen_what_it_brought(
    box: Account, servers: Servers, lea: Visitor, left: Row, conversation: Ticket
) -> None:
    take_in()
    reply(box, mailed(servers, left), "Hvala!")
    assert lea.read()["unread"] == 1
    react_to_everything()
    take_in()
    assert lea.read()["unread"] == 0
    assert conversation.messages.get(direction="out").state == "seen"


def test_an_answer_says_that_a_mail_left_of_which_nobody_could(
    box: Account, servers: Servers, lea: Visitor, left: Row, conversation: Ticket, ana: User
) -> None:
    """The line broke at the last moment, and the server keeps no sent mail."""
    take_in()
    servers.says = AnswerLost
    sent = mailed(servers, left)
    mailed(servers, left, 2 * LATER)
    assert Letter.objects.get().state == "unknown"
    reply(box, sent, "Hvala!")
    react_to_everything()
    take_in()
    assert (Letter.objects.get().state, lea.read()["unread"]) == ("sent", 0)
    told = what_happened(Event.objects.filter(kind="answer_mailed").latest("pk"))
    assert "was mailed to" in told
    servers.says = Response(250, {}, b"")
    answer(conversation, ana, "Danes pride.")
    assert "Že na poti!" not in said_in(mailed(servers, left, 3 * LATER))


def test_nobody_in_copy_gets_the_chat(
    box: Account, servers: Servers, left: Row, conversation: Ticket, ana: User
) -> None:
    take_in()
    reply(box, mailed(servers, left), "Hvala!", cc="omar@mail.example")
    answer(conversation, ana, "Danes pride.")
    mailed(servers, left, 2 * LATER)
    params = servers.handed[-1].params
    assert (params["to"], params["also"]) == ([HERS], [])


def test_our_own_mail_in_our_own_mailbox_is_no_news(box: Account, servers: Servers, left: Row) -> None:
    sent = mailed(servers, left)
    count = Message.objects.count()
    ledger.append(box.pk, [body(sent.as_bytes())])
    take_in()
    assert Message.objects.count() == count


def test_somebody_else_who_answers_is_named_and_not_the_visitor(
    box: Account, servers: Servers, lea: Visitor, left: Row, conversation: Ticket
) -> None:
    take_in()
    reply(box, mailed(servers, left), "I am her brother.", sender="omar@mail.example")
    said = Message.objects.latest("pk")
    assert said.ticket == conversation
    assert Said(said).another == "omar@mail.example"
    assert "I am her brother." not in lea.texts()


def test_after_a_solved_talk_the_chat_decides(
    box: Account, servers: Servers, account: Account, left: Row, conversation: Ticket, ana: User
) -> None:
    Account.objects.filter(pk=account.pk).update(after_solved="new")
    take_in()
    sent = mailed(servers, left)
    verbs.set_status(conversation, ana, "solved")
    with clock.moved(2 * LATER):
        Ticket.objects.update(solved_at=clock.now() - timedelta(days=400))
        reply(box, sent, "Še nekaj.")
    said = Message.objects.latest("pk")
    assert said.ticket != conversation
    assert (said.ticket.account, said.ticket.identity) == (account, conversation.identity)


def test_a_forged_word_leads_nowhere(box: Account, servers: Servers, left: Row, conversation: Ticket) -> None:
    sent = mailed(servers, left)
    word = str(sent["Message-ID"])
    del sent["Message-ID"]
    sent["Message-ID"] = word.replace(f"t{conversation.pk}-", f"t{conversation.pk}-0")
    reply(box, sent, "Kdo sem?")
    assert Message.objects.latest("pk").ticket.account == box


@pytest.mark.parametrize("by_mailbox", [True, False])
def test_files_go_along_as_far_as_they_fit(
    box: Account,
    servers: Servers,
    left: Row,
    conversation: Ticket,
    ana: User,
    monkeypatch: pytest.MonkeyPatch,
    by_mailbox: bool,
) -> None:
    monkeypatch.setattr(widget_mail, "MOST_ATTACHED", 20)
    files = [
        verbs.attach(ana, conversation, name, BytesIO(content)).pk
        for name, content in (("račun.txt", b"49 EUR"), ("film.txt", b"x" * 50))
    ]
    verbs.answer(conversation, ana, "Tukaj je.", "private", files=files)
    outbox.send_next(conversation.pk)
    if not by_mailbox:
        box.delete()
    with clock.moved(LATER):
        mail_unseen(left.pk)
    content = servers.contents[0] if by_mailbox else mail.outbox[0].message().as_bytes()
    sent = message_from_bytes(content, policy=default)
    found = [(each.get_filename(), each.get_content()) for each in sent.iter_attachments()]
    assert found == [("račun.txt", "49 EUR")]
    assert "(1 files, to be seen in the chat)" in said_in(sent)


def test_somebody_else_is_answered_by_mail_and_the_visitor_in_the_chat(
    box: Account, servers: Servers, lea: Visitor, left: Row, conversation: Ticket, ana: User
) -> None:
    take_in()
    sent = mailed(servers, left)
    with clock.moved(LATER):
        reply(box, sent, "Does it fit a brother, too?", sender="omar@mail.example")
    his = Message.objects.latest("pk")
    Message.objects.filter(pk=his.pk).update(at=clock.now())  # that mail has a date of its own
    made = answer(conversation, ana, "It does.")
    assert (made.account, made.identity, made.state) == (box, his.identity, "sent")
    letter = servers.mails[-1]
    assert (letter["To"], letter["In-Reply-To"]) == ("omar@mail.example", f"<{his.external_id}>")
    assert "It does." not in lea.texts()
    reply(box, sent, "Great!", sender="omar@mail.example", names=made.external_id)
    assert Message.objects.latest("pk").ticket == conversation
    leas = conversation.messages.get(direction="in", text__startswith="Kje")
    chosen = verbs.answer(conversation, ana, "Lea, it left.", "private", to=leas.pk)
    outbox.send_next(conversation.pk)
    chosen.refresh_from_db()
    assert (chosen.account, chosen.identity) == (conversation.account, conversation.identity)
    assert lea.texts()[-1] == "Lea, it left."


@pytest.mark.parametrize("machine", [True, False])
def test_what_goes_from_the_chats_own_account_is_for_the_visitor(
    box: Account,
    servers: Servers,
    left: Row,
    conversation: Ticket,
    ana: User,
    machine: bool,
) -> None:
    """Where a machine mailed, and where the chat's account was chosen."""
    take_in()
    reply(box, mailed(servers, left), "I am her brother.", sender="omar@mail.example")
    his = Message.objects.latest("pk")
    Message.objects.filter(pk=his.pk).update(at=clock.now(), automatic=machine)
    account = None if machine else conversation.account
    made = verbs.answer(conversation, ana, "It left.", "private", account=account)
    assert (made.account, made.identity) == (conversation.account, conversation.identity)
    assert len(servers.handed) == 1


def test_heed_by_itself_answers_a_mail_by_mail(
    box: Account, servers: Servers, left: Row, conversation: Ticket
) -> None:
    take_in()
    reply(box, mailed(servers, left), "I am her brother.", sender="omar@mail.example")
    his = Message.objects.latest("pk")
    made = send_automatic(conversation, "We are away.", "private", origin="away", key=uuid4(), to=his)
    assert (made.account, made.identity) == (box, his.identity)


def test_where_the_mailbox_cannot_send_it_says_so(
    box: Account, servers: Servers, left: Row, conversation: Ticket, ana: User
) -> None:
    take_in()
    reply(box, mailed(servers, left), "I am her brother.", sender="omar@mail.example")
    his = Message.objects.latest("pk")
    Account.objects.filter(pk=box.pk).update(problem="sign_in_again", state="broken")
    with pytest.raises(verbs.CannotAnswer):
        verbs.answer(conversation, ana, "It does.", "private", to=his.pk)

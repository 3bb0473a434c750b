"""The way of a mail to a visitor out: from the mailbox of the brand, else through Heed's own server.

Its row is written right before it is handed over, so one that a killed worker left behind may have gone out.
The mailbox is asked then; what nobody can say is not sent again. The answer stands in the chat all the same,
and goes along in the mail of the next one.
"""

from __future__ import annotations

import logging
from email.parser import BytesHeaderParser
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models.functions import Greatest

from heed.channels.base import (
    AccountRecord,
    Answer,
    CannotTell,
    Finding,
    NotThere,
    Reason,
    Refusal,
    Sent,
    Target,
)
from heed.channels.models import Account
from heed.channels.sessions import with_session
from heed.inbox import events
from heed.inbox.models import Message
from heed.inbox.outbox import WAITS, pause
from heed.inbox.way_back import word_of
from heed.lib import clock
from heed.lib.http import AddressRefused, AnswerLost, Request, Steps, TooLarge, Unreachable, watched
from heed.widget.mail import Mail, home_of, mail_of
from heed.widget.models import Letter, Visitor

log = logging.getLogger("heed.widget")

State = Letter.State

_OF_A_TALK = ("subject", "message_id", "references")
"""What a mail needs to stand beneath another one. Who else reads that one gets no copy of the chat."""


_OF_THE_MAILBOX: tuple[Reason, ...] = ("sign_in_again", "account_blocked", "not_configured", "wrong_server")
"""Why it takes no mail at all: another way may be open by then."""


class NotNow(Exception):
    """It has not left, and may later: after so many seconds at least."""

    def __init__(self, detail: str, after: float = 0) -> None:
        super().__init__(detail)
        self.after = after


class TakenOver(Exception):
    """Another worker sends it: leave it alone."""


def send(visitor: Visitor, unseen: list[Message], box: Account | None) -> None:
    """Mail the visitor these answers, from the mailbox or, without one, through Heed's own server. Raises
    `NotNow`."""
    mail, newest = mail_of(visitor, unseen, box), max(each.pk for each in unseen)
    word = word_of(home_of(unseen[-1]), box.pk) if box is not None else ""
    letter = Letter(visitor=visitor, box=box, to=visitor.email, key=uuid4(), word=word, newest=newest)
    try:
        id = _from_mailbox(letter, box, mail) if box is not None else _by_ourselves(letter, mail)
    except TakenOver:
        log.warning("the mail to visitor %s was taken over by another worker", visitor.pk)
    except Refusal as refusal:
        if box is not None and refusal.whole_account:
            pause(box, refusal.after)
        _refused(letter, refusal)
    except (Unreachable, AddressRefused) as error:
        _has_not_left(letter)
        raise NotNow(str(error)) from error
    except (AnswerLost, TooLarge) as error:
        _note_problem(visitor, str(error))
        raise NotNow(str(error)) from error  # what is under way is asked for first
    else:
        has_left(letter, id)


def under_way(visitor: Visitor) -> Letter | None:
    """The mail to this visitor of which it is not known whether it has left."""
    found = visitor.letters.select_related("box", "visitor").filter(state=State.LEAVING)
    return found.order_by("id").first()


def was_tried(visitor: Visitor, newest: int) -> bool:
    """Whether this message was in a mail, wherever that ended."""
    return visitor.letters.filter(newest__gte=newest).exists()


def forget_refused(visitor: Visitor) -> None:
    """What was refused at an address they have corrected since may be mailed to the new one."""
    visitor.letters.filter(state=State.REFUSED).exclude(to=visitor.email).delete()


def give_up(visitor: Visitor, unseen: list[Message], box: Account | None) -> None:
    """Say in the ticket that it could not be mailed. The mail of the next answer brings it along."""
    newest = max(each.pk for each in unseen)
    _is_refused(Letter(visitor=visitor, box=box, to=visitor.email, key=uuid4(), newest=newest))


def ask(letter: Letter, attempt: int) -> float | None:
    """Ask the mailbox what became of a mail. After how many seconds to ask again; None once it is decided."""
    match _finding(letter, attempt):
        case Sent(external_id=id):
            has_left(letter, id)
        case NotThere():
            _has_not_left(letter)
        case CannotTell(ask_again=None):
            _is_unknown(letter)
        case CannotTell(ask_again=seconds):
            return seconds
    return None


def _finding(letter: Letter, attempt: int) -> Finding:
    box = letter.box
    if box is None:
        return CannotTell()
    asked = Answer(
        key=str(letter.key),
        visibility="private",
        text="",
        person=letter.to,
        to=None,
        created=letter.at,
        started=letter.at,
        way_back=letter.word,
        subject=letter.word,  # any will do: only its id is looked for
    )
    try:
        return with_session(box, lambda record: box.adapter.find(record, asked))
    except (Unreachable, AddressRefused, AnswerLost, TooLarge, Refusal) as error:
        log.info("what became of the mail to visitor %s: %s", letter.visitor_id, error)
        return CannotTell(float(WAITS[attempt - 1]) if attempt <= len(WAITS) else None)


# ------------------------------------------------------------------------------------ handed over


def _from_mailbox(letter: Letter, box: Account, mail: Mail) -> str:
    """Raises what `Network.send` raises, and `TakenOver`."""
    answer = Answer(
        key=str(letter.key),
        visibility="private",
        text=mail.text,
        person=letter.to,
        to=_answered(letter.visitor, box),
        files=mail.files,
        automatic=mail.automatic,
        way_back=letter.word,
        subject=mail.subject,
    )

    def leaves(request: Request) -> None:  # an answer to it names its id, be it unknown whether it left
        letter.mail_id = _id_in(request)
        _is_leaving(letter)

    def steps(record: AccountRecord) -> Steps[Sent]:
        return watched(box.adapter.send(record, answer), leaves)

    sent = with_session(box, steps)
    Account.objects.filter(pk=box.pk).update(last_sent_at=clock.now())
    return sent.external_id


def _id_in(request: Request) -> str:
    headers = (request.content or b"").partition(b"\r\n\r\n")[0]
    id = str(BytesHeaderParser().parsebytes(headers).get("Message-ID", ""))
    return id.strip().removeprefix("<").removesuffix(">")[:500]


def _by_ourselves(letter: Letter, mail: Mail) -> str:
    """Through Heed's own server, which cannot be asked afterwards. Raises as from a mailbox."""
    headers = {"Auto-Submitted": "auto-replied"} if mail.automatic else {}
    made = EmailMessage(mail.subject, mail.text, to=[letter.to], headers=headers)
    for each in mail.files:
        made.attach(each.name, each.content, each.mime)
    line = get_connection()
    try:
        line.open()
    except OSError as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error
    try:
        _is_leaving(letter)
        line.send_messages([made])
    except (SMTPResponseException, SMTPRecipientsRefused) as error:
        raise Refusal("network_down", retry=True, detail=f"{type(error).__name__}: {error}") from error
    except OSError as error:
        raise AnswerLost(f"{type(error).__name__}: {error}") from error
    finally:
        line.close()
    return ""


def _answered(visitor: Visitor, box: Account) -> Target | None:
    """The last mail of the visitor in this mailbox: what is mailed now stands beneath it."""
    theirs = Message.objects.filter(
        account=box,
        direction="in",
        identity__account=visitor.account_id,
        identity__external_id=visitor.visitor,
    )
    row = theirs.order_by("-at", "-id").first()
    if row is None:
        return None
    refs = {name: row.refs[name] for name in _OF_A_TALK if name in row.refs}
    return Target(row.external_id, "private", "message", "", refs, at=row.at)


# --------------------------------------------------------------------------------------- outcomes


def _is_leaving(letter: Letter) -> None:
    """From now on it may arrive. Raises `TakenOver` where another worker was first."""
    facts = {**_facts(letter), "mail_id": letter.mail_id}
    found, _made = Letter.objects.get_or_create(visitor=letter.visitor, newest=letter.newest, defaults=facts)
    if found.key != letter.key:
        raise TakenOver


@transaction.atomic
def has_left(letter: Letter, id: str) -> None:
    """It went out under this Message-ID, as its mailbox or an answer to it says."""
    same = Letter.objects.filter(key=letter.key)
    if same.exclude(state=State.SENT).update(state=State.SENT, mail_id=id[:500]):
        _tell(letter, State.SENT)
    told = Visitor.objects.filter(pk__in=same.values("visitor"))  # they may have signed in meanwhile
    told.update(mailed=Greatest("mailed", letter.newest), mail_problem="")


@transaction.atomic
def _is_unknown(letter: Letter) -> None:
    if Letter.objects.filter(pk=letter.pk, state=State.LEAVING).update(state=State.UNKNOWN):
        _tell(letter, State.UNKNOWN)


def _has_not_left(letter: Letter) -> None:
    Letter.objects.filter(key=letter.key).delete()


def _refused(letter: Letter, refusal: Refusal) -> None:
    """Try again where that may help. Raises `NotNow`."""
    detail = f"{refusal.code} {refusal.detail}".strip() or refusal.reason
    if refusal.retry or refusal.reason in _OF_THE_MAILBOX:
        _has_not_left(letter)
        raise NotNow(detail, refusal.after or 0) from refusal
    _note_problem(letter.visitor, detail)
    _is_refused(letter)


@transaction.atomic
def _is_refused(letter: Letter) -> None:
    facts = {**_facts(letter), "state": State.REFUSED}
    Letter.objects.update_or_create(visitor=letter.visitor, newest=letter.newest, defaults=facts)
    _tell(letter, State.REFUSED)


def _facts(letter: Letter) -> dict[str, Any]:
    return {"key": letter.key, "box": letter.box, "to": letter.to, "word": letter.word}


def _tell(letter: Letter, outcome: str) -> None:
    """Say in the ticket what became of the mail."""
    row = Message.objects.filter(pk=letter.newest).select_related("ticket").first()
    if row is not None:
        box = letter.box
        sender = (box.handle or box.external_id) if box is not None else settings.DEFAULT_FROM_EMAIL
        to, told = letter.to, str(outcome)
        events.record("answer_mailed", ticket=row.ticket, message=row, to=to, sender=sender, outcome=told)


def _note_problem(visitor: Visitor, problem: str) -> None:
    Visitor.objects.filter(pk=visitor.pk).update(mail_problem=problem[:200])

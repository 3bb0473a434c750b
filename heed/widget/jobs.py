"""What the worker does for the chat."""

from __future__ import annotations

import logging
from datetime import timedelta

from procrastinate.contrib.django import app

from heed.channels.mailboxes import is_awaited, mailbox_of
from heed.channels.models import Account
from heed.inbox import files
from heed.inbox.models import Message
from heed.lib import clock
from heed.lib.jobs import defer_once
from heed.lib.letters import can_mail
from heed.widget import posting, reach
from heed.widget.models import Spending, Upload, Visitor
from heed.widget.tokens import Who

log = logging.getLogger("heed.widget")

AWAY = timedelta(minutes=5)
"""How long a visitor must be away, and an answer unseen, before it is mailed."""

_MOST_TRIES = 6
_A_DAY = timedelta(days=1)
_A_WEEK = timedelta(days=7)
_UNTIL_IT_WORKS = timedelta(hours=1)


@app.task(queue="mail")
def mail_unseen(visitor: int, attempt: int = 1) -> None:
    """Mail what the visitor has not seen, once; come again later while they are here."""
    row = Visitor.objects.select_related("account").filter(pk=visitor).exclude(email="").first()
    if row is None or not _is_settled(row, attempt):
        return
    unseen = [each for each in reach.unseen(Who(row.account_id, row.visitor)) if each.pk > row.mailed]
    posting.forget_refused(row)
    if not unseen or posting.was_tried(row, max(each.pk for each in unseen)):
        return
    young = clock.now() - unseen[-1].at < _A_DAY  # older ones may go along
    wait = AWAY - (clock.now() - max(row.here_at, unseen[-1].at))
    if wait > timedelta():
        if young:
            mail_later(row.pk, wait)
        return
    box = mailbox_of(row.account)
    if box is None and not can_mail():
        if is_awaited(row.account):
            _wait_for_mailbox(row, unseen, young=young)
        return
    rest = box.paused_until - clock.now() if box is not None and box.paused_until else timedelta()
    if rest > timedelta():
        mail_later(row.pk, rest, attempt)
        return
    _mail(row, unseen, box, attempt)


def mail_later(visitor: int, wait: timedelta = AWAY, attempt: int = 1) -> None:
    """Look in a while whether the visitor has seen our answers. A new job at each `attempt`: the same one
    again would clash with one that waits under its lock."""
    seconds = int(wait.total_seconds()) + 1
    lock = f"widget_mail:{visitor}"
    defer_once(mail_unseen, lock, seconds, alone=True, visitor=visitor, attempt=attempt)


def _is_settled(row: Visitor, attempt: int) -> bool:
    """Whether it is known what became of the mail before; else it is asked for again later."""
    before = posting.under_way(row)
    again = posting.ask(before, attempt) if before is not None else None
    if again is not None:
        mail_later(row.pk, timedelta(seconds=again), attempt + 1)
        return False
    row.refresh_from_db()
    return True


def _mail(row: Visitor, unseen: list[Message], box: Account | None, attempt: int) -> None:
    """Send it. What was not taken counts as not mailed and is tried again, and so is what broke off before it
    left; what may have left is asked for first."""
    try:
        posting.send(row, unseen, box)
    except Exception as error:
        _again(row, error, attempt)
        if attempt >= _MOST_TRIES and posting.under_way(row) is None:
            posting.give_up(row, unseen, box)
        if not isinstance(error, posting.NotNow):
            raise


def _wait_for_mailbox(row: Visitor, unseen: list[Message], *, young: bool) -> None:
    if young:
        mail_later(row.pk, _UNTIL_IT_WORKS)
    else:
        posting.give_up(row, unseen, None)


def _again(row: Visitor, error: Exception, attempt: int) -> None:
    problem = str(error) if isinstance(error, posting.NotNow) else f"{type(error).__name__}: {error}"
    Visitor.objects.filter(pk=row.pk).update(mail_problem=problem[:200])
    if attempt < _MOST_TRIES or posting.under_way(row) is not None:
        after = error.after if isinstance(error, posting.NotNow) else 0
        mail_later(row.pk, timedelta(seconds=max(after, 5 ** min(attempt, _MOST_TRIES))), attempt + 1)
    log.warning("an answer could not be mailed to visitor %s: %s", row.pk, error)


@app.task(queue="tidy", queueing_lock="forget_uploads")
def forget_uploads(timestamp: int) -> None:
    """Files whose message never came go after a day, and so does what was counted of their senders."""
    now = clock.now()
    for row in Upload.objects.filter(used=False, created_at__lt=now - _A_DAY)[:1000]:
        row.delete()
        files.forget(row.path)
    Upload.objects.filter(used=True, created_at__lt=now - _A_WEEK).delete()
    Spending.objects.filter(since__lt=now - _A_DAY).delete()

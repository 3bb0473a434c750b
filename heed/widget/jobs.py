"""What the worker does for the chat."""

from __future__ import annotations

import logging
from datetime import timedelta

from procrastinate.contrib.django import app

from heed.inbox import files
from heed.inbox.models import Message
from heed.lib import clock
from heed.lib.jobs import defer_once
from heed.lib.letters import can_mail
from heed.widget import reach
from heed.widget.mail import mail_of
from heed.widget.models import Spending, Upload, Visitor
from heed.widget.tokens import Who

log = logging.getLogger("heed.widget")

AWAY = timedelta(minutes=5)
"""How long a visitor must be away, and an answer unseen, before it is mailed."""

_MOST_TRIES = 6
_A_DAY = timedelta(days=1)
_A_WEEK = timedelta(days=7)


@app.task(queue="mail")
def mail_unseen(visitor: int, attempt: int = 1) -> None:
    """Mail what the visitor has not seen, once; come again later while they are here."""
    row = Visitor.objects.select_related("account").filter(pk=visitor).exclude(email="").first()
    if row is None or not can_mail():
        return
    unseen = [each for each in reach.unseen(Who(row.account_id, row.visitor)) if each.pk > row.mailed]
    if not unseen:
        return
    now = clock.now()
    wait = AWAY - (now - max(row.here_at, unseen[-1].at))
    if wait > timedelta():
        if now - unseen[0].at < _A_DAY:
            mail_later(row.pk, wait)
        return
    try:
        _mail(row, unseen)
    except Exception:
        if attempt < _MOST_TRIES:
            mail_later(row.pk, timedelta(seconds=5**attempt), attempt + 1)
        raise


def mail_later(visitor: int, wait: timedelta = AWAY, attempt: int = 1) -> None:
    """Look in a while whether the visitor has seen our answers. A new job at each `attempt`: the same one
    again would clash with one that waits under its lock."""
    seconds = int(wait.total_seconds()) + 1
    lock = f"widget_mail:{visitor}"
    defer_once(mail_unseen, lock, seconds, alone=True, visitor=visitor, attempt=attempt)


def _mail(row: Visitor, unseen: list[Message]) -> None:
    """Send it. What the mail server did not take counts as not mailed and is tried again; so does what a
    killed worker did not write down: rather twice than never."""
    try:
        mail_of(row, row.account, unseen).send()
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"[:200]
        Visitor.objects.filter(pk=row.pk).update(mail_problem=problem)
        log.warning("an answer could not be mailed to visitor %s: %s", row.pk, type(error).__name__)
        raise
    newest = max(each.pk for each in unseen)
    Visitor.objects.filter(pk=row.pk).update(mailed=newest, mail_problem="")


@app.task(queue="tidy", queueing_lock="forget_uploads")
def forget_uploads(timestamp: int) -> None:
    """Files whose message never came go after a day, and so does what was counted of their senders."""
    now = clock.now()
    for row in Upload.objects.filter(used=False, created_at__lt=now - _A_DAY)[:1000]:
        row.delete()
        files.forget(row.path)
    Upload.objects.filter(used=True, created_at__lt=now - _A_WEEK).delete()
    Spending.objects.filter(since__lt=now - _A_DAY).delete()

"""What the chat does when something happened in the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from heed.inbox.models import Attachment, Event
from heed.lib.text import whole
from heed.widget.jobs import mail_later
from heed.widget.limits import Refused
from heed.widget.models import Letter, Upload, Visitor
from heed.widget.posting import has_left
from heed.widget.reach import NETWORK
from heed.widget.tokens import NotYours, Who, claimed_upload
from heed.widget.verbs import report

_PREFIX = "media:upload:"


def take_uploads_in(events: Sequence[Event]) -> None:
    """Give a message the files that its visitor sent ahead. Runs before files are fetched."""
    messages = [event.message_id for event in events if event.account and event.account.network == NETWORK]
    waiting = Attachment.objects.filter(
        message__in=messages, state=Attachment.State.WAITING, url__startswith=_PREFIX
    )
    for row in waiting.select_related("message__identity"):
        upload = _upload_of(row)
        if upload is None:
            continue
        row.state, row.path = Attachment.State.KEPT, upload.path
        row.mime, row.size, row.name = upload.mime, upload.size, upload.name
        row.save(update_fields=["state", "path", "mime", "size", "name"])
        Upload.objects.filter(pk=upload.pk).update(used=True)


def mail_if_unseen(events: Sequence[Event]) -> None:
    """Look in a while whether a visitor who left an address has seen the answer."""
    for event in events:
        if event.account is None or event.account.network != NETWORK:
            continue
        message = event.message
        who = message.identity if message is not None and message.visibility == "private" else None
        if who is not None and who.account_id == event.account_id:
            visitor = Visitor.objects.filter(account=event.account, visitor=who.external_id)
            for row in visitor.exclude(email=""):
                mail_later(row.pk)


def see_what_was_mailed(events: Sequence[Event]) -> None:
    """Whoever answers a mail of the chat has seen what it brought: in the chat it is new no more. It has
    left, also where nobody could say so before."""
    for event in events:
        account = event.account
        if account is None or account.network != NETWORK:
            continue
        message = event.message
        if message is None or message.automatic or message.account_id == account.pk:
            continue
        who = message.identity
        if not message.parent or who is None:
            continue
        brought = Letter.objects.filter(box=message.account_id, mail_id=message.parent)
        theirs = brought.filter(visitor__account=who.account_id, visitor__visitor=who.external_id)
        for letter in theirs.select_related("box", "visitor__account"):
            has_left(letter, letter.mail_id)
            site = letter.visitor.account
            with suppress(Refused):
                report(site, Who(site.pk, who.external_id), "seen", letter.newest)


def _upload_of(row: Attachment) -> Upload | None:
    """The upload, if the chat wrote the message, which knew that its visitor sent the file. Messages from
    before claims were signed name the bare number: they must be the visitor's own, and the file new."""
    message, claim = row.message, row.url.removeprefix(_PREFIX)
    if message is None:
        return None
    uploads = Upload.objects.filter(account_id=message.account_id)
    try:
        return uploads.filter(pk=claimed_upload(claim)).first()
    except NotYours:
        number = whole(claim)
    if number is None or message.identity is None:
        return None
    return uploads.filter(pk=number, visitor=message.identity.external_id, used=False).first()

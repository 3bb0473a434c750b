"""What a visitor does. Whatever they say goes through the ledger, like the news of any network."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, BinaryIO, NamedTuple

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Greatest
from django.utils import translation
from django.utils.translation import gettext as _

from heed.channels.models import Account
from heed.inbox import files, ledger
from heed.lib import clock, live
from heed.lib.text import clean
from heed.widget import reach
from heed.widget.jobs import mail_later
from heed.widget.limits import Refused, let_begin, let_keep, spend
from heed.widget.look import is_own, look_of
from heed.widget.models import Upload, Visitor
from heed.widget.tokens import NAMELESS, NotYours, Who, claim_of, mail_of_code

MOST_TEXT = 8000
MOST_FILES = 5
FILE_BYTES = 10 * 1024 * 1024
TYPES = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "audio/*",
    "application/pdf",
    "text/plain",
    "application/zip",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.*",
    "application/vnd.openxmlformats-officedocument.*",
)
_HERE_AGAIN = timedelta(seconds=20)


class Place(NamedTuple):
    """Where a visitor writes: the page's address, its title and the language of the chat there."""

    page: str
    title: str
    language: str


def write(
    account: Account,
    who: Who,
    client: str,
    text: str,
    uploads: Iterable[int],
    place: Place,
    *,
    first: Who | None = None,
) -> None:
    """Take a message. Returns when it is in the ledger; the same `client` twice is one message, also where
    they wrote it as `first`, before they signed in. Raises `Refused`."""
    text = clean(text).strip()
    wanted = list(uploads)
    if len(text) > MOST_TEXT or len(wanted) > MOST_FILES or not (text or wanted):
        raise Refused(422, "text")
    visitor = _visitor(account, who)
    spend(visitor, 2)
    sent_ahead = {each.pk: each for each in _uploads(who).filter(pk__in=wanted)}
    if len(sent_ahead) != len(set(wanted)):
        raise Refused(422, "files")
    page = place.page if is_own(account, look_of(account), place.page) else ""
    Visitor.objects.filter(pk=visitor.pk).update(
        here_at=clock.now(), page=page or visitor.page, language=place.language or visitor.language
    )
    event = {
        "type": "message",
        "id": f"{(first or who).id}:{client}",
        "at": _now(),
        "person": {
            "id": who.id,
            "name": who.name,
            "email": who.email or visitor.email,
            "language": place.language,
        },
        "text": text,
        "page": page,
        "attachments": [_attachment(sent_ahead[pk]) for pk in dict.fromkeys(wanted)],
    }
    _tell(account, event, *_named_after_page(who, visitor, place))


def upload(account: Account, who: Who, name: str, file: BinaryIO) -> Upload:
    """Keep a file for the message that will come. Raises `Refused`."""
    visitor = Visitor.objects.filter(account=account, visitor=who.id).first()
    spend(visitor or _visitor(account, who), 6)
    try:
        kept = files.keep(file)
    except files.TooLarge as error:
        raise Refused(413, "large") from error
    refusal = "large" if kept.size > FILE_BYTES else "" if files.matches(kept.mime, TYPES) else "kind"
    if refusal or not kept.size:
        files.forget(kept.path)
        raise Refused(413 if refusal == "large" else 415, refusal or "kind")
    try:
        let_keep(account, kept.size)
    except Refused:
        files.forget(kept.path)
        raise
    return Upload.objects.create(
        account=account,
        visitor=who.id,
        path=kept.path,
        name=clean(name).strip()[:255] or "file",
        mime=kept.mime,
        size=kept.size,
    )


def report(account: Account, who: Who, state: str, number: int) -> None:
    """The visitor's browser has our messages up to this one, or the visitor has seen them."""
    message = reach.message(who, number)
    identity = reach.identity(who)
    if message is None or identity is None or message.direction != "out":
        raise Refused(404, "message")
    until = identity.seen_until if state == "seen" else identity.delivered_until
    if until is not None and until >= message.at:
        return
    spend(_visitor(account, who), 1)
    _tell(account, {"type": state, "at": message.at.isoformat(), "person": who.id})


def leave_email(account: Account, who: Who, email: str) -> None:
    """The visitor says where to mail the answer; one that could not be mailed to another address, too. Raises
    `Refused`."""
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError as error:
        raise Refused(422, "email") from error
    visitor = _visitor(account, who)
    spend(visitor, 6)
    Visitor.objects.filter(pk=visitor.pk).update(email=email[:254])
    _tell(account, {"type": "person", "person": {"id": who.id, "email": email[:254]}})
    if visitor.email != email[:254]:
        mail_later(visitor.pk)


def recognise(account: Account, who: Who, previous: Who) -> None:
    """A nameless visitor signed in: their conversation goes on under their name."""
    row = Visitor.objects.filter(account=account, visitor=previous.id).first()
    if row is None:
        return
    with transaction.atomic():
        known = _visitor(account, who)
        if row.email and not known.email:
            Visitor.objects.filter(pk=known.pk).update(email=row.email)
        _uploads(previous).update(visitor=who.id)
        row.letters.update(visitor=known)
        Visitor.objects.filter(pk=known.pk).update(mailed=Greatest("mailed", row.mailed))
        row.delete()
        person = {"id": who.id, "name": who.name, "email": who.email}
        _tell(account, {"type": "identified", "at": _now(), "previous": previous.id, "person": person})


def come_back(account: Account, code: str) -> Who:
    """Use up the link of a mail; gives back whose conversation it opens. Raises `NotYours`."""
    row, mail = returning(account, code)
    if not Visitor.objects.filter(pk=row.pk, returned__lt=mail).update(returned=mail):
        raise NotYours
    return Who(account.pk, row.visitor)


def returning(account: Account, code: str) -> tuple[Visitor, int]:
    """The visitor a mail was for, and its number; whether it was used already is not asked. Raises
    `NotYours`."""
    pk, mail = mail_of_code(code)
    row = Visitor.objects.filter(pk=pk, account=account, visitor__startswith=NAMELESS).first()
    if row is None:
        raise NotYours
    return row, mail


def type_along(account: Account, who: Who) -> None:
    """The visitor is typing: agents who have their ticket open see it. Nothing is kept of it."""
    row = Visitor.objects.filter(account=account, visitor=who.id).first()
    if row is None:
        return
    spend(row, 1)
    ticket = reach.ticket(who)
    if ticket is not None:
        live.tell([f"writing:{ticket.pk}"])


def come_by(who: Who) -> None:
    """The visitor's page is open now."""
    now = clock.now()
    Visitor.objects.filter(account_id=who.account, visitor=who.id, here_at__lt=now - _HERE_AGAIN).update(
        here_at=now
    )


def has_written(who: Who) -> bool:
    """Whether the visitor ever sent anything."""
    return Visitor.objects.filter(account_id=who.account, visitor=who.id).exists()


def _visitor(account: Account, who: Who) -> Visitor:
    """The visitor's row, made with their first message."""
    found = Visitor.objects.filter(account=account, visitor=who.id).first()
    if found is not None:
        return found
    if not who.known:
        let_begin(account)
    return Visitor.objects.get_or_create(account=account, visitor=who.id, defaults={"email": who.email})[0]


def _uploads(who: Who) -> Any:
    return Upload.objects.filter(account_id=who.account, visitor=who.id)


def _named_after_page(who: Who, visitor: Visitor, place: Place) -> list[dict[str, Any]]:
    """Someone nameless is called after the page where they wrote first."""
    if who.known or visitor.language or visitor.page:
        return []
    with translation.override(settings.LANGUAGE_CODE):
        name = " · ".join(filter(None, [_("Visitor"), clean(place.title).strip()]))
    return [{"type": "person", "person": {"id": who.id, "name": name}}]


def _attachment(row: Upload) -> dict[str, Any]:
    """An upload whose owner is known to write the message."""
    return {"url": f"media:upload:{claim_of(row.pk)}", "name": row.name, "mime": row.mime, "size": row.size}


def _tell(account: Account, *events: dict[str, Any]) -> None:
    with transaction.atomic():
        ledger.append(account.pk, [orjson.dumps({"events": events})])


def _now() -> str:
    return clock.now().isoformat()

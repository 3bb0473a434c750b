"""One way to answer, open or closed, and what closes it whatever the window."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from heed.channels.base import ChoiceForm, Files, Late, Limit, Reason, Template, Writing
from heed.channels.models import Account
from heed.channels.reasons import UNTIL_A_PERSON_ACTS, Words
from heed.inbox.models import Message, Ticket
from heed.lib.rows import Joined

Text = str | Promise

NOT_HERE = _("This network has no such reply.")
CLOSED = _("The customer last wrote too long ago; the network no longer lets us write freely.")
WAIT_OR_PUBLIC = _("Wait until the customer writes again, or answer publicly.")
PUBLIC_ONLY = _("Answer publicly instead.")
NO_PUBLIC_ADDRESS = _("This network fetches files from Heed, which needs a public address for that.")


@dataclass(frozen=True)
class Way:
    """One way to answer. When it is not allowed, `sentence` says why, `way_out` what helps and `reason`
    the same in the networks' shared words. `late` is the way that is still open after the window;
    `templates` are what may be sent at any time; `sends_left` counts down until the customer writes
    again; `no_files` says why no file can go along although the network takes some; `choices` are the
    forms in which short answers can be offered under a text; `comment` is what this would be the one
    private reply to."""

    allowed: bool
    here: bool = True
    sentence: Text = ""
    way_out: Text = ""
    reason: Reason | None = None
    limits: tuple[Limit, ...] = ()
    files: Files | None = None
    no_files: Text = ""
    closes_at: datetime | None = None
    sends_left: int | None = None
    late: Late | None = None
    templates: tuple[Template, ...] = ()
    quote: bool = False
    choices: tuple[ChoiceForm, ...] = ()
    comment: Message | None = None


NOWHERE = Way(False, here=False, sentence=NOT_HERE, reason="not_allowed")


def closed(words: Words, reason: Reason) -> Way:
    """A way that is closed, in words for people and as a reason for machines."""
    return Way(False, sentence=words.sentence, way_out=words.way_out, reason=reason)


def open_way(ticket: Ticket, writing: Writing, closes_at: datetime | None = None) -> Way:
    """A way that is open now, with what may go along."""
    templates = templates_of(ticket.account) if writing.templates else ()
    way = Way(True, limits=writing.limits, files=writing.files, closes_at=closes_at, templates=templates)
    if writing.files is not None and writing.files.fetched and not _can_fetch(ticket.account):
        return replace(way, files=None, no_files=NO_PUBLIC_ADDRESS)
    return way


def _can_fetch(account: Account) -> bool:
    """Whether the account's network can reach the address under which Heed offers files."""
    return _is_public(settings.HEED_PUBLIC_URL) or not _is_public(account.base_url)


def _is_public(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost", ".test", ".example"))


def broken_by(account: Account) -> Reason | None:
    """Why nothing can be sent from this account at all, if so."""
    return next((each for each in UNTIL_A_PERSON_ACTS if each == account.problem), None)


def templates_of(account: Account) -> tuple[Template, ...]:
    kept = ({**each, "names": tuple(each.get("names", ()))} for each in account.templates)
    return tuple(Template(**each) for each in kept)


def names_of(account: Account, name: str, language: str) -> tuple[str, ...]:
    """What the network calls the blanks of this template, where it does not number them."""
    known = (each.names for each in templates_of(account) if (each.name, each.language) == (name, language))
    return next(known, ())


def last_inbound(ticket: Ticket, visibility: str) -> Message | None:
    """The customer's newest message that is still there."""
    found = _SAID.first(
        "WHERE inbox_message.ticket_id = %s AND direction = 'in' AND visibility = %s AND removed_at IS NULL"
        " ORDER BY at DESC, inbox_message.external_id DESC",
        [ticket.pk, visibility],
    )
    if found is not None:
        found.ticket = ticket
    return found


_SAID = Joined(Message, "identity")

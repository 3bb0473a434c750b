"""A ticket's thread as the page tells it: days, messages, what happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from heed.accounts.models import User
from heed.channels.base import QUOTED
from heed.inbox import outgoing as addressed
from heed.inbox import possible_actions, reach, wordless
from heed.inbox.fetch import STORIES_LAST
from heed.inbox.files import SHOWN
from heed.inbox.models import Attachment, Event, Message, Revision, Ticket
from heed.lib import clock
from heed.web import words
from heed.web.names import as_read

_FAVOURITES = ("👍", "❤️", "😊", "😂", "😮", "😢", "🙏", "🎉")
"""Offered where the network takes any emoji."""

_IN_PLACE = {"image": "image", "sticker": "image", "video": "video", "audio": "audio"}


def receivers_of(ticket: Ticket, answered: Message | None) -> tuple[str, ...]:
    """To whom a private answer goes, as it is read here."""
    return tuple(map(as_read, addressed.receivers(ticket, answered)))


@dataclass(frozen=True, slots=True)
class Day:
    """The first thing of a new day follows."""

    at: date
    part = "inbox/_day.html"


@dataclass(frozen=True)
class Happened:
    event: Event
    undo: str = ""
    """Where it is taken back, while it can be."""
    part = "inbox/_event.html"

    @property
    def sentence(self) -> SafeString:
        return words.what_happened(self.event)


@dataclass(frozen=True, slots=True)
class Quoted:
    """The post or message that a message quotes. `author` and `words` are empty while they are not known."""

    author: str
    words: str
    link: str
    removed: bool


@dataclass(frozen=True)
class Said:
    """A message or note, with what its bubble shows."""

    message: Message
    files: list[Attachment] = field(default_factory=list)
    earlier: list[Revision] = field(default_factory=list)
    likes: int = 0
    quote: str = ""
    """What it answers, where that is not simply the message before."""
    quoted: Quoted | None = None

    @property
    def part(self) -> str:
        return "inbox/_note.html" if self.message.visibility == "note" else "inbox/_message.html"

    @property
    def anchor(self) -> str:
        """The element's id: what is sent from here has one before the server gave it a number."""
        return f"m-{self.message.send_key}" if self.message.send_key else f"m{self.message.pk}"

    @property
    def ours(self) -> bool:
        return self.message.direction == "out"

    @property
    def from_another(self) -> bool:
        """Another account of ours said it than the one that was written to."""
        return (
            self.ours and bool(self.message.pk) and self.message.account_id != self.message.ticket.account_id
        )

    @property
    def another(self) -> str:
        """Who wrote it, or gets it, where that is somebody else than the customer of the ticket."""
        who = self.message.identity
        if who is None or who.pk == self.message.ticket.identity_id:
            return ""
        name = words.name_of(who)
        return f"{name} ({who.handle})" if who.handle not in ("", name) else name

    @cached_property
    def receivers(self) -> tuple[str, ...]:
        """To whom a private answer to this goes, where it goes to addresses or to somebody else than the
        customer of the ticket."""
        message = self.message
        if not self.can_be_answered or message.visibility != "private":
            return ()
        return receivers_of(message.ticket, message)

    @property
    def kind(self) -> str:
        if not self.ours and self.message.account_id != self.message.ticket.account_id:
            return str(self.message.account.adapter.label)  # it came by another way than the others
        return words.kind_of_message(self.message)

    @property
    def state(self) -> Promise | None:
        return words.STATES.get(self.message.state) if self.ours else None

    @property
    def held(self) -> bool:
        """It waits some seconds for second thoughts before it leaves."""
        until = self.message.try_at
        return self.message.state == Message.State.QUEUED and until is not None and until > clock.now()

    @property
    def wordless(self) -> str:
        """What stands in its place where a customer's message has neither words nor files."""
        if self.ours or self.message.text or self.files:
            return ""
        return wordless.as_read(wordless.BY_KIND.get(self.message.kind, ""))

    @property
    def story_is_over(self) -> bool:
        """Stories last a day: what it shows of one can be seen no more."""
        return any(file.kind == "story" for file in self.files) and (
            self.message.at + STORIES_LAST <= clock.now()
        )

    @property
    def undecided(self) -> bool:
        return self.message.state == Message.State.UNKNOWN

    @property
    def failed(self) -> bool:
        return self.message.state == Message.State.FAILED

    @cached_property
    def actions(self) -> list[dict[str, Any]]:
        return self._listed(possible_actions.actions(self.message))

    def actions_of(self, user: User) -> list[dict[str, Any]]:
        """The same for this person: what another account of ours said is not everybody's to change."""
        if not self.from_another:
            return self.actions
        return self._listed(possible_actions.actions(self.message, user))

    def _listed(self, acts: list[possible_actions.Act]) -> list[dict[str, Any]]:
        return [
            {
                "name": act.action,
                "url": address_of_act(self.message.pk, act.action),
                "word": words.ACTIONS[act.action],
                "may": act.allowed,
                "why": act.sentence,
                "choices": _FAVOURITES if act.choices == ("*",) else act.choices,
            }
            for act in acts
        ]

    @property
    def original(self) -> str:
        """Where it stands on the network; what has no address of its own stands under its post."""
        post = self.message.ticket.post if self.message.visibility == "public" else None
        return _web_address(self.message.permalink or (post.permalink if post is not None else ""))

    @property
    def can_be_quoted(self) -> bool:
        return self._is_quotable and self.message.account.able.quote

    @property
    def why_no_quote(self) -> str:
        """Why it cannot be quoted, where people expect that it can."""
        able = self.message.account.able
        return str(able.why_no_quote) if self._is_quotable and not able.quote else ""

    @property
    def _is_quotable(self) -> bool:
        message = self.message
        return message.visibility == "public" and bool(message.external_id) and message.removed_at is None

    @property
    def can_be_answered(self) -> bool:
        return not self.ours and self.message.removed_at is None

    @property
    def can_be_answered_privately(self) -> bool:
        """Its author can be written to privately, for this public message or as at any time."""
        message, able = self.message, self.message.account.able
        if not self.can_be_answered or message.visibility != "public" or able.private is None:
            return False
        if able.private_reply:
            return not able.private_reply_to or message.kind in able.private_reply_to
        return able.private.window is None


def address_of_act(message: int | str, action: str) -> str:
    """Where an action is asked for."""
    return _address_of_acts().format(message, action)


@cache
def _address_of_acts() -> str:
    """A thread has hundreds of them, and looking each up takes longer than its words."""
    return reverse("act", args=[0, "-"]).replace("/0/", "/{}/").replace("/-/", "/{}/")


def address_of_split(message: int | str) -> str:
    """Where a message is made a ticket of its own."""
    return _address_of_splits().format(message)


@cache
def _address_of_splits() -> str:
    return reverse("split", args=[0]).replace("/0/", "/{}/")


@dataclass(frozen=True)
class Told:
    """A part of a ticket's story in order of time, with a line where a new day begins. It starts with
    such a line. `start` is where it starts, as a cursor, when there is something before it."""

    ticket: Ticket
    rows: list[Day | Happened | Said]
    start: str
    last_comment: Message | None
    """The customer's newest public message in it that is still there."""

    @property
    def has_post(self) -> bool:
        """The customer wrote the post itself, and it stands in it as their message."""
        said = (row.message.external_id for row in self.rows if isinstance(row, Said))
        return self.ticket.post is not None and self.ticket.post.external_id in said

    @property
    def newest(self) -> int:
        """The number of the newest message in it, by which a sender says what they have seen."""
        return max((row.message.pk for row in self.rows if isinstance(row, Said)), default=0)


def told(user: User, ticket: Ticket, *, since: str = "") -> Told:
    """The end of a ticket's story as one person sees it; with a cursor, all since then."""
    part = reach.story(ticket, since=since)
    return Told(ticket, [*_with_days(user, ticket, part.items)], part.start, _last_comment(part.items))


def told_before(user: User, ticket: Ticket, before: str) -> Told:
    """What came before a cursor. It ends with the line of the day on which what is shown goes on, for
    that line gives way to this part."""
    part = reach.story(ticket, before=before)
    rows = [*_with_days(user, ticket, part.items)]
    days = [row.at for row in rows if isinstance(row, Day)]
    goes_on = timezone.localtime(reach.moment_of(before)).date()
    if days[-1:] != [goes_on]:
        rows.append(Day(goes_on))
    return Told(ticket, rows, part.start, None)


def _last_comment(rows: list[Message | Event]) -> Message | None:
    comments = (
        row
        for row in reversed(rows)
        if isinstance(row, Message)
        and (row.direction, row.visibility, row.removed_at) == ("in", "public", None)
    )
    return next(comments, None)


def said(message: Message, before: Message | None = None) -> Said:
    """One message as the page shows it; `before` is the customer's last one."""
    quoted = _quoted(message)
    return Said(
        message,
        files=[
            file for file in message.attachments.all() if not quoted or file.url != _address_quoted(message)
        ],
        earlier=message.said_before,
        likes=getattr(message, "like_count", 0),
        quote="" if quoted else _quote(message, before),
        quoted=quoted,
    )


def outgoing(user: User) -> Said:
    """The empty bubble that the page fills at once when something is sent."""
    return Said(Message(direction="out", author=user, text=" ", state=Message.State.SENDING))


def words_of(file: Attachment) -> str:
    """What stands for something that is no file, in the reader's words where the network has only a word of
    its own for it. A place has its name and where it is."""
    if file.kind == "location" and not file.url:
        return ", ".join(filter(None, (file.name, file.text))) or file.kind
    said = file.name or file.text if file.url else file.text or file.name
    return str(_WIRE_WORDS.get(said, said)) or file.kind


_WIRE_WORDS: dict[str, Promise] = {
    "story": _("Story"),
    "ephemeral": _("Something that could be seen only once"),
    "unsupported": _("Something the network does not pass on"),
    "unsupported_type": _("Something the network does not pass on"),
}
"""What adapters put for want of a title: the networks' names of kinds."""


def in_place(file: Attachment) -> str:
    """How a kept file is shown: image, video, audio, or as a link to download ("")."""
    return _IN_PLACE.get(file.mime.split("/")[0], "") if file.mime in SHOWN else ""


def _undoing(user: User, ticket: Ticket, rows: list[Message | Event]) -> dict[int, str]:
    """Where this person takes back the merges, splits and joinings among what happened, by the event's id."""
    found = {}
    for kind, records, other, fact, address in _UNDONE:
        told = [row for row in rows if isinstance(row, Event) and row.kind == kind]
        stands = list(records(ticket)) if told else []
        theirs = reach.taken_back_by(user, stands) if stands else frozenset()
        standing = {getattr(record, other): record for record in stands if record.pk in theirs}
        for event in told:
            record = standing.get(event.facts.get(fact, 0))
            if record is not None and record.at <= event.at:  # not of an earlier one that was taken back
                found[event.pk] = reverse(address, args=[ticket.number, record.pk])
    return found


_UNDONE: tuple[tuple[str, Callable[[Ticket], Iterable[Any]], str, str, str], ...] = (
    ("merged", reach.merges, "ticket_id", "number", "unmerge"),
    ("split", reach.splits, "ticket_id", "number", "unsplit"),
    ("joined", reach.joinings, "gone_id", "gone", "part"),
)
"""What is taken back: the kind of event, the records that stand, how the two name who came, the address."""


def _with_days(user: User, ticket: Ticket, rows: list[Message | Event]) -> Iterator[Day | Happened | Said]:
    undo = _undoing(user, ticket, rows)
    last: date | None = None
    before: Message | None = None
    for row in rows:
        if isinstance(row, Message) and row.state == Message.State.FAILED and row.removed_at:
            continue  # dismissed by a person
        day = timezone.localtime(row.at).date()
        if last is None or day > last:  # what came with an answer stays with it, be that past midnight
            yield Day(day)
            last = day
        if isinstance(row, Event):
            yield Happened(row, undo.get(row.pk, ""))
            continue
        yield said(row, before)
        before = row if row.direction == "in" else before


def _quoted(message: Message) -> Quoted | None:
    """The card of what it quotes, in public or as a post passed on."""
    told = message.quoted or (message.answers if message.manner.get("quote") else None)
    address = _web_address(_address_quoted(message))
    if isinstance(told, Message):
        ours = told.direction == "out" or told.identity is None
        author = message.account.name if ours else words.name_of(told.identity)  # type: ignore[arg-type]
        link = _web_address(told.permalink) or address
        return Quoted(author, told.text, link, told.removed_at is not None)
    if told is not None:
        ours = told.author_external_id == message.account.external_id
        author = told.author_name or (message.account.name if ours else "")
        return Quoted(author, told.text, _web_address(told.permalink) or address, told.removed)
    return Quoted("", "", address, False) if address else None


def _address_quoted(message: Message) -> str:
    return str(message.refs.get(QUOTED, {}).get("url") or "")


def _web_address(link: str) -> str:
    return link if link.startswith(("https://", "http://")) else ""


def _quote(message: Message, before: Message | None) -> str:
    if message.direction == "in" or message.answers is None:
        return ""
    return "" if message.answers == before else message.answers.text

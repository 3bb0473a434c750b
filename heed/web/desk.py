"""What the ticket's pane shows: its head, its story, the ways to answer, the customer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from heed.accounts import reach as people
from heed.accounts.models import User
from heed.accounts.rights import Permission
from heed.channels import reach as channels
from heed.channels.base import ChoiceForm, Files, Limit
from heed.channels.models import Account
from heed.inbox import possible, reach
from heed.inbox.looking import looked_at
from heed.inbox.models import Draft, Message, Ticket
from heed.inbox.possible import Text, Way
from heed.web import deeds, story, words

_NOTE = Way(True)


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to write, and what has been begun there."""

    name: str
    title: Promise
    way: Way
    draft: Draft | None
    selected: bool
    types: bool = False
    """Whether the customer can be shown that somebody types."""
    receivers: tuple[str, ...] | None = None
    """Of a private way: the addresses an answer goes to, and those that get copies, where there are any."""
    link: str = ""
    """Of a public way: an address that leads the customer to a private talk."""

    @property
    def facts(self) -> str:
        """What the composer's script needs to refuse before the network would."""
        return orjson.dumps(
            {
                "allowed": self.way.allowed,
                "sentence": _sentence(self.way.sentence, self.way.way_out),
                "limits": [_limit(limit) for limit in self.way.limits],
                "files": _files(self.way.files),
                "closes": self.way.closes_at.isoformat() if self.way.closes_at else None,
                "late": str(self.way.late.note) if self.way.late else "",
                "sends": self.way.sends_left,
                "no_files": str(self.way.no_files),
                "typing": self.types,
                "receivers": self.receivers,
                "link": self.link,
                "templates": [asdict(template) for template in self.way.templates],
                "choices": [_form(form) for form in self.way.choices],
                "draft": self.draft.text if self.draft else "",
                "offered": self.draft.choices if self.draft else {},
                "failed": _failure(self.draft),
            }
        ).decode()


@dataclass(frozen=True, slots=True)
class Begun:
    """What somebody has begun to write and does not find in the composer."""

    draft: Draft
    title: Promise
    fits: bool
    """Whether they may go on with it in the ticket that is open."""

    @property
    def offered(self) -> str:
        return orjson.dumps(self.draft.choices).decode()


def facts(user: User, ticket: Ticket, since: str = "") -> dict[str, Any]:
    """The context of the ticket's pane for one person; `since` is where the story on their page starts."""
    looked_at(user, ticket.pk)
    told = story.told(user, ticket, since=since)
    may = allowed(user, ticket)
    answered = _answered(ticket, told.last_comment)
    begun = reach.begun(user, ticket)
    here = {each.visibility: each for each in begun if each.ticket_id == ticket.pk}
    ways = tabs(ticket, answered, may, here)
    return {
        "ticket": ticket,
        "user": user,
        "status": words.STATUSES[ticket.status],
        "statuses": words.STATUSES,
        "kind": words.kind_of(ticket),
        "priority": deeds.PRIORITIES[ticket.priority],
        "priorities": deeds.PRIORITIES,
        "teams": people.teams(),
        "filled": reach.filled(ticket, reach.fields(user)),
        "may": may,
        "may_tend": "tend" in may,
        "may_block": "block" in may,
        "colleagues": people.colleagues(),
        "told": told,
        "newest": told.newest,
        "tabs": ways,
        "foot": _foot(ticket, ways),
        "begun": _begun(ticket, ways, begun),
        "sender": possible.leaves_from(ticket, answered),
        "outgoing": story.outgoing(user),
        "senders": senders(user, ticket),
        "draft_files": reach.draft_files(user, ticket),
        "goes_on": _goes_on(ticket),
        "identities": reach.identities(user, ticket),
        "earlier": [(other, words.STATUSES[other.status]) for other in reach.earlier(user, ticket)],
    }


def senders(user: User, ticket: Ticket) -> list[tuple[Account, Text]]:
    """The other accounts on the ticket's network, each with why it cannot answer publicly, "" if it can.
    Nothing where no other could be meant."""
    if ticket.kind != Ticket.Kind.PUBLIC or not user.rights.may("answer"):
        return []
    where = reach.sight(user, "answer")
    others = [each for each in channels.accounts() if each.network == ticket.account.network]
    return [
        (each, possible.not_from(ticket, each))
        for each in others
        if each.pk != ticket.account_id and where.holds_on(each.pk)
    ]


def _goes_on(ticket: Ticket) -> str:
    """Of a merged ticket: where it is answered now."""
    if ticket.merged_into_id is None:
        return ""
    return _("This ticket was merged: it goes on in #%(number)d.") % {"number": ticket.merged_into_id}


def _foot(ticket: Ticket, ways: list[Tab]) -> str:
    """What the pane ends with: the way to where a merged ticket goes on, the composer, or neither."""
    if ticket.merged_into_id is not None:
        return f"merged-{ticket.merged_into_id}"
    return "write" if ways else "read"


def _begun(ticket: Ticket, ways: list[Tab], drafts: list[Draft]) -> list[Begun]:
    """What this person has begun that the composer does not hold: in tickets that went on in this one, or
    here, where they can write no more."""
    names = set() if ticket.merged_into_id is not None else {way.name for way in ways}
    return [
        Begun(each, words.TABS[each.visibility], each.visibility in names)
        for each in drafts
        if each.ticket_id != ticket.pk or each.visibility not in names
    ]


_ASKED: tuple[Permission, ...] = ("answer", "note", "tend", "moderate", "block")


def allowed(user: User, ticket: Ticket) -> frozenset[Permission]:
    """What this person may do with this ticket: the page offers nothing else."""
    return frozenset(each for each in _ASKED if _may(user, each, ticket))


def _may(user: User, permission: Permission, ticket: Ticket) -> bool:
    return user.rights.may(permission) and reach.sight(user, permission).takes_in(ticket)


def _answered(ticket: Ticket, last_comment: Message | None) -> Message | None:
    """What an answer refers to where nothing else is chosen."""
    return last_comment if ticket.kind == Ticket.Kind.PUBLIC else possible.answered_newest(ticket, "private")


def tabs(
    ticket: Ticket, answered: Message | None, may: frozenset[Permission], drafts: dict[str, Draft]
) -> list[Tab]:
    """The ways in which a person with these rights may write on this ticket, each with what they have begun:
    those its network has, and the note."""
    if not may & {"answer", "note"}:
        return []
    ways = possible.possible(ticket, answered)
    offered = {"public": ways.public, "private": ways.private} if "answer" in may else {}
    if "note" in may:
        offered["note"] = _NOTE
    chosen = _chosen(ticket, offered, drafts)
    types = "typing" in ticket.account.able.on_private
    account = ticket.account
    answers = account.able.private is not None  # who is led to a private talk must get an answer there
    link = account.adapter.private_link(account.external_id, account.handle) if answers else ""
    return [
        Tab(
            name,
            words.TABS[name],
            way,
            drafts.get(name),
            name == chosen,
            types=name == "private" and types,
            receivers=story.receivers_of(ticket, answered) if ticket.kind == name == "private" else None,
            link=link if name == "public" else "",
        )
        for name, way in offered.items()
        if way.here
    ]


def _chosen(ticket: Ticket, ways: dict[str, Way], drafts: dict[str, Draft]) -> str:
    """Where one goes on writing: the newest draft, else the ticket's own way, else one that works."""
    begun = sorted((drafts[name] for name in drafts if name in ways), key=lambda draft: draft.updated_at)
    if begun:
        return begun[-1].visibility
    kind = str(ticket.kind)
    order = [kind, "private" if kind == "public" else "public", "note"]
    return next(
        (name for name in order if name in ways and (ways[name].allowed or ways[name].templates)),
        next(iter(ways)),
    )


def _failure(draft: Draft | None) -> str:
    """Why the answer that came back as this draft was not sent."""
    if draft is None or draft.failed is None or draft.failed.words is None:
        return ""
    return _sentence(draft.failed.words.sentence, draft.failed.words.way_out)


def _sentence(*parts: Text) -> str:
    return " ".join(str(part) for part in parts if part)


def _form(form: ChoiceForm) -> dict[str, Any]:
    limits = {"title": form.title, "detail": form.detail, "opener": form.opener, "text": form.text}
    return {"most": form.most, **{name: _limit(limit) for name, limit in limits.items() if limit}}


def _limit(limit: Limit) -> tuple[str, int]:
    return limit.unit, limit.most


def _files(files: Files | None) -> dict[str, Any] | None:
    if files is None:
        return None
    return {
        "types": list(files.types),
        "most": dict(files.most_bytes),
        "count": files.count,
        "with_text": files.with_text,
    }

"""A ticket as it was, from what its events tell."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from heed.inbox.models import Event, Message, Ticket
from heed.lib import clock
from heed.routing.told_elsewhere import BLOCKS, tells_group

_SORTED_BY: dict[str, tuple[str, Any]] = {
    "assignee_id": ("assigned", None),
    "team_id": ("team_changed", None),
    "priority": ("priority_changed", Ticket.Priority.NORMAL),
    "language": ("language_told", ""),
    "tags": ("tags_changed", []),
}
"""What a ticket is sorted by, the kind of event that changes it, and what it is at first."""
_COURSE = ("status", "solved_at", "unanswered", "waiting_since", "snoozed_until")
_MOMENTS = ("solved_at", "waiting_since", "snoozed_until")
_REPLIES = ("first_reply", "next_reply")
_BEFORE_RULES = ("ticket_opened", "team_changed", "language_told", "target_set")


class AsItWas:
    """A ticket that is walked through its events, from its beginning on."""

    def __init__(self, ticket: Ticket, events: list[Event], source: Ticket | None = None) -> None:
        """`source` is the ticket it was split off, as that was then."""
        then = self.then = copy.copy(ticket)
        kinds = [each.kind for each in events]
        for column, (kind, first) in _SORTED_BY.items():
            if kind in kinds:
                setattr(then, column, getattr(source, column) if source and column != "tags" else first)
        then.status, then.solved_at, then.snoozed_until = Ticket.Status.NEW, None, None
        if source is not None or kinds[:1] == ["answered_outside"]:
            then.status = Ticket.Status.OPEN
        then.unanswered = kinds[:1] not in (["message_received"], ["answered_outside"])
        then.waiting_since = ticket.opened_at if then.unanswered else None
        marks = [kind for kind in kinds if kind in ("marked_spam", "not_spam")]
        then.spam = marks[0] == "not_spam" if marks else ticket.spam
        told = {each.facts.get("field") for each in events if each.kind == "field_changed"}
        then.fields = {key: value for key, value in ticket.fields.items() if key not in told}
        blocks = [kind for kind in kinds if kind in BLOCKS]
        if blocks:
            self._block(blocks[0] == "unblocked")
        regrouped = [each for each in events if tells_group(each, ticket)]
        groups = [*(str(each.facts["group_before"]) for each in regrouped), ticket.customer.group]
        self._groups = {each.pk: group for each, group in zip(regrouped, groups[1:], strict=True)}
        self._group(groups[0])
        then.last_at, then.merged_into_id = ticket.opened_at, None
        then.due_at, then.due_for = None, ""
        self._inside: set[int] = set()
        self._dues: dict[str, datetime | None] = {}
        self._before_mark: dict[str, datetime | None] = {}
        self._before_status: tuple[dict[str, datetime | None], datetime | None] = {}, None
        self._answered_until: datetime | None = None
        self._before_spam: tuple[dict[str, Any], dict[str, datetime | None]] | None = None
        self._wrote_in_spam: datetime | None = None

    def taken(self) -> tuple[Ticket, frozenset[int]]:
        """How it stands now, and which tickets were merged into it."""
        return copy.copy(self.then), frozenset(self._inside)

    def as_rules_saw_it(self, event: Event, after: Iterable[Event]) -> tuple[Ticket, frozenset[int]]:
        """How it stood when rules looked at an event: what follows a message by itself comes before them."""
        if event.kind not in ("message_received", "ticket_opened"):
            return self.taken()
        soon = copy.copy(self)
        soon.then, soon._dues = copy.copy(self.then), dict(self._dues)
        for each in after:
            if each.kind not in _BEFORE_RULES or each.actor_id or each.facts.get("rules"):
                break
            soon.apply(each)
        return soon.taken()

    def apply(self, event: Event) -> None:
        """Let happen to the ticket what the event tells."""
        then, facts = self.then, event.facts
        if event.pk in self._groups:
            self._group(self._groups[event.pk])
        match event.kind:
            case "message_received":
                self._received(event.at, event.message)
            case "ticket_reopened":
                then.status, then.solved_at = Ticket.Status.OPEN, None
            case "answer_queued":
                then.last_at = event.at
                if then.status == Ticket.Status.NEW and not facts.get("origin"):
                    then.status = Ticket.Status.OPEN
            case "answer_sent":
                if event.message is None or not (event.message.origin or event.message.automatic):
                    self._no_longer_due(_REPLIES)
            case "answered_outside":
                then.last_at = max(then.last_at, event.at)
                self._answered_until = max(self._answered_until or event.at, event.at)
                self._answered()
            case "answered_marked":
                self._before_mark = dict(self._dues)
                self._answered()
            case "unanswered_marked":
                since = facts.get("waiting_since") or facts.get("since")  # as it was told once
                then.unanswered, then.waiting_since = True, _moment(since) or event.at
                if "mark" in facts or "undone" in facts:
                    self._due_again(self._before_mark)
            case "status_changed":
                self._course(event.at, str(facts.get("status") or then.status), undone="undone" in facts)
            case "target_set":
                self._dues[str(facts.get("target"))] = _moment(facts.get("due"))
                self._show_due()
            case _:
                self._put_away(event, facts)

    def _course(self, at: datetime, status: str, *, undone: bool) -> None:
        then, solved = self.then, status == Ticket.Status.SOLVED
        then.status = status
        if undone:
            dues, then.solved_at = self._before_status
            self._due_again(dues)
            return
        self._before_status = dict(self._dues), then.solved_at
        then.solved_at = at if solved else None
        if solved:
            self._no_longer_due([*self._dues])

    def _received(self, at: datetime, message: Message | None) -> None:
        then = self.then
        then.last_at = max(then.last_at, at)
        asks = message is None or not (message.automatic or message.kind == "standby")
        if not asks or then.identity.blocked or (self._answered_until and at <= self._answered_until):
            return
        if then.spam:
            self._wrote_in_spam = min(self._wrote_in_spam or at, at)
            return
        self._waits(at)

    def _waits(self, at: datetime) -> None:
        then = self.then
        then.unanswered, then.waiting_since = True, min(then.waiting_since or at, at)
        if then.status == Ticket.Status.SOLVED or then.snoozed_until is not None:
            then.status = Ticket.Status.OPEN
        then.snoozed_until = then.solved_at = None

    def _answered(self) -> None:
        self.then.unanswered, self.then.waiting_since = False, None
        self._no_longer_due(_REPLIES)

    def _block(self, blocked: bool) -> None:
        self.then.identity = copy.copy(self.then.identity)
        self.then.identity.blocked = blocked

    def _group(self, group: str) -> None:
        self.then.customer = copy.copy(self.then.customer)
        self.then.customer.group = group

    def _put_away(self, event: Event, facts: dict[str, Any]) -> None:
        then = self.then
        for name, value in facts.get("stands", {}).items():  # what taking another in, or out, made of it
            setattr(then, name, _moment(value) if name in _MOMENTS else value)
        match event.kind:
            case "snoozed":
                then.snoozed_until = _moment(facts.get("until"))
            case "woke":
                then.snoozed_until = None
                then.status = then.status if "undone" in facts else Ticket.Status.OPEN
            case "marked_spam":
                self._before_spam = {name: getattr(then, name) for name in _COURSE}, dict(self._dues)
                self._wrote_in_spam = None
                then.spam, then.solved_at = True, then.solved_at or event.at
                then.status = Ticket.Status.SOLVED
                then.unanswered, then.waiting_since, then.snoozed_until = False, None, None
                self._no_longer_due([*self._dues])
            case "not_spam":
                self._no_spam()
            case "blocked" | "unblocked":
                self._block(event.kind == "blocked")
            case "merged":
                if facts.get("into"):
                    then.merged_into_id = int(facts["into"])
                    self._no_longer_due([*self._dues])
                else:
                    self._inside.add(int(facts.get("number") or 0))
            case "unmerged":
                if facts.get("into"):
                    then.merged_into_id = None
                else:
                    self._inside.discard(int(facts.get("number") or 0))
            case _:
                _sort(then, event.kind, facts)

    def _no_spam(self) -> None:
        """It is what it was; what the customer wrote meanwhile waits."""
        then = self.then
        then.spam, then.status, then.solved_at = False, Ticket.Status.NEW, None
        if self._before_spam is not None:
            course, dues = self._before_spam
            self._due_again(dues)  # what is due for a message that came meanwhile is told as of then
            for name, value in course.items():
                setattr(then, name, value)
        if self._wrote_in_spam is not None:
            self._waits(self._wrote_in_spam)

    def _no_longer_due(self, targets: Iterable[str]) -> None:
        for target in targets:
            self._dues.pop(target, None)
        self._show_due()

    def _due_again(self, dues: dict[str, datetime | None]) -> None:
        self._dues = dues | self._dues
        self._show_due()

    def _show_due(self) -> None:
        dues = [(due, target) for target, due in self._dues.items() if due is not None]
        self.then.due_at, self.then.due_for = min(dues) if dues else (None, "")


def at_the_split(source: Ticket, events: list[Event], number: int) -> Ticket:
    """A ticket as it was when another was split off it."""
    was = AsItWas(source, events)
    for event in events:
        if event.kind == "split" and event.facts.get("number") == number:
            break
        was.apply(event)
    return was.then


def _sort(then: Ticket, kind: str, facts: dict[str, Any]) -> None:
    match kind:
        case "assigned":
            then.assignee_id = facts.get("person")
        case "team_changed":
            then.team_id = facts.get("team")
        case "priority_changed":
            then.priority = int(facts.get("priority") or then.priority)
        case "tags_changed":
            tags = (set(then.tags) | set(facts.get("added", []))) - set(facts.get("removed", []))
            then.tags = sorted(tags)
        case "field_changed":
            fields = {**then.fields, str(facts.get("field")): facts.get("value")}
            then.fields = {key: value for key, value in fields.items() if value is not None}
        case "language_told":
            then.language = str(facts.get("language") or "")


def _moment(text: object) -> datetime | None:
    return clock.from_iso(str(text)) if text else None

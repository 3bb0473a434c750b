"""What a rule can do to a ticket: one table. Each action says what it needs, checks it, tells what it does,
does it, and knows whether it would change anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from heed.accounts.models import Team, User
from heed.inbox import notices, verbs
from heed.inbox.models import Message, Notice, Ticket
from heed.inbox.statements import among
from heed.inbox.verbs import together
from heed.inbox.verbs.automatic import leave_note, send_automatic
from heed.inbox.verbs.sorting import tag_name
from heed.inbox.verbs.together import Refused
from heed.lib import clock
from heed.lib.text import first_words
from heed.library import reach as library
from heed.routing import automatic, desk_hours
from heed.routing.models import RuleRun

Values = Mapping[str, Any]
Needs = Literal["person", "team", "tags", "priority", "status", "text", "quick_text", "url"]

LONGEST_TEXT = 4000
_TOO_LATE = timedelta(days=1)
"""What comes so late, after an outage, gets no answer of a rule that looks at what comes."""
_NAMES = UUID("5f3c0c1e-7b2d-4f1a-9b0e-6a4b8a9f2d10")

PRIORITIES: dict[int, Promise] = {
    1: gettext_lazy("Low"),
    2: gettext_lazy("Normal"),
    3: gettext_lazy("High"),
    4: gettext_lazy("Urgent"),
}
STATUSES: dict[str, Promise] = {
    Ticket.Status.OPEN: gettext_lazy("Open"),
    Ticket.Status.PENDING: gettext_lazy("Pending"),
    Ticket.Status.HOLD: gettext_lazy("On hold"),
    Ticket.Status.SOLVED: gettext_lazy("Solved"),
}


class BadAction(ValueError):
    """An action that cannot be kept. `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Failed(Exception):
    """The action could not be done to this ticket. `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a rule can do."""

    name: str
    title: Promise
    needs: tuple[Needs, ...]
    tell: Callable[[Values], str]
    do: Callable[[Ticket, Values, RuleRun, int], None]
    changes: Callable[[Ticket, Values], bool]
    told: bool = True
    """The ticket's story shows it by what it changes."""
    do_together: Callable[[Sequence[int], Values, Sequence[RuleRun], int], Refused] | None = None
    """Does it to many tickets at once, where that can be done; gives back those that refuse."""


def checked(given: Any) -> dict[str, Any]:
    """An action as it is kept. Raises `BadAction`."""
    action = ACTIONS.get(str(given.get("do", ""))) if isinstance(given, Mapping) else None
    if action is None:
        raise BadAction(_("Choose what the rule does."))
    kept: dict[str, Any] = {"do": action.name}
    for need in action.needs:
        kept[need] = _CHECKS[need](given.get(need))
    if action.name in ("notify_person", "notify_team"):
        kept["text"] = _short(given.get("text"))
    return kept


def tell(action: Values) -> str:
    """What an action does, in the reader's language: “give it to Ana Kovač”."""
    known = ACTIONS.get(str(action.get("do")))
    return known.tell(action) if known else _("something this version does not know")


def noted(action: Values) -> dict[str, Any]:
    """The action as what it did is noted: of an address only the host, the rest of it may be a secret."""
    return {**action, "url": host_of(action)} if "url" in action else dict(action)


def host_of(action: Values) -> str:
    """The host of the program that is called, with its port where the address has one."""
    host = str(action.get("url", ""))
    return host if "/" not in host else urlsplit(host).netloc.rpartition("@")[2]


def do(ticket: Ticket, action: Values, run: RuleRun, index: int) -> None:
    """Do it. Raises `Failed`, or what the verb raises."""
    known = ACTIONS.get(str(action.get("do")))
    if known is None:
        raise Failed(_("This version does not know what to do here."))
    known.do(ticket, action, run, index)


def do_together(runs: Sequence[RuleRun], action: Values, index: int) -> dict[int, Promise | str] | None:
    """Do it to the tickets of all these runs; returns what those say that refuse. None where each needs its
    own turn."""
    known = ACTIONS.get(str(action.get("do")))
    if known is None or known.do_together is None:
        return None
    try:
        refused = known.do_together([each.ticket_id for each in runs], action, runs, index)
    except (verbs.CannotTend, Failed) as none:
        return dict.fromkeys([each.ticket_id for each in runs], none.sentence)
    return {number: why.sentence for number, why in refused.items()}


def would_change(ticket: Ticket, action: Values) -> bool:
    known = ACTIONS.get(str(action.get("do")))
    return known is not None and known.changes(ticket, action)


# ----------------------------------------------------------------------------- checks


def _number(given: Any) -> int:
    try:
        return int(given)
    except (TypeError, ValueError):
        return 0


def _person_kept(given: Any) -> int:
    number = _number(given)
    if number and not User.objects.filter(pk=number, is_active=True).exists():
        raise BadAction(_("Choose a person."))
    return number


def _team_kept(given: Any) -> int:
    number = _number(given)
    if number and not Team.objects.filter(pk=number, archived=False).exists():
        raise BadAction(_("Choose a team."))
    return number


def _tags_kept(given: Any) -> list[str]:
    parts = given.split(",") if isinstance(given, str) else list(given or [])
    try:
        names = sorted({tag_name(str(each)) for each in parts if str(each).strip()})
    except verbs.CannotAct as bad:
        raise BadAction(str(bad.sentence)) from bad
    if not names:
        raise BadAction(_("Write at least one tag."))
    return names


def _priority_kept(given: Any) -> int:
    number = _number(given)
    if number not in PRIORITIES:
        raise BadAction(_("Choose a priority."))
    return number


def _status_kept(given: Any) -> str:
    if given not in STATUSES:
        raise BadAction(_("Choose a status."))
    return str(given)


def _text_kept(given: Any) -> str:
    text = str(given or "").strip()
    if not text:
        raise BadAction(_("Write the text."))
    if len(text) > LONGEST_TEXT:
        raise BadAction(_("The text is too long: %(most)d letters are the most.") % {"most": LONGEST_TEXT})
    return text


def _quick_text_kept(given: Any) -> str:
    name = str(given or "").strip()
    found = library.everybodys(name)
    if not found:
        raise BadAction(_("Choose a quick text."))
    unknown = {blank for each in found for blank in automatic.unknown_blanks(each.text)}
    if unknown:
        words = ", ".join(f"{{{each}}}" for each in sorted(unknown))
        raise BadAction(_("Nobody is there to fill in %(words)s of this quick text.") % {"words": words})
    return name


def _short(given: Any) -> str:
    return first_words(str(given or ""), 180)


def _url_kept(given: Any) -> str:
    url = str(given or "").strip()
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("https", "http") and bool(parts.hostname) and not parts.username
    except ValueError:
        usable = False
    if not usable or len(url) > 500:
        raise BadAction(_("Enter an address that begins with https://."))
    return url


_CHECKS: dict[Needs, Callable[[Any], Any]] = {
    "person": _person_kept,
    "team": _team_kept,
    "tags": _tags_kept,
    "priority": _priority_kept,
    "status": _status_kept,
    "text": _text_kept,
    "quick_text": _quick_text_kept,
    "url": _url_kept,
}


# ----------------------------------------------------------------------------- deeds


def _assign_person(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    verbs.assign(ticket, None, _person(values) if values["person"] else None)


def _assign_person_together(
    numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int
) -> Refused:
    return together.assign(numbers, _person(values) if values["person"] else None)


def _assign_team(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    verbs.give_to_team(ticket, None, _team(values) if values["team"] else None)


def _assign_team_together(
    numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int
) -> Refused:
    return together.give_to_team(numbers, _team(values) if values["team"] else None)


def _add_tags(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    verbs.tag(ticket, None, add=values["tags"])


def _remove_tags(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    verbs.tag(ticket, None, remove=values["tags"])


def _set_priority(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    verbs.set_priority(ticket, None, values["priority"])


def _set_status(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    verbs.set_status(ticket, None, values["status"])


def _note(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    leave_note(ticket, _words(ticket, values["text"]), origin="rule", key=uuid5(_NAMES, f"{run.pk}:{index}"))


def _answer(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    _say(ticket, values["text"], run, index)


def _answer_quick_text(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    text = library.in_language(values["quick_text"], ticket.language)
    if text is None:
        raise Failed(_("This quick text is no more."))
    if automatic.unknown_blanks(text.text):
        raise Failed(_("This quick text has blanks that only a person can fill in."))
    _say(ticket, text.text, run, index)


def _say(ticket: Ticket, text: str, run: RuleRun, index: int) -> None:
    """Answer the customer's newest message where they wrote it; each message once by each rule."""
    newest = _newest(ticket)
    if newest is None:
        raise Failed(_("There is no message to answer."))
    if newest.automatic or newest.kind == "standby":
        raise Failed(_("A machine wrote the message, or answers it."))
    if run.event is not None and newest.at < clock.now() - _TOO_LATE:
        raise Failed(_("The message is more than a day old."))
    key = uuid5(_NAMES, f"{run.rule_id}:{index}:{newest.pk}")
    words = _words(ticket, text)
    send_automatic(ticket, words, newest.visibility, origin="rule", key=key, to=newest)


def _hide(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    newest = _newest(ticket, visibility="public", hidden=False)
    if newest is None:
        raise Failed(_("There is no public message to hide."))
    verbs.act(newest, None, "hide")


def _notify_person(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    notices.tell([_person(values).pk], Notice.Kind.RULE, ticket, text=_notice(values, run))


def _notify_team(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    members = _team(values).members.filter(is_active=True).values_list("pk", flat=True)
    notices.tell(members, Notice.Kind.RULE, ticket, text=_notice(values, run))


def _notify_person_together(
    numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int
) -> Refused:
    return _notify_together([_person(values).pk], numbers, _notice(values, runs[0]))


def _notify_team_together(
    numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int
) -> Refused:
    members = _team(values).members.filter(is_active=True).values_list("pk", flat=True)
    return _notify_together(members, numbers, _notice(values, runs[0]))


def _notify_together(people: Iterable[int], numbers: Sequence[int], text: str) -> Refused:
    tickets = Ticket.objects.filter(pk__in=among(numbers)).order_by("pk")
    notices.tell_of_many(people, Notice.Kind.RULE, tickets, text=text)
    return {}


def _webhook(ticket: Ticket, values: Values, run: RuleRun, index: int) -> None:
    from heed.routing.jobs import call_webhook

    call_webhook.defer(run=run.pk, index=index)


def _webhooks_together(
    numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int
) -> Refused:
    from heed.routing.jobs import call_webhook

    calls: list[dict[str, Any]] = [{"run": each.pk, "index": index} for each in runs]
    call_webhook.batch_defer(*calls)
    return {}


def _newest(ticket: Ticket, **facts: object) -> Message | None:
    said = ticket.messages.filter(direction="in", removed_at=None, **facts).exclude(external_id="")
    return said.order_by("-at", "-id").first()


def _notice(values: Values, run: RuleRun) -> str:
    return values.get("text") or run.rule.name


def _words(ticket: Ticket, text: str) -> str:
    """A text with its blanks filled, as automatic messages fill them."""
    filling = automatic.Filling(
        hours=desk_hours.read().hours(desk_hours.place_of(ticket), clock.now()),
        at=clock.now(),
        name=ticket.identity.name,
        team=ticket.team.name if ticket.team else "",
        account=ticket.account.name,
        brand=ticket.account.brand.name if ticket.account.brand else "",
    )
    return automatic.filled(text, ticket.language, filling)


def _person(values: Values) -> User:
    found = User.objects.filter(pk=values["person"], is_active=True).first()
    if found is None:
        raise Failed(_("This person does not work here any more."))
    return found


def _team(values: Values) -> Team:
    found = Team.objects.filter(pk=values["team"], archived=False).first()
    if found is None:
        raise Failed(_("This team takes no more tickets."))
    return found


# ----------------------------------------------------------------------------- words


def _tell_person(values: Values) -> str:
    name = _name_of(User, values.get("person"))
    return _("give it to %(name)s") % {"name": name} if name else _("take it from whoever has it")


def _tell_team(values: Values) -> str:
    name = _name_of(Team, values.get("team"))
    return _("give it to the team %(name)s") % {"name": name} if name else _("take it from its team")


def _name_of(model: type[User] | type[Team], number: Any) -> str:
    found = model.objects.filter(pk=number).first() if number else None
    return str(found) if found else ""


def _listed(values: Values) -> str:
    return ", ".join(f"“{name}”" for name in values.get("tags", []))


def _quoted(values: Values) -> str:
    return f"“{first_words(str(values.get('text', '')), 60)}”"


ACTIONS: dict[str, Action] = {
    each.name: each
    for each in (
        Action(
            "assign_person",
            gettext_lazy("Give it to a person"),
            ("person",),
            _tell_person,
            _assign_person,
            lambda ticket, values: (ticket.assignee_id or 0) != values["person"],
            do_together=_assign_person_together,
        ),
        Action(
            "assign_team",
            gettext_lazy("Give it to a team"),
            ("team",),
            _tell_team,
            _assign_team,
            lambda ticket, values: (ticket.team_id or 0) != values["team"],
            do_together=_assign_team_together,
        ),
        Action(
            "add_tags",
            gettext_lazy("Add tags"),
            ("tags",),
            lambda values: _("add %(tags)s") % {"tags": _listed(values)},
            _add_tags,
            lambda ticket, values: not set(values["tags"]) <= set(ticket.tags),
            do_together=lambda numbers, values, _runs, _index: together.tag(numbers, add=values["tags"]),
        ),
        Action(
            "remove_tags",
            gettext_lazy("Take tags away"),
            ("tags",),
            lambda values: _("take away %(tags)s") % {"tags": _listed(values)},
            _remove_tags,
            lambda ticket, values: bool(set(values["tags"]) & set(ticket.tags)),
            do_together=lambda numbers, values, _runs, _index: together.tag(numbers, remove=values["tags"]),
        ),
        Action(
            "priority",
            gettext_lazy("Set the priority"),
            ("priority",),
            lambda values: (
                _("set the priority to %(word)s") % {"word": PRIORITIES.get(values["priority"], "?")}
            ),
            _set_priority,
            lambda ticket, values: ticket.priority != values["priority"],
            do_together=lambda numbers, values, _runs, _index: together.set_priority(
                numbers, values["priority"]
            ),
        ),
        Action(
            "status",
            gettext_lazy("Set the status"),
            ("status",),
            lambda values: _("set the status to %(word)s") % {"word": STATUSES.get(values["status"], "?")},
            _set_status,
            lambda ticket, values: ticket.status != values["status"],
            do_together=lambda numbers, values, _runs, _index: together.set_status(numbers, values["status"]),
        ),
        Action(
            "note",
            gettext_lazy("Write a note"),
            ("text",),
            lambda values: _("note %(text)s") % {"text": _quoted(values)},
            _note,
            lambda ticket, values: True,
        ),
        Action(
            "answer",
            gettext_lazy("Answer the customer"),
            ("text",),
            lambda values: _("answer %(text)s") % {"text": _quoted(values)},
            _answer,
            lambda ticket, values: True,
        ),
        Action(
            "answer_quick_text",
            gettext_lazy("Answer with a quick text"),
            ("quick_text",),
            lambda values: _("answer with the quick text /%(name)s") % {"name": values["quick_text"]},
            _answer_quick_text,
            lambda ticket, values: True,
        ),
        Action(
            "hide",
            gettext_lazy("Hide the public message"),
            (),
            lambda values: _("hide the public message"),
            _hide,
            lambda ticket, values: ticket.kind == Ticket.Kind.PUBLIC,
            told=False,
        ),
        Action(
            "notify_person",
            gettext_lazy("Tell a person"),
            ("person",),
            lambda values: _("tell %(name)s") % {"name": _name_of(User, values.get("person")) or "?"},
            _notify_person,
            lambda ticket, values: True,
            told=False,
            do_together=_notify_person_together,
        ),
        Action(
            "notify_team",
            gettext_lazy("Tell a team"),
            ("team",),
            lambda values: _("tell the team %(name)s") % {"name": _name_of(Team, values.get("team")) or "?"},
            _notify_team,
            lambda ticket, values: True,
            told=False,
            do_together=_notify_team_together,
        ),
        Action(
            "webhook",
            gettext_lazy("Call another program"),
            ("url",),
            lambda values: _("call %(host)s") % {"host": host_of(values) or "?"},
            _webhook,
            lambda ticket, values: True,
            told=False,
            do_together=_webhooks_together,
        ),
    )
}

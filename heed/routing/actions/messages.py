"""Deeds with messages: a note, an answer, hiding what stands in public."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from uuid import UUID, uuid5

from django.utils.translation import gettext as _

from heed.inbox import verbs
from heed.inbox.models import Message, Ticket
from heed.inbox.statements import among, run
from heed.inbox.verbs import CannotAnswer
from heed.inbox.verbs.automatic import leave_notes, send_automatic
from heed.lib import clock
from heed.library import reach as library
from heed.routing import automatic, desk_hours
from heed.routing.actions.shapes import Failed, Refused, Values
from heed.routing.desk_hours import DeskHours
from heed.routing.models import RuleRun

_TOO_LATE = timedelta(days=1)
"""What comes so late, after an outage, gets no answer of a rule that looks at what comes."""
_NAMES = UUID("5f3c0c1e-7b2d-4f1a-9b0e-6a4b8a9f2d10")


def note(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    desk = desk_hours.read()
    beside = Ticket.objects.select_related("identity", "team", "account__brand")
    tickets = {each.pk: each for each in beside.filter(pk__in=among(numbers))}
    return leave_notes(
        {
            each.ticket_id: (_words(tickets[each.ticket_id], values["text"], desk), _key_of_note(each, index))
            for each in runs
        },
        origin="rule",
    )


def _key_of_note(run: RuleRun, index: int) -> UUID:
    return uuid5(_NAMES, f"{run.pk}:{index}")


def answer(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    return _say(numbers, runs, index, lambda _language: str(values["text"]))


def answer_quick_text(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    return _say(numbers, runs, index, cache(lambda language: _quick_text(values["quick_text"], language)))


def texts_of(values: Values) -> None:
    """Raises `Failed` where the quick text that is to be sent is gone."""
    if not library.everybodys(values["quick_text"]):
        raise Failed(_("This quick text is no more."))


def _quick_text(name: str, language: str) -> str:
    text = library.in_language(name, language)
    if text is None:
        raise Failed(_("This quick text is no more."))
    if automatic.unknown_blanks(text.text):
        raise Failed(_("This quick text has blanks that only a person can fill in."))
    return text.text


def _say(
    numbers: Sequence[int], runs: Sequence[RuleRun], index: int, text_in: Callable[[str], str]
) -> Refused:
    """Answer each customer's newest message where they wrote it; each message once by each rule. What is
    needed for that is read for all tickets at once."""
    desk = desk_hours.read()
    beside = Ticket.objects.select_related("identity", "team", "account__brand")
    tickets = {each.pk: each for each in beside.filter(pk__in=among(numbers))}
    found = Message.objects.filter(pk__in=among(pk for (pk,) in run(_NEWEST, [*numbers])))
    newest = {each.ticket_id: each for each in found}
    refused: dict[int, Failed | CannotAnswer] = {}
    for each in runs:
        ticket = tickets[each.ticket_id]
        try:
            message = _to_answer(newest.get(ticket.pk), each)
            words = _words(ticket, text_in(ticket.language), desk)
            key = uuid5(_NAMES, f"{each.rule_id}:{index}:{message.pk}")
            send_automatic(ticket, words, message.visibility, origin="rule", key=key, to=message)
        except (Failed, CannotAnswer) as why:
            refused[ticket.pk] = why
    return refused


def _to_answer(newest: Message | None, run: RuleRun) -> Message:
    if newest is None:
        raise Failed(_("There is no message to answer."))
    if newest.automatic or newest.kind == "standby":
        raise Failed(_("A machine wrote the message, or answers it."))
    if run.event is not None and newest.at < clock.now() - _TOO_LATE:
        raise Failed(_("The message is more than a day old."))
    return newest


_NEWEST = """
SELECT DISTINCT ON (ticket_id) id FROM inbox_message
WHERE ticket_id = ANY(%s) AND direction = 'in' AND removed_at IS NULL AND external_id <> ''
ORDER BY ticket_id, at DESC, id DESC
"""


def hide(numbers: Sequence[int], values: Values, runs: Sequence[RuleRun], index: int) -> Refused:
    """Hide the message that set the rule off where it stands in public, else the newest that does."""
    by_ticket = {each.ticket_id: each.event.message_id if each.event else None for each in runs}
    found = run(_TO_HIDE, [*by_ticket], [*by_ticket.values()])
    refused: dict[int, Failed | verbs.CannotAct] = {
        number: Failed(_("There is no public message to hide."))
        for number in {*numbers} - {ticket for ticket, _pk, _hidden in found}
    }
    shown = among(pk for _ticket, pk, hidden in found if not hidden)
    beside = Message.objects.select_related("account", "ticket", "identity")
    return refused | verbs.act_on_many(beside.filter(pk__in=shown).order_by("pk"), "hide")


_TO_HIDE = """
SELECT DISTINCT ON (ticket_id) ticket_id, id, hidden
FROM unnest(%s::bigint[], %s::bigint[]) AS asked (ticket, message)
JOIN inbox_message ON ticket_id = asked.ticket
WHERE direction = 'in' AND removed_at IS NULL AND external_id <> '' AND visibility = 'public'
    AND (NOT hidden OR id = asked.message)
ORDER BY ticket_id, id = asked.message DESC NULLS LAST, at DESC, id DESC
"""


def _words(ticket: Ticket, text: str, desk: DeskHours) -> str:
    """A text with its blanks filled, as automatic messages fill them."""
    filling = automatic.Filling(
        hours=desk.hours(desk_hours.place_of(ticket), clock.now()),
        at=clock.now(),
        name=ticket.identity.name,
        team=ticket.team.name if ticket.team else "",
        account=ticket.account.name,
        brand=ticket.account.brand.name if ticket.account.brand else "",
    )
    return automatic.filled(text, ticket.language, filling)

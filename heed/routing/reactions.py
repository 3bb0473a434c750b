"""What routing does when something happened to tickets. Each may run twice without harm."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db.models.expressions import RawSQL

from heed.accounts.models import Team
from heed.inbox import verbs
from heed.inbox.models import Event, Ticket
from heed.inbox.statements import among, columns, run
from heed.inbox.verbs import together
from heed.routing import giving_out, languages
from heed.routing.assignment import WAITING
from heed.routing.models import AccountTeam


def tell_languages(events: Sequence[Event]) -> None:
    """Say in which language each new message is, and with it the customer's ticket."""
    untold = _untold(events)
    before = _languages_before({each.customer for each in untold})
    told: dict[int, str] = {}
    newest: dict[int, Untold] = {}
    for message in untold:
        language = languages.tell(message.text, before.get(message.customer))
        if language:
            told[message.pk] = language
            before.setdefault(message.customer, Counter())[language] += 1
            newest[message.ticket] = message
    if told:
        run(_TELL, *columns(told.items()))
    fixed = _told_by_hand(each.ticket for each in newest.values() if each.spoken not in ("", told[each.pk]))
    verbs.tell_languages(
        {
            ticket: told[each.pk]
            for ticket, each in newest.items()
            if not each.spoken
            or (each.spoken != told[each.pk] and ticket not in fixed and languages.clear(each.text))
        }
    )


class Untold(NamedTuple):
    """A message of which nobody knows yet in which language it is."""

    pk: int
    text: str
    ticket: int
    customer: int
    spoken: str
    """The language its ticket is in: that changes with what comes, unless that is too short."""


def _untold(events: Sequence[Event]) -> list[Untold]:
    numbers = [event.message_id for event in events if event.message_id is not None]
    return [Untold(*row) for row in run(_UNTOLD, numbers)]


_UNTOLD = """
SELECT m.id, m.text, m.ticket_id, t.customer_id, t.language
FROM inbox_message m JOIN inbox_ticket t ON t.id = m.ticket_id
WHERE m.id = ANY(%s) AND m.direction = 'in' AND m.language = '' AND m.removed_at IS NULL AND m.text <> ''
ORDER BY m.ticket_id, m.at, m.id
"""


def _told_by_hand(tickets: Iterable[int]) -> set[int]:
    """The tickets of which a colleague said what language they are in."""
    rows = Event.objects.filter(ticket__in=among(tickets), kind="language_told", actor__isnull=False)
    return {ticket for ticket in rows.values_list("ticket_id", flat=True) if ticket is not None}


_TELL = """
UPDATE inbox_message AS m SET language = new.language
FROM unnest(%s::bigint[], %s::text[]) AS new (id, language) WHERE m.id = new.id
"""


def _languages_before(customers: set[int]) -> dict[int, Counter[str]]:
    """How many tickets of each customer are in which language."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for customer, language, often in run(_LANGUAGES_BEFORE, [*customers]):
        found[customer][language] += often
    return found


_LANGUAGES_BEFORE = """
SELECT customer_id, language, count(*) FROM inbox_ticket WHERE customer_id = ANY(%s) AND language <> ''
GROUP BY customer_id, language
"""


def send_to_team(events: Sequence[Event]) -> None:
    """New tickets go to the team of their account."""
    by_account: Mapping[int, AccountTeam] = {
        each.account_id: each
        for each in AccountTeam.objects.filter(team__archived=False).select_related("team")
    }
    if not by_account:
        return
    opened = Ticket.objects.filter(pk__in=_tickets(events), team=None, account__in=list(by_account))
    of_team: dict[Team, list[int]] = defaultdict(list)
    for number, account in opened.order_by("pk").values_list("pk", "account_id"):
        of_team[by_account[account].team].append(number)
    for team, numbers in of_team.items():
        together.give_to_team(numbers, team)


def assign_waiting(events: Sequence[Event]) -> None:
    """Tickets of a team that gives its tickets out are given out."""
    rows = Ticket.objects.filter(WAITING, pk__in=_tickets(events), unanswered=True, team__isnull=False)
    numbers = list(rows.order_by("pk").values_list("pk", flat=True))
    if numbers:
        giving_out.assign_by_teams(numbers)


def _tickets(events: Sequence[Event]) -> RawSQL:
    return among({event.ticket_id for event in events})

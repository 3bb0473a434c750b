"""What routing does when something happened to tickets. Each may run twice without harm."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from django.db.models import Count

from heed.inbox import verbs
from heed.inbox.models import Event, Message, Ticket
from heed.routing import assignment, languages
from heed.routing.models import AccountTeam


def tell_languages(events: Sequence[Event]) -> None:
    """Say in which language each new message is, and with it the customer's ticket."""
    wanted = {event.message_id for event in events if event.message_id}
    untold = Message.objects.filter(pk__in=wanted, direction="in", language="", removed_at=None)
    messages = list(untold.exclude(text="").select_related("ticket").order_by("ticket_id", "at", "id"))
    before = _languages_before({each.ticket.customer_id for each in messages})
    told: dict[str, list[int]] = defaultdict(list)
    newest: dict[int, Message] = {}
    for message in messages:
        customer = message.ticket.customer_id
        language = languages.tell(message.text, before.get(customer))
        if language:
            told[language].append(message.pk)
            message.language = language
            before.setdefault(customer, Counter())[language] += 1
            newest[message.ticket_id] = message
    for language, numbers in sorted(told.items()):
        Message.objects.filter(pk__in=numbers).update(language=language)
    verbs.tell_languages({ticket: each.language for ticket, each in newest.items() if _tells(each)})


def _tells(message: Message) -> bool:
    """The ticket speaks the newest message's language, unless that is too short to change it or a colleague
    said which it is."""
    ticket = message.ticket
    if not ticket.language or ticket.language == message.language:
        return not ticket.language
    by_hand = Event.objects.filter(ticket=ticket, kind="language_told", actor__isnull=False).exists()
    return not by_hand and languages.clear(message.text)


def _languages_before(customers: set[int]) -> dict[int, Counter[str]]:
    """How many tickets of each customer are in which language."""
    rows = Ticket.objects.filter(customer__in=customers).exclude(language="")
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for customer, language, often in (
        rows.values_list("customer", "language").annotate(n=Count("pk")).order_by()
    ):
        found[customer][language] += often
    return dict(found)


def send_to_team(events: Sequence[Event]) -> None:
    """New tickets go to the team of their account."""
    by_account: Mapping[int, AccountTeam] = {
        each.account_id: each
        for each in AccountTeam.objects.filter(team__archived=False).select_related("team")
    }
    opened = Ticket.objects.filter(pk__in=_tickets(events), team=None, account__in=list(by_account))
    for ticket in opened.select_related("account").order_by("pk"):
        verbs.give_to_team(ticket, None, by_account[ticket.account_id].team)


def assign_waiting(events: Sequence[Event]) -> None:
    """Tickets of a team that gives its tickets out are given out; team by team, as giving out locks them."""
    rows = Ticket.objects.filter(
        assignment.WAITING, pk__in=_tickets(events), unanswered=True, team__isnull=False
    )
    for number in rows.order_by("team_id", "pk").values_list("pk", flat=True):
        assignment.assign_by_team(number)


def _tickets(events: Sequence[Event]) -> set[int]:
    return {event.ticket_id for event in events if event.ticket_id}

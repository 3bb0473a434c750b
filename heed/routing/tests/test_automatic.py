"""Away message, instant reply and greeting: to whom, when, how often, in which words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from heed.accounts.models import User
from heed.channels.base import Echo, MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import intake, ledger, outbox
from heed.inbox.models import Event, Identity, Message, Ticket
from heed.inbox.reactions import react
from heed.inbox.tests.rubber import Rubber, body
from heed.lib import clock
from heed.library.filling import first_name
from heed.routing import desk_hours
from heed.routing.automatic import Filling, filled
from heed.routing.desk_hours import Place
from heed.routing.hours import OpeningHours, Span
from heed.routing.models import AutomaticMessage, AutomaticSent
from heed.routing.saying import say_by_itself

pytestmark = pytest.mark.django_db

LEA = Person("lea", "Lea Marn")
NEVER: Sequence[Any] = [[]] * 7
ALWAYS: Sequence[Any] = [[[0, 1440]]] * 7


def automatic(kind: str, text: str = "Hi {first_name}", account: Account | None = None, **facts: Any) -> None:
    AutomaticMessage.objects.create(kind=kind, account=account, texts={"en": text}, **facts)


def hours(user: User, week: Sequence[Any]) -> None:
    desk_hours.keep(None, user, name="Desk", zone="UTC", week=week, holidays=[], places=[Place()])


def write(account: Account, name: str, who: Person = LEA, minutes: float = 0, **facts: Any) -> Message:
    facts = {"visibility": "private", "kind": "message", "text": f"words of {name}", **facts}
    at = clock.now() + timedelta(minutes=minutes)
    ledger.append(account.pk, [body(MessageReceived(external_id=name, at=at, author=who, **facts))])
    intake.take_batch()
    settle()
    return Message.objects.get(external_id=name)


def settle() -> None:
    """Let the reactions follow, twice: they may run twice."""
    rows = list(Event.objects.order_by("id").values_list("pk", flat=True))
    react(rows)
    react(rows)


def said() -> list[tuple[str, str]]:
    rows = Message.objects.filter(direction="out").order_by("id")
    return [(row.origin, row.text) for row in rows]


def test_away_says_so_once_and_leaves_the_ticket_unanswered(
    account: Account, maja: User, rubber: Rubber
) -> None:
    hours(maja, NEVER)
    automatic("away", "Hi {first_name}, back {next_opening}")
    message = write(account, "a")
    assert said() == [("away", "Hi Lea, back as soon as we can")]
    outbox.send_next(message.ticket_id)
    settle()
    ticket = Ticket.objects.get()
    assert (ticket.unanswered, ticket.status, ticket.last_text) == (True, "new", "words of a")
    sent = Message.objects.get(origin="away")
    assert (sent.state, sent.automatic, sent.author, sent.outside) == ("sent", True, None, False)
    assert len(rubber.sent) == 1


def test_the_same_person_gets_it_again_only_after_a_while(account: Account, maja: User) -> None:
    hours(maja, NEVER)
    automatic("away", again_after=3600)
    write(account, "a")
    write(account, "b", minutes=1)
    assert len(said()) == 1
    with clock.moved(timedelta(minutes=62)):
        write(account, "c")
    assert len(said()) == 2


def test_one_who_writes_from_two_places_gets_it_once(account: Account, maja: User) -> None:
    hours(maja, NEVER)
    automatic("away")
    write(account, "a")
    other = Identity.objects.create(
        account=account, customer=Identity.objects.get().customer, external_id="lea-2", name="Lea Marn"
    )
    write(account, "b", Person(other.external_id, "Lea Marn"))
    assert len(said()) == 1


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [(["instant"], "instant"), (["instant", "greeting"], "greeting"), (["away"], "")],
)
def test_what_is_said_while_the_desk_is_open(
    account: Account, maja: User, kinds: list[str], expected: str
) -> None:
    hours(maja, ALWAYS)
    for kind in kinds:
        automatic(kind)
    write(account, "a")
    write(account, "b")  # the second of the matter says nothing
    assert [origin for origin, _ in said()] == ([expected] if expected else [])


def test_the_accounts_own_goes_before_the_one_for_all(account: Account) -> None:
    automatic("instant", "For all")
    automatic("instant", "For Acme", account)
    write(account, "a")
    assert said() == [("instant", "For Acme")]


def test_switched_off_for_one_account(account: Account) -> None:
    automatic("instant", "For all")
    automatic("instant", "For Acme", account, on=False)
    write(account, "a")
    assert said() == []


def test_robots_hear_nothing(account: Account) -> None:
    automatic("instant")
    write(account, "automatic", automatic=True)
    write(account, "ours", Person(account.external_id, "Acme"))
    write(account, "elsewhere", Person("x", "X"), elsewhere=True, kind="standby")
    blocked = Identity.objects.create(
        account=account, customer=Identity.objects.all()[0].customer, external_id="sam", blocked=True
    )
    write(account, "blocked", Person(blocked.external_id, "Sam Cole"))
    write(account, "old", Person("omar", "Omar Badr"), minutes=-70)
    assert said() == []


def test_many_that_get_none_cost_as_many_statements_as_one(account: Account) -> None:
    automatic("instant", again_after=0)
    for name in "abc":
        write(account, name, Person(name, "Lea Marn"))
    counts = []
    for size in (1, 3):
        again = [
            write(account, f"{size}{name}", Person(name, "Lea Marn")).event_set.get(kind="message_received")
            for name in "abc"[:size]
        ]
        with CaptureQueriesContext(connection) as asked:
            say_by_itself(again)
        counts.append(len(asked))
    assert len(said()) == 3
    assert counts[0] == counts[1]


def test_each_that_gets_one_costs_a_few_statements(account: Account) -> None:
    """What its own locks and rows need."""
    automatic("greeting")
    counts = []
    for size in (1, 3):
        names = [f"{size}{name}" for name in "abc"[:size]]
        facts: dict[str, Any] = {
            "visibility": "private",
            "kind": "message",
            "text": "Hello",
            "at": clock.now(),
        }
        came = [MessageReceived(external_id=name, author=Person(name, name), **facts) for name in names]
        ledger.append(account.pk, [body(each) for each in came])
        intake.take_batch()
        events = Event.objects.filter(kind="message_received", message__external_id__in=names)
        with CaptureQueriesContext(connection) as asked:
            say_by_itself(list(events))
        counts.append(len(asked))
    assert len(said()) == 4
    assert (counts[1] - counts[0]) / 2 <= 14


def test_spam_hears_nothing(account: Account) -> None:
    write(account, "a")
    Ticket.objects.update(spam=True)
    automatic("instant", again_after=0)
    settle()
    assert said() == []


def test_public_comments_only_where_that_is_wanted(account: Account) -> None:
    automatic("instant")
    write(account, "a", visibility="public", kind="comment", post="p")
    assert said() == []
    AutomaticMessage.objects.update(publicly=True)
    write(account, "b", Person("omar", "Omar Badr"), visibility="public", kind="comment", post="p")
    assert ("instant", "Hi Omar") in said()


def test_whoever_was_answered_outside_hears_nothing(account: Account) -> None:
    automatic("instant")
    at = clock.now()
    news = MessageReceived(
        external_id="a", at=at, visibility="private", author=LEA, text="Hello", kind="message"
    )
    echo = Echo(external_id="e", at=at + timedelta(seconds=5), visibility="private", person=LEA, text="Hi")
    ledger.append(account.pk, [body(news, echo)])
    intake.take_batch()
    settle()
    assert said() == [("", "Hi")]


def test_what_the_network_does_not_let_through_is_not_said(account: Account) -> None:
    automatic("instant", "x" * 60)  # the rubber network takes 50 bytes
    write(account, "a")
    assert said() == []


def test_the_echo_of_our_own_is_not_an_answer_outside(account: Account) -> None:
    automatic("instant")
    message = write(account, "a")
    outbox.send_next(message.ticket_id)
    sent = Message.objects.get(origin="instant")
    echo = Echo(
        external_id=sent.external_id,
        at=clock.now(),
        visibility="private",
        person=LEA,
        text=sent.text,
        key=str(sent.send_key),
    )
    ledger.append(account.pk, [body(echo)])
    intake.take_batch()
    settle()
    assert Message.objects.filter(direction="out").count() == 1
    assert Ticket.objects.get().unanswered


def test_the_language_of_the_message_chooses_the_words(account: Account) -> None:
    AutomaticMessage.objects.create(kind="instant", texts={"sl": "Živjo", "en": "Hi"}, language="en")
    message = write(account, "a")
    assert said() == [("instant", "Hi")]
    AutomaticSent.objects.all().delete()
    Message.objects.filter(direction="out").delete()
    Message.objects.filter(pk=message.pk).update(language="sl")
    settle()
    assert said() == [("instant", "Živjo")]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_say_it_once(account: Account) -> None:
    automatic("instant")
    at = clock.now()
    news = MessageReceived(
        external_id="a", at=at, visibility="private", author=LEA, text="Hello", kind="message"
    )
    ledger.append(account.pk, [body(news)])
    intake.take_batch()
    rows = list(Event.objects.values_list("pk", flat=True))

    def work() -> None:
        try:
            react(rows)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said() == [("instant", "Hi Lea")]
    assert AutomaticSent.objects.count() == 1


def test_a_worker_that_dies_half_way_says_it_once_when_it_is_tried_again(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    automatic("instant")
    with monkeypatch.context() as dying:

        def die(*rows: object, **facts: object) -> None:
            raise RuntimeError("killed")

        dying.setattr(AutomaticSent.objects, "bulk_create", die)
        write(account, "a")
        assert said() == []  # nothing is half done
    settle()
    assert said() == [("instant", "Hi Lea")]


# ------------------------------------------------------------------------------------- the words

DESK = OpeningHours("Europe/Ljubljana", ((Span(540, 1020),),) * 5 + ((), ()))


@pytest.mark.parametrize(
    ("now", "language", "expected"),
    [
        ("2026-11-23 06:00", "en", "today at 09:00"),
        ("2026-11-23 20:00", "en", "tomorrow at 09:00"),
        ("2026-11-20 20:00", "en", "Monday at 09:00"),
        ("2026-11-20 20:00", "fr", "23. 11. 2026 09:00"),
    ],
)
def test_when_somebody_will_be_there(now: str, language: str, expected: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert filled("{next_opening}", language, Filling(DESK, at)) == expected


def test_an_unknown_name_leaves_no_gap() -> None:
    at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert filled("Hi {first_name}, {hours_today}!", "en", Filling(DESK, at)) == "Hi, 09:00–17:00!"
    assert filled("{nonsense}", "en", Filling(DESK, at)) == "{nonsense}"
    assert filled("Pozdravljeni, {first_name}. Tu smo.", "sl", Filling(DESK, at)) == "Pozdravljeni. Tu smo."
    assert filled("Živijo, {first_name}, tu smo.", "sl", Filling(DESK, at)) == "Živijo, tu smo."
    assert filled("{first_name}، مرحبا", "ar", Filling(DESK, at)) == "مرحبا"


@pytest.mark.parametrize(
    ("name", "first"),
    [("Lea Marn", "Lea"), ("نادية كريم", "نادية"), ("@lea", ""), ("lea_99", ""), ("+386 40", ""), ("", "")],
)
def test_first_names(name: str, first: str) -> None:
    assert first_name(name) == first

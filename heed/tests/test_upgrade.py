"""The database of the previous release, brought up to date: nothing in it is lost, and work goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps as now_apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker

from heed.accounts.models import Grant, Team, User
from heed.channels.base import MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import outbox, reach, tally, verbs
from heed.inbox.intake import take_batch
from heed.inbox.models import Attachment, Delivery, Draft, Event, Message, Ticket
from heed.inbox.search import finding
from heed.inbox.search.index import write_waiting
from heed.inbox.tests.rubber import Rubber, body, installed
from heed.lib import clock
from heed.lib.crypto import KeyRing, key_ring

PREVIOUS = {
    "accounts": "0001_initial",
    "channels": "0003_signing_in_and_health",
    "inbox": "0006_gaps_and_heartbeat",
    "widget": "0001_visitors_and_uploads",
}
"""Where the tables of the previous release stood."""
NEW_APPS = {"socialaccount", "routing", "library"}
"""Not part of it."""
PEOPLE = {"owner@acme.example": "owner", "ana@acme.example": "admin", "ivo@acme.example": "agent"}
SECRET = {"token": "kept"}


@pytest.fixture(scope="module")
def rubber() -> Iterator[Rubber]:
    with installed() as network:
        yield network


@pytest.fixture(scope="module", autouse=True)
def upgraded(rubber: Rubber, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database of its own beside that of the other tests: as it was, filled, then brought up to date."""
    with django_db_blocker.unblock(), _database("heed_upgrade"):
        _fill(_as_it_was())
        call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
        while write_waiting():
            pass
        yield


@pytest.fixture(autouse=True)
def undone(upgraded: None) -> Iterator[None]:
    """Each test finds the database as the upgrade left it."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class _database:  # noqa: N801 - used as a function
    """Work with a database of this name, new and thrown away after."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.before = str(connection.settings_dict["NAME"])

    def __enter__(self) -> None:
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", "CREATE DATABASE {} TEMPLATE template0")
        self._use(self.name)

    def __exit__(self, *_trouble: object) -> None:
        self._use(self.before)
        self._run("DROP DATABASE {} WITH (FORCE)")

    def _run(self, *statements: str) -> None:
        self._use("postgres")
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement.format(self.name))

    def _use(self, name: str) -> None:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]
        connection.settings_dict["NAME"] = name


def _as_it_was() -> Any:
    """The tables of the previous release, and its models."""
    executor = MigrationExecutor(connection)
    heads = [node for node in executor.loader.graph.leaf_nodes() if node[0] not in NEW_APPS | PREVIOUS.keys()]
    return executor.migrate([*heads, *PREVIOUS.items()]).apps


def _fill(then: Any) -> None:
    """A small Acme, as the previous release kept it."""
    model = then.get_model
    people = {
        role: model("accounts", "User").objects.create(
            email=email, name=email.split("@", 1)[0].title(), password="!", role=role
        )
        for email, role in PEOPLE.items()
    }
    account = model("channels", "Account").objects.create(
        network="rubber",
        name="Acme",
        external_id="page",
        base_url="http://127.0.0.1:1",
        state="connected",
        hook_token="hook",
        locked_credentials=_ring().lock(SECRET),
    )
    post = model("inbox", "Post").objects.create(account=account, external_id="post", text="Our new boots")
    tickets = [_ticket(model, account, post, number, people) for number in range(8)]
    model("inbox", "Draft").objects.create(
        user=people["agent"], ticket=tickets[1], visibility="private", text="Dear Omar, half a"
    )
    first = tickets[0].messages.get()
    model("inbox", "Attachment").objects.create(
        message=first, kind="image", name="zipper.png", path="ab/zipper.png", state="kept", size=7
    )
    model("inbox", "Event").objects.create(
        kind="answered_marked", account=account, ticket=tickets[3], actor=people["agent"]
    )
    model("inbox", "Message").objects.create(
        account=account,
        ticket=tickets[1],
        identity=tickets[1].identity,
        direction="out",
        visibility="private",
        author=people["agent"],
        text="Queued before the upgrade",
        state="queued",
        send_key=uuid4(),
    )
    for name in ("Tuya Bold", "Omar Badr"):
        model("inbox", "Delivery").objects.create(account=account, body=body(_private(name)))


NAMES = (
    "Lea Marn",
    "Omar Badr",
    "Tuya Bold",
    "Jan Sever",
    "Nadia Karim",
    "Sam Cole",
    "Lea Marn",
    "Jan Sever",
)
STATES = ("new", "open", "pending", "solved", "open", "new", "solved", "open")
TEXTS = (
    "The zipper of my boots broke",
    "Wann kommt das Paket?",
    "Захиалга маань хаана байна?",
    "Hvala, vse je v redu",
    "متى يصل الطلب؟",
    "尺码太小了",
    "Thanks a lot",
    "Where is order 4711?",
)


def _ticket(model: Any, account: Any, post: Any, number: int, people: dict[str, Any]) -> Any:
    """Every other one public; those of an even number nobody's, the others the agent's."""
    public, solved = number % 2 == 0, STATES[number] == "solved"
    customer = model("inbox", "Customer").objects.create(name=NAMES[number])
    identity = model("inbox", "Identity").objects.create(
        account=account, customer=customer, external_id=f"person-{number}", name=NAMES[number]
    )
    at = clock.now() - timedelta(hours=number + 1)
    ticket = model("inbox", "Ticket").objects.create(
        account=account,
        identity=identity,
        customer=customer,
        post=post if public else None,
        kind="public" if public else "private",
        status=STATES[number],
        unanswered=not solved,
        waiting_since=None if solved else at,
        assignee=None if public else people["agent"],
        last_at=at,
        last_text=TEXTS[number],
        last_private_in=None if public else at,
        running=public or not solved,
    )
    model("inbox", "Message").objects.create(
        account=account,
        ticket=ticket,
        identity=identity,
        external_id=f"message-{number}",
        direction="in",
        visibility="public" if public else "private",
        text=TEXTS[number],
        at=at,
    )
    return ticket


def _private(name: str) -> MessageReceived:
    """What somebody sent just before Heed was stopped."""
    person = f"person-{NAMES.index(name)}"
    return MessageReceived(
        external_id=f"late-{person}",
        at=clock.now(),
        visibility="private",
        kind="message",
        author=Person(person, name=name),
        text="Written just before the upgrade",
    )


def _ring() -> KeyRing:
    return key_ring(str(settings.HEED_DATA))


def _person(role: str) -> User:
    return User.objects.get(email=next(email for email, had in PEOPLE.items() if had == role))


def _of(number: int) -> Ticket:
    return Ticket.objects.get(messages__external_id=f"message-{number}")


def test_no_app_of_the_previous_release_was_forgotten() -> None:
    known = MigrationExecutor(connection).loader.migrated_apps
    assert known >= NEW_APPS | PREVIOUS.keys()
    assert {label for label in known if now_apps.get_app_config(label).name.startswith("heed.")} == (
        PREVIOUS.keys() | {"routing", "library"}
    )


def test_rights_follow_the_roles() -> None:
    assert dict(Grant.objects.values_list("user__email", "role")) == PEOPLE
    may = {role: _person(role).rights.may for role in PEOPLE.values()}
    assert [may[role]("accounts") for role in ("owner", "admin", "agent")] == [True, True, False]
    assert all(each("answer") for each in may.values())
    everywhere = [grant.everywhere for grant in Grant.objects.all()]
    assert all(everywhere)


def test_everything_is_there() -> None:
    tickets = list(Ticket.objects.order_by("-last_at"))
    assert [each.status for each in tickets] == list(STATES)
    assert {each.priority for each in tickets} == {Ticket.Priority.NORMAL}
    assert [(each.tags, each.spam, each.team) for each in tickets] == [([], False, None)] * len(STATES)
    for number, text in enumerate(TEXTS):
        assert next(iter(reach.thread(_of(number)))).text == text
    assert Draft.objects.get().text == "Dear Omar, half a"
    assert Attachment.objects.get().message == Message.objects.get(external_id="message-0")
    assert Event.objects.get(kind="answered_marked").ticket == _of(3)
    assert Account.objects.get().credentials == SECRET


def test_every_list_shows_what_it_showed() -> None:
    agent = _person("agent")
    shown = {view: len(reach.tickets(agent, view).items) for view in ("mine", "unanswered", "open", "all")}
    assert shown == {"mine": 3, "unanswered": 6, "open": 6, "all": 8}


def _counted() -> tuple[int, int, int, int]:
    found = reach.tallies(_person("agent"))
    return found.mine, found.unanswered, found.unassigned, found.open


def test_the_counters_are_right_and_go_on_counting() -> None:
    assert _counted() == (3, 6, 3, 6)
    tally.fold()
    assert _counted() == (3, 6, 3, 6)
    Ticket.objects.filter(pk=_of(0).pk).update(team=Team.objects.create(name="Returns"))
    assert _counted() == (3, 6, 3, 6)
    verbs.snooze(_of(4), _person("agent"), clock.now() + timedelta(hours=1))
    mine, _unanswered, unassigned, shown = _counted()
    assert (mine, unassigned, shown) == (3, 2, 5)


@pytest.mark.parametrize(
    ("words", "number"),
    [("zipper", 0), ("paket", 1), ("尺码", 5), ("4711", 7), ("الطلب", 4), ("marn zip", 0)],
)
def test_search_finds_old_words(words: str, number: int) -> None:
    found = finding.find(_person("agent"), words).page.items
    assert _of(number).pk in [each.pk for each in found]
    assert len(found) < len(TEXTS)


def test_waiting_deliveries_are_taken_in() -> None:
    assert Delivery.objects.filter(state="pending").count() == 2
    while take_batch():
        pass
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}
    late = Message.objects.filter(text="Written just before the upgrade")
    assert {each.ticket.customer.name for each in late} == {"Tuya Bold", "Omar Badr"}
    assert late.get(ticket__customer__name="Omar Badr").ticket == _of(1)


def test_answers_go_out_the_queued_one_first(rubber: Rubber) -> None:
    before = len(rubber.sent)
    queued = Message.objects.get(text="Queued before the upgrade")
    fresh = verbs.answer(_of(1), _person("agent"), "Written after it", "private")
    for _each in (queued, fresh):
        outbox.send_next(_of(1).pk)
    assert [each.text for each in rubber.sent[before:]] == ["Queued before the upgrade", "Written after it"]
    queued.refresh_from_db()
    fresh.refresh_from_db()
    assert (queued.state, fresh.state) == ("sent", "sent")

"""What a reaction does to many tickets is handed on and told once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.channels.base import Person
from heed.channels.models import Account
from heed.inbox import events, reactions
from heed.inbox.models import Event, Ticket
from heed.inbox.statements import run
from heed.inbox.tests.deliveries import news, private

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    found: list[list[str]] = []
    monkeypatch.setattr("heed.lib.live.tell", lambda topics: found.append(list(topics)))
    return found


@pytest.fixture
def table() -> Iterator[None]:
    known, waited_for = list(reactions._parts), dict(events._waited_for)
    yield
    reactions.wire(known)
    events.wait_for(waited_for)


def tag(batch: Sequence[Event]) -> None:
    for event in batch:
        assert event.ticket is not None
        events.record("tags_changed", ticket=event.ticket, added=["zip"])


def waiting() -> list[list[int]]:
    jobs = ProcrastinateJob.objects.filter(task_name=events.REACT, status="todo")
    return [job.args["events"] for job in jobs]


def three(account: Account) -> list[int]:
    news(account, *(private(f"{number}", number, Person(f"person-{number}")) for number in range(3)))
    received = Event.objects.filter(kind="message_received")
    return list(received.values_list("pk", flat=True))


def test_one_job_and_one_nudge(account: Account, told: list[list[str]], table: None) -> None:
    received = three(account)
    ProcrastinateJob.objects.all().delete()
    told.clear()
    reactions.wire([{"message_received": (tag,), "tags_changed": (lambda batch: None,)}])
    reactions.react(received)
    tagged = Event.objects.filter(kind="tags_changed")
    assert waiting() == [list(tagged.order_by("id").values_list("pk", flat=True))]
    assert told == [["queue", *(f"ticket:{ticket.pk}" for ticket in Ticket.objects.order_by("id"))]]


def test_what_fails_hands_nothing_on(account: Account, told: list[list[str]], table: None) -> None:
    received = three(account)
    ProcrastinateJob.objects.all().delete()

    def tag_and_fail(batch: Sequence[Event]) -> None:
        tag(batch)
        raise RuntimeError

    reactions.wire([{"message_received": (tag_and_fail,), "tags_changed": (lambda batch: None,)}])
    reactions.react(received)
    assert waiting() == []
    assert not Event.objects.filter(kind="tags_changed").exists()


class Context:
    """What a job knows of itself."""

    def __init__(self, job: ProcrastinateJob) -> None:
        self.job = job


def at_work(job: ProcrastinateJob) -> None:
    """Do a job as the worker does, which has marked it before."""
    run("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = %s", job.pk)
    reactions.react_to_waiting.func(Context(job), **job.args)  # type: ignore[arg-type]


def test_what_waits_is_handed_on_together(account: Account, table: None) -> None:
    seen: list[list[int]] = []
    reactions.wire([{"message_received": (lambda batch: seen.append([each.pk for each in batch]),)}])
    for number in range(3):
        news(account, private(f"{number}", number, Person(f"person-{number}")))
    first, *others = ProcrastinateJob.objects.filter(task_name=events.REACT).order_by("pk")
    assert len(others) == 2
    at_work(first)
    received = [
        *Event.objects.filter(kind="message_received").order_by("ticket_id").values_list("pk", flat=True)
    ]
    assert seen == [received]
    # Killed on the way, the job that is left does all of it again.
    [left] = ProcrastinateJob.objects.filter(task_name=events.REACT)
    assert (left.pk, sorted(left.args["events"])) == (first.pk, received)


def test_no_more_is_taken_over_than_fits(
    account: Account, table: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    reactions.wire([{"message_received": (lambda batch: seen.append(len(batch)),)}])
    monkeypatch.setattr(reactions, "MOST_AT_ONCE", 2)
    for number in range(3):
        news(account, private(f"{number}", number, Person(f"person-{number}")))
    at_work(ProcrastinateJob.objects.filter(task_name=events.REACT).order_by("pk")[0])
    assert seen == [2]
    assert ProcrastinateJob.objects.filter(task_name=events.REACT).count() == 2

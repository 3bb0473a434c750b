"""What happened is written, handed on and told by one statement; so is a note."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django import app

from heed.accounts.models import User
from heed.channels.models import Account
from heed.inbox import events, verbs
from heed.inbox.models import Draft, Event, Message, Ticket
from heed.inbox.statements import run
from heed.inbox.tests.deliveries import comment, news, private
from heed.inbox.verbs import merging
from heed.inbox.verbs.answering import _noted
from heed.inbox.verbs.refusals import CannotAnswer
from heed.lib import live
from heed.lib.postgres import conninfo

PATIENCE = 60


@pytest.fixture
def waited_for() -> Iterator[None]:
    known = events._waited_for.copy()
    events.wait_for({"note_written": None})
    yield
    events.wait_for(known)


@pytest.fixture
def ticket(account: Account) -> Ticket:
    news(account, private("1"))
    run("DELETE FROM procrastinate_jobs")
    return Ticket.objects.get()


def jobs() -> list[tuple[Any, ...]]:
    """All that is known of the jobs but their numbers."""
    return run(
        """SELECT queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at, status, attempts,
           abort_requested FROM procrastinate_jobs ORDER BY id"""
    )


def handed() -> list[list[int]]:
    """The events of each job."""
    return [json.loads(row[5])["events"] for row in jobs()]


class Listener:
    """Hears what the open pages are told."""

    def __enter__(self) -> Listener:
        self._line = psycopg.connect(conninfo(settings.DATABASES["default"]), autocommit=True)
        self._line.execute(f"LISTEN {live.CHANNEL}")
        return self

    def __exit__(self, *error: object) -> None:
        self._line.close()

    def heard(self) -> list[str]:
        return [each.payload for each in self._line.notifies(timeout=0.2)]


@pytest.mark.django_db
class TestAnEvent:
    def test_it_is_handed_on_as_procrastinate_would(
        self, ticket: Ticket, ana: User, waited_for: None
    ) -> None:
        event = events.record("note_written", ticket=ticket, actor=ana)
        app.configure_task(events.REACT, queue="reactions", allow_unknown=True).defer(events=[event.pk])
        ours, theirs = jobs()
        assert ours == theirs

    def test_what_nothing_waits_for_is_not_handed_on(self, ticket: Ticket, waited_for: None) -> None:
        events.record("assigned", ticket=ticket, to="Ana Kovač", person=1)
        assert jobs() == []

    def test_all_of_it_is_kept(self, ticket: Ticket, ana: User) -> None:
        said = ticket.messages.get()
        with events.because(rule=3):
            written = events.record("tags_changed", ticket=ticket, message=said, actor=ana, added=["“zip”"])
        kept = Event.objects.get(pk=written.pk)
        for each in (written, kept):
            assert (each.kind, each.account_id, each.ticket_id, each.message_id, each.actor_id) == (
                "tags_changed", ticket.account_id, ticket.pk, said.pk, ana.pk
            )  # fmt: skip
            assert each.data == {"rule": 3, "added": ["“zip”"]}
        assert kept.at == written.at

    def test_several_are_handed_on_together(self, ticket: Ticket, ana: User, waited_for: None) -> None:
        with transaction.atomic(), events.told_together():
            written = [verbs.note(ticket, ana, text) for text in ("Batch 7.", "The zip.")]
            assert jobs() == []
        found = Event.objects.filter(message__in=written).order_by("id")
        assert handed() == [[each.pk for each in found]]


@pytest.mark.django_db
class TestANote:
    def test_it_is_one_statement_with_all_that_belongs_to_it(
        self, ticket: Ticket, ana: User, waited_for: None
    ) -> None:
        verbs.keep_draft(ana, ticket, "note", "Batch")
        verbs.keep_draft(ana, ticket, "private", "Dear Lea")
        with CaptureQueriesContext(connection) as asked:
            note = verbs.note(ticket, ana, " Batch 7. ")
        assert len(asked) == 1
        kept = Message.objects.get(pk=note.pk)
        for field in Message._meta.concrete_fields:
            assert getattr(kept, field.attname) == getattr(note, field.attname), field.name
        assert (kept.text, kept.state, kept.direction, kept.author) == ("Batch 7.", "noted", "out", ana)
        assert [draft.visibility for draft in Draft.objects.all()] == ["private"]
        event = Event.objects.get(kind="note_written")
        assert (event.message_id, event.actor_id, event.at) == (note.pk, ana.pk, note.at)
        assert handed() == [[event.pk]]

    def test_the_same_key_is_the_same_note(self, ticket: Ticket, ana: User) -> None:
        key = uuid4()
        first = verbs.note(ticket, ana, "Batch 7.", key=key)
        assert verbs.note(ticket, ana, "Batch 7.", key=key) == first
        assert _noted(ticket, ana, "Batch 7.", key) == first  # both had looked before either wrote
        assert Event.objects.filter(kind="note_written").count() == 1

    def test_no_note_gets_into_a_ticket_that_is_being_merged(
        self, account: Account, ticket: Ticket, ana: User
    ) -> None:
        news(account, comment("2", 1))
        other = Ticket.objects.exclude(pk=ticket.pk).get()
        merging.merge(Ticket.objects.get(pk=ticket.pk), other, ana)
        assert ticket.merged_into_id is None  # as it was read before
        with pytest.raises(CannotAnswer, match=f"#{other.pk}"):
            verbs.note(ticket, ana, "Batch 7.")
        assert not Message.objects.filter(visibility="note").exists()


@pytest.mark.django_db(transaction=True)
class TestAtTheSameTime:
    def test_a_note_waits_for_who_holds_the_ticket_and_is_told_when_it_is_there(
        self, ticket: Ticket, ana: User
    ) -> None:
        written: list[Message] = []

        def write() -> None:
            try:
                written.append(verbs.note(ticket, ana, "Batch 7."))
            finally:
                connection.close()

        with Listener() as pages:
            with transaction.atomic():
                Ticket.objects.select_for_update().get(pk=ticket.pk)
                writer = threading.Thread(target=write)
                writer.start()
                writer.join(0.5)
                assert writer.is_alive()
                assert pages.heard() == []
            writer.join(PATIENCE)
            assert written[0].pk
            assert pages.heard() == [f'["queue","ticket:{ticket.pk}"]']

    def test_of_two_with_one_key_one_is_written(self, ticket: Ticket, ana: User) -> None:
        key: UUID = uuid4()
        written: list[int] = []
        ready = threading.Barrier(4)

        def write() -> None:
            try:
                ready.wait(PATIENCE)
                written.append(verbs.note(ticket, ana, "Batch 7.", key=key).pk)
            finally:
                connection.close()

        writers = [threading.Thread(target=write) for _each in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(PATIENCE)
        assert len(written) == 4
        assert len(set(written)) == 1
        assert Message.objects.filter(visibility="note").count() == 1

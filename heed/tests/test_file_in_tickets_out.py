"""File in, tickets out: what each network's payload files become in the inbox.

Beside the payloads of every network lies `tickets.txt`: the same files as tickets and messages, to be
read by a person. `HEED_WRITE_TICKETS=1 bin/test heed/tests/test_file_in_tickets_out.py` writes it anew
after a change; look at the difference before it is committed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from django.db import transaction

from heed.channels.models import Account
from heed.channels.registry import networks
from heed.channels.tests.contract import Sample, sample_of
from heed.inbox import intake, ledger
from heed.inbox.models import Delivery, EarlyNews, Identity, Message, Reaction, Ticket

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", sorted(networks()))
def test_file_in_tickets_out(name: str) -> None:
    sample = sample_of(networks()[name])
    expected = _folder(sample) / "tickets.txt"
    told = "\n".join(_told(name, sample))
    if os.environ.get("HEED_WRITE_TICKETS"):
        expected.write_text(told, encoding="utf-8")
    assert told == expected.read_text(encoding="utf-8")


def _told(name: str, sample: Sample) -> Iterator[str]:
    for title, body in _deliveries(sample):
        with transaction.atomic():
            yield f"== {title}: {_delivered(name, sample, body)}"
            yield from _tickets()
            yield from _beside()
            yield ""
            transaction.set_rollback(True)


def _deliveries(sample: Sample) -> Iterator[tuple[str, bytes]]:
    """Every payload file, then the bodies that are made of several or of none."""
    kept = {path.name: path.read_bytes() for path in sorted((_folder(sample) / "payloads").glob("*.*"))}
    yield from kept.items()
    made = [body for body in sample.bodies() if body not in kept.values()]
    yield from ((f"body {number}", body) for number, body in enumerate(made, start=1))


def _folder(sample: Sample) -> Path:
    assert isinstance(sample, ModuleType)
    return Path(str(sample.__file__)).parent


def _delivered(name: str, sample: Sample, body: bytes) -> str:
    """Deliver a body to a fresh account; gives back what the ledger says of it."""
    record = sample.ACCOUNT
    account = Account(
        network=name,
        name=record.name,
        external_id=record.external_id,
        handle=record.handle,
        base_url=record.base_url,
        state="connected",
        settings=dict(record.settings),
    )
    account.credentials, account.session = dict(record.credentials), dict(record.session)
    account.save()
    ledger.append(account.pk, [body])
    while intake.take_batch():
        pass
    delivery = Delivery.objects.get()
    problems = "; ".join(_problem(**each) for each in delivery.problems)
    return f"{delivery.state}{' — ' if problems else ''}{problems}"


def _problem(what: str, error: str, **_fault: str) -> str:
    """An item set aside, with the kind of its error; one not understood, with what was said of it."""
    return f"{what} {error.partition(':')[0]}".strip()


def _tickets() -> Iterator[str]:
    for ticket in Ticket.objects.select_related("identity", "post").order_by("opened_at", "id"):
        place = f" on {ticket.post.external_id}" if ticket.post else ""
        waits = "unanswered" if ticket.unanswered else "answered"
        yield f"{ticket.kind} ticket{place} of {_who(ticket.identity)}, {ticket.status}, {waits}"
        for message in ticket.messages.order_by("at", "external_id", "id"):
            yield f"  {_message(message)}"


def _who(identity: Identity) -> str:
    facts = [identity.external_id, identity.handle, identity.also_id and f"also {identity.also_id}"]
    reach = "" if identity.reachable else ", not reachable"
    return f"{identity.name or 'somebody'} ({', '.join(each for each in facts if each)}{reach})"


def _message(message: Message) -> str:
    files = [
        f"[{each.kind}{each.text and ': ' + each.text}]" for each in message.attachments.order_by("position")
    ]
    marks = {
        "edited": message.edited_at is not None,
        "removed": message.removed_at is not None,
        "hidden": message.hidden,
        "automatic": message.automatic,
        "liked by us": message.liked,
    }
    said = " ".join([f"“{message.text}”" if message.text else "", *files]).strip()
    shown = ", ".join(mark for mark, holds in marks.items() if holds)
    at = message.at.strftime("%Y-%m-%d %H:%M:%S")
    return f"{at} {message.direction} {message.kind} {said}{f' ({shown})' if shown else ''}"


def _beside() -> Iterator[str]:
    """What is known besides tickets: people, reactions, news that waits for its message."""
    for identity in Identity.objects.filter(tickets=None).order_by("external_id"):
        yield f"known: {_who(identity)}"
    for each in Reaction.objects.order_by("target", "author_external_id"):
        given = "given to" if each.on else "taken from"
        yield f"reaction: {each.reaction} {given} {each.target} by {each.author_external_id}"
    for news in EarlyNews.objects.order_by("external_id", "what", "at"):
        yield f"waits: {news.what} of {news.external_id}"
    problem = Account.objects.values_list("problem", flat=True).get()
    if problem:
        yield f"account: {problem}"

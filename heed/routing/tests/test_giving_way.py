"""What rooms above the inbox know of somebody goes along when their identity gives way to another."""

from __future__ import annotations

from datetime import timedelta

import pytest

from heed.accounts.models import User
from heed.channels.base import AuthorFound, IdentityChanged, Person
from heed.channels.models import Account
from heed.inbox import verbs
from heed.inbox.models import Event, Identity, Message, Notice, Ticket
from heed.inbox.tests.deliveries import LEA, at, comment, news, private
from heed.inbox.verbs import merging, sorting
from heed.lib import clock
from heed.routing.models import AutomaticSent, Policy, Promise, Rule, RuleRun

pytestmark = pytest.mark.django_db

NEW = Person("lea-2", "Lea Marn")


def renamed(account: Account) -> None:
    news(account, IdentityChanged(previous="lea", person=NEW, at=at(9)))


def row(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


@pytest.fixture
def both(account: Account) -> tuple[Ticket, Ticket]:
    """Lea's ticket under the old id and under the new one."""
    news(account, private("1", 0), private("2", 5, NEW))
    old, new = Ticket.objects.order_by("opened_at")
    return old, new


def test_nothing_of_the_ticket_is_lost(account: Account, ana: User, both: tuple[Ticket, Ticket]) -> None:
    old, new = both
    sorting.tag(old, ana, add=["returns"])
    sorting.tag(new, ana, add=["zip"])
    sorting.set_priority(old, ana, 4)
    later = clock.now() + timedelta(days=1)
    Ticket.objects.filter(pk=old.pk).update(fields={"order": "A1", "size": "39"}, follow_up_at=later)
    Ticket.objects.filter(pk=new.pk).update(fields={"order": "", "size": "41"})
    Notice.objects.create(user=ana, kind="mentioned", ticket=old)
    renamed(account)
    one = Ticket.objects.get()
    assert one == new
    assert (one.tags, one.priority, one.follow_up_at) == (["returns", "zip"], 4, later)
    assert one.fields == {"order": "A1", "size": "41"}
    assert Notice.objects.get().ticket == one
    assert Event.objects.filter(ticket=one, kind="merged", data__number=old.pk).exists()


def test_what_was_promised_and_done_goes_along(account: Account, both: tuple[Ticket, Ticket]) -> None:
    old, new = both
    policy = Policy.objects.create(name="All", first_reply=3600, next_reply=3600, time="elapsed")
    for ticket, since, ended in ((old, at(0), at(3)), (old, at(4), None), (new, at(5), None)):
        Promise.objects.create(
            ticket=ticket,
            target="first_reply",
            policy=policy,
            seconds=60,
            since=since,
            counted_at=since,
            ended_at=ended,
        )
    RuleRun.objects.create(rule=Rule.objects.create(name="Angry", condition="tag:angry"), ticket=old)
    said = Message.objects.create(
        account=account, ticket=old, direction="out", visibility="private", automatic=True, at=at(1)
    )
    asked = Message.objects.get(external_id="1")
    AutomaticSent.objects.create(identity=old.identity, kind="away", to=asked, message=said)
    renamed(account)
    assert [each.since for each in Promise.objects.filter(ticket=new).order_by("since")] == [at(0), at(5)]
    assert RuleRun.objects.get().ticket == new
    assert AutomaticSent.objects.get().identity == new.identity


def test_whoever_is_blocked_stays_blocked(account: Account, ana: User, both: tuple[Ticket, Ticket]) -> None:
    verbs.block(both[0], ana)
    renamed(account)
    assert Identity.objects.get().blocked


def test_what_was_merged_into_it_can_still_be_taken_out(account: Account, ana: User) -> None:
    news(account, comment("a", 0, post="one"), private("1", 1), private("2", 5, NEW))
    public, old, new = Ticket.objects.order_by("opened_at")
    record = merging.merge(public, old, ana)
    renamed(account)
    assert Message.objects.filter(ticket=new).count() == 3
    assert row(public).merged_into_id == new.pk
    record.refresh_from_db()
    merging.unmerge(record, ana)
    assert [each.external_id for each in row(public).messages.all()] == ["a"]
    assert [each.external_id for each in row(new).messages.order_by("at")] == ["1", "2"]


def test_it_is_poured_where_theirs_went_on(account: Account, ana: User) -> None:
    news(account, comment("a", 0, NEW, post="one"), private("2", 5, NEW), private("1", 1))
    seen, theirs = Ticket.objects.filter(identity__external_id="lea-2").order_by("opened_at")
    record = merging.merge(theirs, seen, ana)
    renamed(account)
    said = Message.objects.get(external_id="1")
    assert (said.ticket, said.home) == (seen, theirs)
    record.refresh_from_db()
    merging.unmerge(record, ana)
    assert [each.external_id for each in theirs.messages.order_by("at")] == ["1", "2"]
    assert (row(theirs).unanswered, row(theirs).waiting_since) == (True, at(1))


def test_one_that_was_merged_stays_for_taking_that_back(account: Account, ana: User) -> None:
    news(account, comment("a", 0, post="one"), private("1", 1), private("2", 5, NEW))
    seen, old, new = Ticket.objects.order_by("opened_at")
    record = merging.merge(old, seen, ana)
    renamed(account)
    merging.unmerge(record, ana)
    assert [each.external_id for each in row(old).messages.all()] == ["1"]
    news(account, private("3", 20, NEW))
    assert [each.external_id for each in row(new).messages.order_by("at")] == ["2", "3"]


def test_a_stand_in_whose_ticket_took_theirs_in(account: Account, ana: User) -> None:
    news(account, comment("1", 0), comment("2", 1, None))
    lea, stand_in = Ticket.objects.order_by("opened_at")
    verbs.join(stand_in.customer, lea.customer, ana)
    merging.merge(lea, stand_in, ana)
    news(account, AuthorFound(external_id="2", author=LEA))
    assert row(stand_in).identity == lea.identity
    assert row(stand_in).messages.count() == 2

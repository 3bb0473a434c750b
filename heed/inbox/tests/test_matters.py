"""Messages that say what they answer or what they are about, as mails do."""

from __future__ import annotations

import threading
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from heed.accounts.models import User
from heed.channels.base import MATTER, Echo, MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import intake, ledger, verbs
from heed.inbox.models import Identity, Message, Ticket
from heed.inbox.possible import possible
from heed.inbox.statements import run
from heed.inbox.tests.deliveries import LEA, at, deliver, news
from heed.inbox.tests.rubber import body
from heed.inbox.verbs import merging
from heed.inbox.verbs.automatic import send_automatic
from heed.inbox.way_back import ticket_of, word_of
from heed.lib import clock

pytestmark = pytest.mark.django_db
OMAR = Person("omar@mail.example", "Omar Badr")


def mail(
    name: str, minute: float, about: str, *answers: str, who: Person = LEA, **facts: Any
) -> MessageReceived:
    return MessageReceived(
        external_id=name,
        at=at(minute),
        visibility="private",
        kind="message",
        author=who,
        text=f"words of {name}",
        answers=answers,
        refs={MATTER: about} if about else {},
        **facts,
    )


def matters() -> list[list[str]]:
    """What stands together, the older ticket first."""
    return [
        list(ticket.messages.order_by("at", "external_id").values_list("external_id", flat=True))
        for ticket in Ticket.objects.order_by("pk")
    ]


def solve(ticket: Ticket, user: User) -> None:
    verbs.mark_answered(ticket, user)
    verbs.set_status(Ticket.objects.get(pk=ticket.pk), user, "solved")


def test_another_subject_is_another_ticket(account: Account) -> None:
    news(account, mail("a1", 0, "parcel"))
    news(account, mail("b1", 1, "refund"), mail("a2", 2, "parcel"))
    assert matters() == [["a1", "a2"], ["b1"]]
    news(account, mail("c1", 3, ""), mail("d1", 4, "", automatic=True))
    assert matters() == [["a1", "a2"], ["b1", "c1", "d1"]]  # without a subject, with the newest matter
    assert list(Ticket.objects.order_by("pk").values_list("running", flat=True)) == [False, True]


def test_what_comes_at_once_is_told_apart_too(account: Account) -> None:
    news(
        account, mail("a1", 0, "parcel"), mail("b1", 1, "refund"), mail("b2", 2, "refund"), mail("c1", 3, "")
    )
    assert matters() == [["a1"], ["b1", "b2", "c1"]]
    assert list(Ticket.objects.order_by("pk").values_list("running", flat=True)) == [False, True]


def test_an_answer_goes_where_what_it_answers_stands_whoever_writes(account: Account) -> None:
    news(account, mail("a1", 0, "parcel"), mail("b1", 1, "refund"))
    news(account, mail("a2", 2, "hello again", "unknown", "a1", who=OMAR))
    assert matters() == [["a1", "a2"], ["b1"]]
    omar = Identity.objects.get(external_id=OMAR.external_id)
    assert Message.objects.get(external_id="a2").identity == omar
    news(account, mail("o1", 3, "", who=OMAR))  # a matter of his own
    assert matters()[2] == ["o1"]


def test_answers_that_come_together_with_what_they_answer(account: Account) -> None:
    told = [mail("a1", 0, "parcel"), mail("a2", 0, "x", "a1", who=OMAR), mail("a3", 0, "y", "a2")]
    for number, order in enumerate(permutations(told)):
        with transaction.atomic():
            news(account, *order)
            assert matters() == [["a1", "a2", "a3"]], number
            transaction.set_rollback(True)


def test_strangers_do_not_answer_another_accounts_messages(account: Account) -> None:
    other = Account.objects.create(network="rubber", name="Two", external_id="two", base_url=account.base_url)
    news(account, mail("a1", 0, "parcel"))
    news(other, mail("x1", 1, "parcel", "a1", who=OMAR))
    assert matters() == [["a1"], ["x1"]]


@pytest.mark.parametrize(
    ("after_solved", "expected"), [("reopen", [["a1", "a2"]]), ("new", [["a1"], ["a2"]])]
)
@pytest.mark.parametrize("answers", [("a1",), ()])
def test_after_a_solved_one_the_account_decides(
    account: Account, ana: User, after_solved: str, expected: list[list[str]], answers: tuple[str, ...]
) -> None:
    Account.objects.update(after_solved=after_solved)
    news(account, mail("a1", 0, "parcel"))
    solve(Ticket.objects.get(), ana)
    Ticket.objects.update(solved_at=at(1))
    news(account, mail("a2", 2, "parcel", *answers))
    assert matters() == expected
    news(account, mail("a3", 3, "parcel", *answers))  # and the next one does not begin a third
    assert matters() == [*expected[:-1], [*expected[-1], "a3"]]


@pytest.mark.parametrize("after_solved", ["reopen", "new"])
def test_another_subject_never_wakes_what_is_solved(account: Account, ana: User, after_solved: str) -> None:
    Account.objects.update(after_solved=after_solved)
    news(account, mail("a1", 0, "parcel"))
    solve(Ticket.objects.get(), ana)
    news(account, mail("b1", 2, "refund"))
    assert matters() == [["a1"], ["b1"]]
    assert Ticket.objects.get(messages__external_id="a1").solved


def test_a_machine_that_has_to_be_heard_is_not_heard_in_a_solved_ticket(account: Account, ana: User) -> None:
    news(account, mail("a1", 0, "returned", automatic=True), mail("a2", 1, "returned", automatic=True))
    assert matters() == [["a1", "a2"]]
    solve(Ticket.objects.get(), ana)
    Ticket.objects.update(solved_at=at(3))
    news(account, mail("a3", 2, "returned", automatic=True), mail("n1", 4, "", automatic=True))
    assert matters() == [["a1", "a2", "a3", "n1"]]
    assert Ticket.objects.get().solved
    news(account, mail("b1", 5, "returned", automatic=True))
    news(account, mail("b2", 6, "returned", automatic=True))
    assert matters() == [["a1", "a2", "a3", "n1"], ["b1", "b2"]]
    assert list(Ticket.objects.order_by("pk").values_list("unanswered", flat=True)) == [False, True]


def test_what_was_merged_or_split_off_is_answered_where_it_stands(account: Account, ana: User) -> None:
    news(account, mail("a1", 0, "parcel"), mail("b1", 1, "refund"), mail("b2", 2, "refund"))
    first, second = Ticket.objects.order_by("pk")
    merging.merge(second, first, ana)
    news(account, mail("b3", 3, "refund", "b1"))
    assert Message.objects.get(external_id="b3").ticket == first
    apart = merging.split(first, [Message.objects.get(external_id="b2").pk], ana)
    news(account, mail("b4", 4, "refund", "b2"))
    assert Message.objects.get(external_id="b4").ticket == apart


def test_the_blocked_and_spam_stay_where_they_are(account: Account) -> None:
    news(account, mail("a1", 0, "parcel"), mail("o1", 0, "win", who=OMAR))
    Identity.objects.filter(external_id=OMAR.external_id).update(blocked=True)
    news(account, mail("o2", 1, "win", "a1", who=OMAR))
    assert Message.objects.get(external_id="o2").ticket.identity.external_id == OMAR.external_id
    Ticket.objects.filter(messages__external_id="o1").update(spam=True)
    news(account, mail("a2", 2, "see this", "o1"))
    assert Message.objects.get(external_id="a2").ticket.identity.external_id == LEA.external_id


def test_a_word_of_ours_names_the_ticket_and_no_other_does(account: Account) -> None:
    news(account, mail("a1", 0, "parcel"), mail("b1", 1, "refund"))
    first, second = Ticket.objects.order_by("pk")
    word = word_of(first.pk, account.pk)
    assert word == word.lower()
    news(account, mail("a2", 2, "other words", "b1", way_back=word.upper(), who=OMAR))
    assert Message.objects.get(external_id="a2").ticket == first
    forged = word.replace(f"t{first.pk}-", f"t{second.pk}-")
    for number, wrong in enumerate((forged, f"t{second.pk}", "returns", word_of(second.pk, account.pk + 1))):
        assert ticket_of(wrong, account.pk) is None
        news(account, mail(f"x{number}", 3, f"{number}", way_back=wrong, who=OMAR))
        assert Message.objects.get(external_id=f"x{number}").ticket != second


def test_an_answer_given_outside_stands_beside_what_it_answers(account: Account) -> None:
    news(account, mail("a1", 0, "parcel"), mail("b1", 1, "refund"))
    echo = Echo(
        external_id="e1", at=at(2), visibility="private", person=LEA, parent="a1", refs={MATTER: "parcel"}
    )
    news(account, echo)
    assert matters() == [["a1", "e1"], ["b1"]]


def test_who_wrote_last_is_answered(account: Account) -> None:
    news(account, mail("a1", 0, "parcel"), mail("a2", 1, "parcel", "a1", who=OMAR))
    ticket = Ticket.objects.get()
    assert ticket.identity.external_id == LEA.external_id
    Ticket.objects.update(last_private_in=clock.now())
    sent = send_automatic(ticket, "Thank you.", "private", origin="instant", key=uuid4())
    assert sent.identity is not None
    assert sent.identity.external_id == OMAR.external_id
    Identity.objects.filter(external_id=LEA.external_id).update(reachable=False)
    assert possible(Ticket.objects.get()).private.allowed
    Identity.objects.update(reachable=False)
    assert not possible(Ticket.objects.get()).private.allowed


def test_networks_that_name_nothing_of_the_kind_ask_nothing(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(sql: str, *values: Any) -> Any:
        asked.append(sql)
        return run(sql, *values)

    monkeypatch.setattr("heed.inbox.arrivals.matters.run", counted)
    news(account, mail("p1", 0, ""), mail("p2", 1, "", who=OMAR))
    assert not asked
    people = [mail(f"a{number}", number, "x", "p1", who=Person(f"p{number}")) for number in range(30)]
    deliver(account, body(*people))
    assert len(asked) == 3  # whatever there are of them


@pytest.mark.django_db(transaction=True)
def test_two_who_take_in_the_same_persons_mails_at_once(account: Account) -> None:
    for number in range(4):
        ledger.append(account.pk, [body(mail(f"a{number}", number, f"matter {number % 2}"))])

    def work() -> None:
        while intake.take_batch(1):
            pass
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(120)
    assert sorted(matters()) == [["a0", "a2"], ["a1", "a3"]]
    assert Ticket.objects.filter(running=True).count() == 1

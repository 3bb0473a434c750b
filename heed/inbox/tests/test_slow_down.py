"""A network that asks us to slow down, and one that is slow itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.models import User
from heed.channels import sessions
from heed.channels.base import AccountRecord, Answer, NotThere, Person, Refusal, Sent
from heed.channels.models import Account
from heed.inbox import jobs, outbox, unknown, verbs
from heed.inbox.models import Message, Ticket
from heed.inbox.tests.deliveries import comment, news, private
from heed.inbox.tests.rubber import Rubber
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps, Unreachable

pytestmark = pytest.mark.django_db

SLOWER = {"retry": True, "after": 900}


class Watch:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.now = clock.now()

    def wait(self, **how_long: float) -> None:
        self.now += timedelta(**how_long)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(clock, "now", lambda: watch.now)
    return watch


def queued(account: Account, ana: User, many: int) -> list[Message]:
    """Answers to as many customers."""
    people = [Person(f"p{number}", f"Customer {number}") for number in range(many)]
    news(account, *(comment(f"c{person.external_id}", who=person) for person in people))
    return [
        verbs.answer(ticket, ana, f"we help, {ticket.identity}", "public")
        for ticket in Ticket.objects.order_by("id")
    ]


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


@pytest.mark.parametrize("whole", [True, False], ids=["the account", "the answer"])
def test_a_long_queue_leaves_as_fast_as_the_network_takes_it(
    account: Account, ana: User, rubber: Rubber, watch: Watch, whole: bool
) -> None:
    """Eighteen answers, two in fifteen minutes: none fails, none overtakes, nothing is asked in vain."""
    taken: list[datetime] = []

    def outcome() -> Sent:
        if len([at for at in taken if at > watch.now - timedelta(minutes=15)]) >= 2:
            raise Refusal("slow_down", whole_account=whole, **SLOWER)  # type: ignore[arg-type]
        taken.append(watch.now)
        return Sent(f"s{len(taken)}")

    rubber.script = [outcome] * 999
    waiting = queued(account, ana, 18)
    for _quarter in range(9):
        for message in waiting:
            outbox.send_next(message.ticket_id)
        waiting = [each for each in waiting if again(each).state != "sent"]
        watch.wait(minutes=15, seconds=1)
    ours = Message.objects.filter(direction="out")
    assert set(ours.values_list("state", flat=True)) == {"sent"}
    assert list(ours.order_by("id").values_list("at", flat=True)) == taken
    if whole:
        assert len(rubber.sent) == 18 + 8


@pytest.mark.parametrize(("asked", "most"), [(None, 12), (0, 70), (900, 6)])
def test_too_long_is_too_long(
    account: Account,
    ana: User,
    rubber: Rubber,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    asked: float | None,
    most: int,
) -> None:
    """It fails in the end; and a network that asks for next to nothing is not stormed."""
    monkeypatch.setattr(outbox, "_PATIENCE", timedelta(hours=1))
    (message,) = queued(account, ana, 1)
    begun = watch.now
    rubber.script = [Refusal("slow_down", retry=True, after=asked) for _ in range(most)]
    while again(message).state not in ("failed", "sent"):
        watch.now = outbox.send_next(message.ticket_id) or watch.now
    assert again(message).reason == "slow_down"
    assert timedelta(hours=1) <= watch.now - begun < timedelta(hours=2)


@pytest.mark.parametrize("trouble", [Unreachable("down"), AnswerLost("broken off")], ids=["down", "unknown"])
def test_what_went_before_makes_no_rest_longer(
    account: Account, ana: User, rubber: Rubber, watch: Watch, trouble: Exception
) -> None:
    (first,) = queued(account, ana, 1)
    slow = Refusal("slow_down", retry=True, whole_account=True)
    rubber.script = [slow, trouble, slow, slow]
    for _try in range(2):
        watch.now = outbox.send_next(first.ticket_id) or watch.now
    watch.wait(days=2)
    rubber.findings = [NotThere()]
    unknown.resolve(first.pk)
    for _try in range(2):
        later = watch.now + timedelta(seconds=outbox.WAITS[2])
        assert outbox.send_next(first.ticket_id) == later
        assert (again(first).reason, Account.objects.get().paused_until) == ("slow_down", later)
        watch.now = later


def test_being_asked_to_come_later_leaves_all_tries(
    account: Account, ana: User, rubber: Rubber, watch: Watch
) -> None:
    (message,) = queued(account, ana, 1)
    later = [Refusal("slow_down", retry=True, after=5) for _ in range(20)]
    rubber.script = [*later, *[Unreachable("down")] * len(outbox.WAITS), Sent("s")]
    while again(message).state != "sent":
        watch.now = outbox.send_next(message.ticket_id) or watch.now
        assert again(message).state != "failed"
    assert [each.started is None for each in rubber.sent] == [True] + [False] * (20 + len(outbox.WAITS))


def test_a_shorter_rest_makes_none_shorter(account: Account, ana: User, rubber: Rubber, watch: Watch) -> None:
    first, _second = queued(account, ana, 2)
    claimed, _again = outbox._claim(first.ticket_id)
    Account.objects.update(paused_until=watch.now + timedelta(hours=1))
    rubber.script = [Refusal("slow_down", retry=True, after=5, whole_account=True)]
    assert claimed is not None
    outbox._send(claimed)
    assert Account.objects.get().paused_until == watch.now + timedelta(hours=1)


def test_the_sweep_lets_a_resting_account_rest_and_keeps_the_order(
    account: Account, ana: User, rubber: Rubber, watch: Watch
) -> None:
    waiting = queued(account, ana, 12)
    ProcrastinateJob.objects.all().delete()
    Account.objects.update(paused_until=watch.now + timedelta(minutes=5))
    watch.wait(minutes=1)
    jobs.sweep_outbox.func(0)
    assert not ProcrastinateJob.objects.exists()
    watch.wait(minutes=5)
    jobs.sweep_outbox.func(0)
    swept = ProcrastinateJob.objects.order_by("id").values_list("args", flat=True)
    assert [each["ticket"] for each in swept] == [each.ticket_id for each in waiting]


def test_what_waits_until_the_customer_writes_goes_when_they_do(
    account: Account, ana: User, rubber: Rubber
) -> None:
    news(account, private("1"))
    Ticket.objects.update(last_private_in=clock.now())
    message = verbs.answer(Ticket.objects.get(), ana, "yes", "private")
    rubber.script = [Refusal("used_up", retry=True, after=3600)]
    outbox.send_next(message.ticket_id)
    assert (again(message).state, again(message).reason) == ("retrying", "used_up")
    ProcrastinateJob.objects.all().delete()
    news(account, private("2"))
    (job,) = ProcrastinateJob.objects.filter(task_name=jobs.send_answers.name)
    jobs.send_answers.func(**job.args)
    assert again(message).state == "sent"
    ProcrastinateJob.objects.all().delete()
    news(account, private("3"))
    assert not ProcrastinateJob.objects.filter(task_name=jobs.send_answers.name).exists()


class Killed(BaseException):
    """The process ends here and now."""


@pytest.mark.parametrize("written", [False, True], ids=["before it is written down", "after it"])
def test_killed_while_it_is_asked_to_slow_down(
    account: Account,
    ana: User,
    rubber: Rubber,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    written: bool,
) -> None:
    (message,) = queued(account, ana, 1)
    rubber.script = [Refusal("slow_down", whole_account=True, **SLOWER), Sent("s")]  # type: ignore[arg-type]
    conclude = outbox._conclude

    def killed(*given: Any, **values: Any) -> None:
        if written:
            conclude(*given, **values)
        raise Killed

    monkeypatch.setattr(outbox, "_conclude", killed)
    with pytest.raises(Killed):
        outbox.send_next(message.ticket_id)
    monkeypatch.undo()
    monkeypatch.setattr(clock, "now", lambda: watch.now)
    rubber.findings = [NotThere()]
    for _minute in range(30):
        watch.wait(minutes=1)
        outbox.send_next(message.ticket_id)
        unknown.resolve(message.pk)
    assert again(message).state == "sent"
    assert len(rubber.sent) == 2


def test_what_may_still_be_on_its_way_counts_from_when_it_left(
    account: Account, ana: User, rubber: Rubber, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files took their time before: absence is believed only so long after the request that counts, and after
    its line broke."""
    asked: list[Answer] = []
    (message,) = queued(account, ana, 1)
    begun = watch.now

    class Slow:
        def send(self, request: Request) -> Response:
            watch.wait(seconds=45)
            if request.decisive:
                left.append(again(message).at)
                raise AnswerLost("timed out")
            return Response(200, {}, b"{}")

    def find(account: AccountRecord, answer: Answer) -> Steps[NotThere]:
        yield from ()
        asked.append(answer)
        return NotThere()

    left: list[datetime] = []
    rubber.asks = True
    monkeypatch.setattr(sessions, "client", Slow)
    monkeypatch.setattr(rubber, "find", find)
    outbox.send_next(message.ticket_id)
    watch.wait(seconds=2)
    unknown.resolve(message.pk)
    assert left == [begun + timedelta(seconds=45)]
    assert asked[0].started == begun
    assert asked[0].tried == begun + timedelta(seconds=90)

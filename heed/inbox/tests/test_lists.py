"""Lists: every view, order and page, for people who see everything and people who see parts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heed.accounts.models import Grant, Team, User
from heed.channels.models import Account
from heed.inbox import reach
from heed.inbox.conditions import parse
from heed.inbox.models import Customer, Identity, Message, Notice, Ticket
from heed.inbox.reach import counters, lists
from heed.inbox.search import index_everything
from heed.lib import clock
from heed.tests.examples import examples


@pytest.fixture
def accounts(account: Account) -> list[Account]:
    more = [
        Account.objects.create(network="rubber", name=name, external_id=name, base_url="http://127.0.0.1:1")
        for name in ("Two", "Three")
    ]
    return [account, *more]


@pytest.fixture
def teams(db: None) -> list[Team]:
    return [Team.objects.create(name="Returns"), Team.objects.create(name="Care")]


@pytest.fixture
def nadia(accounts: list[Account], teams: list[Team]) -> User:
    """Somebody of one account and one team."""
    person = User.objects.create_user("nadia@acme.example", role="", name="Nadia")
    Grant.objects.create(user=person, role="agent", account=accounts[1].pk)
    Grant.objects.create(user=person, role="agent", team=teams[0])
    return person


def _tickets(given: list[dict[str, Any]]) -> list[Ticket]:
    """One with a message for each of these, the newest first."""
    now = clock.now()
    tickets = []
    for number, facts in enumerate(given):
        customer = Customer(name=f"Lea {number}")
        identity = Identity(account=facts["account"], customer=customer, external_id=f"p{number}")
        own = {"identity": identity, "customer": customer, "last_at": now - timedelta(minutes=number)}
        tickets.append(Ticket(**{"kind": "private", "unanswered": False} | own | facts))
    Customer.objects.bulk_create([each.customer for each in tickets])
    Identity.objects.bulk_create([each.identity for each in tickets])
    Ticket.objects.bulk_create(tickets)
    Message.objects.bulk_create(
        Message(
            account=each.account, ticket=each, direction="in", visibility="private",
            text="the zip broke" if number % 3 else "wrong heel",
        )
        for number, each in enumerate(tickets)
    )  # fmt: skip
    return tickets


@pytest.fixture
def desk(accounts: list[Account], teams: list[Team], nadia: User, ana: User) -> list[Ticket]:
    """Tickets of all kinds on three accounts, of which Nadia sees some."""
    now = clock.now()
    found = _tickets(
        [
            {
                "account": accounts[number % 3],
                "team": [None, None, teams[0], teams[1], None][number % 5],
                "assignee": [None, nadia, ana, None, None, None, None][number % 7],
                "status": ["new", "open", "solved"][number % 11 % 3],
                "unanswered": number % 4 == 0,
                "waiting_since": now - timedelta(hours=number) if number % 4 == 0 else None,
                "window_closes_at": now + timedelta(hours=50 - number) if number % 8 == 0 else None,
                "priority": 1 + number % 4,
                "due_at": now + timedelta(minutes=number * 7 - 100) if number % 2 else None,
                "spam": number == 5,
                "snoozed_until": now + timedelta(hours=number) if number % 13 == 0 else None,
            }
            for number in range(48)
        ]
    )
    Notice.objects.create(user=nadia, kind="mentioned", ticket=found[1])
    Notice.objects.create(user=nadia, kind="mentioned", ticket=found[3])
    index_everything()
    return found


def _all_pages(user: User, limit: int, **asked: Any) -> list[int]:
    found, after = [], ""
    for _page in range(60):
        page = reach.tickets(user, after=after, limit=limit, **asked)
        assert len(page.items) <= limit
        found += [row.pk for row in page.items]
        after = page.next
        if not after:
            return found
    raise AssertionError("the list has no end")


@pytest.mark.parametrize("view", reach.VIEWS)
@pytest.mark.parametrize("order", reach.ORDERS)
def test_pages_of_a_part_are_those_of_the_whole_that_are_in_sight(
    desk: list[Ticket], nadia: User, maja: User, view: str, order: str
) -> None:
    if view in ("mine", "mentions"):
        assert all(reach.sight(nadia).takes_in(row) for row in reach.tickets(nadia, view).items)
        return
    whole = _all_pages(maja, 7, view=view, order=order)
    assert len(whole) == len(set(whole))
    sight = reach.sight(nadia)
    visible = {row.pk for row in Ticket.objects.all() if sight.takes_in(row)}
    assert _all_pages(nadia, 5, view=view, order=order) == [pk for pk in whole if pk in visible]


def test_a_part_is_not_the_whole(desk: list[Ticket], nadia: User, maja: User) -> None:
    assert 0 < len(_all_pages(nadia, 9, view="all")) < len(_all_pages(maja, 9, view="all"))


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ("newest", lambda row: (0, -row.last_at.timestamp())),
        ("waiting", lambda row: _first(row.waiting_since, row)),
        ("due", lambda row: _first(row.due_at, row)),
        ("priority", lambda row: (-row.priority, -row.last_at.timestamp())),
    ],
)
def test_orders(desk: list[Ticket], maja: User, order: str, key: Any) -> None:
    rows = list(Ticket.objects.filter(spam=False))
    expected = [row.pk for row in sorted(rows, key=key)]
    assert _all_pages(maja, 6, view="all", order=order) == expected


def _first(at: Any, row: Ticket) -> tuple[int, float]:
    return (0, at.timestamp()) if at else (1, -row.last_at.timestamp())


def test_overdue_and_sleeping_come_by_their_time(desk: list[Ticket], maja: User) -> None:
    late = reach.tickets(maja, "overdue").items
    assert [row.due_at for row in late] == sorted(row.due_at for row in late if row.due_at)
    asleep = reach.tickets(maja, "snoozed").items
    assert [row.snoozed_until for row in asleep] == sorted(r.snoozed_until for r in asleep if r.snoozed_until)
    assert late
    assert asleep


@pytest.mark.parametrize("near", [1, 6, 5000])
@settings(max_examples=examples(15))
@given(
    text=st.sampled_from(
        [
            *("zip", "heel", "zip is:open", "-zip", "zip OR heel", "team:returns", "is:unanswered", "xyzzy"),
            *("ze", "zip heel", "-(zip is:open) priority:>=high", "is:spam", "customer:lea -heel", "#3"),
            *('"zip broke"', '"broke zip"'),
        ]
    ),
    order=st.sampled_from(reach.ORDERS),
    limit=st.integers(1, 20),
)
def test_a_condition_finds_the_same_near_and_far(
    desk: list[Ticket], nadia: User, maja: User, near: int, text: str, order: str, limit: int
) -> None:
    """However few tickets are looked at row by row, the pages are those of a plain filter."""
    condition = parse(text)
    for user in (nadia, maja):
        sight = reach.sight(user)
        wanted = Ticket.objects.filter(sight.q(), condition.q(user), spam=condition.asks("is", "spam"))
        if text == "is:spam":
            wanted = Ticket.objects.filter(sight.q(), spam=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lists, "NEAR", near)
            found = _all_pages(user, limit, view="all", order=order, condition=condition)
        assert sorted(found) == sorted(wanted.values_list("pk", flat=True))
        if order == "newest":
            at = dict(Ticket.objects.values_list("pk", "last_at"))
            assert found == sorted(found, key=lambda pk: at[pk], reverse=True)


def test_counters(desk: list[Ticket], nadia: User, maja: User) -> None:
    sight, now = reach.sight(nadia), clock.now()
    late = [row for row in Ticket.objects.all() if row.due_at and row.due_at <= now]
    assert reach.tallies(maja).overdue == len(late) > 0
    assert reach.tallies(nadia).overdue == sum(sight.takes_in(row) for row in late)
    told = [desk[1], desk[3]]
    assert reach.tallies(nadia).mentions == sum(sight.takes_in(row) for row in told)
    assert reach.tallies(maja).mentions == 0


def test_counting_ends_at_a_hundred(accounts: list[Account], maja: User) -> None:
    _tickets([{"account": accounts[0], "due_at": clock.now() - timedelta(hours=1)}] * 105)
    assert reach.tallies(maja).overdue == counters.MOST_COUNTED
    assert lists.count(maja, "all", parse("is:overdue")) == counters.MOST_COUNTED
    assert lists.count(maja, "all", parse("is:overdue #0")) == 0


@pytest.mark.parametrize("after", ["x", "WzBd", "bm9uZQ", "W251bGwsIDEsIDJd", "Wzk5LCAiMjAyNi0wMS0wMSIsIDFd"])
def test_a_cursor_that_is_not_ours_is_refused(desk: list[Ticket], maja: User, after: str) -> None:
    with pytest.raises(reach.BadCursor):
        reach.tickets(maja, "all", after=after)


@pytest.mark.parametrize("text", ["team:away", "account:away is:open", "assignee:away OR team:away"])
@pytest.mark.parametrize("near", [1, 5000])
def test_a_name_that_nobody_has_any_more_fits_nothing(
    desk: list[Ticket], nadia: User, maja: User, monkeypatch: pytest.MonkeyPatch, text: str, near: int
) -> None:
    """As in a kept view, after the team was renamed."""
    monkeypatch.setattr(lists, "NEAR", near)
    for user in (maja, nadia):
        for order in reach.ORDERS:
            assert reach.tickets(user, "all", order=order, condition=parse(text)).items == []
        assert lists.count(user, "all", parse(text)) == 0


def test_a_ticket_that_is_answered_while_a_page_is_read(
    desk: list[Ticket], maja: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [row.pk for row in reach.tickets(maja, "unanswered", order="waiting").items]
    read = lists._read

    def read_and_answer(*given: Any) -> lists.Found:
        found = read(*given)
        Ticket.objects.filter(pk=before[1]).update(unanswered=False, waiting_since=None)
        return found

    monkeypatch.setattr(lists, "_read", read_and_answer)
    page = reach.tickets(maja, "unanswered", order="waiting", limit=2)
    monkeypatch.undo()
    after = reach.tickets(maja, "unanswered", order="waiting", after=page.next).items
    assert [row.pk for row in after] == before[2:]

"""Status, sleep, reminders, tags, fields, spam, people who are blocked: what each does and undoes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heed.accounts import verbs as verbs_of_people
from heed.accounts.models import Grant, Membership, Team, User
from heed.accounts.rights import NotAllowed
from heed.channels.base import MessageReceived, Person
from heed.channels.models import Account
from heed.inbox import arrivals, chores, notices, reach, verbs
from heed.inbox.mentions import calls, mentioned
from heed.inbox.models import Customer, Event, Field, Identity, Message, Notice, Sweep, Swept, Tag, Ticket
from heed.inbox.tests.rubber import Rubber
from heed.inbox.verbs import labels, many, sleeping, together
from heed.lib import clock

pytestmark = pytest.mark.django_db


def ticket(account: Account, name: str = "Lea Marn", **facts: Any) -> Ticket:
    customer = Customer.objects.create(name=name)
    identity = Identity.objects.create(account=account, customer=customer, external_id=name, name=name)
    at = clock.now() - timedelta(minutes=5)
    known = {"waiting_since": at, "last_at": at, "kind": "private", "last_text": "Hello?"}
    return Ticket.objects.create(account=account, identity=identity, customer=customer, **{**known, **facts})


def writes(account: Account, name: str = "Lea Marn", **facts: Any) -> None:
    known = {"text": "And another thing", "kind": "message", "visibility": "private", "at": clock.now()}
    number = f"m{Message.objects.count()}"
    news = MessageReceived(external_id=number, author=Person(name, name), **{**known, **facts})
    arrivals.store([arrivals.Arrival(account, news)])


def fresh(row: Ticket) -> Ticket:
    return Ticket.objects.get(pk=row.pk)


def kinds(row: Ticket) -> list[str]:
    return list(row.events.order_by("pk").values_list("kind", flat=True))


class TestSleep:
    def test_a_snoozed_ticket_leaves_the_open_lists_until_its_time(
        self, rubber: Rubber, account: Account, ana: User
    ) -> None:
        lea = ticket(account, status="pending")
        verbs.snooze(lea, ana, clock.now() + timedelta(hours=2))
        assert reach.tickets(ana, "open").items == []
        assert [each.pk for each in reach.tickets(ana, "snoozed").items] == [lea.pk]
        assert reach.tallies(ana).open == 0
        sleeping.wake_due()
        assert fresh(lea).snoozed_until is not None
        with clock.moved(timedelta(hours=2, seconds=1)):
            assert sleeping.wake_due() == 1
        assert (fresh(lea).snoozed_until, fresh(lea).status) == (None, "open")
        assert kinds(lea) == ["snoozed", "woke"]
        assert reach.tallies(ana).open == 1

    def test_a_customers_message_wakes_it(self, rubber: Rubber, account: Account, ana: User) -> None:
        lea = ticket(account, status="pending", unanswered=False, waiting_since=None)
        verbs.snooze(lea, ana, clock.now() + timedelta(days=2))
        writes(account)
        assert (fresh(lea).snoozed_until, fresh(lea).status, fresh(lea).unanswered) == (None, "open", True)
        assert kinds(lea)[-1] == "woke"

    def test_a_machines_message_does_not(self, rubber: Rubber, account: Account, ana: User) -> None:
        lea = ticket(account, status="pending", unanswered=False, waiting_since=None)
        verbs.snooze(lea, ana, clock.now() + timedelta(days=2))
        writes(account, automatic=True)
        assert fresh(lea).snoozed_until is not None
        assert "woke" not in kinds(lea)

    def test_neither_the_past_nor_what_is_solved_can_be_snoozed(
        self, rubber: Rubber, account: Account, ana: User
    ) -> None:
        lea = ticket(account)
        with pytest.raises(verbs.CannotTend, match="still to come"):
            verbs.snooze(lea, ana, clock.now() - timedelta(seconds=1))
        verbs.set_status(lea, ana, "solved")
        with pytest.raises(verbs.CannotTend, match="out of the way"):
            verbs.snooze(lea, ana, clock.now() + timedelta(days=1))

    def test_solving_ends_sleep(self, rubber: Rubber, account: Account, ana: User) -> None:
        lea = ticket(account)
        verbs.snooze(lea, ana, clock.now() + timedelta(days=1))
        verbs.set_status(lea, ana, "solved")
        assert fresh(lea).snoozed_until is None

    def test_who_has_it_is_reminded_else_who_asked(
        self, rubber: Rubber, account: Account, ana: User, ivo: User
    ) -> None:
        hers, nobodys = ticket(account, "Lea Marn", assignee=ivo), ticket(account, "Omar Badr")
        for each in (hers, nobodys):
            verbs.remind(each, ana, clock.now() + timedelta(minutes=1))
        with clock.moved(timedelta(minutes=2)):
            assert sleeping.remind_due() == 2
            assert sleeping.remind_due() == 0
        told = Notice.objects.filter(kind="follow_up").order_by("ticket_id")
        assert [(each.ticket_id, each.user_id) for each in told] == [(hers.pk, ivo.pk), (nobodys.pk, ana.pk)]
        assert fresh(hers).follow_up_at is None


class TestSorting:
    def test_tags_are_made_on_the_fly_and_kept_sorted(
        self, rubber: Rubber, account: Account, ana: User
    ) -> None:
        lea = ticket(account)
        verbs.tag(lea, ana, add=[" Broken  Zip ", "#refund"])
        assert fresh(lea).tags == ["broken zip", "refund"]
        assert set(Tag.objects.values_list("name", flat=True)) == {"broken zip", "refund"}
        verbs.tag(lea, ana, add=["late"], remove=["refund"])
        assert fresh(lea).tags == ["broken zip", "late"]
        told = Event.objects.filter(kind="tags_changed").order_by("pk").last()
        assert told is not None
        assert (told.facts["added"], told.facts["removed"]) == (["late"], ["refund"])
        verbs.tag(lea, ana, add=["late"])
        assert kinds(lea) == ["tags_changed", "tags_changed"]

    def test_renaming_onto_another_tag_makes_them_one(
        self, rubber: Rubber, account: Account, maja: User
    ) -> None:
        both, one = ticket(account, "Lea Marn"), ticket(account, "Omar Badr")
        verbs.tag(both, maja, add=["zip", "zipper", "a"])
        verbs.tag(one, maja, add=["zipper"])
        assert verbs.rename_tag(maja, Tag.objects.get(name="zipper"), "Zip")
        assert labels.retag("zipper", "zip") == 2
        assert labels.retag("zipper", "zip") == 0
        assert (fresh(both).tags, fresh(one).tags) == (["a", "zip"], ["zip"])
        verbs.drop_tag(maja, Tag.objects.get(name="zip"))
        labels.retag("zip", "")
        assert (fresh(both).tags, fresh(one).tags) == (["a"], [])

    def test_only_who_may_sets_up_tags_and_fields(self, rubber: Rubber, account: Account, ana: User) -> None:
        verbs.tag(ticket(account), ana, add=["zip"])
        with pytest.raises(NotAllowed):
            verbs.rename_tag(ana, Tag.objects.get(), "other")
        with pytest.raises(NotAllowed):
            verbs.make_field(ana, "Order", "text")

    @pytest.mark.parametrize(
        ("kind", "given", "kept"),
        [
            ("text", " 88140 ", "88140"),
            ("number", "3,5", 3.5),
            ("number", "12", 12),
            ("yes_no", "yes", True),
            ("yes_no", "false", False),
            ("date", "2026-11-30", "2026-11-30"),
            ("choice", "Zip", "Zip"),
        ],
    )
    def test_a_field_keeps_its_kind(
        self, rubber: Rubber, account: Account, maja: User, kind: str, given: str, kept: object
    ) -> None:
        field = verbs.make_field(maja, "What it is", kind, choices=["Zip", "Sole"])
        lea = ticket(account)
        verbs.fill(lea, maja, field.key, given)
        assert fresh(lea).fields == {field.key: kept}
        verbs.fill(lea, maja, field.key, "")
        assert fresh(lea).fields == {}

    @pytest.mark.parametrize(
        ("kind", "given"),
        [
            ("number", "many"),
            ("number", "NaN"),
            ("number", "1e99"),
            ("yes_no", "perhaps"),
            ("date", "30.11."),
            ("choice", "Lace"),
            ("text", "x" * 501),
        ],
    )
    def test_what_does_not_fit_a_field_is_refused(
        self, rubber: Rubber, account: Account, maja: User, kind: str, given: str
    ) -> None:
        field = verbs.make_field(maja, "What it is", kind, choices=["Zip", "Sole"])
        lea = ticket(account)
        with pytest.raises(verbs.CannotTend, match="What it is"):
            verbs.fill(lea, maja, field.key, given)
        assert fresh(lea).fields == {}

    def test_solving_says_which_fields_are_missing(
        self, rubber: Rubber, account: Account, maja: User
    ) -> None:
        for title, required in (("Order", True), ("Cause", True), ("Colour", False)):
            verbs.make_field(maja, title, "text", required=required)
        lea = ticket(account)
        verbs.fill(lea, maja, "cause", "zip")
        with pytest.raises(verbs.CannotSolve) as refused:
            verbs.set_status(lea, maja, "solved")
        assert refused.value.missing == {"order": "Order"}
        assert "“Order”" in str(refused.value)
        assert fresh(lea).status == "new"
        Field.objects.filter(key="order").update(archived=True)
        verbs.set_status(lea, maja, "solved")
        assert fresh(lea).status == "solved"

    def test_a_group_holds_for_the_customer(self, rubber: Rubber, account: Account, ana: User) -> None:
        lea = ticket(account)
        verbs.set_group(lea, ana, " wholesale ")
        assert Customer.objects.get(pk=lea.customer_id).group == "wholesale"
        assert kinds(lea) == ["field_changed"]


class TestSpam:
    def test_spam_leaves_everything_and_comes_back_exactly(
        self, rubber: Rubber, account: Account, ana: User
    ) -> None:
        due = datetime(2026, 12, 1, tzinfo=UTC)
        lea = ticket(account, status="hold", assignee=ana, follow_up_at=due, due_at=due, due_for="next_reply")
        before = Ticket.objects.filter(pk=lea.pk).values().get()
        verbs.mark_spam(lea, ana)
        for view in ("mine", "unanswered", "unassigned", "open", "overdue", "snoozed", "all"):
            assert reach.tickets(ana, view).items == [], view
        assert [each.pk for each in reach.tickets(ana, "spam").items] == [lea.pk]
        tallies = reach.tallies(ana)
        assert (tallies.open, tallies.unanswered, tallies.mine) == (0, 0, 0)
        verbs.not_spam(fresh(lea), ana)
        assert Ticket.objects.filter(pk=lea.pk).values().get() == before

    def test_news_of_spam_wakes_nobody_but_waits_once_it_is_none(
        self, rubber: Rubber, account: Account, ana: User
    ) -> None:
        account.after_solved = "new"
        account.save()
        lea = ticket(account, unanswered=False, waiting_since=None)
        verbs.mark_spam(lea, ana)
        writes(account)
        assert Ticket.objects.count() == 1
        assert (fresh(lea).unanswered, fresh(lea).status) == (False, "solved")
        verbs.not_spam(fresh(lea), ana)
        assert (fresh(lea).unanswered, fresh(lea).status) == (True, "new")
        assert fresh(lea).waiting_since == Message.objects.get().at

    def test_nothing_goes_on_in_spam(self, rubber: Rubber, account: Account, ana: User) -> None:
        lea = ticket(account)
        verbs.mark_spam(lea, ana)
        with pytest.raises(verbs.CannotTend, match="spam"):
            verbs.set_status(lea, ana, "open")
        with pytest.raises(verbs.CannotTend, match="spam"):
            verbs.mark_unanswered(lea, ana)
        with pytest.raises(verbs.CannotTend, match="spam"):
            verbs.snooze(lea, ana, clock.now() + timedelta(days=1))

    def test_what_a_blocked_person_writes_is_kept_and_wakes_nobody(
        self, rubber: Rubber, account: Account, ana: User
    ) -> None:
        lea = ticket(account, status="solved", unanswered=False, waiting_since=None, solved_at=clock.now())
        verbs.block(lea, ana)
        writes(account, text="Buy this")
        writes(account, text="Under a post", visibility="public", kind="comment", post="post")
        assert (fresh(lea).status, fresh(lea).unanswered) == ("solved", False)
        other = Ticket.objects.get(kind="public")
        assert (other.spam, other.status, other.unanswered, other.waiting_since) == (
            True,
            "solved",
            False,
            None,
        )
        assert Message.objects.count() == 2
        assert reach.tickets(ana, "unanswered").items == reach.tickets(ana, "open").items == []
        verbs.unblock(fresh(lea), ana)
        writes(account, text="A real question")
        assert (fresh(lea).status, fresh(lea).unanswered) == ("open", True)
        assert {"blocked", "unblocked"} <= set(kinds(lea))


class TestNotices:
    def test_people_and_teams_are_told_once(
        self, rubber: Rubber, account: Account, ana: User, ivo: User, maja: User
    ) -> None:
        team = Team.objects.create(name="Returns")
        for each in (ana, maja):
            Membership.objects.create(team=team, user=each)
        lea = ticket(account)
        note = verbs.note(lea, ana, "@Ivo Horvat and @returns, see this. @ivo! mail@ivo.example")
        told = Notice.objects.order_by("user_id").values_list("user_id", "kind", "message_id")
        assert sorted(told) == sorted((each.pk, "mentioned", note.pk) for each in (ivo, maja))
        assert notices.unseen(ivo) == notices.Unseen(all=1, mentions=1)
        assert [each.pk for each in reach.tickets(ivo, "mentions").items] == [lea.pk]
        notices.mark_seen(ivo, ticket=lea.pk)
        assert notices.unseen(ivo) == notices.Unseen()
        assert notices.unseen(maja).mentions == 1
        assert reach.tickets(ivo, "mentions").items == []

    def test_who_may_not_see_the_ticket_is_named_and_nothing_is_lost(
        self, rubber: Rubber, account: Account, ana: User
    ) -> None:
        oto = User.objects.create_user("oto@acme.example", "x", role="", name="Oto Tujec")
        Grant.objects.create(user=oto, role="agent", account=account.pk + 1)
        lea = ticket(account)
        verbs.keep_draft(ana, lea, "note", "@Oto Tujec look")
        with pytest.raises(verbs.WouldNotKnow, match="Oto Tujec may not see"):
            verbs.note(lea, ana, "@Oto Tujec look")
        assert not Message.objects.exists()
        assert reach.drafts(ana, lea)["note"].text == "@Oto Tujec look"
        verbs.note(lea, ana, "@Oto Tujec look", anyway=True)
        assert Message.objects.get().text == "@Oto Tujec look"
        assert not Notice.objects.exists()

    def test_a_notice_hides_with_its_ticket(
        self, rubber: Rubber, account: Account, ana: User, ivo: User
    ) -> None:
        lea = ticket(account)
        verbs.note(lea, ana, "@Ivo see this")
        assert [each.ticket_id for each in notices.latest(ivo).items] == [lea.pk]
        ivo.grants.update(account=account.pk + 1)
        blind = User.objects.get(pk=ivo.pk)
        assert notices.latest(blind).items == []
        assert notices.unseen(blind) == notices.Unseen()

    def test_the_bell_counts_no_further_than_it_shows(
        self, rubber: Rubber, account: Account, ivo: User, django_assert_num_queries: Any
    ) -> None:
        lea = ticket(account)
        kinds = ["mentioned"] * 3 + ["assigned"] * 104
        Notice.objects.bulk_create(Notice(user=ivo, kind=kind, ticket=lea) for kind in kinds)
        person = User.objects.get(pk=ivo.pk)
        assert person.rights.may("see")
        with django_assert_num_queries(1):
            assert notices.unseen(person) == notices.Unseen(all=100, mentions=3)

    def test_what_was_seen_long_ago_is_forgotten(
        self, rubber: Rubber, account: Account, ivo: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lea, now = ticket(account), clock.now()
        long_ago = now - notices.KEPT - timedelta(days=1)
        rows = [
            Notice(user=ivo, kind="assigned", ticket=lea, at=long_ago, seen_at=long_ago) for _n in range(5)
        ]
        Notice.objects.bulk_create(rows)
        unseen = Notice.objects.create(user=ivo, kind="assigned", ticket=lea, at=long_ago)
        lately = Notice.objects.create(user=ivo, kind="assigned", ticket=lea, at=long_ago, seen_at=now)
        monkeypatch.setattr(notices, "_AT_ONCE", 2)
        chores.forget_notices.func(0)
        assert list(Notice.objects.order_by("pk")) == [unseen, lately]

    def test_who_may_see_it_is_read_for_all_colleagues_at_once(
        self, rubber: Rubber, account: Account, ana: User, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(12):
            User.objects.create_user(f"p{number}@acme.example", name=f"Person{number} Same")
        lea = ticket(account)
        names = " ".join(f"@Person{number}" for number in range(12))
        with django_assert_max_num_queries(6):
            assert len(mentioned(names, lea, ana).told) == 12

    @pytest.mark.parametrize(
        "text",
        [
            "@STRAUSS, please",
            "@strauss",
            "@STRAUẞ",
            "Ask @Strauß.",
            "https://x.example/o,@Strauß",
            "(see www.x.example/o)@Strauß",
        ],
    )
    def test_a_name_calls_in_capitals_too_and_right_after_an_address(
        self, rubber: Rubber, account: Account, ana: User, text: str
    ) -> None:
        strauss = User.objects.create_user("s@acme.example", "x", name="Strauß")
        assert mentioned(text, ticket(account), ana).told == (strauss,)
        (call,) = calls(text, ["Strauß"])
        assert text[call.start] == "@"
        assert text[call.start + 1 : call.end].casefold() == "strauss"

    @pytest.mark.parametrize(
        "text", ["https://x.example/@Strauß", "https://x.example/?by=@strauss", "@Strausse"]
    )
    def test_nobody_is_called_in_an_address_or_by_another_name(self, text: str) -> None:
        assert list(calls(text, ["Strauß"])) == []

    def test_who_is_given_a_ticket_is_told_but_not_who_takes_it(
        self, rubber: Rubber, account: Account, ana: User, ivo: User
    ) -> None:
        lea = ticket(account)
        verbs.assign(lea, ana, ana)
        verbs.assign(lea, ana, ivo)
        verbs.assign(lea, ana, ivo)
        assert [(each.user_id, each.kind) for each in Notice.objects.all()] == [(ivo.pk, "assigned")]


class TestWhoMayAnswer:
    """Tickets are given only to those who may answer them."""

    SAYS = "Vera Mlakar may not answer customers"

    @pytest.fixture
    def vera(self) -> User:
        return verbs_of_people.ensure_person("vera@acme.example", "Vera Mlakar", role="viewer")

    def test_nobody_gives_one_to_a_viewer(
        self, rubber: Rubber, account: Account, ana: User, vera: User
    ) -> None:
        lea = ticket(account)
        with pytest.raises(verbs.CannotTend, match=self.SAYS):
            verbs.assign(lea, ana, vera)
        with pytest.raises(verbs.CannotTend, match=self.SAYS):
            together.assign([lea.pk], vera)
        with pytest.raises(verbs.CannotTend, match=self.SAYS):
            verbs.sweep(ana, "assign", str(vera.pk), [lea.pk])
        assert (fresh(lea).assignee, kinds(lea)) == (None, [])
        assert not Notice.objects.exists()

    def test_nor_to_somebody_who_left(self, rubber: Rubber, account: Account, ana: User, ivo: User) -> None:
        User.objects.filter(pk=ivo.pk).update(is_active=False)
        with pytest.raises(verbs.CannotTend):
            verbs.assign(ticket(account), ana, User.objects.get(pk=ivo.pk))

    def test_a_change_of_many_goes_on_past_them(
        self, rubber: Rubber, account: Account, ana: User, ivo: User
    ) -> None:
        """Who became a viewer after it had begun."""
        lea = ticket(account)
        begun = Sweep.objects.create(user=ana, deed="assign", value=str(ivo.pk))
        Swept.objects.create(sweep=begun, ticket=lea)
        Grant.objects.filter(user=ivo).update(role="viewer")
        many.go_on(begun.pk)
        begun.refresh_from_db()
        assert (begun.state, begun.refused, fresh(lea).assignee) == ("done", 1, None)

    def test_who_answers_for_one_team_alone_may_be_given_anything(
        self, rubber: Rubber, account: Account, ana: User, vera: User
    ) -> None:
        """What somebody was given is in their sight, wherever it came from."""
        team = Team.objects.create(name="Returns")
        Grant.objects.filter(user=vera).update(role="agent", team=team)
        lea = ticket(account)
        verbs.assign(lea, ana, User.objects.get(pk=vera.pk))
        assert reach.ticket(User.objects.get(pk=vera.pk), lea.pk, "answer") == lea

"""Tickets over the API."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from heed.accounts.models import Grant, User
from heed.api.shapes.given import DeliveryState, Status, View
from heed.api.tests.conftest import Caller, Desk
from heed.channels.models import Account
from heed.inbox import reach
from heed.inbox.models import Delivery, Ticket
from heed.lib import clock


def test_the_words_of_the_api_are_those_of_the_desk() -> None:
    assert get_args(View) == reach.VIEWS
    assert set(get_args(Status)) == set(Ticket.Status.values)
    assert set(get_args(DeliveryState)) == set(Delivery.State.values)


class TestLists:
    def test_each_view_holds_its_tickets(self, call: Caller, desk: Desk, maja: User, ana: User) -> None:
        mine = desk.ticket("Lea Marn", assignee=maja, unanswered=False)
        free = desk.ticket("Omar Badr")
        hers = desk.ticket("Tuya Bold", assignee=ana, status="solved", unanswered=False, running=False)
        expected = {
            "mine": {mine.pk},
            "unanswered": {free.pk},
            "unassigned": {free.pk},
            "open": {mine.pk, free.pk},
            "all": {mine.pk, free.pk, hers.pk},
        }
        for view, numbers in expected.items():
            answer = call("GET", f"tickets?view={view}")
            assert {item["number"] for item in answer.json["items"]} == numbers, view
            assert answer.json["next"] == ""

    def test_pages_follow_each_other_without_a_gap(self, call: Caller, desk: Desk) -> None:
        start = clock.now()
        names = ["Lea", "Omar", "Tuya", "Jan", "Nadia"]
        numbers = [desk.ticket(name, at=start + timedelta(seconds=i // 2)).pk for i, name in enumerate(names)]
        seen: list[int] = []
        after = ""
        for _ in range(3):
            page = call("GET", f"tickets?view=all&limit=2&after={after}").json
            seen += [item["number"] for item in page["items"]]
            after = page["next"]
        assert seen == sorted(numbers, reverse=True)
        assert after == ""

    def test_by_account(self, call: Caller, desk: Desk, account: Account) -> None:
        ticket = desk.ticket()
        found = call("GET", f"tickets?account={account.pk}").json["items"]
        assert [item["number"] for item in found] == [ticket.pk]
        assert call("GET", f"tickets?account={account.pk + 1}").json["items"] == []

    def test_a_list_costs_the_same_however_long(
        self, call: Caller, desk: Desk, django_assert_max_num_queries: object
    ) -> None:
        for name in ("Lea Marn", "Omar Badr", "Tuya Bold", "Jan Sever", "Nadia Karim", "Sam Cole"):
            desk.ticket(name)
        call("GET", "tickets")  # once an hour it is noted that the token was used
        with django_assert_max_num_queries(6):  # type: ignore[operator]
            assert len(call("GET", "tickets?view=all").json["items"]) == 6

    @pytest.mark.parametrize(
        ("query", "says"),
        [
            ("view=old", "'mine', 'unanswered'"),
            ("after=zzz", "next"),
            ("after=WyJ4IiwxXQ", "next"),
            ("limit=0", "at least 1"),
            ("limit=999", "at most 200"),
            ("account=acme", "whole number"),
        ],
    )
    def test_says_what_is_wrong_with_the_question(self, call: Caller, query: str, says: str) -> None:
        answer = call("GET", f"tickets?{query}")
        assert answer.status == 422
        assert says in answer.json["detail"]
        assert answer.json["errors"][0]["field"] == query.split("=")[0]


class TestTicket:
    def test_tells_everything_about_itself(self, call: Caller, desk: Desk, ana: User) -> None:
        post = desk.post(likes=12, comments=3)
        ticket = desk.ticket(post=post, assignee=ana)
        told = call("GET", f"tickets/{ticket.pk}").json
        assert told["account"] == {"id": desk.account.pk, "name": "Acme", "network": "pigeon"}
        assert (told["network"], told["kind"], told["status"], told["unanswered"]) == (
            "pigeon",
            "public",
            "new",
            True,
        )
        assert told["about"] == "comment"
        assert told["customer"]["name"] == "Lea Marn"
        assert told["customer"]["identities"] == [
            {
                "network": "pigeon",
                "account": desk.account.pk,
                "external_id": "u-lea",
                "name": "Lea Marn",
                "handle": "@lea",
            }
        ]
        assert (told["post"]["text"], told["post"]["likes"], told["post"]["shares"]) == (
            "The Triglav boot is back.",
            12,
            None,
        )
        assert told["assignee"] == {"id": ana.pk, "email": "ana@acme.example", "name": "Ana Kovač"}
        assert (told["subject"], told["last_message"]["author"]) == ("Where is my parcel?", "Lea Marn")
        assert clock.from_iso(told["last_message_at"]) == ticket.last_at
        assert told["url"].endswith(f"/tickets/{ticket.pk}/")

    def test_marking_answered_and_back(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        assert call("POST", f"tickets/{ticket.pk}/answered").json["unanswered"] is False
        assert call("POST", f"tickets/{ticket.pk}/answered").json["unanswered"] is False
        assert call("DELETE", f"tickets/{ticket.pk}/answered").json["unanswered"] is True

    @pytest.mark.parametrize("how", ["me", "id", "email"])
    def test_giving_it_to_someone_and_to_nobody(
        self, call: Caller, desk: Desk, maja: User, ana: User, how: str
    ) -> None:
        ticket = desk.ticket()
        wanted, who = {"me": ("me", maja), "id": (ana.pk, ana), "email": ("ANA@acme.example", ana)}[how]
        answer = call("PATCH", f"tickets/{ticket.pk}", {"assignee": wanted})
        assert answer.json["assignee"]["id"] == who.pk
        assert call("PATCH", f"tickets/{ticket.pk}", {"status": "pending"}).json["assignee"]["id"] == who.pk
        assert call("PATCH", f"tickets/{ticket.pk}", {"assignee": None}).json["assignee"] is None

    def test_nobody_is_given_a_ticket_who_may_not_answer(self, call: Caller, desk: Desk, ana: User) -> None:
        Grant.objects.filter(user=ana).update(role="viewer")
        ticket = desk.ticket()
        answer = call("PATCH", f"tickets/{ticket.pk}", {"assignee": ana.pk, "status": "pending"})
        assert (answer.status, answer.json["type"]) == (422, "urn:heed:cannot-act")
        assert answer.json["detail"].startswith("Ana Kovač may not answer customers")
        told = call("GET", f"tickets/{ticket.pk}").json
        assert (told["assignee"], told["status"]) == (None, "new")

    def test_a_change_with_one_fault_changes_nothing(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        answer = call("PATCH", f"tickets/{ticket.pk}", {"status": "solved", "assignee": "oto@else.example"})
        assert (answer.status, answer.json["type"]) == (422, "urn:heed:no-such-colleague")
        assert "oto@else.example" in answer.json["detail"]
        assert call("GET", f"tickets/{ticket.pk}").json["status"] == "new"
        answer = call("PATCH", f"tickets/{ticket.pk}", {"status": "closed"})
        assert "'solved'" in answer.json["detail"]
        answer = call("PATCH", f"tickets/{ticket.pk}", {"state": "solved"})
        assert answer.json["errors"][0] == {
            "field": "state",
            "sentence": "“state” is not a field of this request.",
        }

    def test_solving(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        told = call("PATCH", f"tickets/{ticket.pk}", {"status": "solved"}).json
        assert told["status"] == "solved"
        assert told["solved_at"] is not None

    def test_a_ticket_that_is_not_there(self, call: Caller) -> None:
        for method, path, body in [
            ("GET", "tickets/99", None),
            ("PATCH", "tickets/99", {"status": "open"}),
            ("POST", "tickets/99/answered", None),
            ("DELETE", "tickets/99/answered", None),
            ("GET", "tickets/99/messages", None),
            ("POST", "tickets/99/messages", {"text": "Hi", "visibility": "note"}),
            ("GET", "tickets/99/possible", None),
            ("GET", "tickets/99/picture", None),
            ("GET", "tickets/99999999999999999999", None),
        ]:
            answer = call(method, path, body)
            assert (answer.status, answer.json["type"]) == (404, "urn:heed:no-such-ticket"), path

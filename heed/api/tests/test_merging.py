"""Merging, splitting, joining, presence and second thoughts over the API."""

from __future__ import annotations

from heed.accounts.models import User
from heed.api.tests.conftest import Caller, Desk
from heed.inbox import presence
from heed.inbox.models import Message, Ticket


def two(desk: Desk) -> tuple[Ticket, Ticket]:
    """Two tickets of one person."""
    first, second = desk.ticket("Lea Marn"), desk.ticket("L. Marn")
    second.identity.customer = first.customer
    second.identity.save()
    Ticket.objects.filter(pk=second.pk).update(customer=first.customer)
    return first, second


def test_merged_and_taken_apart(call: Caller, desk: Desk) -> None:
    first, second = two(desk)
    assert call("POST", f"tickets/{first.pk}/merges", {"number": second.pk}).status == 201
    assert call("POST", f"tickets/{first.pk}/merges", {"number": second.pk}).status == 422
    (record,) = call("GET", f"tickets/{first.pk}/matters").json["merges"]
    assert record["number"] == second.pk
    assert call("DELETE", f"tickets/{first.pk}/merges/{record['id']}").status == 200
    assert call("DELETE", f"tickets/{first.pk}/merges/{record['id']}").status == 404
    assert second.messages.count() == 1


def test_split_and_put_back(call: Caller, desk: Desk) -> None:
    ticket = desk.ticket()
    kept, gone = ticket.messages.get(), desk.message(ticket, "And the zip is broken.")
    new = call("POST", f"tickets/{ticket.pk}/splits", {"messages": [gone.pk]}).json["number"]
    assert Message.objects.get(pk=gone.pk).ticket_id == new
    there, here = (call("GET", f"tickets/{each}/matters").json for each in (new, ticket.pk))
    (record,) = here["splits"]
    assert (record["number"], here["split_from"], there["splits"]) == (new, None, [])
    assert there["split_from"] == {**record, "number": ticket.pk}
    assert call("DELETE", f"tickets/{ticket.pk}/splits/{record['id']}").status == 200
    assert {each.pk for each in ticket.messages.all()} == {kept.pk, gone.pk}


def test_joined_and_parted(call: Caller, desk: Desk) -> None:
    first, second = desk.ticket("Lea Marn"), desk.ticket("L. Marn")
    assert call("POST", f"tickets/{first.pk}/joinings", {"number": second.pk}).status == 201
    second.refresh_from_db()
    assert second.customer_id == first.customer_id
    (record,) = call("GET", f"tickets/{first.pk}/matters").json["joinings"]
    assert call("DELETE", f"tickets/{first.pk}/joinings/{record['id']}").status == 200


def test_who_was_joined_on_is_parted_first(call: Caller, desk: Desk) -> None:
    lea, omar, tuya = (desk.ticket(name) for name in ("Lea Marn", "Omar Badr", "Tuya Bold"))
    assert call("POST", f"tickets/{omar.pk}/joinings", {"number": lea.pk}).status == 201
    assert call("POST", f"tickets/{tuya.pk}/joinings", {"number": omar.pk}).status == 201
    outer, inner = call("GET", f"tickets/{tuya.pk}/matters").json["joinings"]
    assert [outer["name"], inner["name"]] == ["Omar Badr", "Lea Marn"]
    assert call("POST", f"tickets/{omar.pk}/merges", {"number": lea.pk}).status == 201
    refused = call("DELETE", f"tickets/{tuya.pk}/joinings/{inner['id']}")
    assert refused.status == 422
    assert f"#{lea.pk} apart first" in str(refused.json)
    (merge,) = call("GET", f"tickets/{omar.pk}/matters").json["merges"]
    assert call("DELETE", f"tickets/{omar.pk}/merges/{merge['id']}").status == 200
    assert call("DELETE", f"tickets/{tuya.pk}/joinings/{inner['id']}").status == 200
    names = [call("GET", f"tickets/{each.pk}").json["customer"]["name"] for each in (lea, omar, tuya)]
    assert names == ["Lea Marn", "Tuya Bold", "Tuya Bold"]


def test_who_is_here(call: Caller, desk: Desk, ana: User) -> None:
    ticket = desk.ticket()
    presence.come(ticket, ana, "typing")
    told = call("POST", f"tickets/{ticket.pk}/here", {"doing": "looking"}).json["items"]
    assert [(each["name"], each["doing"]) for each in told] == [("Ana Kovač", "typing")]
    assert call("DELETE", f"tickets/{ticket.pk}/here").status == 204
    assert call("POST", f"tickets/{ticket.pk}/here", {"doing": "sleeping"}).status == 422


def test_news_stop_an_answer_and_it_can_be_taken_back(call: Caller, desk: Desk) -> None:
    ticket = desk.ticket(kind="private")
    seen, newer = ticket.messages.get(), desk.message(ticket, "Never mind, here it is!")
    answer = {"visibility": "private", "text": "It is on its way.", "seen": seen.pk, "hold": 20}
    refused = call("POST", f"tickets/{ticket.pk}/messages", answer)
    assert (refused.status, refused.json["messages"]) == (409, [newer.pk])
    sent = call("POST", f"tickets/{ticket.pk}/messages", {**answer, "seen": newer.pk})
    assert sent.status == 201
    assert call("POST", f"messages/{sent.json['id']}/undo").status == 204
    assert not ticket.messages.filter(direction="out").exists()

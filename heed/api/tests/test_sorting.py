"""Sorting tickets, putting them off, spam, notices and many tickets over the API."""

from __future__ import annotations

from datetime import timedelta

from heed.accounts.models import Team, User
from heed.api.tests.conftest import Caller, Desk
from heed.inbox import verbs
from heed.inbox.models import Customer, Ticket
from heed.lib import clock


def test_a_ticket_is_sorted_and_put_off_in_one_go(call: Caller, desk: Desk) -> None:
    call("POST", "fields", {"title": "Order", "required_on_solve": True})
    team = Team.objects.create(name="Returns")
    ticket = desk.ticket()
    until = (clock.now() + timedelta(days=1)).isoformat()
    change = {
        "team": team.pk,
        "priority": "urgent",
        "add_tags": ["Zip", "late"],
        "fields": {"order": 88140},
        "language": "sl",
        "group": "wholesale",
        "snoozed_until": until,
        "follow_up_at": until,
    }
    told = call("PATCH", f"tickets/{ticket.pk}", change).json
    assert told["team"] == {"id": team.pk, "name": "Returns"}
    assert (told["priority"], told["tags"], told["fields"]) == ("urgent", ["late", "zip"], {"order": "88140"})
    assert (told["language"], told["customer"]["group"]) == ("sl", "wholesale")
    assert told["snoozed_until"]
    assert told["follow_up_at"]
    back = {"team": None, "remove_tags": ["late"], "snoozed_until": None, "follow_up_at": None}
    told = call("PATCH", f"tickets/{ticket.pk}", back).json
    assert (told["team"], told["tags"], told["snoozed_until"], told["follow_up_at"]) == (
        None,
        ["zip"],
        None,
        None,
    )


def test_what_is_refused_says_why_and_changes_nothing(call: Caller, desk: Desk) -> None:
    call("POST", "fields", {"title": "Order", "required_on_solve": True})
    ticket = desk.ticket()
    refused = call("PATCH", f"tickets/{ticket.pk}", {"priority": "high", "status": "solved"})
    assert (refused.status, refused.json["type"]) == (422, "urn:heed:cannot-solve")
    assert refused.json["missing"] == ["order"]
    assert Ticket.objects.get(pk=ticket.pk).priority == 2
    for change in ({"team": 99}, {"fields": {"none": "x"}}, {"snoozed_until": "2001-01-01T00:00:00Z"}):
        assert call("PATCH", f"tickets/{ticket.pk}", change).status == 422, change


def test_spam_and_blocked_people(call: Caller, desk: Desk) -> None:
    ticket = desk.ticket()
    assert call("POST", f"tickets/{ticket.pk}/spam").json["spam"]
    assert call("GET", "tickets?view=all").json["items"] == []
    assert not call("DELETE", f"tickets/{ticket.pk}/spam").json["spam"]
    assert call("POST", f"tickets/{ticket.pk}/block").json["customer"]["blocked"]
    assert not call("DELETE", f"tickets/{ticket.pk}/block").json["customer"]["blocked"]


def test_tags_and_fields_are_set_up(call: Caller, call_as_ana: Caller) -> None:
    made = call("POST", "tags", {"name": "Zip"})
    assert (made.status, made.json["name"]) == (201, "zip")
    assert call("POST", "tags", {"name": "zip"}).status == 422
    assert call("PATCH", f"tags/{made.json['id']}", {"name": "zipper"}).status == 202
    (tag,) = call("GET", "tags").json["items"]
    assert tag["name"] == "zipper"
    assert tag["tickets"] == 0
    assert call_as_ana("GET", "tags").json["items"][0]["tickets"] is None
    assert call_as_ana("DELETE", f"tags/{tag['id']}").status == 403
    assert call("DELETE", f"tags/{tag['id']}").status == 202
    assert call("DELETE", f"tags/{tag['id']}").status == 404
    field = call("POST", "fields", {"title": "Cause", "kind": "choice", "choices": ["Zip", "Sole"]}).json
    changed = call("PATCH", f"fields/{field['id']}", {"required_on_solve": True, "archived": True}).json
    assert (changed["required_on_solve"], changed["archived"], changed["choices"]) == (
        True,
        True,
        ["Zip", "Sole"],
    )
    assert call("GET", "fields").json["items"] == []
    assert call_as_ana("POST", "fields", {"title": "Mine"}).status == 403


def test_customer_groups_are_kept_in_order(call: Caller, call_as_ana: Caller, desk: Desk) -> None:
    Customer.objects.create(name="Omar Badr", group="a/b")
    assert call("GET", "groups").json["items"] == [{"name": "a/b", "people": 1}]
    assert call_as_ana("GET", "groups").json["items"] == [{"name": "a/b", "people": None}]
    assert call_as_ana("PATCH", "groups/a/b", {"name": "press"}).status == 403
    assert call("PATCH", "groups/a/b", {"name": "press"}).status == 204
    assert call("PATCH", "groups/press", {"name": " "}).status == 422
    assert call("DELETE", "groups/press").status == 204
    assert call("DELETE", "groups/press").status == 404


def test_the_question_after_solving(call: Caller, call_as_ana: Caller, desk: Desk) -> None:
    path = f"accounts/{desk.account.pk}/follow-up-question"
    assert call("GET", path).status == 404
    assert call("PUT", path, {"after_days": 2, "text": "Fixed?"}).json["after_days"] == 2
    assert call("PUT", path, {"after_days": 99, "text": "Fixed?"}).status == 422
    assert call("GET", path).json["text"] == "Fixed?"
    assert call_as_ana("GET", path).status == 403
    assert call("DELETE", path).status == 204
    assert call("GET", path).status == 404


def test_notices_and_strangers(call: Caller, call_as_ana: Caller, ana: User, desk: Desk) -> None:
    ticket = desk.ticket()
    note = {"text": "@Ana Kovač and @Oto Tujec, look", "visibility": "note"}
    User.objects.create_user("oto@acme.example", role="", name="Oto Tujec")
    refused = call("POST", f"tickets/{ticket.pk}/messages", note)
    assert (refused.status, refused.json["names"]) == (422, ["Oto Tujec"])
    assert call("POST", f"tickets/{ticket.pk}/messages", {**note, "anyway": True}).status == 201
    told = call_as_ana("GET", "notices").json
    assert (told["unseen"], told["unseen_mentions"]) == (1, 1)
    assert (told["items"][0]["ticket"], told["items"][0]["by"]) == (ticket.pk, "Maja Zupan")
    assert call_as_ana("POST", "notices/seen", {"ticket": ticket.pk}).status == 204
    assert call_as_ana("GET", "notices").json["unseen"] == 0
    assert call_as_ana("GET", "notices?after=nonsense").status == 422


def test_many_at_once_and_back(call: Caller, call_as_ana: Caller, ana: User, desk: Desk) -> None:
    numbers = [desk.ticket(name).pk for name in ("Lea Marn", "Omar Badr")]
    done = call("POST", "sweeps", {"deed": "assign", "value": str(ana.pk), "view": "open"})
    assert (done.status, done.json["changed"], done.json["state"]) == (202, 2, "done")
    verbs.assign(Ticket.objects.get(pk=numbers[0]), ana, None)
    path = f"sweeps/{done.json['id']}"
    assert call_as_ana("GET", path).status == 404
    undone = call("POST", f"{path}/undo").json
    assert (undone["taken_back"], undone["kept"], undone["state"]) == (1, 1, "undone")
    assert call("GET", path).json == undone
    verbs.tag(Ticket.objects.get(pk=numbers[1]), ana, add=["recall"])
    some = {"deed": "priority", "value": "4", "condition": "tag:recall"}
    assert call("POST", "sweeps", some).json["tickets"] == 1
    assert Ticket.objects.get(pk=numbers[1]).priority == 4
    assert call("POST", "sweeps", {**some, "condition": "is:nonsense"}).status == 422
    assert call("POST", "sweeps", {"deed": "fly", "numbers": numbers}).status == 422
    assert call("POST", "sweeps", {"deed": "spam"}).status == 422

"""Teams, taking tickets, rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from heed.accounts.models import Grant, Team, User
from heed.inbox import verbs
from heed.inbox.models import Event
from heed.lib import clock
from heed.routing.models import Rule

pytestmark = pytest.mark.django_db

RULE = {
    "name": "Zips",
    "when": ["message_received"],
    "condition": "is:unanswered",
    "actions": [{"do": "add_tags", "tags": ["zip"]}],
}


def test_the_next_ticket_and_a_claim(call: Any, call_as_ana: Any, ana: User, desk: Any) -> None:
    ticket = desk.ticket()
    taken = call_as_ana("POST", "me/next-ticket")
    assert (taken.status, taken.json["number"]) == (200, ticket.pk)
    nothing = call_as_ana("POST", "me/next-ticket")
    assert (nothing.status, nothing.json["type"]) == (404, "urn:heed:nothing-waits")
    late = call("POST", f"tickets/{ticket.pk}/claim")
    assert (late.status, late.json["type"]) == (409, "urn:heed:already-taken")
    assert ana.name in late.json["detail"]
    assert call("POST", "tickets/999999/claim").status == 404


def test_a_dry_run_says_where_only_today_s_groups_are_known(call: Any, ana: User, desk: Any) -> None:
    ticket = desk.ticket()
    asked = RULE | {"condition": "group:vip", "when": ["message_received", "field_changed", "time"]}
    verbs.set_group(ticket, ana, "vip")
    told = call("POST", "rules/try", asked).json
    assert (told["looked_at"], told["groups_of_today"]) == (1, False)
    Event.objects.filter(kind="field_changed").update(data={"field": "", "title": "", "group": "vip"})
    Event.objects.create(kind="ticket_opened", ticket=ticket, at=clock.now() - timedelta(hours=1))
    assert call("POST", "rules/try", asked).json["groups_of_today"] is True
    described = call("GET", "openapi.json").json["components"]["schemas"]["DryRunOut"]
    assert "groups_of_today" in described["required"]
    assert "today's group" in described["properties"]["groups_of_today"]["description"]


def test_a_rule_says_what_it_names_that_is_gone(call: Any, ana: User) -> None:
    deeds = [{"do": "assign_person", "person": ana.pk}]
    made = call("POST", "rules", RULE | {"actions": deeds}).json
    assert (made["problem"], made["not_done"]) == ("", [])
    User.objects.filter(pk=ana.pk).update(is_active=False)
    Rule.objects.filter(pk=made["id"]).update(condition="-account:gone")
    (rule,) = call("GET", "rules").json["items"]
    assert rule["problem"] == "Nothing here is called “gone”."
    assert rule["not_done"] == [f"give it to {ana.name}: This person does not work here any more."]
    again = call("POST", "rules/try", RULE | {"actions": deeds})
    assert (again.status, again.json["detail"]) == (422, "This person does not work here any more.")
    assert call("POST", "rules/try", RULE | {"condition": "-account:gone"}).status == 422


def test_away_and_back(call_as_ana: Any) -> None:
    assert call_as_ana("GET", "me/availability").json["away"] is False
    gone = call_as_ana("PUT", "me/availability", {"away": True, "until": "2099-01-01T00:00:00Z"})
    assert (gone.json["away"], gone.json["given_back"]) == (True, 0)
    assert call_as_ana("GET", "me/availability").json["away"] is True
    past = call_as_ana("PUT", "me/availability", {"away": True, "until": "2001-01-01T00:00:00Z"})
    assert past.status == 422
    assert call_as_ana("PUT", "me/availability", {"away": False}).json["away"] is False


def test_a_team_and_what_its_people_can_take(call: Any, ana: User) -> None:
    made = call("POST", "teams", {"name": "Returns"})
    assert made.status == 201
    number = made.json["id"]
    changed = call("PUT", f"teams/{number}", {"name": "Returns", "members": [ana.pk], "way": "turns"})
    assert (changed.json["members"], changed.json["way"], changed.json["here"]) == ([ana.pk], "turns", 1)
    skill = call("POST", "skills", {"name": "Zips", "tags": ["Zip"]}).json
    assert skill["tags"] == ["zip"]
    given = {
        "languages": ["sl"],
        "skills": [skill["id"]],
        "zone": "Asia/Ulaanbaatar",
        "shifts": {"0": [["22:00", "06:00"]], "5": [["00:00", "24:00"]]},
    }
    kept = call("PUT", f"people/{ana.pk}/abilities", given)
    assert (kept.json["languages"], kept.json["shifts"]) == (["sl"], given["shifts"])
    assert call("PUT", f"people/{ana.pk}/abilities", given | {"zone": "Moon/Base"}).status == 422
    assert call("DELETE", f"teams/{number}").status == 204
    assert call("GET", "teams").json["items"] == []


def test_a_rule_is_tried_made_and_switched_on(call: Any, desk: Any) -> None:
    desk.ticket()
    assert call("POST", "rules/try", RULE).json["count"] == 0
    made = call("POST", "rules", RULE)
    assert (made.status, made.json["on"]) == (201, False)
    number = made.json["id"]
    assert call("PATCH", f"rules/{number}", {"on": True}).json["on"] is True
    assert call("PUT", f"rules/{number}", RULE | {"condition": "is:open"}).json["condition"] == "is:open"
    assert call("GET", f"rules/{number}/runs").json["items"] == []
    bad = call("POST", "rules", RULE | {"condition": "is:nonsense"})
    assert (bad.status, bad.json["type"]) == (422, "urn:heed:bad-condition")
    assert (bad.json["position"], bad.json["word"]) == (3, "nonsense")
    empty = call("POST", "rules", RULE | {"actions": []})
    assert (empty.status, empty.json["type"]) == (422, "urn:heed:cannot-keep")
    assert [each["field"] for each in empty.json["errors"]] == ["actions"]
    assert call("DELETE", f"rules/{number}").status == 204
    gone = call("GET", f"rules/{number}")
    assert (gone.status, gone.json["type"]) == (404, "urn:heed:not-there")


def test_only_those_who_may_change_routing_may(call_as_ana: Any, ana: User) -> None:
    team, rule = Team.objects.create(name="Returns"), Rule.objects.create(name="Zips", when=["time"])
    calls: list[tuple[str, str, Any]] = [
        ("GET", "teams", None),
        ("POST", "teams", {"name": "Repairs"}),
        ("PUT", f"teams/{team.pk}", {"name": "Repairs"}),
        ("DELETE", f"teams/{team.pk}", None),
        ("GET", "skills", None),
        ("POST", "skills", {"name": "Zips", "tags": ["zip"]}),
        ("GET", f"people/{ana.pk}/abilities", None),
        ("PUT", f"people/{ana.pk}/abilities", {}),
        ("GET", "rules", None),
        ("POST", "rules", RULE),
        ("POST", "rules/try", RULE),
        ("GET", f"rules/{rule.pk}", None),
        ("PUT", f"rules/{rule.pk}", RULE),
        ("PATCH", f"rules/{rule.pk}", {"on": True}),
        ("DELETE", f"rules/{rule.pk}", None),
        ("GET", f"rules/{rule.pk}/runs", None),
    ]
    for method, path, body in calls:
        assert call_as_ana(method, path, body).status == 403, (method, path)
    Grant.objects.filter(user=ana).update(role="viewer")
    assert call_as_ana("POST", "me/next-ticket").status == 403
    assert Rule.objects.get().on is False

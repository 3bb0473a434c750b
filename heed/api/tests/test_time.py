"""Hours, targets, automatic messages."""

from __future__ import annotations

from typing import Any

import pytest

from heed.accounts.models import AuditRow, Brand, Team
from heed.channels.models import Account
from heed.routing import promises
from heed.routing.models import AutomaticMessage, Policy, Schedule

pytestmark = pytest.mark.django_db

DAY = [["09:00", "12:00"], ["13:00", "17:00"]]
NIGHT = [["22:00", "06:00"]]
OFFICE: dict[str, Any] = {
    "name": "Office",
    "zone": "Europe/Ljubljana",
    "week": [DAY, DAY, DAY, DAY, NIGHT, [], []],
    "holidays": [{"name": "New Year", "day": "01-01"}, {"day": "2026-12-24", "times": [["09:00", "12:00"]]}],
    "places": [{}],
}
QUICK = {"name": "Urgent ones", "priorities": ["urgent", "high"], "first_reply": 900, "resolution": 86400}
AWAY = {
    "texts": {"en": "Hello {first_name}, we are there {next_opening}.", "sl": "Spet smo tu {next_opening}."}
}
EVERYWHERE = {"team": None, "account": None, "brand": None}


def test_hours_come_back_as_they_were_given(call: Any) -> None:
    made = call("POST", "schedules", OFFICE)
    assert made.status == 201
    kept = made.json
    assert (kept["week"], kept["places"], kept["zone"]) == (OFFICE["week"], [EVERYWHERE], "Europe/Ljubljana")
    assert [(each["day"], each["times"]) for each in kept["holidays"]] == [
        ("01-01", []),
        ("2026-12-24", [["09:00", "12:00"]]),
    ]
    assert kept["open"] is (kept["opens_at"] is None)
    assert kept["open"] is (kept["closes_at"] is not None)
    assert call("GET", f"schedules/{kept['id']}").json["week"] == kept["week"]
    assert [each["id"] for each in call("GET", "schedules").json["items"]] == [kept["id"]]


def test_a_place_goes_over_and_hours_are_put_away(call: Any, account: Account) -> None:
    team, brand = Team.objects.create(name="Nights"), Brand.objects.create(name="Acme Kids")
    first = call("POST", "schedules", OFFICE).json["id"]
    places = [{}, {"team": team.pk}, {"account": account.pk}, {"brand": brand.pk}]
    second = call("POST", "schedules", OFFICE | {"name": "Nights", "places": places}).json
    assert len(second["places"]) == 4
    assert call("GET", f"schedules/{first}").json["places"] == []
    changed = call("PUT", f"schedules/{first}", OFFICE | {"name": "Days", "week": [DAY] * 7})
    assert (changed.json["name"], changed.json["places"]) == ("Days", [EVERYWHERE])
    assert changed.json["week"] == [DAY] * 7
    assert call("DELETE", f"schedules/{first}").status == 204
    assert call("GET", f"schedules/{first}").status == 404
    assert AuditRow.objects.filter(kind="schedule").count() == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"zone": "Moon/Base"},
        {"week": [DAY] * 6},
        {"week": [[["09:00", "12:00"], ["11:00", "13:00"]], [], [], [], [], [], []]},
        {"week": [[["9", "noon"]], [], [], [], [], [], []]},
        {"holidays": [{"day": "2026-02-30"}]},
        {"holidays": [{"day": "31.12."}]},
        {"holidays": [{"day": "12-25"}] * 61},
        {"places": [{"team": 999999}]},
        {"places": [{"account": 1, "brand": 1}]},
        {"name": "office"},
        {"name": " "},
    ],
)
def test_hours_that_cannot_be(call: Any, wrong: dict[str, Any]) -> None:
    Schedule.objects.create(name="Office", archived=True)
    assert call("POST", "schedules", OFFICE | {"name": "Other"} | wrong).status == 422
    assert not Schedule.objects.filter(archived=False).exists()


def test_targets_are_made_moved_changed_and_put_away(call: Any, account: Account) -> None:
    made = call("POST", "targets", QUICK)
    assert made.status == 201
    number = made.json["id"]
    assert made.json["priorities"] == ["urgent", "high"]
    assert Policy.objects.get().priorities == [4, 3]
    other = call("POST", "targets", {"name": "All", "next_reply": 3600, "accounts": [account.pk]}).json["id"]
    assert [each["id"] for each in call("GET", "targets").json["items"]] == [number, other]
    assert call("PATCH", f"targets/{other}", {"to": "up"}).status == 200
    assert [each["id"] for each in call("GET", "targets").json["items"]] == [other, number]
    assert call("PATCH", f"targets/{other}", {"to": "up"}).status == 200
    assert [each["position"] for each in call("GET", "targets").json["items"]] == [1, 2]
    assert AuditRow.objects.filter(kind="policy", what="changed").get().facts["position"] == 1
    changed = call("PUT", f"targets/{number}", {"name": "Slow", "on": False, "resolution": 7200}).json
    assert (changed["first_reply"], changed["on"], changed["priorities"]) == (None, False, [])
    assert changed == call("GET", f"targets/{number}").json
    assert call("DELETE", f"targets/{number}").status == 204
    assert call("GET", f"targets/{number}").status == 404
    for wrong in ({"first_reply": None, "resolution": None}, {"teams": [999999]}, {"first_reply": 1}):
        assert call("POST", "targets", QUICK | wrong).status == 422, wrong
    assert Policy.objects.filter(archived=False).count() == 1


def test_what_is_promised_for_a_ticket(call: Any, call_as_ana: Any, desk: Any) -> None:
    call("POST", "targets", {"name": "All", "first_reply": 3600, "time": "elapsed"})
    ticket = desk.ticket(unanswered=True)
    ticket.waiting_since = ticket.last_at
    ticket.save()
    promises.keep_all([ticket.pk])
    items = call_as_ana("GET", f"tickets/{ticket.pk}/promises").json["items"]
    assert [(each["target"], each["policy"], each["seconds"], each["end"]) for each in items] == [
        ("first_reply", "All", 3600, "")
    ]
    assert items[0]["due"] > items[0]["since"]
    assert call("GET", "tickets/999999/promises").status == 404


def test_what_is_said_by_itself(call: Any, account: Account) -> None:
    kept = call("PUT", "automatic-messages/away", AWAY)
    assert (kept.status, kept.json["account"], kept.json["again_after_hours"]) == (200, None, 12)
    own = f"accounts/{account.pk}/automatic-messages/away"
    assert call("PUT", own, AWAY | {"language": "sl", "again_after_hours": 3}).json["account"] == account.pk
    assert call("PUT", own, AWAY | {"on": False}).status == 200
    assert AutomaticMessage.objects.count() == 2
    assert len(call("GET", "automatic-messages").json["items"]) == 2
    assert call("DELETE", own).status == 204
    assert call("DELETE", own).status == 404
    assert AutomaticMessage.objects.get().account is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"texts": {"en": "We are away."}},
        {"texts": {"en": "We are there {next_opening}, {who}."}},
        {"texts": {"en": "{next_opening}" + "x" * 1000}},
        {"texts": {"xx": "{next_opening}"}},
        {"language": "ar"},
        {"again_after_hours": 0},
    ],
)
def test_words_that_cannot_be(call: Any, wrong: dict[str, Any]) -> None:
    assert call("PUT", "automatic-messages/away", AWAY | wrong).status == 422
    assert call("PUT", "automatic-messages/never", AWAY).status == 422
    assert not AutomaticMessage.objects.exists()


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "schedules", OFFICE | {"zone": "Moon/Base"}, "zone"),
        ("POST", "schedules", OFFICE | {"week": [[["9", "noon"]], [], [], [], [], [], []]}, "week"),
        ("POST", "schedules", OFFICE | {"holidays": [{"day": "2026-02-30"}]}, "holidays"),
        ("POST", "schedules", OFFICE | {"places": [{"account": 1, "brand": 1}]}, "places"),
        ("POST", "targets", {"name": "None"}, ""),
        ("PUT", "automatic-messages/away", {"texts": {"sl": "Ni nas."}}, "texts.sl"),
        ("PUT", "automatic-messages/away", AWAY | {"language": "ar"}, "language"),
    ],
)
def test_a_refusal_says_where(call: Any, method: str, path: str, body: Any, field: str) -> None:
    refused = call(method, path, body).json
    assert refused["type"] == "urn:heed:cannot-keep"
    assert refused["errors"] == [{"field": field, "sentence": refused["detail"]}]


def test_only_those_who_may_change_routing_may(call: Any, call_as_ana: Any, account: Account) -> None:
    schedule = call("POST", "schedules", OFFICE).json["id"]
    policy = call("POST", "targets", QUICK).json["id"]
    own = f"accounts/{account.pk}/automatic-messages/away"
    call("PUT", own, AWAY)
    calls: list[tuple[str, str, Any]] = [
        ("GET", "schedules", None),
        ("POST", "schedules", OFFICE | {"name": "Other"}),
        ("GET", f"schedules/{schedule}", None),
        ("PUT", f"schedules/{schedule}", OFFICE),
        ("DELETE", f"schedules/{schedule}", None),
        ("GET", "targets", None),
        ("POST", "targets", QUICK),
        ("GET", f"targets/{policy}", None),
        ("PUT", f"targets/{policy}", QUICK),
        ("PATCH", f"targets/{policy}", {"to": "up"}),
        ("DELETE", f"targets/{policy}", None),
        ("GET", "automatic-messages", None),
        ("PUT", "automatic-messages/away", AWAY),
        ("PUT", own, AWAY),
        ("DELETE", own, None),
    ]
    for method, path, body in calls:
        assert call_as_ana(method, path, body).status == 403, (method, path)

"""Quick texts and guidelines over the API."""

from __future__ import annotations

from heed.accounts.models import Team
from heed.api.tests.conftest import Caller, Desk
from heed.library.models import Guideline, QuickText


def test_quick_texts_are_kept_filled_changed_and_deleted(call_as_ana: Caller, desk: Desk) -> None:
    call, ticket = call_as_ana, desk.ticket()
    made = call(
        "POST", "quick-texts", {"name": "/Hi", "text": "Hi {first_name}, {agent} {x}", "language": "en"}
    )
    assert (made.status, made.json["name"], made.json["shared"]) == (201, "hi", False)
    [listed] = call("GET", f"quick-texts?ticket={ticket.pk}").json["items"]
    assert listed["filled"] == "Hi Lea, Ana {x}"
    changed = call("PATCH", f"quick-texts/{listed['id']}", {"text": "Hello"}).json
    assert (changed["name"], changed["text"], changed["language"]) == ("hi", "Hello", "en")
    assert call("PATCH", f"quick-texts/{listed['id']}", {"language": ""}).json["language"] == ""
    assert call("POST", "quick-texts", {"name": "hi", "text": "again"}).status == 422
    wrong = call("POST", "quick-texts", {"name": "two words", "text": "x"})
    assert (wrong.status, wrong.json["type"]) == (422, "urn:heed:not-valid")
    assert [each["field"] for each in wrong.json["errors"]] == ["name"]
    assert call("DELETE", f"quick-texts/{listed['id']}").status == 204
    gone = call("DELETE", f"quick-texts/{listed['id']}")
    assert (gone.status, gone.json["type"]) == (404, "urn:heed:no-such-quick-text")


def test_shared_ones_need_the_permission(call: Caller, call_as_ana: Caller, desk: Desk) -> None:
    team = Team.objects.create(name="Returns")
    for given in ({"shared": True}, {"team": team.pk}):
        assert call_as_ana("POST", "quick-texts", {"name": "x", "text": "X"} | given).status == 403
    shared = call("POST", "quick-texts", {"name": "back", "text": "Send it back", "team": team.pk}).json
    assert (shared["shared"], shared["team"]) == (True, team.pk)
    assert call_as_ana("PATCH", f"quick-texts/{shared['id']}", {"text": "x"}).status == 404
    assert call("PATCH", f"quick-texts/{shared['id']}", {"team": None}).json["team"] is None
    assert call_as_ana("PATCH", f"quick-texts/{shared['id']}", {"text": "x"}).status == 403
    assert call_as_ana("DELETE", f"quick-texts/{shared['id']}").status == 403
    assert call("PATCH", f"quick-texts/{shared['id']}", {"team": 99}).status == 422
    assert QuickText.objects.get().text == "Send it back"


def test_guidelines(call: Caller, call_as_ana: Caller, desk: Desk) -> None:
    ticket = desk.ticket()
    assert call_as_ana("PUT", "guidelines", {"text": "Warm."}).status == 403
    assert call("PUT", "guidelines", {"text": "Warm."}).status == 200
    place = {"account": desk.account.pk}
    assert call("PUT", "guidelines", {"text": "Short."} | place).json["account"] == desk.account.pk
    assert len(call_as_ana("GET", "guidelines").json["items"]) == 2
    [nearest] = call_as_ana("GET", f"guidelines?ticket={ticket.pk}").json["items"]
    assert nearest["text"] == "Short."
    assert call("PUT", "guidelines", {"text": "x", "brand": 9}).status == 422
    assert call("PUT", "guidelines", {"text": "x", "account": 99999}).status == 404
    assert call("PUT", "guidelines", {"text": "x", "account": 1, "team": 1}).status == 422
    assert call("PUT", "guidelines", {"text": ""} | place).status == 204
    assert Guideline.objects.get().text == "Warm."

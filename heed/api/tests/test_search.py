"""Search, completion and kept views over the API."""

from __future__ import annotations

from typing import get_args

from heed.accounts.models import Team
from heed.api.shapes.search import FoundOrder, Order
from heed.api.tests.conftest import Caller, Desk
from heed.inbox import reach
from heed.inbox.models import SavedView
from heed.inbox.search import finding, index_everything


def test_the_orders_of_the_api_are_those_of_the_desk() -> None:
    assert get_args(Order) == reach.ORDERS
    assert get_args(FoundOrder) == finding.ORDERS


def test_what_is_found_comes_with_where_it_stands(call: Caller, desk: Desk) -> None:
    ticket = desk.ticket("Lea Marn")
    desk.message(ticket, "My zip broke on Friday")
    desk.ticket("Omar Badr")
    index_everything()
    found = call("GET", "search?q=zip is:unanswered").json
    assert [each["number"] for each in found["items"]] == [ticket.pk]
    (hit,) = found["hits"]
    assert hit["ticket"] == ticket.pk
    assert [piece["text"] for piece in hit["pieces"] if piece["hit"]] == ["zip"]
    assert found["next"] == ""


def test_a_mistake_points_at_the_word(call: Caller, desk: Desk) -> None:
    answer = call("GET", "search?q=zip is:opne")
    assert answer.status == 422
    problem = answer.json
    assert problem["type"] == "urn:heed:bad-condition"
    assert (problem["position"], problem["word"], problem["suggestion"]) == (7, "opne", "open")


def test_search_is_paged(call: Caller, desk: Desk) -> None:
    for number in range(5):
        desk.ticket(f"Lea{number} Marn")
    seen, after = [], ""
    for _page in range(3):
        page = call("GET", f"search?q=is:new,open,pending&limit=2&after={after}").json
        seen += [each["number"] for each in page["items"]]
        after = page["next"]
    assert len(set(seen)) == 5
    assert after == ""
    assert call("GET", "search?q=is:open&after=nonsense").status == 422
    assert call("GET", "search?q=is:open&order=sideways").status == 422


def test_what_could_go_on(call: Caller, desk: Desk) -> None:
    items = call("GET", "search/complete?q=zip is:unan").json["items"]
    assert [(each["text"], each["start"], each["end"]) for each in items] == [("unanswered", 7, 11)]


def test_views_are_kept_changed_and_removed(call: Caller, call_as_ana: Caller, desk: Desk) -> None:
    ticket = desk.ticket("Lea Marn")
    made = call("POST", "views", {"name": "Open", "condition": "is:unanswered", "shared": True})
    assert made.status == 201
    view = made.json["id"]
    seen = call_as_ana("GET", "views").json["items"]
    assert [(each["name"], each["may_change"]) for each in seen] == [("Open", False)]
    rows = call_as_ana("GET", f"views/{view}/tickets").json["items"]
    assert [each["number"] for each in rows] == [ticket.pk]
    changed = {"name": "Waiting", "condition": "waiting:>1m", "order": "waiting", "shared": True}
    assert call_as_ana("PUT", f"views/{view}", changed).status == 403
    assert call("PUT", f"views/{view}", changed).json["order"] == "waiting"
    assert call_as_ana("DELETE", f"views/{view}").status == 403
    assert call("DELETE", f"views/{view}").status == 204
    assert call("GET", f"views/{view}/tickets").status == 404


def test_what_cannot_be_kept(call: Caller, call_as_ana: Caller, desk: Desk) -> None:
    team = Team.objects.create(name="Returns")
    given = {"name": "Open", "condition": "is:open"}
    assert call("POST", "views", given | {"condition": "is:opne"}).json["type"] == "urn:heed:bad-condition"
    assert call("POST", "views", given | {"team": team.pk + 1}).status == 422
    assert call("POST", "views", given | {"order": "sideways"}).status == 422
    assert call_as_ana("POST", "views", given | {"shared": True}).status == 403
    assert call("POST", "views", given).status == 201
    assert call("POST", "views", given).status == 422
    assert SavedView.objects.count() == 1


def test_views_are_put_in_order(call: Caller, desk: Desk) -> None:
    views = [
        call("POST", "views", {"name": name, "condition": "is:open"}).json["id"] for name in ("One", "Two")
    ]
    names = [each["name"] for each in call("PUT", "views/order", {"views": views[::-1]}).json["items"]]
    assert names == ["Two", "One"]


def test_a_view_says_what_it_names_that_is_gone(call: Caller, desk: Desk) -> None:
    desk.ticket("Lea Marn")
    view = call("POST", "views", {"name": "Rest", "condition": "is:unanswered"}).json
    assert view["problem"] == ""
    SavedView.objects.filter(pk=view["id"]).update(condition="-account:gone")
    assert call("GET", "views").json["items"][0]["problem"] == "Nothing here is called “gone”."
    assert len(call("GET", f"views/{view['id']}/tickets").json["items"]) == 1

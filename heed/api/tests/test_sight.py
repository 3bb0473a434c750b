"""What a part of the tickets only lets one see and change over the API."""

from __future__ import annotations

from typing import Any

import pytest

from heed.accounts.models import Brand, Grant, OwnRole, Team, User
from heed.accounts.verbs import ensure_person
from heed.api.tests.conftest import Caller, Desk
from heed.channels.models import Account
from heed.inbox.models import Ticket


@pytest.fixture
def kids(db: None) -> Account:
    return Account.objects.create(
        network="pigeon", name="Acme Kids", external_id="k", base_url="https://k.example"
    )


def test_who_connects_accounts_moves_none_into_their_sight(
    call: Caller, call_as_ana: Caller, ana: User, account: Account
) -> None:
    brand = Brand.objects.create(name="Acme Kids")
    own = OwnRole.objects.create(name="Connects", permissions=["accounts"])
    ana.grants.all().delete()
    Grant.objects.create(user=ana, own=own)
    Grant.objects.create(user=ana, role="agent", brand=brand)
    assert call_as_ana("PATCH", f"accounts/{account.pk}", {"brand": "Acme Kids"}).status == 403
    account.refresh_from_db()
    assert account.brand is None
    assert call_as_ana("PATCH", f"accounts/{account.pk}", {"name": "Acme shoes"}).status == 200
    assert call("PATCH", f"accounts/{account.pk}", {"brand": "Acme Kids"}).json["brand"] == "Acme Kids"


def test_accounts_out_of_sight_are_not_listed(
    call: Caller, call_as_ana: Caller, ana: User, account: Account, kids: Account
) -> None:
    ana.grants.update(account=account.pk)
    assert [each["id"] for each in call_as_ana("GET", "accounts").json["items"]] == [account.pk]
    assert call_as_ana("GET", f"accounts/{account.pk}").status == 200
    assert call_as_ana("GET", f"accounts/{kids.pk}").status == 404
    assert [each["id"] for each in call("GET", "accounts").json["items"]] == [account.pk, kids.pk]


def test_an_account_with_a_ticket_of_ones_team_is_listed(
    call_as_ana: Caller, ana: User, desk: Desk, account: Account, kids: Account
) -> None:
    team = Team.objects.create(name="Returns")
    ana.grants.update(team=team)
    assert call_as_ana("GET", "accounts").json["items"] == []
    desk.ticket(team=team)
    assert [each["id"] for each in call_as_ana("GET", "accounts").json["items"]] == [account.pk]
    assert call_as_ana("GET", f"accounts/{kids.pk}").status == 404


@pytest.mark.parametrize("change", [{"team": "Repairs"}, {"assignee": "ivo@acme.example"}])
def test_a_ticket_handed_over_out_of_sight_is_told_as_it_was_written(
    call: Caller, call_as_ana: Caller, ana: User, desk: Desk, change: dict[str, Any]
) -> None:
    returns, repairs = Team.objects.create(name="Returns"), Team.objects.create(name="Repairs")
    ana.grants.update(team=returns)
    ensure_person("ivo@acme.example", "Ivo Horvat")
    mine = desk.ticket(team=returns) if "team" in change else desk.ticket(assignee=ana)
    wanted = {"team": repairs.pk} if "team" in change else change
    more = {"priority": "high", "add_tags": ["zip"], "language": "sl", "group": "gold", "status": "solved"}
    told = call_as_ana("PATCH", f"tickets/{mine.pk}", {**wanted, **more})
    assert told.status == 200
    assert told.json == call("GET", f"tickets/{mine.pk}").json
    assert (told.json["status"], told.json["tags"]) == ("solved", ["zip"])
    assert call_as_ana("PATCH", f"tickets/{mine.pk}", {"priority": "low"}).status == 404


@pytest.fixture
def returns(ana: User) -> Team:
    """The one team whose tickets Ana sees."""
    team = Team.objects.create(name="Returns")
    ana.grants.update(team=team)
    return team


@pytest.fixture
def secret() -> Team:
    return Team.objects.create(name="Secret")


_HIDDEN = "A ticket that belongs to this is not yours to work on. Ask somebody who sees them all."


def again(ticket: Ticket, team: Team) -> Ticket:
    """Another ticket of the same customer."""
    facts = {"account": ticket.account, "identity": ticket.identity, "customer": ticket.customer}
    return Ticket.objects.create(**facts, kind=ticket.kind, last_at=ticket.last_at, running=False, team=team)


def words_in(call: Caller, ticket: Ticket) -> list[str]:
    return [each["text"] for each in call("GET", f"tickets/{ticket.pk}/messages").json["items"]]


def test_nobody_pulls_back_what_was_given_to_others(
    call: Caller, call_as_ana: Caller, returns: Team, secret: Team, desk: Desk
) -> None:
    """Nor reads the notes in it."""
    source = desk.ticket(team=returns)
    gone = desk.message(source, "And the zip is broken.")
    new = call("POST", f"tickets/{source.pk}/splits", {"messages": [gone.pk]}).json["number"]
    desk.message(Ticket.objects.get(pk=new), "legal only", direction="out", visibility="note")
    assert call("PATCH", f"tickets/{new}", {"team": secret.pk}).status == 200
    (record,) = call_as_ana("GET", f"tickets/{source.pk}/matters").json["splits"]
    refused = call_as_ana("DELETE", f"tickets/{source.pk}/splits/{record['id']}")
    assert (refused.status, refused.json["detail"]) == (403, _HIDDEN)
    assert "legal only" not in words_in(call_as_ana, source)
    assert call("DELETE", f"tickets/{source.pk}/splits/{record['id']}").status == 200


def test_nobody_puts_back_into_a_ticket_that_goes_on_out_of_their_sight(
    call: Caller, call_as_ana: Caller, returns: Team, secret: Team, desk: Desk
) -> None:
    source = desk.ticket(team=returns)
    gone = desk.message(source, "And the zip is broken.")
    new = call("POST", f"tickets/{source.pk}/splits", {"messages": [gone.pk]}).json["number"]
    end = again(source, secret)
    assert call("POST", f"tickets/{end.pk}/merges", {"number": source.pk}).status == 201
    record = call_as_ana("GET", f"tickets/{new}/matters").json["split_from"]["id"]
    for side in (source.pk, new):
        assert call_as_ana("DELETE", f"tickets/{side}/splits/{record}").status == 403
    assert gone.text not in words_in(call, end)
    assert call("DELETE", f"tickets/{new}/splits/{record}").status == 200
    assert gone.text in words_in(call, end)


def test_nobody_takes_out_of_a_ticket_that_they_do_not_see(
    call: Caller, call_as_ana: Caller, returns: Team, secret: Team, desk: Desk
) -> None:
    """Be it one or two steps away."""
    mine = desk.ticket(team=returns)
    other, end = (again(mine, team) for team in (returns, secret))
    for gone, kept in ((mine, other), (other, end)):
        assert call("POST", f"tickets/{kept.pk}/merges", {"number": gone.pk}).status == 201
    for gone in (mine, other):
        address = f"tickets/{gone.pk}/merges/{gone.merges.get().pk}"
        refused = call_as_ana("DELETE", address)
        assert (refused.status, refused.json["detail"]) == (403, _HIDDEN)
    assert call("DELETE", f"tickets/{mine.pk}/merges/{mine.merges.get().pk}").status == 200


def test_who_may_not_work_on_the_old_ticket_puts_nothing_back_there(
    call: Caller, call_as_ana: Caller, ana: User, desk: Desk
) -> None:
    team = Team.objects.create(name="Returns")
    ana.grants.update(team=team)
    source = desk.ticket()
    gone = desk.message(source, "And the zip is broken.")
    new = call("POST", f"tickets/{source.pk}/splits", {"messages": [gone.pk]}).json["number"]
    assert call("PATCH", f"tickets/{new}", {"team": team.pk}).status == 200
    record = call_as_ana("GET", f"tickets/{new}/matters").json["split_from"]["id"]
    assert call_as_ana("DELETE", f"tickets/{new}/splits/{record}").status == 403
    Grant.objects.create(user=ana, role="viewer")
    assert call_as_ana("DELETE", f"tickets/{new}/splits/{record}").status == 403
    assert call("DELETE", f"tickets/{new}/splits/{record}").status == 200

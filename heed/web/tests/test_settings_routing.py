"""The pages on which a lead sets up teams and rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from heed.accounts.models import Grant, Team, User
from heed.inbox import events
from heed.lib import clock
from heed.routing import rules
from heed.routing.dry import DryRun
from heed.routing.models import AccountTeam, Profile, Rule, Skill, TeamRouting
from heed.routing.people import on_shift
from heed.web.tests import cast

pytestmark = pytest.mark.django_db

PAGES = ("/settings/teams/", "/settings/rules/", "/settings/rules/new/")


@pytest.fixture
def lead(maja: User) -> Client:
    client = Client()
    client.force_login(maja)
    return client


def test_only_those_who_may_change_routing_see_them(page: Client, lead: Client, ana: User) -> None:
    team = Team.objects.create(name="Returns")
    rule = Rule.objects.create(name="Zips", when=["time"], actions=[])
    inner = (f"teams/{team.pk}/", f"teams/people/{ana.pk}/", f"rules/{rule.pk}/")
    for path in (*PAGES, *(f"/settings/{each}" for each in inner)):
        assert page.get(path).status_code == 403, path
        assert lead.get(path).status_code == 200, path
        assert Client().get(path).status_code == 302, path
    posts = (
        "/settings/teams/skills/",
        "/settings/rules/check/",
        "/settings/rules/try/",
        f"/settings/teams/{team.pk}/act/",
        f"/settings/rules/{rule.pk}/act/",
    )
    for path in posts:
        assert page.post(path, {"to": "remove"}).status_code == 403, path
    assert Rule.objects.exists()


def test_a_team_is_made_and_set_up(lead: Client, ana: User) -> None:
    account = cast.account()
    lead.post("/settings/teams/", {"name": "Returns"})
    team = Team.objects.get()
    given = {"name": "Returns and zips", "members": [ana.pk], "accounts": [account.pk], "way": "turns"}
    given |= {"same_language": "on"}
    assert lead.post(f"/settings/teams/{team.pk}/", given).status_code == 302
    team.refresh_from_db()
    assert (team.name, list(team.members.all())) == ("Returns and zips", [ana])
    assert AccountTeam.objects.get().team == team
    routing = TeamRouting.objects.get()
    assert (routing.way, routing.same_language, routing.same_skill) == ("turns", True, False)
    said = lead.get("/settings/teams/").content.decode()
    assert "In turn" in said
    assert "Ana Kovač" in said
    assert lead.post("/settings/teams/", {"name": "returns and zips"}).status_code in (200, 302)
    assert lead.get("/settings/teams/9999/").status_code == 404


def test_accounts_of_one_name_say_their_network(lead: Client) -> None:
    team = Team.objects.create(name="Returns")
    for network in ("facebook", "x"):
        AccountTeam.objects.create(account=cast.account(network, "Acme"), team=team)
    said = lead.get("/settings/teams/").content.decode()
    assert "Acme · Facebook, Acme · X" in said


def test_somebodys_hours_and_languages(lead: Client, ana: User) -> None:
    skill = Skill.objects.create(name="Zips", tags=["zip"])
    path = f"/settings/teams/people/{ana.pk}/"
    given = {
        "languages": "sl, EN",
        "skills": [skill.pk],
        "capacity": "5",
        "zone": "Europe/Ljubljana",
        "day-0": "9:00-12:00, 13:00–17:00",
    }
    assert lead.post(path, given).status_code == 302
    profile = Profile.objects.get()
    assert profile.languages == ["en", "sl"]
    assert profile.shifts == {"0": [["09:00", "12:00"], ["13:00", "17:00"]]}
    assert list(profile.skills.all()) == [skill]
    for wrong, said in (("nine to five", "nine to five"), ("9-13, 12-17", "overlap")):
        refused = lead.post(path, given | {"day-0": wrong})
        assert refused.status_code == 422
        assert said in refused.content.decode()


def test_hours_of_work_are_written_as_business_hours_are(lead: Client, ana: User) -> None:
    path = f"/settings/teams/people/{ana.pk}/"
    days = {"day-0": "9–17", "day-1": "9.00-12.00، ١٣-١٧", "day-2": "22-6", "day-3": "0-24", "day-4": "18–24"}
    assert lead.post(path, {"capacity": "0", "zone": "Europe/Ljubljana"} | days).status_code == 302
    profile = Profile.objects.get()
    assert profile.shifts == {
        "0": [["09:00", "17:00"]],
        "1": [["09:00", "12:00"], ["13:00", "17:00"]],
        "2": [["22:00", "06:00"]],
        "3": [["00:00", "00:00"]],
        "4": [["18:00", "00:00"]],
    }
    page = lead.get(path).content.decode()
    for shown in ("9:00–17:00", "9:00–12:00, 13:00–17:00", "22:00–6:00", "0:00–24:00", "18:00–24:00"):
        assert f'value="{shown}"' in page
    thursday = datetime(2026, 11, 26, tzinfo=ZoneInfo(profile.zone))
    assert [on_shift(profile, thursday + timedelta(hours=each)) for each in (-3, 0, 23, 25, 41, 42)] == [
        *(False, True, True, False, False, True)
    ]


def test_a_rule_is_made_tried_and_switched_on(lead: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "name": "Zips",
        "when": ["message_received"],
        "condition": "is:unanswered",
        "a0-do": "add_tags",
        "a0-tags": "zip, Heel",
        "an1-do": "priority",
        "an1-priority": "3",
        "stop": "on",
    }
    assert lead.post("/settings/rules/new/", given).status_code == 302
    rule = Rule.objects.get()
    assert rule.actions == [{"do": "add_tags", "tags": ["heel", "zip"]}, {"do": "priority", "priority": 3}]
    assert (rule.on, rule.stop) == (False, True)
    tried = lead.post("/settings/rules/try/", given).content.decode()
    assert "would have touched" in tried
    assert "group" not in tried
    of_today = DryRun(clock.now(), groups_of_today=True)
    monkeypatch.setattr("heed.web.views.settings_rules.dry_run", lambda _rule: of_today)
    assert "only today's group is known" in lead.post("/settings/rules/try/", given).content.decode()
    lead.post(f"/settings/rules/{rule.pk}/act/", {"to": "on"})
    rule.refresh_from_db()
    assert rule.on
    assert "is:unanswered" in lead.get("/settings/rules/").content.decode()
    lead.post(f"/settings/rules/{rule.pk}/act/", {"to": "remove"})
    assert not Rule.objects.exists()


def test_a_mistake_is_marked_where_it_stands(lead: Client) -> None:
    given = {"name": "Zips", "when": ["time"], "condition": "is:open is:nonsense tag", "a0-do": "hide"}
    for path in ("/settings/rules/check/", "/settings/rules/try/", "/settings/rules/new/"):
        said = lead.post(path, given).content.decode()
        assert "<mark>nonsense</mark>" in said, path
    assert not Rule.objects.exists()
    said = lead.post("/settings/rules/new/", given | {"condition": "", "when": []}).content.decode()
    assert "Choose when the rule looks." in said
    assert 'value="hide"' in said


def test_an_example_fills_the_form(lead: Client) -> None:
    said = lead.get("/settings/rules/new/?like=late").content.decode()
    assert "waiting:&gt;2h" in said
    assert lead.get("/settings/rules/new/?like=nothing").status_code == 200


def test_the_next_ticket_is_taken_and_opened(page: Client, ana: User) -> None:
    ticket = cast.ticket(cast.account(), "Lea Marn", "The zip broke")
    taken = page.post("/tickets/next/", headers={"HX-Request": "true"})
    assert (taken.status_code, taken["HX-Redirect"]) == (204, f"/inbox/mine/{ticket.pk}/")
    ticket.refresh_from_db()
    assert ticket.assignee == ana
    nothing = page.post("/tickets/next/", headers={"HX-Request": "true"})
    assert nothing.status_code == 422
    assert "Nothing waits" in nothing.content.decode()


def test_whoever_claims_second_reads_who_has_it(page: Client, ivo: User) -> None:
    ticket = cast.ticket(cast.account(), "Lea Marn", "The zip broke")
    other = Client()
    other.force_login(ivo)
    assert page.post(f"/tickets/{ticket.pk}/claim/").status_code == 200
    late = other.post(f"/tickets/{ticket.pk}/claim/")
    assert late.status_code == 422
    assert "Ana Kovač" in late.content.decode()


def test_one_goes_away_and_comes_back(page: Client, ana: User) -> None:
    team = Team.objects.create(name="Returns")
    ticket = cast.ticket(cast.account(), "Lea Marn", "The zip broke", team=team, assignee=ana)
    gone = page.post("/availability/", {"to": "away", "hours": "4", "give_back": "on"}, follow=True)
    assert "1 ticket went back" in gone.content.decode()
    assert "You are away until" in gone.content.decode()
    ticket.refresh_from_db()
    assert ticket.assignee is None
    page.post("/availability/", {"to": "back"})
    assert Profile.objects.get().away_since is None


def test_a_viewer_takes_nothing(ivo: User) -> None:
    ticket = cast.ticket(cast.account(), "Lea Marn", "The zip broke")
    ivo.grants.update(role="viewer")
    client = Client()
    client.force_login(ivo)
    assert client.post("/tickets/next/").status_code == 403
    assert client.post(f"/tickets/{ticket.pk}/claim/").status_code == 403
    assert 'id="next"' not in client.get("/inbox/open/").content.decode()
    ivo.grants.update(role="agent")
    assert 'id="next"' in client.get("/inbox/open/").content.decode()


def test_what_a_rule_did_stands_in_the_story(page: Client, ana: User) -> None:
    ticket = cast.ticket(cast.account(), "Lea Marn", "The zip broke")
    with events.because(rules=[1], rule_name="Zips <first>"):
        events.record("assigned", ticket=ticket, to="Ivo Horvat")
        did = [{"do": "hide", "ok": False, "said": "There is no public message to hide."}]
        events.record("rule_ran", ticket=ticket, rule=1, did=did)
    said = page.get(f"/inbox/open/{ticket.pk}/").content.decode()
    assert "The rule “<bdi>Zips &lt;first&gt;</bdi>” gave it to" in said
    assert "hide the public message</bdi>: did not work." in said


def test_a_rule_whose_account_was_removed_says_so_and_is_stopped(lead: Client) -> None:
    account = cast.account()
    rule = Rule.objects.create(
        name="Not there", when=["time"], condition=f"-account:{account.pk}", on=False, actions=[]
    )
    assert "Cannot run" not in lead.get("/settings/rules/").content.decode()
    said = f"Nothing here is called “{account.pk}”."
    account.delete()
    for path in ("/settings/rules/", f"/settings/rules/{rule.pk}/"):
        assert said in lead.get(path).content.decode()
    assert "Cannot run" in lead.get("/settings/rules/").content.decode()
    assert rules.made_ready(rule) is None


def test_a_rule_offers_to_give_tickets_only_to_those_who_may_answer(lead: Client, ana: User) -> None:
    deeds = [{"do": "assign_person", "person": ana.pk}, {"do": "notify_person", "person": ana.pk}]
    rule = Rule.objects.create(name="Zips", when=["time"], actions=deeds)
    Grant.objects.filter(user=ana).update(role="viewer")
    form = lead.get(f"/settings/rules/{rule.pk}/").content.decode()
    assert f'<option value="{ana.pk}" selected>{ana.name}</option>' in form
    assert f"{ana.name} may not answer customers, so tickets cannot be given to them." in form
    template = form.partition('<template data-deed="assign_person">')[2].partition("</template>")[0]
    assert ana.name not in template
    template = form.partition('<template data-deed="notify_person">')[2].partition("</template>")[0]
    assert ana.name in template


def test_whom_a_rule_names_stays_chosen_when_they_are_gone(lead: Client, ana: User) -> None:
    team = Team.objects.create(name="Returns", archived=True)
    User.objects.filter(pk=ana.pk).update(is_active=False)
    deeds = [
        {"do": "assign_person", "person": ana.pk},
        {"do": "assign_team", "team": team.pk},
        {"do": "answer_quick_text", "quick_text": "thanks"},
        {"do": "assign_person", "person": 0},
    ]
    rule = Rule.objects.create(name="Zips", when=["time"], actions=deeds)
    listed, form = (
        lead.get(path).content.decode() for path in ("/settings/rules/", f"/settings/rules/{rule.pk}/")
    )
    assert f"give it to {ana.name}: This person does not work here any more." in listed
    assert "give it to the team Returns: This team takes no more tickets." in listed
    assert "/thanks: This quick text is no more." in listed
    assert "Cannot run" not in listed
    for value, name in ((ana.pk, ana.name), (team.pk, "Returns"), ("thanks", "thanks")):
        assert f'<option value="{value}" selected>{name} · no longer here</option>' in form
    assert form.count("no longer here") == 3
    given = {"name": "Zips", "when": "time", "a0-do": "assign_person", "a0-person": ana.pk}
    refused = lead.post(f"/settings/rules/{rule.pk}/", given)
    assert (refused.status_code, Rule.objects.get().actions) == (422, deeds)
    assert "This person does not work here any more." in refused.content.decode()
    assert "does not work here" in lead.post("/settings/rules/try/", given).content.decode()

"""The settings of time: what is kept, what is refused in words, and the live examples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation

from heed.accounts.models import Team, User
from heed.accounts.verbs import ensure_person
from heed.channels.models import Account
from heed.inbox.models import Ticket
from heed.lib import clock
from heed.routing.models import AutomaticMessage, Hours, Policy, Schedule, SchedulePlace
from heed.web.templatetags.due import due
from heed.web.tests import cast

pytestmark = pytest.mark.django_db

DAYS = {f"day{number}": "9:00–17:00" for number in range(5)} | {"day5": "", "day6": ""}
NO_HOLIDAYS = {"holidays-TOTAL_FORMS": "0", "holidays-INITIAL_FORMS": "0"}
WORDS = {"language": "en", "again_after": "12"}


@pytest.fixture
def lead(client: Client) -> User:
    person = ensure_person("sam@acme.example", "Sam Cole", role="lead")
    client.force_login(person)
    return person


@pytest.fixture
def page(db: None) -> Account:
    return Account.objects.create(
        network="facebook", name="Acme", external_id="page", base_url="http://127.0.0.1:1", state="connected"
    )


def hours_form(**changes: str) -> dict[str, object]:
    facts: dict[str, object] = {"name": "Desk", "zone": "Europe/Ljubljana", "places": ["0.0.0"]}
    return facts | DAYS | NO_HOLIDAYS | changes


@pytest.mark.parametrize("path", ["hours", "targets", "automatic"])
def test_only_those_who_set_up_routing_may_see_them(client: Client, path: str) -> None:
    client.force_login(ensure_person("ivo@acme.example", "Ivo Horvat"))
    assert client.get(f"/settings/{path}/").status_code == 403


@pytest.mark.parametrize("path", ["hours", "hours/new", "targets", "targets/new", "automatic"])
def test_empty_pages_teach(client: Client, lead: User, path: str) -> None:
    assert client.get(f"/settings/{path}/").status_code == 200


def test_hours_are_kept_with_their_holidays(client: Client, lead: User) -> None:
    holidays = {
        "holidays-TOTAL_FORMS": "2",
        "holidays-INITIAL_FORMS": "0",
        "holidays-0-day": "2026-12-25",
        "holidays-0-yearly": "on",
        "holidays-0-title": "Christmas",
        "holidays-1-day": "",
    }
    answer = client.post("/settings/hours/new/", hours_form(**holidays))
    assert answer.status_code == 302, answer.content
    held = Hours.objects.get()
    assert held.week[0] == [[540, 1020]]
    assert held.week[6] == []
    assert held.holidays == [{"name": "Christmas", "day": "12-25", "spans": []}]
    assert SchedulePlace.objects.get().until is None
    told = client.get("/settings/hours/").content.decode()
    assert "Monday – Friday" in told
    assert "Christmas" in told


def test_holidays_stand_in_the_form_with_a_day_that_there_is(client: Client, lead: User) -> None:
    client.post("/settings/hours/new/", hours_form())
    days = ["02-29", "12-25", "2024-02-29"]
    Hours.objects.update(holidays=[{"name": each, "day": each, "spans": []} for each in days])
    with clock.moved(datetime(2026, 11, 22, tzinfo=UTC) - clock.now()):
        form = client.get(f"/settings/hours/{Schedule.objects.get().pk}/").context["holidays"]
    shown = [(f"{each['day'].value()}", each["yearly"].value()) for each in form.initial_forms]
    assert shown == [("2028-02-29", True), ("2026-12-25", True), ("2024-02-29", False)]


def test_a_change_is_a_new_version_and_the_old_one_stays(client: Client, lead: User) -> None:
    client.post("/settings/hours/new/", hours_form())
    schedule = Schedule.objects.get()
    client.post(f"/settings/hours/{schedule.pk}/", hours_form(day0="10:00–12:00"))
    assert [each.week[0] for each in Hours.objects.order_by("id")] == [[[540, 1020]], [[600, 720]]]
    client.post(f"/settings/hours/{schedule.pk}/", hours_form(day0="10:00–12:00", name="Office"))
    assert Hours.objects.count() == 2  # only the name is another
    assert "Office" in client.get(f"/settings/hours/{schedule.pk}/").content.decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"day0": "nine to five"}, "Write times like"),
        ({"day0": "9-13, 12-17"}, "overlap"),
        ({"zone": "Ljubljana"}, "no time zone"),
        ({"name": ""}, "required"),
    ],
)
def test_what_cannot_be_kept_is_said_in_words(
    client: Client, lead: User, changes: dict[str, str], sentence: str
) -> None:
    answer = client.post("/settings/hours/new/", hours_form(**changes))
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not Schedule.objects.exists()


def test_a_name_is_given_once_and_a_new_one_is_told(client: Client, lead: User) -> None:
    for name in ("Desk", "Nights"):
        client.post("/settings/hours/new/", hours_form(name=name))
    nights = Schedule.objects.get(name="Nights")
    told = client.post(f"/settings/hours/{nights.pk}/", hours_form(name="DESK")).content.decode()
    assert "There are hours of this name already." in told
    answer = client.post(f"/settings/hours/{nights.pk}/", hours_form(name="Evenings"), follow=True)
    assert "“Evenings” is kept" in answer.content.decode()


def test_the_example_follows_what_one_types(client: Client, lead: User) -> None:
    Policy.objects.create(name="All", first_reply=3600)
    always = {f"day{number}": "0:00–24:00" for number in range(7)}
    told = client.post("/settings/hours/example/", hours_form(**always)).content.decode()
    assert "Open around the clock." in told
    assert "First reply" in told
    never = {f"day{number}": "" for number in range(7)}
    assert "It never opens." in client.post("/settings/hours/example/", hours_form(**never)).content.decode()
    for wrong in ({"day0": "x"}, {"zone": "Ljubljana"}):
        broken = client.post("/settings/hours/example/", hours_form(**wrong)).content.decode()
        assert "Once these times can be read" in broken


def test_a_target_is_kept_ordered_and_put_away(client: Client, lead: User, page: Account) -> None:
    facts = {"name": "All", "on": "on", "time": "business", "first_reply": "1", "first_reply_unit": "3600"}
    answer = client.post("/settings/targets/new/", facts)
    assert answer.status_code == 302, answer.content
    urgent = facts | {"name": "Urgent", "first_reply": "15", "first_reply_unit": "60", "priorities": ["4"]}
    client.post("/settings/targets/new/", urgent)
    rows = list(Policy.objects.order_by("position"))
    assert [(each.name, each.first_reply, each.priorities) for each in rows] == [
        ("All", 3600, []),
        ("Urgent", 900, [4]),
    ]
    client.post(f"/settings/targets/{rows[1].pk}/move/", {"up": "yes"})
    assert [each.name for each in Policy.objects.order_by("position")] == ["Urgent", "All"]
    told = client.get("/settings/targets/").content.decode()
    assert "15 minutes" in told
    assert "For: Urgent" in told
    assert client.get(f"/settings/targets/{rows[1].pk}/").status_code == 200
    client.post(f"/settings/targets/{rows[1].pk}/away/")
    assert [each.name for each in Policy.objects.filter(archived=False)] == ["All"]


def test_a_target_promises_something(client: Client, lead: User) -> None:
    answer = client.post("/settings/targets/new/", {"name": "Empty", "time": "elapsed"})
    assert "Promise at least one thing." in answer.content.decode()
    assert not Policy.objects.exists()


def test_the_example_of_a_target(client: Client, lead: User, page: Account) -> None:
    facts = {"time": "elapsed", "resolution": "2", "resolution_unit": "3600"}
    told = client.post("/settings/targets/example/", facts).content.decode()
    assert "Acme" in told
    assert "Solved" in told
    assert "never" not in told
    cast.account(name="Acme on X", external_id="2")
    told = client.post("/settings/targets/example/", facts).content.decode()
    assert "All accounts" in told  # once, not account by account
    assert "Acme" not in told
    told = client.post("/settings/targets/example/", {"time": "elapsed"}).content.decode()
    assert "Once a time is set" in told


def test_an_away_message_says_when_somebody_will_be_there(client: Client, lead: User) -> None:
    without = WORDS | {"texts.en": "We are away."}
    answer = client.post("/settings/automatic/away/0/", without)
    assert "Say when somebody will be there" in answer.content.decode()
    unknown = WORDS | {"texts.en": "Back {next_opening}, {nobody_knows}"}
    assert (
        "Nothing is known for {nobody_knows}."
        in client.post("/settings/automatic/away/0/", unknown).content.decode()
    )
    kept = WORDS | {"on": "on", "texts.en": "Back {next_opening}", "texts.sl": "Spet tu {next_opening}"}
    assert client.post("/settings/automatic/away/0/", kept).status_code == 302
    row = AutomaticMessage.objects.get()
    assert (row.on, row.texts, row.again_after) == (
        True,
        {"en": "Back {next_opening}", "sl": "Spet tu {next_opening}"},
        12 * 3600,
    )


def test_the_words_for_everybody_else_must_be_there(client: Client, lead: User) -> None:
    facts = WORDS | {"on": "on", "texts.sl": "Pozdravljeni"}
    assert (
        "they are for everybody else" in client.post("/settings/automatic/instant/0/", facts).content.decode()
    )


def test_the_example_says_it_in_every_language(client: Client, lead: User) -> None:
    client.post(
        "/settings/hours/new/", hours_form(**{f"day{number}": "" for number in range(6)}, day6="9-10")
    )
    words = WORDS | {
        "texts.en": "Hi {first_name}: {next_opening}",
        "texts.ar": "{first_name}: {next_opening}",
    }
    told = client.post("/settings/automatic/away/0/example/", words).content.decode()
    assert "Hi Lea: " in told
    assert "العربية" in told
    assert "{next_opening}" not in told


def test_an_account_has_its_own_and_gives_it_up(client: Client, lead: User, page: Account) -> None:
    client.post(f"/settings/automatic/instant/{page.pk}/", WORDS | {"texts.en": "Acme here", "on": "on"})
    assert "has its own" in client.get("/settings/automatic/").content.decode()
    assert client.get(f"/settings/automatic/instant/{page.pk}/").status_code == 200
    client.post(f"/settings/automatic/instant/{page.pk}/away/")
    assert not AutomaticMessage.objects.exists()
    assert client.get("/settings/automatic/nonsense/0/").status_code == 404


def test_the_chip_says_what_is_due() -> None:
    now = datetime.now(UTC)
    soon = due(Ticket(due_at=now + timedelta(minutes=10), due_for="first_reply"))
    assert "chip due warn" in soon
    assert "first reply due in" in soon
    in_a_row = due(Ticket(due_at=now + timedelta(minutes=10), due_for="first_reply"), short=True)
    assert ">First reply: </span><time" in in_a_row
    assert 'data-words="due in {0}"' in in_a_row  # the page's script says how long still
    assert 'title="First reply"' in in_a_row
    late = Ticket(due_at=now - timedelta(minutes=1), due_for="next_reply")
    assert "chip due bad" in due(late)
    assert ">Next reply: </span>overdue <time" in due(late, short=True)
    assert 'data-when="ago"' in due(late, short=True)
    assert due(Ticket()) == ""


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ">due Nov 23, 09:05</time>"), ("sl", ">rok 23. nov., 09:05</time>"), ("ar", ">مستحق 23 نوفمبر")],
)
def test_without_its_script_the_chip_says_the_day(language: str, words: str) -> None:
    then = datetime(2030, 11, 22, 18, tzinfo=UTC)
    at = datetime(2030, 11, 23, 9, 5, tzinfo=timezone.get_default_timezone())
    with clock.moved(then - clock.now()), translation.override(language):
        assert words in due(Ticket(due_at=at, due_for="next_reply"), short=True)


def test_a_target_for_what_is_gone_does_not_become_one_for_everything(
    client: Client, lead: User, page: Account
) -> None:
    gone = page.pk + 1000
    team = Team.objects.create(name="Returns", archived=True)
    chosen = {"accounts": [gone], "teams": [team.pk], "groups": ["vip"]}
    policy = Policy.objects.create(name="Theirs", first_reply=3600, **chosen)
    address = f"/settings/targets/{policy.pk}/"
    assert "For: vip · no longer here · no longer here" in client.get("/settings/targets/").content.decode()
    form = client.get(address).content.decode()
    assert form.count("no longer here") == 2
    given = {"name": "Theirs", "first_reply": "1", "first_reply_unit": "3600", "time": "elapsed"}
    refused = client.post(address, given | chosen).content.decode()
    assert "One of these teams, accounts or brands is not there." in refused
    assert Policy.objects.get().accounts == [gone]
    kept = client.post(address, given | {"accounts": [page.pk], "groups": ["vip"]})
    assert kept.status_code == 302, kept.content.decode()
    now = Policy.objects.get()
    assert (now.accounts, now.teams, now.groups) == ([page.pk], [], ["vip"])
    shown = client.post("/settings/targets/example/", given | chosen)
    assert "Acme" not in shown.content.decode()

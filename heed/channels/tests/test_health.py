"""Accounts that speak first: who is checked when, what is warned of, who is mailed and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import translation
from procrastinate.contrib.django.models import ProcrastinateJob

from heed.accounts.models import User
from heed.accounts.verbs import ensure_person
from heed.channels import health, jobs, missed, registry, sessions
from heed.channels.base import SEEN_TO, AccountRecord, Checked, Quota, Refusal
from heed.channels.models import Account
from heed.channels.tests.pigeon import Pigeon, Wire, ago, changed, put_on_wire
from heed.lib import clock
from heed.lib.http import Request, Response, Steps, Unreachable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pigeon")]

SOON = timedelta(days=3)


def to_check() -> list[int]:
    rows = ProcrastinateJob.objects.filter(task_name="heed.channels.jobs.check_account", status="todo")
    return [row.args["account_id"] for row in rows.order_by("id")]


class TestWhoIsChecked:
    @pytest.mark.parametrize(
        ("problem", "minutes", "due"),
        [
            ("", 5, False),
            ("", 359, False),
            ("", 361, True),
            ("network_down", 14, False),
            ("network_down", 16, True),
            ("slow_down", 16, True),
            ("account_blocked", 16, True),
            ("not_allowed", 16, True),
            ("sign_in_again", 9000, False),
            ("not_configured", 9000, False),
            ("already_connected", 9000, False),
            ("private_address", 9000, False),
        ],
    )
    def test_when_it_is_its_turn(self, account: Account, problem: str, minutes: float, due: bool) -> None:
        changed(account, problem=problem, checked_at=ago(minutes=minutes))
        jobs.look_after_accounts(0)
        assert to_check() == ([account.pk] if due else [])

    @pytest.mark.parametrize(("hours", "due"), [(-0.1, True), (0.1, False)])
    def test_where_what_the_network_said_may_be_over(
        self, account: Account, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch, hours: float, due: bool
    ) -> None:
        checked = Checked("pigeon-9", again_at=clock.now() + timedelta(hours=hours))

        def check(account: AccountRecord) -> Steps[Checked]:
            yield from ()
            return checked

        monkeypatch.setattr(pigeon, "check", check)
        put_on_wire(monkeypatch, Wire())
        jobs.check_account(account.pk)
        jobs.look_after_accounts(0)
        assert to_check() == ([account.pk] if due else [])

    def test_one_that_was_never_checked(self, account: Account) -> None:
        changed(account, checked_at=None)
        jobs.look_after_accounts(0)
        assert to_check() == [account.pk]

    def test_not_twice_while_one_waits(self, account: Account) -> None:
        changed(account, checked_at=ago(hours=7))
        jobs.look_after_accounts(0)
        jobs.look_after_accounts(0)
        assert to_check() == [account.pk]

    def test_no_disconnected_one(self, account: Account) -> None:
        changed(account, checked_at=ago(hours=7), locked_credentials=b"")
        jobs.look_after_accounts(0)
        assert to_check() == []

    def test_an_account_that_works_again_is_said_to(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        changed(account, state="broken", problem="network_down", broken_at=ago(hours=2))
        put_on_wire(monkeypatch, Wire(200))
        jobs.check_account(account.pk)
        account.refresh_from_db()
        assert (account.state, account.problem, account.broken_at) == ("connected", "", None)


class TestWhatACheckLearns:
    def test_all_of_it_is_kept(
        self, account: Account, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ends, anew = clock.now() + timedelta(days=40), clock.now() + timedelta(hours=3)
        found = Checked(
            "9",
            missing=("pages_messaging",),
            expires_at=ends,
            quotas=(Quota("posts a day", 5, 100, anew), Quota("calls", 7, 100, percent=True)),
            facts={"level": "basic"},
        )

        def check(_: object) -> Any:
            yield Request("GET", "https://pigeon.example/me")
            return found

        monkeypatch.setattr(pigeon, "check", check)
        put_on_wire(monkeypatch, Wire())
        jobs.check_account(account.pk)
        account.refresh_from_db()
        assert (account.missing, account.expires_at) == (["pages_messaging"], ends)
        assert (account.facts["level"], SEEN_TO in account.facts) == ("basic", True)
        assert account.quotas == [
            {"what": "posts a day", "left": 5, "of": 100, "resets_at": anew.isoformat()},
            {"what": "calls", "left": 7, "of": 100, "resets_at": None, "percent": True},
        ]

    def test_since_when_it_is_broken_stays(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        put_on_wire(monkeypatch, Wire(401, 401))
        jobs.check_account(account.pk)
        account.refresh_from_db()
        since = account.broken_at
        assert since is not None
        with clock.moved(timedelta(hours=5)):
            jobs.check_account(account.pk)
        account.refresh_from_db()
        assert account.broken_at == since

    def test_after_it_was_broken_the_time_is_minded(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        since = ago(hours=2)
        changed(account, problem="network_down", broken_at=since)
        put_on_wire(monkeypatch, Wire(200, 200))
        jobs.check_account(account.pk)
        jobs.check_account(account.pk)  # it works still: nothing new was missed
        (minded,) = ProcrastinateJob.objects.filter(task_name=missed.MIND_GAP)
        assert minded.args == {"account": account.pk, "since": since.isoformat()}


class TestRenewingAhead:
    @pytest.fixture
    def ending(self, account: Account) -> Account:
        account.session = {"access": "old"}
        account.save()
        return changed(account, expires_at=clock.now() + SOON)

    def test_it_is_renewed_and_then_checked(self, ending: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        wire = put_on_wire(monkeypatch, Wire(bodies=("fresh",)))
        jobs.check_account(ending.pk)
        assert wire.asked == ["POST https://pigeon.example/renew", "GET https://pigeon.example/me"]
        ending.refresh_from_db()
        assert ending.session == {"access": "fresh"}

    def test_not_before_its_time(self, ending: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        changed(ending, expires_at=clock.now() + jobs.RENEW_BEFORE + timedelta(hours=1))
        wire = put_on_wire(monkeypatch, Wire())
        jobs.check_account(ending.pk)
        assert wire.asked == ["GET https://pigeon.example/me"]

    def test_who_waited_takes_what_the_owner_kept(
        self, ending: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        elsewhere = Account.objects.get(pk=ending.pk)
        elsewhere.session = {"access": "renewed elsewhere"}
        elsewhere.save()
        wire = put_on_wire(monkeypatch, Wire())
        sessions.renew_ahead(ending)
        assert wire.asked == []
        assert ending.session == {"access": "renewed elsewhere"}

    @pytest.mark.parametrize("outcome", [Refusal("sign_in_again"), Unreachable("no route")])
    def test_a_refusal_ahead_of_time_breaks_nothing(
        self, ending: Account, monkeypatch: pytest.MonkeyPatch, outcome: Exception
    ) -> None:
        class NoRenewal(Wire):
            def send(self, request: Request) -> Response:
                if request.method == "POST":
                    raise outcome
                return super().send(request)

        put_on_wire(monkeypatch, NoRenewal())
        jobs.check_account(ending.pk)
        ending.refresh_from_db()
        assert (ending.state, ending.problem, ending.session) == ("connected", "", {"access": "old"})


HOUR = 3600.0

WARNINGS: list[tuple[dict[str, Any], list[tuple[str, bool]]]] = [
    ({}, []),
    ({"problem": "sign_in_again"}, [("broken", True)]),
    ({"problem": "sunspots"}, [("broken", True)]),
    ({"missing": ["pages_messaging"]}, [("permission", False)]),
    ({"expires_at": timedelta(days=6)}, [("expires", False)]),
    ({"expires_at": timedelta(days=8)}, []),
    ({"expires_at": timedelta(days=6), "problem": "sign_in_again"}, [("broken", True)]),
    # silence, measured by the longest of the past two weeks
    ({"usual_silence": None, "last_delivery_at": timedelta(days=-9)}, []),
    ({"usual_silence": 5 * HOUR, "last_delivery_at": None}, []),
    ({"usual_silence": 5 * HOUR, "last_delivery_at": timedelta(hours=-9)}, []),
    ({"usual_silence": 5 * HOUR, "last_delivery_at": timedelta(hours=-11)}, [("silent", False)]),
    ({"usual_silence": 60.0, "last_delivery_at": timedelta(minutes=-50)}, []),
    ({"usual_silence": 60.0, "last_delivery_at": timedelta(minutes=-70)}, [("silent", False)]),
    # news that is asked for, and not given out
    ({"collect_at": timedelta(minutes=5), "collected_at": timedelta(minutes=-59)}, []),
    ({"collect_at": None, "collected_at": timedelta(hours=-9)}, []),
    ({"collect_at": timedelta(minutes=-1), "collected_at": timedelta(minutes=-61)}, [("unread", True)]),
    ({"collect_at": timedelta(minutes=5), "connected_at": timedelta(hours=-2)}, [("unread", True)]),
    (
        {"collect_at": timedelta(0), "collected_at": timedelta(hours=-9), "problem": "network_down"},
        [("broken", True)],
    ),
    ({"quotas": [{"what": "posts", "left": 11, "of": 100}]}, []),
    ({"quotas": [{"what": "posts", "left": 10, "of": 100}]}, [("quota", False)]),
    ({"quotas": [{"what": "posts", "left": 0, "of": None}]}, []),
    ({"quotas": [{"what": "posts", "left": 0, "of": 100}]}, [("quota", True)]),
    ({"quotas": [{"what": "a", "left": 1, "of": 100}, {"what": "b", "left": 0, "of": 9}]}, [("quota", True)]),
    (
        {"quotas": [{"what": "posts", "left": 0, "of": 9, "resets_at": ago(hours=-1).isoformat()}]},
        [("quota", True)],
    ),
    (
        {"quotas": [{"what": "posts", "left": 0, "of": 9, "resets_at": ago(hours=1).isoformat()}]},
        [("quota", False)],
    ),
    # what the network said by the way
    ({"told": {"at": ago(days=13).isoformat(), "detail": "slow"}}, [("remark", False)]),
    ({"told": {"at": ago(days=15).isoformat(), "detail": "slow"}}, []),
    ({"told": {"at": ago(days=1).isoformat(), "detail": ""}}, []),
    ({"told": {"at": ago(days=1).isoformat(), "detail": "spam", "problem": "account_blocked"}}, []),
    (
        {"problem": "not_allowed", "missing": ["a"], "quotas": [{"what": "posts", "left": 0, "of": 9}]},
        [("broken", True), ("quota", True), ("permission", False)],
    ),
]


@pytest.mark.parametrize(("facts", "expected"), WARNINGS)
def test_warnings(account: Account, facts: dict[str, Any], expected: list[tuple[str, bool]]) -> None:
    moments = {name: clock.now() + value for name, value in facts.items() if isinstance(value, timedelta)}
    found = health.warnings(changed(account, **(facts | moments)))
    assert [(each.kind, each.grave) for each in found] == expected
    assert all(str(each.sentence) and str(each.way_out) for each in found)


NEEDED = [
    ("whatsapp", "whatsapp_business_messaging", True),
    ("instagram", "Human Agent", False),
    ("line", "Use webhook", True),
    ("x", "dm.write", False),
    ("x", "tweet.read", True),
]


@pytest.mark.parametrize(("network", "permission", "grave"), NEEDED)
def test_without_a_needed_permission_an_account_does_not_work(
    account: Account, network: str, permission: str, grave: bool
) -> None:
    """What is needed the network's own list says."""
    changed(account, network=network, missing=[permission])
    (warning,) = health.warnings(account)
    assert (warning.kind, warning.grave) == ("permission", grave)
    assert health.is_crippled(account) is grave


def test_warnings_name_what_they_are_about(account: Account) -> None:
    changed(
        account,
        missing=["pages_messaging", "pages_read"],
        usual_silence=2 * HOUR,
        last_delivery_at=ago(hours=6, minutes=5),
        quotas=[{"what": "posts a day", "left": 4, "of": 250}],
    )
    permission, silent, quota = (str(each.sentence) for each in health.warnings(account))
    assert "pages_messaging, pages_read" in permission
    assert "6 hours" in silent
    assert "was 2 h" in silent
    assert "4 of 250 posts a day" in quota


def test_a_polled_network_is_never_silent(account: Account, pigeon: Pigeon) -> None:
    changed(account, usual_silence=60.0, last_delivery_at=ago(days=9))
    assert [each.kind for each in health.warnings(account)] == ["silent"]
    pigeon.polls = True
    assert health.warnings(account) == []


@pytest.mark.parametrize(("webhooks", "kinds"), [(True, ["silent"]), (False, [])])
def test_x_is_silent_where_it_has_a_webhook(account: Account, webhooks: bool, kinds: list[str]) -> None:
    facts = {"webhooks": webhooks, "messages": False}
    changed(account, network="x", facts=facts, usual_silence=60.0, last_delivery_at=ago(days=9))
    assert [each.kind for each in health.warnings(account)] == kinds


class TestMails:
    @pytest.fixture(autouse=True)
    def people(self, account: Account) -> None:
        ensure_person("owner@acme.example", "Maja Zupan", role="owner")
        ensure_person("ivo@acme.example", "Ivo Horvat", role="admin")
        ensure_person("ana@acme.example", "Ana Kovač")

    def mailed(self) -> list[str]:
        """To whom, since the last look."""
        jobs.warn_admins(0)
        found = sorted(each.to[0] for each in mail.outbox)
        self.last = list(mail.outbox)
        mail.outbox.clear()
        return found

    def test_nothing_while_all_is_well(self) -> None:
        assert self.mailed() == []

    def test_each_warning_once_to_those_who_administer(self, account: Account) -> None:
        changed(account, missing=["pages_messaging"])
        assert self.mailed() == ["ivo@acme.example", "owner@acme.example"]
        assert "Acme" in self.last[0].subject
        assert "pages_messaging" in str(self.last[0].body)
        assert f"/accounts/{account.pk}/" in str(self.last[0].body)
        assert self.mailed() == []
        changed(account, expires_at=clock.now() + SOON)
        assert len(self.mailed()) == 2
        assert "pages_messaging" not in str(self.last[0].body)  # known already

    def test_again_when_it_was_over_and_came_back(self, account: Account) -> None:
        changed(account, missing=["pages_messaging"])
        assert len(self.mailed()) == 2
        changed(account, missing=[])
        assert self.mailed() == []
        changed(account, missing=["pages_messaging"])
        assert len(self.mailed()) == 2

    def test_again_when_it_is_broken_for_another_reason(self, account: Account) -> None:
        changed(account, problem="network_down")
        assert len(self.mailed()) == 2
        changed(account, problem="sign_in_again")
        assert len(self.mailed()) == 2

    def test_each_remark_of_the_network_with_its_words(self, account: Account) -> None:
        for words in ("quality is yellow", "quality is red"):
            changed(account, told={"at": ago(hours=1).isoformat(), "detail": words})
            assert len(self.mailed()) == 2
            assert words in str(self.last[0].body)
            assert self.mailed() == []

    def test_everyone_in_their_language(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        User.objects.filter(email="ivo@acme.example").update(language="sl")
        changed(account, missing=["pages_messaging"])
        monkeypatch.setattr(health, "ngettext", lambda *_: f"said in {translation.get_language()}: %(names)s")
        self.mailed()
        said = {each.to[0]: str(each.body) for each in self.last}
        assert "said in sl: pages_messaging" in said["ivo@acme.example"]
        assert "said in en: pages_messaging" in said["owner@acme.example"]

    def test_no_mail_server_no_mail_and_nothing_counts_as_told(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        changed(account, problem="sign_in_again")
        monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
        monkeypatch.setattr(settings, "EMAIL_HOST", "")
        jobs.warn_admins(0)
        account.refresh_from_db()
        assert (mail.outbox, account.warned) == ([], {})

    def test_not_of_a_disconnected_account(self, account: Account) -> None:
        changed(account, problem="not_configured", locked_credentials=b"")
        assert self.mailed() == []

    def test_an_address_that_is_refused_keeps_nobody_else_waiting(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        deliver = EmailBackend.send_messages

        def refuses_ivo(self: EmailBackend, messages: Any) -> int:
            if messages[0].to == ["ivo@acme.example"]:
                raise ConnectionRefusedError
            return deliver(self, messages)

        monkeypatch.setattr(EmailBackend, "send_messages", refuses_ivo)
        changed(account, problem="sign_in_again")
        assert self.mailed() == ["owner@acme.example"]
        assert self.mailed() == []

    def test_when_nobody_could_be_reached_it_is_tried_again(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def down(*_: object) -> int:
            raise ConnectionRefusedError

        changed(account, problem="sign_in_again")
        with monkeypatch.context() as patched:
            patched.setattr(EmailBackend, "send_messages", down)
            assert self.mailed() == []
        assert len(self.mailed()) == 2


class TestWords:
    @pytest.mark.parametrize("name", sorted(registry.networks()))
    def test_every_network_says_what_an_outage_costs(self, name: str) -> None:
        assert str(registry.networks()[name].lost_in_outage).endswith(".")

    def test_a_silent_site_chat_is_not_about_a_webhook(self, account: Account) -> None:
        changed(account, network="site", usual_silence=3600.0, last_delivery_at=ago(hours=9))
        (warning,) = [each for each in health.warnings(account) if each.kind == "silent"]
        assert "script tag" in str(warning.way_out)

    def test_a_quota_is_named_in_the_readers_language(
        self, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(health, "gettext", {"messages a day": "sporočil na dan"}.__getitem__)
        changed(account, quotas=[{"what": "messages a day", "left": 1, "of": 50, "resets_at": None}])
        (warning,) = [each for each in health.warnings(account) if each.kind == "quota"]
        assert "1 of 50 sporočil na dan" in str(warning.sentence)

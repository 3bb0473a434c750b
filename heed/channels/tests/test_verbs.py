"""Connecting accounts: what is refused and how it is said, what is kept, who renews a session."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import Settings

from heed.channels import jobs, outgoing, reach, sessions, verbs
from heed.channels.base import AccountRecord, Checked, Refusal, SessionExpired
from heed.channels.models import Account
from heed.channels.siblings import siblings
from heed.channels.tests.pigeon import GOOD, Pigeon, Wire, acme, jobs_waiting, put_on_wire
from heed.channels.verbs import CannotConnect
from heed.lib.http import AddressRefused, Request, Response, Steps, Unreachable

pytestmark = pytest.mark.usefixtures("pigeon")


@pytest.mark.django_db
class TestConnect:
    def test_keeps_the_credentials_encrypted_and_has_them_checked(self) -> None:
        account = acme(credentials=GOOD | {"page_token": " token-1 "})
        kept = Account.objects.get(pk=account.pk)
        assert kept.credentials == GOOD
        assert b"token-1" not in bytes(kept.locked_credentials)
        assert (kept.state, kept.base_url) == ("connecting", "https://pigeon.example")
        assert kept.hook_url.endswith(f"/hooks/{kept.hook_token}")
        [(task, args)] = jobs_waiting()
        assert task == "heed.channels.jobs.check_account"
        assert str(account.pk) in args

    @pytest.mark.parametrize(
        ("changes", "field", "says"),
        [
            ({"network": "owl"}, "network", "pigeon"),
            ({"credentials": {"page_token": "t"}}, "app_secret", "App secret"),
            ({"credentials": GOOD | {"app_secret": "  "}}, "app_secret", "App secret"),
            ({"credentials": GOOD | {"password": "x"}}, "password", "page_token, app_secret, hint"),
            ({"credentials": GOOD | {"homing": "perhaps"}}, "homing", "Homing"),
            ({"base_url": "ftp://pigeon.example"}, "base_url", "https://"),
            ({"base_url": "pigeon.example"}, "base_url", "https://"),
            ({"base_url": "https://pigeon.example:99999"}, "base_url", "https://"),
            ({"base_url": "https://me:pw@pigeon.example"}, "base_url", "https://pigeon.example"),
            ({"base_url": "https://pigeon.example/?a=1"}, "base_url", "https://pigeon.example"),
            ({"after_solved": "later"}, "after_solved", "reopen"),
        ],
    )
    def test_says_what_is_wrong_and_where(self, changes: dict[str, Any], field: str, says: str) -> None:
        with pytest.raises(CannotConnect) as refused:
            acme(**changes)
        assert refused.value.field == field
        assert says in str(refused.value.sentence)
        assert not Account.objects.exists()
        assert jobs_waiting() == []

    @pytest.mark.parametrize(
        "address",
        [
            "http://127.0.0.1:9",
            "http://10.0.0.8",
            "http://[::1]:80",
            "http://[::ffff:10.1.1.1]",
            "http://localhost",
        ],
    )
    def test_calls_no_private_host_that_was_not_named(self, settings: Settings, address: str) -> None:
        settings.HEED_ALLOW_PRIVATE_HOSTS = ["192.168.1.1"]
        with pytest.raises(CannotConnect, match="HEED_ALLOW_PRIVATE_HOSTS"):
            acme(base_url=address)

    def test_calls_a_private_host_that_was_named(self, settings: Settings) -> None:
        settings.HEED_ALLOW_PRIVATE_HOSTS = ["10.0.0.8:8080"]
        assert acme(base_url="http://10.0.0.8:8080/api/").base_url == "http://10.0.0.8:8080/api"
        with pytest.raises(CannotConnect, match=r"10\.0\.0\.8:9090"):
            acme(base_url="http://10.0.0.8:9090")

    def test_refuses_the_same_account_twice(self) -> None:
        acme()
        with pytest.raises(CannotConnect, match="already connected") as refused:
            acme(name="Acme again")
        assert refused.value.field == "external_id"
        assert len(jobs_waiting()) == 1

    def test_without_a_name_takes_the_networks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        account = acme(name=" ", external_id="")
        put_on_wire(monkeypatch, Wire())
        jobs.check_account(account.pk)
        account.refresh_from_db()
        assert (account.name, account.handle, account.external_id) == ("Acme on Pigeon", "@acme", "pigeon-9")


@pytest.mark.django_db
class TestCheck:
    def test_a_good_answer_connects_and_keeps_the_chosen_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        account = acme(external_id="")
        wire = put_on_wire(monkeypatch, Wire(200))
        jobs.check_account(account.pk)
        account.refresh_from_db()
        assert wire.asked == ["GET https://pigeon.example/me"]
        assert (account.state, account.problem, account.name) == ("connected", "", "Acme")
        assert reach.words(account) is None

    def test_a_refusal_breaks_it_with_a_sentence_and_a_way_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        account = acme()
        put_on_wire(monkeypatch, Wire(401))
        jobs.check_account(account.pk)
        account.refresh_from_db()
        assert (account.state, account.problem) == ("broken", "sign_in_again")
        assert account.problem_detail == "190 token is dead"
        words = reach.words(account)
        assert words is not None
        assert str(words.sentence) == "The network does not accept this sign-in."
        assert "Compare" in str(words.way_out)
        account.connected_at = timezone.now()
        words = reach.words(account)
        assert words is not None
        assert str(words.sentence) == "The network no longer accepts our sign-in."
        assert "Reconnect" in str(words.way_out)

    @pytest.mark.parametrize("outcome", [503, Unreachable("no route")])
    def test_an_unreachable_network_is_said_and_tried_again(
        self, monkeypatch: pytest.MonkeyPatch, outcome: int | Exception
    ) -> None:
        account = acme()
        put_on_wire(monkeypatch, Wire(outcome))
        with pytest.raises(jobs.TryAgain):
            jobs.check_account(account.pk)
        account.refresh_from_db()
        assert (account.state, account.problem) == ("broken", "network_down")

    def test_a_private_address_is_not_tried_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        account = acme()
        put_on_wire(monkeypatch, Wire(AddressRefused("pigeon.example is a private address")))
        jobs.check_account(account.pk)
        account.refresh_from_db()
        assert "HEED_ALLOW_PRIVATE_HOSTS" in str(reach.words(account))

    def test_credentials_of_a_connected_account_are_told_apart(self, monkeypatch: pytest.MonkeyPatch) -> None:
        acme(external_id="pigeon-9")
        second = acme(external_id="")
        put_on_wire(monkeypatch, Wire())
        jobs.check_account(second.pk)
        second.refresh_from_db()
        assert (second.state, second.problem, second.external_id) == ("broken", "already_connected", "")

    def test_a_late_answer_does_not_undo_a_reconnect(self, monkeypatch: pytest.MonkeyPatch) -> None:
        account = acme()

        class SlowWire(Wire):
            def send(self, request: Request) -> Response:
                verbs.reconnect(Account.objects.get(pk=account.pk), {"page_token": "token-2"})
                return super().send(request)

        put_on_wire(monkeypatch, SlowWire(401))
        jobs.check_account(account.pk)
        account.refresh_from_db()
        assert (account.state, account.problem) == ("connecting", "")


@pytest.mark.django_db
class TestChange:
    def test_reconnecting_keeps_what_was_left_out(self) -> None:
        account = acme()
        account.session = {"access": "old"}
        account.save()
        verbs.reconnect(account, {"page_token": "token-2", "app_secret": ""})
        account.refresh_from_db()
        assert account.credentials == {"page_token": "token-2", "app_secret": "secret-1"}
        assert account.session == {}
        assert len(jobs_waiting()) == 2

    @pytest.mark.parametrize(("changed", "kept"), [("hint", True), ("page_token", False)])
    def test_a_session_from_a_sign_in_ends_only_with_a_new_one(
        self, monkeypatch: pytest.MonkeyPatch, changed: str, kept: bool
    ) -> None:
        monkeypatch.setattr(Pigeon, "oauth", SimpleNamespace(fills=("page_token",)), raising=False)
        account = acme()
        account.session = {"access": "rotated"}
        account.save()
        verbs.reconnect(account, {changed: "something new"})
        account.refresh_from_db()
        assert account.session == ({"access": "rotated"} if kept else {})

    def test_what_is_no_secret_can_be_emptied(self) -> None:
        account = acme()
        verbs.reconnect(account, {"hint": "it rhymes", "colour": "green"})
        verbs.reconnect(account, {"hint": "", "colour": ""})
        account.refresh_from_db()
        assert account.credentials == {**GOOD, "hint": "it rhymes"}

    @pytest.mark.parametrize(
        ("said", "kept"), [("True", {"homing": "yes"}), ("1", {"homing": "yes"}), ("no", {})]
    )
    def test_what_is_ticked_is_kept_as_a_yes_and_what_is_not_is_not_missing(
        self, said: str, kept: dict[str, str]
    ) -> None:
        account = acme()
        verbs.reconnect(account, {"homing": said})
        account.refresh_from_db()
        assert account.credentials == GOOD | kept

    def test_disconnecting_wipes_credentials_and_the_webhook_address(self) -> None:
        account = acme()
        address = account.hook_url
        verbs.disconnect(account)
        account.refresh_from_db()
        assert account.credentials == {}
        assert account.session == {}
        assert account.hook_url != address
        assert (account.state, account.problem) == ("broken", "not_configured")

    def test_disconnecting_keeps_what_news_told_meanwhile(self) -> None:
        account = acme()
        Account.objects.filter(pk=account.pk).update(facts={"told": ["meanwhile"]})
        verbs.disconnect(account)
        account.refresh_from_db()
        assert account.facts == {"told": ["meanwhile"]}

    def test_a_disconnected_account_has_those_checked_whose_news_may_have_come_to_it(self) -> None:
        account = acme()
        sibling = acme(external_id="10", credentials=GOOD | {"page_token": "token-2"})
        acme(external_id="11", credentials=GOOD | {"app_secret": "of another app"})
        ProcrastinateJob.objects.all().delete()
        verbs.disconnect(account)
        assert [each.args for each in ProcrastinateJob.objects.all()] == [{"account_id": sibling.pk}]

    def test_accounts_of_one_app_share_a_secret_however_the_field_is_written(self) -> None:
        """The field takes several: two with Instagram Login, the new and the old while one is exchanged."""
        written = ("ig,meta", "ig, meta", " meta ", "meta-new ig", "of another app, metal", ",")
        rows = [
            acme(external_id=str(number), credentials=GOOD | {"app_secret": secrets})
            for number, secrets in enumerate(written)
        ]
        assert siblings(rows[0]) == rows[1:4]
        assert siblings(rows[2]) == rows[:2]
        assert siblings(rows[5]) == []

    def test_a_check_knows_the_addresses_of_the_same_app(self, monkeypatch: pytest.MonkeyPatch) -> None:
        account, sibling = acme(), acme(external_id="10")
        acme(external_id="11", credentials=GOOD | {"app_secret": "of another app"})
        known: list[tuple[str, ...]] = []

        def check(self: Pigeon, record: AccountRecord) -> Steps[Checked]:
            yield from ()
            known.append(record.siblings)
            return Checked(record.external_id)

        monkeypatch.setattr(Pigeon, "check", check)
        address = sibling.hook_url
        jobs.check_account(account.pk)
        verbs.disconnect(sibling)
        jobs.check_account(account.pk)
        assert known == [(address,), ()]

    def test_a_disconnected_account_needs_all_its_credentials_again(self) -> None:
        account = acme()
        verbs.disconnect(account)
        with pytest.raises(CannotConnect, match="App secret"):
            verbs.reconnect(account, {"page_token": "token-2"})
        verbs.reconnect(account, GOOD)
        account.refresh_from_db()
        assert account.state == "connecting"

    def test_renaming_and_choosing(self) -> None:
        account = acme()
        verbs.rename(account, "  Acme shoes ")
        verbs.rename(account, "   ")
        verbs.choose_after_solved(account, "new")
        with pytest.raises(CannotConnect):
            verbs.choose_after_solved(account, "never")
        account.refresh_from_db()
        assert (account.name, account.after_solved) == ("Acme shoes", "new")

    def test_an_account_that_is_not_there(self) -> None:
        with pytest.raises(reach.NoSuchAccount):
            reach.account(404)


def needs_session(record: AccountRecord) -> Steps[str]:
    """Steps that work with a session whose access is `fresh…` and find any other expired."""
    access = record.session.get("access", "")
    yield Request("GET", f"https://pigeon.example/as/{access}")
    if not access.startswith("fresh"):
        raise SessionExpired(record.session.get("words", ""))
    return access


@pytest.mark.django_db
class TestSession:
    def test_an_expired_session_is_renewed_kept_and_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        account = acme()
        wire = put_on_wire(monkeypatch, Wire(bodies=("", "fresh")))
        assert sessions.with_session(account, needs_session) == "fresh"
        assert Account.objects.get(pk=account.pk).session == {"access": "fresh"}
        assert wire.asked[1] == "POST https://pigeon.example/renew"

    def test_renews_twice_and_then_gives_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        account = acme()
        wire = put_on_wire(monkeypatch, Wire(bodies=("", "stale-1", "", "stale-2", "", "fresh")))
        with pytest.raises(Refusal) as refused:
            sessions.with_session(account, needs_session)
        assert refused.value.reason == "sign_in_again"
        assert sum(asked.startswith("POST") for asked in wire.asked) == 2
        account.refresh_from_db()
        assert (account.state, account.problem) == ("broken", "sign_in_again")

    @pytest.mark.parametrize("words", ["", "535 5.7.139 SmtpClientAuthentication is disabled."])
    def test_says_what_the_network_said(
        self, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch, words: str
    ) -> None:
        def renew(record: AccountRecord) -> Steps[dict[str, str]]:
            yield from ()
            return {"access": "stale", "words": words}

        account = acme()
        put_on_wire(monkeypatch, Wire())
        monkeypatch.setattr(pigeon, "renew", renew)
        with pytest.raises(Refusal):
            sessions.with_session(account, needs_session)
        account.refresh_from_db()
        assert account.problem_detail == (words or "every new session expired at once")

    def test_takes_the_session_a_colleague_renewed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        account = acme()
        elsewhere = Account.objects.get(pk=account.pk)
        elsewhere.session = {"access": "fresh-elsewhere"}
        elsewhere.save()
        wire = put_on_wire(monkeypatch, Wire())
        assert sessions.with_session(account, needs_session) == "fresh-elsewhere"
        assert all(asked.startswith("GET") for asked in wire.asked)

    def test_a_renewal_leaves_newer_credentials_their_session(self, monkeypatch: pytest.MonkeyPatch) -> None:
        account = acme()

        class Meanwhile(Wire):
            def send(self, request: Request) -> Response:
                if request.method == "POST":  # somebody enters others while these are being renewed
                    newer = Account.objects.get(pk=account.pk)
                    newer.credentials = GOOD | {"page_token": "token-2"}
                    newer.session = {"access": "of-the-newer"}
                    newer.save()
                return Response(200, {}, b"fresh, of the older")

        put_on_wire(monkeypatch, Meanwhile())
        sessions.with_session(account, needs_session)
        assert Account.objects.get().session == {"access": "of-the-newer"}

    def test_no_session_is_renewed_that_could_be_lost_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        account = acme()
        wire = put_on_wire(monkeypatch, Wire())
        with transaction.atomic(), pytest.raises(RuntimeError):
            sessions.renew_with_others(account, account.locked_credentials)
        assert wire.asked == []

    def test_the_client_follows_the_allowed_hosts(self, settings: Settings) -> None:
        settings.HEED_ALLOW_PRIVATE_HOSTS = ["10.0.0.8"]
        assert outgoing.client() is outgoing.client()
        assert outgoing.client().allowed == {"10.0.0.8"}


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_renews(monkeypatch: pytest.MonkeyPatch) -> None:
    account = acme()
    renewals: list[int] = []
    all_expired = threading.Barrier(4)

    class CountingWire(Wire):
        def send(self, request: Request) -> Response:
            if request.method == "POST":
                renewals.append(1)
                return Response(200, {}, f"fresh-{len(renewals)}".encode())
            if request.url.endswith("/as/"):
                all_expired.wait(timeout=120)
            return Response(200, {}, b"")

    put_on_wire(monkeypatch, CountingWire())
    results: list[str] = []

    def work() -> None:
        try:
            results.append(sessions.with_session(Account.objects.get(pk=account.pk), needs_session))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=240)
    assert results == ["fresh-1"] * 4
    assert len(renewals) == 1


def test_unknown_problems_still_get_words() -> None:
    assert reach.words(Account(problem="sunspots")) is not None

"""Signing in at a network: begun and ended by the same person, once, in time, and nothing shown."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from heed.accounts.models import User
from heed.accounts.verbs import ensure_person
from heed.channels import jobs, sessions, verbs
from heed.channels.base import AccountRecord, Begun, Refusal, SessionExpired
from heed.channels.models import Account, Registration, SignIn
from heed.channels.tests.pigeon import Pigeon, Wire, jobs_waiting
from heed.channels.verbs import CannotConnect, asking
from heed.lib import clock
from heed.lib.http import Request, Steps, Unreachable

pytestmark = pytest.mark.django_db

APP = {"app_secret": "secret-1"}


class Loft:
    """Where Pigeon lets one sign in. The verifier is kept, the token is given for the code."""

    fills = ("page_token",)

    def begin(self, account: AccountRecord, redirect: str, state: str) -> Steps[Begun]:
        yield from ()
        return Begun(f"https://pigeon.example/grant?back={redirect}&state={state}", {"verifier": "kept-1"})

    def finish(
        self, account: AccountRecord, keep: Mapping[str, str], query: Mapping[str, str], redirect: str
    ) -> Steps[Mapping[str, str]]:
        answer = yield Request("POST", f"https://pigeon.example/token/{keep['verifier']}/{query.get('code')}")
        if answer.status == 403:
            raise Refusal("not_allowed", code=query.get("error", ""), detail="no access was given")
        if answer.status == 401:
            raise SessionExpired
        return {"page_token": answer.body.decode()}


@pytest.fixture(autouse=True)
def pigeon(pigeon: Pigeon) -> Pigeon:
    pigeon.oauth = Loft()
    return pigeon


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    found = Wire(bodies=("token-9",))
    monkeypatch.setattr(asking, "client", lambda: found)
    monkeypatch.setattr(sessions, "client", lambda: found)
    return found


@pytest.fixture
def maja() -> User:
    return ensure_person("owner@acme.example", "Maja Zupan", role="owner")


def begun(maja: User, **more: Any) -> SignIn:
    verbs.begin_sign_in("pigeon", maja, APP, **more)
    return SignIn.objects.get()


def test_there_and_back(maja: User, wire: Wire) -> None:
    url = verbs.begin_sign_in("pigeon", maja, APP, name="Acme shoes", after_solved="new").url
    sign_in = SignIn.objects.get()
    assert url.endswith(f"/accounts/signed-in/&state={sign_in.state}")
    account = verbs.finish_sign_in(sign_in.state, maja, {"code": "c-1"})
    account.refresh_from_db()
    assert account.credentials == {"app_secret": "secret-1", "page_token": "token-9"}
    assert (account.name, account.after_solved, account.state) == ("Acme shoes", "new", "connecting")
    assert wire.asked == ["POST https://pigeon.example/token/kept-1/c-1"]
    assert [task for task, _ in jobs_waiting()] == ["heed.channels.jobs.check_account"]


def test_a_state_works_once(maja: User, wire: Wire) -> None:
    state = begun(maja).state
    verbs.finish_sign_in(state, maja, {"code": "c-1"})
    with pytest.raises(CannotConnect, match="Begin again"):
        verbs.finish_sign_in(state, maja, {"code": "c-1"})
    assert len(wire.asked) == 1


def test_a_state_is_used_up_even_when_the_network_says_no(maja: User, wire: Wire) -> None:
    wire.statuses = [403]
    state = begun(maja).state
    with pytest.raises(CannotConnect, match="access_denied no access was given") as refused:
        verbs.finish_sign_in(state, maja, {"error": "access_denied"})
    assert refused.value.account == Account.objects.get()
    with pytest.raises(CannotConnect, match="Begin again"):
        verbs.finish_sign_in(state, maja, {"code": "c-1"})
    assert Account.objects.get().credentials == APP


def test_nobody_else_can_end_it(maja: User, wire: Wire) -> None:
    state = begun(maja).state
    ana = ensure_person("ana@acme.example", "Ana Kovač", role="admin")
    with pytest.raises(CannotConnect, match="Begin again"):
        verbs.finish_sign_in(state, ana, {"code": "c-1"})
    assert wire.asked == []
    assert verbs.finish_sign_in(state, maja, {"code": "c-1"}).credentials["page_token"] == "token-9"


@pytest.mark.parametrize("state", ["", "guessed"])
def test_a_state_that_was_not_given_out(maja: User, wire: Wire, state: str) -> None:
    begun(maja)
    with pytest.raises(CannotConnect, match="Begin again"):
        verbs.finish_sign_in(state, maja, {"code": "c-1"})
    assert wire.asked == []


def test_after_an_hour_it_is_over(maja: User, wire: Wire) -> None:
    state = begun(maja).state
    with clock.moved(SignIn.HOLDS + timedelta(seconds=1)), pytest.raises(CannotConnect, match="Begin again"):
        verbs.finish_sign_in(state, maja, {"code": "c-1"})
    assert wire.asked == []


@pytest.mark.parametrize(
    ("outcome", "says"),
    [(Unreachable("no route"), "cannot be reached"), (401, "does not accept this sign-in")],
)
def test_what_the_network_does_is_said(maja: User, wire: Wire, outcome: int | Exception, says: str) -> None:
    wire.statuses = [outcome]
    state = begun(maja).state
    with pytest.raises(CannotConnect, match=says):
        verbs.finish_sign_in(state, maja, {"code": "c-1"})


def test_no_secret_is_in_the_address_the_database_or_the_log(
    maja: User, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = verbs.begin_sign_in("pigeon", maja, APP).url
    sign_in = SignIn.objects.get()
    kept = bytes(sign_in.locked_keep) + bytes(sign_in.account.locked_credentials)
    verbs.finish_sign_in(sign_in.state, maja, {"code": "c-1"})
    kept += bytes(Account.objects.get().locked_credentials)
    for secret in ("secret-1", "kept-1", "token-9"):
        assert secret not in url
        assert secret.encode() not in kept
        assert secret not in caplog.text


def test_what_the_network_does_not_bring_is_asked_for(maja: User) -> None:
    with pytest.raises(CannotConnect, match="App secret") as refused:
        verbs.begin_sign_in("pigeon", maja, {})
    assert refused.value.field == "app_secret"
    assert not Account.objects.exists()
    assert not SignIn.objects.exists()


def test_a_network_without_it(maja: User, pigeon: Pigeon) -> None:
    pigeon.oauth = None
    with pytest.raises(CannotConnect, match="cannot sign in"):
        verbs.begin_sign_in("pigeon", maja, APP)


def test_signing_in_again_keeps_the_account_as_it_was(maja: User, wire: Wire) -> None:
    account = verbs.connect("pigeon", "Acme", "9", APP | {"page_token": "old", "hint": "h"})
    Account.objects.update(state="broken", problem="sign_in_again", broken_at=timezone.now())
    account.refresh_from_db()
    before = (account.pk, account.hook_token, account.external_id, account.name, account.created_at)
    Account.objects.update(cursor={"at": 7})  # the collector goes on meanwhile
    verbs.begin_sign_in("pigeon", maja, {}, account=account)
    again = verbs.finish_sign_in(SignIn.objects.get().state, maja, {"code": "c-1"})
    again.refresh_from_db()
    assert (again.pk, again.hook_token, again.external_id, again.name, again.created_at) == before
    assert again.cursor == {"at": 7}
    assert again.credentials == APP | {"page_token": "token-9", "hint": "h"}
    assert (again.state, again.problem) == ("connecting", "")
    assert again.broken_at is not None  # until the network was asked, the gap is not over
    assert Account.objects.count() == 1


class TestAtAnAccountThatWorks:
    @pytest.fixture
    def account(self, wire: Wire) -> Account:
        made = verbs.connect("pigeon", "Acme", "", APP | {"page_token": "old", "colour": "blue", "hint": "h"})
        jobs.check_account(made.pk)
        made.refresh_from_db()
        return made

    def test_what_is_entered_on_the_way_counts_once_somebody_signed_in(
        self, maja: User, account: Account
    ) -> None:
        held = account.credentials
        entered = {"app_secret": "secret-2", "colour": "", "hint": ""}
        verbs.begin_sign_in("pigeon", maja, entered, account=account)
        assert Account.objects.get().credentials == held
        assert b"secret-2" not in bytes(SignIn.objects.get().locked_keep)
        verbs.finish_sign_in(SignIn.objects.get().state, maja, {"code": "c-1"})
        found = Account.objects.get().credentials
        assert found.pop("page_token") != "old"
        assert found == {"app_secret": "secret-2", "hint": "h"}  # what is no secret can be emptied

    def test_the_network_sees_it_on_the_way_back(
        self, maja: User, account: Account, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[Mapping[str, str]] = []

        def finish(
            record: AccountRecord, keep: Mapping[str, str], query: Mapping[str, str], redirect: str
        ) -> Steps[Mapping[str, str]]:
            yield from ()
            seen.extend((record.credentials, keep))
            return {"page_token": "token-9"}

        monkeypatch.setattr(pigeon.oauth, "finish", finish)
        verbs.begin_sign_in("pigeon", maja, {"app_secret": "secret-2", "colour": " "}, account=account)
        verbs.finish_sign_in(SignIn.objects.get().state, maja, {})
        assert seen == [
            {"app_secret": "secret-2", "page_token": "old", "hint": "h"},
            {"verifier": "kept-1"},
        ]

    def test_disconnecting_ends_it(self, maja: User, account: Account) -> None:
        verbs.begin_sign_in("pigeon", maja, APP, account=account)
        state = SignIn.objects.get().state
        verbs.disconnect(account)
        with pytest.raises(verbs.CannotConnect, match="over or was not begun here"):
            verbs.finish_sign_in(state, maja, {"code": "c-1"})
        assert Account.objects.get().credentials == {}

    def test_another_account_changes_nothing(self, maja: User, account: Account, pigeon: Pigeon) -> None:
        held = account.credentials
        verbs.begin_sign_in("pigeon", maja, {"colour": "red"}, account=account)
        pigeon.who = "pigeon-10"
        with pytest.raises(CannotConnect, match="connect the other as a new account"):
            verbs.finish_sign_in(SignIn.objects.get().state, maja, {"code": "c-1"})
        assert Account.objects.get().credentials == held


def test_the_account_is_taken_already(maja: User) -> None:
    verbs.connect("pigeon", "Acme", "9", APP | {"page_token": "old"})
    with pytest.raises(CannotConnect, match="already connected"):
        verbs.begin_sign_in("pigeon", maja, APP, external_id="9")


def test_what_a_server_registered_is_there_for_the_next_sign_in_at_it(
    maja: User, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Mapping[str, str]] = []

    def begin(account: AccountRecord, redirect: str, state: str) -> Steps[Begun]:
        yield from ()
        given.append(account.app)
        return Begun("https://pigeon.example/grant", {}, {"client": f"hush-{len(given)}"})

    monkeypatch.setattr(pigeon.oauth, "begin", begin)
    for address in ("https://pigeon.example", "https://pigeon.example", "https://loft.example"):
        verbs.begin_sign_in("pigeon", maja, APP, address)
    assert given == [{}, {"client": "hush-1"}, {}]
    kept = b"".join(bytes(each.locked_app) for each in Registration.objects.all())
    assert (Registration.objects.count(), b"hush" in kept) == (2, False)


def test_nobody_asks_the_network_before_the_admin_is_back(maja: User, wire: Wire) -> None:
    account = begun(maja).account
    jobs.check_account(account.pk)
    account.refresh_from_db()
    assert (account.state, account.problem, wire.asked) == ("connecting", "", [])


def test_who_has_it_checked_again_waits_for_no_sign_in(maja: User, wire: Wire) -> None:
    account = verbs.connect("pigeon", "Acme", "9", APP | {"page_token": "old"})
    verbs.begin_sign_in("pigeon", maja, {}, account=account)
    verbs.check_again(account)
    jobs.check_account(account.pk)
    account.refresh_from_db()
    assert (account.state, SignIn.objects.count()) == ("connected", 0)


def test_where_nothing_could_be_tried_it_goes_on(maja: User, wire: Wire) -> None:
    sign_in = begun(maja)
    verbs.check_again(sign_in.account)
    assert verbs.finish_sign_in(sign_in.state, maja, {"code": "c-1"}).credentials["page_token"] == "token-9"


def test_what_nobody_came_back_to_is_forgotten(maja: User, wire: Wire) -> None:
    known = verbs.connect("pigeon", "Acme", "9", APP | {"page_token": "old"})
    jobs.check_account(known.pk)
    known.refresh_from_db()
    verbs.begin_sign_in("pigeon", maja, {}, account=known)
    verbs.begin_sign_in("pigeon", maja, APP)
    assert Account.objects.count() == 2
    jobs.look_after_accounts(0)
    assert SignIn.objects.count() == 2
    with clock.moved(SignIn.HOLDS + timedelta(minutes=1)):
        jobs.look_after_accounts(0)
    assert list(Account.objects.all()) == [known]
    assert not SignIn.objects.exists()

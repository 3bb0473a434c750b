"""An account stays the Page, number or mailbox it is, whatever credentials are entered later."""

from __future__ import annotations

import re
from typing import Any

import pytest

from heed.accounts.models import User
from heed.channels import jobs, missed, sessions, verbs
from heed.channels.base import SEEN_TO, AccountRecord, CredentialField, Refusal, SessionExpired
from heed.channels.line.adapter import network as line
from heed.channels.models import Account, SignIn
from heed.channels.reach import NoSuchAccount
from heed.channels.registry import networks
from heed.channels.site.adapter import network as site
from heed.channels.telegram.adapter import network as telegram
from heed.channels.tests.pigeon import GOOD, Pigeon, Wire, acme, jobs_waiting
from heed.channels.tests.test_signing_in import Loft
from heed.channels.verbs import CannotConnect, asking
from heed.channels.viber.adapter import network as viber
from heed.lib import clock
from heed.lib.http import AddressRefused, AnswerLost, Request, Response, Unreachable, drive

SESSION = {"token": "t", "renew_at": "9e9"}
OTHERS = {"page_token": "token-of-another"}

pytestmark = pytest.mark.usefixtures("pigeon")


@pytest.fixture(autouse=True)
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    found = Wire()
    monkeypatch.setattr(asking, "client", lambda: found)
    monkeypatch.setattr(sessions, "client", lambda: found)
    return found


@pytest.fixture
def account(db: None) -> Account:
    """An account that has worked."""
    found = acme(external_id="")
    jobs.check_account(found.pk)
    return fresh(found)


def fresh(account: Account) -> Account:
    return Account.objects.get(pk=account.pk)


def broken(account: Account) -> Account:
    """The network turned it away."""
    Account.objects.update(state="broken", problem="sign_in_again", broken_at=clock.now())
    return fresh(account)


class TestWhatWorks:
    """An account that works takes only what the network has accepted."""

    @pytest.mark.parametrize(
        ("outcome", "says"),
        [
            (401, "does not accept this sign-in.* 190 token is dead"),
            (503, "cannot be reached"),
            (Unreachable("no route"), "cannot be reached.* no route"),
            (AnswerLost("cut"), "cannot be reached.* cut"),
            (AddressRefused("localhost is a private address"), "private host"),
        ],
    )
    def test_keeps_what_it_has(
        self, account: Account, wire: Wire, outcome: int | Exception, says: str
    ) -> None:
        waiting = len(jobs_waiting())
        wire.statuses = [outcome]
        with pytest.raises(CannotConnect, match=says) as refused:
            verbs.reconnect(account, OTHERS)
        assert "Nothing was changed: Acme goes on" in str(refused.value)
        kept = fresh(account)
        assert (kept.credentials, kept.state, kept.problem) == (GOOD, "connected", "")
        assert len(jobs_waiting()) == waiting

    def test_and_so_where_the_permissions_are_gone(
        self, account: Account, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def check(record: AccountRecord) -> Any:
            yield Request("GET", "https://pigeon.example/me")
            raise Refusal("not_allowed", detail="pages_read")

        monkeypatch.setattr(pigeon, "check", check)
        with pytest.raises(CannotConnect, match=r"lacks a permission.*goes on.* pages_read"):
            verbs.reconnect(account, OTHERS)
        assert fresh(account).credentials == GOOD

    @pytest.mark.parametrize("problem", ["not_allowed", "network_down", "slow_down", "account_blocked"])
    def test_and_so_where_the_problem_lies_elsewhere(
        self, account: Account, wire: Wire, problem: str
    ) -> None:
        """Such as one of several business connections that its owner ended: the token is good."""
        Account.objects.update(state="broken", problem=problem, broken_at=clock.now())
        wire.statuses = [401]
        with pytest.raises(CannotConnect, match=r"Nothing was changed"):
            verbs.reconnect(fresh(account), OTHERS)
        assert (fresh(account).credentials, fresh(account).problem) == (GOOD, problem)
        verbs.reconnect(fresh(account), OTHERS)
        assert fresh(account).credentials["page_token"] == OTHERS["page_token"]

    @pytest.mark.parametrize("problem", ["sign_in_again", "not_configured", "wrong_server"])
    def test_what_is_entered_wrongly_takes_what_is_entered(
        self, account: Account, wire: Wire, problem: str
    ) -> None:
        Account.objects.update(state="broken", problem=problem, broken_at=clock.now())
        wire.statuses = [401]
        verbs.reconnect(fresh(account), OTHERS)
        assert fresh(account).credentials["page_token"] == OTHERS["page_token"]

    def test_counts_as_working_until_a_check_says_no(self, account: Account, wire: Wire) -> None:
        verbs.check_again(account)
        wire.statuses = [401]
        with pytest.raises(CannotConnect, match="does not accept"):
            verbs.reconnect(fresh(account), OTHERS)
        assert fresh(account).credentials == GOOD

    @pytest.mark.parametrize("outcome", [401, 503, Unreachable("no route")])
    def test_what_does_not_takes_what_is_entered(
        self, account: Account, wire: Wire, outcome: int | Exception
    ) -> None:
        wire.statuses = [outcome, 401]
        verbs.reconnect(broken(account), OTHERS)
        jobs.check_account(account.pk)
        kept = fresh(account)
        assert (kept.credentials["page_token"], kept.problem) == ("token-of-another", "sign_in_again")

    def test_credentials_as_they_are_are_asked_about_once_more(self, account: Account, wire: Wire) -> None:
        wire.statuses = [401, 401]
        verbs.reconnect(account, {})
        jobs.check_account(account.pk)
        assert fresh(account).problem == "sign_in_again"

    def test_what_somebody_else_entered_meanwhile_stays(self, account: Account) -> None:
        verbs.reconnect(fresh(account), {"page_token": "token-of-maja"})
        with pytest.raises(CannotConnect, match="Somebody else changed this account"):
            verbs.reconnect(account, {"page_token": "token-of-ana"})
        verbs.disconnect(fresh(account))
        with pytest.raises(CannotConnect, match="Somebody else changed this account"):
            verbs.reconnect(account, {"page_token": "token-of-ana"})
        assert fresh(account).credentials == {}


def test_credentials_of_another_account_are_refused(account: Account, pigeon: Pigeon) -> None:
    pigeon.who = "pigeon-10"
    with pytest.raises(CannotConnect, match="connect the other as a new account"):
        verbs.reconnect(account, OTHERS)
    kept = fresh(account)
    assert (kept.credentials, kept.external_id, kept.state) == (GOOD, "pigeon-9", "connected")


def test_and_so_is_what_the_network_itself_tells_apart(
    account: Account, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(record: AccountRecord) -> Any:
        yield Request("GET", "https://pigeon.example/me")
        raise Refusal("not_configured", detail="The token belongs to Acme two.")

    monkeypatch.setattr(pigeon, "check", check)
    with pytest.raises(CannotConnect, match=r"belongs to Acme two.*as a new account"):
        verbs.reconnect(account, OTHERS)
    assert fresh(account).credentials == GOOD


def test_a_sign_in_that_the_network_takes_back_at_once_is_refused(
    account: Account, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(record: AccountRecord) -> Any:
        yield Request("GET", "https://pigeon.example/me")
        raise SessionExpired("535 5.7.139 Authentication is disabled.")

    monkeypatch.setattr(pigeon, "check", check)
    with pytest.raises(CannotConnect, match=r"does not take .*535 5\.7\.139 Authentication is disabled\."):
        verbs.reconnect(account, OTHERS)
    assert fresh(account).credentials == GOOD


def test_another_account_that_was_signed_in_to_is_refused(account: Account, pigeon: Pigeon) -> None:
    maja = User.objects.create_user("owner@acme.example", "a-long-test-password", name="Maja Zupan")
    pigeon.oauth = Loft()
    verbs.begin_sign_in("pigeon", maja, {}, account=account)
    pigeon.who = "pigeon-10"
    with pytest.raises(CannotConnect, match="connect the other as a new account"):
        verbs.finish_sign_in(SignIn.objects.get().state, maja, {"code": "c-1"})
    assert fresh(account).credentials == GOOD


class TestWhatItOpens:
    """A network that cannot say whose credentials are: they must open what they opened first."""

    @pytest.fixture(autouse=True)
    def opens(self, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pigeon, "opens", lambda credentials: credentials.get("colour", "grey"))

    @pytest.mark.parametrize("works", [True, False])
    def test_another_is_refused_whether_it_works_or_not(self, account: Account, works: bool) -> None:
        found = account if works else broken(account)
        with pytest.raises(CannotConnect, match=r"sign-in of blue\. Until now the account was grey"):
            verbs.reconnect(found, {"colour": "blue"})
        assert fresh(account).credentials == GOOD

    def test_nor_is_one_sent_to_sign_in_with_it(self, account: Account, pigeon: Pigeon) -> None:
        maja = User.objects.create_user("owner@acme.example", "a-long-test-password", name="Maja Zupan")
        pigeon.oauth = Loft()
        with pytest.raises(CannotConnect, match="sign-in of blue"):
            verbs.begin_sign_in("pigeon", maja, {"colour": "blue"}, account=account)
        assert not SignIn.objects.exists()

    def test_who_disconnects_first_may_enter_another(self, account: Account) -> None:
        verbs.disconnect(account)
        verbs.reconnect(fresh(account), {**GOOD, "colour": "red"})  # a slip, which never worked
        verbs.reconnect(fresh(account), {"colour": "blue"})
        jobs.check_account(account.pk)
        assert fresh(account).state == "connected"
        with pytest.raises(CannotConnect, match=r"sign-in of grey\. Until now the account was blue"):
            verbs.reconnect(fresh(account), {"colour": ""})


def test_its_own_credentials_are_taken(account: Account) -> None:
    verbs.reconnect(account, {"page_token": "token-2"})
    jobs.check_account(account.pk)
    kept = fresh(account)
    assert (kept.credentials["page_token"], kept.state) == ("token-2", "connected")


def test_an_account_that_never_worked_may_take_any(db: None, pigeon: Pigeon, wire: Wire) -> None:
    account = acme(external_id="9")
    wire.statuses = [401]
    jobs.check_account(account.pk)
    verbs.reconnect(fresh(account), {"page_token": "token-2"})
    jobs.check_account(account.pk)
    assert (fresh(account).external_id, fresh(account).state) == ("pigeon-9", "connected")


def test_what_could_not_be_asked_at_once_the_worker_finds_out(
    account: Account, pigeon: Pigeon, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks: list[str] = []
    check = pigeon.check

    def noting(record: AccountRecord) -> Any:
        hooks.append(record.hook_url)
        return (yield from check(record))

    wire.statuses = [Unreachable("no route")]
    verbs.reconnect(broken(account), OTHERS)
    pigeon.who = "pigeon-10"
    monkeypatch.setattr(pigeon, "check", noting)
    jobs.check_account(account.pk)
    kept = fresh(account)
    assert (kept.external_id, kept.problem, kept.credentials) == ("pigeon-9", "not_configured", {})
    assert "pigeon-10" in kept.problem_detail
    assert hooks == [""]  # nothing of the other account was pointed at this one


def test_after_a_disconnect_what_was_missed_is_read(account: Account) -> None:
    verbs.disconnect(account)
    since = fresh(account).broken_at
    assert since is not None
    verbs.disconnect(fresh(account))  # once more: it has been away since the first time
    verbs.reconnect(fresh(account), GOOD)
    jobs.check_account(account.pk)
    assert fresh(account).broken_at is None
    minded = [args for name, args in jobs_waiting() if name == missed.MIND_GAP]
    assert len(minded) == 1
    assert since.isoformat() in minded[0]


def test_an_account_that_was_removed_meanwhile_cannot_be_disconnected(account: Account) -> None:
    Account.objects.filter(pk=account.pk).delete()
    with pytest.raises(NoSuchAccount):
        verbs.disconnect(account)


def test_an_account_whose_network_is_gone_can_be_disconnected(account: Account) -> None:
    Account.objects.update(network="gone")
    verbs.disconnect(fresh(account))
    assert bytes(fresh(account).locked_credentials) == b""


class TestPlaces:
    """A stored secret goes nowhere it has not gone, unless whoever changes that knows it."""

    @pytest.fixture
    def account(self, db: None, pigeon: Pigeon) -> Account:
        server = CredentialField("server", "Server", secret=False, required=False, place=True)
        pigeon.fields = (*pigeon.fields, server)
        made = acme(external_id="", credentials=GOOD | {"server": "mail.acme.example"})
        jobs.check_account(made.pk)
        return fresh(made)

    def test_another_place_takes_the_secrets_again(self, account: Account, wire: Wire) -> None:
        wire.asked.clear()
        for partly in ({}, {"page_token": " "}, {"page_token": "token-1"}):
            with pytest.raises(CannotConnect, match=r"another server: .*App secret") as refused:
                verbs.reconnect(account, {"server": "mail.evil.example", **partly})
        assert refused.value.field == "app_secret"
        assert not wire.asked
        assert fresh(account).credentials["server"] == "mail.acme.example"
        verbs.reconnect(fresh(account), {"server": "mail2.acme.example", **GOOD})
        assert fresh(account).credentials["server"] == "mail2.acme.example"

    def test_the_same_place_takes_nothing_again(self, account: Account) -> None:
        held = account.credentials | {"colour": "blue"}
        for place in ({"server": " mail.acme.example "}, {}):
            verbs.reconnect(account, {**place, "colour": "blue", "page_token": ""})
            assert fresh(account).credentials == held

    def test_nor_does_none_where_there_was_none(self, account: Account) -> None:
        verbs.reconnect(account, {"server": "", **GOOD})
        verbs.reconnect(account, {"server": "", "colour": "blue"})
        assert fresh(account).credentials == GOOD | {"colour": "blue"}

    def test_an_emptied_place_is_another(self, account: Account, pigeon: Pigeon, wire: Wire) -> None:
        """What is held would go to the usual one, and what a sign-in brought last be forgotten."""
        account.session = SESSION
        account.save()
        wire.asked.clear()
        with pytest.raises(CannotConnect, match=r"another server: .*App secret"):
            verbs.reconnect(account, {"server": " "})
        assert not wire.asked
        held = fresh(account)
        assert (held.session, held.credentials["server"]) == (SESSION, "mail.acme.example")
        pigeon.oauth = Loft()
        maja = User.objects.create_user("owner@acme.example", "a-long-test-password", name="Maja Zupan")
        with pytest.raises(CannotConnect, match="another server: App secret"):
            verbs.begin_sign_in("pigeon", maja, {"server": ""}, account=fresh(account))
        verbs.begin_sign_in("pigeon", maja, {"server": "", "app_secret": "s"}, account=fresh(account))
        assert fresh(account).credentials["server"] == "mail.acme.example"

    def test_after_a_disconnect_there_is_nothing_to_give_away(self, account: Account) -> None:
        verbs.disconnect(account)
        verbs.reconnect(fresh(account), {"server": "mail2.acme.example", **GOOD})
        assert fresh(account).credentials["server"] == "mail2.acme.example"

    def test_nor_does_beginning_to_sign_in_change_it(self, account: Account, pigeon: Pigeon) -> None:
        maja = User.objects.create_user("owner@acme.example", "a-long-test-password", name="Maja Zupan")
        pigeon.oauth = Loft()
        with pytest.raises(CannotConnect, match="another server"):
            verbs.begin_sign_in("pigeon", maja, {"server": "mail.evil.example"}, account=account)
        assert fresh(account).credentials["server"] == "mail.acme.example"

    def test_every_network_says_which_of_its_fields_are_places(self) -> None:
        named = re.compile(r"(^|_)(host|port|url|server)$")
        fields = [(network, field) for network in networks().values() for field in network.fields]
        told = {f"{network.name}.{field.name}" for network, field in fields if field.place}
        assert told >= {
            f"{network.name}.{field.name}" for network, field in fields if named.search(field.name)
        }
        assert {"email.imap_host", "email.smtp_host", "email.token_url", "site.callback_url"} <= told

    def test_a_tick_is_no_secret_and_never_missing(self) -> None:
        fields = [field for network in networks().values() for field in network.fields]
        ticks = [field for field in fields if field.kind == "yes_no"]
        assert {field.name for field in ticks} >= {"human_agent"}
        assert not [field for field in ticks if field.required or field.secret]


class TestOnlyLooking:
    """Without an address to give, `check` changes nothing at the network."""

    ANSWERS = (
        ("getMe", b'{"ok": true, "result": {"id": 7, "is_bot": true, "first_name": "Acme"}}'),
        ("getWebhookInfo", b'{"ok": true, "result": {"url": "https://before.example"}}'),
        ("bot/info", b'{"userId": "U7", "displayName": "Acme"}'),
        ("message/quota", b'{"type": "none", "totalUsage": 0}'),
        ("get_account_info", b'{"status": 0, "status_message": "ok", "id": "pa:7", "name": "Acme"}'),
    )

    @pytest.mark.parametrize(
        ("network", "credentials"),
        [
            (telegram, {"bot_token": "7:abc"}),
            (line, {"channel_secret": "s", "channel_token": "t"}),
            (viber, {"auth_token": "t"}),
            (site, {"secret": "0123456789abcdef0123456789abcdef", "callback": "https://app.acme.example/in"}),
        ],
        ids=lambda value: value.name if hasattr(value, "name") else "",
    )
    def test_sets_no_webhook(self, network: Any, credentials: dict[str, str]) -> None:
        asked: list[str] = []

        def send(request: Request) -> Response:
            asked.append(request.url)
            body = next((body for part, body in self.ANSWERS if part in request.url), None)
            assert body is not None, f"{request.method} {request.url}"
            return Response(200, {}, body)

        given = {field.name: credentials.get(field.name, "x") for field in network.fields if field.required}
        facts = {SEEN_TO: clock.now().isoformat()}  # somebody has just connected it
        record = AccountRecord("", "Acme", given | credentials, network.base_url, SESSION, facts=facts)
        found = drive(network.check(record), send)
        assert found.external_id
        assert found.lost == (), "what was never told of is not missed"
        assert not [url for url in asked if "setWebhook" in url or "endpoint" in url or "acme.example" in url]

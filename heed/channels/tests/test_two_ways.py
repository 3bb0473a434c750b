"""Signing in stands beside a password: each takes the other's place, and what a sign-in is renewed with is
tried before it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from heed.accounts.models import User
from heed.channels import verbs
from heed.channels.base import AccountRecord, CredentialField, Refusal
from heed.channels.models import Account, SignIn
from heed.channels.registry import networks
from heed.channels.tests.pigeon import GOOD, Pigeon, Wire, acme
from heed.channels.tests.test_reconnecting import OTHERS, SESSION, account, broken, fresh, wire
from heed.channels.tests.test_signing_in import Loft
from heed.channels.verbs import CannotConnect
from heed.lib.http import Request, Unreachable

__all__ = ["account", "wire"]

pytestmark = pytest.mark.usefixtures("pigeon")


class HintLoft(Loft):
    """A sign-in that brings the hint."""

    fills = ("hint",)

    def finish(self, *given: Any) -> Any:
        found = yield from super().finish(*given)
        return {"hint": found["page_token"]}


class TestBesideSigningIn:
    """One may sign in there, but a password works too: then the session is nobody's but the password's."""

    @pytest.fixture(autouse=True)
    def fields(self, pigeon: Pigeon) -> None:
        pigeon.oauth = HintLoft()
        hint = CredentialField("hint", "Hint", required=False, replaces=("word",))
        pigeon.fields = (
            *(hint if field.name == "hint" else field for field in pigeon.fields),
            CredentialField("mailbox", "Mailbox", secret=False, required=False, whose=True),
            CredentialField("server", "Server", secret=False, required=False, place=True),
            CredentialField("word", "Password", required=False, replaces=("hint", "client")),
            CredentialField("client", "Client secret", required=False, renews=True),
        )

    @pytest.fixture
    def maja(self, db: None) -> User:
        return User.objects.create_user("owner@acme.example", "a-long-test-password", name="Maja Zupan")

    def test_a_password_of_another_account_is_refused(self, account: Account, pigeon: Pigeon) -> None:
        pigeon.who = "pigeon-10"
        with pytest.raises(CannotConnect, match="connect the other as a new account"):
            verbs.reconnect(account, OTHERS)
        assert fresh(account).credentials == GOOD

    @pytest.mark.parametrize("other", [{"mailbox": "m2"}, {"server": "s2", **GOOD, "hint": "h"}])
    def test_and_so_is_another_mailbox_of_who_signed_in(
        self, account: Account, pigeon: Pigeon, other: dict[str, str]
    ) -> None:
        held = account.credentials = GOOD | {"hint": "h", "mailbox": "m1"}
        account.save()
        pigeon.who = "pigeon-10"
        with pytest.raises(CannotConnect, match="connect the other as a new account"):
            verbs.reconnect(fresh(account), other)
        assert fresh(account).credentials == held

    def test_a_session_that_was_renewed_meanwhile_stays(self, account: Account) -> None:
        account.credentials, account.session = GOOD | {"hint": "h"}, {"token": "old"}
        account.save()
        seen = fresh(account)
        account.session = SESSION
        account.save()
        verbs.reconnect(seen, {"colour": "blue"})
        assert (fresh(account).session, fresh(account).credentials["colour"]) == (SESSION, "blue")

    def test_what_says_nothing_of_that_is_taken_unasked(self, account: Account, wire: Wire) -> None:
        account.credentials, account.session = GOOD | {"hint": "h"}, SESSION
        account.save()
        wire.asked.clear()
        verbs.reconnect(fresh(account), {"colour": "blue"})
        assert (wire.asked, fresh(account).session) == ([], SESSION)

    def test_what_it_is_renewed_with_is_renewed_with_at_once(self, account: Account, wire: Wire) -> None:
        account.credentials, account.session = GOOD | {"hint": "h"}, SESSION
        account.save()
        wire.asked.clear()
        wire.bodies = ["fresh"]
        verbs.reconnect(fresh(account), {"client": "secret-2"})
        assert wire.asked == ["POST https://pigeon.example/renew", "GET https://pigeon.example/me"]
        assert (fresh(account).credentials["client"], fresh(account).session) == (
            "secret-2",
            {"access": "fresh"},
        )

    @pytest.mark.parametrize("works", [True, False])
    def test_and_where_that_is_refused_nothing_changes(
        self, account: Account, pigeon: Pigeon, monkeypatch: pytest.MonkeyPatch, works: bool
    ) -> None:
        def renew(record: AccountRecord) -> Any:
            yield Request("POST", f"https://pigeon.example/renew/{record.credentials['client']}")
            raise Refusal("sign_in_again", code="401", detail="invalid_client")

        monkeypatch.setattr(pigeon, "renew", renew)
        held = account.credentials = GOOD | {"hint": "h", "client": "secret-1"}
        account.session = SESSION
        account.save()
        with pytest.raises(CannotConnect, match=r"Nothing was changed.* 401 invalid_client"):
            verbs.reconnect(fresh(account) if works else broken(account), {"client": "wrong"})
        assert (fresh(account).credentials, fresh(account).session) == (held, SESSION)

    def test_while_nobody_answers_only_what_works_stays(self, account: Account, wire: Wire) -> None:
        held = account.credentials = GOOD | {"hint": "h", "client": "secret-1"}
        account.session = SESSION
        account.save()
        wire.statuses = [Unreachable("no route")]
        with pytest.raises(CannotConnect, match=r"Nothing was changed.* no route"):
            verbs.reconnect(fresh(account), {"client": "secret-2"})
        assert fresh(account).credentials == held
        wire.statuses = [Unreachable("no route"), Unreachable("no route")]
        verbs.reconnect(broken(account), {"client": "secret-2"})
        assert (fresh(account).credentials["client"], fresh(account).session) == ("secret-2", SESSION)

    def test_where_nothing_can_be_renewed_a_check_must_do(
        self, account: Account, pigeon: Pigeon, wire: Wire, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def renew(record: AccountRecord) -> Any:
            yield from ()
            raise Refusal("sign_in_again")

        monkeypatch.setattr(pigeon, "renew", renew)
        account.credentials = GOOD | {"hint": "h"}
        account.save()
        wire.asked.clear()
        verbs.reconnect(fresh(account), {"client": "secret-2"})
        assert wire.asked == ["GET https://pigeon.example/me"]
        wire.statuses = [401]
        with pytest.raises(CannotConnect, match="Nothing was changed"):
            verbs.reconnect(fresh(account), {"app_secret": "wrong"})
        assert fresh(account).credentials == GOOD | {"hint": "h", "client": "secret-2"}

    def test_a_sign_in_takes_the_place_of_a_password_and_asks_for_it_no_more(
        self, account: Account, maja: User, wire: Wire
    ) -> None:
        """Also where the server is another one: the password goes nowhere."""
        account.credentials = GOOD | {"word": "old", "server": "s1"}
        account.save()
        given = {"server": "s2", "word": "typed beside it", **GOOD}
        verbs.begin_sign_in("pigeon", maja, given, account=fresh(account))
        assert fresh(account).credentials["word"] == "old"  # until somebody has signed in
        wire.bodies = ["lasting"]
        verbs.finish_sign_in(SignIn.objects.get().state, maja, {"code": "c-1"})
        held = fresh(account).credentials
        assert ("word" in held, held["server"]) == (False, "s2")

    def test_nor_does_one_that_never_worked_keep_it_for_another_server(self, maja: User) -> None:
        account = acme(external_id="", credentials=GOOD | {"word": "old", "server": "s1", "hint": "h"})
        verbs.begin_sign_in("pigeon", maja, {"colour": "blue"}, account=fresh(account))
        assert fresh(account).credentials["word"] == "old"
        verbs.begin_sign_in("pigeon", maja, {"server": "s2", **GOOD}, account=fresh(account))
        assert fresh(account).credentials == GOOD | {"server": "s2", "colour": "blue"}

    def test_a_password_takes_the_place_of_a_sign_in(self, account: Account) -> None:
        account.credentials, account.session = GOOD | {"hint": "h", "client": "c", "server": "s1"}, SESSION
        account.save()
        verbs.reconnect(fresh(account), {"word": "new", "client": "", "server": "s2", **GOOD})
        assert fresh(account).credentials == GOOD | {"word": "new", "server": "s2"}
        assert fresh(account).session == {}

    def test_mail_says_what_names_a_mailbox(self) -> None:
        fields = networks()["email"].fields
        assert {field.name for field in fields if field.whose} == {"address", "user"}

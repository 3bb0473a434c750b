"""A mailbox that is connected, and what is entered for it later."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from heed.channels import reach
from heed.channels.email.adapter import network
from heed.channels.jobs import check_account
from heed.channels.models import Account
from heed.channels.verbs import CannotConnect, connect, disconnect, reconnect
from heed.sandbox import Sandbox
from heed.sandbox.networks.email import Email

BASE = {"address": "help@acme.example", "imap_host": "imap.acme.example"}


@pytest.mark.parametrize(
    ("entered", "opens"),
    [
        ({}, "help@acme.example"),
        ({"user": " Help@Acme.example "}, "help@acme.example"),
        ({"imap_host": "imap://mail2.acme.example/"}, "help@acme.example"),
        ({"user": "shop@acme.example", "imap_host": "mail2.acme.example"}, "shop@acme.example"),
        ({"user": "Acme"}, "acme (imap.acme.example)"),
        ({"user": "acme", "imap_host": "imaps://IMAP.acme.example/"}, "acme (imap.acme.example)"),
        ({"user": "acme", "imap_host": "mail2.acme.example"}, "acme (mail2.acme.example)"),
        ({"user": "acme", "imap_host": "mail2.acme.example:993"}, "acme (mail2.acme.example)"),
    ],
)
def test_what_tells_mailboxes_apart(entered: dict[str, str], opens: str) -> None:
    assert network.opens(BASE | entered) == opens


@pytest.mark.django_db(transaction=True)
class TestConnected:
    @pytest.fixture
    def email(self) -> Iterator[Email]:
        with Sandbox(seed=1) as sandbox:
            found = sandbox["email"]
            assert isinstance(found, Email)
            yield found

    @pytest.fixture
    def account(self, email: Email) -> Account:
        return checked(connect("email", "", "", email.accounts()[0].credentials))

    def test_a_wrong_password_breaks_nothing(self, account: Account, email: Email) -> None:
        with pytest.raises(CannotConnect, match=r"does not accept this sign-in\. Nothing was") as said:
            reconnect(account, {"password": "a slip of the hand"})
        assert str(said.value).endswith(" IMAP Invalid credentials")
        kept = checked(account)
        assert (kept.state, kept.credentials) == ("connected", email.accounts()[0].credentials)

    def test_a_server_that_is_not_there_breaks_nothing(self, account: Account) -> None:
        moved = {**account.credentials, "imap_host": "imap.acme.invalid"}
        with pytest.raises(CannotConnect, match=r"goes on with .*imap\.acme\.invalid"):
            reconnect(account, moved)
        assert checked(account).state == "connected"

    def test_a_port_behind_its_server_is_understood(self, account: Account) -> None:
        known = account.credentials
        moved = {**known, "imap_host": f"{known['imap_host']}:{known['imap_port']}", "imap_port": ""}
        reconnect(account, moved)
        assert checked(account).state == "connected"

    @pytest.mark.parametrize(
        ("entered", "says"),
        [
            ({"imap_port": "99999"}, "127.0.0.1:99999 (IMAP) cannot be a server and its port."),
            ({"smtp_host": "127.0.0.1:25"}, "127.0.0.1:25:2525 (SMTP) cannot be a server and its port."),
        ],
    )
    def test_what_is_no_server_is_named(self, account: Account, entered: dict[str, str], says: str) -> None:
        moved = {**account.credentials, "smtp_port": "2525", **entered}
        Account.objects.update(connected_at=None)
        account.refresh_from_db()
        reconnect(account, moved)
        found = checked(account)
        words = reach.words(found)
        assert words is not None
        assert (found.problem, str(words.sentence)) == ("wrong_server", says)

    def test_and_so_on_the_form_of_one_that_works(self, account: Account) -> None:
        with pytest.raises(CannotConnect) as refused:
            reconnect(account, {**account.credentials, "imap_port": "99999"})
        said = "127.0.0.1:99999 (IMAP) cannot be a server and its port. Nothing was changed: Acme goes on"
        assert str(refused.value).startswith(said)
        assert str(refused.value).count("127.0.0.1") == 1

    def test_a_mailbox_has_no_base_address_to_look_at(self, account: Account) -> None:
        account.problem = "network_down"
        words = reach.words(account)
        assert words is not None
        assert str(words.way_out).endswith("look at the server and its port.")

    def test_another_mailbox_under_the_same_address_is_refused(self, account: Account, email: Email) -> None:
        email.room.admits = lambda user, password: True
        other = {"user": "boss", "password": "hers"}
        with pytest.raises(CannotConnect, match=r"sign-in of boss \(127\.0\.0\.1\)\. Until now .* was help@"):
            reconnect(account, other)
        assert Account.objects.get().credentials == email.accounts()[0].credentials
        found = Account.objects.get()
        held = found.credentials
        disconnect(found)
        reconnect(found, {**held, **other})
        assert checked(found).state == "connected"

    def test_the_same_mailbox_takes_another_password(self, account: Account, email: Email) -> None:
        email.room.admits = lambda user, password: password == "fresh"
        reconnect(account, {"user": "HELP@acme.example", "password": "fresh"})
        kept = checked(account)
        assert (kept.state, kept.credentials["password"]) == ("connected", "fresh")


def checked(account: Account) -> Account:
    check_account(account.pk)
    account.refresh_from_db()
    return account

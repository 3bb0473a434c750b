"""A mailbox that moved or was made anew: new mail comes in, old mail stays alone, files stay apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from heed.channels.base import SEEN_TO, AccountRecord, Refusal
from heed.channels.email.adapter import network
from heed.channels.email.calls import mark_of
from heed.channels.email.tests.sample import ACCOUNT
from heed.channels.jobs import check_account
from heed.channels.models import Account
from heed.channels.verbs import connect, disconnect, reconnect
from heed.inbox import collect
from heed.inbox.models import Delivery
from heed.lib import clock
from heed.lib.http import Request, Response, drive
from heed.sandbox import Sandbox
from heed.sandbox.networks.email import Email
from heed.sandbox.networks.email.mailroom import Box

pytestmark = pytest.mark.django_db(transaction=True)

_MAIL = b"From: lea@mail.example\r\nTo: help@acme.example\r\nSubject: %d\r\nMessage-ID: <%d@x>\r\n\r\nHi\r\n"


@pytest.fixture
def email() -> Iterator[Email]:
    with Sandbox(seed=1) as sandbox:
        found = sandbox["email"]
        assert isinstance(found, Email)
        found.room.admits = lambda user, password: True
        yield found


@pytest.fixture
def account(email: Email) -> Account:
    """A mailbox of which twenty mails were read."""
    found = connect("email", "", "", email.accounts()[0].credentials)
    check_account(found.pk)
    collect.collect(found.pk)
    put(email.room.boxes["INBOX"], range(20))
    assert collect.collect(found.pk) == 20
    return found


def put(box: Box, numbers: range, *, days: int = 0) -> None:
    for number in numbers:
        box.put(_MAIL % (number, number), clock.now() - timedelta(days=days))


def another(email: Email, following: int, *, same: bool) -> Box:
    """Another mailbox in place of the one of now, with the same UIDVALIDITY or not."""
    made = Box(email.room.boxes["INBOX"].uidvalidity + (0 if same else 1), following=following)
    email.room.boxes["INBOX"] = made
    email.room.hang_up()
    return made


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("following", [1, 5000])
@pytest.mark.parametrize("read", [True, False])
def test_after_a_move_new_mail_comes_in_and_old_mail_does_not(
    account: Account, email: Email, following: int, same: bool, read: bool
) -> None:
    """However the numbers of the two mailboxes lie to each other, and whether the first was ever read."""
    held = account.credentials
    if not read:
        Account.objects.update(cursor={})
    account.refresh_from_db()
    disconnect(account)
    moved = another(email, following, same=same)
    put(moved, range(1000, 1030), days=700)
    reconnect(account, {**held, "user": "boss", "password": "hers"})
    check_account(account.pk)
    assert collect.collect(account.pk) == 0
    put(moved, range(9000, 9003))
    assert collect.collect(account.pk) == 3
    assert collect.collect(account.pk) == 0


def test_a_mailbox_made_anew_under_its_old_name(account: Account, email: Email) -> None:
    """At the same provider, with the same address and UIDVALIDITY: only its numbers begin anew."""
    made = another(email, 1, same=True)
    put(made, range(1000, 1010), days=700)
    put(made, range(9000, 9003))
    assert collect.collect(account.pk) == 3
    put(made, range(9003, 9005))
    assert collect.collect(account.pk) == 2
    assert Delivery.objects.count() == 25


@pytest.mark.parametrize("there", [True, False])
def test_a_mailbox_replaced_by_one_with_larger_numbers(account: Account, email: Email, there: bool) -> None:
    """At the same provider, with the same name and UIDVALIDITY: its twentieth mail is another, or none."""
    made = another(email, 1 if there else 5000, same=True)
    put(made, range(1000, 1030), days=700)
    account.refresh_from_db()
    reconnect(account, {"password": "another"})
    put(made, range(9000, 9003))
    assert collect.collect(account.pk) == 3
    put(made, range(9003, 9005))
    assert collect.collect(account.pk) == 2
    assert Delivery.objects.count() == 25


def test_one_replaced_while_nobody_looked_is_known_by_its_last_mail(account: Account, email: Email) -> None:
    made = another(email, 1, same=True)
    put(made, range(1000, 1030), days=700)
    put(made, range(9000, 9003))
    assert collect.collect(account.pk) == 3


@pytest.mark.parametrize("new", ["password", "check"])
@pytest.mark.parametrize("moved_away", [True, False])
def test_the_same_mailbox_goes_on(account: Account, email: Email, moved_away: bool, new: str) -> None:
    """Also where its last mail was filed meanwhile. What lay in spam for days keeps the time of its arrival:
    right after a reconnect, and only then, it cannot be told from old mail."""
    inbox = email.room.boxes["INBOX"]
    if moved_away:
        inbox.mails.pop()
    account.refresh_from_db()
    if new == "password":
        reconnect(account, {"password": "another"})
    check_account(account.pk)
    put(inbox, range(100, 102))
    put(inbox, range(102, 103), days=5)
    rescued = not (moved_away and new == "password")
    assert collect.collect(account.pk) == 2 + rescued
    put(inbox, range(103, 104), days=5)
    assert collect.collect(account.pk) == 1


def test_what_was_read_before_the_mark_goes_on(account: Account, email: Email) -> None:
    account.refresh_from_db()
    for at in account.cursor.values():
        assert at.pop("mark") == mark_of(account.record())
        at.pop("last", None)
        at.pop(SEEN_TO)
    Account.objects.update(cursor=account.cursor)
    put(email.room.boxes["INBOX"], range(100, 102))
    assert collect.collect(account.pk) == 2


class TestWaitingFiles:
    def media(self, account: AccountRecord, mark: str) -> str:
        def nobody(request: Request) -> Response:
            raise AssertionError("nobody is asked")

        return drive(network.media(account, f"media:INBOX/3{mark}/7/2"), nobody).url

    def test_are_fetched_where_they_lie(self) -> None:
        for mark in ("", f"@{mark_of(ACCOUNT)}"):
            found = self.media(ACCOUNT, mark)
            assert found == "imaps://imap.acme.example:993/INBOX;UIDVALIDITY=3/;UID=7/;SECTION=2"

    def test_not_from_another_mailbox(self) -> None:
        """There the numbers may be those of somebody else's mail."""
        for changed in ({"imap_host": "imap.other.example"}, {"user": "boss"}):
            moved = replace(ACCOUNT, credentials={**ACCOUNT.credentials, **changed})
            with pytest.raises(Refusal) as refused:
                self.media(moved, f"@{mark_of(ACCOUNT)}")
            assert (refused.value.reason, refused.value.retry) == ("gone", True)


@pytest.mark.parametrize(
    "changed",
    [
        {"imap_host": "imaps://IMAP.acme.example:993/"},
        {"imap_port": "143"},
        {"user": "Help@acme.example"},
        {"password": "another"},
    ],
)
def test_it_is_the_same_mailbox_however_it_is_written(changed: dict[str, str]) -> None:
    written = replace(ACCOUNT, credentials={**ACCOUNT.credentials, **changed})
    assert mark_of(written) == mark_of(ACCOUNT)

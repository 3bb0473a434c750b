"""How much strangers may ask for: one of them takes nothing away from the others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from heed.channels.models import Account
from heed.lib import clock
from heed.widget import limits
from heed.widget.jobs import forget_uploads
from heed.widget.models import Spending, Upload
from heed.widget.tests.conftest import Visitor, known, react_to_everything, take_in
from heed.widget.tests.test_chat import PNG


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_NEW_FROM_ONE", 3)
    monkeypatch.setattr(limits, "MOST_NEW_A_MINUTE", 5)
    monkeypatch.setattr(limits, "MOST_BYTES_FROM_ONE", 3 * len(PNG))
    monkeypatch.setattr(limits, "MOST_BYTES_WAITING", 5 * len(PNG))


def visitor(account: Account, address: str, user: dict[str, str] | None = None) -> Visitor:
    made = Visitor(account, user)
    made.http = Client(REMOTE_ADDR=address)
    return made


def test_one_address_does_not_shut_the_chat(account: Account) -> None:
    strangers = [visitor(account, "192.0.2.7") for _ in range(12)]
    assert [each.write("spam").status_code for each in strangers] == [201] * 3 + [429] * 9
    lea = visitor(account, "192.0.2.8")
    assert lea.write("Halo?").status_code == 201
    assert strangers[0].write("I go on").status_code == 201
    with clock.moved(timedelta(seconds=61)):
        assert strangers[-1].write("spam").status_code == 201


def test_a_line_has_many_addresses_and_is_one(account: Account) -> None:
    said = [visitor(account, f"2001:db8:0:1{n}::{n}").write("spam").status_code for n in range(4)]
    assert said == [201, 201, 201, 429]
    assert visitor(account, "2001:db8:0:200::1").write("Halo?").status_code == 201


def test_many_addresses_are_too_many_for_an_account(account: Account) -> None:
    said = [visitor(account, f"192.0.2.{n}").write("spam").status_code for n in range(6)]
    assert said == [201] * 5 + [429]


def test_for_whom_the_site_vouches_comes_in(account: Account) -> None:
    for n in range(6):
        visitor(account, f"192.0.2.{n}").write("spam")
    people = [visitor(account, "192.0.2.0", known(f"c{n}")) for n in range(5)]
    assert {each.write("Halo?").status_code for each in people} == {201}


def test_where_the_address_cannot_be_known_the_accounts_own_limit_holds(account: Account) -> None:
    said = [visitor(account, address).write("spam").status_code for address in ["::", ""] * 3]
    assert said == [201] * 5 + [429]


def test_one_address_does_not_fill_the_disk(account: Account) -> None:
    first, second = visitor(account, "192.0.2.7"), visitor(account, "192.0.2.7")
    said = [each.upload(PNG) for each in (first, second, first, second)]
    assert [each.status_code for each in said] == [201, 201, 201, 429]
    assert said[-1].json() == {"error": "full"}
    assert visitor(account, "192.0.2.8").upload(PNG).status_code == 201
    with clock.moved(timedelta(hours=25)):
        assert first.upload(PNG).status_code == 201


def test_files_that_nobody_sends_do_not_fill_the_disk(account: Account) -> None:
    people = [visitor(account, f"192.0.2.{n}") for n in range(4)]
    sent = [people[n % 4].upload(PNG) for n in range(6)]
    assert [each.status_code for each in sent] == [201] * 5 + [429]
    assert Upload.objects.count() == 5
    people[0].write("Here it is", files=[sent[0].json()["id"]])
    take_in()
    react_to_everything()
    assert people[3].upload(PNG).status_code == 201


def test_of_an_address_only_a_digest_is_kept_and_for_a_day(account: Account) -> None:
    visitor(account, "192.0.2.7").write("Halo?")
    (kept,) = Spending.objects.all()
    assert (kept.amount, "192.0.2.7" in kept.caller) == (1, False)
    with clock.moved(timedelta(hours=25)):
        forget_uploads(0)
    assert not Spending.objects.exists()

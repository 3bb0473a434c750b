"""Templates: what goes out after the window."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heed.accounts.models import User
from heed.channels.base import FilledTemplate
from heed.channels.models import Account
from heed.inbox import outbox, verbs
from heed.inbox.models import Ticket
from heed.inbox.tests.deliveries import news, private
from heed.inbox.tests.rubber import Rubber
from heed.inbox.tests.ways import APPROVED, can, waited

pytestmark = pytest.mark.django_db

HELLO = {"name": "hello", "language": "sl", "text": "Pozdravljeni, {{1}}: {{2}}", "blanks": 2}


@pytest.mark.parametrize("names", [(), ("first_name", "parcel")])
def test_templates_go_out_after_the_window(
    account: Account, ana: User, rubber: Rubber, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    """With the names the network has for the blanks, where it does not number them."""
    can(rubber, APPROVED)
    Account.objects.update(templates=[{**HELLO, "names": names} if names else HELLO])
    news(account, private("1"))
    waited(monkeypatch, hours=30)
    ticket = Ticket.objects.get()
    filled = FilledTemplate("hello", "sl", ("Lea", "paket {{1}}"))
    message = verbs.answer(ticket, ana, "", "private", template=filled)
    assert message.text == "Pozdravljeni, Lea: paket {{1}}"
    outbox.send_next(ticket.pk)
    assert rubber.sent[0].template == replace(filled, names=names)


@pytest.mark.parametrize(
    ("name", "language", "values"),
    [
        ("hello", "sl", ("Lea",)),
        ("hello", "sl", ("Lea", " ")),
        ("hello", "en", ("Lea", "x")),
        ("other", "sl", ("Lea", "x")),
    ],
)
def test_templates_that_do_not_fit_are_refused(
    account: Account, ana: User, rubber: Rubber, name: str, language: str, values: tuple[str, ...]
) -> None:
    can(rubber, APPROVED)
    Account.objects.update(templates=[HELLO])
    news(account, private("1"))
    with pytest.raises(verbs.CannotAnswer, match="template"):
        verbs.answer(
            Ticket.objects.get(), ana, "", "private", template=FilledTemplate(name, language, values)
        )

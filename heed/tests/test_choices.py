"""Choices under an answer: from the agent to the customer, and what they tap back into the ticket.

Each row goes through guard, outbox and adapter to the simulator of its network, to the limits it
names and one beyond. What is refused makes no request at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from heed.accounts.models import User
from heed.accounts.verbs import ensure_person
from heed.channels.base import Choice, Choices, FilledTemplate
from heed.channels.registry import networks
from heed.inbox import outbox, verbs
from heed.inbox.models import Message
from heed.sandbox import Sandbox
from heed.sandbox.tests.receiver import Receiver
from heed.tests.shop import CUSTOMER, File, Shop, open_shop
from heed.tests.window_states import business

pytestmark = pytest.mark.django_db

QUESTION = "Kaj naj naredimo?"


def of(number: int, length: int = 12, **more: str) -> Choices:
    """So many choices of this length, no two alike."""
    return Choices(tuple(Choice(f"{place:02}".ljust(length, "č"), **more) for place in range(number)))


@dataclass(frozen=True)
class Case:
    """`refused` is a part of the sentence that says why; "" where the network takes it."""

    network: str
    what: str
    choices: Choices
    text: str = QUESTION
    refused: str = ""

    def __str__(self) -> str:
        return f"{self.network}: {self.what}"


CASES = [
    Case("whatsapp", "three buttons", of(3, 20)),
    Case("whatsapp", "a button too long for one makes a list", of(3, 21)),
    Case("whatsapp", "four make a list", of(4)),
    Case("whatsapp", "the longest list", of(10, 24, detail="č" * 72)),
    Case("whatsapp", "a word on the button of the list", Choices(of(4).items, "č" * 20)),
    Case("whatsapp", "the longest text", of(1), "č" * 1024),
    Case("whatsapp", "eleven", of(11), refused="At most 10"),
    Case("whatsapp", "a row too long", of(4, 25), refused="1 over"),
    Case("whatsapp", "a second line too long", of(2, detail="č" * 73), refused="1 over"),
    Case("whatsapp", "too much on the button", Choices(of(4).items, "č" * 21), refused="1 over"),
    Case("whatsapp", "too much text", of(1), "č" * 1025, refused="1 over"),
    Case("whatsapp", "nothing to choose from", of(2), "", refused="Write something"),
    Case("whatsapp", "two alike", Choices((Choice("Da"), Choice("DA"))), refused="same"),
    Case("whatsapp", "one without words", Choices((Choice("Da"), Choice(" "))), refused="no words"),
    Case("facebook", "as many as there may be", of(13, 20)),
    Case("facebook", "the longest text", of(1), "č" * 2000),
    Case("facebook", "one more", of(14), refused="At most 13"),
    Case("facebook", "one too long", of(2, 21), refused="1 over"),
    Case("facebook", "a second line", of(2, detail="Jutri"), refused="second line"),
    Case("instagram", "as many as there may be", of(13, 20)),
    Case("instagram", "one more", of(14), refused="At most 13"),
    Case("telegram", "as many as there may be", of(12, 64)),
    Case("telegram", "one more", of(13), refused="At most 12"),
    Case("telegram", "one too long", Choices((Choice("👟" * 33),)), refused="2 over"),
    Case("line", "as many as there may be", of(13, 20)),
    Case("line", "one too long", of(2, 21), refused="1 over"),
    Case("viber", "as many as there may be", of(12, 64)),
    Case("viber", "one more", of(13), refused="At most 12"),
    Case("wechat", "none at all", of(2), refused="No choices"),
    Case("email", "none at all", of(2), refused="No choices"),
]


@pytest.fixture
def ana() -> User:
    return ensure_person("ana@acme.example", "Ana Kovač")


@pytest.fixture
def shop(case: Case, ana: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver())
        sandbox = stack.enter_context(Sandbox(seed=1))
        yield open_shop(case.network, sandbox, receiver, ana, stack, settings, monkeypatch)


def offer(shop: Shop, choices: Choices, text: str = QUESTION, **more: Any) -> Message:
    ticket = shop.ticket("private")
    return shop.send(verbs.answer(ticket, shop.ana, text, "private", choices=choices, **more))


def shown(shop: Shop) -> Any:
    """The line under which the customer finds choices."""
    (line,) = [each for each in shop.simulator.scene(CUSTOMER).lines() if each.choices]
    return line


def test_every_network_that_has_choices_is_in_the_table() -> None:
    able = {name for name, each in networks().items() if (can := each.capabilities.private) and can.choices}
    assert able == {case.network for case in CASES if not case.refused}
    assert able == {"whatsapp", "facebook", "instagram", "telegram", "line", "viber"}


@pytest.mark.parametrize("case", [case for case in CASES if not case.refused], ids=str)
def test_what_is_offered_can_be_tapped(shop: Shop, case: Case) -> None:
    shop.writes("private")
    message = offer(shop, case.choices, case.text)
    assert (message.state, message.reason) in [(state, "") for state in ("sent", "delivered", "seen")]
    titles = [each.title for each in case.choices.items]
    line = shown(shop)
    assert (line.text, line.choices) == (case.text, titles)
    shop.later(seconds=5)
    shop.play("choose", person=CUSTOMER, id=line.id, choice=titles[-1])
    shop.gather()
    tapped = Message.objects.filter(direction="in").latest("pk")
    assert tapped.text.split("\n")[0] == titles[-1]  # a list tells the second line as well
    assert (tapped.ticket_id, tapped.visibility) == (message.ticket_id, "private")


@pytest.mark.parametrize("case", [case for case in CASES if case.refused], ids=str)
def test_what_is_refused_never_leaves(shop: Shop, case: Case) -> None:
    shop.writes("private")
    made = len(shop.requests)
    with pytest.raises(verbs.CannotAnswer) as caught:
        offer(shop, case.choices, case.text)
    assert case.refused in str(caught.value.sentence)
    kept = {"items": [{"title": each.title, "detail": each.detail} for each in case.choices.items]}
    waited = shop.queued("private", case.text, choices={**kept, "opener": case.choices.opener})
    outbox.send_next(waited.ticket_id)
    waited.refresh_from_db()
    assert waited.state == "failed"
    assert shop.requests[made:] == []


ON_WHATSAPP = pytest.mark.parametrize("case", [Case("whatsapp", "", of(2))], ids=["whatsapp"])


@ON_WHATSAPP
def test_a_list_has_words_on_its_button(shop: Shop, case: Case) -> None:
    shop.writes("private")
    assert offer(shop, of(4)).manner["choices"]["opener"] == "Choose"
    assert offer(shop, Choices(of(2).items, "Odprite")).manner["choices"]["opener"] == ""
    bodies = [
        request.json["interactive"] for request in shop.requests if "interactive" in (request.json or {})
    ]
    assert [each["type"] for each in bodies] == ["list", "button"]
    assert bodies[0]["action"]["button"] == "Choose"


@ON_WHATSAPP
def test_choices_go_without_files_and_not_with_a_template(shop: Shop, case: Case) -> None:
    shop.writes("private")
    files = shop.attach(shop.ticket("private"), (File("png"),))
    with pytest.raises(verbs.CannotAnswer, match="together"):
        offer(shop, case.choices, files=files)
    filled = FilledTemplate("order_update", "en", ("Lea", "88140"))
    assert "choices" not in offer(shop, case.choices, "", template=filled).manner


@ON_WHATSAPP
def test_the_window_closes_for_them_too(shop: Shop, case: Case) -> None:
    shop.writes("private")
    assert [form.most for form in shop.way("private").choices] == [3, 10]
    shop.later(hours=25)
    assert shop.way("private").choices == ()
    with pytest.raises(verbs.CannotAnswer, match="too long ago"):
        offer(shop, case.choices)


@pytest.mark.parametrize("case", [Case("facebook", "", of(2))], ids=["facebook"])
def test_a_private_reply_to_a_comment_has_none(shop: Shop, case: Case) -> None:
    shop.writes("public")
    assert shop.ticket("private").kind == "public"
    assert shop.way("private").allowed
    with pytest.raises(verbs.CannotAnswer, match="No choices"):
        offer(shop, case.choices)


@pytest.mark.parametrize("case", [Case("telegram", "", of(2))], ids=["telegram"])
def test_telegram_has_none_in_the_chats_of_a_business_account(shop: Shop, case: Case) -> None:
    business(shop)
    assert shop.way("private").allowed
    with pytest.raises(verbs.CannotAnswer, match="No choices"):
        offer(shop, case.choices)

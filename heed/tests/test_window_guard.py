"""The guard and the networks agree: what it allows is taken, what it refuses never leaves Heed.

Each row brings an account of one network into a state and asks. What is allowed is sent through
outbox and adapter to the simulator, and the customer sees it. What is refused makes no request at
all, neither by the verbs nor for an answer that was queued before. Past the guard, `network` says
with which reason the network (or its adapter) would have refused; "" where it takes or cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from heed.accounts.models import User
from heed.accounts.verbs import ensure_person
from heed.channels.base import FilledTemplate
from heed.channels.registry import networks
from heed.inbox import outbox, verbs
from heed.inbox.models import Message
from heed.sandbox import Sandbox
from heed.sandbox.tests.receiver import Receiver
from heed.tests.shop import Shop, open_shop
from heed.tests.window_cases import CASES, Case
from heed.tests.window_states import after

pytestmark = pytest.mark.django_db

OF_THE_ANSWER = ("too_long", "file_refused", "no_quote")
"""Refusals that do not close the way: another answer could be sent."""


@pytest.fixture
def ana() -> User:
    return ensure_person("ana@acme.example", "Ana Kovač")


@pytest.fixture
def shop(case: Case, ana: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver())
        sandbox = stack.enter_context(Sandbox(seed=1))
        opened = open_shop(case.network, sandbox, receiver, ana, stack, settings, monkeypatch)
        assert opened.account.state == "connected", opened.account.problem_detail
        case.bring(opened)
        yield opened


def test_every_network_is_in_the_table() -> None:
    assert {case.network for case in CASES} == set(networks())
    assert len(CASES) >= 60
    assert len({str(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", [case for case in CASES if not case.refused], ids=str)
def test_what_is_allowed_is_taken(shop: Shop, case: Case) -> None:
    way = shop.way(case.way)
    assert (way.allowed, str(way.sentence)) == (True, "")
    assert (way.late.name if way.late else "") == case.late
    message = shop.answer(case.way, case.text, case.files, quote=case.quote, template=case.template)
    assert (message.state, message.reason, message.detail) in [
        (state, "", "") for state in ("sent", "delivered", "seen")
    ]
    if case.quote:
        assert message.text in str(shop.simulator.seen())
    elif message.text:
        assert shop.shown(message.text) == 1
    assert shop.shown_files() >= bool(case.files)


@pytest.mark.parametrize("case", [case for case in CASES if case.refused], ids=str)
def test_what_is_refused_never_leaves(shop: Shop, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    way = shop.way(case.way)
    closed = case.refused not in OF_THE_ANSWER
    assert (way.allowed, way.reason) == ((False, case.refused) if closed else (True, None))
    assert bool(str(way.sentence)) is closed
    made = len(shop.requests)
    with pytest.raises(verbs.CannotAnswer) as caught:
        shop.answer(case.way, case.text, case.files, quote=case.quote, template=case.template)
    assert str(caught.value.sentence)
    if closed:
        waited = shop.queued(case.way, case.text, case.files)
        outbox.send_next(waited.ticket_id)
        waited.refresh_from_db()
        assert (waited.state, waited.reason) == ("failed", case.refused)
        waited.delete()
    assert shop.requests[made:] == []
    if case.network_says:
        assert _said_past_the_guard(shop, case, monkeypatch) == ("failed", case.network_says)


TEMPLATES = [
    (FilledTemplate("order_update", "en", ("Lea", "88140")), "Hello Lea, your order 88140 is on its way."),
    (FilledTemplate("we_are_back", "sl"), ""),
    (FilledTemplate("visit", "en", ("Lea", "Monday")), "Hello Lea, we see you on Monday."),
    (FilledTemplate("order_update", "en", ("Lea",)), None),
    (FilledTemplate("order_update", "en", ("Lea", " ")), None),
    (FilledTemplate("order_update", "de", ("Lea", "88140")), None),
    (FilledTemplate("summer_sale", "en"), None),
]
"""A filled template and what the customer then sees; None for one that is not approved or not filled."""


@pytest.mark.parametrize("case", [Case("whatsapp", "after the window", after(24 * 30))], ids=str)
@pytest.mark.parametrize(("filled", "shown"), TEMPLATES, ids=lambda value: getattr(value, "name", None))
def test_templates_after_the_window(
    shop: Shop, case: Case, filled: FilledTemplate, shown: str | None
) -> None:
    way = shop.way("private")
    assert (way.allowed, way.reason, bool(way.templates)) == (False, "outside_window", True)
    made = len(shop.requests)
    if shown is None:
        with pytest.raises(verbs.CannotAnswer, match="template"):
            shop.answer("private", "", template=filled)
        assert shop.requests[made:] == []
        return
    message = shop.answer("private", "", template=filled)
    assert (message.state, message.reason) == ("delivered", "")
    assert shop.shown(message.text) == 1
    assert shown in message.text


def _said_past_the_guard(shop: Shop, case: Case, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """What becomes of the answer when nobody asks the guard."""
    monkeypatch.setattr(outbox, "_closed_meanwhile", lambda message: None)
    Message.objects.filter(state="failed").delete()
    manner = {"quote": True, "chosen": True} if case.quote else {}
    forced = shop.send(shop.queued(case.way, case.text, case.files, **manner))
    return forced.state, forced.reason

"""Intake per network: what its simulator delivers, read by its folder and applied, in one process."""

from __future__ import annotations

import time
from itertools import cycle, islice
from typing import Any

from bench.desk import Desk
from bench.figure import Figure

MESSAGES = 1000
WHERE = ("comment", "mention", "message")


def each_network(desk: Desk) -> list[Figure]:
    """Messages per second from the ledger to visible tickets, for one network after the other."""
    from heed.channels.registry import networks
    from heed.sandbox import Sandbox
    from heed.sandbox.frame import simulators

    figures = []
    for name in sorted(networks().keys() & simulators().keys()):
        with Sandbox(seed=1) as sandbox:
            record, bodies = _deliveries(name, sandbox)
        figures.append(Figure(f"intake, {name}", _rate(name, record, bodies), "messages/s"))
    return figures


def _deliveries(name: str, sandbox: Any) -> tuple[Any, list[bytes]]:
    """The account, and the deliveries that make up a thousand messages of six customers, in every way
    that the network has."""
    from heed.channels.registry import network_named
    from heed.channels.tests.contract import Desk as Counter
    from heed.sandbox.cast import CUSTOMERS
    from heed.sandbox.tests.receiver import Receiver

    with Receiver() as receiver:
        counter = Counter(network_named(name), sandbox, receiver)
        counter.connect()
        simulator = counter.simulator
        ways = [way for way in WHERE if way in simulator.offers]
        if "comment" in ways:
            simulator.do("post", text="The Triglav boot is back.")
        counter.bodies()
        matters = [(way, person.key) for person in CUSTOMERS for way in ways]
        for number, (way, person) in enumerate(islice(cycle(matters), MESSAGES)):
            simulator.do(way, person=person, text=f"Where is my parcel, order {number}? It was due. Čakam.")
        return counter.record, counter.bodies(patience=120)


def _rate(name: str, record: Any, bodies: list[bytes]) -> float:
    from heed.channels.models import Account
    from heed.inbox import intake, ledger
    from heed.inbox.models import Message

    account = Account(
        network=name, name=name, external_id=record.external_id, base_url=record.base_url, facts=record.facts
    )
    account.credentials = dict(record.credentials)
    account.save()
    ledger.append(account.pk, bodies)
    began = time.perf_counter()
    while intake.take_batch():
        pass
    seconds = time.perf_counter() - began
    stored = Message.objects.filter(account=account, direction="in").count()
    if stored < MESSAGES:
        raise RuntimeError(f"{MESSAGES} messages of {name} gave {stored}")
    return stored / seconds

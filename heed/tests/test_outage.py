"""The door alone is killed while the rest of Heed lives: what was sent meanwhile is read afterwards."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from heed.sandbox import Sandbox
from heed.sandbox.cast import CUSTOMERS
from heed.sandbox.frame import Fault
from heed.tests.processes import Processes, processes, url_of

pytestmark = pytest.mark.kill
PEOPLE = [person.key for person in CUSTOMERS[:3]]
NETWORKS = ("facebook", "viber", "bluesky")
"""One that can be asked for what was missed, one that cannot, and one we ask anyway."""
CANNOT_BE_ASKED = "viber"


class Outage:
    """What customers wrote before, during and after it, and what Heed has of it."""

    def __init__(self, desk: Processes, sandbox: Sandbox, connection: psycopg.Connection[Any]) -> None:
        self.desk = desk
        self.sandbox = sandbox
        self.connection = connection
        self.written: Counter[str] = Counter()
        self.lost: set[str] = set()
        self.shut_at: Any = None

    def rows(self, statement: str) -> list[Any]:
        return self.connection.execute(statement.encode()).fetchall()

    def found(self) -> Counter[str]:
        told = self.rows("SELECT substring(text from 'Paket .*') FROM inbox_message WHERE direction = 'in'")
        return Counter(text for (text,) in told if text)

    def connect(self) -> None:
        for network in NETWORKS:
            simulator = self.sandbox[network]
            given = simulator.accounts()[0]
            answer = self.desk.api.post(
                "/accounts",
                json={
                    "network": network, "name": given.name, "external_id": given.external_id,
                    "credentials": dict(given.credentials), "base_url": simulator.url,
                },
            )  # fmt: skip
            assert answer.status_code == 201, answer.text
        self.desk.until(lambda: all(row["state"] == "connected" for row in self.desk.accounts()))
        for network in ("facebook", "bluesky"):
            self.sandbox[network].do("post", text="The Triglav boot is back.")

    def write(self, when: str) -> None:
        """Every customer writes wherever they can."""
        for network in NETWORKS:
            simulator = self.sandbox[network]
            for way in ("message", "comment", "mention"):
                for person in PEOPLE if way in simulator.offers else ():
                    text = f"Paket {when} {network} {way} {person}."
                    simulator.do(way, person=person, text=text)
                    if when == "meanwhile" and network == CANNOT_BE_ASKED:
                        self.lost.add(text)
                    else:
                        self.written[text] += 1

    def shut(self) -> None:
        """Kill the door alone, as if an hour ago, and have every delivery get lost on the way."""
        self.desk.until(lambda: bool(self.rows("SELECT 1 FROM inbox_heartbeat WHERE name = 'door'")))
        self.desk.kill("web")
        hour = "UPDATE inbox_heartbeat SET at = at - interval '1 hour' RETURNING at"
        ((self.shut_at,),) = self.rows(hour)
        for network in NETWORKS:
            self.sandbox.fault(network, Fault("hook", hook="lose", times=-1))

    def open(self, dice: random.Random) -> None:
        """Open the door again, and kill it and the worker while what was missed is looked for."""
        self.sandbox.faults.clear()
        self.desk.start("web")
        self.desk.wait_for_web()
        for name in ("web", "worker"):
            time.sleep(dice.uniform(0, 4))
            self.desk.kill(name)
            self.desk.start(name)
        self.desk.wait_for_web()


@pytest.fixture(scope="module")
def outage(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outage]:
    folder: Path = tmp_path_factory.mktemp("outage")
    dice = random.Random(int(os.environ.get("HEED_KILL_SEED", "4182")))
    database = url_of(os.environ["HEED_DATABASE_URL"], "heed_outage")
    with (
        Sandbox() as sandbox,
        processes(folder, "heed_outage") as desk,
        psycopg.connect(database, autocommit=True) as connection,
    ):
        made = Outage(desk, sandbox, connection)
        for name in ("web", "intake", "worker"):
            desk.start(name)
        desk.wait_for_web()
        made.connect()
        made.write("before")
        desk.until(lambda: made.found() == made.written)
        made.shut()
        made.write("meanwhile")
        made.open(dice)
        made.write("after")
        desk.until(lambda: sum(made.found().values()) >= sum(made.written.values()))
        desk.until(lambda: not made.rows("SELECT 1 FROM inbox_gap WHERE state = 'filling'"))
        yield made


def test_every_message_is_there_once(outage: Outage) -> None:
    assert outage.found() == outage.written
    assert len(outage.lost) == len(PEOPLE)


def test_the_time_is_told_of_every_network_that_calls(outage: Outage) -> None:
    gaps = outage.rows(
        """SELECT a.network, g.state, g.since, g.found > 0 FROM inbox_gap g
           JOIN channels_account a ON a.id = g.account_id ORDER BY 1"""
    )
    assert gaps == [("facebook", "filled", outage.shut_at, True), ("viber", "lost", outage.shut_at, False)]


def test_it_is_seen_to(outage: Outage) -> None:
    assert outage.rows("SELECT silent_since FROM inbox_heartbeat") == [(None,)]

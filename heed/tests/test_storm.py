"""A storm over all networks at once loses nothing and doubles nothing.

Every simulator sends what customers write: signed, doubled, out of order, spoilt at the first
attempt, some in batches with items nobody can read. Meanwhile door, intake and worker are killed at random,
networks ask to slow down, and agents answer.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from heed.channels.tests.contract import NETWORKS, sample_of
from heed.sandbox import Sandbox
from heed.sandbox.cast import CUSTOMERS
from heed.sandbox.frame import Fault, Simulator
from heed.tests.processes import Processes, processes, url_of

pytestmark = pytest.mark.kill
PEOPLE = [person.key for person in CUSTOMERS[:5]]
ROUNDS = 6
"""How often each customer writes, everywhere where they can."""
SPAN = 20.0
"""Seconds over which they do."""
TROUBLES = {"duplicate": 0.3, "reorder": 0.15, "bad_signature": 0.1}
KILLS = 5
IMPATIENT = "wechat"
"""It tries three times, and cannot be asked: what it sends while the door is shut is lost for good."""
ANSWERS = 4
"""How many tickets of each kind are answered on each network."""
OURS = "Kje je paket?"
"""What our customers write. Beside the poison stands what somebody wrote whom no network here knows."""
WHERE = ("message", "comment", "mention")
WAITS = tuple(min(0.3 * 1.3**number, 8.0) for number in range(17))
"""Seconds after which networks try again: soon, and then for as long as a door may take to open."""
POISONED = ("facebook", "instagram", "whatsapp", "line", "site")
"""Networks whose deliveries hold several items, one of which cannot be read here."""


@dataclass
class Storm:
    desk: Processes
    sandbox: Sandbox
    dice: random.Random
    written: Counter[str] = field(default_factory=Counter)
    """The marks of what customers wrote, each once."""
    answers: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By key: the network and the text of each answer."""
    kills: Counter[str] = field(default_factory=Counter)
    over: threading.Event = field(default_factory=threading.Event)
    door: threading.Lock = field(default_factory=threading.Lock)
    """Held while the door is shut."""

    # ------------------------------------------------------------------------ the networks

    def connect(self) -> None:
        for simulator in self.sandbox.simulators.values():
            given = simulator.accounts()[0]
            account = {
                "network": simulator.name, "name": given.name, "external_id": given.external_id,
                "credentials": dict(given.credentials), "base_url": simulator.url,
            }  # fmt: skip
            answer = self.desk.api.post("/accounts", json=account)
            assert answer.status_code == 201, answer.text
            if hasattr(simulator, "play_paste"):
                simulator.do("paste", url=answer.json()["hook_url"])
            simulator.hooks.waits = WAITS
        self.desk.until(lambda: all(row["state"] == "connected" for row in self.desk.accounts()))

    def rage(self, simulator: Simulator) -> None:
        """One network: everybody writes, in all ways it has, and its deliveries go astray."""
        dice = random.Random(f"{self.dice.random()}{simulator.name}")
        ways = [way for way in WHERE if way in simulator.offers]
        if "comment" in ways:
            simulator.do("post", text="The Triglav boot is back.")
        matters = [(way, person) for way in ways for person in PEOPLE] * ROUNDS
        dice.shuffle(matters)
        for number, (way, person) in enumerate(matters):
            mark = f"{simulator.name}-{way}-{number}."
            self._trouble(simulator, dice)
            batch = number % 20 == 7 and hasattr(simulator, "play_gather")
            if batch:
                simulator.do("gather")
            with self.door if simulator.name == IMPATIENT else nullcontext():
                simulator.do(way, person=person, text=f"{OURS} {mark}")
            self.written[mark] += 1
            if batch:
                simulator.do("gather", on=False)
            if number in (3, 30) and simulator.name in POISONED:
                poisoned = sample_of(NETWORKS[simulator.name]).poisoned() or b""
                simulator.do("deliver", body=json.loads(poisoned))
            time.sleep(dice.uniform(0.5, 1.5) * SPAN / len(matters))

    def _trouble(self, simulator: Simulator, dice: random.Random) -> None:
        for trouble, share in TROUBLES.items():
            if dice.random() < share:
                self.sandbox.fault(simulator.name, Fault("hook", hook=trouble))  # type: ignore[arg-type]

    # ------------------------------------------------------------------------- the desk

    def answer(self) -> None:
        """Answer some tickets of every network, each answer with its key until the desk has taken it.

        Ends when the storm is over and every network had one: what is asked for comes after what is sent.
        """
        done: Counter[tuple[str, str]] = Counter()
        seen: set[int] = set()
        with httpx.Client(
            base_url=self.desk.api.base_url, headers=self.desk.api.headers, trust_env=False
        ) as api:
            while not (self.over.is_set() and {network for network, _ in done} == set(NETWORKS)):
                for ticket in self._tickets(api):
                    kind = (ticket["network"], ticket["kind"])
                    if OURS in str(ticket) and ticket["number"] not in seen and done[kind] < ANSWERS:
                        seen.add(ticket["number"])
                        done[kind] += 1
                        self._answer(api, ticket)
                time.sleep(0.5)

    def _tickets(self, api: httpx.Client) -> Iterator[dict[str, Any]]:
        """The unanswered tickets, account after account: all together would be more than one page."""
        with suppress(httpx.TransportError, KeyError, ValueError):  # the desk may just have been killed
            for account in api.get("/accounts").json()["items"]:
                given = {"view": "unanswered", "account": account["id"], "limit": 200}
                yield from api.get("/tickets", params=given).json()["items"]

    def _answer(self, api: httpx.Client, ticket: dict[str, Any]) -> None:
        key, text = str(uuid4()), f"Pogledamo takoj, zahtevek {ticket['number']}."
        given = {"text": text, "visibility": ticket["kind"], "key": key, "mark_answered": True}
        while True:
            with suppress(httpx.TransportError):
                answer = api.post(f"/tickets/{ticket['number']}/messages", json=given)
                break
            time.sleep(0.2)
        assert answer.status_code == 201, answer.text
        self.answers[key] = (ticket["network"], text)

    def kill(self) -> None:
        """Kill each once, with the door that is in the web process, then intake or worker, at random
        moments."""
        either = iter(lambda: self.dice.choice(("intake", "worker")), "")
        for name in chain(("intake", "web", "worker"), either):
            if self.over.wait(self.dice.uniform(0.5, 1.5) * SPAN / KILLS):
                return
            self.kills[name] += 1
            if name == "web":
                self._shut()
            else:
                self.desk.kill(name)
                self.desk.start(name)

    def _shut(self) -> None:
        """Kill the door, with nothing under way that would be lost for good."""
        with self.door:
            self.sandbox[IMPATIENT].hooks.wait()
            self.desk.kill("web")
            self.desk.start("web")
            self.desk.wait_for_web()

    # ----------------------------------------------------------------------- what stands

    def shown(self, network: str, text: str) -> int:
        """How often customers were sent this text: a public one is the same line for all of them."""
        simulator = self.sandbox[network]
        lines: set[str] = set()
        for person in PEOPLE:
            with simulator.lock:
                scene = simulator.scene(person).lines()
            lines |= {line.id for line in scene if line.ours and text in line.text}
        return len(lines)


@pytest.fixture(scope="module")
def storm(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storm]:
    folder: Path = tmp_path_factory.mktemp("storm")
    dice = random.Random(int(os.environ.get("HEED_KILL_SEED", "4182")))
    with Sandbox() as sandbox, processes(folder, "heed_storm") as desk:
        for name in ("web", "intake", "worker"):
            desk.start(name)
        desk.wait_for_web()
        made = Storm(desk, sandbox, dice)
        made.connect()
        for simulator in sandbox.simulators.values():
            sandbox.fault(simulator.name, Fault("POST *", status=429, headers={"Retry-After": "1"}, times=2))
        _let_it_rage(made)
        _wait_until_quiet(made)
        yield made


def _let_it_rage(storm: Storm) -> None:
    networks = [
        threading.Thread(target=storm.rage, args=(simulator,), daemon=True)
        for simulator in storm.sandbox.simulators.values()
    ]
    beside = [
        threading.Thread(target=storm.answer, daemon=True),
        threading.Thread(target=storm.kill, daemon=True),
    ]
    for thread in (*networks, *beside):
        thread.start()
    for thread in networks:
        thread.join(600)
        assert not thread.is_alive(), "the storm does not end"
    storm.over.set()
    for thread in beside:
        thread.join(600)
        assert not thread.is_alive(), "some network is never answered"


def _wait_until_quiet(storm: Storm) -> None:
    """Until every delivery was taken and read, every answer sent, and those who are asked were asked."""
    for simulator in storm.sandbox.simulators.values():
        simulator.hooks.release()
    storm.sandbox.settle()
    with _database() as connection:

        def quiet() -> bool:
            row = connection.execute(_WAITING).fetchone()
            return row == (0,) and len(_found(connection)) >= len(storm.written)

        with suppress(AssertionError):  # what is missing then is what the tests tell
            for _ in range(20):
                storm.desk.until(quiet, 600)  # a job whose worker died last is taken back after half a minute
                time.sleep(3)  # one more round of asking: what was doubled would come now
                storm.desk.stop("worker")  # whoever was asked may have said that an answer is not there
                if quiet():
                    break
                storm.desk.start("worker")


_WAITING = """SELECT (SELECT count(*) FROM inbox_delivery WHERE state = 'pending')
    + (SELECT count(*) FROM inbox_message WHERE state IN ('queued', 'sending', 'retrying'))"""
_FOUND = """SELECT substring(m.text from '[a-z]+-[a-z]+-[0-9]+\\.') AS mark, count(*)
    FROM inbox_message m WHERE m.direction = 'in' GROUP BY 1 HAVING
    substring(min(m.text) from '[a-z]+-[a-z]+-[0-9]+\\.') IS NOT NULL"""


def _database() -> psycopg.Connection[Any]:
    return psycopg.connect(url_of(os.environ["HEED_DATABASE_URL"], "heed_storm"), autocommit=True)


def _found(connection: psycopg.Connection[Any]) -> dict[str, int]:
    return dict(connection.execute(_FOUND).fetchall())


@pytest.fixture
def database() -> Iterator[psycopg.Connection[Any]]:
    with _database() as connection:
        yield connection


def test_it_was_a_storm(storm: Storm) -> None:
    """On every network customers wrote in every way it has, and every process died."""
    assert set(storm.sandbox.simulators) == set(NETWORKS)
    assert set(storm.kills) == {"intake", "web", "worker"}
    assert len(storm.written) >= len(NETWORKS) * ROUNDS * len(PEOPLE)


def test_every_message_is_there_once(storm: Storm, database: psycopg.Connection[Any]) -> None:
    assert _found(database) == dict(storm.written)


def test_nobody_has_two_tickets_for_one_matter(storm: Storm, database: psycopg.Connection[Any]) -> None:
    rows = database.execute(
        """SELECT t.account_id, i.external_id, t.kind, t.post_id, count(*)
           FROM inbox_ticket t JOIN inbox_identity i ON i.id = t.identity_id JOIN channels_account a
           ON a.id = t.account_id WHERE a.network <> 'email' GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"""
    ).fetchall()
    assert rows == []


def test_only_the_poison_was_set_aside(storm: Storm, database: psycopg.Connection[Any]) -> None:
    rows = database.execute(
        """SELECT a.network, d.state, count(*) FROM inbox_delivery d JOIN channels_account a
           ON a.id = d.account_id GROUP BY 1, 2"""
    ).fetchall()
    aside = {network for network, state, _ in rows if state == "set_aside"}
    assert aside == set(POISONED)
    assert not [row for row in rows if row[1] == "pending"]


def test_every_answer_is_sent_once(storm: Storm, database: psycopg.Connection[Any]) -> None:
    rows = database.execute(
        "SELECT send_key::text, state, reason, detail FROM inbox_message WHERE author_id IS NOT NULL"
    )
    states = {row[0]: row[1:] for row in rows}
    assert set(states) == set(storm.answers)
    assert {network for network, _ in storm.answers.values()} == set(NETWORKS)
    for key, (network, text) in storm.answers.items():
        state, *why = states[key]
        shown = storm.shown(network, text)
        assert shown <= 1, (network, text, shown)
        if state == "unknown":
            continue  # a worker died while it was sending, and the network cannot say: a person decides
        assert state in ("sent", "delivered", "seen"), (network, state, why)
        assert shown == 1, (network, state)

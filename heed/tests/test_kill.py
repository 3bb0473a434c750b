"""Nothing is lost and nothing doubled, whatever is killed and whenever.

Ten thousand signed events, thirty in a hundred sent twice, in shuffled order, while web, intake
and worker are killed at random moments, each several times; answers go out all the while.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest

from heed.lib.crypto import hmac_sha256_hex
from heed.lib.loopback import Loopback
from heed.tests.processes import Processes, processes, url_of

SECRET = "secret-of-the-kill-test"
UNIQUE = 10_000
TWICE = 0.3
START = 1_760_000_000
ANSWERS = 60
KILLS = 4
"""How often each process is killed, at most: a start costs more than a thousand events."""


class Stub:
    """Takes answers as Viber does and counts each, slowly enough to be interrupted."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                answer: dict[str, Any] = {"status": 0, "status_message": "ok", "event_types": []}
                if self.path.endswith("/send_message"):
                    stub.taken[asked["tracking_data"]] += 1
                    answer["message_token"] = time.time_ns()
                    time.sleep(0.05)
                elif self.path.endswith("/get_account_info"):
                    answer.update(id="pa:1", name="Acme", uri="acme")
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.url = Loopback(Handler).begin().url


@dataclass
class Plan:
    """The deliveries to send and what must stand in the end."""

    deliveries: list[tuple[str, bytes]] = field(default_factory=list)
    expected: dict[str, tuple[str, int, bool]] = field(default_factory=dict)
    """Text, time and *removed* by external id."""
    tickets: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    """Time and external id of the messages of each person (and post)."""


def plan(dice: random.Random) -> Plan:
    made = Plan()
    for number in range(UNIQUE // 2):
        _viber(made, number)
    for number in range(0, UNIQUE // 2 - 600, 2):
        _comments(made, number)
    for number in range(400):
        _change(made, number, "edited")
    for number in range(400, 600):
        _change(made, number, "remove")
    made.deliveries += dice.sample(made.deliveries, int(len(made.deliveries) * TWICE))
    dice.shuffle(made.deliveries)
    return made


def _viber(made: Plan, number: int) -> None:
    person, token, at = f"p{number % 400}==", str(5_000_000_000_000_000_000 + number), START + number
    event = {
        "event": "message",
        "timestamp": at * 1000,
        "message_token": int(token),
        "sender": {"id": person, "name": "Tuya Bold"},
        "message": {"type": "text", "text": f"Хүргэлт хэзээ ирэх вэ? {number}"},
    }
    made.deliveries.append(("viber", json.dumps(event, ensure_ascii=False).encode()))
    made.expected[token] = (event["message"]["text"], at, False)  # type: ignore[index]
    made.tickets[person].append((at, token))


def _feed(number: int, verb: str, text: str, at: int) -> dict[str, Any]:
    value = {
        "item": "comment", "verb": verb, "post_id": f"448_{number % 20}", "parent_id": f"448_{number % 20}",
        "comment_id": f"{number % 20}_{number}", "from": {"id": str(7000 + number % 300), "name": "Lea Marn"},
        "created_time": at, "message": text,
    }  # fmt: skip
    if verb == "remove":
        del value["message"]
    return {"field": "feed", "value": value}


def _entry(*changes: dict[str, Any]) -> bytes:
    return json.dumps(
        {"object": "page", "entry": [{"id": "448", "time": START, "changes": changes}]}
    ).encode()


def _comments(made: Plan, first: int) -> None:
    """Two comments to a delivery, as Facebook batches them."""
    changes = []
    for number in (first, first + 1):
        text, at = f"Čakam že teden dni 😀 {number}", START + number
        changes.append(_feed(number, "add", text, at))
        made.expected[f"{number % 20}_{number}"] = (text, at, False)
        made.tickets[f"{7000 + number % 300}/{number % 20}"].append((at, f"{number % 20}_{number}"))
    made.deliveries.append(("facebook", _entry(*changes)))


def _change(made: Plan, number: int, verb: str) -> None:
    text = f"Popravek {number}"
    made.deliveries.append(("facebook", _entry(_feed(number, verb, text, START + 50_000 + number))))
    key = f"{number % 20}_{number}"
    before, at, _ = made.expected[key]
    made.expected[key] = (text, at, False) if verb == "edited" else (before, at, True)


class Sender:
    """Delivers as networks do: again and again until it is acknowledged."""

    def __init__(self, hooks: dict[str, str], work: list[tuple[str, bytes]]) -> None:
        self._hooks, self._work = hooks, list(work)
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(6)]
        for thread in self.threads:
            thread.start()

    def _run(self) -> None:
        line = http.client.HTTPConnection(urlsplit(next(iter(self._hooks.values()))).netloc, timeout=60)
        while self._work:
            try:
                network, body = self._work.pop()
            except IndexError:
                break
            self._deliver(line, urlsplit(self._hooks[network]).path, body)
        line.close()

    def _deliver(self, line: http.client.HTTPConnection, path: str, body: bytes) -> None:
        signature = hmac_sha256_hex(SECRET, body)
        headers = {"x-viber-content-signature": signature, "x-hub-signature-256": f"sha256={signature}"}
        while True:
            try:
                line.request("POST", path, body, headers)
                answer = line.getresponse()
                answer.read()
                if answer.status == 200:
                    return
            except (OSError, http.client.HTTPException):
                line.close()
            time.sleep(0.1)


def answer_on(desk: Processes, stop: threading.Event, answers: dict[str, int]) -> None:
    """Answer Viber tickets, each answer with its key until the desk has taken it."""
    with httpx.Client(base_url=desk.api.base_url, headers=desk.api.headers, trust_env=False) as api:
        while len(answers) < ANSWERS and not stop.is_set():
            ticket = _patiently(lambda: _some_ticket(api), stop)
            key = str(uuid4())
            text = {"text": "We look into it.", "visibility": "private", "key": key}
            taken = _patiently(lambda t=ticket, x=text: api.post(f"/tickets/{t}/messages", json=x), stop)  # type: ignore[misc]
            if taken is not None:
                assert taken.status_code == 201, taken.text
                answers[key] = ticket
            time.sleep(0.15)


def _some_ticket(api: httpx.Client) -> int:
    page = api.get("/tickets", params={"view": "unanswered"}).json()["items"]
    return random.choice([int(row["number"]) for row in page if row["network"] == "viber"])


def _patiently(ask: Callable[[], Any], stop: threading.Event) -> Any:
    """Ask until there is an answer: the desk may just have been killed."""
    while not stop.is_set():
        try:
            return ask()
        except (httpx.TransportError, LookupError, ValueError):
            time.sleep(0.1)
    return None


@pytest.fixture(scope="module")
def aftermath(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    dice = random.Random(int(os.environ.get("HEED_KILL_SEED", "4182")))
    made, stub = plan(dice), Stub()
    folder: Path = tmp_path_factory.mktemp("kill")
    with processes(folder, "heed_kill") as desk:
        began = time.monotonic()
        for name in ("web", "intake", "worker"):
            desk.start(name)
        desk.wait_for_web()
        breath = time.monotonic() - began
        hooks = _connect(desk, stub)
        answers: dict[str, int] = {}
        stop = threading.Event()
        sender = Sender(hooks, made.deliveries)
        answering = threading.Thread(target=answer_on, args=(desk, stop, answers), daemon=True)
        answering.start()
        kills = _kill_while(desk, sender, answering, dice, breath)
        stop.set()
        database = url_of(os.environ["HEED_DATABASE_URL"], "heed_kill")
        with psycopg.connect(database, autocommit=True) as connection:
            _wait_until_quiet(connection)
            yield {"plan": made, "stub": stub, "db": connection, "kills": kills, "answers": answers}


def _connect(desk: Processes, stub: Stub) -> dict[str, str]:
    credentials = {
        "viber": {"auth_token": SECRET},
        "facebook": {"app_secret": SECRET, "page_token": "page-token", "verify_token": "verify"},
    }
    hooks = {}
    for network, fields in credentials.items():
        account = {
            "network": network, "name": f"Acme {network}", "base_url": stub.url,
            "external_id": "448" if network == "facebook" else "", "credentials": fields,
        }  # fmt: skip
        answer = desk.api.post("/accounts", json=account)
        assert answer.status_code == 201, answer.text
        hooks[network] = answer.json()["hook_url"]
    return hooks


def _kill_while(
    desk: Processes, sender: Sender, answering: threading.Thread, dice: random.Random, breath: float
) -> Counter[str]:
    """Kill one process after the other at random moments; `breath` is how long a start takes here."""
    kills: Counter[str] = Counter()
    busy = [*sender.threads, answering]
    each, more = ["web", "intake", "worker"], ["web", "intake", "worker"] * (KILLS - 1)
    dice.shuffle(each)
    dice.shuffle(more)
    for name in (*each, *more):
        time.sleep(dice.uniform(0.1, 1.5) * breath)
        if not any(thread.is_alive() for thread in busy):
            break
        desk.kill(name)
        kills[name] += 1
        desk.start(name)
    for thread in busy:
        thread.join(600)
        assert not thread.is_alive(), "not everything was taken"
    return kills


def _wait_until_quiet(connection: psycopg.Connection[Any]) -> None:
    """Until nothing waits any more; on a busy machine that is long, but then it becomes less."""
    waiting = """SELECT (SELECT count(*) FROM inbox_delivery WHERE state = 'pending')
        + (SELECT count(*) FROM inbox_message WHERE state IN ('queued', 'sending', 'retrying'))"""
    least, patience = 1_000_000, 1500
    while patience:
        (left,) = connection.execute(waiting).fetchone() or (0,)
        if left == 0:
            return
        patience = 1500 if left < least else patience - 1
        least = min(least, left)
        time.sleep(0.2)
    raise AssertionError(f"{least} still wait")


@pytest.mark.kill
def test_exactly_the_expected_messages_exist(aftermath: dict[str, Any]) -> None:
    rows = aftermath["db"].execute(
        "SELECT external_id, text, at, removed_at IS NOT NULL FROM inbox_message WHERE direction = 'in'"
    )
    found = {row[0]: (row[1], int(row[2].timestamp()), row[3]) for row in rows}
    assert set(aftermath["kills"]) == {"web", "intake", "worker"}
    assert found == aftermath["plan"].expected


@pytest.mark.kill
def test_every_message_exists_once_in_the_networks_order(aftermath: dict[str, Any]) -> None:
    rows = aftermath["db"].execute(
        """SELECT i.external_id, p.external_id, array_agg(m.external_id ORDER BY m.at, m.external_id)
           FROM inbox_message m JOIN inbox_ticket t ON t.id = m.ticket_id
           JOIN inbox_identity i ON i.id = t.identity_id
           LEFT JOIN inbox_post p ON p.id = t.post_id WHERE m.direction = 'in' GROUP BY t.id, 1, 2"""
    )
    found = {}
    for person, post, ids in rows:
        key = f"{person}/{post.split('_')[1]}" if post else person
        assert key not in found, "two tickets for one matter"
        found[key] = ids
    assert found == {
        key: [each for _, each in sorted(items)] for key, items in aftermath["plan"].tickets.items()
    }


@pytest.mark.kill
def test_the_ledger_holds_every_acknowledged_delivery(aftermath: dict[str, Any]) -> None:
    states = dict(aftermath["db"].execute("SELECT state, count(*) FROM inbox_delivery GROUP BY 1").fetchall())
    assert set(states) == {"done"}
    assert states["done"] >= len(aftermath["plan"].deliveries)


@pytest.mark.kill
def test_no_answer_is_sent_twice(aftermath: dict[str, Any]) -> None:
    taken: Counter[str] = aftermath["stub"].taken
    assert not {key: count for key, count in taken.items() if count > 1}
    rows = aftermath["db"].execute("SELECT send_key::text, state FROM inbox_message WHERE direction = 'out'")
    states = dict(rows.fetchall())
    assert set(aftermath["answers"]) <= set(states)
    assert len(aftermath["answers"]) == ANSWERS
    for key, state in states.items():
        assert state in ("sent", "unknown"), (key, state)
        if state == "sent":
            assert taken[key] == 1


@pytest.mark.kill
def test_the_counters_agree_with_the_tickets(aftermath: dict[str, Any]) -> None:
    database = aftermath["db"]
    kept = database.execute("SELECT sum(open), sum(unanswered) FROM inbox_tallychange").fetchone()
    counted = database.execute(
        """SELECT count(*) FILTER (WHERE status <> 'solved'), count(*) FILTER (WHERE unanswered)
           FROM inbox_ticket"""
    ).fetchone()
    assert kept == counted

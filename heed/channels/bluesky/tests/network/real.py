"""A real Bluesky network on loopback, with PostgreSQL and Redis of its own, thrown away at the end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg

from heed.channels.bluesky.tests.network.install import Installed
from heed.lib.postgres import Embedded

HERE = Path(__file__).parent
PASSWORD = "kind-words-42"
_READY_WITHIN = 120
_SETTLED_WITHIN = 30


class RealNetwork:
    """`with RealNetwork(installed) as network: network.url`, the address of the accounts' server."""

    def __init__(self, where: Installed) -> None:
        self._where = where
        self._folder = Path(tempfile.mkdtemp(prefix="heed-bluesky-"))
        self._folder.chmod(0o755)
        self._started = ExitStack()
        self._ports = dict(
            zip(("pds", "bsky", "plc", "ozone", "control", "redis"), _free_ports(6), strict=True)
        )
        self.url = f"http://localhost:{self._ports['pds']}"
        self._control = f"http://localhost:{self._ports['control']}"
        self.http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def __enter__(self) -> RealNetwork:
        with ExitStack() as started:
            started.callback(shutil.rmtree, self._folder, ignore_errors=True)
            database = self._start_database(started)
            self._start_redis(started)
            self._start_network(started, database)
            self._started = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self._started.close()

    def person(self, handle: str) -> Customer:
        """Someone with an account here, made on first asking. Handles end in `.test`."""
        answer = self.http.post(
            "/xrpc/com.atproto.server.createAccount",
            json={"handle": handle, "email": f"{handle}@example.com", "password": PASSWORD},
        )
        if answer.json().get("error") == "HandleNotAvailable":
            answer = self.http.post(
                "/xrpc/com.atproto.server.createSession", json={"identifier": handle, "password": PASSWORD}
            )
        if answer.status_code != 200:
            raise AssertionError(f"no account for {handle}: {answer.text[:500]}")
        return Customer(self, answer.json())

    def settle(self) -> None:
        """Wait until everything written so far can be seen by everyone."""
        until = time.monotonic() + _SETTLED_WITHIN
        while True:
            answer = self.http.get(f"{self._control}/")
            if answer.status_code == 200:
                return
            assert time.monotonic() < until, answer.text  # after a restart its readers take a moment
            time.sleep(0.2)

    def calls(self, nsid: str) -> int:
        """How often the accounts' server was asked for this."""
        found: dict[str, int] = self.http.get(f"{self._control}/calls").json()
        return found.get(nsid, 0)

    def restart(self, away: float = 0, **limits: int) -> None:
        """The accounts' server goes as in a power cut and comes back over its data after `away` seconds.

        With `hour` and `points` its limits hold: so many points of writing in an hour of so many seconds.
        """
        self._do("restart", away=away, **limits)

    def cut(self, nsid: str, when: str, *, skip: int = 0, away: float = 0) -> None:
        """Let the next call of this kind, after `skip` others, be cut `before` or `after` it is done;
        the server goes with it for `away` seconds."""
        self._do("cut", nsid=nsid, when=when, skip=skip, away=away)

    def age(self, did: str) -> None:
        """Two hours pass for every access token used so far that the account's app passwords gave."""
        self._do("age", did=did)

    def _do(self, what: str, **given: Any) -> None:
        answer = self.http.post(f"{self._control}/{what}", json=given)
        assert answer.status_code == 200, answer.text

    def _start_database(self, started: ExitStack) -> str:
        database = Embedded(self._folder / "postgres", forgetful=True)
        url = database.start()
        started.callback(database.stop)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE network")
        host = parse_qs(urlsplit(url).query)["host"][0]
        return f"postgres://postgres@localhost/network?host={host}"

    def _start_redis(self, started: ExitStack) -> None:
        self._run(
            started,
            [self._where.redis, "--port", str(self._ports["redis"]), "--bind", "127.0.0.1", "--save", ""],
            {},
        )
        _wait_for_port(self._ports["redis"])

    def _start_network(self, started: ExitStack, database: str) -> None:
        process = self._run(
            started,
            [self._where.node, "--import", HERE / "loopback.mjs", HERE / "start.mjs"],
            {
                "NETWORK_PACKAGES": str(self._where.packages),
                "NETWORK_PORTS": json.dumps(self._ports),
                "DB_POSTGRES_URL": database,
                "DB_POSTGRES_SCHEMA": "dev",
                "REDIS_HOST": f"127.0.0.1:{self._ports['redis']}",
                "NODE_ENV": "development",
                "LOG_ENABLED": "false",
                "TMPDIR": str(self._folder),
            },
        )
        until = time.monotonic() + _READY_WITHIN
        log = self._folder / "node.log"
        while '"ready":true' not in log.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the network did not start:\n{log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.2)

    def _run(
        self, started: ExitStack, command: list[Path | str], settings: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        log = started.enter_context((self._folder / f"{Path(str(command[0])).name}.log").open("wb"))
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=self._folder,
            env={**os.environ, **settings},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        started.callback(_stop, process)
        return process


class Customer:
    """A person with an account of their own, acting by the network's own calls."""

    def __init__(self, network: RealNetwork, session: Mapping[str, Any]) -> None:
        self.did = str(session["did"])
        self.handle = str(session["handle"])
        self._network = network
        self._token = str(session["accessJwt"])

    def get(self, nsid: str, **params: Any) -> dict[str, Any]:
        return self._answer(self._network.http.get(f"/xrpc/{nsid}", params=params, headers=self._headers()))

    def call(self, nsid: str, **body: Any) -> dict[str, Any]:
        return self._answer(self._network.http.post(f"/xrpc/{nsid}", json=body, headers=self._headers()))

    def upload(self, content: bytes, mime: str) -> dict[str, Any]:
        headers = {**self._headers(), "content-type": mime}
        answer = self._network.http.post(
            "/xrpc/com.atproto.repo.uploadBlob", content=content, headers=headers
        )
        blob: dict[str, Any] = self._answer(answer)["blob"]
        return blob

    def post(self, text: str, **more: Any) -> dict[str, Any]:
        """Post something; gives back its uri and cid."""
        record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": _now(), **more}
        return self._create("app.bsky.feed.post", record)

    def mention(self, whom: Customer, text: str, **more: Any) -> dict[str, Any]:
        """Post something that begins with the other's handle."""
        said = f"@{whom.handle} {text}"
        facet = {
            "index": {"byteStart": 0, "byteEnd": len(whom.handle) + 1},
            "features": [{"$type": "app.bsky.richtext.facet#mention", "did": whom.did}],
        }
        return self.post(said, facets=[facet], **more)

    def react(self, collection: str, subject: Mapping[str, Any]) -> dict[str, Any]:
        to = {"uri": subject["uri"], "cid": subject["cid"]}
        return self._create(collection, {"$type": collection, "subject": to, "createdAt": _now()})

    def delete(self, uri: str) -> None:
        _, _, did, collection, rkey = uri.split("/")
        self.call("com.atproto.repo.deleteRecord", repo=did, collection=collection, rkey=rkey)

    def _create(self, collection: str, record: Mapping[str, Any]) -> dict[str, Any]:
        return self.call(
            "com.atproto.repo.createRecord", repo=self.did, collection=collection, record=dict(record)
        )

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token}"}

    def _answer(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.status_code != 200:
            raise AssertionError(f"{answer.request.url.path}: {answer.status_code} {answer.text[:500]}")
        parsed: dict[str, Any] = answer.json() if answer.content else {}
        return parsed


def _now() -> str:
    seconds = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdin:
        process.stdin.close()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as open_ones:
        ports = []
        for _ in range(count):
            held = open_ones.enter_context(socket.socket())
            held.bind(("127.0.0.1", 0))
            ports.append(int(held.getsockname()[1]))
        return ports


def _wait_for_port(port: int) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return

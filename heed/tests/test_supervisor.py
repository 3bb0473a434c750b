"""Everything started by one command, and everything gone when it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from heed import supervisor
from heed.lib.loopback import Loopback
from heed.lib.postgres import running_url
from heed.tests.processes import own_port
from heed.tests.test_house import HOME

_LONGEST = 300.0  # seconds; only a broken Heed needs them
_PATIENTLY = """
import sys
from heed import __main__, supervisor
supervisor._GRACE = supervisor._SLOWEST_START = 200.0  # on a machine with much else to do
sys.exit(__main__.main())
"""


class Started:
    """A `bin/run --empty` of its own."""

    def __init__(self, data: Path) -> None:
        self._log = data.with_name("log")
        ours = ("HEED_", "DJANGO_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-c", _PATIENTLY, "run", "--empty",
                    "--port", str(own_port()), "--data", str(data),
                ],
                cwd=HOME, env=inherited, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self._log.read_text()

    def address(self) -> str:
        until(lambda: "Heed is ready" in self.said or self.process.poll() is not None)
        found = re.search(r"^Heed is ready at (http://127\.0\.0\.1:\d+)$", self.said, re.MULTILINE)
        assert found, self.said
        return found[1]

    def parts(self) -> list[psutil.Process]:
        """All but the database."""
        return [each for each in psutil.Process(self.process.pid).children() if _words(each)[1:2] == ["-m"]]

    def part(self, name: str) -> psutil.Process | None:
        return next((each for each in self.parts() if _words(each)[2:4] == ["heed", name]), None)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def _words(process: psutil.Process) -> list[str]:
    """With what it was started; nothing when it is gone."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def sign_in(heed: Started, address: str) -> httpx.Client:
    """A browser of the owner."""
    browser = httpx.Client(base_url=address, follow_redirects=True, timeout=_LONGEST)
    page = browser.get("/")
    found = re.search(r"(\S+@\S+)  password (\S+)", heed.said)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert found
    assert token
    answer = browser.post(
        page.url,
        data={"login": found[1], "password": found[2], "csrfmiddlewaretoken": token[1]},
        headers={"Referer": str(page.url)},
    )
    assert answer.status_code == 200
    return browser


def connected(data: Path) -> set[str]:
    """What the database calls those who hold a connection."""
    with psycopg.connect(running_url(str(data)), autocommit=True) as database:
        return {name for (name,) in database.execute("SELECT application_name FROM pg_stat_activity")}


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + _LONGEST
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def gone(processes: list[psutil.Process]) -> bool:
    return not any(_lives(each) for each in processes)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """Empty at the first start only, as in real life. Not below pytest's own folder: that one is closed
    to the user the database may run as."""
    with tempfile.TemporaryDirectory(prefix="heed-test-") as own:
        yield Path(own, "a data folder")


@pytest.fixture
def started(data: Path) -> Iterator[Started]:
    heed = Started(data)
    yield heed
    if heed.process.poll() is None:
        heed.process.terminate()
        heed.process.wait(_LONGEST)


def test_it_answers_minds_its_parts_and_leaves_nothing(started: Started, data: Path) -> None:
    address = started.address()
    assert httpx.get(address, follow_redirects=True).status_code == 200
    assert "owner@localhost  password " in started.said
    until(lambda: connected(data) >= {"heed web", "heed intake", "heed worker"})

    second = subprocess.run(
        [sys.executable, "-m", "heed", "run", "--data", str(data)],
        cwd=HOME, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert second.stderr == (
        f"Heed already runs on {data} ({address}). Stop it first, or choose another with --data.\n"
    )

    intake = started.part("intake")
    assert intake
    intake.kill()
    until(lambda: "intake ended (signal SIGKILL); starting it again" in started.said)
    until(lambda: started.part("intake") is not None)

    family = started.family()
    with sign_in(started, address).stream("GET", "/live") as live:
        assert live.headers["content-type"].startswith("text/event-stream")
        next(live.iter_lines())
        os.killpg(started.process.pid, signal.SIGINT)  # Ctrl-C reaches the whole group
        assert started.process.wait(_LONGEST) == 0
    assert gone(family)
    assert "by force" not in started.said
    assert "Traceback" not in started.said


def test_nothing_stays_when_it_is_killed(started: Started) -> None:
    started.address()
    family, parts = started.family(), started.parts()
    started.process.kill()
    assert len(parts) == 3
    until(lambda: gone(parts))
    if sys.platform == "linux":
        until(lambda: gone(family))


def test_a_taken_port_is_named(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        other = subprocess.run(
            [sys.executable, "-m", "heed", "run", "--port", str(port), "--data", str(data)],
            cwd=HOME, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert other.returncode == 1
    assert f"Port {port} is taken" in other.stderr


def test_a_free_port_is_found_and_held() -> None:
    with supervisor._free_socket(0, "127.0.0.1") as held:
        port = supervisor._port_of(held)
        assert port >= 49152
        with pytest.raises(supervisor.CannotRun, match=f"Port {port} is taken"):
            supervisor._free_socket(port, "127.0.0.1")


def test_two_copies_side_by_side_share_no_port(tmp_path: Path) -> None:
    """Whoever chose a port has it at once, though its set-up takes long."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with ExitStack() as open_ports:
        web = open_ports.enter_context(supervisor._free_socket(0, "127.0.0.1"))
        chosen = []
        for folder in (first, second):
            sockets = supervisor._sandbox_sockets(folder, supervisor._port_of(web))
            chosen += [supervisor._port_of(open_ports.enter_context(each)) for each in sockets]
        assert len({supervisor._port_of(web), *chosen}) == 7
        assert chosen[:3] == list(range(chosen[0], chosen[0] + 3))
        for port in chosen:
            with pytest.raises(supervisor.CannotRun, match="is taken"):
                supervisor._free_socket(port, "127.0.0.1")


def test_the_networks_come_back_to_their_ports(tmp_path: Path) -> None:
    with ExitStack() as open_ports:
        for each in supervisor._sandbox_sockets(tmp_path, 49152):
            open_ports.enter_context(each)
        kept = int((tmp_path / "sandbox-port").read_text())
    with ExitStack() as open_ports:
        again = [open_ports.enter_context(each) for each in supervisor._sandbox_sockets(tmp_path, 8000)]
        assert supervisor._port_of(again[0]) == kept
        with ExitStack() as others:
            elsewhere = [others.enter_context(each) for each in supervisor._sandbox_sockets(tmp_path, kept)]
            assert supervisor._port_of(elsewhere[0]) > kept + 2


@pytest.mark.parametrize(
    ("bind", "reached"),
    [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("127.0.0.2", "127.0.0.2")],  # noqa: S104
)
def test_it_asks_where_it_listens(bind: str, reached: str) -> None:
    assert supervisor._reached_at(bind) == reached


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only 127.0.0.1 is there by itself")
def test_an_address_of_its_own_answers() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # held and not listening: nobody else answers there meanwhile
        port = nobody.getsockname()[1]
        with Loopback(SimpleHTTPRequestHandler, port, "127.0.0.2"):
            assert supervisor._answers("127.0.0.2", port)
            assert not supervisor._answers("127.0.0.1", port)

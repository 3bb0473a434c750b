"""Everything on one machine: the database, the processes that work on it, their start and their end."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

from heed.lib.postgres import CannotStart, Embedded

HOME = Path(__file__).resolve().parent.parent
_PYTHON = Path(sys.executable).name  # ours comes first in PATH: short lines in a list of processes
_GRACE = 10.0  # seconds for every process to end by itself
_STEADY = 60.0  # seconds after which a process that ended had been running well
_SLOWEST_START = 120.0  # seconds until the first page must have answered


class CannotRun(Exception):
    """Heed does not start; the text is for the person at the terminal."""


class _Stop(BaseException):
    """Somebody asked us to stop."""


class Part:
    """One process that is started, watched and started again when it dies."""

    def __init__(
        self, name: str, arguments: list[str], sockets: Sequence[socket.socket] = (), **secrets: str
    ) -> None:
        """`sockets` listen already and are handed on at every start: nobody else gets its ports meanwhile.
        `secrets` go to its environment: everybody on the machine may read a command line."""
        self.name = name
        self._sockets = [each.fileno() for each in sockets]
        handed = ["--sockets", ",".join(map(str, self._sockets))] if sockets else []
        self._arguments = [*arguments, *handed]
        self._secrets = secrets
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._again_at = 0.0
        self._pause = 0.5

    def start(self) -> None:
        """In a session of its own: a signal to our process group is ours to pass on, in order."""
        self._process = subprocess.Popen(
            [_PYTHON, "-m", "heed", self.name, *self._arguments],
            stdin=subprocess.PIPE,  # never written: it closes when we are gone, and the part ends itself
            start_new_session=True,
            pass_fds=self._sockets,
            env={**os.environ, **self._secrets},
        )
        self._started = time.monotonic()
        self._again_at = 0.0

    def ended(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.poll() if self._process else None

    def tend(self) -> None:
        """Start it again when it died, after a pause that doubles while it keeps dying."""
        code = self.ended()
        if code is None:
            return
        now = time.monotonic()
        if not self._again_at:
            self._pause = 1.0 if now - self._started > _STEADY else min(self._pause * 2, 30.0)
            self._again_at = now + self._pause
            _say(f"{self.name} ended ({_reason(code)}); starting it again in {self._pause:.0f} s")
        elif now >= self._again_at:
            self.start()

    def ask_to_end(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def see_it_end(self, until: float) -> None:
        """Wait for its end until this time of the monotonic clock, then force it."""
        if not self._process:
            return
        try:
            self._process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            _say(f"{self.name} did not end in time and is stopped by force")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def run(data: Path | None, port: int | None, bind: str, *, empty: bool) -> int:
    """Run until told to stop. Returns the exit code: 0 after an orderly end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    folder = (data or Path(os.environ.get("HEED_DATA") or HOME / "data")).expanduser().resolve()
    try:
        with _held(folder) as lock, _database(folder) as url, contextlib.ExitStack() as ports:
            web = ports.enter_context(_free_socket(port, bind))
            networks = [] if empty else _sandbox_sockets(folder, _port_of(web))
            for each in networks:
                ports.enter_context(each)
            return _run_on(folder, url, lock, web, bind, networks)
    except (CannotRun, CannotStart) as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except _Stop:
        return 0


def _run_on(
    folder: Path,
    url: str,
    lock: IO[str],
    listening: socket.socket,
    bind: str,
    networks: list[socket.socket],
) -> int:
    """`listening` is the socket of the pages, `networks` those of the sandbox, if there is to be one."""
    port, sandbox_ports = _port_of(listening), [_port_of(each) for each in networks]
    here = _reached_at(bind)
    public = f"http://{f'[{here}]' if ':' in here else here}:{port}"
    _write(lock, public)
    _prepare_environment(folder, url, public, sandbox_ports)
    welcome = _set_up(demo=bool(networks))
    web = Part("web", ["--port", str(port), "--bind", bind], [listening])
    parts = [web, Part("intake", []), Part("worker", [])]
    if networks:
        token = (folder / "api-token").read_text().strip()
        parts.append(Part("sandbox", ["--heed", public], networks, HEED_API_TOKEN=token))
    try:
        for part in parts:
            part.start()
        _wait_for_pages(web, here, port)
        if sandbox_ports:
            _wait_a_moment_for(sandbox_ports[0])
        print(f"Heed is ready at {public}\n{welcome}", end="")
        if sandbox_ports:
            print(f"  Play a customer at  http://127.0.0.1:{sandbox_ports[0]}")
        print(f"  API token in        {folder / 'api-token'}\n  Stop with Ctrl-C", flush=True)
        while True:
            for part in parts:
                part.tend()
            time.sleep(0.3)
    finally:
        _quiet()
        listening.close()  # whoever knocks from now on is turned away, and does not wait for nobody
        _end(parts[:3])
        _end(parts[3:])  # the sandbox last: nobody complains that a network went away


def _end(parts: list[Part]) -> None:
    for part in parts:
        part.ask_to_end()
    until = time.monotonic() + _GRACE
    for part in parts:
        part.see_it_end(until)


def _on_signal(number: int, frame: FrameType | None) -> None:
    _quiet()
    raise _Stop


def _quiet() -> None:
    """Once we are stopping, asking again changes nothing."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[IO[str]]:
    """The data folder, for us alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except OSError as trouble:
        sentence = f"Heed cannot write to {folder} ({trouble.strerror}). Choose another with --data."
        raise CannotRun(sentence) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            where = lock.read().strip() or "starting up"
            sentence = (
                f"Heed already runs on {folder} ({where}). Stop it first, or choose another with --data."
            )
            raise CannotRun(sentence) from None
        _write(lock, "")
        yield lock
        _write(lock, "")


def _write(lock: IO[str], text: str) -> None:
    lock.seek(0)
    lock.truncate()
    lock.write(text)
    lock.flush()


@contextlib.contextmanager
def _database(folder: Path) -> Iterator[str]:
    """The URL of the database: the given one, else the embedded one, stopped at the end."""
    given = os.environ.get("HEED_DATABASE_URL", "")
    if given:
        yield given
        return
    embedded = Embedded(folder / "postgres")
    try:
        yield embedded.start()
    finally:
        _quiet()
        embedded.stop()


def _prepare_environment(folder: Path, url: str, public: str, sandbox_ports: list[int]) -> None:
    """What every part finds in its environment."""
    here = os.environ
    here["HEED_DATA"] = str(folder)
    here["HEED_DATABASE_URL"] = url
    here.setdefault("HEED_PUBLIC_URL", public)
    here["MINDED_BY_HEED"] = "1"
    here["PYTHONUNBUFFERED"] = "1"
    here["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), here.get("PATH", os.defpath)])
    here.setdefault("MALLOC_ARENA_MAX", "1")  # glibc would keep an arena of memory per thread
    if sandbox_ports:
        ours = [f"127.0.0.1:{port}" for port in sandbox_ports]
        hosts = [here.get("HEED_ALLOW_PRIVATE_HOSTS", ""), *ours]
        here["HEED_ALLOW_PRIVATE_HOSTS"] = ",".join(filter(None, hosts))


def _set_up(*, demo: bool) -> str:
    """Bring database, translations and static files up to date; what to tell the person comes back."""
    done = subprocess.run(
        [_PYTHON, "-m", "heed", "setup", *(["--demo"] if demo else [])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, "MINDED_BY_HEED": ""},
        start_new_session=True,
        check=False,
    )
    if done.returncode:
        raise CannotRun("Heed could not set itself up; the lines above say why.")
    return done.stdout.decode()


def _wait_for_pages(web: Part, host: str, port: int) -> None:
    until = time.monotonic() + _SLOWEST_START
    while not _answers(host, port):
        if (code := web.ended()) is not None:
            raise CannotRun(f"The web process did not start ({_reason(code)}); the lines above say why.")
        if time.monotonic() > until:
            raise CannotRun(f"The web process did not answer within {_SLOWEST_START:.0f} s.")
        time.sleep(0.1)


def _wait_a_moment_for(port: int) -> None:
    """The sandbox may still be painting its pictures; Heed is ready without it."""
    until = time.monotonic() + 10
    while not _answers("127.0.0.1", port) and time.monotonic() < until:
        time.sleep(0.1)


def _reached_at(bind: str) -> str:
    """The address at which this machine reaches what listens on `bind`."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_socket(wanted: int | None, bind: str) -> socket.socket:
    """A socket that listens where the pages are to be: on the wanted port, with 0 on any, else on the next
    free one from 8000 on. The port is ours from now on. Raises `CannotRun`."""
    if wanted:
        try:
            return _listening(wanted, bind)
        except OSError:
            sentence = f"Port {wanted} is taken by another program. Choose another with --port."
            raise CannotRun(sentence) from None
    (found,) = _free_sockets(8000 if wanted is None else 49152, bind, 1)
    return found


def _sandbox_sockets(folder: Path, port: int) -> list[socket.socket]:
    """Three that listen in a row: the sandbox's own, and after it those of its two mail servers. The same
    ports at every start if it can be: accounts of the demo keep the address of their network."""
    note = folder / "sandbox-port"
    kept = int(note.read_text()) if note.exists() else 0
    found = (kept and _in_a_row(kept, "127.0.0.1", 3)) or _free_sockets(port + 1, "127.0.0.1", 3)
    note.write_text(str(_port_of(found[0])))
    return found


def _free_sockets(first: int, bind: str, count: int) -> list[socket.socket]:
    """So many that listen in a row, on the first free ports from one on. Raises `CannotRun`."""
    for port in range(first, 65537 - count):
        if found := _in_a_row(port, bind, count):
            return found
    raise CannotRun(f"There is no free port from {first} on.")


def _in_a_row(first: int, bind: str, count: int) -> list[socket.socket]:
    """Sockets that listen on so many ports from this one on; none where one of them is taken."""
    found: list[socket.socket] = []
    try:
        for port in range(first, first + count):
            found.append(_listening(port, bind))
    except (OSError, OverflowError):
        for each in found:
            each.close()
        return []
    return found


def _listening(port: int, bind: str) -> socket.socket:
    return socket.create_server(
        (bind, port), family=socket.AF_INET6 if ":" in bind else socket.AF_INET, backlog=1024
    )


def _port_of(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


def _reason(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _say(text: str) -> None:
    print(f"heed: {text}", file=sys.stderr, flush=True)

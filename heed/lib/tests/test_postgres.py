"""The embedded PostgreSQL: odd paths, crashes, half-made folders."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from heed.lib.postgres import CannotStart, Embedded, django_database, running_url


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's own folder: that one is closed to the user the server may run as."""
    with tempfile.TemporaryDirectory(prefix="heed-test-") as own:
        yield Path(own, "Ana's data, üč", "postgres")


@pytest.fixture
def running(folder: Path) -> Iterator[Embedded]:
    server = Embedded(folder, forgetful=True)
    yield server
    server.stop()


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row and row[0]


def pid(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().split()[0])


def test_it_starts_in_any_folder_and_keeps_what_was_written(folder: Path, running: Embedded) -> None:
    url = running.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('Žiga')")
    running.stop()
    assert not running_url(str(folder.parent))
    assert ask(running.start(), "SELECT lower(word) FROM kept") == "žiga"


def test_its_url_is_understood_by_django(folder: Path, running: Embedded) -> None:
    url = running.start()
    assert running_url(str(folder.parent)) == url
    settings = django_database("", str(folder.parent))
    assert Path(settings["HOST"], ".s.PGSQL.5432").is_socket()


def test_it_listens_on_its_socket_only(running: Embedded) -> None:
    assert ask(running.start(), "SHOW listen_addresses") == ""


def test_a_path_too_long_for_a_socket_gets_a_short_one(folder: Path) -> None:
    server = Embedded(folder.parent / ("long" * 30) / "postgres", forgetful=True)
    try:
        assert ask(server.start(), "SELECT 1") == 1
    finally:
        server.stop()


def test_one_left_running_is_taken_over(folder: Path, running: Embedded) -> None:
    running.start()
    left = pid(folder)
    heir = Embedded(folder, forgetful=True)
    assert ask(heir.start(), "SELECT 1") == 1
    assert pid(folder) == left
    heir.stop()
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE


def test_it_recovers_after_a_crash(folder: Path, running: Embedded) -> None:
    running.start()
    crashed = psutil.Process(pid(folder))
    os.kill(crashed.pid, signal.SIGKILL)
    crashed.wait()
    assert ask(Embedded(folder, forgetful=True).start(), "SELECT 1") == 1
    os.kill(pid(folder), signal.SIGINT)


def test_a_number_used_again_by_another_program_does_not_stop_it(folder: Path, running: Embedded) -> None:
    running.start()
    running.stop()
    (folder / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}\n0\n5432\n{folder}\n\n0 0\nready\n")
    assert ask(running.start(), "SELECT 1") == 1


def test_making_it_was_interrupted_and_is_begun_again(folder: Path, running: Embedded) -> None:
    half = folder.with_name("postgres.new")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    assert ask(running.start(), "SELECT 1") == 1


def test_a_broken_one_says_why(folder: Path, running: Embedded) -> None:
    running.start()
    running.stop()
    (folder / "postgresql.conf").write_text("include 'heed.conf'\nshared_buffers = 'much'\n")
    with pytest.raises(CannotStart, match="shared_buffers"):
        running.start()

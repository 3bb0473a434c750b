"""Adding a network is adding a folder: shown with a copy, and by looking for names elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection

from heed.channels.registry import networks

HEED = Path(__file__).resolve().parents[2]
ORIGINAL, COPY = "viber", "copycat"
WORDS = {"email", "line", "site", "x"}
"""Names of networks that stand everywhere as words: of these, only their folders may be named nowhere."""
CODE = {".py", ".html", ".js", ".css", ".txt", ".toml", ".sh", ""}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of Heed in which one network's folder stands a second time under another name."""
    home = tmp_path_factory.mktemp("copy")
    shutil.copytree(HEED, home / "heed", ignore=shutil.ignore_patterns("__pycache__", "*.mo", "data"))
    shutil.copytree(home / "heed/channels" / ORIGINAL, home / "heed/channels" / COPY)
    for path in (home / "heed/channels" / COPY).rglob("*.py"):
        text = path.read_text().replace(f"channels.{ORIGINAL}", f"channels.{COPY}")
        path.write_text(text.replace(f'name = "{ORIGINAL}"', f'name = "{COPY}"'))
    return home


def run(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    name = str(connection.settings_dict["NAME"])
    database = urlsplit(os.environ["HEED_DATABASE_URL"])._replace(path=f"/{name}").geturl()
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree),
        "PYTHONSAFEPATH": "1",
        "HEED_DATABASE_URL": database,
    }
    return subprocess.run(
        [sys.executable, *words], cwd=tree, env=environment, capture_output=True, text=True, timeout=600
    )


@pytest.mark.django_db(transaction=True)
def test_a_copied_folder_is_a_whole_network(tree: Path) -> None:
    told = run(tree, "-m", "heed.channels.tests.copycat", COPY)
    assert told.returncode == 0, told.stderr[-3000:]
    seen: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    assert set(seen["networks"]) == {*networks(), COPY}
    assert seen["connected"] == 201
    assert "/hooks/" in seen["hook_url"]
    assert seen["choice"]
    assert seen["form"] == ["auth_token"]
    assert seen["admitted"] == [200, True]
    assert seen["delivery"] == "done"
    assert seen["ticket"] == [COPY, "Tuya Bold", True]
    assert seen["answer"] == [201, "queued"]
    assert seen["inbox"] == [200, True]


def test_without_the_folder_there_is_no_such_network(tree: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(tree, bare)
    shutil.rmtree(bare / "heed/channels" / COPY)
    words = "from heed.channels.registry import networks; import django; django.setup(); print(*networks())"
    told = run(bare, "-c", words)
    assert told.returncode == 0, told.stderr[-3000:]
    assert set(told.stdout.split()) == set(networks())


@pytest.mark.parametrize("network", networks())
def test_nobody_else_names_a_network(network: str) -> None:
    """Networks may name each other: one signs in through another, some share an address."""
    folders = {("channels", name) for name in networks()} | {("sandbox", "networks")}
    named = re.compile(rf"\b{network}", re.IGNORECASE)
    if network in WORDS:
        named = re.compile(rf"\b(channels|networks)[./]{network}\b")
    found = []
    for path in sorted(HEED.rglob("*")):
        parts = path.relative_to(HEED).parts
        if not path.is_file() or path.suffix not in CODE or "tests" in parts or "__pycache__" in parts:
            continue
        if parts[:2] not in folders and parts[0] != "locale" and named.search(path.read_text()):
            found.append(str(path.relative_to(HEED)))
    assert found == []

"""The laws of the house: who may know whom, what every room has, what every text is in."""

from __future__ import annotations

import logging.config
import re
import subprocess
import tomllib
from pathlib import Path

import grimp
import pytest
from django.apps import apps
from django.db.models import ForeignKey, Model
from importlinter.cli import lint_imports

from heed.lib import translations

HEED = Path(__file__).resolve().parent.parent
HOME = HEED.parent
NAMELESS = {"common", "core", "helpers", "misc", "services", "utils"}


def layers() -> list[set[str]]:
    """The rooms from the top down, as the import contract in `pyproject.toml` lists them."""
    contracts = tomllib.loads((HOME / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    ladder = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [{name.strip().removeprefix("heed.") for name in step.split("|")} for step in ladder]


def height(room: str) -> int:
    """How many layers lie above the room."""
    return next(number for number, rooms in enumerate(layers()) if room in rooms)


def rooms() -> list[Path]:
    """Every folder of code that has a purpose of its own: the rooms, each network, and what several
    networks share."""
    found = [path.parent for path in HEED.glob("*/__init__.py") if path.parent.name != "tests"]
    return sorted(found + [path.parent for path in HEED.glob("channels/*/adapter.py")] + shared())


def shared() -> list[Path]:
    """The folders that several networks share: beside them, with a README and without an adapter."""
    found = [path.parent for path in HEED.glob("channels/*/README.md")]
    return [path for path in found if not (path / "adapter.py").exists()]


def names(path: Path) -> str:
    return str(path.relative_to(HEED))


def tracked() -> list[Path]:
    """The files of the project, those not yet committed included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=HOME, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [path for name in listed.split("\0") if name and (path := HOME / name).is_file()]


def test_imports_point_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HOME)
    monkeypatch.setattr(logging.config, "dictConfig", lambda _told: None)  # it would silence all other rooms
    assert lint_imports(config_filename=str(HOME / "pyproject.toml"), no_cache=True) == 0


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("heed", cache_dir=None)


@pytest.mark.parametrize("network", [path.name for path in rooms() if path.parent.name == "channels"])
def test_a_network_sees_only_the_base_and_lib(graph: grimp.ImportGraph, network: str) -> None:
    """And what it shares with others, which in turn sees none of them."""
    folder = f"heed.channels.{network}"
    modules = {name for name in graph.find_descendants(folder) if ".tests" not in name}
    assert modules
    seen = {target for name in modules for target in graph.find_modules_directly_imported_by(name)}
    near = (folder, "heed.lib", *(f"heed.channels.{path.name}" for path in shared()))
    foreign = {name for name in seen if not name.startswith(near) and name != "heed.channels.base"}
    assert not foreign


@pytest.mark.parametrize("room", shared(), ids=names)
def test_what_networks_share_is_shared(graph: grimp.ImportGraph, room: Path) -> None:
    modules = [f"heed.channels.{room.name}", *graph.find_descendants(f"heed.channels.{room.name}")]
    users = {name.split(".")[2] for each in modules for name in graph.find_modules_that_directly_import(each)}
    assert len(users - {room.name}) >= 2


def test_every_room_has_its_place_in_the_contract() -> None:
    placed = set().union(*layers())
    assert {path.name for path in rooms() if path.parent == HEED} == {
        room for room in placed if (HEED / room).is_dir()
    }


def _ours() -> list[type[Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("heed.")]


@pytest.mark.parametrize("model", _ours(), ids=lambda model: model._meta.label)
def test_foreign_keys_point_down(model: type[Model]) -> None:
    here = height(model.__module__.split(".")[1])
    for field in model._meta.get_fields():
        if isinstance(field, ForeignKey):
            target = field.remote_field.model.__module__.split(".")
            if target[0] == "heed":
                assert height(target[1]) >= here, f"{model._meta.label}.{field.name} points up"


@pytest.mark.parametrize("room", rooms(), ids=names)
def test_every_room_says_what_it_is_for(room: Path) -> None:
    lines = (room / "README.md").read_text().splitlines()
    assert 3 <= len(lines) <= 30


def test_no_name_that_names_nothing() -> None:
    code = [path.relative_to(HOME) for path in tracked() if path.is_relative_to(HEED)]
    assert not [path for path in code if NAMELESS & {*path.parts[:-1], path.stem}]


def test_styles_know_start_and_end_not_left_and_right() -> None:
    sided = re.compile(
        r"(?<![\w-])((margin|padding|border)-(left|right)|left|right)(-\w+)*\s*:"
        r"|(text-align|float|clear)\s*:\s*(left|right)\b"
    )
    for path in HEED.rglob("*.css"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert not sided.search(line), f"{path.relative_to(HOME)}:{number}: {line.strip()}"


def test_themes_differ_in_colours_alone() -> None:
    """A theme only says which of the two colours of `light-dark()` holds: so what was looked at in the light
    has to be looked at only for its colours in the dark."""
    for path in HEED.rglob("*.css"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            where = f"{path.relative_to(HOME)}:{number}: {line.strip()}"
            assert "prefers-color-scheme" not in line, where
            if "data-theme" in line:
                assert re.fullmatch(r"\s*\[data-theme=(light|dark)\] \{ color-scheme: \1; \}", line), where


def test_every_text_is_translated() -> None:
    assert translations.complaints() == []

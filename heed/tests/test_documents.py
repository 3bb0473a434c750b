"""What the documents say is true, and nothing an admin needs is missing from them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from heed.channels.registry import networks
from heed.tests.test_house import HEED, HOME, rooms, tracked
from screenshots.pictures import MOST_BYTES, PICTURES

DOCS = HOME / "docs"
SETTING = re.compile(r"""(?:(?:environ|here)(?:\.get|\.setdefault)?[\[(]|given\()\s*["'](HEED_\w+)["']""")
PAPERS = sorted(
    [HOME / "README.md", HOME / "CHANGELOG.md", *DOCS.rglob("*.md"), *(r / "README.md" for r in rooms())]
)


def settings() -> set[str]:
    sources = [path for path in HEED.rglob("*.py") if "tests" not in path.parts]
    return {name for path in sources for name in SETTING.findall(path.read_text())}


def test_settings_are_found_at_all() -> None:
    assert {"HEED_PUBLIC_URL", "HEED_ALLOW_PRIVATE_HOSTS", "HEED_OWNER_PASSWORD"} <= settings()


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    assert set(re.findall(r"`(HEED_\w+)`", (DOCS / "operate.md").read_text())) == settings()


def test_every_network_says_how_to_connect_it() -> None:
    for network in networks().values():
        text = (DOCS / f"connect-{network.name}.md").read_text()
        assert str(network.label) in text
        for field in network.fields:
            assert f"`{field.name}`" in text, (
                f"connect-{network.name}.md does not say where {field.name} comes from"
            )


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(HOME)))
def test_links_and_commands_lead_somewhere(paper: Path) -> None:
    text = paper.read_text()
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)[^)]*\)", text):
        assert (paper.parent / target).exists(), f"{paper.name} points to {target}"
    for command in re.findall(r"(?<![\w/.-])(bin/[a-z0-9]+|\.ci/run)\b", text):
        assert (HOME / command).is_file(), f"{paper.name} names {command}"


def test_code_that_documents_name_exists() -> None:
    for paper in PAPERS:
        for name in re.findall(r"`(heed/[\w/.]+)`", paper.read_text()):
            assert (HOME / name).exists(), f"{paper.name} names {name}"


@pytest.mark.parametrize("room", rooms(), ids=lambda room: room.name)
def test_modules_that_a_room_names_exist(room: Path) -> None:
    for name in re.findall(r"`([\w/]+\.py)`", (room / "README.md").read_text()):
        assert (HOME / name).exists() or any(room.rglob(name)), f"{room.name} names {name}"


def test_the_map_lists_every_document() -> None:
    listed = (DOCS / "README.md").read_text()
    missing = [path.name for path in DOCS.rglob("*.md") if f"({path.relative_to(DOCS)})" not in listed]
    assert missing == ["README.md"]


def test_every_picture_is_taken_by_the_command_and_shown_somewhere() -> None:
    taken = {f"{picture.name}.png" for picture in PICTURES}
    assert {path.name for path in DOCS.rglob("*.png")} == taken
    text = "".join(paper.read_text() for paper in PAPERS)
    assert {name for name in taken if f"{name})" not in text} == set()
    assert [path.name for path in DOCS.glob("*.png") if path.stat().st_size > MOST_BYTES] == []


def test_decisions_are_short_and_say_what_was_given_up() -> None:
    for paper in (DOCS / "decisions").glob("*.md"):
        text = paper.read_text()
        assert len(text.splitlines()) <= 30, paper.name
        for part in ("## Context", "## Choice", "## What we gave up"):
            assert part in text, f"{paper.name} has no {part!r}"


def test_nothing_of_one_machine_is_written_down() -> None:
    for path in tracked():
        if path.suffix in (".md", ".py", ".html", ".js", ".css", ".toml", ".lock", ""):
            text = path.read_text(errors="replace")
            assert not re.search(r"/(home|root|Users)/[a-z]", text), path

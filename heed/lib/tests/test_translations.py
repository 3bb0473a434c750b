"""Texts are found, catalogues are written without noise, and what is wrong in them is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from heed.lib import translations
from heed.lib.translations import compile_all, complaints, said, update, wanted, write

TEMPLATE = """{% load i18n %}<h1 class='a "b'>{% translate "Inbox" %}</h1>
    {% if x %}it's
  {% blocktranslate count n=n %}{{ n }} ticket{% plural %}{{ n }} tickets{% endblocktranslate %}{% endif %}
"""
SOURCE = 'from django.utils.translation import pgettext\nLABEL = pgettext("verb", "Open")\n'
INBOX = ("", "Inbox", "")
TICKETS = ("", "%(n)s ticket", "%(n)s tickets")
OPEN = ("verb", "Open", "")


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(TEMPLATE)
    (tmp_path / "labels.py").write_text(SOURCE)
    keys = wanted(tmp_path)
    monkeypatch.setattr(translations, "wanted", lambda: keys)
    return tmp_path


def test_texts_of_templates_and_python_are_found(room: Path) -> None:
    assert translations.wanted() == {INBOX, TICKETS, OPEN}


def test_a_new_catalogue_holds_every_text_and_says_what_is_missing(room: Path) -> None:
    update(room)
    assert said("sl", room) == {INBOX: ("",), TICKETS: ("",) * 4, OPEN: ("",)}
    assert "mn: not translated: 'Inbox'" in complaints(room)


def test_updating_keeps_translations_drops_unused_and_repeats_itself(room: Path) -> None:
    write("sl", {INBOX: ("Nabiralnik",), ("", "Gone", ""): ("Ni več",)}, room)
    update(room)
    assert said("sl", room)[INBOX] == ("Nabiralnik",)
    assert ("", "Gone", "") not in said("sl", room)
    before = (room / "sl/LC_MESSAGES/django.po").read_text()
    update(room)
    assert (room / "sl/LC_MESSAGES/django.po").read_text() == before


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ({INBOX: ("Ирсэн",), TICKETS: ("нэг", "%(m)s хүсэлт"), OPEN: ("Нээх",)}, "mn: placeholders"),
        ({INBOX: ("Ирсэн",), TICKETS: ("нэг хүсэлт",), OPEN: ("Нээх",)}, "mn: not translated"),
        ({INBOX: ("Ирсэн ",), TICKETS: ("нэг", "%(n)s хүсэлт"), OPEN: ("Нээх",)}, "mn: other space"),
        ({INBOX: ("<b>Ирсэн</b>",), TICKETS: ("нэг", "%(n)s хүсэлт"), OPEN: ("Нээх",)}, "mn: other tags"),
        ({INBOX: ("Ирсэн",), TICKETS: ("нэг", "%(n)s хүсэлт")}, "mn: not in the catalogue: 'Open'"),
        ({INBOX: ("Ирсэн",), TICKETS: ("нэг", "хүсэлт"), OPEN: ("Нээх",)}, "mn: no form shows"),
    ],
)
def test_what_is_wrong_is_named(room: Path, words: translations.Words, complaint: str) -> None:
    write("mn", words, room)
    assert [line for line in complaints(room) if line.startswith(complaint)]


def test_a_sound_catalogue_is_left_in_peace(room: Path) -> None:
    write("mn", {INBOX: ("Ирсэн",), TICKETS: ("нэг", "%(n)s хүсэлт"), OPEN: ("Нээх",)}, room)
    assert not [line for line in complaints(room) if line.startswith("mn")]


def test_catalogues_are_compiled_when_they_changed(room: Path) -> None:
    import gettext
    import os

    write("sl", {INBOX: ("Nabiralnik",)}, room)
    compile_all(room)
    folder = room / "sl" / "LC_MESSAGES"
    assert gettext.translation("django", room, ["sl"]).gettext("Inbox") == "Nabiralnik"
    write("sl", {INBOX: ("Prejeto",)}, room)
    later = (folder / "django.mo").stat().st_mtime_ns + 1
    os.utime(folder / "django.po", ns=(later, later))
    compile_all(room)
    with (folder / "django.mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Inbox") == "Prejeto"

"""Translations without the system's gettext: find what must be said, check it, compile it.

The catalogues (`heed/locale/LANGUAGE/LC_MESSAGES/django.po`) are sorted and carry neither dates nor
line numbers, so that a change in them is a change of words. Compiled ones (`.mo`) are not kept in git.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path

ROOM = Path(__file__).resolve().parent.parent
LOCALE = ROOM / "locale"
PLURALS = {
    "sl": (4, "(n%100==1 ? 0 : n%100==2 ? 1 : n%100==3 || n%100==4 ? 2 : 3)"),
    "ar": (
        6,
        "(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 && n%100<=99 ? 4 : 5)",
    ),
    "mn": (2, "(n != 1)"),
}
_KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3), "npgettext_lazy": ((1, "c"), 2, 3),
}  # fmt: skip
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
_TAG = re.compile(r"</?\w+")

Key = tuple[str, str, str]
"""Context, English text, English plural; the first and the last may be empty."""
Words = dict[Key, tuple[str, ...]]
"""What is said for each key: one text, or one per plural form."""


def compile_all(locale: Path = LOCALE) -> None:
    """Write the `.mo` beside each `.po` that is newer than it."""
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        with source.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
        with tempfile.NamedTemporaryFile(dir=source.parent, suffix=".tmp", delete=False) as made:
            write_mo(made, catalogue)
        Path(made.name).chmod(0o644)
        os.replace(made.name, target)  # whole or not at all: another process may be reading it


def update(locale: Path = LOCALE) -> None:
    """Bring every catalogue up to date with the source, keeping what is already translated."""
    keys = wanted()
    for language, (forms, _rule) in PLURALS.items():
        known = said(language, locale)
        words = {key: known.get(key) or ("",) * (forms if key[2] else 1) for key in keys}
        write(language, words, locale)


def complaints(locale: Path = LOCALE) -> list[str]:
    """What is missing, left over or wrong in the catalogues; empty when all is well."""
    keys = wanted()
    found = []
    for language in PLURALS:
        words = said(language, locale)
        found += [f"{language}: not in the catalogue: {key[1]!r}" for key in sorted(keys - words.keys())]
        found += [f"{language}: no longer used: {key[1]!r}" for key in sorted(words.keys() - keys)]
        for key in sorted(keys & words.keys()):
            found += [f"{language}: {what}: {key[1]!r}" for what in _faults(key, words[key])]
    return found


def _faults(key: Key, texts: tuple[str, ...]) -> Iterator[str]:
    _context, english, plural = key
    if not all(text.strip() for text in texts):
        yield "not translated"
        return
    allowed = set(_PLACEHOLDER.findall(english + plural))
    for text in texts:
        used = set(_PLACEHOLDER.findall(text))
        if used != allowed and (not plural or used - allowed):  # "one reply" need not show its 1
            yield f"placeholders {sorted(used)}, not {sorted(allowed)}"
        if not plural and sorted(_TAG.findall(text)) != sorted(_TAG.findall(english)):
            yield "other tags than the English text"
        if (text[0].isspace(), text[-1].isspace()) != (english[0].isspace(), english[-1].isspace()):
            yield "other space at an end than the English text"
    if plural and not any(set(_PLACEHOLDER.findall(text)) == allowed for text in texts):
        yield f"no form shows {sorted(allowed)}"


def wanted(room: Path = ROOM) -> set[Key]:
    """Every text marked for translation in the Python and the templates of this folder."""
    keys: set[Key] = set()
    for path in sorted(room.rglob("*")):
        if "tests" in path.relative_to(room).parts or path.suffix not in (".py", ".html", ".txt"):
            continue
        source = path.read_text()
        if path.suffix == ".py":
            keys |= set(_marked(source))
        elif "templates" in path.parts:
            keys |= set(_marked(_as_python(source, path)))
    return keys


def _as_python(template: str, path: Path) -> str:
    """The template's texts as calls of gettext; all else becomes X."""
    from django.utils.translation.template import templatize

    flat: str = templatize(template, origin=str(path))
    return "\n".join(line.strip() for line in flat.splitlines())


def _marked(source: str) -> Iterator[Key]:
    from babel.messages.extract import extract

    for _line, message, _comments, context in extract("python", BytesIO(source.encode()), _KEYWORDS):
        texts = (message,) if isinstance(message, str) else tuple(message)
        if texts[0]:
            yield (context or "", texts[0], texts[1] if len(texts) > 1 else "")


def said(language: str, locale: Path = LOCALE) -> Words:
    """What the catalogue of this language says."""
    from babel.messages.pofile import read_po

    path = _path(language, locale)
    if not path.exists():
        return {}
    words: Words = {}
    with path.open("rb") as file:
        for message in read_po(file, abort_invalid=True):
            if not message.id:
                continue
            ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
            texts = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
            words[(message.context or "", ids[0], ids[1] if len(ids) > 1 else "")] = texts
    return words


def write(language: str, words: Words, locale: Path = LOCALE) -> None:
    """Write the catalogue of this language, sorted by the English text."""
    from babel.messages.pofile import normalize

    forms, rule = PLURALS[language]
    out = StringIO()
    out.write(
        f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: nplurals={forms}; plural={rule};\\n"\n'
    )
    for key in sorted(words, key=lambda key: (key[1], key[2], key[0])):
        context, english, plural = key
        out.write("\n")
        if context:
            out.write(f"msgctxt {normalize(context)}\n")
        out.write(f"msgid {normalize(english)}\n")
        if plural:
            out.write(f"msgid_plural {normalize(plural)}\n")
        for number, text in enumerate(words[key]):
            out.write(f"msgstr{f'[{number}]' if plural else ''} {normalize(text)}\n")
    path = _path(language, locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(out.getvalue())


def _path(language: str, locale: Path) -> Path:
    return locale / language / "LC_MESSAGES" / "django.po"

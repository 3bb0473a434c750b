"""What language a text is in. Only said where it is clear.

A script that one language has to itself decides at once. Otherwise a model asks the words (`py3langid`,
loaded at the first text in a second: 25 MB in the process that uses it, numpy included, and of its tables
in a file what texts of the last half minute have asked for). Short
texts lean on what the customer wrote before; what stays doubtful stays untold.
"""

from __future__ import annotations

import mmap
import tempfile
import threading
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

import regex

MOST_READ = 1000
"""Letters of a text that are looked at."""

_NOT_WORDS = regex.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\S+|[\d\p{N}]+|\p{Extended_Pictographic}")
_LETTER = regex.compile(r"\p{L}")
_SURE = 0.75
_FEWEST_LETTERS = 4
_LONG = 12
"""From so many letters on, a text speaks for itself."""
_TRUST = 12.0
"""How much more likely it is that somebody writes in the language they wrote in before."""
_NEVER = 0.0001
_POSSIBLE = 0.03
"""Below that, not even what came before makes it this language."""

_OWN_SCRIPT: dict[str, regex.Pattern[str]] = {
    "ko": regex.compile(r"\p{Hangul}"),
    "ja": regex.compile(r"[\p{Hiragana}\p{Katakana}]"),
    "he": regex.compile(r"\p{Hebrew}"),
    "el": regex.compile(r"\p{Greek}"),
    "th": regex.compile(r"\p{Thai}"),
    "ka": regex.compile(r"\p{Georgian}"),
    "hy": regex.compile(r"\p{Armenian}"),
    "mn": regex.compile(r"\p{Mongolian}"),
}
_LATIN = regex.compile(r"\p{Latin}")
_HAN = regex.compile(r"\p{Han}")
_CYRILLIC = regex.compile(r"\p{Cyrillic}")
_OF_MONGOLIAN = regex.compile(r"[өү]")
_NOT_MONGOLIAN = regex.compile(r"[қғңұһіәҗ]")
_ARABIC = regex.compile(r"\p{Arabic}")
_OF_ARABIC = regex.compile(r"[ةأإىيك]")
_NOT_ARABIC = regex.compile(r"[پچژگکیےټډړېۆێەڤ]")

_SELDOM = {"br", "dz", "eo", "fo", "fy", "gd", "ht", "jv", "la", "lb", "ln", "nn", "oc", "om", "qu", "rw"}
_SELDOM |= {"an", "sa", "se", "sn", "st", "tt", "ug", "vo", "wa", "xh", "yo", "zu"}
"""Languages that short texts in others are taken for, and that nobody wrote to a desk in yet."""
_lock = threading.Lock()
_AWHILE = 30.0
"""Seconds after which the pages of the tables are let go that texts have asked for."""
_maps: list[mmap.mmap] = []
_rests_soon = threading.Event()


def tell(text: str, before: Mapping[str, int] | None = None) -> str:
    """The language of a text as an ISO 639-1 code, or "". `before` says how many of the customer's earlier
    messages were in which language."""
    words = " ".join(_NOT_WORDS.sub(" ", text[:MOST_READ]).split())
    letters = len(_LETTER.findall(words))
    if not letters:
        return ""
    by_script = _by_script(words.lower(), letters)
    if by_script:
        return by_script
    if letters < _FEWEST_LETTERS:
        return ""
    words = words.lower() if words.isupper() else words
    likely = _likely(words)
    best = next(iter(likely))
    if likely[best] >= _SURE and letters >= _LONG:
        return best
    return _with_trust(likely, before or {})


def clear(text: str) -> bool:
    """Whether a text is long enough to say that its writer changed their language."""
    return len(_LETTER.findall(_NOT_WORDS.sub(" ", text[:MOST_READ]))) >= _LONG


def _by_script(words: str, letters: int) -> str:
    if words.isascii() or len(_LATIN.findall(words)) * 2 >= letters:
        return ""  # of many scripts together

    def most(pattern: regex.Pattern[str]) -> bool:
        return len(pattern.findall(words)) * 2 > letters

    for language, script in _OWN_SCRIPT.items():
        if most(script):
            return language
    if most(_HAN):
        return "ja" if _OWN_SCRIPT["ja"].search(words) else "zh"
    if most(_CYRILLIC) and _OF_MONGOLIAN.search(words) and not _NOT_MONGOLIAN.search(words):
        return "mn"
    if most(_ARABIC) and _OF_ARABIC.search(words) and not _NOT_ARABIC.search(words):
        return "ar"
    return ""


def _with_trust(likely: Mapping[str, float], before: Mapping[str, int]) -> str:
    weighed = {
        language: chance * (_TRUST if before.get(language) and chance >= _POSSIBLE else 1.0)
        for language, chance in likely.items()
    }
    best = max(weighed, key=lambda language: weighed[language])
    return best if weighed[best] / sum(weighed.values()) >= _SURE else ""


@lru_cache(maxsize=5000)
def _likely(words: str) -> Mapping[str, float]:
    """How likely the words are which language, the likeliest first. People often write the same."""
    with _lock:
        ranked = _model().rank(words)
    _rest_soon()
    return {language: float(chance) for language, chance in ranked if chance >= _NEVER}


def _is_spoken(language: str) -> bool:
    return len(language) == 2 and language not in _SELDOM


@cache
def _model() -> Any:
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier  # numpy, only where needed
    from py3langid.modelio import load_model

    # Of its largest table only the columns of what may be told: restricted later it would keep both.
    chances, prior, languages, moves, row, told = load_model(MODEL_DIR / MODEL_FILE)
    kept = [place for place, language in enumerate(languages) if _is_spoken(language)]
    spoken = [languages[place] for place in kept]
    return LanguageIdentifier(
        _in_a_file(chances[:, kept]),
        prior[kept],
        spoken,
        memoryview(_in_a_file(moves)),
        array("i", told),
        norm_probs=True,
        tk_row=row,
    )


def _in_a_file(numbers: Any) -> Any:
    """The same numbers, read from a file without a name when they are asked for: texts of a desk need few of
    these 55 MB, and memory that runs short can do without them."""
    import numpy

    table = numpy.asarray(numbers)
    with tempfile.TemporaryFile() as file:
        table.tofile(file)
        file.flush()
        _maps.append(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))
    return numpy.frombuffer(_maps[-1], dtype=table.dtype).reshape(table.shape)


def _rest_soon() -> None:
    """Once for all texts of a while: plan to let go."""
    if not _rests_soon.is_set():
        _rests_soon.set()
        timer = threading.Timer(_AWHILE, _rest)
        timer.daemon = True
        timer.start()


def _rest() -> None:
    """Let go of the pages of the tables: each text brings in sixteen for every one it asks for. They stay in
    the file, and whoever asks again has them at once."""
    _rests_soon.clear()
    for each in _maps:
        each.madvise(mmap.MADV_DONTNEED)


def counted(languages: Iterable[str]) -> Counter[str]:
    return Counter(language for language in languages if language)

"""Words as they are looked for: in any script, and however people type them.

A text becomes *tokens*: folded words with their places. The same folding is done with what is kept and
with what is asked, so nothing else needs to know how a language is written:

- case, width, diacritics (čevlji, cevlji), letters that have no accent to take off (đ, ø, ł)
- Arabic: vowel signs and tatweel go, the forms of alef, ya and ta marbuta become one, the article goes
- Mongolian: ө and ү are written о and у by whoever has no such keys
- scripts without spaces (Chinese, Japanese, Thai …) and Korean: every two letters that stand together
- `@lea.marn`, `ACME-2041`: the parts, and all in one (leamarn, acme2041)
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import regex

LONGEST = 60
"""Letters of a word that count. What is longer is cut, when kept and when asked alike."""

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’ʼ][\p{L}\p{M}]+)*")
_SIGNS = (
    r"\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed"
    r"\u180b-\u180d\u180f\u20d0-\u20f0\ufe00-\ufe0f\U000e0100-\U000e01ef"
)
"""Accents and vowel signs; and what only says how the letter or emoji before it is drawn."""
_NO_SPACES = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\u30fc"
_ACCENTS = regex.compile(f"[{_SIGNS}]+")
_LETTER = regex.compile(f"[{_NO_SPACES}][{_SIGNS}]*")
_TOGETHER = regex.compile(f"[{_NO_SPACES}][{_NO_SPACES}{_SIGNS}]*")
_CUTS = regex.compile(f"({_TOGETHER.pattern})")
_INVOLVED = regex.compile(rf"[\p{{L}}\p{{M}}\p{{N}}][-_./][\p{{L}}\p{{M}}\p{{N}}]|[{_NO_SPACES}]")
_NOT_A_WORD = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_DIGITS = regex.compile(r"[^\P{Nd}0-9]")
_JOINTS = frozenset("-_./")
_ALIKE = str.maketrans(
    {
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "ø": "o",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ө": "о",
        "ү": "у",
        "ة": "ه",
        "ى": "ي",
        "ی": "ي",
        "ک": "ك",
        "ٱ": "ا",
        "ء": "",
    }
)
_ARTICLES = ("وال", "بال", "كال", "فال", "ال")
_ROOT = 3
"""Letters that must be left of an Arabic word without its article."""


class Token(NamedTuple):
    """A folded word, where it stands among the words, and where in the text."""

    word: str
    place: int
    start: int
    end: int


@lru_cache(maxsize=100_000)
def folded(word: str) -> str:
    """One word without what people leave out or write differently."""
    if word.isascii():
        return str(_NOT_A_WORD.sub("", word.lower())[:LONGEST])
    plain = unicodedata.normalize("NFKC", word).casefold()
    plain = _ACCENTS.sub("", unicodedata.normalize("NFD", plain))
    plain = unicodedata.normalize("NFC", plain).translate(_ALIKE)
    plain = _DIGITS.sub(lambda digit: str(unicodedata.decimal(digit[0], digit[0])), plain)
    return str(_without_article(_NOT_A_WORD.sub("", plain))[:LONGEST])


def folded_name(name: str) -> str:
    """A name as it is compared: its words folded, one space between them; its signs where it has no words."""
    words = " ".join(token.word for token in tokens(name, asking=True))
    return words or _ACCENTS.sub("", name.strip())


def placed(text: str) -> Iterable[tuple[str, int]]:
    """The words of a text with their places, quickly: most texts have nothing that is written together."""
    if _INVOLVED.search(text):
        return [(token.word, token.place) for token in tokens(text)]
    return zip(filter(None, map(folded, _WORD.findall(text))), itertools.count(1), strict=False)


def tokens(text: str, *, asking: bool = False) -> Iterator[Token]:
    """The tokens of a text in order. With `asking`, those that must be found: nothing is said twice."""
    place = 0
    chain: list[str] = []
    before = 0
    for found in _WORD.finditer(text):
        gap = text[before : found.start()]
        if len(gap) != 1 or gap not in _JOINTS:
            chain = ["@"] if gap.endswith("@") else []
        before = found.end()
        for token in _pieces(found[0], found.start(), place, asking):
            place = token.place
            yield token
        chain.append(folded(found[0]))
        whole = _whole(chain)
        if whole and not asking:
            yield Token(whole, place, found.start(), found.end())


def _pieces(word: str, start: int, place: int, asking: bool) -> Iterator[Token]:
    """The tokens of one written word: mostly one. Of what folds to nothing (an accent alone) there is none,
    and it takes no place."""
    for cut in [word] if word.isascii() else _CUTS.split(word):
        if is_written_together(cut):
            found = _twos(cut, start, place, asking)
        else:
            found = iter([Token(folded(cut), place + 1, start, start + len(cut))])
        for token in found:
            if token.word:
                place = token.place
                yield token
        start += len(cut)


def _twos(word: str, start: int, place: int, asking: bool) -> Iterator[Token]:
    """Every two neighbours, and the last letter, which nothing else begins with."""
    letters = _LETTER.findall(word)
    if len(letters) == 1:
        yield Token(folded(word), place + 1, start, start + len(word))
        return
    for one, other in itertools.pairwise(letters):
        place += 1
        yield Token(folded(one + other), place, start, start + len(one) + len(other))
        start += len(one)
    if not asking:
        yield Token(folded(letters[-1]), place, start, start + len(letters[-1]))


def _whole(chain: list[str]) -> str:
    """Parts that belong together, in one: numbers of orders, and what follows an @."""
    if len(chain) < 2 or (chain[0] == "@" and len(chain) < 3):
        return ""
    whole = "".join(chain).lstrip("@")
    worth = chain[0] == "@" or any(letter.isdigit() for letter in whole)
    return whole if worth and len(whole) <= LONGEST else ""


def _without_article(word: str) -> str:
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= _ROOT:
            return word[len(article) :]
    return word


def is_written_together(word: str) -> bool:
    """Whether the word is of a script that sets no spaces."""
    return _TOGETHER.match(word) is not None

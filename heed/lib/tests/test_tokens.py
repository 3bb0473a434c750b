"""Texts as words with their places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.lib.tokens import folded_name, placed, tokens

MIXED = st.text(st.one_of(st.sampled_from("aé•́へㅅ你̶好葛󠄀ءـو1️⃣@-. "), st.characters()), max_size=12)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("(•́へ•́╬)", [("へ", 1)]),
        ("(๑•̀ㅂ•́)و✧", [("1", 1), ("ᄇ", 2), ("و", 3)]),
        ("ʕ•̀ㅅ•́ʔ", [("ʕ", 1), ("ᄉ", 2), ("ʔ", 3)]),
        ("ـ안녕", [("안녕", 1), ("녕", 1)]),
        ("ء中文", [("中文", 1), ("文", 1)]),
        ("你̶好̶", [("你好", 1), ("好", 1)]),
        ("拉链ab坏了 x", [("拉链", 1), ("链", 1), ("ab", 2), ("坏了", 3), ("了", 3), ("x", 4)]),
        ("ACME-2041", [("acme", 1), ("2041", 2), ("acme2041", 2)]),
        ("❤️hello", [("hello", 1)]),
        ("hello ❤️ world", [("hello", 1), ("world", 2)]),
        ("1️⃣ zip", [("1", 1), ("zip", 2)]),
        ("葛󠄀城", [("葛城", 1), ("城", 1)]),
        ("a\u0301 ́ b", [("a", 1), ("b", 2)]),
    ],
)
def test_what_folds_to_nothing_takes_no_place(text: str, words: list[tuple[str, int]]) -> None:
    assert list(placed(text)) == words


def test_digits_that_python_does_not_know_yet_stay_as_they_are() -> None:
    assert folded_name("\U00010d41 ١") == "\U00010d41 1"


def test_names_without_words_are_compared_by_their_signs() -> None:
    assert folded_name(" ❤️ ") == folded_name("❤") != folded_name("🔥")
    assert folded_name("🔥 Hot") == "hot"


@given(MIXED)
def test_no_word_is_empty_and_what_is_asked_stands_as_it_is_kept(text: str) -> None:
    kept = {(token.word, token.place) for token in tokens(text)}
    assert all(word and place for word, place in kept)
    asked = [(token.word, token.place) for token in tokens(text, asking=True)]
    assert set(asked) <= kept
    assert [place for _word, place in asked] == list(range(1, len(asked) + 1))
    assert set(placed(text)) == kept

"""Short texts as customers write them."""

from __future__ import annotations

import mmap
import threading
from unittest.mock import Mock

import pytest

from heed.routing import languages
from heed.routing.languages import clear, tell

SLOVENIAN = (
    "Pozdravljeni, moja pošiljka še ni prišla.",
    "dober dan, cevlji so mi premajhni, jih lahko zamenjam",
    "Zadrga se je po dveh dneh pokvarila, kaj naj naredim?",
)
MONGOLIAN = (
    "Сайн байна уу, миний гутал хэзээ ирэх вэ?",
    "Захиалга минь хаана явж байна вэ",
    "Өнөөдөр хүргэх үү?",
    "ᠰᠠᠶᠢᠨ ᠪᠠᠶᠢᠨ᠎ᠠ ᠤᠤ",
)
ARABIC = ("مرحبا، متى يصل طلبي؟", "الحذاء صغير جداً، أريد استبداله", "أين طلبي؟")
ENGLISH = (
    "Where is my order?",
    "Hello, the zip of my boots broke after two days.",
    "Can I swap them for a larger size?",
)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        *(("sl", text) for text in SLOVENIAN),
        *(("mn", text) for text in MONGOLIAN),
        *(("ar", text) for text in ARABIC),
        *(("en", text) for text in ENGLISH),
        ("de", "Wann kommt mein Paket endlich an?"),
        ("ja", "注文はいつ届きますか"),
        ("zh", "我的订单在哪里"),
        ("ko", "주문 언제 오나요"),
        ("fa", "سلام، سفارش من کجاست؟ هنوز نرسیده است"),
        ("ru", "Здравствуйте, когда придёт мой заказ?"),
        ("kk", "Сәлеметсіз бе, менің тапсырысым қашан келеді?"),
    ],
)
def test_clear_sentences(language: str, text: str) -> None:
    assert tell(text) == language


@pytest.mark.parametrize(
    "text", ["ok", "👍👍", "#4182", "42", "", "https://acme.example/boots", "@acme", "ZIP-77"]
)
def test_what_is_no_language_is_not_told(text: str) -> None:
    assert tell(text, {"sl": 5}) == ""


def test_a_short_text_leans_on_what_came_before() -> None:
    assert tell("Kje je moj paket?") == ""
    assert tell("Kje je moj paket?", {"sl": 1}) == "sl"
    assert tell("Gdje je moja narudžba?", {"hr": 2}) == "hr"


def test_what_came_before_does_not_outweigh_what_stands_there() -> None:
    assert tell("Hello, the zip of my boots broke after two days.", {"sl": 50}) == "en"
    assert tell("أين طلبي؟", {"en": 50}) == "ar"


def test_names_and_addresses_do_not_count() -> None:
    assert tell("@where @is @my #order https://a.example/the/way/home Pošiljka še vedno ni prišla") == "sl"


def test_a_few_letters_change_nobodys_language() -> None:
    assert not clear("Thanks! 👍 https://acme.example")
    assert clear("Thank you very much")


def test_its_tables_are_let_go_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    table, let_go = Mock(), threading.Event()
    table.madvise.side_effect = lambda how: let_go.set()
    monkeypatch.setattr(languages, "_AWHILE", 0.01)
    monkeypatch.setattr(languages, "_maps", [table])
    monkeypatch.setattr(languages, "_rests_soon", threading.Event())
    assert told_anew(SLOVENIAN[0]) == "sl"
    assert let_go.wait(20)
    table.madvise.assert_called_once_with(mmap.MADV_DONTNEED)


def test_what_was_let_go_can_be_asked_again() -> None:
    assert told_anew(SLOVENIAN[0]) == "sl"
    languages._rest()
    assert told_anew(SLOVENIAN[0]) == "sl"


def told_anew(text: str) -> str:
    languages._likely.cache_clear()
    return tell(text)

"""A company of any size, made inside the database: customers, tickets, what was said in them.

Ten thousand tickets or a million have the same shape: five messages a ticket, one in twenty open, a fifth as
many customers, twelve accounts in three brands, four teams, twenty agents, five languages whose words are as
unevenly common as words are, an order number of its own in every ticket, and one ticket of 3,000 messages.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

MESSAGES_A_TICKET = 5
LONG_THREAD = 3000
AGENTS = 20
_PHRASES = 6000
_SYLLABLES = {
    "en": ("ba", "ro", "zip", "ter", "lin", "mo", "sha", "kel", "dor", "pi", "ven", "su", "tag", "row", "ni"),
    "sl": ("ško", "rnj", "pa", "če", "vlj", "ko", "ma", "ži", "tro", "sne", "dob", "li", "gre", "no", "va"),
    "ar": ("طل", "ب", "شح", "ن", "مق", "اس", "حذ", "اء", "دف", "ع", "وص", "ل", "مر", "تج", "ي"),
    "mn": ("гут", "ал", "за", "хи", "ал", "га", "хү", "рг", "элт", "мөн", "гө", "бу", "цаа", "лт", "нэ"),
    "zh": ("靴", "子", "订", "单", "退", "款", "尺", "码", "送", "货", "损", "坏", "拉", "链", "客"),
}
_SHARE = {"en": 60, "sl": 15, "ar": 10, "mn": 10, "zh": 5}
_KNOWN = {
    "en": (
        "the",
        "is",
        "my",
        "order",
        "parcel",
        "refund",
        "boots",
        "broken",
        "zip",
        "size",
        "where",
        "please",
    ),
    "sl": ("je", "moj", "naročilo", "paket", "čevlji", "zadrga", "vračilo", "velikost", "kje", "prosim"),
    "ar": ("أين", "طلبي", "الطرد", "حذاء", "مقاس", "استرداد", "من", "فضلكم", "شكرا", "متى"),
    "mn": ("миний", "захиалга", "хаана", "гутал", "хэмжээ", "хүргэлт", "буцаалт", "хэзээ", "баярлалаа", "юу"),
    "zh": ("订单", "退款", "靴子", "尺码", "送货", "什么", "时候", "请问", "谢谢", "拉链"),
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything: so many tickets, the rest follows."""

    tickets: int

    @property
    def customers(self) -> int:
        return max(self.tickets // 5, 20)

    @property
    def messages(self) -> int:
        return self.tickets * MESSAGES_A_TICKET + LONG_THREAD


def build(size: Size, accounts: list[int], agents: list[int], teams: list[int]) -> float:
    """Fill the empty tables; gives back the messages written a second, indexes included."""
    began = time.perf_counter()
    facts: dict[str, Any] = {
        "n": size.tickets,
        "people": size.customers,
        "accounts": accounts,
        "agents": agents,
        "teams": teams,
        "long": LONG_THREAD,
        "phrases": _PHRASES,
        "each": MESSAGES_A_TICKET,
    }
    with connection.cursor() as cursor:
        _phrases(cursor)
        with _bare(cursor, "inbox_customer", "inbox_identity", "inbox_post", "inbox_ticket", "inbox_message"):
            for step in Path(__file__).with_suffix(".sql").read_text().split(";\n\n"):
                cursor.execute(step, facts)
        cursor.execute("ANALYZE")
    return size.messages / (time.perf_counter() - began)


@contextmanager
def _bare(cursor: Any, *tables: str) -> Iterator[None]:
    """Write without triggers and secondary indexes, and make those afterwards: what a load by hand does."""
    cursor.execute(
        """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
           WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary
             AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = indexrelid)""",
        [list(tables)],
    )
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    cursor.execute("SET session_replication_role = replica")
    cursor.execute("SET maintenance_work_mem = '512MB'")
    yield
    cursor.execute("SET session_replication_role = DEFAULT")
    for _name, definition in indexes:
        cursor.execute(definition)


def _phrases(cursor: Any) -> None:
    """What people say: phrases of common and of rare words, the same at every run."""
    chance = random.Random(4182)  # noqa: S311 - no secret
    cursor.execute("CREATE TEMP TABLE phrase (id int PRIMARY KEY, lang text, text text)")
    languages = [lang for lang, share in _SHARE.items() for _each in range(share)]
    words = {lang: _vocabulary(lang, chance) for lang in _SHARE}
    with cursor.copy("COPY phrase (id, lang, text) FROM STDIN") as copy:
        for number in range(_PHRASES):
            lang = chance.choice(languages)
            some = [_pick(words[lang], chance) for _each in range(chance.randint(4, 14))]
            copy.write_row((number, lang, ("" if lang == "zh" else " ").join(some)))


def _vocabulary(lang: str, chance: random.Random) -> list[str]:
    parts = _SYLLABLES[lang]
    made = {"".join(chance.choices(parts, k=chance.randint(2, 4))) for _each in range(4000)}
    return [*_KNOWN[lang], *sorted(made)]


def _pick(words: list[str], chance: random.Random) -> str:
    """A word, the first ones far more often than the last: as Zipf counted."""
    return words[int(len(words) ** chance.random()) - 1]

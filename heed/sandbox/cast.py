"""The people of every example: the same customers in demo, tests and pictures."""

from __future__ import annotations

from dataclasses import dataclass

COMPANY = "Acme"
OUTLET = "Acme Outlet"
"""Its other brand, with accounts of its own on some networks."""


@dataclass(frozen=True, slots=True)
class Person:
    """A customer. `key` is how verbs name them; `language` is what they write in."""

    key: str
    name: str
    handle: str
    language: str
    country: str


CUSTOMERS = (
    Person("lea", "Lea Marn", "lea.marn", "sl", "SI"),
    Person("omar", "Omar Badr", "omar.badr", "ar", "EG"),
    Person("tuya", "Tuya Bold", "tuya.bold", "mn", "MN"),
    Person("jan", "Jan Sever", "jan.sever", "sl", "SI"),
    Person("nadia", "Nadia Karim", "nadia.karim", "ar", "JO"),
    Person("sam", "Sam Cole", "sam.cole", "en", "GB"),
)
OUTSIDER = Person("oto", "Oto Tujec", "oto.tujec", "sl", "SI")
_BY_KEY = {person.key: person for person in (*CUSTOMERS, OUTSIDER)}


def person_named(key: str) -> Person:
    """The person of this key; raises `KeyError` when nobody of the cast has it."""
    return _BY_KEY[key]
